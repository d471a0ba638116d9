//! From text to formula.

use std::ops::Range;

use super::{FUNCTIONS, Formula, Function, Operation, Part};

/// Parentheses and signs may be this deep in one another.
const DEEPEST: usize = 100;

/// The longest text that is read, in bytes.
pub const LONGEST: usize = 10_000;

/// Names that stand for functions that are not smooth, or for a choice.
const PIECEWISE: &[&str] = &[
    "abs",
    "fabs",
    "min",
    "max",
    "fmin",
    "fmax",
    "heaviside",
    "Heaviside",
    "H",
    "theta",
    "step",
    "sign",
    "sgn",
    "floor",
    "ceil",
    "round",
    "mod",
    "fmod",
    "relu",
    "clip",
    "if",
    "then",
    "else",
    "ifelse",
    "piecewise",
    "where",
    "select",
    "and",
    "or",
    "not",
    "int",
];

/// Characters of comparisons and choices.
const COMPARISONS: &[char] = &['<', '>', '=', '!', '?', '&', '|', '≤', '≥', '≠'];

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    /// The bytes of the text that it is about; empty at its end.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: FlawKind,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FlawKind {
    /// A name that is none of those given.
    UnknownName(String),
    /// A name in front of a parenthesis that is no function.
    UnknownFunction(String),
    /// Another factor right behind one.
    NoOperation,
    /// A function, or a comparison, that is not smooth.
    Piecewise(String),
    /// A function without its argument.
    NoArgument(String),
    /// A number that cannot be read.
    BadNumber,
    /// A number that does not fit a double.
    LargeNumber,
    /// Something else should stand here.
    Expected(&'static str),
    /// Too many parentheses in one another.
    TooDeep,
    /// The text is too long.
    TooLong,
}

/// Reads a formula whose names are `names`.
///
/// # Errors
/// The first flaw of the text.
pub fn read<S: AsRef<str>>(text: &str, names: &[S]) -> Result<Formula, Flaw> {
    if text.len() > LONGEST {
        return Err(Flaw { span: 0..text.len(), kind: FlawKind::TooLong });
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let mut reader = Reader { text, place: 0, names: &names, depth: 0, parts: Vec::new() };
    reader.sum()?;
    match reader.next_character() {
        None => Ok(Formula { parts: reader.parts }),
        Some(_) => Err(reader.no_operation("an operation or the end")),
    }
}

/// Whether a text can be a name in formulas: a letter or `_`, then letters, digits and `_`, and no function's name.
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let begins = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let is_function = FUNCTIONS.iter().any(|(known, _)| *known == text);
    begins && characters.all(is_part) && !is_function
}

/// Whether a character can be part of a name.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
    names: &'a [&'a str],
    depth: usize,
    /// What has been read.
    parts: Vec<Part>,
}

