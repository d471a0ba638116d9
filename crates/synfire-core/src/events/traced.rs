//! Events as `tracing` events, and back: what a layer needs to read them.

use super::{Event, EventKind, Happening, Kinds, Window};
use crate::group::{Cause, What};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::time::Time;
use tracing::field::{Field, Visit};

/// A `tracing` event of one neuron's event.
macro_rules! tell {
    ($target:literal, $event:expr $(, $field:ident = $value:expr)*) => {{
        let (epoch, offset) = $event.at.parts();
        tracing::trace!(
            target: $target,
            epoch,
            offset,
            population = $event.population.0,
            neuron = $event.neuron.0,
            generation = $event.generation,
            $($field = $value),*
        );
    }};
}

/// Makes a `tracing` event.
pub fn trace(event: &Event) {
    match event.happens {
        Happening::Arrival { source, projection, weight, delay_ms } => tell!(
            "synfire::event::arrival",
            event,
            source = source.0,
            projection = projection,
            weight = weight,
            delay = delay_ms
        ),
        Happening::Own(What::Spike { cause }) => tell!("synfire::event::spike", event, cause = cause.name()),
        Happening::Own(What::Predicted { crossing }) => {
            let (epoch, offset) = crossing.parts();
            tell!("synfire::event::predicted", event, crossing_epoch = epoch, crossing_offset = offset);
        }
        Happening::Own(What::Retracted { crossing }) => {
            let (epoch, offset) = crossing.parts();
            tell!("synfire::event::retracted", event, crossing_epoch = epoch, crossing_offset = offset);
        }
        Happening::Own(What::Confirmed) => tell!("synfire::event::confirmed", event),
        Happening::Own(What::Checkpoint) => tell!("synfire::event::checkpoint", event),
        Happening::Own(What::RefractoryEnd) => tell!("synfire::event::refractory_end", event),
        Happening::Own(What::Stimulus { current }) => {
            tell!("synfire::event::stimulus", event, current = current);
        }
        Happening::Switch { gain } => tell!("synfire::event::switch", event, gain = gain),
    }
}

/// Makes a `tracing` event of a window.
pub fn trace_window(window: &Window) {
    let (epoch, offset) = window.from.parts();
    let (to_epoch, to_offset) = window.to.parts();
    tracing::trace!(target: "synfire::event::window", epoch, offset, to_epoch, to_offset);
}

/// The kinds that somebody listens to: asked once, before a run, so that the others are not even collected.
pub fn enabled() -> Kinds {
    let mut kinds = Kinds::NONE;
    macro_rules! ask {
        ($($target:literal => $kind:ident),*) => {
            $(if tracing::enabled!(target: $target, tracing::Level::TRACE) {
                kinds = kinds.with(EventKind::$kind);
            })*
        };
    }
    ask! {
        "synfire::event::spike" => Spike,
        "synfire::event::arrival" => Arrival,
        "synfire::event::predicted" => Predicted,
        "synfire::event::retracted" => Retracted,
        "synfire::event::confirmed" => Confirmed,
        "synfire::event::checkpoint" => Checkpoint,
        "synfire::event::refractory_end" => RefractoryEnd,
        "synfire::event::stimulus" => Stimulus,
        "synfire::event::window" => Window,
        "synfire::event::switch" => Switch
    }
    kinds
}

/// What a `tracing` event tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// An event of a neuron.
    Event(Event),
    /// A window: its beginning and its end.
    Window(Time, Time),
}

impl Told {
    /// Reads a `tracing` event; `None` if it is of another target or lacks a field.
    pub fn of(event: &tracing::Event<'_>) -> Option<Told> {
        let kind = event.metadata().target().strip_prefix("synfire::event::").and_then(EventKind::of_name)?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let at = Time::from_parts(fields.epoch?, fields.offset?)?;
        let other = || fields.other_epoch.and_then(|epoch| Time::from_parts(epoch, fields.other_offset?));
        let happens = match kind {
            EventKind::Window => return Some(Told::Window(at, other()?)),
            EventKind::Arrival => Happening::Arrival {
                source: NeuronId(fields.source?),
                projection: fields.projection?,
                weight: fields.weight?,
                delay_ms: fields.delay?,
            },
            EventKind::Switch => Happening::Switch { gain: fields.gain? },
            EventKind::Spike => Happening::Own(What::Spike { cause: fields.cause? }),
            EventKind::Predicted => Happening::Own(What::Predicted { crossing: other()? }),
            EventKind::Retracted => Happening::Own(What::Retracted { crossing: other()? }),
            EventKind::Confirmed => Happening::Own(What::Confirmed),
            EventKind::Checkpoint => Happening::Own(What::Checkpoint),
            EventKind::RefractoryEnd => Happening::Own(What::RefractoryEnd),
            EventKind::Stimulus => Happening::Own(What::Stimulus { current: fields.current? }),
        };
        let (population, neuron) = (PopulationId(fields.population?), LocalId(fields.neuron?));
        Some(Told::Event(Event { at, generation: fields.generation?, population, neuron, happens }))
    }
}

#[derive(Default)]
struct Fields {
    epoch: Option<u64>,
    offset: Option<f64>,
    other_epoch: Option<u64>,
    other_offset: Option<f64>,
    population: Option<u32>,
    neuron: Option<u32>,
    generation: Option<u32>,
    source: Option<u32>,
    projection: Option<u32>,
    weight: Option<f64>,
    delay: Option<f64>,
    current: Option<f64>,
    gain: Option<f64>,
    cause: Option<Cause>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let id = u32::try_from(value).ok();
        match field.name() {
            "epoch" => self.epoch = Some(value),
            "crossing_epoch" | "to_epoch" => self.other_epoch = Some(value),
            "population" => self.population = id,
            "neuron" => self.neuron = id,
            "generation" => self.generation = id,
            "source" => self.source = id,
            "projection" => self.projection = id,
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "offset" => self.offset = Some(value),
            "crossing_offset" | "to_offset" => self.other_offset = Some(value),
            "weight" => self.weight = Some(value),
            "delay" => self.delay = Some(value),
            "current" => self.current = Some(value),
            "gain" => self.gain = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "cause" {
            self.cause = Cause::ALL.into_iter().find(|cause| cause.name() == value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
