//! The engines against the oracle, bit for bit, on networks of perfect integrators whose numbers are multiples of 1/8:
//! everything is exact, so arrivals, crossings, stimuli and ends of refractoriness meet at the same instants all the time.

use proptest::prelude::*;
use synfire_core::engine::{EngineKind, Options, Probe, ProbeTimes, QueueKind, Simulation};
use synfire_core::group::{Arrival, CurrentStep, Note, PopulationSetup, What};
use synfire_core::model::{Anchored, Crossing, NeuronModel, Unresolved};
use synfire_core::network::{Network, Projection, Ranks, Values};
use synfire_core::observer::{Observer, Origin, Raster};
use synfire_core::oracle::{self, OracleNeurons, OracleSource, OracleUnits};
use synfire_core::population::Population;
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::source::{SourceGroup, SpikeTrain};
use synfire_core::spec::{
    Column, ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, ParamTable, VariableSpec,
};
use synfire_core::{LocalId, NeuronId, PopulationId, Time};
use synfire_numerics::random::StreamKey;

/// dv/dt = i_e + stimulus; a spike at v = 1, then v = 0.
struct PerfectIntegrator {
    i_e: f64,
    t_ref: f64,
    searches_by_steps: bool,
}

const QUARTER: f64 = 0.25;

impl PerfectIntegrator {
    /// ms after the anchor.
    fn crossing_after(&self, at: Anchored<'_, f64>) -> f64 {
        let slope = self.i_e + at.stimulus;
        match *at.state >= 1.0 {
            true => 0.0,
            false if slope > 0.0 => (1.0 - at.state) / slope,
            false => f64::INFINITY,
        }
    }
}

impl NeuronModel for PerfectIntegrator {
    type State = f64;
    type Lapse = f64;

    const SPEC: ModelSpec = ModelSpec {
        name: "perfect_integrator",
        summary: "",
        equations: &[],
        spike: "",
        method: "",
        parameters: &[
            ParamSpec { name: "i_e", unit: "", default: Some(0.0), range: ParamRange::Finite, meaning: "" },
            ParamSpec {
                name: "t_ref",
                unit: "ms",
                default: Some(0.0),
                range: ParamRange::NotNegative,
                meaning: "",
            },
            ParamSpec {
                name: "by_steps",
                unit: "",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "",
            },
        ],
        lists: &[],
        variables: &[VariableSpec { name: "v", unit: "", rest: "0" }],
        receptors: &[ReceptorKind::Delta],
        is_source: false,
        has_spike_trains: false,
        references: &[],
    };

    fn prepare(row: ParamRow<'_>, _: &ReceptorSet) -> Result<Self, ParamError> {
        let searches_by_steps = row.get("by_steps") > 0.0;
        Ok(PerfectIntegrator { i_e: row.get("i_e"), t_ref: row.get("t_ref"), searches_by_steps })
    }

    fn initial(&self, given: &[Option<f64>]) -> f64 {
        given[0].unwrap_or(0.0)
    }

    fn variable(&self, state: &f64, _: usize) -> f64 {
        *state
    }

    fn lapse(&self, dt_ms: f64) -> f64 {
        dt_ms
    }

    fn flow_over(&self, state: &mut f64, _: &mut [f64], stimulus: f64, dt_ms: &f64) {
        *state += (self.i_e + stimulus) * dt_ms;
    }

    fn flow_refractory(&self, _: &mut f64, _: &mut [f64], _: f64, _: f64) {}

    fn first_crossing(&self, at: Anchored<'_, f64>) -> Result<Crossing, Unresolved> {
        if at.state.is_nan() {
            return Err(Unresolved { after_ms: 0.0, reason: "the state is not a number" });
        }
        let crossing = self.crossing_after(at);
        // A search that goes no further than a quarter at a time, though every crossing is known.
        let stops = self.searches_by_steps && crossing > QUARTER;
        Ok(if stops { Crossing::checkpoint(QUARTER) } else { Crossing::at(crossing) })
    }

    fn crossing_bound(&self, at: Anchored<'_, f64>, from_ms: f64) -> f64 {
        // Half of what is left, so that bounds surface and are asked again.
        let found = self.first_crossing(at).map_or(from_ms, |found| found.after_ms);
        if found.is_finite() { from_ms.max(0.5 * (from_ms + found)) } else { f64::INFINITY }
    }

    fn receive(&self, state: &mut f64, jump: f64) {
        *state += jump;
    }

    fn reaches_threshold(&self, state: &mut f64) -> bool {
        *state >= 1.0
    }

    fn put_at_threshold(&self, state: &mut f64) {
        *state = 1.0;
    }

