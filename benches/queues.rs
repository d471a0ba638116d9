//! Queues of wake times: what a spike with 100 changes costs, by queue and number of neurons.

use divan::Bencher;
use divan::counter::ItemsCount;
use synfire_core::queue::{EventQueue, IndexedHeap, MinTree, PriorityQueueHeap};
use synfire_core::{NeuronId, Time};
use synfire_numerics::random::{Stream, StreamKey};

fn main() {
    divan::main();
}

const NEURONS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const TARGETS: u32 = 100;

/// The earliest neuron spikes and wakes again later; others are moved by `shift` of a uniform number and their wake time, ms.
/// One item is one change of the queue. What is drawn costs the same for every queue, about 4 ns a change.
fn spikes<Q: EventQueue>(bencher: Bencher<'_, '_>, neurons: usize, shift: fn(f64, f64) -> f64) {
    let mut stream = Stream::new(StreamKey::derive(1, "bench", 0), 0);
    let mut queue = Q::with_neurons(neurons);
    let mut wakes: Vec<Time> = (0..neurons).map(|_| Time::ZERO.after(100.0 * stream.uniform())).collect();
    (0..).zip(&wakes).for_each(|(id, &at)| queue.set(NeuronId(id), at));
    bencher.counter(ItemsCount::new(TARGETS + 2)).bench_local(|| {
        let (now, first) = queue.pop_before(Time::NEVER).expect("every neuron wakes");
        wakes[first.index()] = now.after(100.0);
        queue.set(first, wakes[first.index()]);
        for _ in 0..TARGETS {
            let other = NeuronId(stream.below(neurons as u32));
            let wake = &mut wakes[other.index()];
            *wake = now.after(shift(stream.uniform(), wake.since(now)));
            queue.set(other, *wake);
        }
    });
}

/// All spikes inhibit: wake times move away by up to 2 ms.
#[divan::bench(types = [MinTree, IndexedHeap, PriorityQueueHeap], args = NEURONS)]
fn a_spike_that_inhibits<Q: EventQueue>(bencher: Bencher<'_, '_>, neurons: usize) {
    spikes::<Q>(bencher, neurons, |x, wait| wait + 2.0 * x);
}

/// Spikes inhibit and excite: wake times move either way, excitation by up to a tenth of what is left.
#[divan::bench(types = [MinTree, IndexedHeap, PriorityQueueHeap], args = NEURONS)]
fn a_spike_of_either_sign<Q: EventQueue>(bencher: Bencher<'_, '_>, neurons: usize) {
    spikes::<Q>(
        bencher,
        neurons,
        |x, wait| if x < 0.8 { wait * (0.9 + 0.125 * x) } else { wait + 10.0 * (x - 0.8) },
    );
}
