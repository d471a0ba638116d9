//! Reading values with their checks: what is wrong is reported, and the reading goes on beside it.

use super::json::{Flaw, Kind, Node, Span};
use super::keys::{Bound, Key, Shape};
use super::limits::{Limits, Needs};
use super::names::{listed, nearest, shown, step, suggestion};
use super::problem::{Collected, ProblemKind, Reported};
use std::path::PathBuf;

/// A value, or the proof that a problem was reported.
pub(super) type Checked<T> = Result<T, Reported>;

/// A value with its JSON path.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub path: String,
    pub node: Node<'a>,
}

impl<'a> Entry<'a> {
    /// Element `index` of this array.
    pub fn item(&self, index: usize, node: Node<'a>) -> Entry<'a> {
        Entry { path: format!("{}[{index}]", self.path), node }
    }

    /// The value of key `name` of this object.
    pub fn member(&self, name: &str, node: Node<'a>) -> Entry<'a> {
        let separator = if self.path.is_empty() { "" } else { "." };
        Entry { path: format!("{}{separator}{}", self.path, step(name)), node }
    }

    /// What to underline: of a long array or object only the bracket.
    pub fn underlined(&self) -> Span {
        let Span { start, end } = self.node.span();
        let is_long = end - start > 60 || self.node.raw().contains('\n');
        match self.node.kind() {
            Kind::Array | Kind::Object if is_long => Span { start, end: start + 1 },
            _ => Span { start, end },
        }
    }
}

/// A member of an object whose names are the user's.
#[derive(Clone, Debug)]
pub(super) struct Named<'a> {
    pub name: String,
    pub name_span: Span,
    pub entry: Entry<'a>,
}

/// An object whose keys have been checked.
#[derive(Debug)]
pub(super) struct Fields<'a, 'k> {
    object: Entry<'a>,
    keys: &'k [Key],
    found: Vec<(&'static str, Entry<'a>)>,
}

impl<'a> Fields<'a, '_> {
    /// The object itself.
    pub fn object(&self) -> &Entry<'a> {
        &self.object
    }

    /// The value of `name`, if it is there.
    pub fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.found.iter().find(|(key, _)| *key == name).map(|(_, entry)| entry)
    }

    fn shape(&self, name: &str) -> Option<Shape> {
        self.keys.iter().find(|key| key.name == name).map(|key| key.shape)
    }

    fn bound(&self, name: &str) -> Bound {
        match self.shape(name) {
            Some(Shape::Number(bound) | Shape::Quantity(bound)) => bound,
            other => unreachable!("the table of keys says that {name} is {other:?}"),
        }
    }
}

/// Collects the problems of one file.
pub(super) struct Checker {
    pub problems: Collected,
    /// The folder of the file, to which other files are relative.
    pub folder: PathBuf,
    pub limits: Limits,
    /// What has been counted so far.
    pub needs: Needs,
}

impl Checker {
    /// Reports a problem with a value.
    pub fn report(
        &mut self,
        entry: &Entry<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.problems.report(ProblemKind::Invalid, &entry.path, entry.underlined(), message, help)
    }

    /// Reports a problem with a name of the user's.
    pub fn report_name(
        &mut self,
        named: &Named<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.problems.report(ProblemKind::Invalid, &named.entry.path, named.name_span, message, help)
    }

    fn report_flaw(&mut self, entry: &Entry<'_>, flaw: Flaw) -> Reported {
        self.problems.report(ProblemKind::Invalid, &entry.path, flaw.span, flaw.message, flaw.help)
    }

    /// Reports a value of the wrong type.
    pub fn expected(&mut self, entry: &Entry<'_>, expected: &str) -> Reported {
        let found = entry.node.describe();
        self.report(entry, format!("expected {expected}, found {found}"), hint(&entry.node, expected))
    }

