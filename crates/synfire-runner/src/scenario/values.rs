//! Single values and arrays: types, ranges, lengths, ids, names.

use super::check::{Checked, Checker};
use super::fields::{Entry, Fields};
use super::json::{Kind, Node};
use super::keys::Bound;
use super::names::shown;
use super::problem::Reported;
use synfire_core::spec::ListShape;

impl Checker {
    /// The number of a key, within the bound that the table of keys gives it.
    pub fn number(&mut self, fields: &Fields<'_, '_>, name: &str) -> Checked<Option<f64>> {
        fields.get(name).map(|entry| self.bounded(entry, entry.bound())).transpose()
    }

    /// The same for a key that must be there.
    pub fn required_number(&mut self, fields: &Fields<'_, '_>, name: &str) -> Checked<f64> {
        let entry = self.required(fields, name)?;
        self.bounded(&entry, entry.bound())
    }

    /// A number within a bound; `"inf"` and `"-inf"` where they are.
    pub fn bounded(&mut self, entry: &Entry<'_>, bound: Bound) -> Checked<f64> {
        let value = match entry.node.kind() {
            Kind::Number => Some(entry.node.number().map_err(|flaw| self.report_flaw(entry, flaw))?),
            Kind::Text => infinity(&entry.node),
            _ => None,
        };
        match value.filter(|value| bound.contains(*value)) {
            Some(value) => Ok(value),
            None => Err(self.expected(entry, bound.describe())),
        }
    }

