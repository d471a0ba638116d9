//! A group: one population as the engine sees it.

use crate::ids::{LocalId, NeuronId};
use crate::network::Projection;
use crate::receptor::Receptor;
use crate::spec::{Column, ParamError, ParamTable};
use crate::time::Time;
use rayon::ThreadPool;
use std::sync::Arc;
use synfire_numerics::cells::{CELL_MS, CELLS_PER_MS, cell_of};
use synfire_numerics::poisson::{Drawn, PoissonCells};
use synfire_numerics::random::StreamKey;

/// A spike that reaches a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// The receptor of the target, as declared.
    pub receptor: u32,
    /// The weight, in the receptor's unit.
    pub weight: f64,
}

/// A neuron that has something to do, and the arrivals it has to do it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The neuron.
    pub neuron: LocalId,
    /// Where its arrivals begin in the list that comes with the touches.
    pub first: u32,
    /// How many they are; 0 for a neuron that is only due.
    pub count: u32,
}

/// All synapses that one spike reaches at one instant over one projection.
#[derive(Clone, Copy, Debug)]
pub struct Volley {
    /// When.
    pub at: Time,
    /// Whose spike.
    pub source: NeuronId,
    /// The projection, as declared.
    pub projection: u32,
    /// The first of its synapses, as a place in the projection.
    pub first: u64,
    /// The place after the last.
    pub end: u64,
}

/// One synapse that a spike reaches, where the synapses of a row are reached each at an instant of its own.
#[derive(Clone, Copy, Debug)]
pub struct Single {
    /// When, ms after the beginning of the epoch.
    pub offset: f64,
    /// The weight, in the receptor's unit.
    pub weight: f64,
    /// The neuron that is reached.
    pub target: u32,
    /// Whose spike.
    pub source: NeuronId,
    /// The projection, as declared.
    pub projection: u32,
    /// The synapse, as a place in the source's row.
    pub place: u32,
}

impl Single {
    /// The same as a volley, in the epoch in which `within` lies; `first` has the first neuron of each population.
    pub fn volley(&self, within: Time, first: &[u32], projections: &[Projection]) -> Volley {
        let projection = &projections[self.projection as usize];
        let row = projection.row((self.source.0 - first[projection.source.index()]) as usize);
        let place = row.start as u64 + u64::from(self.place);
        let at = Time::from_parts(within.parts().0, self.offset).unwrap_or(Time::NEVER);
        Volley { at, source: self.source, projection: self.projection, first: place, end: place + 1 }
    }
}

/// The synapses of a row that one spike reaches in one epoch, each at an instant of its own.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// When the spike set out.
    pub emitted: Time,
    /// Whose spike.
    pub source: NeuronId,
    /// The projection, as declared.
    pub projection: u32,
    /// The first of the synapses, as a place in the projection.
    pub first: u64,
    /// The place after the last.
    pub end: u64,
}

impl Stretch {
    /// How many synapses.
    pub fn synapses(&self) -> u64 {
        self.end - self.first
    }

    /// The same as volleys, synapse by synapse.
    pub fn volleys(&self, projections: &[Projection]) -> impl Iterator<Item = Volley> {
        let Stretch { emitted, source, projection, first, end } = *self;
        let delays = &projections[projection as usize].delays;
        (first..end).map(move |place| {
            let at = emitted.after(delays.at(place as usize));
            Volley { at, source, projection, first: place, end: place + 1 }
        })
    }
}

/// What reaches a population in a window. Volleys are of other projections than singles and stretches.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Over delays that are the same for all synapses: in canonical order, by time, source, projection and declaration.
    pub volleys: &'a [Volley],
    /// Over delays that vary, and from dense sources: as the group takes them (see [`Singles`]). If there are any, the window lies
    /// in one epoch.
    pub singles: &'a [Single],
    /// What becomes known in the window of its epoch, if the group takes it ahead of time: over delays that vary, in no order. The
    /// window lies in one epoch.
    pub stretches: &'a [Stretch],
}

/// How a group that is driven by [`Group::drive_window`] takes what arrives one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Singles {
    /// As volleys.
    AsVolleys,
    /// Those of the window, in canonical order.
    InOrder,
    /// In stretches, as soon as they are known. Windows end with epochs.
    Ahead,
}

