//! Populations within a window: each has its own spikes to land and its own neurons to drive, and shares nothing with the
//! others but the synapses, which nobody changes. So any number of threads can take them.

use super::crew::{Crew, Job};
use super::feeds::Feed;
use super::flights::{Flight, Flights};
use super::order::{self, Sorter};
use super::slices::Slices;
use crate::group::{
    Arrival, DenseInput, Group, GroupError, Incoming, Outbox, Single, Singles, Stretch, Touch, Until, Volley,
};
use crate::ids::{LocalId, NeuronId};
use crate::network::{Network, Projection};
use crate::time::Time;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a population needs to go through windows; kept from one to the next.
pub(super) struct Lane {
    /// The dense sources that are drawn for it.
    pub feeds: Vec<Feed>,
    /// The dense inputs that the population draws itself.
    pub inputs: Vec<DenseInput>,
    /// For arrivals that come one by one, if the population goes through windows as a whole and takes them in order.
    pub slices: Option<Slices>,
    /// The population takes them ahead of time.
    pub is_ahead: bool,
    /// What arrives in the window, in canonical order.
    pub volleys: Vec<Volley>,
    /// The same, one by one.
    pub singles: Vec<Single>,
    /// If the population takes what arrives ahead of time: all that is known of the epoch.
    pub stretches: Vec<Stretch>,
    /// The first of these that has become known in this window.
    pub fresh: usize,
    /// Their epoch.
    pub epoch: u64,
    /// How many spikes each feed has brought in the window.
    pub fed: Vec<u64>,
    /// What the population has done, if it goes through windows as a whole.
    pub out: Outbox,
    pub done: Result<(), GroupError>,
    /// What it has cost so far on the clock in windows of each kind, where threads share populations.
    cost: [Duration; KINDS],
    sorter: Sorter,
}

impl Default for Lane {
    fn default() -> Lane {
        Lane {
            feeds: Vec::new(),
            inputs: Vec::new(),
            slices: None,
            is_ahead: false,
            volleys: Vec::new(),
            singles: Vec::new(),
            stretches: Vec::new(),
            fresh: 0,
            epoch: 0,
            fed: Vec::new(),
            out: Outbox::default(),
            done: Ok(()),
            cost: [Duration::ZERO; KINDS],
            sorter: Sorter::default(),
        }
    }
}

impl Lane {
    /// How many arrivals that come one by one have become known in the window.
    pub fn one_by_one(&self) -> u64 {
        let ahead: u64 = self.stretches[self.fresh..].iter().map(Stretch::synapses).sum();
        self.singles.len() as u64 + ahead
    }
}

/// A window of time.
pub(super) struct Window<'a> {
    pub from: Time,
    pub to: Time,
    /// The first neuron of each population.
    pub first: &'a [u32],
}

/// Who goes through windows in which way.
pub(super) struct Ways<'a> {
    /// The populations that go through them as a whole, and those that share their work among threads themselves.
    pub is_swept: &'a [bool],
    pub shares: &'a [bool],
    pub threads: usize,
}

/// A population on its way through a window.
struct Passage<'a> {
    lane: &'a mut Lane,
    group: &'a mut dyn Group,
    is_swept: bool,
    /// The spikes under way to it, by projection.
    flights: &'a mut [(u32, Flight)],
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

/// Windows are of two kinds: those that begin an epoch, in which a population's dense input is drawn for all of it, and the others.
const KINDS: usize = 2;

fn kind_of(from: Time) -> usize {
    usize::from(from.parts().1 > 0.0)
}

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
const OUTDATED: f64 = 1.25;

impl Helpers {
    fn new(threads: usize, populations: impl Iterator<Item = usize>) -> Helpers {
        let crew = Crew::new(threads);
        let common = Common { from: Time::ZERO, to: Time::ZERO, first: Vec::new(), projections: Vec::new() };
        let mut parts: Vec<Vec<Errand>> = Vec::new();
        parts.resize_with(crew.threads(), Vec::new);
        parts[0].extend(populations.map(Errand::new));
        Helpers { crew, parts, common: Arc::new(common), divided_at: Duration::ZERO }
    }

