//! Populations of leaky integrators with exponential currents, in coordinates that rest between events.
//!
//! [`crate::population::Population`] moves a neuron's state at each of its events, which takes an exponential for each time
//! constant and event. Here the state is relative to the beginning of the *epoch* (the whole millisecond): an arrival adds
//! numbers that depend on its instant and weight alone, so all targets of a spike share the exponentials. It pays where
//! spikes have many targets at one instant.
//!
//! What happens to a neuron is defined for one neuron and one event, whoever drives it:
//! 1. From epoch to epoch the coordinates are moved one epoch at a time, each with one rounding.
//! 2. An arrival adds to the coordinates of the epoch in which it lies.
//! 3. Crossings are searched epoch by epoch, from the neuron's last event or the beginning of the epoch. See
//!    [`Integrator::passage`].
//! 4. While the membrane is clamped its own coordinate is minus infinity: additions leave it so, and it never crosses. At the
//!    end of the refractory time it is set so that the membrane starts from reset.
//!
//! There are two ways to add ([`Adding`]): as numbers, one after the other; or as integers, in any order. Which of them a
//! population takes is part of what it is. Integers pay where arrivals come one by one, each at an instant of its own, because
//! then nothing has to be put in order of time but the arrivals of the few neurons that may cross.
//!
//! Bounds decide what is looked at and when; they move no bit. `by_instant` looks at neurons one by one. `by_window` goes
//! through all of them in order of time, `by_epoch` adds up all that an epoch brings before it looks at any.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

mod block;
mod by_epoch;
mod by_instant;
mod by_window;
mod coordinates;
mod near;
mod oracle;
mod sleep;
mod summed;

use crate::group::{Arrival, Group, GroupError, Incoming, Outbox, PopulationSetup, Singles, Touch, Until};
use crate::ids::LocalId;
use crate::model::{NeuronModel, Unresolved};
use crate::network::Projection;
use crate::oracle::OracleUnits;
use crate::spec::Column;
use crate::time::Time;
use by_instant::Alone;
use by_window::Sweep;
use coordinates::{Coordinates, Plain, Summed, Units};
use oracle::OracleLinear;
use summed::SummedPopulation;
use synfire_numerics::growth::Growth;
use synfire_numerics::integrator::Integrator;
use synfire_numerics::math;

/// A neuron model some of whose populations can be driven in this form.
pub trait LinearModel: NeuronModel {
    /// Describes the population; `None` if it cannot be driven so.
    fn linear(setup: &PopulationSetup) -> Option<LinearNeuron>;
}

/// A leaky integrate-and-fire neuron as this module needs to know it: the same for a whole population. Times in ms.
#[derive(Clone, Debug)]
pub struct LinearNeuron {
    /// Threshold, mV.
    pub v_th: f64,
    /// Where the membrane tends to without input, relative to threshold, mV.
    pub rest: f64,
    /// Reset, relative to threshold, mV.
    pub reset: f64,
    /// Refractory time.
    pub refractory_ms: f64,
    /// Time constants of the membrane and of its receptors, as declared.
    pub taus: Vec<f64>,
    /// Capacitance, pF.
    pub capacitance: f64,
    /// The membrane potential at t = 0, mV.
    pub initial_v: Column,
    /// The currents at t = 0, pA, one column for each receptor; what is left out is 0.
    pub initial_currents: Vec<Option<Column>>,
}

/// The most receptors that there is a population for.
pub const MOST_RECEPTORS: usize = 3;

/// So near to threshold, as a part of the way from reset, bounds are of no use.
const NEAR: f64 = 1e-9;

/// How arrivals are added to coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Adding {
    /// As numbers, in order.
    InOrder,
    /// As integers, in any order.
    AsIntegers {
        /// The greatest weight that reaches each receptor, in size; pA.
        greatest_weights: Vec<f64>,
        /// How much can arrive at a neuron in a millisecond at most. The less it is, the finer are the integers.
        most_arrivals: f64,
    },
}

/// A neuron can receive so many arrivals in an epoch without danger that its sums of integers overflow.
pub const MOST_ARRIVALS: usize = coordinates::MOST_ARRIVALS;

/// The membrane and its K - 1 receptors.
#[derive(Clone, Debug)]
struct Membrane<const K: usize> {
    integrator: Integrator<K>,
    /// The integers of coordinates that are summed.
    units: [Units; K],
    /// What arrivals count, by their offset in the epoch.
    growths: [Growth; K],
    /// What a current of 1 pA is in its coordinate: mV per pA.
    gains: [f64; K],
    /// mV/ms per pA.
    per_capacitance: f64,
    v_th: f64,
    reset: f64,
    refractory_ms: f64,
}

/// What an arrival adds to two coordinates.
#[derive(Clone, Copy, Debug)]
struct Kick {
    membrane: f64,
    input: f64,
}

