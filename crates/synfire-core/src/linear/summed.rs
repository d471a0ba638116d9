//! Populations to whose coordinates arrivals are added as integers.

use super::by_epoch::Together;
use super::by_instant::Alone;
use super::coordinates::Summed;
use super::{Coordinates, Membrane};
use crate::group::{Arrival, DenseInput, Group, GroupError, Incoming, Outbox, Singles, Touch, Until};
use crate::ids::LocalId;
use crate::network::Projection;
use crate::time::Time;

/// A population in coordinates that rest between events and are sums of integers; each neuron has K - 1 exponential currents.
pub(super) struct SummedPopulation<const K: usize> {
    membrane: Membrane<K>,
    size: usize,
    /// The neurons while they are driven one by one.
    alone: Alone<Summed<K>, K>,
    /// While they are driven together.
    together: Option<Together<K>>,
    inputs: Vec<DenseInput>,
}

impl<const K: usize> SummedPopulation<K> {
    pub(super) fn new(membrane: Membrane<K>, states: Vec<Summed<K>>) -> SummedPopulation<K> {
        let size = states.len();
        SummedPopulation { membrane, size, alone: Alone::new(states), together: None, inputs: Vec::new() }
    }
}

impl<const K: usize> Group for SummedPopulation<K> {
    fn size(&self) -> usize {
        self.size
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
        Singles::Ahead
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
        let Self { membrane, alone, together, inputs, .. } = self;
        let together = together.get_or_insert_with(|| {
            let states = std::mem::replace(alone, Alone::new(Vec::new())).coordinates;
            Together::new(membrane, &states, inputs, out)
        });
        together.drive(membrane, inputs, (from, to), incoming, projections, out)
    }

    fn sample(&self, at: Time, neuron: LocalId, variable: usize) -> f64 {
        let x = match &self.together {
            None => self.alone.moved_to(&self.membrane, neuron.index(), at),
            Some(together) => together.state(&self.membrane, neuron.index(), at).x(&self.membrane),
        };
        self.membrane.variable(&x, at.parts().1, variable)
    }
}
