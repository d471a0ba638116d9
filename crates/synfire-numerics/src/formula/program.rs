//! From formulas to one list of operations on registers: what is done for each Taylor coefficient.
//!
//! What does not depend on time is worked out once. What occurs several times, in one formula or in several, is evaluated
//! once. A sum or product with a constant takes no slot. Quotients a x/(e^(b x) - 1), as in the rates of ion channels, are
//! recognised and evaluated without their removable singularity.

use std::collections::BTreeMap;

use super::{Formula, Function, Operation, Part, combine, whole_exponent};
use crate::jet::Arithmetic;

/// Registers of a small program; there is nothing to be gained by fewer.
const FEW: usize = 16;

/// The most registers.
const MANY: usize = 256;

/// Formulas, ready to be evaluated again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    steps: Vec<Step>,
    /// Where each formula's value is at the end.
    results: Vec<Place>,
    registers: usize,
    slots: usize,
}

/// One operation: registers `a` and `b` into the register `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    action: Action,
    a: u8,
    b: u8,
    to: u8,
}

/// What is done with a and b.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    /// A constant.
    Constant(f64),
    /// a + b.
    Add,
    /// a - b.
    Subtract,
    /// a b.
    Multiply,
    /// a/b.
    Divide,
    /// a + constant.
    Shift(f64),
    /// a times a constant.
    Scale(f64),
    /// a divided by a constant.
    Shrink(f64),
    /// -a.
    Negate,
    /// a to the power of a whole number, 2 or more.
    Whole(u32),
    /// f(a).
    Apply(Function),
    /// a/(e^a - 1).
    OverExpM1,
}

/// A name's value: known, or a function of time with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// A constant.
    Constant(f64),
    /// A function of time.
    Variable(usize),
}

/// The value of a part of a formula: known, or found by the node with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Known(f64),
    Node(usize),
}

/// Where a result is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Known(f64),
    Register(u8),
}

impl Program {
    /// The program of some formulas of `variables` functions of time, given what their names mean; `None` if it would have
    /// to remember more than 256 values at a time.
    pub fn new<'f>(
        formulas: impl IntoIterator<Item = &'f Formula>,
        meanings: &[Meaning],
        variables: usize,
    ) -> Option<Program> {
        let mut nodes = Nodes { variables, list: Vec::new(), known: BTreeMap::new() };
        let results: Vec<Value> =
            formulas.into_iter().map(|formula| nodes.formula(formula, meanings)).collect();
        nodes.into_program(&results)
    }

    /// How many slots [`Program::run`] takes (see [`crate::jet`]).
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The degree of the formulas as polynomials of the variables, with quotients counted as products; what a function is
    /// taken of does not count.
    pub fn degree(&self) -> usize {
        let mut degrees = vec![1; self.registers.max(MANY)];
        let mut greatest =
            usize::from(self.results.iter().any(|result| matches!(result, Place::Register(_))));
        for step in &self.steps {
            let (a, b) = (degrees[usize::from(step.a)], degrees[usize::from(step.b)]);
            let degree: usize = match step.action {
                Action::Constant(_) => 0,
                Action::Add | Action::Subtract => a.max(b),
                Action::Multiply | Action::Divide => a.saturating_add(b),
                Action::Whole(n) => a.saturating_mul(n as usize),
                Action::Shift(_) | Action::Scale(_) | Action::Shrink(_) | Action::Negate => a,
                Action::Apply(_) | Action::OverExpM1 => 1,
            };
            degrees[usize::from(step.to)] = degree;
            greatest = greatest.max(degree);
        }
        greatest
    }

    /// The value of this formula, if it does not depend on time.
    pub fn constant(&self, formula: usize) -> Option<f64> {
        match self.results.get(formula)? {
            Place::Known(value) => Some(*value),
            Place::Register(_) => None,
        }
    }

    /// The values of the formulas, given the functions of time; those that there are no formulas for are 0.
    #[inline]
    pub fn run<A: Arithmetic, const D: usize>(
        &self,
        arithmetic: &mut A,
        variables: &[A::Number],
    ) -> [A::Number; D] {
        match self.registers {
            0..=FEW => self.run_in::<A, D, FEW>(arithmetic, variables),
            _ => self.run_in::<A, D, MANY>(arithmetic, variables),
        }
    }

    #[inline]
    fn run_in<A: Arithmetic, const D: usize, const REGISTERS: usize>(
        &self,
        arithmetic: &mut A,
        variables: &[A::Number],
    ) -> [A::Number; D] {
        let mut registers = [arithmetic.constant(0.0); REGISTERS];
        registers[..variables.len()].copy_from_slice(variables);
        for step in &self.steps {
            let (a, b) = (registers[usize::from(step.a)], registers[usize::from(step.b)]);
            registers[usize::from(step.to)] = match step.action {
                Action::Constant(value) => arithmetic.constant(value),
                Action::Add => a + b,
                Action::Subtract => a - b,
                Action::Multiply => arithmetic.mul(a, b),
                Action::Divide => arithmetic.div(a, b),
                Action::Shift(value) => a + arithmetic.constant(value),
                Action::Scale(value) => a * value,
                Action::Shrink(value) => a / value,
                Action::Negate => -a,
                Action::Whole(n) => whole(arithmetic, a, n),
                Action::Apply(function) => apply(arithmetic, function, a),
                Action::OverExpM1 => arithmetic.over_exp_m1(a),
            };
        }
        std::array::from_fn(|formula| match self.results.get(formula) {
            Some(Place::Register(register)) => registers[usize::from(*register)],
            Some(Place::Known(value)) => arithmetic.constant(*value),
            None => arithmetic.constant(0.0),
        })
    }
}

