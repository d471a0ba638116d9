//! Populations of leaky integrators under dense jumps: each neuron is hit by thousands of arrivals in a second, from an input
//! of its own and from the network, and can cross threshold at arrivals only.
//!
//! Time goes in cells of 1/8 ms ([`synfire_numerics::cells`]). A neuron's coordinate is relative to the beginning of the
//! epoch (the whole millisecond), as in [`crate::linear`]. An arrival of weight w adds w e^(t/tau); within a cell these
//! exponentials are summed as integers, one sum for each weight that there is, so that sums do not depend on their order:
//! spikes need not be sorted by time, and what was added can be taken away again. What happens to a neuron is:
//! 1. An arrival adds to the sum of its weight.
//! 2. After the arrivals of an instant the neuron's *level*, the coordinate plus weights times sums, is compared with
//!    threshold's level at that instant.
//! 3. At the end of a cell in which something arrived the level becomes the coordinate. From epoch to epoch the coordinate is
//!    moved one epoch at a time.
//! 4. A spike makes the coordinate minus infinity; the end of the refractory time sets it to reset's level.
//!
//! By window, a cell at a time: all arrivals are added up, and where excitation alone, with what holds back left out, stays
//! below threshold's level at the beginning of the cell, nothing can have happened. Rounding is monotone, so this is exact.
//! For the few neurons that are left the cell's arrivals are gathered and replayed one by one.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

mod by_cell;
mod by_instant;
mod oracle;
mod shard;

use crate::group::{Arrival, DenseInput, Group, GroupError, Incoming, Outbox, PopulationSetup, Touch, Until};
use crate::ids::LocalId;
use crate::model::NeuronModel;
use crate::network::Projection;
use crate::spec::Column;
use crate::time::Time;
pub use oracle::oracle;
use rayon::ThreadPool;
use shard::Shard;
use std::sync::Arc;
use synfire_numerics::cells::{CELLS_PER_MS, Growth, UNIT, cell_of, in_units};

/// A neuron model some of whose populations can be driven in this form.
pub trait DenseModel: NeuronModel {
    /// Describes the population; `None` if it cannot be driven so.
    fn dense(setup: &PopulationSetup) -> Option<DenseNeuron>;
}

/// A leaky integrate-and-fire neuron with jumps as this module needs to know it: the same for a whole population.
#[derive(Clone, Debug)]
pub struct DenseNeuron {
    /// Threshold, mV.
    pub v_th: f64,
    /// Where the membrane tends to without input, relative to threshold, mV: negative.
    pub rest: f64,
    /// Reset, relative to threshold, mV.
    pub reset: f64,
    /// Refractory time, ms, above 0.
    pub refractory_ms: f64,
    /// Time constant, ms, at least [`synfire_numerics::cells::LEAST_TAU_MS`].
    pub tau_m: f64,
    /// The membrane potential at t = 0, mV.
    pub initial_v: Column,
}

/// The most different weights that there is a population for.
pub const MOST_WEIGHTS: usize = 3;

/// The membrane and the W weights of what arrives.
#[derive(Clone, Debug)]
struct Membrane<const W: usize> {
    growth: Growth,
    weights: [f64; W],
    /// What a sum of 1 is in the coordinate.
    scales: [f64; W],
    v_th: f64,
    /// Reset's level at the beginning of an epoch, and threshold's; mV.
    reset_level: f64,
    threshold_level: f64,
    rest: f64,
    refractory_ms: f64,
}

/// The number of a cell since t = 0, and the offset in its epoch.
fn place_of(at: Time) -> (u64, f64) {
    let (epoch, offset) = at.parts();
    (epoch * CELLS_PER_MS + cell_of(offset) as u64, offset)
}

