//! Engines: one semantics, two ways to drive the groups.
//!
//! The queue engine goes from instant to instant and is the only one that can do zero delays. The lookahead engine goes
//! from window to window, each as long as the least delay: what arrives in a window is known at its beginning, so its
//! neurons are independent. Both give the same bits.

mod by_instant;
mod by_window;
mod crew;
mod division;
mod feeds;
mod flights;
mod helpers;
mod lanes;
mod order;
mod probes;
mod slices;
mod stretches;
mod telling;

use crate::events::DenseTrains;
use crate::group::{Arrival, GroupError, Note, Outbox, Touch};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::{Network, Values};
use crate::observer::Observer;
use crate::queue::{EventQueue, IndexedHeap, MinTree, PriorityQueueHeap, ScanQueue};
use crate::rates::Rates;
use crate::time::Time;
use flights::Flights;
pub(crate) use probes::ProbeSchedule;
pub use probes::{Probe, ProbeTimes};

/// Which queue keeps the wake times. All give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// Our own tree of minima: the fastest.
    #[default]
    MinTree,
    /// Our own indexed heap.
    IndexedHeap,
    /// The `priority-queue` crate.
    PriorityQueue,
    /// A scan over all neurons: the oracle.
    Scan,
}

/// Which engine. Both give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// From instant to instant.
    Queue,
    /// From window to window; every delay must be positive.
    Lookahead,
}

/// How to run a network.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The queue.
    pub queue: QueueKind,
    /// The engine; `None` lets the least delay decide.
    pub engine: Option<EngineKind>,
    /// Populations whose spikes are counted, but need not be reported to observers. Dense background input runs faster so.
    pub unwatched: Vec<PopulationId>,
    /// Populations of whose spikes and what arrives of them nobody needs to be told, because whoever cares can draw them again:
    /// see [`Simulation::dense_trains`].
    pub redrawn: Vec<PopulationId>,
    /// Threads that may be used, for groups that can share their work; 0 counts as 1. They change no bit.
    pub threads: usize,
}

/// What a run has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spikes of each population.
    pub spikes: Vec<u64>,
    /// Arrivals: synaptic events.
    pub arrivals: u64,
    /// Crossings that rounding alone decided.
    pub ambiguous: u64,
    /// Gain switches of each population, up to the last one of rates; empty without rates.
    pub switches: Vec<u64>,
}

/// A network that cannot be run as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The lookahead engine was named for a network with delays that are zero or nearly so.
    #[error(
        "the lookahead engine needs delays of at least {least_window_ms} ms, the least one is {least_delay_ms} ms"
    )]
    DelayTooShort {
        /// The least delay, ms.
        least_delay_ms: f64,
        /// The shortest window, ms.
        least_window_ms: f64,
    },
    /// More neurons than ids.
    #[error("{0} neurons, at most {max} can be run", max = u32::MAX - 1)]
    TooManyNeurons(u64),
}

/// A run that cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Spikes that make one another at one instant, over zero delays, without end.
    #[error("more than a million generations of spikes at {at} ms; in the loop: {}", name_loop(.neurons))]
    EndlessInstant {
        /// The instant.
        at: Time,
        /// The neurons of the last generations.
        neurons: Vec<(PopulationId, LocalId)>,
    },
    /// A group that cannot go on.
    #[error("population {}: {error}", population.0)]
    Group {
        /// The population.
        population: PopulationId,
        /// Why.
        error: GroupError,
    },
}

fn name_loop(neurons: &[(PopulationId, LocalId)]) -> String {
    let names: Vec<String> =
        neurons.iter().map(|(p, n)| format!("neuron {} of population {}", n.0, p.0)).collect();
    names.join(", ")
}

/// The lookahead engine takes no shorter windows.
const LEAST_WINDOW_MS: f64 = 1e-2;

/// Windows shorter than this are not worth their overhead: unless told otherwise, the queue engine runs such networks.
const WORTHWHILE_WINDOW_MS: f64 = 0.25;
/// The same where all neurons are of groups that go through windows as a whole.
const WORTHWHILE_SWEPT_WINDOW_MS: f64 = 0.04;

fn worthwhile_window_ms(network: &Network) -> f64 {
    let mut is_target = vec![false; network.groups.len()];
    network.projections.iter().for_each(|p| is_target[p.target.index()] = true);
    let sweep_all =
        network.groups.iter().zip(is_target).all(|(group, is_target)| group.sweeps() || !is_target);
    if sweep_all { WORTHWHILE_SWEPT_WINDOW_MS } else { WORTHWHILE_WINDOW_MS }
}

/// Spikes of sources a neuron and window that are dense input.
const DENSE_SPIKES: f64 = 0.05;

