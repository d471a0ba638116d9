//! JSON text as a tree that knows where everything stands.
//!
//! `serde_json` is the parser. The whole text is checked once; a [`Node`] is then a piece of it that is taken apart only
//! when somebody asks, one level at a time. So a file costs its size times the few levels that the format has, and the
//! numbers of a long array go straight into a `Vec`: nothing is kept for each of them.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Bytes `start..end` of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// Something in the text that cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    /// Where.
    pub span: Span,
    /// What was found.
    pub message: String,
    /// What is allowed.
    pub help: String,
}

/// What kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Flag,
    /// A number.
    Number,
    /// A string.
    Text,
    /// `[...]`
    Array,
    /// `{...}`
    Object,
}

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    raw: &'a str,
    at: usize,
}

/// A key of an object and its value.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The key.
    pub key: String,
    /// Where the key stands, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: Node<'a>,
}

/// The JSON value that `text` consists of.
///
/// # Errors
/// The first place where `text` is not JSON.
pub fn parse(text: &str) -> Result<Node<'_>, Flaw> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Ok(Node::within(text, 0, raw)),
        Err(error) => Err(super::syntax::syntax_flaw(text, &error)),
    }
}

impl<'a> Node<'a> {
    /// `raw` as a part of `text`, which begins at byte `at` of the file.
    fn within(text: &'a str, at: usize, raw: &'a RawValue) -> Node<'a> {
        let raw = raw.get();
        Node { raw, at: at + (raw.as_ptr() as usize - text.as_ptr() as usize) }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        Span { start: self.at, end: self.at + self.raw.len() }
    }

    /// The text as written.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        match self.raw.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Flag,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The members of an object, in the order of the text, duplicates included.
    ///
    /// # Errors
    /// A key that is no text, such as half a surrogate pair.
    pub fn members(&self) -> Result<Vec<Member<'a>>, Flaw> {
        let RawMembers(pairs) = serde_json::from_str(self.raw).map_err(|error| self.flaw(&error))?;
        let mut members = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key = Node::within(self.raw, self.at, key);
            let value = Node::within(self.raw, self.at, value);
            members.push(Member { key: key.text()?, key_span: key.span(), value });
        }
        Ok(members)
    }

    /// The elements of an array.
    ///
    /// # Errors
    /// None for an array.
    pub fn items(&self) -> Result<Vec<Node<'a>>, Flaw> {
        let items: Vec<&RawValue> = serde_json::from_str(self.raw).map_err(|error| self.flaw(&error))?;
        Ok(items.into_iter().map(|raw| Node::within(self.raw, self.at, raw)).collect())
    }

    /// A string.
    ///
    /// # Errors
    /// Half a surrogate pair.
    pub fn text(&self) -> Result<String, Flaw> {
        serde_json::from_str(self.raw).map_err(|error| Flaw {
            span: self.span(),
            message: format!("an escape that is no character: {}", without_position(&error)),
            help: "\\ud800 to \\udfff stand for characters in pairs only".into(),
        })
    }

    /// A number, as its nearest double.
    ///
    /// # Errors
    /// A number beyond the largest double.
    pub fn number(&self) -> Result<f64, Flaw> {
        serde_json::from_str(self.raw).map_err(|_| Flaw {
            span: self.span(),
            message: format!("{} does not fit a double", shortened(self.raw)),
            help: "numbers must lie between -1.7976931348623157e308 and 1.7976931348623157e308".into(),
        })
    }

    /// A whole number of at least 0, also when it is written like `2.0` or `1e3`; `None` for any other.
    pub fn whole_number(&self) -> Option<u64> {
        if let Ok(whole) = self.raw.parse() {
            return Some(whole);
        }
        // Up to 2^53 a double is the number that was written.
        let number = self.number().ok()?;
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
    }

    /// `true` or `false`, if it is one.
    pub fn flag(&self) -> Option<bool> {
        (self.kind() == Kind::Flag).then_some(self.raw == "true")
    }

    /// An array of numbers; `None` if it is anything else, then [`Node::items`] tells more.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        serde_json::from_str(self.raw).ok()
    }

    /// An array of arrays of numbers; `None` if it is anything else.
    pub fn number_rows(&self) -> Option<Vec<Vec<f64>>> {
        serde_json::from_str(self.raw).ok()
    }

    /// An array of whole numbers below 2^32; `None` if it is anything else.
    pub fn ids(&self) -> Option<Vec<u32>> {
        serde_json::from_str(self.raw).ok()
    }

    /// An array of pairs of whole numbers below 2^32; `None` if it is anything else.
    pub fn id_pairs(&self) -> Option<Vec<[u32; 2]>> {
        serde_json::from_str(self.raw).ok()
    }

    /// What was found, in words that follow "found".
    pub fn describe(&self) -> String {
        match self.kind() {
            Kind::Null => "null".into(),
            Kind::Flag => format!("`{}`", self.raw),
            Kind::Number => shortened(self.raw),
            Kind::Text => match self.text() {
                Ok(text) => format!("the string {}", quoted(&text)),
                Err(_) => "a string".into(),
            },
            Kind::Array => match self.items().map_or(0, |items| items.len()) {
                0 => "an empty array".into(),
                1 => "an array of 1 element".into(),
                count => format!("an array of {count} elements"),
            },
            Kind::Object => "an object".into(),
        }
    }

    /// What `serde_json` says of a piece of a text whose grammar has been checked.
    fn flaw(&self, error: &serde_json::Error) -> Flaw {
        Flaw {
            span: self.span(),
            message: without_position(error),
            help: "this must be valid JSON text".into(),
        }
    }
}