impl<const W: usize> Membrane<W> {
    fn new(neuron: &DenseNeuron, weights: &[f64]) -> Membrane<W> {
        let mut ordered = [0.0; W];
        ordered.copy_from_slice(weights);
        // Exciting weights first: their part of the level is formed before what holds back.
        ordered.sort_by(|a, b| b.total_cmp(a));
        Membrane {
            growth: Growth::new(neuron.tau_m),
            weights: ordered,
            scales: ordered.map(|weight| weight * UNIT),
            v_th: neuron.v_th,
            reset_level: neuron.reset - neuron.rest,
            threshold_level: -neuron.rest,
            rest: neuron.rest,
            refractory_ms: neuron.refractory_ms,
        }
    }

    /// The coordinate at t = 0.
    fn initial(&self, neuron: &DenseNeuron, index: usize) -> f64 {
        neuron.initial_v.at(index) - self.v_th - self.rest
    }

    /// Which weight it is.
    fn class(&self, weight: f64) -> usize {
        self.weights.iter().position(|w| *w == weight).unwrap_or(0)
    }

    #[inline(always)]
    fn level(&self, base: f64, sums: [u64; W]) -> f64 {
        let mut change = 0.0;
        for class in 0..W {
            change += self.scales[class] * sums[class] as f64;
        }
        base + change
    }

    /// The same without what holds back: no lower than the level was at any time in the cell.
    #[inline(always)]
    fn highest(&self, base: f64, sums: [u64; W]) -> f64 {
        let mut change = 0.0;
        for class in 0..W {
            change += self.scales[class].max(0.0) * sums[class] as f64;
        }
        base + change
    }

    /// Threshold's level where the growth is `growth`.
    #[inline(always)]
    fn threshold(&self, growth: f64) -> f64 {
        self.threshold_level * growth
    }

    /// The coordinate at the end of a refractory time.
    fn released(&self, offset: f64) -> f64 {
        self.reset_level * self.growth.at(offset)
    }

    /// The coordinate at the end of cell `from`, in the terms of the epoch of cell `to`, which is not earlier.
    fn moved(&self, base: f64, from: u64, to: u64) -> f64 {
        let epochs = to / CELLS_PER_MS - from / CELLS_PER_MS;
        (0..epochs).fold(base, |base, _| self.growth.moved_on(base))
    }

    fn v(&self, level: f64, offset: f64) -> f64 {
        self.v_th + (self.rest + level * self.growth.fade(offset))
    }
}

/// A neuron alone: its cell, its coordinate, its sums, and the end of its refractory time.
#[derive(Clone, Copy, Debug)]
struct One<const W: usize> {
    cell: u64,
    base: f64,
    sums: [u64; W],
    refractory_until: Time,
}

impl<const W: usize> One<W> {
    /// Moves on to the cell of `now`; tells whether a refractory time has ended on the way, at the latest at `now`.
    fn move_to(&mut self, membrane: &Membrane<W>, now: Time) -> Option<Time> {
        let ended = (self.refractory_until <= now).then_some(self.refractory_until);
        if let Some(end) = ended {
            let (cell, offset) = place_of(end);
            *self =
                One { cell, base: membrane.released(offset), sums: [0; W], refractory_until: Time::NEVER };
        }
        let (cell, _) = place_of(now);
        if cell > self.cell {
            self.base = membrane.moved(membrane.level(self.base, self.sums), self.cell, cell);
            self.sums = [0; W];
            self.cell = cell;
        }
        ended
    }

    /// What arrives at `now`, in whose cell the neuron is; tells whether it spikes.
    fn receive(&mut self, membrane: &Membrane<W>, now: Time, arrivals: &[Arrival]) -> bool {
        if self.refractory_until != Time::NEVER {
            return false;
        }
        let (_, offset) = now.parts();
        let growth = membrane.growth.at(offset);
        for arrival in arrivals {
            self.sums[membrane.class(arrival.weight)] += in_units(growth);
        }
        self.test(membrane, now, growth)
    }

    /// The threshold test after the arrivals of an instant.
    fn test(&mut self, membrane: &Membrane<W>, now: Time, growth: f64) -> bool {
        let fires = membrane.level(self.base, self.sums) >= membrane.threshold(growth);
        if fires {
            self.fire(membrane, now);
        }
        fires
    }

