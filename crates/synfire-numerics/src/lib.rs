//! Pure mathematics on numbers. Knows no neuron, no spike, no unit and no file.

pub mod cells;
pub mod dd;
pub mod decays;
pub mod drive_sign;
pub mod first_zero;
pub mod formula;
pub mod growth;
pub mod integrator;
pub mod interval;
pub mod jet;
pub mod linear;
pub mod logistic;
pub mod math;
pub mod passage;
pub mod poisson;
pub mod quadrature;
pub mod random;
pub mod relaxation;
pub mod response;
pub mod riccati;
pub mod roots;
pub mod scalar;
pub mod straight;
pub mod table;
pub mod taylor;
pub mod vector;
