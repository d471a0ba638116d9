//! Running a case and holding what comes out against what must.

use super::arrivals::{NamedArrival, last_arrivals};
use crate::compare::{
    FoundRate, GainVerdict, SameSpikes, SpikeVerdict, StateDifference, StateVerdict, Switches, Trains,
    cv_fits, rate_fits,
};
use crate::formats::spikes::read_spike_trains;
use crate::recording::{self, Recording, RecordingError};
use crate::run::{Failure, check_run, prepare};
use crate::scenario::{Expect, ExpectedRate, ExpectedTime, Scenario, load};
use crate::statistics::Statistics;
use std::path::Path;
use synfire_core::engine::{Options, Probe, ProbeTimes, Simulation};
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// What came out of a case.
#[derive(Debug)]
pub struct Judgement {
    /// The scenario that was run.
    pub scenario: Scenario,
    /// Tolerance of spike times, ms.
    pub tolerance: f64,
    /// Tolerance of states.
    pub state_tolerance: f64,
    /// Spikes; `None` if none were judged.
    pub spikes: Option<SpikeVerdict>,
    /// Gain switches; `None` if none were judged.
    pub switches: Option<SpikeVerdict>,
    /// Gains at t = 0; `None` if none were judged.
    pub gains: Option<GainVerdict>,
    /// States; `None` if none were judged.
    pub states: Option<StateVerdict>,
    /// What was found for the expected rates, by their place.
    pub rates: Vec<FoundRate>,
    /// What reached the neuron of the first spike that differs.
    pub arrivals: Vec<NamedArrival>,
    /// Where a recording ends that is not complete.
    pub partial: Option<Time>,
}

impl Judgement {
    /// Whether everything is as it must be, and something was judged at all.
    pub fn passed(&self) -> bool {
        let spikes = self.spikes.is_none_or(|spikes| spikes.first.is_none());
        let switches = self.switches.is_none_or(|switches| switches.first.is_none());
        let gains = self.gains.as_ref().is_none_or(|gains| gains.first.is_none());
        let states = self.states.as_ref().is_none_or(|states| states.first.is_none());
        spikes && switches && gains && states && self.wrong_rates().next().is_none() && !self.is_empty()
    }

    /// True if the case judges nothing.
    pub fn is_empty(&self) -> bool {
        let nothing_happens = self.spikes.is_none() && self.switches.is_none() && self.gains.is_none();
        nothing_happens && self.states.is_none() && self.rates.is_empty()
    }

    /// Rates or coefficients of variation outside their tolerance, each with what was found.
    pub fn wrong_rates(&self) -> impl Iterator<Item = (&ExpectedRate, &FoundRate)> {
        let expected = self.scenario.expect.iter().flat_map(|expect| &expect.rates);
        let fits = |expected, found| rate_fits(expected, found) && cv_fits(expected, found);
        expected.zip(&self.rates).filter(move |(expected, found)| !fits(expected, found))
    }

    fn of(scenario: Scenario) -> Judgement {
        Judgement {
            scenario,
            tolerance: 0.0,
            state_tolerance: 0.0,
            spikes: None,
            switches: None,
            gains: None,
            states: None,
            rates: vec![],
            arrivals: vec![],
            partial: None,
        }
    }

    /// Looks up what led to the first spike that differs, by running again up to it.
    fn explain(&mut self, options: &Options) -> Result<(), Failure> {
        if let Some(first) = self.spikes.and_then(|spikes| spikes.first) {
            let last = first.last();
            self.arrivals = last_arrivals(&self.scenario, options, first.population, first.neuron, last)?;
        }
        Ok(())
    }
}

