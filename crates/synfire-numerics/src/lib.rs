//! Pure mathematics on numbers. Knows no neuron, no spike, no unit and no file.

pub mod math;
pub mod random;