    /// Nothing has happened to the neuron yet, and it is at threshold.
    fn is_at_start(&self, membrane: &Membrane<W>) -> bool {
        self.cell == 0 && self.sums == [0; W] && self.base >= membrane.threshold(1.0)
    }

    fn fire(&mut self, membrane: &Membrane<W>, now: Time) {
        self.base = f64::NEG_INFINITY;
        self.sums = [0; W];
        self.refractory_until = now.after(membrane.refractory_ms);
    }

    /// The membrane potential at `at`.
    fn v(mut self, membrane: &Membrane<W>, at: Time) -> f64 {
        self.move_to(membrane, at);
        if self.refractory_until != Time::NEVER {
            return membrane.v_th + (membrane.rest + membrane.reset_level);
        }
        let (_, offset) = at.parts();
        membrane.v(membrane.level(self.base, self.sums), offset)
    }
}

/// A population under dense jumps of W different weights.
struct DensePopulation<const W: usize> {
    membrane: Membrane<W>,
    /// The neurons, in shards that threads can own.
    shards: Vec<Shard<W>>,
    /// All neurons are driven together, not one by one.
    together: bool,
    inputs: Vec<DenseInput>,
    size: usize,
    /// The threads that drive all shards but the first.
    helpers: Option<Arc<ThreadPool>>,
}

/// Makes the population at t = 0; `weights` are all that ever arrive.
///
/// # Panics
/// If there are no weights or more than [`MOST_WEIGHTS`].
pub fn population(neuron: &DenseNeuron, weights: &[f64], setup: &PopulationSetup) -> Box<dyn Group> {
    match weights.len() {
        1 => Box::new(DensePopulation::<1>::new(neuron, weights, setup.size)),
        2 => Box::new(DensePopulation::<2>::new(neuron, weights, setup.size)),
        3 => Box::new(DensePopulation::<3>::new(neuron, weights, setup.size)),
        weights => panic!("a population of {weights} weights"),
    }
}

impl<const W: usize> DensePopulation<W> {
    fn new(neuron: &DenseNeuron, weights: &[f64], size: usize) -> DensePopulation<W> {
        let membrane = Membrane::new(neuron, weights);
        let bases: Vec<f64> = (0..size).map(|index| membrane.initial(neuron, index)).collect();
        let shards = vec![Shard::new(0, bases)];
        DensePopulation { membrane, shards, together: false, inputs: Vec::new(), size, helpers: None }
    }

    fn shard_of(&self, index: usize) -> usize {
        self.shards.partition_point(|shard| shard.first() <= index) - 1
    }

    fn one(&self, index: usize) -> One<W> {
        self.shards[self.shard_of(index)].one(index, self.together)
    }
}

impl<const W: usize> Group for DensePopulation<W> {
    fn size(&self) -> usize {
        self.size
    }

    fn start(&mut self, out: &mut Outbox) {
        for index in 0..self.size {
            let one = self.one(index);
            if self.membrane.level(one.base, one.sums) >= self.membrane.threshold(1.0) {
                out.wakes.push((LocalId(index as u32), Time::ZERO));
            }
        }
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        for touch in touched {
            let arrivals = &arrivals[touch.first as usize..][..touch.count as usize];
            self.touch(touch.neuron.index(), until, arrivals, out);
        }
        Ok(())
    }

    fn sweeps(&self) -> bool {
        true
    }

    fn goes_by_cells(&self) -> bool {
        true
    }

    fn listen(&mut self, inputs: Vec<DenseInput>) -> bool {
        self.inputs = inputs;
        true
    }

    fn drive_window(
        &mut self,
        from: Time,
        to: Time,
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        self.go_together((from, to), incoming.volleys, projections, out);
        Ok(())
    }

    fn sample(&self, at: Time, neuron: LocalId, _variable: usize) -> f64 {
        self.one(neuron.index()).v(&self.membrane, at)
    }

    fn share(&mut self, helpers: &Arc<ThreadPool>) -> bool {
        self.split(helpers.current_num_threads() + 1);
        self.helpers = Some(Arc::clone(helpers));
        true
    }
}
