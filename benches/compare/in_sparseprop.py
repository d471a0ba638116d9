"""Runs a scenario by the algorithm of SparseProp and prints what came out, as JSON. `in_sparseprop.py SCENARIO PROGRAM MS SEED`

PROGRAM is what has been compiled from sparseprop.cpp; the scenario has one population of inhibitory neurons without delays.
"""

import subprocess
import sys

from scenario import load


def main(path, program, duration, seed):
    scenario = load(path)
    [(name, population)], [projection] = scenario["populations"].items(), scenario["projections"]
    neuron, connect = population["neuron"], projection["connect"]
    height = neuron["v_th"] - neuron["v_reset"]
    fits = (
        name == "cells" and connect["rule"] == "fixed_out_degree" and projection["delay"] == 0
        and population["initial"] == {"v": {"uniform": [neuron["v_reset"], neuron["v_th"]]}} and not neuron.get("i_e")
    )
    if not fits:
        raise SystemExit(f"{path}: not a network that this program knows")
    drive = (neuron["e_l"] - neuron["v_reset"]) / height
    numbers = [population["size"], connect["k"], -projection["weight"] / height, drive, neuron["tau_m"], duration, seed]
    subprocess.run([program, *map(str, numbers)], check=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4])
