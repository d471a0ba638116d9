//! A system of equations as a user states it.

use super::Formula;

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
    /// What each variable becomes at an event, if anything; `None` if events change nothing.
    pub jumps: Option<Vec<Option<Formula>>>,
}

impl System {
    /// The number of the name of the input.
    pub fn input(&self) -> usize {
        self.variables.len() + self.parameters.len()
    }

    /// Values of all names, with the input 0.
    pub fn values(&self, variables: &[f64], parameters: &[f64]) -> Vec<f64> {
        [variables, parameters, &[0.0]].concat()
    }
}
