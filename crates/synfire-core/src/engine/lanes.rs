//! Populations within a window: each has its own spikes to land and its own neurons to drive, and shares nothing with the
//! others but the synapses, which nobody changes. So any number of threads can take them.

use super::division::KINDS;
use super::feeds::Feed;
use super::flights::{Flight, Flights};
use super::helpers::Helpers;
use super::order::{self, Sorter};
use super::slices::Slices;
use crate::group::{DenseInput, Group, GroupError, Incoming, Outbox, Single, Singles, Stretch, Volley};
use crate::ids::NeuronId;
use crate::network::{Network, Projection};
use crate::time::Time;
use std::time::Duration;

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
    pub cost: [Duration; KINDS],
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
pub(super) struct Passage<'a> {
    pub lane: &'a mut Lane,
    pub group: &'a mut dyn Group,
    pub is_swept: bool,
    /// The spikes under way to it, by projection.
    pub flights: &'a mut [(u32, Flight)],
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
    pub(super) fn go(&mut self, window: &Window<'_>, projections: &[Projection]) {
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
