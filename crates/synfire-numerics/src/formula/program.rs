//! From formula to a list of operations on a stack, with the constants worked out: what is done for each Taylor coefficient.

use super::{Formula, Function, Operation, combine, whole_exponent};
use crate::jet::Arithmetic;

/// The most numbers on the stack.
const ROOM: usize = 64;

/// A formula, ready to be evaluated again and again.
#[derive(Clone, Debug, Default)]
pub struct Program {
    steps: Vec<Step>,
    slots: usize,
    deepest: usize,
}

/// What is done next. The topmost number of the stack is b, the one below a.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Put a constant on the stack.
    Constant(f64),
    /// Put one of the given functions of time on the stack.
    Variable(usize),
    /// a + b.
    Add,
    /// a - b.
    Subtract,
    /// a b.
    Multiply,
    /// a/b.
    Divide,
    /// b + constant.
    Shift(f64),
    /// b times a constant.
    Scale(f64),
    /// b divided by a constant.
    Shrink(f64),
    /// -b.
    Negate,
    /// b to the power of a whole number, 2 or more.
    Whole(u32),
    /// f(b).
    Apply(Function),
}

/// A name's value: known, or a function of time with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// A constant.
    Constant(f64),
    /// A function of time.
    Variable(usize),
}

impl Program {
    /// The program of a formula, given what its names mean; `None` if it is too deep.
    pub fn new(formula: &Formula, meanings: &[Meaning]) -> Option<Program> {
        let mut program = Program::default();
        program.add(formula, meanings, 0);
        (program.deepest <= ROOM).then_some(program)
    }

    /// How many slots [`Program::run`] takes (see [`crate::jet`]).
    pub fn slots(&self) -> usize {
        self.slots
    }

    fn push(&mut self, step: Step, slots: usize) {
        self.steps.push(step);
        self.slots += slots;
    }

    /// Adds what puts the value of `formula` on top of `below` others.
    fn add(&mut self, formula: &Formula, meanings: &[Meaning], below: usize) {
        self.deepest = self.deepest.max(below + 1);
        if let Some(value) = constant(formula, meanings) {
            return self.push(Step::Constant(value), 0);
        }
        match formula {
            Formula::Number(value) => self.push(Step::Constant(*value), 0),
            Formula::Name(name) => match meanings[*name] {
                Meaning::Constant(value) => self.push(Step::Constant(value), 0),
                Meaning::Variable(place) => self.push(Step::Variable(place), 0),
            },
            Formula::Negated(a) => {
                self.add(a, meanings, below);
                self.push(Step::Negate, 0);
            }
            Formula::Applied(function, a) => {
                self.add(a, meanings, below);
                self.apply(*function);
            }
            Formula::Combined(Operation::Power, a, b) => self.add_power(a, b, meanings, below),
            Formula::Combined(operation, a, b) => self.add_combined(*operation, a, b, meanings, below),
        }
    }

    fn apply(&mut self, function: Function) {
        let slots = match function {
            Function::Exp | Function::Log | Function::Sqrt => 1,
            Function::Sin | Function::Cos | Function::Tanh | Function::Cosh => 2,
        };
        self.push(Step::Apply(function), slots);
    }

    /// A sum or product with a constant takes no slot.
    fn add_combined(
        &mut self,
        operation: Operation,
        a: &Formula,
        b: &Formula,
        meanings: &[Meaning],
        below: usize,
    ) {
        let known = (constant(a, meanings), constant(b, meanings));
        let (rest, steps) = match (operation, known) {
            (Operation::Add, (Some(c), _)) => (b, [Some(Step::Shift(c)), None]),
            (Operation::Add, (_, Some(c))) => (a, [Some(Step::Shift(c)), None]),
            (Operation::Subtract, (Some(c), _)) => (b, [Some(Step::Negate), Some(Step::Shift(c))]),
            (Operation::Subtract, (_, Some(c))) => (a, [Some(Step::Shift(-c)), None]),
            (Operation::Multiply, (Some(c), _)) => (b, [Some(Step::Scale(c)), None]),
            (Operation::Multiply, (_, Some(c))) => (a, [Some(Step::Scale(c)), None]),
            (Operation::Divide, (_, Some(c))) => (a, [Some(Step::Shrink(c)), None]),
            _ => {
                self.add(a, meanings, below);
                self.add(b, meanings, below + 1);
                return match operation {
                    Operation::Add => self.push(Step::Add, 0),
                    Operation::Subtract => self.push(Step::Subtract, 0),
                    Operation::Divide => self.push(Step::Divide, 1),
                    Operation::Multiply | Operation::Power => self.push(Step::Multiply, 1),
                };
            }
        };
        self.add(rest, meanings, below);
        steps.into_iter().flatten().for_each(|step| self.push(step, 0));
    }

