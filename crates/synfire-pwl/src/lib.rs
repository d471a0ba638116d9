//! Piecewise-linear neurons.

pub mod exit;
pub mod input;
pub mod linear;
pub mod orbit;
pub mod system;
