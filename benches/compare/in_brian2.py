"""Runs a scenario in Brian2, compiled by its C++ standalone mode, and prints what came out, as JSON.
`in_brian2.py SCENARIO FOLDER MS SEED`, FOLDER for what it compiles."""

import json
import os
import resource
import sys
import time
from pathlib import Path

import brian2 as b

from scenario import (
    driven_neurons, is_source, load, mean_synapses, peak_memory, receptors, reversals, spike_trains, statistics,
)

STEP = 0.1  # ms
OPTIONS = ["-w", "-O3", "-march=native", "-ffast-math", "-std=c++11"]
# Dense Poisson input is a binomial number of so many sources in each step.
SOURCES = 1000


def main(path, folder, duration, seed):
    scenario = load(path)
    b.set_device("cpp_standalone", build_on_run=False)
    b.prefs.codegen.cpp.extra_compile_args_gcc = OPTIONS
    # As many compilers as the default would start take more memory than there is.
    b.prefs.devices.cpp_standalone.extra_make_args_unix = [f"-j{2 * (os.cpu_count() or 1)}"]
    b.seed(seed)
    b.defaultclock.dt = STEP * b.ms
    clock_file = Path(folder).resolve() / "processor_time"
    for slot in ("before_network_run", "after_network_run"):
        b.device.insert_code(slot, write_processor_time(clock_file))

    begun = time.perf_counter()
    made = {name: group(p) for name, p in scenario["populations"].items() if not is_source(p)}
    parts = list(made.values())
    for projection in scenario["projections"]:
        parts += connect(projection, scenario, made)
    monitors = {name: b.SpikeMonitor(neurons) for name, neurons in made.items()}
    network = b.Network(parts, list(monitors.values()))
    network.run(duration * b.ms)
    clock_file.parent.mkdir(parents=True, exist_ok=True)
    clock_file.unlink(missing_ok=True)
    b.device.build(directory=folder, compile=True, run=False)
    compile_s = time.perf_counter() - begun
    begun = time.perf_counter()
    b.device.run(folder, with_output=False, run_args=[])
    wall_s = b.device._last_run_time
    build_s = time.perf_counter() - begun - wall_s
    before, after = (float(line) for line in clock_file.read_text().split())

    result = {"populations": {}, "compile_s": compile_s, "build_s": build_s, "cpu_s": after - before, "wall_s": wall_s}
    for name, monitor in monitors.items():
        times, neurons = (monitor.t / b.ms).tolist(), monitor.i[:].tolist()
        result["populations"][name] = statistics(times, neurons, len(made[name]), duration)
    result["memory"] = peak_memory(resource.RUSAGE_CHILDREN)
    print(json.dumps(result))


def write_processor_time(path):
    return (
        f'{{ FILE *file = fopen("{path}", "a");'
        ' fprintf(file, "%.9f\\n", (double)clock() / CLOCKS_PER_SEC); fclose(file); }'
    )


def group(population):
    """Numbers are in ms, mV, pA and pF; time constants get their unit, all else is without."""
    neuron = population["neuron"]
    taus = {name: tau for name, tau in receptors(population) if tau is not None}
    conductances = reversals(population)
    current = " + ".join(["i_e"] + [f"{n}*({conductances[n]} - v)" if n in conductances else n for n in taus])
    lines = [f"dv/dt = (e_l - v)/tau_m + ({current})/(c_m*ms) : 1 (unless refractory)"]
    lines += [f"d{name}/dt = -{name}/tau_{name} : 1" for name in taus]
    values = {
        "e_l": neuron["e_l"], "tau_m": neuron["tau_m"] * b.ms, "c_m": neuron.get("c_m", 250),
        "i_e": neuron.get("i_e", 0), "v_th": neuron["v_th"], "v_reset": neuron["v_reset"],
    }
    values.update({f"tau_{name}": tau * b.ms for name, tau in taus.items()})
    neurons = b.NeuronGroup(
        population["size"], "\n".join(lines), threshold="v >= v_th", reset="v = v_reset",
        refractory=neuron.get("t_ref", 0) * b.ms, method="exponential_euler" if conductances else "exact", namespace=values,
    )
    neurons.v = expression(population.get("initial", {}).get("v", neuron["e_l"]))
    return neurons


def expression(quantity):
    """A distribution as Brian2 writes it. What lies outside a clip is set to its bound, not drawn again."""
    if not isinstance(quantity, dict):
        return repr(float(quantity))
    first, second = next(quantity[law] for law in ("uniform", "normal") if law in quantity)
    drawn = f"{first} + {second - first}*rand()" if "uniform" in quantity else f"{first} + {second}*randn()"
    return f"clip({drawn}, {quantity['clip'][0]}, {quantity['clip'][1]})" if "clip" in quantity else drawn


def connect(projection, scenario, made):
    source = scenario["populations"][projection["source"]]
    target = made[projection["target"]]
    kinds = dict(receptors(scenario["populations"][projection["target"]]))
    name = projection["receptor"]
    variable = "v" if kinds[name] is None else name
    trains = spike_trains(source)
    if is_source(source) and trains is None:
        rate = source["neuron"]["rate"]
        driven = driven_neurons(projection, scenario)
        if driven is None:
            return [b.PoissonInput(target, variable, SOURCES, rate / SOURCES * b.Hz, float(projection["weight"]))]
        background = b.PoissonGroup(len(driven), rate * b.Hz)
        synapses = b.Synapses(background, target, on_pre=f"{variable}_post += {float(projection['weight'])}")
        synapses.connect(j="i")
        return [background, synapses]
    parts = []
    if trains is None:
        origin = made[projection["source"]]
    else:
        units = [unit for unit, train in enumerate(trains) for _ in train]
        origin = b.SpikeGeneratorGroup(len(trains), units, [t for train in trains for t in train] * b.ms)
        parts.append(origin)
    is_constant = not isinstance(projection["weight"], dict)
    weight = float(projection["weight"]) if is_constant else "w"
    synapses = b.Synapses(
        origin, target, "" if is_constant else "w : 1", on_pre=f"{variable}_post += {weight}",
    )
    # Any rule by its mean number of synapses: degrees vary where the scenario fixes them.
    pairs = len(origin) * len(target)
    p = mean_synapses(projection, scenario) / pairs
    synapses.connect(j=f"k for k in sample(N_post, p={p!r})")
    if not is_constant:
        synapses.w = expression(projection["weight"])
    delay = projection["delay"]
    if isinstance(delay, dict) or delay > 0:
        synapses.delay = f"({expression(delay)})*ms"
    return parts + [synapses]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