impl Reader<'_> {
    /// The next character that is no blank, without taking it.
    fn next_character(&mut self) -> Option<char> {
        let rest = &self.text[self.place..];
        self.place += rest.len() - rest.trim_start().len();
        self.text[self.place..].chars().next()
    }

    /// Takes the next character if it is one of these.
    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let next = self.next_character().filter(|c| wanted.contains(c))?;
        self.place += next.len_utf8();
        Some(next)
    }

    /// The flaw that something else stands where a number, a name or a parenthesis should.
    fn no_operand(&mut self) -> Flaw {
        let next = self.next_character();
        let span = self.place..self.place + next.map_or(0, char::len_utf8);
        match next {
            Some(c) if COMPARISONS.contains(&c) => Flaw { span, kind: FlawKind::Piecewise(c.to_string()) },
            _ => Flaw { span, kind: FlawKind::Expected("a number, a name or a parenthesis") },
        }
    }

    /// The flaw that something else stands where an operation, or `end`, should.
    fn no_operation(&mut self, end: &'static str) -> Flaw {
        match self.next_character() {
            Some(c) if is_part(c) || c == '.' => {
                Flaw { span: self.place..self.end_of_word(), kind: FlawKind::NoOperation }
            }
            Some('(') => Flaw { span: self.place..self.place + 1, kind: FlawKind::NoOperation },
            _ => match self.no_operand() {
                Flaw { span, kind: FlawKind::Expected(_) } => Flaw { span, kind: FlawKind::Expected(end) },
                piecewise => piecewise,
            },
        }
    }

    /// Where the letters, digits and `_` from here on end.
    fn end_of_word(&self) -> usize {
        let rest = &self.text[self.place..];
        self.place + rest.find(|c| !is_part(c)).unwrap_or(rest.len()).max(1)
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Flaw>) -> Result<(), Flaw> {
        if self.depth == DEEPEST {
            let next = self.next_character();
            let end = self.place + next.map_or(0, char::len_utf8);
            return Err(Flaw { span: self.place..end, kind: FlawKind::TooDeep });
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn push(&mut self, part: Part) -> Result<(), Flaw> {
        self.parts.push(part);
        Ok(())
    }

    /// product (+ product | - product)*
    fn sum(&mut self) -> Result<(), Flaw> {
        self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            self.product()?;
            let operation = if sign == '+' { Operation::Add } else { Operation::Subtract };
            self.push(Part::Combine(operation))?;
        }
        Ok(())
    }

    /// factor (* factor | / factor)*
    fn product(&mut self) -> Result<(), Flaw> {
        self.factor()?;
        while let Some(sign) = self.take(&['*', '/']) {
            if sign == '*' && self.text[self.place..].starts_with('*') {
                let span = self.place - 1..self.place + 1;
                return Err(Flaw { span, kind: FlawKind::Expected("`^` for a power") });
            }
            self.factor()?;
            let operation = if sign == '*' { Operation::Multiply } else { Operation::Divide };
            self.push(Part::Combine(operation))?;
        }
        Ok(())
    }

    /// - factor | + factor | operand (^ factor)?
    fn factor(&mut self) -> Result<(), Flaw> {
        match self.take(&['-', '+']) {
            Some('-') => {
                self.deeper(Self::factor)?;
                return self.push(Part::Negate);
            }
            Some(_) => return self.deeper(Self::factor),
            None => {}
        }
        self.operand()?;
        if self.take(&['^']).is_some() {
            self.deeper(Self::factor)?;
            self.push(Part::Combine(Operation::Power))?;
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<(), Flaw> {
        match self.next_character() {
            Some('(') => self.in_parentheses(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            _ => Err(self.no_operand()),
        }
    }

    fn in_parentheses(&mut self) -> Result<(), Flaw> {
        self.take(&['(']);
        self.deeper(Self::sum)?;
        match self.take(&[')']) {
            Some(_) => Ok(()),
            None => Err(self.no_operation("an operation or `)`")),
        }
    }

    fn number(&mut self) -> Result<(), Flaw> {
        let start = self.place;
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
                at += 1;
            }
            at
        };
        let mut end = digits(start);
        if bytes.get(end).is_some_and(|b| matches!(b, b'e' | b'E')) {
            let signed = end + 1 + usize::from(bytes.get(end + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
            if bytes.get(signed).is_some_and(u8::is_ascii_digit) {
                end = digits(signed);
            }
        }
        self.place = end;
        match self.text[start..end].parse::<f64>() {
            Ok(value) if value.is_finite() => self.push(Part::Number(value)),
            Ok(_) => Err(Flaw { span: start..end, kind: FlawKind::LargeNumber }),
            Err(_) => Err(Flaw { span: start..end, kind: FlawKind::BadNumber }),
        }
    }

    fn name(&mut self) -> Result<(), Flaw> {
        let start = self.place;
        let end = self.end_of_word();
        let name = &self.text[start..end];
        self.place = end;
        let span = start..end;
        let owned = || name.to_string();
        let is_call = self.next_character() == Some('(');
        let function = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
        let known = self.names.iter().position(|known| *known == name);
        match (is_call, function, known) {
            (_, _, Some(place)) => self.push(Part::Name(place)),
            (true, Some(function), None) => self.applied(function),
            (false, Some(_), None) => Err(Flaw { span, kind: FlawKind::NoArgument(owned()) }),
            _ if PIECEWISE.contains(&name) => Err(Flaw { span, kind: FlawKind::Piecewise(owned()) }),
            (true, None, None) => Err(Flaw { span, kind: FlawKind::UnknownFunction(owned()) }),
            (false, None, None) => Err(Flaw { span, kind: FlawKind::UnknownName(owned()) }),
        }
    }

    fn applied(&mut self, function: Function) -> Result<(), Flaw> {
        self.in_parentheses()?;
        self.push(Part::Apply(function))
    }
}