/// Whether sources alone give something to do to most neurons in every few windows: then windows are worth it however short
/// they are.
fn is_dense(network: &Network, window_ms: f64) -> bool {
    let spikes_per_ms: f64 = network.groups.iter().map(|group| group.source_spikes_per_ms()).sum();
    let neurons: usize = network.groups.iter().map(|group| group.size()).sum();
    spikes_per_ms * window_ms >= DENSE_SPIKES * neurons as f64
}

/// A network being run.
pub struct Simulation {
    inner: Inner,
    kind: EngineKind,
    /// Rate populations, which run beside the engine.
    rates: Option<Rates>,
}

enum Inner {
    MinTree(Engine<MinTree>),
    IndexedHeap(Engine<IndexedHeap>),
    PriorityQueue(Engine<PriorityQueueHeap>),
    Scan(Engine<ScanQueue>),
}

/// Calls the same method whatever the queue.
macro_rules! with_engine {
    ($inner:expr, $engine:ident => $call:expr) => {
        match $inner {
            Inner::MinTree($engine) => $call,
            Inner::IndexedHeap($engine) => $call,
            Inner::PriorityQueue($engine) => $call,
            Inner::Scan($engine) => $call,
        }
    };
}

impl Simulation {
    /// The network at t = 0, nothing has happened yet. Probes are samples to be taken on the way.
    ///
    /// # Errors
    /// The lookahead engine was named for a network that has a delay below 0.01 ms; more than 2^32 - 2 neurons.
    pub fn new(
        mut network: Network,
        probes: Vec<Probe>,
        options: &Options,
    ) -> Result<Simulation, EngineError> {
        let neurons: u64 = network.groups.iter().map(|g| g.size() as u64).sum();
        if neurons >= u64::from(u32::MAX) {
            return Err(EngineError::TooManyNeurons(neurons));
        }
        let mut least_delay_ms =
            network.projections.iter().map(|p| p.least_delay()).fold(f64::INFINITY, f64::min);
        if network.groups.iter_mut().any(|group| group.rows().is_some()) {
            least_delay_ms = 0.0; // such groups are for zero delays, even if no synapse came of them
        }
        let can_look_ahead = least_delay_ms >= LEAST_WINDOW_MS;
        let kind = match options.engine {
            Some(EngineKind::Lookahead) if !can_look_ahead => {
                return Err(EngineError::DelayTooShort { least_delay_ms, least_window_ms: LEAST_WINDOW_MS });
            }
            Some(kind) => kind,
            None if least_delay_ms >= worthwhile_window_ms(&network) => EngineKind::Lookahead,
            None if can_look_ahead && is_dense(&network, least_delay_ms) => EngineKind::Lookahead,
            None => EngineKind::Queue,
        };
        let mut rates = network.rates.take();
        if let Some(rates) = &mut rates {
            rates.watch(&probes);
        }
        let is_spiking = |probe: &Probe| !rates.as_ref().is_some_and(|rates| rates.has(probe.population));
        let probes = ProbeSchedule::of_some(&probes, is_spiking);
        let mut inner = match options.queue {
            QueueKind::MinTree => Inner::MinTree(Engine::new(network, probes)),
            QueueKind::IndexedHeap => Inner::IndexedHeap(Engine::new(network, probes)),
            QueueKind::PriorityQueue => Inner::PriorityQueue(Engine::new(network, probes)),
            QueueKind::Scan => Inner::Scan(Engine::new(network, probes)),
        };
        if kind == EngineKind::Lookahead {
            with_engine!(&mut inner, engine => {
                engine.look_ahead(least_delay_ms, options);
            });
        }
        Ok(Simulation { inner, kind, rates })
    }

    /// Runs up to `until`; what happens at exactly that time is left to the next call. Running on later gives the same bits
    /// as having run there at once.
    ///
    /// # Errors
    /// Spikes without end at one instant.
    pub fn run(&mut self, until: Time, observer: &mut impl Observer) -> Result<(), RunError> {
        // Rates hear nothing of spikes: they go ahead.
        self.rates.as_mut().map_or(Ok(()), |rates| rates.run(until, observer))?;
        let kind = self.kind;
        with_engine!(&mut self.inner, engine => match kind {
            EngineKind::Queue => engine.run_by_instant(until, observer),
            EngineKind::Lookahead => engine.run_by_window(until, observer),
        })?;
        if by_instant::needs_notes(observer) {
            observer.reached(until);
        }
        Ok(())
    }

    /// The gains of a rate population as they are now (see [`Rates::gains`]); empty for all other populations.
    pub fn gains(&self, population: PopulationId) -> Vec<f64> {
        self.rates.as_ref().map_or(Vec::new(), |rates| rates.gains(population))
    }

    /// How far the run has come.
    pub fn now(&self) -> Time {
        with_engine!(&self.inner, engine => engine.now)
    }

