//! Formulas in text, such as `k (v - v_rest)`: read once, then evaluated on numbers or on Taylor coefficients.
//!
//! A formula has numbers, names, + - * / ^, parentheses and the functions of [`FUNCTIONS`]. `^` binds most, from the right,
//! then the sign, then `*` and `/`, then `+` and `-`. Two factors side by side are a mistake, not a product. There are no
//! piecewise functions: all formulas have Taylor series wherever they have values.

mod program;
mod read;
mod system;

pub use program::{Meaning, Program};
pub use read::{Flaw, FlawKind, LONGEST, is_name, read};
pub use system::System;

use crate::math;

/// The functions that formulas know, by name.
pub const FUNCTIONS: &[(&str, Function)] = &[
    ("exp", Function::Exp),
    ("log", Function::Log),
    ("sqrt", Function::Sqrt),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tanh", Function::Tanh),
    ("cosh", Function::Cosh),
];

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// e^x.
    Exp,
    /// The natural logarithm.
    Log,
    /// The square root.
    Sqrt,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The hyperbolic tangent.
    Tanh,
    /// The hyperbolic cosine.
    Cosh,
}

impl Function {
    fn of(self, x: f64) -> f64 {
        match self {
            Function::Exp => math::exp(x),
            Function::Log => math::ln(x),
            Function::Sqrt => x.sqrt(),
            Function::Sin => math::sin_cos(x).0,
            Function::Cos => math::sin_cos(x).1,
            Function::Tanh => math::tanh(x),
            Function::Cosh => 0.5 * (math::exp(x) + math::exp(-x)),
        }
    }
}

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// a + b.
    Add,
    /// a - b.
    Subtract,
    /// a b.
    Multiply,
    /// a/b.
    Divide,
    /// a^b.
    Power,
}

/// A formula as it was read: its parts in the order of evaluation, operands before their operation.
///
/// It is a list and not a tree, so that no formula is too deep to be copied, compared or given up.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    parts: Vec<Part>,
}

/// A part of a formula. Names are counted by their place in the list that [`read()`] was given.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// A number.
    Number(f64),
    /// The value of a name.
    Name(usize),
    /// -a of the operand before.
    Negate,
    /// f(a) of the operand before.
    Apply(Function),
    /// a operation b of the two operands before.
    Combine(Operation),
}

impl Formula {
    /// The value of the name with this number.
    pub fn name(name: usize) -> Formula {
        Formula { parts: vec![Part::Name(name)] }
    }

    /// Whether the name with this number occurs in it.
    pub fn has(&self, name: usize) -> bool {
        self.parts.contains(&Part::Name(name))
    }

    /// Its value, given those of the names.
    pub fn value(&self, names: &[f64]) -> f64 {
        let meanings: Vec<Meaning> = names.iter().map(|value| Meaning::Constant(*value)).collect();
        Program::new([self], &meanings, 0).and_then(|program| program.constant(0)).unwrap_or(f64::NAN)
    }
}

fn combine(operation: Operation, a: f64, b: f64) -> f64 {
    match operation {
        Operation::Add => a + b,
        Operation::Subtract => a - b,
        Operation::Multiply => a * b,
        Operation::Divide => a / b,
        Operation::Power => power(a, b),
    }
}

/// a^b: by multiplications for small whole b, else e^(b ln a).
fn power(a: f64, b: f64) -> f64 {
    match whole_exponent(b) {
        Some(n) if b < 0.0 => 1.0 / whole_power(a, n),
        Some(n) => whole_power(a, n),
        None => math::exp(b * math::ln(a)),
    }
}

/// a^n by squares.
fn whole_power(a: f64, n: u32) -> f64 {
    (0..u32::BITS - n.leading_zeros()).rev().fold(1.0, |power, bit| {
        let square = power * power;
        if n >> bit & 1 == 1 { square * a } else { square }
    })
}

/// |b| if b is a whole number for which products are better than a logarithm.
fn whole_exponent(b: f64) -> Option<u32> {
    const LARGEST: f64 = 64.0;
    (b.fract() == 0.0 && b.abs() <= LARGEST).then_some(b.abs() as u32)
}