/// The members of an object as they stand.
struct RawMembers<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(RawMembers(pairs))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A string or number as written, cut to a length that fits a message.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// A string of the file in a message: in quotation marks, cut, without control characters.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text))
}

/// The message of `serde_json` without its "at line ... column ...".
pub(super) fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_string(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_keep_order_duplicates_and_places() {
        let text = "\n{ \"b\" : 1, \"a\":[true, \"x\"],\t\"b\": {} }\n";
        let members = parse(text).unwrap().members().unwrap();
        let keys: Vec<&str> = members.iter().map(|member| member.key.as_str()).collect();
        assert_eq!(keys, ["b", "a", "b"]);
        for member in &members {
            let Span { start, end } = member.key_span;
            assert_eq!(text[start..end], format!("\"{}\"", member.key));
            let Span { start, end } = member.value.span();
            assert_eq!(&text[start..end], member.value.raw());
        }
        let items = members[1].value.items().unwrap();
        assert_eq!(
            items[1].span(),
            Span { start: text.find("\"x\"").unwrap(), end: text.find(']').unwrap() }
        );
        assert_eq!((items[0].flag(), items[1].flag()), (Some(true), None));
    }

    #[test]
    fn escapes_in_keys_do_not_move_places() {
        let text = r#"{"\u0061\n\"": 5}"#;
        let members = parse(text).unwrap().members().unwrap();
        assert_eq!(members[0].key, "a\n\"");
        assert_eq!(members[0].value.span(), Span { start: 15, end: 16 });
        assert!(parse(r#"{"\ud800": 5}"#).unwrap().members().is_err());
    }

    #[test]
    fn whole_numbers_are_told_by_their_value() {
        for (text, whole) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1e3", Some(1000)),
            ("2.50e1", Some(25)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e16", None),
            ("-1", None),
            ("0.5", None),
            ("1e400", None),
        ] {
            assert_eq!(parse(text).unwrap().whole_number(), whole, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_a_double_are_refused() {
        for text in ["1e400", "-1e309", "1797693134862315907729e290"] {
            let flaw = parse(text).unwrap().number().unwrap_err();
            assert!(flaw.message.contains("does not fit a double"), "{flaw:?}");
        }
        assert_eq!(parse("1.7976931348623157e308").unwrap().number(), Ok(f64::MAX));
        assert_eq!(parse("1e-400").unwrap().number(), Ok(0.0));
        assert_eq!(parse("[1, 1e400]").unwrap().numbers(), None);
    }

    proptest! {
        #[test]
        fn numbers_come_back_with_the_same_bits(values in prop::collection::vec(any::<f64>().prop_filter("JSON has no others", |v| v.is_finite()), 0..50)) {
            let text = serde_json::to_string(&values).unwrap();
            let node = parse(&text).unwrap();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&node.numbers().unwrap()), bits(&values));
            let singly: Vec<f64> = node.items().unwrap().iter().map(|item| item.number().unwrap()).collect();
            prop_assert_eq!(bits(&singly), bits(&values));
        }
    }
}
