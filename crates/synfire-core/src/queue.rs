//! Wake times of neurons, keyed by neuron.

use crate::ids::NeuronId;
use crate::time::Time;
use std::cmp::Reverse;
use std::hash::{BuildHasherDefault, Hasher};

/// Keys are neurons. Setting a key again changes its time; `Time::NEVER` parks it. Equal times leave by rising id, so
/// every implementation gives the same order.
pub trait EventQueue: Send {
    /// A queue for neurons 0 to `neurons` - 1, all parked.
    fn with_neurons(neurons: usize) -> Self
    where
        Self: Sized;

    /// Sets when `neuron` wakes.
    fn set(&mut self, neuron: NeuronId, at: Time);

    /// The earliest wake time; `Time::NEVER` if all are parked.
    fn next(&self) -> Time;

    /// Takes out (parks) the neuron that wakes first, equal times by rising id, if it does so before `before`.
    fn pop_before(&mut self, before: Time) -> Option<(Time, NeuronId)>;
}

/// Our own: an implicit 4-ary heap over dense ids with a table of places, so that changing a key needs no hashing.
#[derive(Debug, Default)]
pub struct IndexedHeap {
    heap: Vec<(Time, NeuronId)>,
    place: Vec<u32>,
}

const PARKED: u32 = u32::MAX;
const ARITY: usize = 4;

/// The total order of entries, as few comparisons of integers.
#[inline]
fn leaves_before(a: &(Time, NeuronId), b: &(Time, NeuronId)) -> bool {
    a.0 < b.0 || (a.0 == b.0 && a.1 < b.1)
}

impl IndexedHeap {
    fn put(&mut self, place: usize, entry: (Time, NeuronId)) {
        self.heap[place] = entry;
        self.place[entry.1.index()] = place as u32;
    }

    /// Moves the entry up from `place` to where it belongs.
    fn sift_up(&mut self, mut place: usize, entry: (Time, NeuronId)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if !leaves_before(&entry, &self.heap[parent]) {
                break;
            }
            self.put(place, self.heap[parent]);
            place = parent;
        }
        self.put(place, entry);
    }

    /// Moves the entry down from `place` to where it belongs.
    fn sift_down(&mut self, mut place: usize, entry: (Time, NeuronId)) {
        loop {
            let first = place * ARITY + 1;
            let end = (first + ARITY).min(self.heap.len());
            if first >= end {
                break;
            }
            let mut least = first;
            for child in first + 1..end {
                if leaves_before(&self.heap[child], &self.heap[least]) {
                    least = child;
                }
            }
            if !leaves_before(&self.heap[least], &entry) {
                break;
            }
            self.put(place, self.heap[least]);
            place = least;
        }
        self.put(place, entry);
    }

    fn remove(&mut self, place: usize) {
        self.place[self.heap[place].1.index()] = PARKED;
        let last = self.heap.pop().expect("a heap with a place in it");
        if place < self.heap.len() {
            if leaves_before(&last, &self.heap[place]) {
                self.sift_up(place, last)
            } else {
                self.sift_down(place, last)
            }
        }
    }
}

impl EventQueue for IndexedHeap {
    fn with_neurons(neurons: usize) -> IndexedHeap {
        IndexedHeap { heap: Vec::new(), place: vec![PARKED; neurons] }
    }

    fn set(&mut self, neuron: NeuronId, at: Time) {
        let place = self.place[neuron.index()];
        match (place == PARKED, at == Time::NEVER) {
            (true, true) => {}
            (true, false) => {
                self.heap.push((at, neuron));
                self.sift_up(self.heap.len() - 1, (at, neuron));
            }
            (false, true) => self.remove(place as usize),
            (false, false) => {
                let place = place as usize;
                if at < self.heap[place].0 {
                    self.sift_up(place, (at, neuron));
                } else {
                    self.sift_down(place, (at, neuron));
                }
            }
        }
    }

    fn next(&self) -> Time {
        self.heap.first().map_or(Time::NEVER, |entry| entry.0)
    }

    fn pop_before(&mut self, before: Time) -> Option<(Time, NeuronId)> {
        let first = *self.heap.first()?;
        if first.0 >= before {
            return None;
        }
        self.remove(0);
        Some(first)
    }
}

/// Our own: a tree of minima over dense ids. Each node has the earliest time of its eight children; the leaves are the wake
/// times by id. No entry ever moves, so there is no table of places: a change looks at one node a level, and goes on upwards
/// only while the node's minimum changes, which for most changes is not at all.
#[derive(Debug, Default)]
pub struct MinTree {
    /// From the leaves to the root, which is a level of one node's children. Each is filled up to whole nodes with `NEVER`.
    levels: Vec<Vec<Time>>,
}

/// Children of a node of a [`MinTree`].
const WIDTH: usize = 8;

/// The earliest of a node's children.
#[inline]
fn earliest(level: &[Time], node: usize) -> Time {
    level[node * WIDTH..][..WIDTH].iter().copied().fold(Time::NEVER, Time::min)
}

impl EventQueue for MinTree {
    fn with_neurons(neurons: usize) -> MinTree {
        let mut levels = Vec::new();
        let mut nodes = neurons.div_ceil(WIDTH).max(1);
        loop {
            levels.push(vec![Time::NEVER; nodes * WIDTH]);
            if nodes == 1 {
                return MinTree { levels };
            }
            nodes = nodes.div_ceil(WIDTH);
        }
    }