/// Units that spike at random, so often that others draw their spikes cell by cell.
#[derive(Clone, Debug)]
pub struct DenseSource {
    /// The processes, one a unit.
    pub cells: Arc<PoissonCells>,
    /// No spike before.
    pub start: Time,
    /// No spike at or after.
    pub stop: Time,
}

impl DenseSource {
    /// When a cell begins.
    pub fn begin_of(cell: u64) -> Time {
        let offset = (cell % CELLS_PER_MS) as f64 * CELL_MS;
        Time::from_parts(cell / CELLS_PER_MS, offset).unwrap_or(Time::NEVER)
    }

    /// The cell in which a time lies.
    pub fn cell_at(at: Time) -> u64 {
        let (epoch, offset) = at.parts();
        epoch * CELLS_PER_MS + cell_of(offset) as u64
    }

    /// How many spikes of the first `units` units are under way at `now`: emitted before, arriving `delay_ms` later, then or
    /// after.
    pub fn under_way(&self, units: u32, delay_ms: f64, now: Time) -> u64 {
        // What rounding does to `before` stays within a cell.
        let first = DenseSource::cell_at(now.before(delay_ms)).saturating_sub(1);
        let mut count = 0;
        for cell in first..=DenseSource::cell_at(now) {
            let begin = DenseSource::begin_of(cell);
            self.cells.draw_many(units, cell, |_, since| {
                let spike = begin.after(since);
                let is_made = self.start <= spike && spike < self.stop && spike < now;
                count += u64::from(is_made && spike.after(delay_ms) >= now);
            });
        }
        count
    }
}

/// A dense source, one unit a neuron, over a delay of whole cells.
#[derive(Clone, Debug)]
pub struct DenseInput {
    /// Whose spikes.
    pub source: DenseSource,
    /// The delay, in cells (see [`synfire_numerics::cells`]).
    pub delay_cells: u64,
    /// The receptor of the target, as declared.
    pub receptor: u32,
    /// The weight, in the receptor's unit.
    pub weight: f64,
}

impl DenseInput {
    /// What arrives at the first `units` neurons in a cell, in no order: neuron, and offset in the cell's epoch, ms.
    #[inline]
    pub fn draw(&self, units: u32, cell: u64, mut arrival: impl FnMut(u32, f64)) {
        let Some(emitted) = self.emitted(cell) else { return };
        self.source.cells.draw_many(units, emitted.cell, |unit, since| {
            if emitted.counts(since) {
                arrival(unit, emitted.shift + since);
            }
        });
    }

    /// The same, list by list of some hundred arrivals: neurons, and offsets.
    pub fn draw_lists(
        &self,
        units: u32,
        cell: u64,
        room: &mut InputRoom,
        mut arrivals: impl FnMut(&[u32], &[f64]),
    ) {
        let Some(emitted) = self.emitted(cell) else { return };
        let InputRoom { drawn, kept, offsets } = room;
        self.source.cells.draw_lists(units, emitted.cell, drawn, |units, times| {
            offsets.clear();
            if emitted.open.is_none() {
                offsets.extend(times.iter().map(|since| emitted.shift + since));
                arrivals(units, offsets);
                return;
            }
            kept.clear();
            for (&unit, &since) in units.iter().zip(times).filter(|(_, since)| emitted.counts(**since)) {
                kept.push(unit);
                offsets.push(emitted.shift + since);
            }
            arrivals(kept, offsets);
        });
    }

    /// The same at one neuron.
    #[inline]
    pub fn draw_for(&self, unit: u32, cell: u64, mut arrival: impl FnMut(f64)) {
        let Some(emitted) = self.emitted(cell) else { return };
        self.source.cells.draw(unit, emitted.cell, |since| {
            if emitted.counts(since) {
                arrival(emitted.shift + since);
            }
        });
    }

    /// The cell in which what arrives in `cell` is emitted, if there is any.
    fn emitted(&self, cell: u64) -> Option<Emitted> {
        let emitted = cell.checked_sub(self.delay_cells)?;
        let begin = DenseSource::begin_of(emitted);
        let is_open = self.source.start <= begin && DenseSource::begin_of(emitted + 1) <= self.source.stop;
        let open = (!is_open).then_some((begin, self.source.start, self.source.stop));
        Some(Emitted { cell: emitted, shift: (cell % CELLS_PER_MS) as f64 * CELL_MS, open })
    }
}