/// Operations on the results of earlier ones, each of them once. The first numbers are those of the variables.
struct Nodes {
    variables: usize,
    list: Vec<(Action, usize, usize)>,
    known: BTreeMap<Key, usize>,
}

/// An action with its constant, and its operands.
type Key = ((u8, u64), usize, usize);

impl Nodes {
    fn add(&mut self, action: Action, a: usize, b: usize) -> Value {
        Value::Node(self.node(action, a, b))
    }

    /// The number of this operation, which may be there already.
    fn node(&mut self, action: Action, a: usize, b: usize) -> usize {
        let key = (action.key(), a, b);
        let next = self.variables + self.list.len();
        let node = *self.known.entry(key).or_insert(next);
        if node == next {
            self.list.push((action, a, b));
        }
        node
    }

    /// Adds what a formula needs.
    fn formula(&mut self, formula: &Formula, meanings: &[Meaning]) -> Value {
        let mut stack = Vec::new();
        for part in &formula.parts {
            let value = match *part {
                Part::Number(number) => Value::Known(number),
                Part::Name(name) => match meanings[name] {
                    Meaning::Constant(value) => Value::Known(value),
                    Meaning::Variable(variable) => Value::Node(variable),
                },
                Part::Negate => self.negated(pop(&mut stack)),
                Part::Apply(function) => self.applied(function, pop(&mut stack)),
                Part::Combine(operation) => {
                    let b = pop(&mut stack);
                    let a = pop(&mut stack);
                    self.combined(operation, a, b)
                }
            };
            stack.push(value);
        }
        pop(&mut stack)
    }

    fn negated(&mut self, a: Value) -> Value {
        match a {
            Value::Known(value) => Value::Known(-value),
            Value::Node(a) => self.add(Action::Negate, a, 0),
        }
    }

    fn applied(&mut self, function: Function, a: Value) -> Value {
        match a {
            Value::Known(value) => Value::Known(function.of(value)),
            Value::Node(a) => self.add(Action::Apply(function), a, 0),
        }
    }

