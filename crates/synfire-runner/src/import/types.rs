//! Tables of node and edge types, and the queries that name types.

use super::ImportError;
use crate::formats::FileError;
use crate::formats::table::Table;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A table of types: text by type and column. Columns are separated by spaces.
pub(super) struct TypeTable {
    /// The file.
    pub(super) path: PathBuf,
    /// The column of the ids, as errors call the types.
    key: &'static str,
    columns: Vec<String>,
    rows: BTreeMap<i64, Vec<String>>,
}

impl TypeTable {
    /// Reads a table whose ids are in the column `key`.
    pub(super) fn read(path: &Path, key: &'static str) -> Result<TypeTable, FileError> {
        let mut table = Table::open(path, b' ')?;
        let id = table.require(&[key])?;
        let columns = table.names().to_vec();
        let mut rows = BTreeMap::new();
        while table.next_row()? {
            let row = (0..columns.len()).map(|column| table.text(column).to_owned()).collect();
            if rows.insert(table.number(id, "a type's id, a whole number")?, row).is_some() {
                return Err(table.error(id, format!("{} is there twice", table.text(id))));
            }
        }
        Ok(TypeTable { path: path.to_owned(), key, columns, rows })
    }

    /// Whether there is such a type.
    pub(super) fn has(&self, id: i64) -> bool {
        self.rows.contains_key(&id)
    }

    /// What the table says of a type; `None` if nothing, or `NULL`.
    pub(super) fn get(&self, id: i64, column: &str) -> Option<&str> {
        let place = self.columns.iter().position(|name| name == column)?;
        let text = self.rows.get(&id)?.get(place)?.as_str();
        (!text.is_empty() && text != "NULL").then_some(text)
    }

    /// The number that the table gives for a type, if it gives one.
    pub(super) fn number(&self, id: i64, column: &str) -> Result<Option<f64>, ImportError> {
        let parse = |text: &str| {
            text.parse::<f64>()
                .map_err(|_| self.wrong(id, format!("{column} is \"{text}\", expected a number")))
        };
        self.get(id, column).map(parse).transpose()
    }

    /// How errors call a type.
    pub(super) fn place(&self, id: i64) -> String {
        format!("{} {id}", self.key)
    }

    pub(super) fn wrong(&self, id: i64, problem: impl Into<String>) -> ImportError {
        ImportError::wrong(&self.path, self.place(id), problem)
    }
}

/// A condition on node types: `*`, or `key=='value'` joined by `&`.
#[derive(Debug, PartialEq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Understands a query; `None` if it is more than that.
    pub(super) fn parse(text: &str) -> Option<Query> {
        if text.trim() == "*" {
            return Some(Query(Vec::new()));
        }
        let condition = |part: &str| {
            let (key, value) = part.split_once("==")?;
            let value = value.trim().trim_matches(['\'', '"']);
            let plain = |text: &str| {
                !text.is_empty() && !text.contains(['=', '|', '(', ')', '\'', '"', '!', '<', '>'])
            };
            (plain(key) && plain(value)).then(|| (key.trim().to_owned(), value.to_owned()))
        };
        text.split('&').map(condition).collect::<Option<_>>().map(Query)
    }

    /// Whether a node type fulfils the conditions, as far as its table says anything.
    pub(super) fn allows(&self, types: &TypeTable, id: i64) -> bool {
        self.0.iter().all(|(key, value)| types.get(id, key).is_none_or(|own| own == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_conjunctions() {
        let query = Query::parse("model_type=='point_process'&ei=='i'").unwrap();
        let conditions = [("model_type", "point_process"), ("ei", "i")];
        assert_eq!(query, Query(conditions.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec()));
        assert_eq!(Query::parse("*"), Some(Query(Vec::new())));
        assert_eq!(Query::parse("ei=='i'|ei=='e'"), None);
        assert_eq!(Query::parse("depth>3"), None);
    }
}
