//! What a model says of itself: the one table that checks parameters, prints them and documents them.

use crate::receptor::ReceptorKind;
use synfire_numerics::formula::System;

/// A model's page: equations, parameters with unit, default and range, variables, receptors, references.
#[derive(Debug)]
pub struct ModelSpec {
    /// The name in scenario files.
    pub name: &'static str,
    /// One line: what the model is.
    pub summary: &'static str,
    /// The dynamics between events, one equation a line.
    pub equations: &'static [&'static str],
    /// When it spikes, and what happens then.
    pub spike: &'static str,
    /// How crossings are found, and what that guarantees.
    pub method: &'static str,
    /// The parameters, in the order in which a [`ParamTable`] holds them.
    pub parameters: &'static [ParamSpec],
    /// Parameters that are lists of numbers, one for all neurons of a population; they must be given.
    pub lists: &'static [ListSpec],
    /// The state variables; receptors add theirs (see [`crate::receptor::variable_names`]).
    pub variables: &'static [VariableSpec],
    /// The receptors that the model can have; none for sources.
    pub receptors: &'static [ReceptorKind],
    /// True for units that spike on their own and take no input.
    pub is_source: bool,
    /// True for `spike_source`: the population has spike trains.
    pub has_spike_trains: bool,
    /// Where the formulas come from.
    pub references: &'static [&'static str],
}

/// One parameter of a model.
#[derive(Debug)]
pub struct ParamSpec {
    /// The name in scenario files and in code.
    pub name: &'static str,
    /// "mV", "ms", "pF", "pA", "Hz" or "" for normalised quantities.
    pub unit: &'static str,
    /// What a scenario that leaves it out gets; `None` if it must be given.
    pub default: Option<f64>,
    /// What is allowed.
    pub range: ParamRange,
    /// What it means, in a few words.
    pub meaning: &'static str,
}

impl ParamSpec {
    /// A parameter with a default.
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        default: f64,
        range: ParamRange,
        meaning: &'static str,
    ) -> ParamSpec {
        ParamSpec { name, unit, default: Some(default), range, meaning }
    }
}

/// A parameter that is a list of numbers.
#[derive(Debug)]
pub struct ListSpec {
    /// The name in scenario files and in code.
    pub name: &'static str,
    /// What it looks like.
    pub shape: ListShape,
    /// What it means, in a few words.
    pub meaning: &'static str,
}

/// What a list of numbers looks like; all numbers are finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListShape {
    /// One or more pairs [x, y] with rising x. In a [`ParamTable`]: x, y, x, y, ...
    Points,
    /// Two numbers.
    Two,
}

impl ListShape {
    /// What is allowed, in words that follow "expected".
    pub fn describe(self) -> &'static str {
        match self {
            ListShape::Points => "an array of points [x, y] with rising x, at least one",
            ListShape::Two => "an array of two numbers",
        }
    }
}

/// A condition on a single number. Conditions between parameters are the model's (`NeuronModel::prepare`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamRange {
    /// Any finite number.
    Finite,
    /// Any finite number; a parameter that is not there is not a number.
    FiniteOrAbsent,
    /// Finite and greater than 0.
    Positive,
    /// Finite and at least 0.
    NotNegative,
    /// At least 0; infinity is allowed.
    NotNegativeOrInfinite,
    /// Any number, or infinity.
    FiniteOrInfinite,
    /// Any number, or -infinity.
    FiniteOrMinusInfinite,
}

impl ParamRange {
    /// Whether `value` is allowed.
    pub fn contains(self, value: f64) -> bool {
        match self {
            ParamRange::Finite => value.is_finite(),
            ParamRange::FiniteOrAbsent => !value.is_infinite(),
            ParamRange::Positive => value.is_finite() && value > 0.0,
            ParamRange::NotNegative => value.is_finite() && value >= 0.0,
            ParamRange::NotNegativeOrInfinite => value >= 0.0,
            ParamRange::FiniteOrInfinite => value > f64::NEG_INFINITY,
            ParamRange::FiniteOrMinusInfinite => value < f64::INFINITY,
        }
    }

    /// What is allowed, in words that follow "expected".
    pub fn describe(self) -> &'static str {
        match self {
            ParamRange::Finite | ParamRange::FiniteOrAbsent => "a finite number",
            ParamRange::Positive => "a number greater than 0",
            ParamRange::NotNegative => "a number of at least 0",
            ParamRange::NotNegativeOrInfinite => "a number of at least 0, or \"inf\"",
            ParamRange::FiniteOrInfinite => "a number, or \"inf\"",
            ParamRange::FiniteOrMinusInfinite => "a number, or \"-inf\"",
        }
    }
}