/// Runs a scenario and judges it by its `expect`.
///
/// # Errors
/// It cannot be loaded, built or run.
pub fn judge_scenario(path: &Path, options: &Options) -> Result<Judgement, Failure> {
    let mut scenario = load(path)?;
    let expect = scenario.expect.take().unwrap_or_default();
    let expected = expected_trains(&scenario, &expect)?;
    let sizes: Vec<usize> = scenario.populations.iter().map(|population| population.size).collect();
    let judged: Vec<usize> = expected.iter().map(|(population, _)| *population).collect();

    let with_switches: Vec<usize> = expect.switches.iter().map(|(population, _)| *population).collect();
    let mut trains = Trains::new(&sizes, &judged);
    let mut switches = Switches(Trains::new(&sizes, &with_switches));
    let mut statistics = Statistics::of(&scenario);
    let mut states = FoundStates { values: vec![None; expect.states.len()] };
    let is_needed = |index| judged.contains(&index) || expect.rates.iter().any(|r| r.population == index);
    let options_for_this = Options { unwatched: all_but(&scenario, is_needed), ..options.clone() };
    let mut simulation = prepare(&scenario, state_probes(&expect), &options_for_this)?;
    let gains = judge_gains(&expect, &simulation);
    let mut spikes = (&mut trains, &mut statistics);
    let ran = simulation.run(scenario.duration, &mut ((&mut spikes, &mut switches), &mut states));
    check_run(ran, &scenario)?;

    let mut judgement = Judgement::of(scenario);
    judgement.tolerance = expect.tolerance;
    judgement.state_tolerance = expect.state_tolerance;
    judgement.spikes = judge_trains(&expected, &trains, expect.tolerance);
    judgement.switches = judge_trains(&expect.switches, &switches.0, expect.tolerance);
    judgement.gains = gains;
    if !expect.states.is_empty() {
        let mut verdict = StateVerdict::default();
        for (expected, found) in expect.states.iter().zip(states.values) {
            verdict.add(expected, found, expect.state_tolerance);
        }
        judgement.states = Some(verdict);
    }
    let duration = judgement.scenario.duration;
    let rate = |expected: &ExpectedRate| {
        let (population, ids) = (expected.population, expected.ids.as_deref());
        FoundRate { rate: statistics.rate_hz(population, ids, duration), cv: statistics.cv(population, ids) }
    };
    judgement.rates = expect.rates.iter().map(rate).collect();
    judgement.scenario.expect = Some(expect);
    judgement.explain(options)?;
    Ok(judgement)
}

fn judge_trains(
    expected: &[(usize, Vec<Vec<ExpectedTime>>)],
    found: &Trains,
    tolerance: f64,
) -> Option<SpikeVerdict> {
    let mut verdict = SpikeVerdict::default();
    for (population, expected) in expected {
        found.judge(*population, expected, tolerance, &mut verdict);
    }
    (!expected.is_empty()).then_some(verdict)
}

/// Holds the gains of a network that has not been run yet against the expected ones.
fn judge_gains(expect: &Expect, simulation: &Simulation) -> Option<GainVerdict> {
    let mut verdict = GainVerdict::default();
    for (population, expected) in &expect.initial_gain {
        let found = simulation.gains(PopulationId(*population as u32));
        verdict.add(*population, expected, &found, expect.state_tolerance);
    }
    (!expect.initial_gain.is_empty()).then_some(verdict)
}

/// Runs a recorded scenario again; the same bits must come out.
///
/// # Errors
/// The recording is damaged, or its scenario cannot be loaded, built or run.
pub fn judge_recording(folder: &Path, options: &Options) -> Result<Judgement, Failure> {
    let recording = Recording::open(folder)?;
    let manifest = recording.manifest();
    let mut scenario = load(&recording.scenario())?;
    scenario.name.clone_from(&manifest.name);
    scenario.seed = manifest.seed;
    scenario.duration = manifest.duration.time().unwrap_or(recording.until());
    let sizes: Vec<usize> = scenario.populations.iter().map(|population| population.size).collect();
    let recorded: Vec<bool> = manifest.populations.iter().map(|population| population.recorded).collect();

    if recorded.len() != sizes.len() {
        let what = format!("has {} populations, its scenario {}", recorded.len(), sizes.len());
        return Err(RecordingError::Damaged { path: folder.to_owned(), what }.into());
    }
    let options_for_this =
        Options { unwatched: all_but(&scenario, |index| recorded[index]), ..options.clone() };
    let mut simulation = prepare(&scenario, recording::probes(&scenario), &options_for_this)?;
    let mut spikes = SameSpikes::new(recording.spikes()?, recorded.clone(), &sizes);
    let with_switches: Vec<bool> = manifest.populations.iter().map(|p| p.switches.is_some()).collect();
    let mut switches = Switches(SameSpikes::new(recording.switches()?, with_switches.clone(), &sizes));
    let mut states = SameStates::new(&recording, &scenario)?;
    let ran = simulation.run(recording.until(), &mut ((&mut spikes, &mut switches), &mut states));
    check_run(ran, &scenario)?;

    let partial = (!manifest.complete).then_some(recording.until());
    let mut judgement = Judgement { partial, ..Judgement::of(scenario) };
    judgement.spikes = recorded.contains(&true).then(|| spikes.verdict()).transpose()?;
    judgement.switches = with_switches.contains(&true).then(|| switches.0.verdict()).transpose()?;
    judgement.states = (!manifest.states.is_empty()).then(|| states.verdict()).transpose()?;
    judgement.explain(options)?;
    Ok(judgement)
}

