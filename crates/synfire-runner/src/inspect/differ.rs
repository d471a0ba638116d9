//! Where two recordings part: the first difference, its causes in both, and how it spreads.

use super::causes::{Settings, SpikeCauses, causes};
use super::collect::{NeuronStory, Reached, stories};
use super::{InspectError, Neuron, Subject};
use crate::event_log::Line;
use crate::event_log::line::Instant;
use crate::recording::Spike;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use synfire_core::events::{Event, Happening, Told};
use synfire_core::{LocalId, PopulationId, Time};

/// How two recordings differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// How many spikes each has, of populations that both recorded.
    pub spikes: (usize, usize),
    /// How many neurons have other spikes in the other.
    pub neurons: usize,
    /// What is different in how they were run, in words.
    pub runs: Vec<String>,
    /// Where they part; `None` if all spikes are the same.
    pub first: Option<Divergence>,
    /// How many neurons had parted so long after the first, ms: the time and the number.
    pub spread: Vec<(f64, usize)>,
}

/// The first spike that is not in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// The population.
    pub population: String,
    /// The neuron.
    pub neuron: u32,
    /// Which of its spikes, from 1.
    pub number: usize,
    /// When, in the first recording; `None` if there is none.
    pub in_first: Option<Instant>,
    /// When, in the second.
    pub in_second: Option<Instant>,
    /// What made it in the first.
    pub causes_in_first: Option<SpikeCauses>,
    /// What made it in the second.
    pub causes_in_second: Option<SpikeCauses>,
    /// The first arrival at the neuron that is not in both: that of the first recording.
    pub arrival_in_first: Option<Value>,
    /// That of the second.
    pub arrival_in_second: Option<Value>,
}

/// Holds two recordings, or scenarios, against each other.
///
/// # Errors
/// They are not of the same populations; the runs'.
pub fn differ(a: &Subject, b: &Subject, top: usize) -> Result<Difference, InspectError> {
    if a.who.populations != b.who.populations {
        let list = |subject: &Subject| {
            let names = subject.who.populations.iter().map(|p| format!("{} ({})", p.name, p.size));
            names.collect::<Vec<_>>().join(", ")
        };
        let what =
            format!("they have other populations: {} in the first, {} in the second", list(a), list(b));
        return Err(InspectError::Not(what));
    }
    let until = a.until.min(b.until);
    let (in_a, in_b) = (trains(a, b, until)?, trains(b, a, until)?);
    let parted = parted(&in_a, &in_b);
    let count = |trains: &Trains| trains.values().map(Vec::len).sum();
    let mut difference = Difference {
        spikes: (count(&in_a), count(&in_b)),
        neurons: parted.len(),
        runs: runs(a, b),
        first: None,
        spread: vec![],
    };
    if let Some(&(at, neuron, place)) = parted.first() {
        difference.spread = spread(at, until, &parted);
        let times = (nth(&in_a, neuron, place), nth(&in_b, neuron, place));
        difference.first = Some(divergence((a, b), neuron, place, times, top)?);
    }
    Ok(difference)
}

type Trains = BTreeMap<Neuron, Vec<Time>>;

/// The spike trains of the populations that both recorded.
fn trains(subject: &Subject, other: &Subject, until: Time) -> Result<Trains, InspectError> {
    let is_recorded = |subject: &Subject, population: PopulationId| {
        let recording = subject.recording();
        recording.is_none_or(|recording| recording.manifest().populations[population.index()].recorded)
    };
    let recorded = subject.recorded_spikes(|_| false)?;
    let spikes = match recorded {
        Some(spikes) => spikes,
        None => run_spikes(subject)?,
    };
    let mut trains = Trains::new();
    for Spike { at, population, neuron } in spikes {
        if at < until && is_recorded(subject, population) && is_recorded(other, population) {
            trains.entry((population, neuron)).or_default().push(at);
        }
    }
    Ok(trains)
}

fn run_spikes(subject: &Subject) -> Result<Vec<Spike>, InspectError> {
    let mut raster = synfire_core::observer::Raster::default();
    let mut simulation = subject.simulation()?;
    subject.run_up_to(&mut simulation, subject.until, &mut raster)?;
    let spikes = raster.spikes.into_iter();
    Ok(spikes.map(|(at, population, neuron)| Spike { at, population, neuron }).collect())
}

/// The neurons whose trains differ, by the time at which they part: that, the neuron, and the place in its train.
fn parted(a: &Trains, b: &Trains) -> Vec<(Time, Neuron, usize)> {
    let none = vec![];
    let mut neurons: Vec<Neuron> = a.keys().chain(b.keys()).copied().collect();
    neurons.sort_unstable();
    neurons.dedup();
    let mut parted = vec![];
    for neuron in neurons {
        let (x, y) = (a.get(&neuron).unwrap_or(&none), b.get(&neuron).unwrap_or(&none));
        let same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
        let first = x.get(same).into_iter().chain(y.get(same)).min();
        parted.extend(first.map(|at| (*at, neuron, same)));
    }
    parted.sort_unstable();
    parted
}