    /// The greatest delay of all synapses, ms; negative infinity without synapses.
    pub fn greatest_delay_ms(&self) -> f64 {
        with_engine!(&self.inner, engine => {
            let projections = engine.network.projections.iter().filter(|p| p.synapses() > 0);
            projections.map(|p| p.longest_delay()).fold(f64::NEG_INFINITY, f64::max)
        })
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        let mut counts = with_engine!(&self.inner, engine => engine.counts());
        if let Some(rates) = &self.rates {
            counts.switches.extend(rates.switches());
            counts.ambiguous += rates.ambiguous();
        }
        counts
    }

    /// The dense inputs of which observers are not told, because [`Options::redrawn`] names their populations: neither of spikes
    /// nor of arrivals. Others there are told of as ever, if they are not dense, reach more than one population or not one to
    /// one, or if the queue engine runs.
    pub fn dense_trains(&self) -> Vec<DenseTrains> {
        with_engine!(&self.inner, engine => engine.dense_trains())
    }

    /// How many spikes there have been, at no cost: spikes of dense input that no observer watches count when they arrive,
    /// in [`Simulation::counts`] when they are emitted.
    pub fn spikes_so_far(&self) -> u64 {
        with_engine!(&self.inner, engine => engine.counts.spikes.iter().sum())
    }

    /// The engine that runs it.
    pub fn engine(&self) -> EngineKind {
        self.kind
    }
}

/// What both engines share.
struct Engine<Q> {
    network: Network,
    /// The projections that leave each population.
    leaving: Vec<Vec<usize>>,
    /// The projections that reach each population.
    reaching: Vec<Vec<usize>>,
    /// The first neuron of each population, and the number of all at the end.
    first: Vec<u32>,
    queue: Q,
    flights: Flights,
    probes: ProbeSchedule,
    /// The length of a window, ms; infinite if nothing is under way, ever.
    window_ms: f64,
    /// The projections that reach each population and whose sources are asked directly: see [`by_window`].
    direct: Vec<Vec<usize>>,
    /// The populations that are asked directly: the queue does not know them.
    is_direct: Vec<bool>,
    /// The projections of those of them that whoever cares can draw again.
    is_redrawn: Vec<bool>,
    /// The populations that go through windows as a whole: the queue does not know them either.
    is_swept: Vec<bool>,
    now: Time,
    started: bool,
    counts: Counts,
    scratch: Scratch,
    /// The populations that are driven as [`crate::group::RowGroup`]s.
    row_groups: Vec<usize>,
    /// The projections all of whose delays are zero: their spikes do not fly.
    at_once: Vec<bool>,
    /// Some projection draws its rows.
    has_drawn_rows: bool,
    /// Spikes of the present generation of an instant over those projections.
    fresh: Vec<by_instant::Volley>,
    /// Spikes that arrive in the present generation.
    volleys: Vec<by_instant::Volley>,
    records: Vec<by_instant::Record>,
    landings: Vec<flights::Landing>,
    /// What each population needs to go through windows.
    lanes: Vec<lanes::Lane>,
    /// Threads that take populations through windows, once there are any.
    helpers: Option<helpers::Helpers>,
    /// The populations that share their work among threads themselves.
    shares: Vec<bool>,
    threads: usize,
    /// Windows end with slices of which there are so many in a millisecond, and with epochs: where arrivals come one by one.
    slices_per_ms: Option<usize>,
    /// Some population goes through windows cell by cell.
    has_cells: bool,
    inbox: by_window::Inbox,
    direct_times: Vec<Time>,
    direct_arrivals: Vec<by_window::DirectArrival>,
}

/// Lists that are filled again and again.
#[derive(Default)]
struct Scratch {
    due: Vec<Vec<LocalId>>,
    touched: Vec<Touch>,
    arrivals: Vec<Arrival>,
    out: Outbox,
    spikes: Vec<(Time, PopulationId, LocalId)>,
}