    fn fire(&self, state: &mut f64) {
        *state = 0.0;
    }

    fn refractory_ms(&self) -> f64 {
        self.t_ref
    }
}

fn eighths(n: u32) -> f64 {
    f64::from(n) / 8.0
}

fn ms(t: f64) -> Time {
    Time::from_ms(t).unwrap()
}

/// A network in numbers: currents, starts and refractory times of the neurons, trains of the sources, synapses.
#[derive(Clone, Debug)]
struct Plan {
    neurons: Vec<(u32, u32, u32)>,
    trains: Vec<Vec<u32>>,
    /// From a source or a neuron: source, target, weight, delay; all in eighths.
    input: Vec<(usize, usize, i32, u32)>,
    recurrent: Vec<(usize, usize, i32, u32)>,
    steps: Vec<(usize, u32, u32, i32)>,
}

fn plans(least_delay: u32) -> impl Strategy<Value = Plan> {
    let neurons = prop::collection::vec((0u32..3, 0u32..10, 1u32..9), 1..7);
    let trains = prop::collection::vec(prop::collection::btree_set(0u32..160, 0..12), 1..4);
    (neurons, trains).prop_flat_map(move |(neurons, trains)| {
        let (n, s) = (neurons.len(), trains.len());
        let delay = least_delay..least_delay + 10;
        (
            prop::collection::vec((0..s, 0..n, -6i32..9, delay.clone()), 0..12),
            prop::collection::vec((0..n, 0..n, -6i32..9, delay), 0..25),
            prop::collection::vec((0..n, 0u32..160, 1u32..40, -2i32..4), 0..4),
        )
            .prop_map(move |(input, recurrent, steps)| Plan {
                neurons: neurons.clone(),
                trains: trains.iter().map(|t| t.iter().copied().collect()).collect(),
                input,
                recurrent,
                steps,
            })
    })
}

fn projection(source: u32, sources: usize, synapses: &[(usize, usize, i32, u32)]) -> Projection {
    let mut offsets = vec![0];
    let (mut targets, mut weights, mut delays, mut declared) = (vec![], vec![], vec![], vec![]);
    for s in 0..sources {
        let mut row: Vec<_> = synapses.iter().filter(|x| x.0 == s).enumerate().collect();
        row.sort_by_key(|(rank, x)| (x.3, x.1, *rank));
        for (rank, x) in row {
            targets.push(x.1 as u32);
            weights.push(f64::from(x.2) / 8.0);
            delays.push(eighths(x.3));
            declared.push(rank as u32);
        }
        offsets.push(targets.len() as u64);
    }
    let delays = match delays.first() {
        Some(&first) if delays.iter().all(|d| *d == first) => Values::Same(first),
        _ => Values::Each(delays),
    };
    Projection {
        source: PopulationId(source),
        target: PopulationId(1),
        receptor: 0,
        offsets,
        targets,
        weights: Values::Each(weights),
        delays,
        declared: Some(Ranks::Words(declared)),
        drawn: None,
    }
}

impl Plan {
    fn projections(&self) -> Vec<Projection> {
        vec![
            projection(0, self.trains.len(), &self.input),
            projection(1, self.neurons.len(), &self.recurrent),
        ]
    }

    fn trains(&self) -> Vec<std::vec::IntoIter<Time>> {
        let train = |t: &Vec<u32>| t.iter().map(|&x| ms(eighths(x))).collect::<Vec<_>>().into_iter();
        self.trains.iter().map(train).collect()
    }

    fn setup(&self) -> PopulationSetup {
        let column = |f: fn(&(u32, u32, u32)) -> f64| Column::Each(self.neurons.iter().map(f).collect());
        let mut parameters = ParamTable::defaults(PerfectIntegrator::SPEC.parameters);
        parameters.set("i_e", column(|n| eighths(n.0)));
        parameters.set("t_ref", column(|n| eighths(n.2)));
        parameters.set("by_steps", column(|n| f64::from(n.1 % 2)));
        let receptor = Receptor {
            name: "d".into(),
            kind: ReceptorKind::Delta,
            tau: 0.0,
            e_rev: 0.0,
            reset: false,
            refractory_input: false,
        };
        let step = |s: &(usize, u32, u32, i32)| CurrentStep {
            neurons: Some(vec![s.0 as u32]),
            at: ms(eighths(s.1)),
            until: ms(eighths(s.1 + s.2)),
            amplitude: f64::from(s.3) / 8.0,
        };
        PopulationSetup {
            size: self.neurons.len(),
            parameters,
            receptors: vec![receptor],
            initial: vec![(0, column(|n| eighths(n.1)))],
            stimuli: self.steps.iter().map(step).collect(),
            at_once: false,
            jumps: Vec::new(),
            spike_trains: Vec::new(),
            random: StreamKey([0, 0]),
        }
    }

