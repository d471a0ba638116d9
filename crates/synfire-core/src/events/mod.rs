//! The event log: what happens inside a run, one by one, for people who look.
//!
//! [`EventLog`] is an observer. It keeps what its [`EventFilter`] lets through, brings it into canonical order and hands
//! it on in batches; [`trace`] makes a `tracing` event of each, with a target and fields that do not change:
//!
//! | target | fields besides `epoch`, `offset`, `population`, `neuron`, `generation` |
//! |---|---|
//! | `synfire::event::spike` | `cause`: `crossing`, `arrival` or `schedule` |
//! | `synfire::event::arrival` | `source` (a neuron of the network), `projection`, `weight`, `delay` (ms) |
//! | `synfire::event::predicted`, `synfire::event::retracted` | `crossing_epoch`, `crossing_offset` |
//! | `synfire::event::confirmed`, `synfire::event::checkpoint`, `synfire::event::refractory_end` | |
//! | `synfire::event::stimulus` | `current`, pA (or normalised; of a rate unit what is added to its input) |
//! | `synfire::event::switch` | `gain`, that of a rate unit from now on |
//!
//! `synfire::event::window` has `epoch`, `offset`, `to_epoch` and `to_offset` alone. All are of level TRACE. An instant is
//! `epoch` whole milliseconds (u64) and an `offset` in [0, 1) ms (f64). Populations are counted in the order of declaration,
//! neurons within their population.

mod batch;
mod filter;
mod log;
mod redraw;
mod traced;

pub use batch::{Batch, Glossary, Together, Visitor, Weights, Window};
pub use filter::{EventFilter, NeuronSet};
pub use log::{EventLog, Sink, TraceNow};
pub use redraw::{DenseTrains, Redraw};
pub use traced::{Told, enabled, trace, trace_window};

use crate::group::{Cause, What};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::time::Time;

/// An event of one neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// The generation of the instant.
    pub generation: u32,
    /// The neuron's population.
    pub population: PopulationId,
    /// The neuron.
    pub neuron: LocalId,
    /// What happens.
    pub happens: Happening,
}

/// What happens to a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Happening {
    /// A spike reaches it.
    Arrival {
        /// Whose spike it is.
        source: NeuronId,
        /// The projection over which it came, in the order of declaration.
        projection: u32,
        /// The weight, in the receptor's unit.
        weight: f64,
        /// How long it was under way, ms.
        delay_ms: f64,
    },
    /// Something that it does by itself.
    Own(What),
    /// The gain of a rate unit switches.
    Switch {
        /// What it is from now on: 0, 1 or, where the unit slides along its threshold, the value that keeps it there.
        gain: f64,
    },
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // the names say it; `What` and `Happening` say more
pub enum EventKind {
    Spike,
    Arrival,
    Predicted,
    Retracted,
    Confirmed,
    Checkpoint,
    RefractoryEnd,
    Stimulus,
    Window,
    Switch,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [EventKind; 10] = [
        EventKind::Spike,
        EventKind::Arrival,
        EventKind::Predicted,
        EventKind::Retracted,
        EventKind::Confirmed,
        EventKind::Checkpoint,
        EventKind::RefractoryEnd,
        EventKind::Stimulus,
        EventKind::Window,
        EventKind::Switch,
    ];

    /// The name, in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Spike => "spike",
            EventKind::Arrival => "arrival",
            EventKind::Predicted => "predicted",
            EventKind::Retracted => "retracted",
            EventKind::Confirmed => "confirmed",
            EventKind::Checkpoint => "checkpoint",
            EventKind::RefractoryEnd => "refractory_end",
            EventKind::Stimulus => "stimulus",
            EventKind::Window => "window",
            EventKind::Switch => "switch",
        }
    }

    /// The kind of this name.
    pub fn of_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u16);

impl Kinds {
    /// No kind.
    pub const NONE: Kinds = Kinds(0);
    /// Every kind.
    pub const ALL: Kinds = Kinds((1 << EventKind::ALL.len()) - 1);

    /// The set and one kind more.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Kinds {
        Kinds(self.0 | 1 << kind as u8)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    /// Whether a kind is in the set.
    #[inline]
    pub const fn has(self, kind: EventKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As a number, for files: bit k is the k-th kind of [`EventKind::ALL`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set of such a number; bits that mean nothing are left out.
    pub const fn of_bits(bits: u16) -> Kinds {
        Kinds(bits).and(Kinds::ALL)
    }
}

impl Event {
    /// Its kind.
    #[inline]
    pub fn kind(&self) -> EventKind {
        match self.happens {
            Happening::Arrival { .. } => EventKind::Arrival,
            Happening::Own(what) => kind_of(what),
            Happening::Switch { .. } => EventKind::Switch,
        }
    }

    /// The source of an arrival.
    pub fn source(&self) -> Option<NeuronId> {
        match self.happens {
            Happening::Arrival { source, .. } => Some(source),
            Happening::Own(_) | Happening::Switch { .. } => None,
        }
    }

    /// Its place in the order of the log.
    pub fn place(&self) -> Place {
        let (part, by, step) = match self.happens {
            Happening::Arrival { source, projection, .. } => {
                (Part::Arrivals, u64::from(source.0) << 32 | u64::from(projection), 0)
            }
            Happening::Switch { .. } => (Part::After, 0, 0),
            Happening::Own(What::Predicted { .. }) => (Part::Before, 0, 0),
            Happening::Own(What::RefractoryEnd) => (Part::Before, 0, 1),
            Happening::Own(What::Stimulus { .. }) => (Part::Before, 0, 2),
            Happening::Own(What::Checkpoint) => (Part::Before, 0, 3),
            Happening::Own(What::Confirmed) => (Part::Before, 0, 4),
            Happening::Own(What::Retracted { .. }) => (Part::After, 0, 1),
            Happening::Own(What::Spike { .. }) => (Part::After, 0, 2),
        };
        let Event { at, generation, population, neuron, .. } = *self;
        Place { at, generation, population, part, by, neuron, step }
    }
}

/// The order of the log: time, generation, population; then what its neurons come with, neuron by neuron; what arrives, by source
/// and projection, then neuron; and what follows from that, neuron by neuron. Arrivals that are equal in all this keep the order in
/// which they were told, which is that of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    at: Time,
    generation: u32,
    population: PopulationId,
    part: Part,
    /// Source and projection of an arrival.
    by: u64,
    neuron: LocalId,
    step: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before,
    Arrivals,
    After,
}

fn kind_of(what: What) -> EventKind {
    match what {
        What::Predicted { .. } => EventKind::Predicted,
        What::Retracted { .. } => EventKind::Retracted,
        What::Confirmed => EventKind::Confirmed,
        What::Checkpoint => EventKind::Checkpoint,
        What::RefractoryEnd => EventKind::RefractoryEnd,
        What::Stimulus { .. } => EventKind::Stimulus,
        What::Spike { .. } => EventKind::Spike,
    }
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 3] = [Cause::Crossing, Cause::Arrival, Cause::Schedule];

    /// The name, in files.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Crossing => "crossing",
            Cause::Arrival => "arrival",
            Cause::Schedule => "schedule",
        }
    }
}