    /// By products for whole exponents, else e^(b ln a).
    fn add_power(&mut self, a: &Formula, b: &Formula, meanings: &[Meaning], below: usize) {
        let exponent = constant(b, meanings);
        match exponent.and_then(|value| whole_exponent(value)) {
            Some(0) => self.push(Step::Constant(1.0), 0),
            Some(n) => {
                if exponent < Some(0.0) {
                    self.push(Step::Constant(1.0), 0);
                    self.deepest = self.deepest.max(below + 2);
                    self.add(a, meanings, below + 1);
                } else {
                    self.add(a, meanings, below);
                }
                if n > 1 {
                    self.push(Step::Whole(n), products(n));
                }
                if exponent < Some(0.0) {
                    self.push(Step::Divide, 1);
                }
            }
            None => {
                self.add(a, meanings, below);
                self.apply(Function::Log);
                self.add(b, meanings, below + 1);
                self.push(Step::Multiply, 1);
                self.apply(Function::Exp);
            }
        }
    }

    /// The value, given the functions of time.
    #[inline]
    pub fn run<A: Arithmetic>(&self, arithmetic: &mut A, variables: &[A::Number]) -> A::Number {
        let mut stack = [arithmetic.constant(0.0); ROOM];
        let mut top = 0;
        for step in &self.steps {
            match *step {
                Step::Constant(value) => {
                    stack[top] = arithmetic.constant(value);
                    top += 1;
                    continue;
                }
                Step::Variable(place) => {
                    stack[top] = variables[place];
                    top += 1;
                    continue;
                }
                Step::Add | Step::Subtract | Step::Multiply | Step::Divide => {
                    top -= 1;
                    let (a, b) = (stack[top - 1], stack[top]);
                    stack[top - 1] = match step {
                        Step::Add => a + b,
                        Step::Subtract => a - b,
                        Step::Multiply => arithmetic.mul(a, b),
                        _ => arithmetic.div(a, b),
                    };
                    continue;
                }
                _ => {}
            }
            let b = stack[top - 1];
            stack[top - 1] = match *step {
                Step::Shift(value) => b + arithmetic.constant(value),
                Step::Scale(value) => b * value,
                Step::Shrink(value) => b / value,
                Step::Negate => -b,
                Step::Whole(n) => whole(arithmetic, b, n),
                Step::Apply(function) => apply(arithmetic, function, b),
                _ => b,
            };
        }
        stack[0]
    }
}

/// How many products [`whole`] takes.
fn products(n: u32) -> usize {
    (n.ilog2() + n.count_ones() - 1) as usize
}

/// b^n by squares, n at least 1.
fn whole<A: Arithmetic>(arithmetic: &mut A, b: A::Number, n: u32) -> A::Number {
    let mut power = b;
    for bit in (0..n.ilog2()).rev() {
        power = arithmetic.mul(power, power);
        if n >> bit & 1 == 1 {
            power = arithmetic.mul(power, b);
        }
    }
    power
}

fn apply<A: Arithmetic>(arithmetic: &mut A, function: Function, b: A::Number) -> A::Number {
    match function {
        Function::Exp => arithmetic.exp(b),
        Function::Log => arithmetic.ln(b),
        Function::Sqrt => arithmetic.sqrt(b),
        Function::Sin => arithmetic.sin_cos(b).0,
        Function::Cos => arithmetic.sin_cos(b).1,
        Function::Tanh => arithmetic.tanh(b),
        Function::Cosh => {
            let (rising, falling) = (arithmetic.exp(b), arithmetic.exp(-b));
            (rising + falling) * 0.5
        }
    }
}

/// The value of a formula in which nothing depends on time.
fn constant(formula: &Formula, meanings: &[Meaning]) -> Option<f64> {
    match formula {
        Formula::Number(value) => Some(*value),
        Formula::Name(name) => match meanings[*name] {
            Meaning::Constant(value) => Some(value),
            Meaning::Variable(_) => None,
        },
        Formula::Negated(a) => Some(-constant(a, meanings)?),
        Formula::Applied(function, a) => Some(function.of(constant(a, meanings)?)),
        Formula::Combined(operation, a, b) => {
            Some(combine(*operation, constant(a, meanings)?, constant(b, meanings)?))
        }
    }
}
