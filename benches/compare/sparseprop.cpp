// The algorithm of SparseProp for inhibitory leaky integrate-and-fire neurons without delays, written for this comparison
// from its description: R. Engelken (2023), SparseProp, Advances in Neural Information Processing Systems 36, algorithm 1 and
// section 3. The published code is in Julia and draws the targets of each spike again; this one keeps them, as synfire does.
//
// Neurons are phases that rise all alike, from 0 at reset to 1 at threshold; so nobody is touched but who spikes and whom that
// reaches. A heap has the greatest phase on top.
//
//     sparseprop NEURONS OUT_DEGREE JUMP DRIVE TAU_MS MS SEED
//
// JUMP and DRIVE (where the membrane tends to) in units of the distance from reset to threshold.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <utility>
#include <vector>

#include <sys/resource.h>

// The greatest phase first; places tell where in the heap each neuron is.
struct Heap {
    std::vector<double> phase;
    std::vector<uint32_t> neuron, place;

    explicit Heap(const std::vector<double>& phases) : phase(phases), neuron(phases.size()), place(phases.size()) {
        for (uint32_t i = 0; i < neuron.size(); i++) neuron[i] = place[i] = i;
        for (size_t i = neuron.size() / 2; i-- > 0;) sink(i);
    }

    void swap(size_t a, size_t b) {
        std::swap(phase[a], phase[b]);
        std::swap(neuron[a], neuron[b]);
        place[neuron[a]] = a;
        place[neuron[b]] = b;
    }

    // A phase has become less.
    void sink(size_t i) {
        for (size_t child; (child = 2 * i + 1) < phase.size(); i = child) {
            if (child + 1 < phase.size() && phase[child + 1] > phase[child]) child++;
            if (phase[i] >= phase[child]) return;
            swap(i, child);
        }
    }
};

struct Train {
    double last = 0, mean = 0, squares = 0;
    uint64_t spikes = 0;
};

static double processor_s() { return double(clock()) / CLOCKS_PER_SEC; }

int main(int, char** argv) {
    const size_t size = strtoull(argv[1], nullptr, 10), out_degree = strtoull(argv[2], nullptr, 10);
    const double jump = atof(argv[3]), drive = atof(argv[4]), tau_ms = atof(argv[5]), until_ms = atof(argv[6]);
    std::mt19937_64 random(strtoull(argv[7], nullptr, 10));

    const double begun = processor_s();
    const double period_ms = tau_ms * std::log(drive / (drive - 1));
    const double steepness = period_ms / tau_ms;  // (drive - v) / drive = e^(-steepness phase)
    const double kick = jump / drive;
    std::vector<uint32_t> targets(size * out_degree);
    std::uniform_int_distribution<uint32_t> any(0, size - 1);
    std::vector<uint32_t> mark(size, UINT32_MAX);
    for (size_t i = 0; i < size; i++) {
        mark[i] = i;
        for (size_t k = 0; k < out_degree;) {
            const uint32_t target = any(random);
            if (mark[target] == i) continue;
            mark[target] = i;
            targets[i * out_degree + k++] = target;
        }
    }
    std::vector<double> phases(size);
    std::uniform_real_distribution<double> v(0, 1);
    for (double& phase : phases) phase = -std::log((drive - v(random)) / drive) / steepness;
    Heap heap(phases);
    std::vector<Train> trains(size);
    const double build_s = processor_s() - begun;

    // Phases in the heap are less by `risen` than they are.
    double risen = 0;
    uint64_t spikes = 0;
    const double from = processor_s();
    const auto wall_from = std::chrono::steady_clock::now();
    for (;;) {
        risen = 1 - heap.phase[0];
        const double now_ms = risen * period_ms;
        if (now_ms >= until_ms) break;
        const uint32_t source = heap.neuron[0];
        heap.phase[0] = -risen;
        heap.sink(0);
        for (size_t k = 0; k < out_degree; k++) {
            const uint32_t place = heap.place[targets[source * out_degree + k]];
            const double phase = heap.phase[place] + risen;
            heap.phase[place] = -std::log(std::exp(-steepness * phase) + kick) / steepness - risen;
            heap.sink(place);
        }
        Train& train = trains[source];
        if (train.spikes++ > 0) {
            const double interval = now_ms - train.last, count = train.spikes - 1, distance = interval - train.mean;
            train.mean += distance / count;
            train.squares += distance * (interval - train.mean);
        }
        train.last = now_ms;
        spikes++;
    }
    const double cpu_s = processor_s() - from;
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_from).count();

    double cvs = 0, regular = 0;
    for (const Train& train : trains) {
        if (train.spikes >= 3 && train.mean > 0) {
            cvs += std::sqrt(train.squares / (train.spikes - 1)) / train.mean;
            regular++;
        }
    }
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"populations\": {\"cells\": {\"rate\": %.17g, \"cv\": ", spikes / double(size) / (until_ms / 1000));
    if (regular > 0) printf("%.17g", cvs / regular); else printf("null");
    printf(", \"spikes\": %llu}}, \"build_s\": %g, \"cpu_s\": %g, \"wall_s\": %g, \"memory\": %lld}\n", (unsigned long long)spikes,
           build_s, cpu_s, wall_s, usage.ru_maxrss * 1024LL);
}
