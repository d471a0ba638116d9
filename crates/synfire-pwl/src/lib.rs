//! Piecewise-linear neurons.

pub mod exit;
pub mod input;
pub mod linear;
pub mod orbit;
pub mod system;

use synfire_core::catalogue::ModelEntry;

/// The models of this crate, in the order in which they are documented.
pub const CATALOGUE: &[ModelEntry] = &[];
