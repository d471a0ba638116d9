//! From text to formula.

use std::ops::Range;

use super::{FUNCTIONS, Formula, Function, Operation};

/// Parentheses and signs may be this deep in one another.
const DEEPEST: usize = 100;

/// Longer texts are refused.
const LONGEST: usize = 10_000;

/// Names of functions that are not smooth. The second is how others write the first.
const PIECEWISE: &[&str] = &[
    "abs",
    "min",
    "max",
    "heaviside",
    "H",
    "theta",
    "step",
    "sign",
    "sgn",
    "floor",
    "ceil",
    "round",
    "mod",
    "relu",
    "clip",
    "if",
    "ifelse",
    "piecewise",
    "where",
    "select",
];

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
    /// A function, or a comparison, that is not smooth.
    Piecewise(String),
    /// A function without its argument.
    NoArgument(String),
    /// A number that cannot be read, or that does not fit a double.
    BadNumber,
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
    let mut reader = Reader { text, place: 0, names: &names, depth: 0 };
    let formula = reader.sum()?;
    match reader.next_character() {
        None => Ok(formula),
        Some(_) => Err(reader.unexpected("an operation or the end")),
    }
}

/// Whether a text can be a name in formulas: a letter or `_`, then letters, digits and `_`, and no function's name.
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let begins = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let is_function = FUNCTIONS.iter().any(|(known, _)| *known == text);
    begins && characters.all(|c| c.is_alphanumeric() || c == '_') && !is_function
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
    names: &'a [&'a str],
    depth: usize,
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

    /// A flaw at the next character.
    fn unexpected(&mut self, expected: &'static str) -> Flaw {
        let next = self.next_character();
        let end = self.place + next.map_or(0, char::len_utf8);
        let span = self.place..end;
        match next {
            Some(c @ ('<' | '>' | '=' | '!' | '?' | '&' | '|')) => {
                Flaw { span, kind: FlawKind::Piecewise(c.to_string()) }
            }
            _ => Flaw { span, kind: FlawKind::Expected(expected) },
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Flaw>) -> Result<T, Flaw> {
        if self.depth == DEEPEST {
            return Err(Flaw { span: self.place..self.place, kind: FlawKind::TooDeep });
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// product (+ product | - product)*
    fn sum(&mut self) -> Result<Formula, Flaw> {
        let mut sum = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let operation = if sign == '+' { Operation::Add } else { Operation::Subtract };
            sum = combined(operation, sum, self.product()?);
        }
        Ok(sum)
    }

    /// factor (* factor | / factor)*
    fn product(&mut self) -> Result<Formula, Flaw> {
        let mut product = self.factor()?;
        while let Some(sign) = self.take(&['*', '/']) {
            if sign == '*' && self.text[self.place..].starts_with('*') {
                let span = self.place - 1..self.place + 1;
                return Err(Flaw { span, kind: FlawKind::Expected("`^` for a power") });
            }
            let operation = if sign == '*' { Operation::Multiply } else { Operation::Divide };
            product = combined(operation, product, self.factor()?);
        }
        Ok(product)
    }

    /// - factor | + factor | operand (^ factor)?
    fn factor(&mut self) -> Result<Formula, Flaw> {
        match self.take(&['-', '+']) {
            Some('-') => return Ok(Formula::Negated(Box::new(self.deeper(Self::factor)?))),
            Some(_) => return self.deeper(Self::factor),
            None => {}
        }
        let base = self.operand()?;
        match self.take(&['^']) {
            None => Ok(base),
            Some(_) => Ok(combined(Operation::Power, base, self.deeper(Self::factor)?)),
        }
    }

    fn operand(&mut self) -> Result<Formula, Flaw> {
        match self.next_character() {
            Some('(') => self.in_parentheses(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            _ => Err(self.unexpected("a number, a name or a parenthesis")),
        }
    }

    fn in_parentheses(&mut self) -> Result<Formula, Flaw> {
        self.take(&['(']);
        let inner = self.deeper(Self::sum)?;
        match self.take(&[')']) {
            Some(_) => Ok(inner),
            None => Err(self.unexpected("an operation or `)`")),
        }
    }

    fn number(&mut self) -> Result<Formula, Flaw> {
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
            Ok(value) if value.is_finite() => Ok(Formula::Number(value)),
            _ => Err(Flaw { span: start..end, kind: FlawKind::BadNumber }),
        }
    }

    fn name(&mut self) -> Result<Formula, Flaw> {
        let start = self.place;
        let rest = &self.text[start..];
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = start + rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = &self.text[start..end];
        self.place = end;
        let span = start..end;
        let owned = || name.to_string();
        let is_call = self.next_character() == Some('(');
        let function = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
        let known = self.names.iter().position(|known| *known == name);
        match (is_call, function, known) {
            (true, Some(function), None) => self.applied(function),
            (false, Some(_), None) => Err(Flaw { span, kind: FlawKind::NoArgument(owned()) }),
            (false, _, Some(place)) => Ok(Formula::Name(place)),
            _ if known.is_none() && PIECEWISE.contains(&name) => {
                Err(Flaw { span, kind: FlawKind::Piecewise(owned()) })
            }
            (true, ..) => Err(Flaw { span, kind: FlawKind::UnknownFunction(owned()) }),
            (false, None, None) => Err(Flaw { span, kind: FlawKind::UnknownName(owned()) }),
        }
    }

    fn applied(&mut self, function: Function) -> Result<Formula, Flaw> {
        Ok(Formula::Applied(function, Box::new(self.in_parentheses()?)))
    }
}

fn combined(operation: Operation, a: Formula, b: Formula) -> Formula {
    Formula::Combined(operation, Box::new(a), Box::new(b))
}