    #[inline]
    fn set(&mut self, neuron: NeuronId, at: Time) {
        let mut place = neuron.index();
        let mut new = at;
        let mut below = &mut self.levels[..];
        while let Some((level, above)) = below.split_first_mut() {
            let old = std::mem::replace(&mut level[place], new);
            let node = place / WIDTH;
            let Some(parent) = above.first().map(|level| level[node]) else { return };
            if new < parent {
                // The new minimum, whatever the others are.
            } else if old == parent && old != new {
                new = earliest(level, node);
                if new == parent {
                    return;
                }
            } else {
                return;
            }
            place = node;
            below = above;
        }
    }

    fn next(&self) -> Time {
        self.levels.last().map_or(Time::NEVER, |root| earliest(root, 0))
    }

    fn pop_before(&mut self, before: Time) -> Option<(Time, NeuronId)> {
        let at = self.next();
        if at >= before {
            return None;
        }
        let mut place = 0;
        for level in self.levels.iter().rev() {
            // The first of equal children leads to the lowest id.
            let node = &level[place * WIDTH..][..WIDTH];
            place = place * WIDTH + node.iter().position(|&child| child == at)?;
        }
        let neuron = NeuronId(place as u32);
        self.set(neuron, Time::NEVER);
        Some((at, neuron))
    }
}

/// The `priority-queue` crate: the readable reference. Its order among equals is undefined, so the priority is the total
/// key (time, id), reversed because the crate's largest leaves first.
#[derive(Debug, Default)]
pub struct PriorityQueueHeap {
    queue: priority_queue::PriorityQueue<NeuronId, Reverse<(Time, NeuronId)>, BuildHasherDefault<IdHasher>>,
}

impl EventQueue for PriorityQueueHeap {
    fn with_neurons(_neurons: usize) -> PriorityQueueHeap {
        PriorityQueueHeap::default()
    }

    fn set(&mut self, neuron: NeuronId, at: Time) {
        if at == Time::NEVER {
            self.queue.remove(&neuron);
        } else {
            self.queue.push(neuron, Reverse((at, neuron)));
        }
    }

    fn next(&self) -> Time {
        self.queue.peek().map_or(Time::NEVER, |(_, key)| key.0.0)
    }

    fn pop_before(&mut self, before: Time) -> Option<(Time, NeuronId)> {
        if self.next() >= before {
            return None;
        }
        self.queue.pop().map(|(_, key)| key.0)
    }
}

/// Spreads a dense id over 64 bits by one multiplication (Fibonacci hashing); the keys are ours, nobody attacks them.
#[derive(Debug, Default, Clone, Copy)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The oracle: looks at every neuron for every answer. Nothing to get wrong.
#[derive(Debug, Default)]
pub struct ScanQueue {
    wake: Vec<Time>,
}

impl EventQueue for ScanQueue {
    fn with_neurons(neurons: usize) -> ScanQueue {
        ScanQueue { wake: vec![Time::NEVER; neurons] }
    }

    fn set(&mut self, neuron: NeuronId, at: Time) {
        self.wake[neuron.index()] = at;
    }

    fn next(&self) -> Time {
        self.wake.iter().copied().min().unwrap_or(Time::NEVER)
    }

    fn pop_before(&mut self, before: Time) -> Option<(Time, NeuronId)> {
        // `min_by_key` takes the first of equals: the lowest id.
        let (id, &at) = self.wake.iter().enumerate().min_by_key(|(_, at)| **at)?;
        if at >= before {
            return None;
        }
        self.wake[id] = Time::NEVER;
        Some((at, NeuronId(id as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What to do with a queue of 600 neurons: set a wake time (few different ones, so that ties are common), or pop.
    fn operations() -> impl Strategy<Value = Vec<(u32, Option<u32>, bool)>> {
        prop::collection::vec(
            (0u32..600, prop::option::weighted(0.9, 0u32..30), prop::bool::weighted(0.3)),
            0..1200,
        )
    }

    proptest! {
        #[test]
        fn all_queues_pop_the_same(operations in operations()) {
            let mut heap = IndexedHeap::with_neurons(600);
            let mut tree = MinTree::with_neurons(600);
            let mut reference = PriorityQueueHeap::with_neurons(600);
            let mut scan = ScanQueue::with_neurons(600);
            for (neuron, quarter, pop) in operations {
                let at = quarter.map_or(Time::NEVER, |q| Time::from_ms(f64::from(q) / 4.0).unwrap());
                if pop {
                    let expected = scan.pop_before(at);
                    prop_assert_eq!(heap.pop_before(at), expected);
                    prop_assert_eq!(tree.pop_before(at), expected);
                    prop_assert_eq!(reference.pop_before(at), expected);
                } else {
                    heap.set(NeuronId(neuron), at);
                    tree.set(NeuronId(neuron), at);
                    reference.set(NeuronId(neuron), at);
                    scan.set(NeuronId(neuron), at);
                }
                prop_assert_eq!(heap.next(), scan.next());
                prop_assert_eq!(tree.next(), scan.next());
                prop_assert_eq!(reference.next(), scan.next());
            }
        }
    }
}
