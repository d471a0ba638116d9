//! The event engine of synfire: time, queues, groups of neurons, engines and observers.
//!
//! Start reading at [`model`], then [`population`], then [`engine`].

pub mod catalogue;
pub mod dense;
pub mod engine;
pub mod events;
pub mod group;
mod ids;
pub mod linear;
pub mod model;
pub mod network;
pub mod observer;
pub mod oracle;
pub mod phase;
pub mod population;
mod prefetch;
pub mod queue;
pub mod rates;
pub mod receptor;
pub mod relive;
pub mod source;
pub mod spec;
mod stimulus;
mod time;

pub use ids::{LocalId, NeuronId, PopulationId};
pub use time::Time;