/// A state variable that can be set at the start and recorded.
#[derive(Debug)]
pub struct VariableSpec {
    /// Its name in scenario files.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Where it rests, in words: its value at t = 0 unless `initial` says otherwise.
    pub rest: &'static str,
}

/// One value for all neurons, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// The same for every neuron.
    Same(f64),
    /// One value a neuron, by rising id.
    Each(Vec<f64>),
}

impl Column {
    /// The value of neuron `index`.
    ///
    /// # Panics
    /// If there is one value a neuron and `index` is beyond the last.
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Column::Same(value) => *value,
            Column::Each(values) => values[index],
        }
    }
}

/// The parameters of a population: a column per [`ParamSpec`], in its order.
#[derive(Clone, Debug)]
pub struct ParamTable {
    /// The model's parameters, which give the columns their names.
    pub specs: &'static [ParamSpec],
    /// The values; as many columns as there are specs.
    pub columns: Vec<Column>,
    /// The lists by name.
    pub lists: Vec<(&'static str, Vec<f64>)>,
    /// The equations of a model that a user has stated.
    pub system: Option<&'static System>,
}

impl ParamTable {
    /// The table of a model's defaults; `NaN` where there is none.
    pub fn defaults(specs: &'static [ParamSpec]) -> ParamTable {
        let columns = specs.iter().map(|spec| Column::Same(spec.default.unwrap_or(f64::NAN))).collect();
        ParamTable { specs, columns, lists: Vec::new(), system: None }
    }

    /// Sets the column of the parameter `name`.
    ///
    /// # Panics
    /// If the model has no such parameter.
    pub fn set(&mut self, name: &str, column: Column) {
        let index = self.specs.iter().position(|spec| spec.name == name);
        self.columns[index.unwrap_or_else(|| panic!("no parameter {name}"))] = column;
    }

    /// Sets the list `name`.
    pub fn set_list(&mut self, name: &'static str, values: Vec<f64>) {
        self.lists.retain(|list| list.0 != name);
        self.lists.push((name, values));
    }

    /// True if every neuron has the same parameters.
    pub fn is_uniform(&self) -> bool {
        self.columns.iter().all(|column| matches!(column, Column::Same(_)))
    }

    /// The parameters of neuron `index`.
    pub fn row(&self, index: usize) -> ParamRow<'_> {
        ParamRow { table: self, index }
    }
}

/// The parameters of one neuron.
#[derive(Clone, Copy, Debug)]
pub struct ParamRow<'a> {
    table: &'a ParamTable,
    index: usize,
}

impl ParamRow<'_> {
    /// The value of the parameter `name`.
    ///
    /// # Panics
    /// If the model's table has no such parameter: a slip in the model's file.
    pub fn get(&self, name: &str) -> f64 {
        let column = self.table.specs.iter().position(|spec| spec.name == name);
        self.table.columns[column.unwrap_or_else(|| panic!("no parameter {name}"))].at(self.index)
    }

    /// The equations of a model that a user has stated.
    pub fn system(&self) -> Option<&'static System> {
        self.table.system
    }

    /// The numbers of the list `name`, in the order that its [`ListShape`] says.
    ///
    /// # Panics
    /// If the table has no such list: a slip in the model's file, or a table that was not filled.
    pub fn list(&self, name: &str) -> &[f64] {
        let list = self.table.lists.iter().find(|list| list.0 == name);
        &list.unwrap_or_else(|| panic!("no list {name}")).1
    }
}

/// A parameter that the model cannot take.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter} is {value}, expected {expected}")]
#[non_exhaustive]
pub struct ParamError {
    /// The parameter.
    pub parameter: &'static str,
    /// What it is.
    pub value: f64,
    /// What is allowed, in words that follow "expected".
    pub expected: String,
}

impl ParamError {
    /// An error for a condition between parameters, such as a reset at or above threshold.
    pub fn new(parameter: &'static str, value: f64, expected: impl Into<String>) -> ParamError {
        ParamError { parameter, value, expected: expected.into() }
    }
}

/// Checks every value of a table against its range.
///
/// # Errors
/// The first value out of range, with the neuron that has it.
pub fn check_ranges(table: &ParamTable, size: usize) -> Result<(), (usize, ParamError)> {
    for (spec, column) in table.specs.iter().zip(&table.columns) {
        let checked = match column {
            Column::Same(_) => size.min(1),
            Column::Each(values) => values.len(),
        };
        for index in 0..checked {
            let value = column.at(index);
            if !spec.range.contains(value) {
                return Err((index, ParamError::new(spec.name, value, spec.range.describe())));
            }
        }
    }
    Ok(())
}