/// Room for what an input brings, to be used again.
#[derive(Clone, Debug, Default)]
pub struct InputRoom {
    drawn: Drawn,
    kept: Vec<u32>,
    offsets: Vec<f64>,
}

/// The spikes of a cell of a dense source.
struct Emitted {
    cell: u64,
    /// Where the cell of their arrivals begins in its epoch, ms. Sums with it are exact.
    shift: f64,
    /// Where the source does not spike in all of the cell: the cell's beginning, and from when to when it does.
    open: Option<(Time, Time, Time)>,
}

impl Emitted {
    /// Whether there is a spike so many ms after the beginning.
    #[inline(always)]
    fn counts(&self, since: f64) -> bool {
        self.open.is_none_or(|(begin, start, stop)| {
            let spike = begin.after(since);
            start <= spike && spike < stop
        })
    }
}

/// Up to when a group is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The one instant: what is due then and what arrives then, one generation of it.
    Instant(Time),
    /// Everything before this time: all arrivals are there, in canonical order.
    Before(Time),
}

/// What a group answers: spikes and new wake times. Reused from call to call.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Spikes, neuron by neuron, each neuron's in order of time.
    pub spikes: Vec<(Time, LocalId)>,
    /// When each touched neuron wants to be touched again, at the latest: one entry for each whose wake time changed.
    pub wakes: Vec<(LocalId, Time)>,
    /// Crossings that rounding alone decided.
    pub ambiguous: u64,
    /// What the neurons do by themselves, if an observer wants to know (see [`crate::observer::Observer::NOTES`]). A group
    /// asks [`Outbox::is_watched`] once a call, not once a neuron.
    pub notes: Option<Vec<Note>>,
    /// How many spikes a group has drawn from each of its dense inputs: see [`Group::listen`].
    pub asked: Vec<u64>,
}

impl Outbox {
    /// Empties the lists; counts stay.
    pub fn clear(&mut self) {
        self.spikes.clear();
        self.wakes.clear();
        if let Some(notes) = &mut self.notes {
            notes.clear();
        }
    }

    /// Whether notes are taken.
    #[inline]
    pub fn is_watched(&self) -> bool {
        self.notes.is_some()
    }

    /// Takes a note, if notes are taken.
    pub fn note(&mut self, at: Time, generation: u32, neuron: LocalId, what: What) {
        if let Some(notes) = &mut self.notes {
            notes.push(Note { at, generation, neuron, what });
        }
    }
}

/// What one neuron does by itself, for observers that look inside a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// When.
    pub at: Time,
    /// The generation of the instant: how often the neuron, or over zero delays the network, has been touched at this
    /// instant before.
    pub generation: u32,
    /// The neuron.
    pub neuron: LocalId,
    /// What.
    pub what: What,
}

/// What is noted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// The next threshold crossing has been found, or a checkpoint before which there is none. That this is asked, and when,
    /// is the engine's economy: another kind of group may ask at other times.
    Predicted {
        /// When it is to come.
        crossing: Time,
    },
    /// What was predicted will not come: something came first that moved the neuron.
    Retracted {
        /// When it was to come.
        crossing: Time,
    },
    /// The predicted crossing has come.
    Confirmed,
    /// The predicted checkpoint has come.
    Checkpoint,
    /// The refractory time is over.
    RefractoryEnd,
    /// The stimulus current changes.
    Stimulus {
        /// What it is from now on, pA (or normalised).
        current: f64,
    },
    /// The neuron spikes.
    Spike {
        /// What made it.
        cause: Cause,
    },
}

/// What made a spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The membrane came to threshold between two events.
    Crossing,
    /// Arrivals of this instant carried the membrane over threshold.
    Arrival,
    /// A unit of a source, on its own schedule.
    Schedule,
}

/// A population as the engine sees it. Object-safe; the same neurons and the same arithmetic whether driven by instant
/// or by window, hence the same bits.
pub trait Group: Send {
    /// How many neurons.
    fn size(&self) -> usize;

    /// The wake times at t = 0, one for each neuron that ever wakes by itself.
    fn start(&mut self, out: &mut Outbox);