    /// Lets threads take their populations through the window.
    fn go(
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
        let errands = |parts: &mut [Vec<Errand>], each: &mut dyn FnMut(&mut Errand)| {
            parts.iter_mut().flatten().for_each(each);
        };
        errands(&mut self.parts, &mut |errand| errand.exchange(network, flights, lanes));
        exchange_common(only(&mut self.common), &mut network.projections);
        errands(&mut self.parts, &mut |errand| errand.common = Some(self.common.clone()));
        self.crew.work(&mut self.parts);
        exchange_common(only(&mut self.common), &mut network.projections);
        errands(&mut self.parts, &mut |errand| errand.exchange(network, flights, lanes));
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
        for (errand, thread) in errands.into_iter().zip(threads_for(&costs, self.parts.len())) {
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

/// Which thread takes which population, so that threads wait for one another as little as possible: in each window, thus in each kind
/// of windows for the one that has most to do.
fn threads_for(costs: &[[f64; KINDS]], threads: usize) -> Vec<usize> {
    let length = |taken: &[Option<usize>]| -> f64 {
        let load = |kind: usize, thread: usize| -> f64 {
            costs
                .iter()
                .zip(taken)
                .filter(|(_, taker)| **taker == Some(thread))
                .map(|(cost, _)| cost[kind])
                .sum()
        };
        let longest = |kind: usize| (0..threads).map(|thread| load(kind, thread)).fold(0.0, f64::max);
        (0..KINDS).map(longest).sum()
    };
    // The dearest first, each to where it lengthens least, ...
    let mut order: Vec<usize> = (0..costs.len()).collect();
    let total = |place: usize| costs[place].iter().sum::<f64>();
    order.sort_by(|&a, &b| total(b).total_cmp(&total(a)));
    let mut taken = vec![None; costs.len()];
    for &place in &order {
        let with = |thread| {
            let mut taken = taken.clone();
            taken[place] = Some(thread);
            length(&taken)
        };
        taken[place] = (0..threads).min_by(|&a, &b| with(a).total_cmp(&with(b)));
    }
    // ... then whoever shortens by going to another thread, or by changing places with another.
    let mut best = length(&taken);
    let mut is_better = |taken: &[Option<usize>]| {
        let length = length(taken);
        let is_better = length < 0.999 * best;
        if is_better {
            best = length;
        }
        is_better
    };
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        for place in 0..taken.len() {
            for thread in 0..threads {
                let was = taken[place].replace(thread);
                if is_better(&taken) { has_changed = true } else { taken[place] = was }
            }
            for other in 0..place {
                taken.swap(place, other);
                if is_better(&taken) { has_changed = true } else { taken.swap(place, other) }
            }
        }
    }
    taken.into_iter().map(|thread| thread.unwrap_or(0)).collect()
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

/// Lands everything that arrives in the window, and drives the populations that go through it as a whole.
pub(super) fn go_through(
    (from, to): (Time, Time),
    first: &mut Vec<u32>,
    ways: &Ways<'_>,
    network: &mut Network,
    flights: &mut Flights,
    lanes: &mut [Lane],
    helpers: &mut Option<Helpers>,
) {
    let is_errand = |population: usize| ways.is_swept[population] && !ways.shares[population];
    let errands = (0..lanes.len()).filter(|&population| is_errand(population));
    let are_shared = ways.threads > 1 && errands.clone().count() > 1;
    if are_shared {
        let threads = ways.threads.min(errands.clone().count());
        let helpers = helpers.get_or_insert_with(|| Helpers::new(threads, errands));
        helpers.go((from, to), first, network, flights, lanes);
    }
    let Network { groups, projections, .. } = network;
    let window = Window { from, to, first };
    for (population, (group, lane)) in groups.iter_mut().zip(lanes).enumerate() {
        if are_shared && is_errand(population) {
            continue;
        }
        let (is_swept, flights) = (ways.is_swept[population], flights.to.get_mut(population));
        let flights = flights.map_or(&mut [][..], Vec::as_mut_slice);
        Passage { lane, group: &mut **group, is_swept, flights }.go(&window, projections);
    }
}

impl Passage<'_> {
    fn go(&mut self, window: &Window<'_>, projections: &[Projection]) {
        self.collect(window, projections);
        if !self.is_swept {
            return;
        }
        let lane = &mut *self.lane;
        lane.out.clear();
        let stretches = &lane.stretches[lane.fresh..];
        let incoming = Incoming { volleys: &lane.volleys, singles: &lane.singles, stretches };
        let (from, to) = (window.from, window.to);
        lane.done = self.group.drive_window(from, to, incoming, projections, &mut lane.out);
    }

    /// Lands all spikes that arrive in the window, in canonical order.
    fn collect(&mut self, window: &Window<'_>, projections: &[Projection]) {
        let lane = &mut *self.lane;
        lane.volleys.clear();
        let (now, _) = window.from.parts();
        lane.singles.clear();
        if std::mem::replace(&mut lane.epoch, now) != now {
            lane.stretches.clear();
        }
        lane.fresh = lane.stretches.len();
        match self.lane.slices.take() {
            Some(mut slices) => {
                self.land_all(
                    window,
                    projections,
                    #[inline(always)]
                    |single| slices.push(now, single),
                );
                for feed in &mut self.lane.feeds {
                    feed.fill(window.to, &projections[feed.projection as usize], &mut slices);
                }
                slices.take((window.from, window.to), projections, window.first, &mut self.lane.singles);
                self.lane.slices = Some(slices);
            }
            None if self.lane.is_ahead => self.land_stretches(window, projections),
            None => self.flights.iter_mut().for_each(|(index, flight)| {
                land(*index, flight, window, projections, &mut self.lane.volleys)
            }),
        }
        let Lane { feeds, volleys, singles, fed, sorter, .. } = &mut *self.lane;
        fed.clear();
        let count =
            |feed: &Feed| singles.iter().filter(|single| single.projection == feed.projection).count() as u64;
        fed.extend(feeds.iter().map(count));
        if self.group.singles() == Singles::AsVolleys {
            volleys.extend(
                singles.drain(..).map(|single| single.volley(window.from, window.first, projections)),
            );
        }
        // Two volleys of one spike at one instant are of different projections; two of one source's spikes can meet over
        // different delays, then the declared ranks decide, synapse by synapse: see `settle_ranks`.
        sorter.sort(volleys, (window.from, window.to));
        if self.is_swept {
            let source_of = |volley: &Volley| {
                let source = projections[volley.projection as usize].source;
                (volley.source.0 - window.first[source.index()]) as usize
            };
            order::settle_ranks(volleys, projections, source_of);
        }
    }

    /// Lands what arrives over equal delays in the window, and what arrives over others up to the end of the epoch.
    fn land_stretches(&mut self, window: &Window<'_>, projections: &[Projection]) {
        let (epoch, _) = window.from.parts();
        let Lane { stretches, volleys, .. } = &mut *self.lane;
        for (index, flight) in &*self.flights {
            if let Flight::Ahead(rows) = flight {
                rows.prefetch(&projections[*index as usize]);
            }
        }
        for (index, flight) in &mut *self.flights {
            let projection = &projections[*index as usize];
            let Flight::Ahead(rows) = flight else {
                land(*index, flight, window, projections, volleys);
                continue;
            };
            let first_source = window.first[projection.source.index()];
            rows.take((*index, projection, first_source), epoch, stretches);
        }
    }

    /// Lands what arrives over equal delays in the window, and one by one what arrives over others up to the end of the epoch.
    #[inline(always)]
    fn land_all(
        &mut self,
        window: &Window<'_>,
        projections: &[Projection],
        mut land_one: impl FnMut(Single),
    ) {
        let (epoch, _) = window.from.parts();
        for (index, flight) in &mut *self.flights {
            let projection = &projections[*index as usize];
            let Flight::Sliced(wheel) = flight else {
                land(*index, flight, window, projections, &mut self.lane.volleys);
                continue;
            };
            let first_source = window.first[projection.source.index()];
            wheel.land_singly(
                projection,
                epoch,
                #[inline(always)]
                |offset, source, place| {
                    land_one(Single {
                        offset,
                        weight: projection.weights.at(place),
                        target: projection.targets[place],
                        source: NeuronId(first_source + source),
                        projection: *index,
                        place: (place - projection.row(source as usize).start) as u32,
                    });
                },
            );
        }
    }
}

/// Lands what arrives over a projection in the window.
fn land(
    index: u32,
    flight: &mut Flight,
    window: &Window<'_>,
    projections: &[Projection],
    volleys: &mut Vec<Volley>,
) {
    let projection = &projections[index as usize];
    let first_source = window.first[projection.source.index()];
    flight.land(projection, window.to, |landing| {
        volleys.push(Volley {
            at: landing.at,
            source: NeuronId(first_source + landing.source),
            projection: index,
            first: landing.first,
            end: landing.end,
        });
    });
}