    fn network(&self) -> Network {
        Network {
            groups: vec![
                Box::new(SourceGroup::new(self.trains())),
                Box::new(Population::<PerfectIntegrator>::new(&self.setup()).unwrap()),
            ],
            projections: self.projections(),
            rates: None,
        }
    }

    fn by_oracle(&self) -> Vec<(Time, PopulationId, LocalId)> {
        let mut units: Vec<Box<dyn OracleUnits>> = vec![
            Box::new(OracleSource::new(self.trains(), END)),
            Box::new(OracleNeurons::<PerfectIntegrator>::new(&self.setup()).unwrap()),
        ];
        oracle::run(&mut units, &self.projections(), END)
    }

    fn by_engine(
        &self,
        engine: EngineKind,
        queue: QueueKind,
        stops: &[Time],
        probes: Vec<Probe>,
    ) -> (Raster, Samples) {
        let options = Options { queue, engine: Some(engine), ..Options::default() };
        let mut simulation = Simulation::new(self.network(), probes, &options).unwrap();
        let mut watched = (Raster::default(), Samples::default());
        for &stop in stops {
            simulation.run(stop, &mut watched).unwrap();
        }
        simulation.run(END, &mut watched).unwrap();
        assert_eq!(simulation.counts().spikes.iter().sum::<u64>(), watched.0.spikes.len() as u64);
        watched
    }

    fn probes(&self) -> Vec<Probe> {
        let every = |neuron| Probe {
            population: PopulationId(1),
            neuron: LocalId(neuron),
            variable: 0,
            times: ProbeTimes::Every { interval_ms: 0.375 },
        };
        (0..self.neurons.len() as u32).map(every).collect()
    }
}

const END: Time = Time::from_whole_ms(24).unwrap();

#[derive(Debug, Default, PartialEq)]
struct Samples(Vec<(usize, Time, f64)>);

impl Observer for Samples {
    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        self.0.push((probe, at, value));
    }
}

/// All that can be seen inside a run.
#[derive(Debug, Default, PartialEq)]
struct Inside {
    arrivals: Vec<(Time, u32, LocalId, NeuronId, u32, f64, f64)>,
    notes: Vec<(PopulationId, Note)>,
    windows: Vec<(Time, Time)>,
}

impl Observer for Inside {
    const ARRIVALS: bool = true;
    const NOTES: bool = true;

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        assert_eq!(population, PopulationId(1), "sources take no input");
        let Origin { source, projection, delay_ms, generation } = *origin;
        self.arrivals.push((arrival.at, generation, neuron, source, projection, arrival.weight, delay_ms));
    }

    fn note(&mut self, population: PopulationId, note: &Note) {
        self.notes.push((population, *note));
    }

    fn window(&mut self, from: Time, to: Time) {
        self.windows.push((from, to));
    }
}

impl Inside {
    /// In canonical order, whatever the order in which an engine tells. What one source sends a neuron stays in order.
    fn sorted(mut self) -> Inside {
        self.arrivals.sort_by_key(|a| (a.0, a.1, a.2, a.3, a.4));
        self.notes.sort_by_key(|(population, note)| (note.at, note.generation, *population, note.neuron));
        self
    }

    fn count(&self, is_counted: impl Fn(&What) -> bool) -> usize {
        self.notes.iter().filter(|(_, note)| is_counted(&note.what)).count()
    }

    fn spikes(&self) -> Vec<(Time, PopulationId, LocalId)> {
        let is_spike = |(_, note): &&(PopulationId, Note)| matches!(note.what, What::Spike { .. });
        self.notes
            .iter()
            .filter(is_spike)
            .map(|&(population, note)| (note.at, population, note.neuron))
            .collect()
    }
}

