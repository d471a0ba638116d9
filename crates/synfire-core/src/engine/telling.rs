//! What observers are told of arrivals in windows, and what they can draw themselves.

use super::Engine;
use super::order::{self, Sorter};
use crate::events::DenseTrains;
use crate::group::{DenseSource, Single, Volley};
use crate::ids::{NeuronId, PopulationId};
use crate::network::{Projection, Values};
use crate::observer::{Fan, Observer};
use crate::queue::EventQueue;
use crate::time::Time;
use synfire_numerics::cells::CELLS_PER_MS;

impl<Q: EventQueue> Engine<Q> {
    /// Tells of all that arrives at a population in the window up to `to`: `volleys`, and what comes one by one.
    pub(super) fn tell_window(
        &self,
        population: usize,
        to: Time,
        volleys: &[Volley],
        observer: &mut impl Observer,
    ) {
        self.tell_fans_of_window(population, volleys, observer);
        self.tell_fans_of_window(population, &self.singles_of_window(population, to), observer);
    }

    /// Tells of arrivals spike by spike. Direct input is told neuron by neuron, and so is what
    /// reaches a population that is driven neuron by neuron where the declared ranks decide the order.
    fn tell_fans_of_window(&self, population: usize, volleys: &[Volley], observer: &mut impl Observer) {
        for volley in volleys {
            let projection = &self.network.projections[volley.projection as usize];
            let is_told_here = self.is_swept[population] || projection.declared.is_none();
            if is_told_here && !self.is_redrawn[volley.projection as usize] {
                let places = volley.first as usize..volley.end as usize;
                let (at, source, number) = (volley.at, volley.source, volley.projection);
                let fan = Fan { at, generation: 0, source, number, projection, places };
                let population = PopulationId(population as u32);
                match fan.places.len() {
                    1 => fan.arrivals().for_each(|(origin, neuron, arrival)| {
                        observer.arrival(&origin, population, neuron, &arrival);
                    }),
                    _ => observer.fan(population, &fan),
                }
            }
        }
    }

    /// What arrives one by one at a population in the window up to `to`, in canonical order.
    fn singles_of_window(&self, population: usize, to: Time) -> Vec<Volley> {
        let lane = &self.lanes[population];
        let volley = |single: &Single| single.volley(self.now, &self.first, &self.network.projections);
        let mut singles: Vec<Volley> = lane.singles.iter().map(volley).collect();
        singles.extend(lane.stretches.iter().flat_map(|stretch| stretch.volleys(&self.network.projections)));
        singles.extend(self.drawn_in_window(population, to));
        if lane.is_ahead || !lane.inputs.is_empty() {
            singles.retain(|single| self.now <= single.at && single.at < to);
            Sorter::default().sort(&mut singles, (self.now, to));
            order::settle_ranks(&mut singles, &self.network.projections, |volley| {
                self.source_of(volley.projection, volley.source)
            });
        }
        singles
    }

    /// What arrives at a population that draws its dense input itself, in the cells of the window up to `to`.
    fn drawn_in_window(&self, population: usize, to: Time) -> Vec<Volley> {
        let mut drawn = Vec::new();
        let inputs = self.direct[population].iter().zip(&self.lanes[population].inputs);
        for (&number, input) in inputs.filter(|(number, _)| !self.is_redrawn[**number]) {
            let first = self.first[self.network.projections[number].source.index()];
            for cell in DenseSource::cell_at(self.now)..=DenseSource::cell_at(to) {
                input.draw(self.network.groups[population].size() as u32, cell, |unit, offset| {
                    drawn.push(Volley {
                        at: Time::from_parts(cell / CELLS_PER_MS, offset).unwrap_or(Time::NEVER),
                        source: NeuronId(first + unit),
                        projection: number as u32,
                        first: unit.into(),
                        end: u64::from(unit) + 1,
                    });
                });
            }
        }
        drawn
    }

    /// The dense inputs that nobody is told of.
    pub(super) fn dense_trains(&self) -> Vec<DenseTrains> {
        let trains = |(index, projection): (usize, &Projection)| {
            let source = projection.source.index();
            let group = &self.network.groups[source];
            let weights = match projection.weights {
                Values::Same(weight) => vec![weight],
                _ => (0..group.size()).map(|place| projection.weights.at(place)).collect(),
            };
            Some(DenseTrains {
                source: group.dense_source()?,
                population: projection.source,
                first: NeuronId(self.first[source]),
                units: group.size() as u32,
                target: projection.target,
                projection: index as u32,
                delay_ms: projection.delays.at(0),
                weights,
                kinds: DenseTrains::KINDS,
            })
        };
        let projections = self.network.projections.iter().enumerate();
        projections.filter(|(index, _)| self.is_redrawn[*index]).filter_map(trains).collect()
    }
}
