"""What the comparison reads of a scenario file, and what it measures of spike trains: shared by the scripts of this folder."""

import json
import math
import resource
import time
from pathlib import Path


def load(path):
    scenario = json.loads(Path(path).read_text())
    known = {"lif", "poisson", "spike_source"}
    models = {population["neuron"]["model"] for population in scenario["populations"].values()}
    if not models <= known:
        raise SystemExit(f"{path}: models {', '.join(sorted(models - known))} are not compared")
    return scenario


def is_source(population):
    return population["neuron"]["model"] in ("poisson", "spike_source")


def spike_trains(population):
    """The times of each unit of a `spike_source`, ms; None for all others."""
    return population["neuron"].get("times")


def receptors(population):
    """(name, tau), tau None for jumps of the membrane potential."""
    return [(name, receptor.get("tau")) for name, receptor in population.get("receptors", {}).items()]


def reversals(population):
    """The reversal potential of each conductance, mV."""
    return {n: r["e_rev"] for n, r in population.get("receptors", {}).items() if r["kind"].endswith("_conductance")}


def driven_neurons(projection, scenario):
    """The targets that get a Poisson process of their own, None for all, if the source makes one for each target."""
    connect = projection["connect"]
    if connect["rule"] == "one_to_one":
        return None
    if connect["rule"] == "explicit" and all(source == target for source, target in connect["pairs"]):
        return [target for _, target in connect["pairs"]]
    raise SystemExit(f"a source with the rule {connect['rule']} is not compared")


def mean_synapses(projection, scenario):
    """How many synapses a rule makes, on average."""
    connect = projection["connect"]
    sources = scenario["populations"][projection["source"]]["size"]
    targets = scenario["populations"][projection["target"]]["size"]
    return {
        "fixed_in_degree": lambda: connect["k"] * targets,
        "fixed_out_degree": lambda: connect["k"] * sources,
        "fixed_total_number": lambda: connect["n"],
        "pairwise_bernoulli": lambda: connect["p"] * sources * targets,
        "all_to_all": lambda: sources * targets,
        "one_to_one": lambda: targets,
        "explicit": lambda: len(connect["pairs"]),
    }[connect["rule"]]()


def statistics(times_ms, neurons, size, duration_ms):
    """Mean rate, Hz, and the mean CV of the neurons with at least three spikes, as synfire prints them."""
    trains = {}
    for neuron, time_ms in sorted(zip(neurons, times_ms)):
        trains.setdefault(neuron, []).append(time_ms)
    cvs = []
    for train in trains.values():
        gaps = [b - a for a, b in zip(train, train[1:])]
        if len(train) >= 3 and sum(gaps) > 0:
            mean = sum(gaps) / len(gaps)
            cvs.append(math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) / mean)
    rate = len(times_ms) / size / (duration_ms / 1000)
    return {"rate": rate, "cv": sum(cvs) / len(cvs) if cvs else None, "spikes": len(times_ms)}


class Clock:
    """Processor time (all threads) and wall-clock time of this process in a with-block, s."""

    def __enter__(self):
        self.begun = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.wall_s = time.perf_counter() - self.begun[0]
        self.cpu_s = time.process_time() - self.begun[1]


def peak_memory(who=resource.RUSAGE_SELF):
    """Bytes."""
    return resource.getrusage(who).ru_maxrss * 1024
