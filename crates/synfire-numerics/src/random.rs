//! Random numbers that depend on what they are for, not on who draws them, in what order or on which thread.

/// Names a family of streams: the seed of the run and what the numbers are for. One stream of it per id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey(pub [u32; 2]);
