//! The quadratic neurons: worked examples, laws on random neurons, the flow against an integration in many digits, and
//! peaks that just reach the threshold or just do not.

mod accuracy;
mod examples;
mod grazes;
mod laws;
mod neurons;