/// The populations whose spikes nobody needs to see.
fn all_but(scenario: &Scenario, is_needed: impl Fn(usize) -> bool) -> Vec<PopulationId> {
    let unneeded = (0..scenario.populations.len()).filter(|&index| !is_needed(index));
    unneeded.map(|index| PopulationId(index as u32)).collect()
}

/// Expected spike trains by index of the population: one list a neuron.
type ExpectedTrains = Vec<(usize, Vec<Vec<ExpectedTime>>)>;

/// The spike trains that are expected.
fn expected_trains(scenario: &Scenario, expect: &Expect) -> Result<ExpectedTrains, Failure> {
    let mut expected = expect.spikes.clone();
    let Some(path) = &expect.spikes_file else { return Ok(expected) };
    let wrong = |problem: String| Failure::ExpectedSpikes { path: path.clone(), problem };
    for spikes in read_spike_trains(path, None)? {
        let name = spikes.population.clone();
        let population = match &name {
            Some(name) => scenario.populations.iter().position(|population| population.name == *name),
            // A file that names no population can only mean the one that there is.
            None => single_neuron_population(scenario),
        };
        let population = population.ok_or_else(|| match name {
            Some(name) => wrong(format!("the scenario has no population \"{name}\"")),
            None => wrong("names no population, and the scenario has not exactly one of neurons".to_owned()),
        })?;
        let size = scenario.populations[population].size;
        let trains = spikes.trains(size).map_err(|neuron| {
            wrong(format!("neuron {neuron}, but \"{}\" has {size}", scenario.populations[population].name))
        })?;
        let numbers = |train: Vec<f64>| train.into_iter().map(ExpectedTime::Number).collect();
        expected.push((population, trains.into_iter().map(numbers).collect()));
    }
    Ok(expected)
}

fn single_neuron_population(scenario: &Scenario) -> Option<usize> {
    let mut neurons =
        (0..scenario.populations.len()).filter(|&index| !scenario.populations[index].model.spec.is_source);
    neurons.next().filter(|_| neurons.next().is_none())
}

fn state_probes(expect: &Expect) -> Vec<Probe> {
    let probe = |state: &crate::scenario::ExpectedState| Probe {
        population: PopulationId(state.population as u32),
        neuron: LocalId(state.id),
        variable: state.variable,
        times: ProbeTimes::At(vec![state.at]),
    };
    expect.states.iter().map(probe).collect()
}

/// The value that each probe saw.
struct FoundStates {
    values: Vec<Option<f64>>,
}

impl Observer for FoundStates {
    fn sample(&mut self, probe: usize, _at: Time, value: f64) {
        self.values[probe] = Some(value);
    }
}

type Values = Box<dyn Iterator<Item = Result<f64, RecordingError>>>;

/// Holds samples against recorded ones, in the order of both.
struct SameStates {
    recorded: Vec<Values>,
    /// For each probe, its file and what it looks at.
    probes: Vec<(usize, PopulationId, LocalId, usize)>,
    verdict: StateVerdict,
    unreadable: Option<RecordingError>,
}

impl SameStates {
    fn new(recording: &Recording, scenario: &Scenario) -> Result<SameStates, RecordingError> {
        let mut recorded: Vec<Values> = vec![];
        let mut probes = vec![];
        let mut all = recording::probes(scenario).into_iter();
        for (file, entry) in recording.manifest().states.iter().enumerate() {
            recorded.push(Box::new(recording.states(entry)?));
            let of_entry = all.by_ref().take(entry.ids.len() * entry.variables.len());
            probes.extend(of_entry.map(|probe| (file, probe.population, probe.neuron, probe.variable)));
        }
        Ok(SameStates { recorded, probes, verdict: StateVerdict::default(), unreadable: None })
    }

    fn verdict(self) -> Result<StateVerdict, RecordingError> {
        self.unreadable.map_or(Ok(self.verdict), Err)
    }
}

impl Observer for SameStates {
    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        let Some(&(file, population, neuron, variable)) = self.probes.get(probe) else { return };
        self.verdict.judged += 1;
        let expected = match self.recorded[file].next() {
            Some(Ok(expected)) => expected,
            // A run longer than its recording cannot be: both end at the same time.
            None => f64::NAN,
            Some(Err(error)) => {
                self.unreadable = Some(error);
                return;
            }
        };
        if expected.to_bits() != value.to_bits() && self.verdict.first.is_none() {
            self.verdict.first = Some(StateDifference {
                population: population.index(),
                neuron: neuron.0,
                variable,
                at,
                expected,
                found: Some(value),
            });
        }
    }
}
