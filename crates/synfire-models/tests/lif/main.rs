//! The lif neuron: worked examples, laws on random neurons, and the flow against an integration in many digits.

mod accuracy;
mod examples;
mod grazes;
mod laws;
mod neurons;