impl<Q: EventQueue> Engine<Q> {
    fn new(mut network: Network, probes: ProbeSchedule) -> Engine<Q> {
        let populations = network.groups.len();
        let row_groups = (0..populations).filter(|&p| network.groups[p].rows().is_some()).collect();
        let mut leaving = vec![Vec::new(); populations];
        let mut reaching = vec![Vec::new(); populations];
        for (index, projection) in network.projections.iter().enumerate() {
            leaving[projection.source.index()].push(index);
            reaching[projection.target.index()].push(index);
        }
        let mut first = vec![0];
        for group in &network.groups {
            first.push(first[first.len() - 1] + group.size() as u32);
        }
        Engine {
            queue: Q::with_neurons(first[populations] as usize),
            flights: Flights::new(&network.projections),
            leaving,
            reaching,
            first,
            probes,
            window_ms: f64::INFINITY,
            direct: vec![Vec::new(); populations],
            is_direct: vec![false; populations],
            is_redrawn: vec![false; network.projections.len()],
            is_swept: vec![false; populations],
            now: Time::ZERO,
            started: false,
            counts: Counts { spikes: vec![0; populations], ..Counts::default() },
            scratch: Scratch { due: vec![Vec::new(); populations], ..Scratch::default() },
            row_groups,
            at_once: network.projections.iter().map(|p| p.delays == Values::Same(0.0)).collect(),
            has_drawn_rows: network.projections.iter().any(|p| p.drawn.is_some()),
            fresh: Vec::new(),
            volleys: Vec::new(),
            records: Vec::new(),
            landings: Vec::new(),
            lanes: (0..populations).map(|_| lanes::Lane::default()).collect(),
            helpers: None,
            shares: vec![false; populations],
            threads: 1,
            slices_per_ms: None,
            has_cells: false,
            inbox: by_window::Inbox::default(),
            direct_times: Vec::new(),
            direct_arrivals: Vec::new(),
            network,
        }
    }

    /// Asks every group for its first wake times; from now on notes are taken if the observer cares for them.
    fn start(&mut self, observer: &mut impl Observer) {
        let notes = by_instant::needs_notes(observer);
        self.scratch.out.notes = notes.then(Vec::new);
        self.lanes.iter_mut().for_each(|lane| lane.out.notes = notes.then(Vec::new));
        if self.started {
            return;
        }
        self.started = true;
        for population in 0..self.network.groups.len() {
            self.scratch.out.clear();
            self.network.groups[population].start(&mut self.scratch.out);
            if self.is_direct[population] || self.is_swept[population] {
                self.scratch.out.wakes.clear();
            }
            self.take_wakes(population);
            self.tell_notes(PopulationId(population as u32), None, observer);
        }
    }

    /// Tells the observer of the notes in the outbox. The queue engine knows their generation, the lookahead engine leaves
    /// that to the groups.
    #[inline]
    fn tell_notes(&self, population: PopulationId, generation: Option<u32>, observer: &mut impl Observer) {
        if by_instant::needs_notes(observer) {
            for note in self.scratch.out.notes.iter().flatten() {
                let generation = generation.unwrap_or(note.generation);
                observer.note(population, &Note { generation, ..*note });
            }
        }
    }

    fn counts(&self) -> Counts {
        let mut counts = self.counts.clone();
        for population in 0..self.network.groups.len() {
            let (arrivals, drawn) = self.ahead(population);
            counts.arrivals -= arrivals;
            for (&index, drawn) in self.direct[population].iter().zip(drawn) {
                counts.spikes[self.network.projections[index].source.index()] -= drawn;
            }
        }
        for projection in self.direct.iter().flatten().map(|&index| &self.network.projections[index]) {
            // What has been asked for is what has arrived; what is under way has been emitted too.
            let source = projection.source.index();
            let group = &self.network.groups[source];
            let is_drawn = self.is_swept[projection.target.index()];
            counts.spikes[source] += match group.dense_source().filter(|_| is_drawn) {
                Some(dense) => dense.under_way(group.size() as u32, projection.delays.at(0), self.now),
                None => {
                    let left = |neuron| group.spikes_left(LocalId(neuron as u32), self.now);
                    (0..group.size()).map(left).sum::<u64>()
                }
            };
        }
        counts
    }

    /// A spike has reached the synapses of its row up to before the place `end`, and these have been driven.
    #[inline]
    fn release(&mut self, projection: u32, source: NeuronId, end: u64) {
        let projection = &mut self.network.projections[projection as usize];
        let source = source.0 - self.first[projection.source.index()];
        projection.release(source as usize, end as usize);
    }

    /// Hands the wake times in the outbox to the queue.
    fn take_wakes(&mut self, population: usize) {
        let first = self.first[population];
        for &(neuron, at) in &self.scratch.out.wakes {
            self.queue.set(NeuronId(first + neuron.0), at);
        }
        self.scratch.out.wakes.clear();
    }

    /// Sorts the neurons that wake before `before` into the lists of their populations, each by rising id.
    fn collect_due(&mut self, before: Time) {
        while let Some((_, neuron)) = self.queue.pop_before(before) {
            let population = self.first.partition_point(|&first| first <= neuron.0) - 1;
            self.scratch.due[population].push(LocalId(neuron.0 - self.first[population]));
        }
        for due in &mut self.scratch.due {
            due.sort_unstable();
        }
    }

    /// Takes every sample before `before`: all that happens up to it has happened.
    fn take_samples(&mut self, before: Time, observer: &mut impl Observer) {
        let groups = &self.network.groups;
        self.probes.take(before, |place, probe, at| {
            observer.sample(
                place,
                at,
                groups[probe.population.index()].sample(at, probe.neuron, probe.variable),
            );
        });
    }
}
