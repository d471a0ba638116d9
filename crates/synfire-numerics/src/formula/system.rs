//! A system of equations as a user states it.

use super::{Formula, Meaning};

/// dx_i/dt = f_i(x, p, I), with an event whenever x_0 comes up to a height h(p), and what the event does to x.
///
/// Names are counted through: variables, then parameters, then the input I.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// The names of the variables.
    pub variables: Vec<String>,
    /// The names of the parameters.
    pub parameters: Vec<String>,
    /// The right-hand sides, one a variable.
    pub rates: Vec<Formula>,
    /// The height; only parameters are in it.
    pub height: Formula,
    /// What the variables become at an event; `None` if events change nothing.
    pub jumps: Option<Vec<Formula>>,
}

impl System {
    /// The number of the name of the input.
    pub fn input(&self) -> usize {
        self.variables.len() + self.parameters.len()
    }

    /// Whether the input occurs in any equation.
    pub fn has_input(&self) -> bool {
        self.rates.iter().any(|rate| rate.has(self.input()))
    }

    /// What the names mean: variables and the input are functions of time.
    pub fn meanings(&self, parameters: &[f64]) -> Vec<Meaning> {
        let count = self.variables.len();
        let variables = (0..count).map(Meaning::Variable);
        let parameters = parameters.iter().map(|value| Meaning::Constant(*value));
        variables.chain(parameters).chain([Meaning::Variable(count)]).collect()
    }
}