    /// Drives the touched neurons, which come by rising id, each with its arrivals in canonical order: by time, then
    /// source population, source neuron and synapse as declared.
    ///
    /// # Errors
    /// A neuron that spikes without end at one instant, or whose next crossing can be neither found nor excluded.
    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError>;

    /// Whether the group can go through windows as a whole, with [`Group::drive_window`] instead of [`Group::drive`]. A group
    /// is driven in one way from the beginning to the end.
    fn sweeps(&self) -> bool {
        false
    }

    /// Whether the group goes through windows cell by cell (see [`synfire_numerics::cells`]): then windows had better end with one.
    fn goes_by_cells(&self) -> bool {
        false
    }

    /// From now on the group draws these inputs itself, one unit a neuron, when it is driven by [`Group::drive_window`]; false
    /// if it cannot.
    fn listen(&mut self, inputs: Vec<DenseInput>) -> bool {
        let _ = inputs;
        false
    }

    /// For dense sources: how others can draw their spikes.
    fn dense_source(&self) -> Option<DenseSource> {
        None
    }

    /// The group may use these threads beside the caller's when it is driven by [`Group::drive_window`]; false if it cannot.
    fn share(&mut self, helpers: &Arc<ThreadPool>) -> bool {
        let _ = helpers;
        false
    }

    /// How [`Group::drive_window`] takes what arrives one by one.
    fn singles(&self) -> Singles {
        Singles::AsVolleys
    }

    /// Drives all neurons from `from` up to before `to`. No source has two volleys at one instant over one projection.
    ///
    /// # Errors
    /// As [`Group::drive`].
    fn drive_window(
        &mut self,
        from: Time,
        to: Time,
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let _ = (from, to, incoming, projections, out);
        Ok(())
    }

    /// The value of a variable (see [`crate::receptor::variable_names`]) at `at`, after everything that happens then, if
    /// all that happened up to `at` and nothing later has been driven. Changes nothing.
    fn sample(&self, at: Time, neuron: LocalId, variable: usize) -> f64;

    /// The group as one that keeps its own wake times, if it does: then it tells none in [`Group::start`], and the queue
    /// engine drives it as [`RowGroup`] says. Such groups are for networks with zero delays, which no other engine runs.
    fn rows(&mut self) -> Option<&mut dyn RowGroup> {
        None
    }

    /// For units that take no input and are asked ahead of everything else: how many spikes they make together per ms,
    /// about; 0 for all other groups.
    fn source_spikes_per_ms(&self) -> f64 {
        0.0
    }

    /// Takes the spikes of one unit of a source that arrive, `delay_ms` after each, before `before`: their times of
    /// arrival. A unit that is asked so is not driven.
    fn take_arrivals(&mut self, neuron: LocalId, delay_ms: f64, before: Time, arrivals: &mut Vec<Time>) {
        let _ = (neuron, delay_ms, before, arrivals);
    }

    /// How many spikes before `before` one unit of a source has that have not been taken.
    fn spikes_left(&self, neuron: LocalId, before: Time) -> u64 {
        let _ = (neuron, before);
        0
    }
}

/// A group that takes a spike's whole row of targets at once and keeps its own wake times: one call a row instead of an
/// arrival and a wake time a synapse. One generation of an instant is [`RowGroup::begin`], then the rows that arrive in it in
/// canonical order (source population, source neuron, synapse as declared), then [`RowGroup::finish`].
pub trait RowGroup {
    /// When it has to be driven next if nothing arrives: exactly, or `Time::NEVER`.
    fn next_wake(&mut self) -> Time;

    /// Some neurons that have become likely to spike next since this was asked last, so that what they need can be fetched from
    /// memory meanwhile.
    fn likely_next(&mut self) -> [Option<u32>; 3] {
        [None; 3]
    }

    /// Begins a generation of the instant `now`: what is due by itself.
    fn begin(&mut self, now: Time, out: &mut Outbox);

    /// A spike arrives at one receptor of all these neurons, with a weight in the receptor's unit.
    fn receive(&mut self, receptor: u32, weight: f64, targets: &[u32]);

    /// Ends the generation: the threshold tests and the spikes, by rising id.
    ///
    /// # Errors
    /// As [`Group::drive`].
    fn finish(&mut self, out: &mut Outbox) -> Result<(), GroupError>;
}