/// See [`Membrane::kick`].
#[inline(always)]
fn kick(gain: f64, weight: f64, growths: (f64, f64)) -> Kick {
    let size = weight * gain;
    Kick { membrane: -(size * growths.0), input: size * growths.1 }
}

impl<const K: usize> Membrane<K> {
    fn new(neuron: &LinearNeuron, adding: &Adding) -> Membrane<K> {
        let mut taus = [1.0; K];
        taus.copy_from_slice(&neuron.taus);
        let integrator = Integrator::new(neuron.rest, taus, NEAR * -neuron.reset);
        let mut gains = [0.0; K];
        for (k, gain) in gains.iter_mut().enumerate().skip(1) {
            *gain = 1.0 / (neuron.capacitance * integrator.gap(k));
        }
        let mut units = [Units::new(0.0, 0.0); K];
        if let Adding::AsIntegers { greatest_weights, most_arrivals } = adding {
            let mut greatest: f64 = 0.0;
            for k in 1..K {
                let kick = greatest_weights[k - 1] * gains[k].abs();
                units[k] = Units::new(kick * math::exp(1.0 / taus[k]), *most_arrivals);
                greatest = greatest.max(kick);
            }
            units[0] = Units::new(greatest * math::exp(1.0 / taus[0]), *most_arrivals);
        }
        Membrane {
            integrator,
            units,
            growths: taus.map(|tau| Growth::new(1.0 / tau)),
            gains,
            per_capacitance: 1.0 / neuron.capacitance,
            v_th: neuron.v_th,
            reset: neuron.reset,
            refractory_ms: neuron.refractory_ms,
        }
    }

    fn initial(&self, neuron: &LinearNeuron, index: usize) -> [f64; K] {
        let mut x = [0.0; K];
        for k in 1..K {
            x[k] = neuron.initial_currents[k - 1].as_ref().map_or(0.0, |column| column.at(index))
                * self.gains[k];
        }
        x[0] = self.integrator.coordinate_for(neuron.initial_v.at(index) - self.v_th, &x, &[1.0; K], 0.0);
        x
    }

    /// What an arrival of `weight` at receptor k - 1 adds, where `growths` are those of the two coordinates at its instant.
    #[inline(always)]
    fn kick(&self, k: usize, weight: f64, growths: (f64, f64)) -> Kick {
        kick(self.gains[k], weight, growths)
    }

    /// What is left of each coordinate at `offset`, to two units in the last place: good enough for bounds, which have more
    /// slack than that.
    fn about_fade(&self, offset: f64) -> [f64; K] {
        self.growths.each_ref().map(|growth| 1.0 / growth.at(offset))
    }

    /// The growths of membrane and receptor k - 1 at `offset`.
    #[inline(always)]
    fn growths(&self, k: usize, offset: f64) -> (f64, f64) {
        (self.growths[0].at(offset), self.growths[k].at(offset))
    }

    /// An offset before which there is no crossing, for a neuron below threshold at `from`; infinity if there is none in this
    /// epoch.
    fn bound(&self, x: &[f64; K], from: f64) -> f64 {
        let fade = self.about_fade(from);
        let next =
            from + self.integrator.wait(self.integrator.value(x, &fade), &self.integrator.drives(x, &fade));
        // What is not a number is asked for at once.
        if next >= 1.0 { f64::INFINITY } else { next.max(from) }
    }

    /// The membrane's coordinate at the end of the refractory time.
    fn released(&self, x: &[f64; K], fade: &[f64; K], offset: f64) -> f64 {
        self.integrator.coordinate_for(self.reset, x, fade, offset)
    }

    /// The value of a variable: v, then the receptors' currents.
    fn variable(&self, x: &[f64; K], offset: f64, variable: usize) -> f64 {
        let fade = self.integrator.fade(offset);
        match variable {
            0 if x[0] == f64::NEG_INFINITY => self.v_th + self.reset,
            0 => self.v_th + self.integrator.value(x, &fade),
            k => x[k] * fade[k] / self.gains[k],
        }
    }
}

/// There is no room left for excitation; what is not a number is none.
#[inline(always)]
#[allow(clippy::neg_cmp_op_on_partial_ord)]
fn is_used_up(room: f64) -> bool {
    !(room >= 0.0)
}

/// The error of a state that is beyond the range of numbers.
fn unresolved<const K: usize>(index: usize, anchor: Time, x: &[f64; K]) -> GroupError {
    let why = Unresolved { after_ms: 0.0, reason: "the state is not finite" };
    GroupError::Unresolved { neuron: LocalId(index as u32), anchor, why, state: format!("coordinates {x:?}") }
}

