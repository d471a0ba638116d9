//! Neurons that one thread owns.

use super::{Membrane, One, place_of};
use crate::group::Outbox;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Neurons that follow one another, from `first` on.
pub(super) struct Shard<const W: usize> {
    pub(super) first: usize,
    pub(super) bases: Vec<f64>,
    pub(super) sums: [Vec<u64>; W],
    pub(super) refractory_until: Vec<Time>,
    /// The cell to which each neuron's numbers belong, while neurons are driven one by one.
    cells: Vec<u64>,
    /// The cell to which all numbers belong, while all neurons are driven together.
    pub(super) cell: u64,
    /// Ends of refractory times, by neuron of the shard, while all are driven together.
    pub(super) ends: BinaryHeap<Reverse<(Time, u32)>>,
    pub(super) scratch: Scratch,
    pub(super) out: Outbox,
}

/// Lists that are filled again and again.
#[derive(Default)]
pub(super) struct Scratch {
    /// By neuron: 1 if it has to be replayed.
    pub flags: Vec<u8>,
    pub flagged: Vec<u32>,
    /// By neuron: its place among the flagged.
    pub places: Vec<u32>,
    /// By pulse: where its targets in the shard begin and end.
    pub spans: Vec<(u64, u64)>,
    /// What reached flagged neurons: place and pulse.
    pub hits: Vec<(u32, u32)>,
    /// The pulses of each flagged neuron, and where they begin.
    pub pulses: Vec<u32>,
    pub begins: Vec<u32>,
    pub events: Vec<Event>,
    /// For drawing inputs.
    pub more: Vec<(u32, u32)>,
}

/// Something that reached a flagged neuron.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub offset: f64,
    pub growth: f64,
    /// Which weight; `usize::MAX` for the start of the run, which brings nothing.
    pub class: usize,
}

impl<const W: usize> Shard<W> {
    pub(super) fn new(first: usize, bases: Vec<f64>) -> Shard<W> {
        let size = bases.len();
        let scratch = Scratch { flags: vec![0; size], places: vec![0; size], ..Scratch::default() };
        Shard {
            first,
            bases,
            sums: std::array::from_fn(|_| vec![0; size]),
            refractory_until: vec![Time::NEVER; size],
            cells: vec![0; size],
            cell: 0,
            ends: BinaryHeap::new(),
            scratch,
            out: Outbox::default(),
        }
    }

    pub(super) fn first(&self) -> usize {
        self.first
    }

    pub(super) fn size(&self) -> usize {
        self.bases.len()
    }

    /// A neuron alone; all neurons are driven together or not.
    pub(super) fn one(&self, index: usize, together: bool) -> One<W> {
        let place = index - self.first;
        One {
            cell: if together { self.cell } else { self.cells[place] },
            base: self.bases[place],
            sums: std::array::from_fn(|class| self.sums[class][place]),
            refractory_until: self.refractory_until[place],
        }
    }

    pub(super) fn set_one(&mut self, index: usize, one: One<W>) {
        let place = index - self.first;
        self.cells[place] = one.cell;
        self.bases[place] = one.base;
        (0..W).for_each(|class| self.sums[class][place] = one.sums[class]);
        self.refractory_until[place] = one.refractory_until;
    }

    /// All neurons are moved to the cell of `from`; from now on they are driven together.
    pub(super) fn join(&mut self, membrane: &Membrane<W>, from: Time) {
        self.cell = place_of(from).0;
        for place in 0..self.size() {
            let mut one = self.one(self.first + place, false);
            if !one.is_at_start(membrane) {
                one.move_to(membrane, from);
                self.set_one(self.first + place, one);
            }
            if one.refractory_until != Time::NEVER {
                self.ends.push(Reverse((one.refractory_until, place as u32)));
            }
        }
    }

    /// Splits the neurons into so many shards of about the same size.
    pub(super) fn split(&self, shards: usize) -> Vec<Shard<W>> {
        let size = self.size();
        (0..shards)
            .map(|shard| (size * shard / shards)..(size * (shard + 1) / shards))
            .filter(|range| !range.is_empty())
            .map(|range| {
                let mut part = Shard::new(self.first + range.start, self.bases[range.clone()].to_vec());
                for class in 0..W {
                    part.sums[class].copy_from_slice(&self.sums[class][range.clone()]);
                }
                part.refractory_until.copy_from_slice(&self.refractory_until[range.clone()]);
                part.cells.copy_from_slice(&self.cells[range]);
                part
            })
            .collect()
    }
}
