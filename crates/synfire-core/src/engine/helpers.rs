//! Threads that take populations through windows.

use super::crew::{Crew, Job};
use super::division::{Division, KINDS};
use super::flights::{Flight, Flights};
use super::lanes::{Lane, Passage, Window};
use crate::group::{Arrival, Group, GroupError, Outbox, Touch, Until};
use crate::ids::LocalId;
use crate::network::{Network, Projection};
use crate::time::Time;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Threads that take populations through windows, and who takes which.
pub(super) struct Helpers {
    crew: Crew<Errand>,
    /// The populations of each thread: nearly always the same, in whose cache they are.
    parts: Vec<Vec<Errand>>,
    common: Arc<Common>,
    /// What the populations had cost together when they were divided last.
    divided_at: Duration,
}

/// Populations are divided anew when they have cost so many times what they had.
const OUTDATED: f64 = 1.5;

impl Helpers {
    pub(super) fn new(threads: usize, populations: impl Iterator<Item = usize>) -> Helpers {
        let crew = Crew::new(threads);
        let common = Common { from: Time::ZERO, to: Time::ZERO, first: Vec::new(), projections: Vec::new() };
        let mut parts: Vec<Vec<Errand>> = Vec::new();
        parts.resize_with(crew.threads(), Vec::new);
        parts[0].extend(populations.map(Errand::new));
        Helpers { crew, parts, common: Arc::new(common), divided_at: Duration::ZERO }
    }

    /// Lets threads take their populations through the window.
    pub(super) fn go(
        &mut self,
        (from, to): (Time, Time),
        first: &mut Vec<u32>,
        network: &mut Network,
        flights: &mut Flights,
        lanes: &mut [Lane],
    ) {
        self.divide(network, lanes);
        let mut exchange_common = |common: &mut Common, projections: &mut Vec<Projection>| {
            (common.from, common.to) = (from, to);
            std::mem::swap(&mut common.first, first);
            std::mem::swap(&mut common.projections, projections);
        };
        self.parts.iter_mut().flatten().for_each(|errand| errand.exchange(network, flights, lanes));
        exchange_common(only(&mut self.common), &mut network.projections);
        self.parts.iter_mut().flatten().for_each(|errand| errand.common = Some(self.common.clone()));
        self.crew.work(&mut self.parts);
        exchange_common(only(&mut self.common), &mut network.projections);
        self.parts.iter_mut().flatten().for_each(|errand| errand.exchange(network, flights, lanes));
    }

    /// Divides the populations among the threads by what they have cost, if that is no longer what it was.
    fn divide(&mut self, network: &Network, lanes: &[Lane]) {
        let errands = self.parts.iter().flatten();
        let all: Duration = errands.flat_map(|errand| lanes[errand.population].cost).sum();
        if self.divided_at > Duration::ZERO && all <= self.divided_at.mul_f64(OUTDATED) {
            return;
        }
        self.divided_at = all.max(Duration::from_nanos(1));
        let mut errands: Vec<Errand> = self.parts.iter_mut().flat_map(std::mem::take).collect();
        errands.sort_unstable_by_key(|errand| errand.population);
        // What is not known yet depends on how many neurons there are.
        let cost = |errand: &Errand| {
            let guess = 1e-9 * network.groups[errand.population].size() as f64;
            lanes[errand.population].cost.map(|cost| cost.as_secs_f64() + guess)
        };
        let costs: Vec<[f64; KINDS]> = errands.iter().map(cost).collect();
        for (errand, thread) in errands.into_iter().zip(Division::new(&costs, self.parts.len()).takers) {
            self.parts[thread].push(errand);
        }
    }
}

/// What nobody else holds any more, or is about to let go.
fn only(common: &mut Arc<Common>) -> &mut Common {
    while Arc::get_mut(common).is_none() {
        std::hint::spin_loop();
    }
    Arc::get_mut(common).unwrap_or_else(|| unreachable!())
}

/// What all populations share on their way through a window in which threads take them.
struct Common {
    from: Time,
    to: Time,
    first: Vec<u32>,
    projections: Vec<Projection>,
}

/// A population that a thread takes through a window. Between windows it holds nothing.
struct Errand {
    population: usize,
    lane: Lane,
    group: Box<dyn Group>,
    /// The spikes under way to it, by projection.
    flights: Vec<(u32, Flight)>,
    /// Given back when it is done.
    common: Option<Arc<Common>>,
}

impl Errand {
    fn new(population: usize) -> Errand {
        let (lane, group) = (Lane::default(), Box::new(Absent));
        Errand { population, lane, group, flights: Vec::new(), common: None }
    }

    /// Takes what it needs, or gives it back.
    fn exchange(&mut self, network: &mut Network, flights: &mut Flights, lanes: &mut [Lane]) {
        std::mem::swap(&mut self.lane, &mut lanes[self.population]);
        std::mem::swap(&mut self.group, &mut network.groups[self.population]);
        if let Some(flights) = flights.to.get_mut(self.population) {
            std::mem::swap(&mut self.flights, flights);
        }
    }
}

impl Job for Errand {
    fn run(&mut self) {
        if let Some(common) = self.common.take() {
            let begin = Instant::now();
            let window = Window { from: common.from, to: common.to, first: &common.first };
            let Errand { lane, group, flights, .. } = self;
            let mut passage = Passage { lane, group: &mut **group, is_swept: true, flights };
            passage.go(&window, &common.projections);
            self.lane.cost[kind_of(common.from)] += begin.elapsed();
        }
    }
}

/// A window that begins an epoch is the first kind.
fn kind_of(from: Time) -> usize {
    usize::from(from.parts().1 > 0.0)
}

/// In place of a population that a thread has.
struct Absent;

impl Group for Absent {
    fn size(&self) -> usize {
        0
    }

    fn start(&mut self, _: &mut Outbox) {}

    fn drive(&mut self, _: Until, _: &[Touch], _: &[Arrival], _: &mut Outbox) -> Result<(), GroupError> {
        Ok(())
    }

    fn sample(&self, _: Time, _: LocalId, _: usize) -> f64 {
        f64::NAN
    }
}
