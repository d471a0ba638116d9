//! Blocks of events in few bytes: encoding and decoding.
//!
//! A block knows nothing of those before it, but of the rows that have been told of (below). Each event begins with a byte: the kind
//! in its lower four bits, then flags.
//!
//! | flag | meaning |
//! |---|---|
//! | 16 | the time is that of the event before |
//! | 32 | a generation follows; else it is 0 |
//! | 64 | an arrival: source and projection are those of the arrival before. A spike: see below |
//! | 128 | an arrival: weight and delay are those of the last arrival over this projection |
//!
//! What follows, as far as flags do not say that it is known: the epoch less that of the event before (signed), the offset
//! (f64, little-endian), the generation, the neuron as the network counts it less that of the event before (signed); of an
//! arrival the source (signed, likewise), the projection, the weight and the delay (f64); of a prediction its epoch less the
//! event's, and its offset; of a stimulus the current (f64), of a switch the gain (f64). The two highest bits of a spike's first byte are its cause.
//! A window has time, epoch of its end less that of its beginning, and offset of its end.
//!
//! The kind 15 stands for arrivals of one spike at several neurons of one population, next to each other in the log: after the
//! generation their number, then, as far as flags do not say that they are known, source and projection, the delay, a byte that is
//! 1 if every neuron has a weight of its own, else the one weight; then the first neuron (signed, likewise), each further one
//! less the one before, and the weights, if each has its own. Integers are of variable length,
//! seven bits a byte, lowest first; signed ones are 2n, or -2n - 1 below 0.
//!
//! The kind 14 stands for arrivals of one spike at all of a row: after the generation the row's number. Rows are numbered as they
//! come, each before the first block that needs it: a byte that is 0, population, source, projection, delay, a byte that is 1 if every
//! neuron has a weight of its own, else the one weight; the number of neurons; the first neuron as its population counts it, each further
//! one less the one before; and the weights, if each has its own.
//!
//! The kind 13 stands for all spikes of the dense inputs that have been told of, and all that arrives of them, from its time to
//! before another, which follows as that of a window does: who reads draws them again ([`synfire_core::events::DenseTrains`]), and they belong between the
//! events that come up to the next of this kind, or the end of the block. Dense inputs come among the rows: a byte that is 1, the kinds
//! that are to be drawn (see [`synfire_core::events::Kinds::bits`]), source population, target population, projection, delay, the two halves of the key and the mean
//! number of spikes in a cell of their processes, from when and before when they spike (epoch and offset each), a byte that is 1 if every
//! neuron has a weight of its own, else the one weight, and the weights, if each has its own.

mod decoder;
mod encoder;
mod numbers;
mod summary;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use numbers::{put, take};
pub use summary::{Summary, add_to_ranges};

use synfire_core::Time;

const SAME_TIME: u8 = 16;
const GENERATION: u8 = 32;
const SAME_SOURCE: u8 = 64;
const SAME_WEIGHT: u8 = 128;
/// Several arrivals.
const TOGETHER: u8 = 15;
/// Arrivals at all of a row.
const ROW: u8 = 14;
/// Dense input that is drawn again.
const REDRAWN: u8 = 13;

/// What comes before blocks that need it.
const OF_ROW: u8 = 0;
const OF_TRAINS: u8 = 1;

/// What both sides remember of the events before.
#[derive(Clone, Debug)]
struct Past {
    at: Time,
    neuron: u32,
    source: (u32, u32),
    /// By projection: weight and delay of its last arrival.
    weights: Vec<Option<(f64, f64)>>,
}

impl Past {
    const fn new() -> Past {
        Past { at: Time::ZERO, neuron: 0, source: (0, u32::MAX), weights: Vec::new() }
    }

    fn forget(&mut self) {
        let mut weights = std::mem::take(&mut self.weights);
        weights.iter_mut().for_each(|weight| *weight = None);
        *self = Past { weights, ..Past::new() };
    }

    fn weight(&mut self, projection: u32) -> &mut Option<(f64, f64)> {
        let place = projection as usize;
        if self.weights.len() <= place {
            self.weights.resize(place + 1, None);
        }
        &mut self.weights[place]
    }
}

/// The first neuron of each population, as the network counts them, and the number of all.
fn first_neurons(sizes: &[usize]) -> Vec<u32> {
    let mut first = vec![0];
    for size in sizes {
        first.push(first[first.len() - 1] + *size as u32);
    }
    first
}