const QUEUES: [QueueKind; 4] =
    [QueueKind::MinTree, QueueKind::IndexedHeap, QueueKind::PriorityQueue, QueueKind::Scan];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_queue_engine_agrees_with_the_oracle_zero_delays_included(plan in plans(0), stops in prop::collection::vec(0u32..190, 0..3)) {
        let expected = plan.by_oracle();
        let mut stops: Vec<Time> = stops.into_iter().map(|s| ms(eighths(s))).collect();
        stops.sort();
        let first = plan.by_engine(EngineKind::Queue, QueueKind::MinTree, &[], plan.probes());
        prop_assert_eq!(&first.0.spikes, &expected);
        for queue in QUEUES {
            let in_pieces = plan.by_engine(EngineKind::Queue, queue, &stops, plan.probes());
            prop_assert_eq!(&in_pieces, &first);
            prop_assert_eq!(&plan.by_engine(EngineKind::Queue, queue, &[], vec![]).0, &first.0);
        }
    }

    #[test]
    fn the_lookahead_engine_agrees_with_the_oracle(plan in plans(1), stops in prop::collection::vec(0u32..190, 0..3)) {
        let expected = plan.by_oracle();
        let mut stops: Vec<Time> = stops.into_iter().map(|s| ms(eighths(s))).collect();
        stops.sort();
        let by_instant = plan.by_engine(EngineKind::Queue, QueueKind::MinTree, &[], plan.probes());
        prop_assert_eq!(&by_instant.0.spikes, &expected);
        for queue in QUEUES {
            prop_assert_eq!(&plan.by_engine(EngineKind::Lookahead, queue, &stops, plan.probes()), &by_instant);
            prop_assert_eq!(&plan.by_engine(EngineKind::Lookahead, queue, &[], vec![]).0, &by_instant.0);
        }
    }
}

/// A run with and without somebody who looks inside.
fn look_inside(plan: &Plan, engine: EngineKind) -> Inside {
    let options = Options { engine: Some(engine), ..Options::default() };
    let mut simulation = Simulation::new(plan.network(), vec![], &options).unwrap();
    let mut seen = (Inside::default(), Raster::default());
    simulation.run(ms(3.0), &mut seen).unwrap();
    simulation.run(END, &mut seen).unwrap();
    let (inside, raster) = (seen.0.sorted(), seen.1);
    let unseen = plan.by_engine(engine, QueueKind::IndexedHeap, &[], vec![]).0;
    assert_eq!(raster, unseen, "looking inside changes nothing");
    assert_eq!(inside.spikes(), raster.spikes);
    assert_eq!(inside.arrivals.len() as u64, simulation.counts().arrivals);
    inside
}

/// What must hold of everything that was seen.
fn check_inside(plan: &Plan, inside: &Inside) {
    let predicted = inside.count(|what| matches!(what, What::Predicted { .. }));
    let kept = inside.count(|what| matches!(what, What::Confirmed | What::Checkpoint));
    let retracted = inside.count(|what| matches!(what, What::Retracted { .. }));
    assert!(predicted >= kept + retracted, "{predicted} predicted, {kept} kept, {retracted} retracted");
    assert!(predicted <= kept + retracted + plan.neurons.len(), "one open prediction a neuron");
    for &(at, generation, neuron, source, projection, weight, delay_ms) in &inside.arrivals {
        let (list, source) = match projection {
            0 => (&plan.input, source.0 as usize),
            _ => (&plan.recurrent, source.0 as usize - plan.trains.len()),
        };
        let synapse = |s: &&(usize, usize, i32, u32)| {
            s.0 == source
                && s.1 == neuron.index()
                && eighths(s.3) == delay_ms
                && f64::from(s.2) / 8.0 == weight
        };
        assert!(list.iter().any(|s| synapse(&s)), "an arrival over no synapse");
        let emitted = |note: &(PopulationId, Note)| {
            matches!(note.1.what, What::Spike { .. })
                && (note.0.0, note.1.neuron.index()) == (projection, source)
                && note.1.at.after(delay_ms) == at
        };
        assert!(inside.notes.iter().any(emitted), "an arrival of no spike");
        assert!(generation == 0 || delay_ms == 0.0);
    }
    assert!(inside.windows.windows(2).all(|pair| pair[0].1 <= pair[1].0), "windows follow one another");
    let is_covered = |at: Time| {
        let after = inside.windows.partition_point(|window| window.1 <= at);
        inside.windows.get(after).is_some_and(|window| window.0 <= at)
    };
    assert!(inside.arrivals.iter().all(|a| is_covered(a.0)));
}

proptest! {
    #[test]
    fn what_is_seen_inside_is_what_happens(plan in plans(0)) {
        check_inside(&plan, &look_inside(&plan, EngineKind::Queue));
    }

    #[test]
    fn both_engines_look_the_same_inside(plan in plans(1)) {
        let by_window = look_inside(&plan, EngineKind::Lookahead);
        check_inside(&plan, &by_window);
        let by_instant = look_inside(&plan, EngineKind::Queue);
        prop_assert_eq!(&by_window.arrivals, &by_instant.arrivals);
        prop_assert_eq!(&by_window.notes, &by_instant.notes);
    }
}

