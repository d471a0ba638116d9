//! Samples to be taken on the way.

use crate::ids::{LocalId, PopulationId};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A state variable of one neuron, looked at again and again.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The population.
    pub population: PopulationId,
    /// The neuron.
    pub neuron: LocalId,
    /// The index of the variable (see [`crate::receptor::variable_names`]).
    pub variable: usize,
    /// When.
    pub times: ProbeTimes,
}

/// When a probe looks.
#[derive(Clone, Debug)]
pub enum ProbeTimes {
    /// At the multiples of an interval, from 0 on. Each is one rounding of k times the interval.
    Every {
        /// The interval, ms, positive.
        interval_ms: f64,
    },
    /// At these times, rising.
    At(Vec<Time>),
}

impl ProbeTimes {
    fn nth(&self, n: u64) -> Time {
        match self {
            ProbeTimes::Every { interval_ms } => Time::from_ms(n as f64 * interval_ms).unwrap_or(Time::NEVER),
            ProbeTimes::At(times) => times.get(n as usize).copied().unwrap_or(Time::NEVER),
        }
    }
}

/// All probes, by the time of their next sample; equal times in the order of the probes.
#[derive(Debug, Default)]
pub(crate) struct ProbeSchedule {
    probes: Vec<Probe>,
    upcoming: BinaryHeap<Reverse<(Time, usize, u64)>>,
}

impl ProbeSchedule {
    /// The schedule of those probes that are `wanted`; each keeps its place among all.
    pub(crate) fn of_some(probes: &[Probe], wanted: impl Fn(&Probe) -> bool) -> ProbeSchedule {
        let all = probes.iter().enumerate().filter(|(_, probe)| wanted(probe));
        let upcoming = all.map(|(place, p)| Reverse((p.times.nth(0), place, 0))).collect();
        ProbeSchedule { probes: probes.to_vec(), upcoming }
    }

    /// When the next sample is due.
    pub(super) fn next(&self) -> Time {
        self.upcoming.peek().map_or(Time::NEVER, |Reverse((at, ..))| *at)
    }

    /// Takes every sample before `before`, in order of time.
    pub(crate) fn take(&mut self, before: Time, mut sample: impl FnMut(usize, &Probe, Time)) {
        while let Some(mut first) = self.upcoming.peek_mut() {
            let Reverse((at, place, n)) = *first;
            if at >= before {
                return;
            }
            sample(place, &self.probes[place], at);
            *first = Reverse((self.probes[place].times.nth(n + 1), place, n + 1));
        }
    }
}