fn nth(trains: &Trains, neuron: Neuron, place: usize) -> Option<Time> {
    trains.get(&neuron).and_then(|train| train.get(place)).copied()
}

/// Times after the first difference, ms, and how many neurons have parted by then.
fn spread(first: Time, until: Time, parted: &[(Time, Neuron, usize)]) -> Vec<(f64, usize)> {
    let mut spread = vec![];
    let left_ms = until.since(first);
    let steps = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0];
    for after_ms in steps.into_iter().filter(|step| *step < left_ms).chain([left_ms]) {
        let count = parted.partition_point(|(at, ..)| at.since(first) <= after_ms);
        spread.push((after_ms, count));
        if count == parted.len() {
            break;
        }
    }
    spread
}

/// What is different in how two subjects were run.
fn runs(a: &Subject, b: &Subject) -> Vec<String> {
    let mut words = vec![];
    let mut tell = |what: &str, x: String, y: String| {
        if x != y {
            words.push(format!("{what}: {x} in the first, {y} in the second"));
        }
    };
    tell("seed", a.scenario.seed.to_string(), b.scenario.seed.to_string());
    tell("duration", format!("{} ms", a.until), format!("{} ms", b.until));
    let of = |subject: &Subject, what: fn(&crate::recording::Manifest) -> &str| {
        subject
            .recording()
            .map_or("not recorded".to_owned(), |recording| what(recording.manifest()).to_owned())
    };
    tell("engine", of(a, |manifest| &manifest.engine), of(b, |manifest| &manifest.engine));
    tell("program", of(a, |manifest| &manifest.synfire), of(b, |manifest| &manifest.synfire));
    let text = |subject: &Subject| {
        let mut text = serde_json::from_str::<Value>(&subject.scenario.text).unwrap_or_default();
        if let Value::Object(keys) = &mut text {
            // Which were run is said above.
            keys.retain(|key, _| key != "seed" && key != "duration");
        }
        text
    };
    let mut places = vec![];
    json_differences("", &text(a), &text(b), &mut places);
    words.extend(places);
    words
}

/// How many places of the scenario are named.
const MOST_PLACES: usize = 8;

/// Names the places at which two JSON values differ.
fn json_differences(path: &str, a: &Value, b: &Value, places: &mut Vec<String>) {
    if a == b || places.len() >= MOST_PLACES {
        return;
    }
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let mut keys: Vec<&String> = x.keys().chain(y.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                json_differences(
                    &path,
                    x.get(key).unwrap_or(&Value::Null),
                    y.get(key).unwrap_or(&Value::Null),
                    places,
                );
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (place, (x, y)) in x.iter().zip(y).enumerate() {
                json_differences(&format!("{path}[{place}]"), x, y, places);
            }
        }
        _ => {
            let short = |value: &Value| {
                let text = if value.is_null() { "nothing".to_owned() } else { value.to_string() };
                if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text }
            };
            places.push(format!("{path}: {} in the first, {} in the second", short(a), short(b)));
        }
    }
}

fn divergence(
    (a, b): (&Subject, &Subject),
    neuron: Neuron,
    place: usize,
    (in_a, in_b): (Option<Time>, Option<Time>),
    top: usize,
) -> Result<Divergence, InspectError> {
    let settings = Settings { depth: 1, top };
    let why = |subject: &Subject, at: Option<Time>| -> Result<Option<SpikeCauses>, InspectError> {
        let Some(at) = at else { return Ok(None) };
        Ok(causes(subject, &[(neuron, at)], settings)?.pop())
    };
    let last = in_a.into_iter().chain(in_b).max().unwrap_or(Time::ZERO);
    let story = |subject: &Subject| -> Result<NeuronStory, InspectError> {
        Ok(stories(subject, &[neuron], last)?.remove(&neuron).unwrap_or_default())
    };
    let (story_a, story_b) = (story(a)?, story(b)?);
    let same = story_a.arrivals.iter().zip(&story_b.arrivals).take_while(|(x, y)| x == y).count();
    let line = |subject: &Subject, story: &NeuronStory| {
        story
            .arrivals
            .get(same)
            .and_then(|reached| serde_json::to_value(Line::of(&told(neuron, reached), &subject.who)).ok())
    };
    Ok(Divergence {
        population: a.who.population(neuron.0).to_owned(),
        neuron: neuron.1.0,
        number: place + 1,
        in_first: in_a.map(Instant::from),
        in_second: in_b.map(Instant::from),
        causes_in_first: why(a, in_a)?,
        causes_in_second: why(b, in_b)?,
        arrival_in_first: line(a, &story_a),
        arrival_in_second: line(b, &story_b),
    })
}

fn told((population, neuron): (PopulationId, LocalId), reached: &Reached) -> Told {
    let Reached { input, origin, .. } = reached;
    let happens = Happening::Arrival {
        source: origin.source,
        projection: origin.projection,
        weight: input.arrival.weight,
        delay_ms: origin.delay_ms,
    };
    Told::Event(Event { at: input.arrival.at, generation: input.generation, population, neuron, happens })
}