    fn combined(&mut self, operation: Operation, a: Value, b: Value) -> Value {
        use Operation::{Add, Divide, Multiply, Power, Subtract};
        use Value::{Known, Node};
        match (operation, a, b) {
            (_, Known(a), Known(b)) => Known(combine(operation, a, b)),
            (Power, a, b) => self.power(a, b),
            (Add, Known(c), Node(x)) | (Add, Node(x), Known(c)) => self.add(Action::Shift(c), x, 0),
            (Subtract, Node(x), Known(c)) => self.add(Action::Shift(-c), x, 0),
            // c - x is written as -(x - c), so that both are known to be the same but for the sign.
            (Subtract, Known(c), Node(x)) => {
                let difference = self.add(Action::Shift(-c), x, 0);
                self.negated(difference)
            }
            (Multiply, Known(c), Node(x)) | (Multiply, Node(x), Known(c)) => self.add(Action::Scale(c), x, 0),
            (Divide, Node(x), Known(c)) => self.add(Action::Shrink(c), x, 0),
            (Add, Node(a), Node(b)) => self.add(Action::Add, a, b),
            (Subtract, Node(a), Node(b)) => self.add(Action::Subtract, a, b),
            (Multiply, Node(a), Node(b)) => self.add(Action::Multiply, a, b),
            (Divide, Node(a), Node(b)) => {
                self.over_exp_m1(a, b).unwrap_or_else(|| self.add(Action::Divide, a, b))
            }
            (Divide, Known(c), Node(b)) => {
                let a = self.node(Action::Constant(c), 0, 0);
                self.add(Action::Divide, a, b)
            }
        }
    }

    /// a/b if b = e^n - 1 or 1 - e^n and a is a multiple of n.
    fn over_exp_m1(&mut self, a: usize, b: usize) -> Option<Value> {
        let (sign, exponential) = match self.action(b)? {
            (Action::Shift(-1.0), exponential) => (1.0, exponential),
            (Action::Negate, difference) => match self.action(difference)? {
                (Action::Shift(-1.0), exponential) => (-1.0, exponential),
                _ => return None,
            },
            _ => return None,
        };
        let (Action::Apply(Function::Exp), exponent) = self.action(exponential)? else { return None };
        let ((above, a), (below, n)) = (self.multiple(a), self.multiple(exponent));
        if a != n {
            return None;
        }
        let quotient = self.add(Action::OverExpM1, exponent, 0);
        Some(self.combined(Operation::Multiply, quotient, Value::Known(sign * above / below)))
    }

    /// What finds a node, and its first operand; nothing for variables.
    fn action(&self, node: usize) -> Option<(Action, usize)> {
        let (action, a, _) = self.list.get(node.checked_sub(self.variables)?)?;
        Some((*action, *a))
    }

    /// A node as a multiple of another one.
    fn multiple(&self, mut node: usize) -> (f64, usize) {
        let mut factor = 1.0;
        while let Some((action, a)) = self.action(node) {
            factor = match action {
                Action::Scale(c) => factor * c,
                Action::Shrink(c) => factor / c,
                Action::Negate => -factor,
                _ => break,
            };
            node = a;
        }
        (factor, node)
    }

    /// By products for whole exponents, by a root for 1/2, else e^(b ln a).
    fn power(&mut self, a: Value, b: Value) -> Value {
        if let (Value::Node(base), Value::Known(exponent)) = (a, b) {
            match whole_exponent(exponent) {
                Some(0) => return Value::Known(1.0),
                Some(n) => {
                    let power = if n == 1 { a } else { self.add(Action::Whole(n), base, 0) };
                    let is_below = exponent < 0.0;
                    return if is_below {
                        self.combined(Operation::Divide, Value::Known(1.0), power)
                    } else {
                        power
                    };
                }
                None if exponent == 0.5 => return self.applied(Function::Sqrt, a),
                None => {}
            }
        }
        let logarithm = self.applied(Function::Log, a);
        let product = self.combined(Operation::Multiply, logarithm, b);
        self.applied(Function::Exp, product)
    }