    /// The members of an object whose names are the user's: none twice, none empty.
    pub fn named<'a>(&mut self, entry: &Entry<'a>, what: &str) -> Checked<Vec<Named<'a>>> {
        if entry.node.kind() != Kind::Object {
            return Err(self.expected(entry, &format!("an object of {what} by name")));
        }
        let members = entry.node.members().map_err(|flaw| self.report_flaw(entry, flaw))?;
        let mut list = Vec::with_capacity(members.len());
        let mut seen = std::collections::BTreeSet::new();
        for member in members {
            let entry = entry.member(&member.key, member.value);
            let named = Named { name: member.key, name_span: member.key_span, entry };
            if named.name.is_empty() {
                self.report_name(&named, "an empty name", "a name has at least one character");
            } else if !seen.insert(named.name.clone()) {
                let message = format!("the name `{}` is given twice", shown(&named.name));
                self.report_name(&named, message, format!("all {what} need different names"));
            } else {
                list.push(named);
            }
        }
        Ok(list)
    }

    /// The members of an object with these keys: unknown and repeated ones are reported. `elsewhere` may know where an
    /// unknown key belongs.
    pub fn fields_or<'a, 'k>(
        &mut self,
        entry: &Entry<'a>,
        keys: &'k [Key],
        what: &str,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) -> Checked<Fields<'a, 'k>> {
        if entry.node.kind() != Kind::Object {
            return Err(self.expected(entry, &format!("{what}, an object")));
        }
        let members = entry.node.members().map_err(|flaw| self.report_flaw(entry, flaw))?;
        let mut fields = Fields { object: entry.clone(), keys, found: Vec::with_capacity(members.len()) };
        for member in members {
            let value = entry.member(&member.key, member.value);
            let invalid = ProblemKind::Invalid;
            let Some(key) = keys.iter().find(|key| key.name == member.key) else {
                let message = format!("unknown key `{}`", shown(&member.key));
                let names = keys.iter().map(|key| key.name);
                let help = elsewhere(&member.key)
                    .unwrap_or_else(|| suggestion(&member.key, names, &format!("keys of {what}")));
                self.problems.report(invalid, &value.path, member.key_span, message, help);
                continue;
            };
            if fields.get(key.name).is_some() {
                let message = format!("the key `{}` is given twice", key.name);
                self.problems.report(invalid, &value.path, member.key_span, message, "remove one of the two");
                continue;
            }
            fields.found.push((key.name, value));
        }
        Ok(fields)
    }

    /// The members of an object with these keys.
    pub fn fields<'a, 'k>(
        &mut self,
        entry: &Entry<'a>,
        keys: &'k [Key],
        what: &str,
    ) -> Checked<Fields<'a, 'k>> {
        self.fields_or(entry, keys, what, |_| None)
    }

    /// The value of a key that must be there.
    pub fn required<'a>(&mut self, fields: &Fields<'a, '_>, name: &str) -> Checked<Entry<'a>> {
        match fields.get(name) {
            Some(entry) => Ok(entry.clone()),
            None => Err(self.missing(fields, name)),
        }
    }

    /// The string under the key that says which other keys an object has. They are not looked at here.
    pub fn discriminator<'a>(
        &mut self,
        entry: &Entry<'a>,
        key: &Key,
        what: &str,
    ) -> Checked<(Entry<'a>, String)> {
        if entry.node.kind() != Kind::Object {
            return Err(self.expected(entry, &format!("{what}, an object")));
        }
        let members = entry.node.members().map_err(|flaw| self.report_flaw(entry, flaw))?;
        if let Some(member) = members.iter().find(|member| member.key == key.name) {
            let value = entry.member(key.name, member.value);
            let text = self.text(&value, key.meaning)?;
            return Ok((value, text));
        }
        // A misspelt key explains the missing one.
        let near = members.iter().find(|member| nearest(&member.key, [key.name]).is_some());
        let help = match near {
            Some(member) => format!("`{}` may be meant: {}", shown(&member.key), key.meaning),
            None => format!("`{}`: {}", key.name, key.meaning),
        };
        Err(self.report_missing(entry, &format!("`{}` is missing", key.name), &help))
    }

    /// Reports that the key `name` is not there.
    pub fn missing(&mut self, fields: &Fields<'_, '_>, name: &str) -> Reported {
        let meaning = fields.keys.iter().find(|key| key.name == name).map_or("", |key| key.meaning);
        self.report_missing(fields.object(), &format!("`{name}` is missing"), &format!("`{name}`: {meaning}"))
    }

    /// Reports, at the object's brace, that something is not there.
    pub fn report_missing(&mut self, object: &Entry<'_>, message: &str, help: &str) -> Reported {
        let Span { start, .. } = object.node.span();
        let brace = Span { start, end: start + 1 };
        self.problems.report(ProblemKind::Invalid, &object.path, brace, message, help)
    }

    /// A number within the bound that the table of keys gives it.
    pub fn number(&mut self, fields: &Fields<'_, '_>, name: &str) -> Checked<Option<f64>> {
        let Some(entry) = fields.get(name) else { return Ok(None) };
        self.bounded(entry, fields.bound(name)).map(Some)
    }

    /// The same for a key that must be there.
    pub fn required_number(&mut self, fields: &Fields<'_, '_>, name: &str) -> Checked<f64> {
        let entry = self.required(fields, name)?;
        self.bounded(&entry, fields.bound(name))
    }

    /// A number within a bound; `"inf"` and `"-inf"` where they are.
    pub fn bounded(&mut self, entry: &Entry<'_>, bound: Bound) -> Checked<f64> {
        let value = match entry.node.kind() {
            Kind::Number => entry.node.number().map_err(|flaw| self.report_flaw(entry, flaw))?,
            Kind::Text => match infinity(&entry.node) {
                Some(value) if bound.contains(value) => value,
                _ => return Err(self.expected(entry, bound.describe())),
            },
            _ => return Err(self.expected(entry, bound.describe())),
        };
        if bound.contains(value) {
            return Ok(value);
        }
        let message = format!("expected {}, found {}", bound.describe(), entry.node.describe());
        Err(self.report(entry, message, format!("allowed is {}", bound.describe())))
    }

    /// A whole number of at least `least`.
    pub fn whole(&mut self, entry: &Entry<'_>, least: u64) -> Checked<u64> {
        let allowed = match least {
            0 => "a whole number, 0 or more".to_string(),
            _ => format!("a whole number, {least} or more"),
        };
        if entry.node.kind() != Kind::Number {
            return Err(self.expected(entry, &allowed));
        }
        match entry.node.whole_number() {
            Some(value) if value >= least => Ok(value),
            Some(value) => Err(self.report(
                entry,
                format!("expected {allowed}, found {value}"),
                format!("allowed is {allowed}"),
            )),
            None => {
                let found = entry.node.describe();
                let help = match entry.node.number() {
                    Ok(value) if value.fract() != 0.0 => {
                        "this counts something: no fraction is allowed".to_string()
                    }
                    Ok(value) if value < 0.0 => format!("allowed is {allowed}"),
                    _ => "the largest is 18446744073709551615".to_string(),
                };
                Err(self.report(entry, format!("expected {allowed}, found {found}"), help))
            }
        }
    }

    /// A whole number, `default` if the key is not there.
    pub fn whole_or(&mut self, fields: &Fields<'_, '_>, name: &str, default: u64) -> Checked<u64> {
        let Some(Shape::Whole(least)) = fields.shape(name) else {
            unreachable!("the table of keys says that {name} is {:?}", fields.shape(name));
        };
        match fields.get(name) {
            Some(entry) => self.whole(&entry.clone(), least),
            None => Ok(default),
        }
    }

    /// `true` or `false`, `default` if the key is not there.
    pub fn flag_or(&mut self, fields: &Fields<'_, '_>, name: &str, default: bool) -> Checked<bool> {
        let Some(entry) = fields.get(name) else { return Ok(default) };
        entry.node.flag().ok_or_else(|| self.expected(entry, "`true` or `false`"))
    }

    /// A string.
    pub fn text(&mut self, entry: &Entry<'_>, what: &str) -> Checked<String> {
        if entry.node.kind() != Kind::Text {
            return Err(self.expected(entry, &format!("{what}, a string")));
        }
        entry.node.text().map_err(|flaw| self.report_flaw(entry, flaw))
    }

    /// The string of a key that must be there.
    pub fn required_text<'a>(
        &mut self,
        fields: &Fields<'a, '_>,
        name: &str,
        what: &str,
    ) -> Checked<(Entry<'a>, String)> {
        let entry = self.required(fields, name)?;
        let text = self.text(&entry, what)?;
        Ok((entry, text))
    }

    /// The elements of an array.
    pub fn items<'a>(&mut self, entry: &Entry<'a>, what: &str) -> Checked<Vec<Node<'a>>> {
        if entry.node.kind() != Kind::Array {
            return Err(self.expected(entry, what));
        }
        entry.node.items().map_err(|flaw| self.report_flaw(entry, flaw))
    }

    /// An array of `count` numbers within a bound.
    pub fn numbers(
        &mut self,
        entry: &Entry<'_>,
        bound: Bound,
        count: Option<usize>,
        of: &str,
    ) -> Checked<Vec<f64>> {
        let numbers = entry.node.numbers();
        let found = match &numbers {
            Some(numbers) => numbers.len(),
            None => self.items(entry, "an array of numbers")?.len(),
        };
        if let Some(count) = count.filter(|count| *count != found) {
            return Err(self.wrong_length(entry, found, count, of));
        }
        match numbers {
            Some(numbers) if numbers.iter().all(|value| bound.contains(*value)) => Ok(numbers),
            _ => self.numbers_one_by_one(entry, bound),
        }
    }

    /// The way to the message: which element is wrong.
    fn numbers_one_by_one(&mut self, entry: &Entry<'_>, bound: Bound) -> Checked<Vec<f64>> {
        let items = self.items(entry, "an array of numbers")?;
        let mut numbers = Vec::with_capacity(items.len());
        for (index, node) in items.into_iter().enumerate() {
            numbers.push(self.bounded(&entry.item(index, node), bound)?);
        }
        Ok(numbers)
    }

    /// Reports an array of the wrong length.
    pub fn wrong_length(&mut self, entry: &Entry<'_>, found: usize, expected: usize, of: &str) -> Reported {
        let message = format!("an array of {found} elements, expected {expected}");
        self.report(entry, message, format!("one element for each of {of}: {expected}"))
    }

    /// Two finite numbers, like `[lo, hi]`.
    pub fn two(&mut self, entry: &Entry<'_>, what: &str) -> Checked<(f64, f64)> {
        if entry.node.kind() != Kind::Array || entry.node.items().is_ok_and(|items| items.len() != 2) {
            return Err(self.expected(entry, &format!("{what}, an array of two numbers")));
        }
        let numbers = self.numbers(entry, Bound::Range(synfire_core::spec::ParamRange::Finite), None, "")?;
        Ok((numbers[0], numbers[1]))
    }

    /// Different ids below `size`; an unknown size allows all.
    pub fn ids(&mut self, entry: &Entry<'_>, size: Option<usize>, population: &str) -> Checked<Vec<u32>> {
        let items = self.items(entry, "an array of neurons' ids")?;
        let mut ids = Vec::with_capacity(items.len());
        let mut seen = std::collections::BTreeSet::new();
        for (index, node) in items.into_iter().enumerate() {
            let item = entry.item(index, node);
            let id = self.id(&item, size, population)?;
            if !seen.insert(id) {
                return Err(self.report(
                    &item,
                    format!("neuron {id} is listed twice"),
                    "name each neuron once",
                ));
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// The id of a neuron of a population.
    pub fn id(&mut self, entry: &Entry<'_>, size: Option<usize>, population: &str) -> Checked<u32> {
        let id = self.whole(entry, 0)?;
        let end = size.map_or(u64::from(u32::MAX), |size| size as u64);
        if id < end {
            return Ok(id as u32);
        }
        let message = format!("there is no neuron {id} in population `{}`", shown(population));
        Err(self.report(entry, message, format!("its ids are 0 to {}", end.saturating_sub(1))))
    }

    /// The place of `name` among `names`.
    pub fn find<'n>(
        &mut self,
        entry: &Entry<'_>,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        what: &str,
        all: &str,
    ) -> Checked<usize> {
        match names.clone().position(|candidate| candidate == name) {
            Some(index) => Ok(index),
            None => {
                let message = format!("there is no {what} `{}`", shown(name));
                Err(self.report(entry, message, suggestion(name, names, all)))
            }
        }
    }

    /// A file named in the scenario: it must exist.
    pub fn file(&mut self, entry: &Entry<'_>) -> Checked<PathBuf> {
        let name = self.text(entry, "the name of a file")?;
        let path = self.folder.join(&name);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(path),
            Ok(_) => {
                let help = "a file is needed, not a folder";
                Err(self.report(entry, format!("`{}` is not a file", shown(&name)), help))
            }
            Err(error) => {
                let message = format!("cannot open the file `{}`: {}", shown(&name), error.kind());
                let help = self.file_help(&name);
                Err(self.report(entry, message, help))
            }
        }
    }

    /// Where files are looked for, and what lies there under a similar name.
    fn file_help(&self, name: &str) -> String {
        let place = "files are named relative to the folder of the scenario";
        let wanted = std::path::Path::new(name);
        let folder = self.folder.join(wanted.parent().unwrap_or(std::path::Path::new("")));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(10_000);
        let mut there: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        there.sort();
        let base = wanted.file_name().and_then(|base| base.to_str()).unwrap_or(name);
        match super::names::nearest(base, there.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`? {place}", shown(near)),
            None => place.to_string(),
        }
    }

    /// Reports keys that exclude one another.
    pub fn only_one_of(&mut self, fields: &Fields<'_, '_>, names: [&str; 2]) -> Checked<()> {
        match fields.get(names[1]) {
            Some(second) if fields.get(names[0]).is_some() => {
                let message = format!("both `{}` and `{}` are given", names[0], names[1]);
                Err(self.report(second, message, format!("only one of {} is allowed", listed(&names))))
            }
            _ => Ok(()),
        }
    }
}

/// `"inf"` or `"-inf"`.
fn infinity(node: &Node<'_>) -> Option<f64> {
    match node.raw() {
        "\"inf\"" => Some(f64::INFINITY),
        "\"-inf\"" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// What may have been meant by a value of the wrong type.
fn hint(node: &Node<'_>, expected: &str) -> String {
    let wants_number = expected.contains("number");
    if node.kind() == Kind::Text && wants_number {
        let text = node.text().unwrap_or_default();
        let number = text.split_whitespace().next().unwrap_or("");
        if number.parse::<f64>().is_ok_and(f64::is_finite) {
            return format!(
                "write the number alone, {}: units are fixed (ms, mV, pA, nS, pF, Hz)",
                shown(number)
            );
        }
    }
    if node.kind() == Kind::Null {
        return format!("leave the key out, or give {expected}");
    }
    format!("allowed is {expected}")
}
