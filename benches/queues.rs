//! Queues of wake times: what a spike with 20 retractions costs, by queue and number of neurons.

use divan::Bencher;
use divan::counter::ItemsCount;
use synfire_core::queue::{EventQueue, IndexedHeap, PriorityQueueHeap};
use synfire_core::{NeuronId, Time};
use synfire_numerics::random::{Stream, StreamKey};

fn main() {
    divan::main();
}

/// The earliest neuron spikes and wakes again later; 20 others are moved. One item is one change of the queue.
#[divan::bench(types = [IndexedHeap, PriorityQueueHeap], args = [1_000, 100_000])]
fn a_spike_and_20_changes<Q: EventQueue>(bencher: Bencher<'_, '_>, neurons: usize) {
    let mut stream = Stream::new(StreamKey::derive(1, "bench", 0), 0);
    let mut queue = Q::with_neurons(neurons);
    for id in 0..neurons as u32 {
        queue.set(NeuronId(id), Time::ZERO.after(100.0 * stream.uniform()));
    }
    bencher.counter(ItemsCount::new(22_u32)).bench_local(|| {
        let (now, first) = queue.pop_before(Time::NEVER).expect("every neuron wakes");
        queue.set(first, now.after(100.0 * stream.uniform()));
        for _ in 0..20 {
            let other = NeuronId(stream.below(neurons as u32));
            queue.set(other, now.after(100.0 * stream.uniform()));
        }
    });
}