    /// Gives each node a register from where it is found to where it is used last.
    fn into_program(self, results: &[Value]) -> Option<Program> {
        let last_use = self.last_use(results);
        let mut place_of: Vec<usize> = (0..self.variables).collect();
        let (mut free, mut registers) = (Vec::new(), self.variables.max(1));
        let mut steps = Vec::with_capacity(self.list.len());
        for (node, &(action, a, b)) in (self.variables..).zip(&self.list) {
            if last_use[node] == 0 {
                // Nobody needs it.
                place_of.push(0);
                continue;
            }
            let operands = &[a, b][..action.operands()];
            let mut done: Vec<usize> =
                operands.iter().filter(|operand| last_use[**operand] == node).map(|&x| place_of[x]).collect();
            done.dedup();
            free.append(&mut done);
            let to = free.pop().unwrap_or(registers);
            registers = registers.max(to + 1);
            let place = |operand: usize| operands.get(operand).map_or(0, |&node| place_of[node] as u8);
            steps.push(Step { action, a: place(0), b: place(1), to: to as u8 });
            place_of.push(to);
        }
        if registers > MANY {
            return None;
        }
        let results = results.iter().map(|result| match *result {
            Value::Known(value) => Place::Known(value),
            Value::Node(node) => Place::Register(place_of[node] as u8),
        });
        let slots = steps.iter().map(|step| step.action.slots()).sum();
        Some(Program { results: results.collect(), steps, registers, slots })
    }

    /// The last node that uses each node, 0 if there is none; those of results are used for ever.
    fn last_use(&self, results: &[Value]) -> Vec<usize> {
        let mut last_use = vec![0; self.variables + self.list.len()];
        for result in results {
            if let Value::Node(node) = result {
                last_use[*node] = usize::MAX;
            }
        }
        for (place, (action, a, b)) in self.list.iter().enumerate().rev() {
            let node = self.variables + place;
            if last_use[node] > 0 {
                let operands = [a, b].into_iter().take(action.operands());
                operands.for_each(|operand| last_use[*operand] = last_use[*operand].max(node));
            }
        }
        last_use
    }
}

fn pop(stack: &mut Vec<Value>) -> Value {
    stack.pop().expect("operands stand before their operation: the reader of formulas sees to it")
}

impl Action {
    /// The same for the same action only.
    fn key(self) -> (u8, u64) {
        match self {
            Action::Constant(value) => (1, value.to_bits()),
            Action::Add => (2, 0),
            Action::Subtract => (3, 0),
            Action::Multiply => (4, 0),
            Action::Divide => (5, 0),
            Action::Shift(value) => (6, value.to_bits()),
            Action::Scale(value) => (7, value.to_bits()),
            Action::Shrink(value) => (8, value.to_bits()),
            Action::Negate => (9, 0),
            Action::Whole(n) => (10, u64::from(n)),
            Action::Apply(function) => (11, function as u64),
            Action::OverExpM1 => (12, 0),
        }
    }

    /// How many of a and b it takes.
    fn operands(self) -> usize {
        match self {
            Action::Constant(_) => 0,
            Action::Add | Action::Subtract | Action::Multiply | Action::Divide => 2,
            _ => 1,
        }
    }

    fn slots(self) -> usize {
        match self {
            Action::Multiply | Action::Divide => 1,
            Action::Whole(n) => (n.ilog2() + n.count_ones() - 1) as usize,
            Action::Apply(Function::Exp | Function::Log | Function::Sqrt) => 1,
            Action::Apply(_) => 2,
            Action::OverExpM1 => 17,
            _ => 0,
        }
    }
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

fn apply<A: Arithmetic>(arithmetic: &mut A, function: Function, a: A::Number) -> A::Number {
    match function {
        Function::Exp => arithmetic.exp(a),
        Function::Log => arithmetic.ln(a),
        Function::Sqrt => arithmetic.sqrt(a),
        Function::Sin => arithmetic.sin_cos(a).0,
        Function::Cos => arithmetic.sin_cos(a).1,
        Function::Tanh => arithmetic.tanh(a),
        Function::Cosh => {
            let (rising, falling) = (arithmetic.exp(a), arithmetic.exp(-a));
            (rising + falling) * 0.5
        }
    }
}