    /// A whole number, at least as large as the table of keys says.
    pub fn whole(&mut self, entry: &Entry<'_>) -> Checked<u64> {
        let least = entry.least();
        let expected = format!("a whole number, {least} or more");
        if entry.node.kind() != Kind::Number {
            return Err(self.expected(entry, &expected));
        }
        if let Some(value) = entry.node.whole_number().filter(|value| *value >= least) {
            return Ok(value);
        }
        let help = match entry.node.number() {
            Ok(value) if value.fract() != 0.0 => "this counts something: no fraction is allowed",
            Ok(value) if value < least as f64 => return Err(self.expected(entry, &expected)),
            _ => "the largest whole number is 18446744073709551615",
        };
        Err(self.report(entry, format!("expected {expected}, found {}", entry.node.describe()), help))
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

    /// The elements of an array.
    pub fn items<'a>(&mut self, entry: &Entry<'a>, what: &str) -> Checked<Vec<Node<'a>>> {
        if entry.node.kind() != Kind::Array {
            return Err(self.expected(entry, what));
        }
        entry.node.items().map_err(|flaw| self.report_flaw(entry, flaw))
    }

    /// The elements of an array, each read by `read`; none if the key is not there. All problems are reported.
    pub fn each<'a, T>(
        &mut self,
        entry: Option<&Entry<'a>>,
        what: &str,
        mut read: impl FnMut(&mut Checker, &Entry<'a>) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let Some(entry) = entry else { return Ok(Vec::new()) };
        let items = self.items(entry, what)?.into_iter().enumerate();
        let read: Vec<Checked<T>> = items.map(|(index, node)| read(self, &entry.item(index, node))).collect();
        read.into_iter().collect()
    }

    /// An array of numbers within a bound; `count` of them, one for each of `of`, if that is known.
    pub fn numbers(
        &mut self,
        entry: &Entry<'_>,
        bound: Bound,
        count: Option<(usize, &str)>,
    ) -> Checked<Vec<f64>> {
        let numbers = entry.node.numbers();
        let found = match &numbers {
            Some(numbers) => numbers.len(),
            None => self.items(entry, "an array of numbers")?.len(),
        };
        if let Some((count, of)) = count.filter(|(count, _)| *count != found) {
            return Err(self.wrong_length(entry, found, count, of));
        }
        match numbers.filter(|numbers| numbers.iter().all(|value| bound.contains(*value))) {
            Some(numbers) => Ok(numbers),
            None => self.numbers_one_by_one(entry, bound),
        }
    }

    /// The slow way, to an infinity or to the message which element is wrong.
    fn numbers_one_by_one(&mut self, entry: &Entry<'_>, bound: Bound) -> Checked<Vec<f64>> {
        let items = self.items(entry, "an array of numbers")?.into_iter().enumerate();
        items.map(|(index, node)| self.bounded(&entry.item(index, node), bound)).collect()
    }

    /// Reports an array of the wrong length.
    pub fn wrong_length(&mut self, entry: &Entry<'_>, found: usize, expected: usize, of: &str) -> Reported {
        let plural = if found == 1 { "" } else { "s" };
        let message = format!("an array of {found} element{plural}, expected {expected}");
        self.report(entry, message, format!("one element for each of {of}: {expected}"))
    }

    /// Two finite numbers, like `[lo, hi]`.
    pub fn two(&mut self, entry: &Entry<'_>, what: &str) -> Checked<(f64, f64)> {
        let expected = format!("{what}, an array of two numbers");
        if self.items(entry, &expected)?.len() != 2 {
            return Err(self.expected(entry, &expected));
        }
        match self.numbers(entry, Bound::FINITE, None)?[..] {
            [first, second] => Ok((first, second)),
            _ => Err(self.expected(entry, &expected)),
        }
    }

    /// The numbers of a list, one after another.
    pub fn list(&mut self, entry: &Entry<'_>, shape: ListShape) -> Checked<Vec<f64>> {
        let expected = shape.describe();
        if shape == ListShape::Two {
            let items = self.items(entry, expected)?;
            let numbers =
                if items.len() == 2 { self.numbers(entry, Bound::FINITE, None)? } else { Vec::new() };
            return if numbers.len() == 2 { Ok(numbers) } else { Err(self.expected(entry, expected)) };
        }
        let items = self.items(entry, expected)?;
        if items.is_empty() {
            return Err(self.expected(entry, expected));
        }
        let mut numbers: Vec<f64> = Vec::with_capacity(2 * items.len());
        for (index, node) in items.into_iter().enumerate() {
            let item = entry.item(index, node);
            let (x, y) = self.two(&item, "a point [x, y]")?;
            if let [.., before, _] = numbers[..]
                && x <= before
            {
                let message = format!("a point at {x} after one at {before}: the first numbers must rise");
                return Err(self.report(&item, message, format!("expected {expected}")));
            }
            numbers.extend([x, y]);
        }
        Ok(numbers)
    }

    /// Different ids below `size`, of the neurons of `of`; an unknown size allows all.
    pub fn ids(&mut self, entry: &Entry<'_>, size: Option<usize>, of: &str) -> Checked<Vec<u32>> {
        let items = self.items(entry, "an array of neurons' ids")?;
        let mut ids = Vec::with_capacity(items.len());
        let mut seen = std::collections::BTreeSet::new();
        for (index, node) in items.into_iter().enumerate() {
            let item = entry.item(index, node);
            let id = self.id(&item, size, of)?;
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

    /// The id of a neuron of `of`, which has `size` neurons.
    pub fn id(&mut self, entry: &Entry<'_>, size: Option<usize>, of: &str) -> Checked<u32> {
        let id = self.whole(entry)?;
        let end = size.map_or(u64::from(u32::MAX), |size| size as u64);
        if id < end {
            return Ok(id as u32);
        }
        let help = format!("its ids are 0 to {}", end.saturating_sub(1));
        Err(self.report(entry, format!("there is no neuron {id} in {of}"), help))
    }

    /// The place of `name` among `names`. `what` is one of them, `all` they.
    pub fn find<'n>(
        &mut self,
        entry: &Entry<'_>,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        what: &str,
        all: &str,
    ) -> Checked<usize> {
        names.clone().position(|candidate| candidate == name).ok_or_else(|| {
            let message = format!("there is no {what} `{}`", shown(name));
            let help = self.suggestion(name, names, all);
            self.report(entry, message, help)
        })
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
