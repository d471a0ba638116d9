//! An event as JSON: what the log's lines, the trace and `synfire inspect --json` say of it.

use super::who::Who;
use serde::Serialize;
use synfire_core::Time;
use synfire_core::events::{Event, EventKind, Happening, Told};
use synfire_core::group::What;

/// An instant with all its digits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Instant {
    /// ms, in decimal digits that give both parts back.
    pub time: String,
    /// Whole ms.
    pub epoch: u64,
    /// ms in [0, 1).
    pub offset: f64,
}

impl From<Time> for Instant {
    fn from(time: Time) -> Instant {
        let (epoch, offset) = time.parts();
        Instant { time: time.to_string(), epoch, offset }
    }
}

/// An event as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line<'a> {
    /// The kind.
    pub event: &'static str,
    /// When.
    #[serde(flatten)]
    pub at: Instant,
    /// The population's name and the neuron in it; absent for windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<&'a str>,
    /// The neuron.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neuron: Option<u32>,
    /// The generation of the instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// What is particular to the kind.
    #[serde(flatten)]
    pub more: More<'a>,
}

/// What is particular to a kind of event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum More<'a> {
    /// Nothing.
    Nothing {},
    /// Of an arrival.
    Arrival {
        /// The population of its source.
        source_population: &'a str,
        /// Its source.
        source: u32,
        /// The projection, counted from 0.
        projection: u32,
        /// The receptor.
        receptor: &'a str,
        /// The weight.
        weight: f64,
        /// The weight's unit.
        unit: &'a str,
        /// ms.
        delay: f64,
    },
    /// Of a prediction.
    Crossing {
        /// When the crossing is, or was, to come.
        crossing: Instant,
    },
    /// Of a spike.
    Spike {
        /// What made it.
        cause: &'static str,
    },
    /// Of a stimulus.
    Stimulus {
        /// The current from now on, pA (or normalised).
        current: f64,
    },
    /// Of the gain of a rate unit.
    Switch {
        /// The gain from now on.
        gain: f64,
    },
    /// Of a window.
    Window {
        /// Its end.
        to: Instant,
    },
}

impl<'a> Line<'a> {
    /// What is said of an event.
    pub fn of(told: &Told, who: &'a Who) -> Line<'a> {
        match told {
            Told::Event(event) => Line {
                event: event.kind().name(),
                at: event.at.into(),
                population: Some(who.population(event.population)),
                neuron: Some(event.neuron.0),
                generation: Some(event.generation),
                more: more(event, who),
            },
            Told::Window(from, to) => Line {
                event: EventKind::Window.name(),
                at: (*from).into(),
                population: None,
                neuron: None,
                generation: None,
                more: More::Window { to: (*to).into() },
            },
        }
    }
}

fn more<'a>(event: &Event, who: &'a Who) -> More<'a> {
    match event.happens {
        Happening::Arrival { source, projection, weight, delay_ms } => {
            let (population, neuron) = who.split(source);
            let (receptor, unit) = who.receptor(projection);
            let source_population = who.population(population);
            More::Arrival {
                source_population,
                source: neuron.0,
                projection,
                receptor,
                weight,
                unit,
                delay: delay_ms,
            }
        }
        Happening::Own(What::Spike { cause }) => More::Spike { cause: cause.name() },
        Happening::Own(What::Predicted { crossing } | What::Retracted { crossing }) => {
            More::Crossing { crossing: crossing.into() }
        }
        Happening::Own(What::Stimulus { current }) => More::Stimulus { current },
        Happening::Switch { gain } => More::Switch { gain },
        Happening::Own(What::Confirmed | What::Checkpoint | What::RefractoryEnd) => More::Nothing {},
    }
}
