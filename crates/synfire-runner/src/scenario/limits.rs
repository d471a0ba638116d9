//! Sizes: what a network would need, and what is refused before anything is allocated.

use super::check::{Checked, Checker};
use super::fields::Entry;
use super::problem::{ProblemKind, Reported};
use super::{Precision, Quantity};

/// Spike times lie before this, ms: the clock's last epoch.
pub(super) const END_OF_TIME_MS: f64 = 9_007_199_254_740_992.0;

/// How large a network may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Neurons of all populations.
    pub neurons: u64,
    /// Synapses of all projections.
    pub synapses: u64,
    /// Bytes for neurons and synapses.
    pub memory: u64,
    /// Sampled values of state variables.
    pub samples: u64,
}

impl Default for Limits {
    /// 10^8 neurons, 4·10^9 synapses, 64 GiB, 10^10 samples.
    fn default() -> Limits {
        Limits { neurons: 100_000_000, synapses: 4_000_000_000, memory: 64 << 30, samples: 10_000_000_000 }
    }
}

/// What a network needs, as estimated from its description.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    /// Neurons.
    pub neurons: f64,
    /// Synapses; the expected number where it is drawn.
    pub synapses: f64,
    /// Bytes for neurons and synapses.
    pub memory: f64,
}

/// Bytes of a neuron: state, receptors, queue entry.
const BYTES_PER_NEURON: f64 = 200.0;

/// A projection counts its synapses with 32 bits.
const SYNAPSES_PER_PROJECTION: u64 = u32::MAX as u64;

/// Bytes of a synapse: its target, and those of each of weight and delay that varies.
pub(super) fn bytes_per_synapse(numbers: [Option<&Quantity>; 2], precision: Precision) -> f64 {
    let varying = numbers.into_iter().flatten().filter(|quantity| !matches!(quantity, Quantity::Number(_)));
    4.0 + precision.bytes() * varying.count() as f64
}

impl Checker {
    /// Counts the neurons of a population.
    pub fn count_neurons(&mut self, entry: &Entry<'_>, neurons: u64) -> Checked<()> {
        let memory = self.needs.memory + neurons as f64 * BYTES_PER_NEURON;
        let total = self.needs.neurons + neurons as f64;
        self.within(entry, total, self.limits.neurons, "neurons", memory)?;
        self.needs.neurons = total;
        self.count_memory(entry, memory)
    }

    /// Counts the synapses of a projection.
    pub fn count_synapses(&mut self, entry: &Entry<'_>, synapses: f64, bytes_each: f64) -> Checked<()> {
        let memory = self.needs.memory + synapses * bytes_each;
        let total = self.needs.synapses + synapses;
        self.within(entry, total, self.limits.synapses, "synapses", memory)?;
        self.within(entry, synapses, SYNAPSES_PER_PROJECTION, "synapses in one projection", memory)?;
        self.needs.synapses = total;
        self.count_memory(entry, memory)
    }

    /// Counts sampled values, each a time and a number.
    pub fn count_samples(&mut self, entry: &Entry<'_>, samples: f64) -> Checked<()> {
        self.within(entry, samples, self.limits.samples, "samples", 16.0 * samples)
    }

    fn count_memory(&mut self, entry: &Entry<'_>, memory: f64) -> Checked<()> {
        if memory > self.limits.memory as f64 {
            let message = format!("the network up to here would need about {}", bytes(memory));
            return Err(self.too_large(
                entry,
                message,
                format!("the limit is {}", bytes(self.limits.memory as f64)),
            ));
        }
        self.needs.memory = memory;
        Ok(())
    }

    fn within(&mut self, entry: &Entry<'_>, count: f64, limit: u64, what: &str, memory: f64) -> Checked<()> {
        if count <= limit as f64 {
            return Ok(());
        }
        let message = format!("{} {what} would need about {}", amount(count), bytes(memory));
        Err(self.too_large(entry, message, format!("the limit is {} {what}", amount(limit as f64))))
    }

    fn too_large(&mut self, entry: &Entry<'_>, message: String, help: String) -> Reported {
        self.problems.report(ProblemKind::TooLarge, &entry.path, entry.underlined(), message, help)
    }
}

/// A count in a message: exact up to a million.
fn amount(count: f64) -> String {
    if count <= 1e6 { format!("{count}") } else { format!("{count:.2e}") }
}

/// An amount of memory in a message.
fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value >= 1e6 { format!("{value:.2e} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}
