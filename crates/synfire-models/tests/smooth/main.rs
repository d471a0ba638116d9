//! Every smooth model: what all models promise, on random neurons; and peaks next to threshold, decided in many digits.

mod grazes;
mod laws;
mod neurons;
mod phases;
mod remainders;