/// Generations of one instant beyond which a run without end is assumed.
const ENDLESS: u32 = 1_000_000;

/// [`Group::drive`] of such a group, arrival by arrival.
///
/// # Errors
/// As [`Group::drive`].
pub fn drive_by_rows(
    group: &mut impl RowGroup,
    until: Until,
    touched: &[Touch],
    arrivals: &[Arrival],
    out: &mut Outbox,
) -> Result<(), GroupError> {
    let each = |touch: &Touch| {
        let mine = &arrivals[touch.first as usize..][..touch.count as usize];
        let target = touch.neuron.0;
        mine.iter().map(move |arrival| (target, *arrival))
    };
    let mut input: Vec<(u32, Arrival)> = touched.iter().flat_map(each).collect();
    input.sort_by_key(|(_, arrival)| arrival.at);
    let mut left = &input[..];
    let (mut last, mut repeats) = (Time::NEVER, 0);
    loop {
        let now = left.first().map_or(Time::NEVER, |(_, arrival)| arrival.at).min(group.next_wake());
        let (is_over, is_last) = match until {
            Until::Instant(at) => (now > at, true),
            Until::Before(to) => (now >= to, false),
        };
        if is_over {
            return Ok(());
        }
        repeats = if now == last { repeats + 1 } else { 0 };
        last = now;
        if repeats > ENDLESS {
            let neuron = out.spikes.last().map_or(LocalId(0), |spike| spike.1);
            return Err(GroupError::Endless { neuron, at: now });
        }
        group.begin(now, out);
        let here = left.partition_point(|(_, arrival)| arrival.at <= now);
        for (target, arrival) in &left[..here] {
            group.receive(arrival.receptor, arrival.weight, &[*target]);
        }
        left = &left[here..];
        group.finish(out)?;
        if is_last {
            return Ok(());
        }
    }
}

/// Why a group cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// A neuron without refractory time that spikes again and again at one instant.
    #[error("neuron {} spikes without end at {at} ms", neuron.0)]
    Endless {
        /// The neuron.
        neuron: LocalId,
        /// The instant.
        at: Time,
    },
    /// A neuron whose next threshold crossing can be neither found nor excluded.
    #[error("neuron {}: {why} at {anchor} ms; its state there: {state}", neuron.0)]
    Unresolved {
        /// The neuron.
        neuron: LocalId,
        /// Its last event.
        anchor: Time,
        /// What went wrong.
        why: crate::model::Unresolved,
        /// Its variables at its last event: names and values.
        state: String,
    },
}

/// A `current_step` stimulus, for some neurons of one population.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentStep {
    /// The neurons; `None` for all.
    pub neurons: Option<Vec<u32>>,
    /// From when on.
    pub at: Time,
    /// Until when; `Time::NEVER` for ever.
    pub until: Time,
    /// What is added to the constant current, pA (or normalised).
    pub amplitude: f64,
}

/// All that a population is made from.
#[derive(Clone, Debug)]
pub struct PopulationSetup {
    /// How many neurons.
    pub size: usize,
    /// The model's parameters, in range (see [`crate::spec::check_ranges`]).
    pub parameters: ParamTable,
    /// The receptors as declared.
    pub receptors: Vec<Receptor>,
    /// Initial values by index of the variable (see [`crate::receptor::variable_names`]); what is left out starts at rest.
    pub initial: Vec<(usize, Column)>,
    /// Stimuli of this population.
    pub stimuli: Vec<CurrentStep>,
    /// A zero delay is among the delays of the projections that reach it.
    pub at_once: bool,
    /// The weights of the projections that reach it, one each, if each has one and it is reached at once; else none. Then phases
    /// may be its state: see [`crate::phase`].
    pub jumps: Vec<f64>,
    /// Spike trains of a `spike_source`: one a neuron, rising times.
    pub spike_trains: Vec<Vec<Time>>,
    /// Where a population that draws random numbers while it runs takes them from: one stream a neuron.
    pub random: StreamKey,
}

/// A population that cannot be made: the neuron and what is wrong with its parameters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("neuron {neuron}: {error}")]
pub struct SetupError {
    /// The first neuron concerned.
    pub neuron: usize,
    /// What is wrong.
    pub error: ParamError,
}