#[test]
fn a_search_that_fails_stops_the_run_and_names_the_neuron() {
    let plan = Plan {
        neurons: vec![(1, 0, 1), (1, 0, 1)],
        trains: vec![vec![]],
        input: vec![],
        recurrent: vec![],
        steps: vec![],
    };
    let mut setup = plan.setup();
    setup.initial = vec![(0, Column::Each(vec![0.0, f64::NAN]))];
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        let groups: Vec<Box<dyn synfire_core::group::Group>> =
            vec![Box::new(Population::<PerfectIntegrator>::new(&setup).unwrap())];
        let options = Options { engine: Some(engine), ..Options::default() };
        let network = Network { groups, projections: vec![], rates: None };
        let mut simulation = Simulation::new(network, vec![], &options).unwrap();
        let error = simulation.run(END, &mut ()).unwrap_err().to_string();
        let expected = "population 0: neuron 1: the state is not a number, 0 ms after the neuron's last event at 0 ms; \
                        its state there: v = NaN";
        assert_eq!(error, expected);
    }
}

#[test]
fn a_loop_of_zero_delays_is_an_error_that_names_it() {
    // Two neurons without refractory time that lift each other to threshold for ever.
    let plan = Plan {
        neurons: vec![(0, 8, 0), (0, 0, 0), (0, 0, 1)],
        trains: vec![vec![]],
        input: vec![],
        recurrent: vec![(0, 1, 8, 0), (1, 0, 8, 0)],
        steps: vec![],
    };
    let mut simulation = Simulation::new(plan.network(), vec![], &Options::default()).unwrap();
    assert_eq!(simulation.engine(), EngineKind::Queue);
    let error = simulation.run(END, &mut ()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("more than a million generations"), "{text}");
    assert!(text.contains("neuron 0 of population 1, neuron 1 of population 1"), "{text}");
    assert!(!text.contains("neuron 2"), "{text}");
}

#[test]
fn the_lookahead_engine_refuses_zero_delays() {
    let plan = Plan {
        neurons: vec![(1, 0, 1)],
        trains: vec![vec![]],
        input: vec![],
        recurrent: vec![(0, 0, 1, 0)],
        steps: vec![],
    };
    let options = Options { engine: Some(EngineKind::Lookahead), ..Options::default() };
    assert!(Simulation::new(plan.network(), vec![], &options).is_err());
}

/// Spikes every few eighths of a millisecond, irregularly.
#[derive(Clone)]
struct DenseTrain {
    state: u32,
    last: u32,
}

impl SpikeTrain for DenseTrain {
    fn next_spike(&mut self) -> Time {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.last += (self.state >> 29) + 1;
        ms(eighths(self.last))
    }

    fn spikes_per_ms(&self) -> f64 {
        2.0
    }
}

proptest! {
    #[test]
    fn dense_input_that_is_asked_directly_gives_the_same_bits(plan in plans(1), seed: u32, stop in 0u32..190) {
        let n = plan.neurons.len();
        let dense = || (0..n).map(|i| DenseTrain { state: seed.wrapping_add(i as u32), last: 0 }).collect();
        let one_to_one = |source: u32, weight: f64, delay: u32| Projection {
            source: PopulationId(source),
            target: PopulationId(1),
            receptor: 0,
            offsets: (0..=n as u64).collect(),
            targets: (0..n as u32).collect(),
            weights: Values::Same(weight),
            delays: Values::Same(eighths(delay)),
            declared: None,
            drawn: None,
        };
        let network = || {
            let mut network = plan.network();
            network.groups.push(Box::new(SourceGroup::new(dense())));
            network.groups.push(Box::new(SourceGroup::new(dense())));
            network.projections.push(one_to_one(2, 0.25, 3));
            network.projections.insert(0, one_to_one(3, -0.125, 1));
            network
        };
        let spikes = |engine, unwatched: Vec<PopulationId>, stop| {
            let options = Options { engine: Some(engine), unwatched, ..Options::default() };
            let mut simulation = Simulation::new(network(), plan.probes(), &options).unwrap();
            let mut seen = (Raster::default(), Samples::default());
            simulation.run(stop, &mut seen).unwrap();
            simulation.run(END, &mut seen).unwrap();
            seen.0.spikes.retain(|s| s.1.0 < 2);
            (seen, simulation.counts())
        };
        let stop = ms(eighths(stop));
        let expected = spikes(EngineKind::Queue, vec![], END);
        prop_assert_eq!(&spikes(EngineKind::Lookahead, vec![], stop), &expected);
        prop_assert_eq!(&spikes(EngineKind::Lookahead, vec![PopulationId(2), PopulationId(3)], stop), &expected);
        prop_assert_eq!(&spikes(EngineKind::Lookahead, vec![PopulationId(3)], END), &expected);
    }
}
