//! What piecewise linearity makes exact about one neuron under a constant current: its equilibria, the cycle of its
//! repetitive firing, the curve of rate against current, its onset, and how inputs shift its phase.

mod cycle;
mod equilibria;
mod onset;
mod phase;

pub use cycle::{Cycle, Leg};
pub use equilibria::{Equilibrium, Kind};
pub use onset::{Excitability, Onset};
pub use phase::PhaseResponse;
