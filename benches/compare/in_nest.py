"""Runs a scenario in NEST and prints what came out, as JSON. `in_nest.py SCENARIO exact|grid MS SEED`"""

import json
import os
import sys
import time

os.environ.setdefault("PYNEST_QUIET", "1")
import nest

from scenario import (
    Clock, driven_neurons, is_source, load, mean_synapses, peak_memory, receptors, reversals, spike_trains, statistics,
)

STEP = 0.1  # ms: the grid, and the shortest delay that NEST has
# NEST's rule for a fixed out-degree takes 400 bytes a synapse. Beyond so many, the degree that is fixed is the in-degree.
MOST_BY_OUT_DEGREE = 50_000_000


def main(path, kind, duration, seed):
    scenario = load(path)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = STEP
    nest.rng_seed = seed
    begun = time.perf_counter()
    made = {name: create(p, kind) for name, p in scenario["populations"].items() if not is_source(p)}
    for place, projection in enumerate(scenario["projections"]):
        # NEST has room for 134 million synapses of one model.
        model = f"synapse_{place}"
        nest.CopyModel("static_synapse", model)
        connect(projection, scenario, made, kind, model)
    recorders = {}
    for name, neurons in made.items():
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(neurons, recorders[name])
    nest.Prepare()
    build_s = time.perf_counter() - begun
    with Clock() as clock:
        nest.Run(duration)
    nest.Cleanup()
    result = {"populations": {}, "build_s": build_s, "cpu_s": clock.cpu_s, "wall_s": clock.wall_s}
    for name, recorder in recorders.items():
        events = recorder.events
        trains = events["times"].tolist(), events["senders"].tolist()
        result["populations"][name] = statistics(*trains, len(made[name]), duration)
    result["memory"] = peak_memory()
    print(json.dumps(result))


def create(population, kind):
    neuron = population["neuron"]
    taus = [tau for _, tau in receptors(population)]
    if reversals(population):
        return create_with_conductances(population, kind)
    jumps = taus == [None]
    model = ("iaf_psc_delta" if jumps else "iaf_psc_exp") + ("_ps" if kind == "exact" else "")
    values = {
        "tau_m": neuron["tau_m"], "C_m": neuron.get("c_m", 250), "E_L": neuron["e_l"], "V_th": neuron["v_th"],
        "V_reset": neuron["v_reset"], "t_ref": neuron.get("t_ref", 0), "I_e": neuron.get("i_e", 0),
    }
    if kind == "exact":
        values["t_ref"] = max(values["t_ref"], STEP)
    if not jumps:
        # Weights above 0 go to the first receptor's time constant, those below to the last one's.
        values.update(tau_syn_ex=taus[0], tau_syn_in=taus[-1])
    neurons = nest.Create(model, population["size"], params=values)
    neurons.V_m = number(population.get("initial", {}).get("v", neuron["e_l"]))
    return neurons


def create_with_conductances(population, kind):
    """NEST has these on a grid only. Weights above 0 go to the first receptor, those below to the second one."""
    if kind == "exact":
        raise SystemExit("NEST has no exact spike times under conductances")
    neuron = population["neuron"]
    (_, tau_ex), (_, tau_in) = receptors(population)
    e_ex, e_in = reversals(population).values()
    values = {
        "C_m": neuron["c_m"], "g_L": neuron["c_m"] / neuron["tau_m"], "E_L": neuron["e_l"], "V_th": neuron["v_th"],
        "V_reset": neuron["v_reset"], "t_ref": neuron.get("t_ref", 0), "I_e": neuron.get("i_e", 0),
        "tau_syn_ex": tau_ex, "tau_syn_in": tau_in, "E_ex": e_ex, "E_in": e_in,
    }
    neurons = nest.Create("iaf_cond_exp", population["size"], params=values)
    neurons.V_m = number(population.get("initial", {}).get("v", neuron["e_l"]))
    return neurons


def number(quantity):
    if not isinstance(quantity, dict):
        return quantity
    if "uniform" in quantity:
        drawn = nest.random.uniform(*quantity["uniform"])
    else:
        drawn = nest.random.normal(*quantity["normal"])
    return nest.math.redraw(drawn, *quantity["clip"]) if "clip" in quantity else drawn


def connect(projection, scenario, made, kind, model):
    source = scenario["populations"][projection["source"]]
    delay = projection["delay"]
    if not isinstance(delay, dict):
        delay = max(delay, STEP)
    synapse = {"weight": number(projection["weight"]), "delay": number(delay)}
    target = made[projection["target"]]
    conductances = list(reversals(scenario["populations"][projection["target"]]))
    if conductances and projection["receptor"] == conductances[1]:
        synapse["weight"] = -projection["weight"]
    trains = spike_trains(source)
    if trains is not None:
        origin = nest.Create("spike_generator", len(trains), params=[{"spike_times": [float(t) for t in train]} for train in trains])
    elif is_source(source):
        generator = "poisson_generator_ps" if kind == "exact" else "poisson_generator"
        background = nest.Create(generator, params={"rate": float(source["neuron"]["rate"])})
        driven = driven_neurons(projection, scenario)
        if driven is not None:
            target = target[: len(driven)]
        nest.Connect(background, target, "all_to_all", synapse)
        return
    else:
        origin = made[projection["source"]]
    rule = dict(projection["connect"])
    if rule["rule"] == "fixed_out_degree" and mean_synapses(projection, scenario) > MOST_BY_OUT_DEGREE:
        rule["rule"] = "fixed_in_degree"
        rule["k"] = round(rule["k"] * len(origin) / len(target))
    flags = {"allow_autapses": rule.get("autapses", False), "allow_multapses": rule.get("multapses", True)}
    connection = {
        "fixed_in_degree": lambda: {"rule": "fixed_indegree", "indegree": rule["k"], **flags},
        "fixed_out_degree": lambda: {"rule": "fixed_outdegree", "outdegree": rule["k"], **flags},
        "fixed_total_number": lambda: {"rule": "fixed_total_number", "N": rule["n"]},
        "pairwise_bernoulli": lambda: {"rule": "pairwise_bernoulli", "p": rule["p"], "allow_autapses": flags["allow_autapses"]},
    }[rule["rule"]]()
    nest.Connect(origin, target, connection, {"synapse_model": model, **synapse})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
