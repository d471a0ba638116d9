#!/usr/bin/env python3
"""Makes the scenarios of this folder from its tables, or one of another size.

    python3 make.py                 writes full.json and scale-0.2.json
    python3 make.py 0.5 half.json   writes the network at scale 0.5

README.md says where the tables come from and how the network is made smaller. Needs Python 3.8 or later and nothing else.
"""

import csv
import json
import math
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DURATION = 1000  # ms

C_M, TAU_M, TAU_SYN = 250, 10, 0.5
NEURON = {"model": "lif", "tau_m": TAU_M, "c_m": C_M, "e_l": -65, "v_th": -50, "v_reset": -65, "t_ref": 2}
POTENTIAL = 0.15  # mV, the peak that one excitatory spike makes
INHIBITION = -4  # times the weight of excitation
WEIGHT_SD = 0.1  # of the mean
DELAYS = {"E": 1.5, "I": 0.75}  # ms, by the kind of the source
DELAY_SD = 0.5  # of the mean
SHORTEST, LONGEST = 0.1, 20  # ms; the longest delay is more than 12 standard deviations away
BACKGROUND = 8  # Hz, of each external synapse
# Expected rates by scale: the mean of synfire's runs with seeds 1 to 3, Hz, and by how much a run may differ.
EXPECTED = {
    0.2: {
        "L23E": (0.617, 0.12), "L23I": (2.51, 0.3), "L4E": (4.27, 0.4), "L4I": (5.48, 0.4),
        "L5E": (7.09, 0.8), "L5I": (8.24, 0.7), "L6E": (0.995, 0.15), "L6I": (7.46, 0.5),
    },
}


def main(arguments):
    if arguments:
        scale, path = float(arguments[0]), Path(arguments[1])
        path.write_text(scenario_text(scale))
    else:
        (HERE / "full.json").write_text(scenario_text(1))
        (HERE / "scale-0.2.json").write_text(scenario_text(0.2))


def table(name):
    with open(HERE / name, newline="") as file:
        return list(csv.DictReader(file))


def current_for(potential):
    """The exponential current, pA, after which the membrane potential peaks at so many mV above rest."""
    ratio = TAU_M / TAU_SYN
    at_peak = math.log(ratio) * TAU_M * TAU_SYN / (TAU_M - TAU_SYN)
    shape = math.exp(-at_peak / TAU_M) - math.exp(-at_peak / TAU_SYN)
    return potential * C_M * (TAU_M - TAU_SYN) / (TAU_M * TAU_SYN * shape)


def scenario(scale):
    populations = table("populations.csv")
    names = [row["population"] for row in populations]
    size = {row["population"]: round(int(row["size"]) * scale) for row in populations}
    rate = {row["population"]: float(row["mean_rate_hz"]) for row in populations}
    external = {row["population"]: int(row["external_indegree"]) for row in populations}
    synapses = {row["target\\source"]: {name: int(row[name]) for name in names} for row in table("synapse_numbers.csv")}
    full_size = {row["population"]: int(row["size"]) for row in populations}
    excitation = current_for(POTENTIAL)

    def full_weight(source, target):
        if source.endswith("I"):
            return INHIBITION * excitation
        return excitation * (2 if (source, target) == ("L4E", "L23E") else 1)

    def lost_current(target):
        """What weights 1/sqrt(scale) times as large on scale times as many synapses lack of the mean input, pA."""
        sources = sum(full_weight(s, target) * synapses[target][s] / full_size[target] * rate[s] for s in names)
        background = excitation * external[target] * BACKGROUND
        return (1 - math.sqrt(scale)) * TAU_SYN / 1000 * (sources + background)

    made, connected = {}, []
    for row in populations:
        name = row["population"]
        neuron = dict(NEURON)
        if scale != 1:
            neuron["i_e"] = rounded(lost_current(name))
        mean, sd = float(row["v0_mean_mV"]), float(row["v0_sd_mV"])
        made[name] = {
            "size": size[name],
            "neuron": neuron,
            "receptors": {"synapses": {"kind": "exponential", "tau": TAU_SYN}},
            "initial": {"v": {"normal": [mean, sd], "clip": [rounded(mean - 12 * sd), NEURON["v_th"]]}},
        }
    for name in names:
        source = "background " + name
        poisson = {"model": "poisson", "rate": rounded(BACKGROUND * external[name] * scale)}
        made[source] = {"size": size[name], "neuron": poisson}
        connected.append({
            "source": source, "target": name, "receptor": "synapses", "connect": {"rule": "one_to_one"},
            "weight": rounded(excitation / math.sqrt(scale)), "delay": DELAYS["E"],
        })
    for target in names:
        for source in names:
            # In-degrees and sizes shrink by the scale, hence the number of synapses by its square.
            number = round(synapses[target][source] / full_size[target] * scale * size[target])
            if number > 0:
                weight = rounded(full_weight(source, target) / math.sqrt(scale))
                connected.append(projection(source, target, number, weight))
    return {
        "synfire": 1,
        "name": "microcircuit" if scale == 1 else f"microcircuit at scale {scale:g}",
        "description": f"The cortical microcircuit of Potjans and Diesmann 2014, {sum(size.values()):,} neurons in four layers"
        " with Poisson background input"
        + ("." if scale == 1 else f"; neurons and in-degrees at {scale:g} of full size, with mean and variance of the input kept."),
        "provenance": "Written by make.py from the tables in this folder; README.md says where they come from.",
        "citation": "T. C. Potjans, M. Diesmann (2014), The cell-type specific cortical microcircuit: relating structure and"
        " activity in a full-scale spiking network model, Cereb. Cortex 24, 785-806, doi:10.1093/cercor/bhs358",
        "seed": 1,
        "duration": DURATION,
        "populations": made,
        "projections": connected,
        "record": {"spikes": names},
        **expectation(scale),
    }


def expectation(scale):
    if scale not in EXPECTED:
        return {}
    rates = [
        {"population": name, "rate": mean, "tolerance": tolerance}
        for name, (mean, tolerance) in EXPECTED[scale].items()
    ]
    return {"expect": {"rates": rates}}


def projection(source, target, number, weight):
    delay = DELAYS[source[-1]]
    bound = 13 * WEIGHT_SD * abs(weight)
    return {
        "source": source, "target": target, "receptor": "synapses",
        "connect": {"rule": "fixed_total_number", "n": number, "autapses": True},
        "weight": {"normal": [weight, rounded(WEIGHT_SD * abs(weight))], "clip": sorted([0, rounded(weight + math.copysign(bound, weight))])},
        "delay": {"normal": [delay, DELAY_SD * delay], "clip": [SHORTEST, LONGEST]},
        "precision": "f32",
    }


def rounded(value):
    """To 9 digits, which is more than is known of any."""
    return float(f"{value:.9g}")


def scenario_text(scale):
    """Two levels over many lines, what is below in one."""
    content = scenario(scale)
    parts = []
    for key, value in content.items():
        if key in ("populations", "projections"):
            is_object = isinstance(value, dict)
            items = [f'    {json.dumps(k)}: {json.dumps(v)}' for k, v in value.items()] if is_object else \
                [f"    {json.dumps(v)}" for v in value]
            brackets = "{}" if is_object else "[]"
            parts.append(f"  {json.dumps(key)}: {brackets[0]}\n" + ",\n".join(items) + f"\n  {brackets[1]}")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main(sys.argv[1:])
