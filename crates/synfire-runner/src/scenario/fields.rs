//! Objects: their keys checked against the tables, their values with path and meaning.

use super::check::{Checked, Checker};
use super::json::{Kind, Member, Node, Span};
use super::keys::{Bound, Key, Shape};
use super::names::{listed, nearest, shown, step};
use super::problem::{ProblemKind, Reported};

/// A value with its JSON path, and the key that tells what it means.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub path: String,
    pub node: Node<'a>,
    key: Option<Key>,
}

impl<'a> Entry<'a> {
    /// The whole file.
    pub fn root(node: Node<'a>) -> Entry<'a> {
        Entry { path: String::new(), node, key: None }
    }

    /// Element `index` of this array.
    pub fn item(&self, index: usize, node: Node<'a>) -> Entry<'a> {
        Entry { path: format!("{}[{index}]", self.path), node, key: self.key }
    }

    /// The value under `name` of this object, where names are the user's.
    pub fn named(&self, name: &str, node: Node<'a>) -> Entry<'a> {
        let separator = if self.path.is_empty() { "" } else { "." };
        Entry { path: format!("{}{separator}{}", self.path, step(name)), node, key: None }
    }

    /// The value of `key` of this object.
    pub fn member(&self, key: &Key, node: Node<'a>) -> Entry<'a> {
        Entry { key: Some(*key), ..self.named(key.name, node) }
    }

    /// What the table of keys allows here.
    pub fn bound(&self) -> Bound {
        match self.key.map(|key| key.shape) {
            Some(Shape::Number(bound) | Shape::Quantity(bound)) => bound,
            _ => Bound::FINITE,
        }
    }

    /// The least whole number that the table of keys allows here.
    pub fn least(&self) -> u64 {
        match self.key.map(|key| key.shape) {
            Some(Shape::Whole(least)) => least,
            _ => 0,
        }
    }

    /// What it means, if that is known.
    pub fn meaning(&self) -> Option<String> {
        self.key.map(|key| key.about())
    }

    /// What to write instead of a string that begins with the number that is wanted.
    pub fn number_in_string(&self, expected: &str) -> Option<String> {
        if self.node.kind() != Kind::Text || !expected.contains("number") {
            return None;
        }
        let text = self.node.text().ok()?;
        let number = text.split_whitespace().next()?;
        let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
        let why =
            if number == text { "without quotation marks" } else { "units are ms, mV, pA, nS, pF and Hz" };
        is_number.then(|| format!("write the number alone, {}: {why}", shown(number)))
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
    /// The name is given again, which has been reported: nobody can tell which of them is meant.
    pub twice: Option<Reported>,
}

/// An object whose keys have been checked.
#[derive(Debug)]
pub(super) struct Fields<'a, 'k> {
    pub object: Entry<'a>,
    keys: &'k [Key],
    found: Vec<(&'static str, Entry<'a>)>,
    /// Keys that are likely to be meant by unknown ones, which have been reported.
    meant: Vec<(&'static str, Reported)>,
    /// An unknown key has been reported.
    pub unknown: Option<Reported>,
}

impl<'a> Fields<'a, '_> {
    /// The value of `name`, if it is there.
    pub fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.found.iter().find(|(key, _)| *key == name).map(|(_, entry)| entry)
    }
}

impl Checker {
    /// The members of an object.
    fn members<'a>(&mut self, entry: &Entry<'a>, what: &str) -> Checked<Vec<Member<'a>>> {
        if entry.node.kind() != Kind::Object {
            return Err(self.expected(entry, what));
        }
        entry.node.members().map_err(|flaw| self.report_flaw(entry, flaw))
    }

    /// The members of an object whose names are the user's: none twice, none empty.
    pub fn named<'a>(&mut self, entry: &Entry<'a>, what: &str) -> Checked<Vec<Named<'a>>> {
        let members = self.members(entry, &format!("an object of {what} by name"))?;
        let mut list: Vec<Named<'a>> = Vec::with_capacity(members.len());
        let mut places = std::collections::BTreeMap::new();
        for member in members {
            let entry = entry.named(&member.key, member.value);
            let named = Named { name: member.key, name_span: member.key_span, entry, twice: None };
            if named.name.is_empty() {
                self.report_name(&named, "an empty name", "a name has at least one character");
            } else if let Some(&first) = places.get(&named.name) {
                let message = format!("the name `{}` is given twice", shown(&named.name));
                let list: &mut Named<'a> = &mut list[first];
                list.twice = Some(self.report_name(&named, message, format!("{what} need different names")));
            } else {
                places.insert(named.name.clone(), list.len());
                list.push(named);
            }
        }
        Ok(list)
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

    /// The members of an object with these keys: unknown and repeated ones are reported. `elsewhere` may know where an
    /// unknown key belongs.
    pub fn fields_or<'a, 'k>(
        &mut self,
        entry: &Entry<'a>,
        keys: &'k [Key],
        what: &str,
        elsewhere: impl Fn(&str) -> Option<&'static str>,
    ) -> Checked<Fields<'a, 'k>> {
        let members = self.members(entry, &format!("{what}, an object"))?;
        let is_there = |key: &&Key| members.iter().any(|member| member.key == key.name);
        let absent: Vec<&str> = keys.iter().filter(|key| !is_there(key)).map(|key| key.name).collect();
        let (found, meant) = (Vec::with_capacity(members.len()), Vec::new());
        let mut fields = Fields { object: entry.clone(), keys, found, meant, unknown: None };
        for member in &members {
            let Some(key) = keys.iter().find(|key| key.name == member.key) else {
                let place = elsewhere(&member.key);
                let is_near = !self.problems.is_full() && place.is_none();
                let near = nearest(&member.key, absent.iter().copied().filter(|_| is_near));
                let reported = self.unknown_key(entry, member, keys, near, what, place);
                let meant = keys.iter().find(|key| Some(key.name) == near);
                fields.meant.extend(meant.map(|key| (key.name, reported)));
                fields.unknown = Some(reported);
                continue;
            };
            let value = entry.member(key, member.value);
            if fields.get(key.name).is_some() {
                let message = format!("the key `{}` is given twice", key.name);
                let invalid = ProblemKind::Invalid;
                self.problems.report(invalid, &value.path, member.key_span, message, "remove one of the two");
                continue;
            }
            fields.found.push((key.name, value));
        }
        Ok(fields)
    }

    fn unknown_key(
        &mut self,
        object: &Entry<'_>,
        member: &Member<'_>,
        keys: &[Key],
        near: Option<&str>,
        what: &str,
        place: Option<&str>,
    ) -> Reported {
        let message = format!("unknown key `{}`", shown(&member.key));
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let help = match (place, near) {
            (Some(place), _) => format!("`{}` belongs into {place}", shown(&member.key)),
            (None, Some(near)) => format!("did you mean `{near}`? keys of {what}: {}", listed(&names)),
            (None, None) => self.suggestion(&member.key, names, &format!("keys of {what}")),
        };
        let path = object.named(&member.key, member.value).path;
        self.problems.report(ProblemKind::Invalid, &path, member.key_span, message, help)
    }

    /// The value of a key that must be there.
    pub fn required<'a>(&mut self, fields: &Fields<'a, '_>, name: &str) -> Checked<Entry<'a>> {
        match fields.get(name) {
            Some(entry) => Ok(entry.clone()),
            None => Err(self.missing(fields, name)),
        }
    }

    /// Reports that the key `name` is not there, unless a misspelt key has been reported in its place.
    pub fn missing(&mut self, fields: &Fields<'_, '_>, name: &str) -> Reported {
        let about = fields.keys.iter().find(|key| key.name == name).map_or(String::new(), Key::about);
        self.missing_with_help(fields, name, &about)
    }

    /// The same with another help.
    pub fn missing_with_help(&mut self, fields: &Fields<'_, '_>, name: &str, help: &str) -> Reported {
        match fields.meant.iter().find(|(meant, _)| *meant == name) {
            Some((_, reported)) => *reported,
            None => self.report_missing(&fields.object, &format!("`{name}` is missing"), help),
        }
    }

    /// The string under the key that says which other keys an object has. They are not looked at here.
    pub fn discriminator<'a>(
        &mut self,
        entry: &Entry<'a>,
        key: &Key,
        what: &str,
    ) -> Checked<(Entry<'a>, String)> {
        let members = self.members(entry, &format!("{what}, an object"))?;
        if let Some(member) = members.iter().find(|member| member.key == key.name) {
            let value = entry.member(key, member.value);
            let text = self.text(&value, key.meaning)?;
            return Ok((value, text));
        }
        if let Some(member) = members.iter().find(|member| nearest(&member.key, [key.name]).is_some()) {
            return Err(self.unknown_key(entry, member, &[*key], Some(key.name), what, None));
        }
        Err(self.report_missing(entry, &format!("`{}` is missing", key.name), &key.about()))
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
