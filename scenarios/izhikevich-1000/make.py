"""Writes scenario.json: the network of 1,000 neurons of E. M. Izhikevich (2003), Simple model of spiking neurons.

Run in this folder: python3 make.py. Needs nothing but Python's own library; the parameters of the neurons come from its
generator with seed 1, which is the same on every machine.
"""

import json
import random
import re

EXCITATORY, INHIBITORY = 800, 200


def places(x):
    return round(x, 6)


def population(size, a, b, c, d):
    return {
        "size": size,
        "neuron": {"model": "izhikevich", "a": a, "b": b, "c": c, "d": d, "v_peak": 30},
        "receptors": {"synapses": {"kind": "delta"}, "thalamus": {"kind": "delta"}},
        "initial": {"v": -65},
    }


def projection(source, target, low, high):
    return {
        "source": source, "target": target, "receptor": "synapses", "connect": {"rule": "all_to_all", "autapses": True},
        "weight": {"uniform": [low, high]}, "delay": 1,
    }


def noise(name, target, weight):
    return {
        "source": name, "target": target, "receptor": "thalamus", "connect": {"rule": "one_to_one"},
        "weight": weight, "delay": 1,
    }


draw = random.Random(1).random
of_excitatory = [draw() for _ in range(EXCITATORY)]
of_inhibitory = [draw() for _ in range(INHIBITORY)]
poisson = {"model": "poisson", "rate": 1000}
# Normal numbers of standard deviation 5 and 2, one a millisecond, have the variances 25 and 4 mV^2 a millisecond. So have
# two Poisson processes of 1 kHz with jumps of plus and minus the root of half of that.
EXCITATORY_JUMP, INHIBITORY_JUMP = 3.5355339, 1.4142136

scenario = {
    "synfire": 1,
    "name": "izhikevich-1000",
    "description": "The network of Izhikevich (2003): 800 exciting and 200 inhibiting neurons of many kinds, all to all, under noise; alpha and gamma rhythms come of themselves.",
    "citation": "E. M. Izhikevich (2003), Simple model of spiking neurons, IEEE Trans. Neural Netw. 14, 1569-1572, doi:10.1109/TNN.2003.820440",
    "seed": 1,
    "duration": 1000,
    "populations": {
        "excitatory": population(
            EXCITATORY, 0.02, 0.2,
            [places(-65 + 15 * r * r) for r in of_excitatory], [places(8 - 6 * r * r) for r in of_excitatory],
        ),
        "inhibitory": population(
            INHIBITORY,
            [places(0.02 + 0.08 * r) for r in of_inhibitory], [places(0.25 - 0.05 * r) for r in of_inhibitory],
            -65, 2,
        ),
        "excitatory_up": {"size": EXCITATORY, "neuron": poisson},
        "excitatory_down": {"size": EXCITATORY, "neuron": poisson},
        "inhibitory_up": {"size": INHIBITORY, "neuron": poisson},
        "inhibitory_down": {"size": INHIBITORY, "neuron": poisson},
    },
    "projections": [
        projection("excitatory", "excitatory", 0, 0.5),
        projection("excitatory", "inhibitory", 0, 0.5),
        projection("inhibitory", "excitatory", -1, 0),
        projection("inhibitory", "inhibitory", -1, 0),
        noise("excitatory_up", "excitatory", EXCITATORY_JUMP),
        noise("excitatory_down", "excitatory", -EXCITATORY_JUMP),
        noise("inhibitory_up", "inhibitory", INHIBITORY_JUMP),
        noise("inhibitory_down", "inhibitory", -INHIBITORY_JUMP),
    ],
    "record": {"spikes": ["excitatory", "inhibitory"]},
    "expect": {
        "rates": [
            {"population": "excitatory", "rate": 10.0, "tolerance": 1},
            {"population": "inhibitory", "rate": 10.7, "tolerance": 1.5},
        ],
    },
}

text = json.dumps(scenario, indent=1)
# Numbers side by side, not one a line.
text = re.sub(r"\[[^\[\]{}\"]*\]", lambda numbers: " ".join(numbers.group().split()), text)
with open("scenario.json", "w") as file:
    file.write(text + "\n")