/// Makes the population at t = 0.
///
/// # Panics
/// If there are no receptors or more than [`MOST_RECEPTORS`].
pub fn population(neuron: &LinearNeuron, adding: &Adding, setup: &PopulationSetup) -> Box<dyn Group> {
    fn make<const K: usize>(neuron: &LinearNeuron, adding: &Adding, size: usize) -> Box<dyn Group> {
        let membrane = Membrane::<K>::new(neuron, adding);
        match adding {
            Adding::InOrder => {
                let alone = Alone::new(initial(&membrane, neuron, size));
                Box::new(LinearPopulation { membrane, alone, x: [const { Vec::new() }; K], sweep: None })
            }
            Adding::AsIntegers { .. } => {
                let states = initial(&membrane, neuron, size);
                Box::new(SummedPopulation::new(membrane, states))
            }
        }
    }
    match neuron.taus.len() {
        2 => make::<2>(neuron, adding, setup.size),
        3 => make::<3>(neuron, adding, setup.size),
        4 => make::<4>(neuron, adding, setup.size),
        receptors => panic!("a population of {} receptors", receptors.wrapping_sub(1)),
    }
}

/// Makes the population for the oracle.
///
/// # Panics
/// If there are no receptors or more than [`MOST_RECEPTORS`].
pub fn oracle(neuron: &LinearNeuron, adding: &Adding, setup: &PopulationSetup) -> Box<dyn OracleUnits> {
    fn make<const K: usize>(neuron: &LinearNeuron, adding: &Adding, size: usize) -> Box<dyn OracleUnits> {
        let membrane = Membrane::<K>::new(neuron, adding);
        match adding {
            Adding::InOrder => {
                let states: Vec<Plain<K>> = initial(&membrane, neuron, size);
                Box::new(OracleLinear::new(membrane, states))
            }
            Adding::AsIntegers { .. } => {
                let states: Vec<Summed<K>> = initial(&membrane, neuron, size);
                Box::new(OracleLinear::new(membrane, states))
            }
        }
    }
    match neuron.taus.len() {
        2 => make::<2>(neuron, adding, setup.size),
        3 => make::<3>(neuron, adding, setup.size),
        4 => make::<4>(neuron, adding, setup.size),
        receptors => panic!("a population of {} receptors", receptors.wrapping_sub(1)),
    }
}

/// The coordinates of all neurons at t = 0.
fn initial<C: Coordinates<K>, const K: usize>(
    membrane: &Membrane<K>,
    neuron: &LinearNeuron,
    size: usize,
) -> Vec<C> {
    (0..size).map(|index| C::new(membrane.initial(neuron, index))).collect()
}

/// What is known of the next crossing of a neuron that is looked at; times are offsets in the epoch.
#[derive(Clone, Copy, Debug)]
struct Watch {
    /// Its last event, or 0.
    from: f64,
    /// No crossing before; infinity for none in this epoch.
    next: f64,
    /// The crossing is at `next`.
    is_found: bool,
}

/// A population in coordinates that rest between events, to which arrivals are added in order; each neuron has K - 1
/// exponential currents.
struct LinearPopulation<const K: usize> {
    membrane: Membrane<K>,
    /// The neurons while they are driven one by one.
    alone: Alone<Plain<K>, K>,
    /// While they are driven together: coordinate by coordinate, all neurons.
    x: [Vec<f64>; K],
    /// What the population waits for, once it has been driven through a window.
    sweep: Option<Sweep<K>>,
}

impl<const K: usize> LinearPopulation<K> {
    #[inline]
    fn coordinates(&self, index: usize) -> [f64; K] {
        std::array::from_fn(|k| self.x[k][index])
    }
}

impl<const K: usize> Group for LinearPopulation<K> {
    fn size(&self) -> usize {
        self.alone.coordinates.len().max(self.x[0].len())
    }

    fn start(&mut self, out: &mut Outbox) {
        self.alone.start(&self.membrane, out);
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        self.alone.drive(&self.membrane, until, touched, arrivals, out)
    }

    fn sweeps(&self) -> bool {
        true
    }

    fn singles(&self) -> Singles {
        Singles::InOrder
    }

    fn drive_window(
        &mut self,
        from: Time,
        to: Time,
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        self.sweep_window((from, to), incoming, projections, out)
    }

    fn sample(&self, at: Time, neuron: LocalId, variable: usize) -> f64 {
        let (epoch, offset) = at.parts();
        let x = match &self.sweep {
            None => self.alone.moved_to(&self.membrane, neuron.index(), at),
            Some(sweep) => {
                let mut x = self.coordinates(neuron.index());
                (sweep.epoch_of(neuron.index())..epoch)
                    .for_each(|_| self.membrane.integrator.move_on(&mut x));
                x
            }
        };
        self.membrane.variable(&x, offset, variable)
    }
}
