//! Numbers of several kinds, Taylor series of formulas and fields, and first zeros of polynomials.

mod first_zero;
mod formulas;
mod jets;
mod numbers;
mod taylor;
