#!/usr/bin/env python3
"""Makes the scenarios of this folder from the recorded spikes and the inferred weights.

    python3 make.py SOURCE

SOURCE is a folder with neurons.csv, edges.csv.gz, spikes/sugarR.csv.gz and spikes/sugarR_100Hz.csv.gz; README.md says
what is in them and where they come from. Needs Python 3.8 or later and nothing else.
"""

import csv
import gzip
import json
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRIALS = 30
DURATION = 1000  # ms
STEPS_PER_MS = 10

# Published parameters (model.py of the source), in mV and ms.
V_REST, V_RESET, V_TH = -52, -52, -45
T_MEMBRANE, T_SYNAPSE = 20, 5
T_REFRACTORY, DELAY = 2.2, 1.8
JUMP = 0.275  # mV of g per unit of weight

# dv/dt = (v0 - v + g)/t_mbr is a lif neuron with the current s = g c_m/t_mbr. With this c_m, s in pA is g in mV.
C_M = T_MEMBRANE

# drive in Hz: (name of the recording, tolerances in Hz of the mean rate, of MN9 and of each neuron). README.md says why.
EXPERIMENTS = {100: ("sugarR_100Hz", 0.2, 1.0, 4.0), 200: ("sugarR", 0.2, 1.0, 2.0)}
MN9 = 720575940660219265


def main(source):
    neurons = read_csv(source / "neurons.csv")
    driven = [row["index"] for row in neurons if row["driven"] == "1"]
    others = [row["index"] for row in neurons if row["driven"] != "1"]
    place = {index: ("sugar", i) for i, index in enumerate(driven)}
    place.update({index: ("circuit", i) for i, index in enumerate(others)})

    write_neurons(neurons, place)
    write_edges(read_csv(source / "edges.csv.gz"), place)
    for drive, experiment in EXPERIMENTS.items():
        spikes = read_csv(source / "spikes" / (experiment[0] + ".csv.gz"))
        write_input(HERE / f"sugar-{drive}hz.csv.gz", spikes, place, len(driven))
        rates = recorded_rates(spikes, place, len(others))
        scenario = scenario_text(drive, experiment, len(driven), rates, mn9_id(neurons, place))
        (HERE / f"drive-{drive}hz.json").write_text(scenario)


def read_csv(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        return list(csv.DictReader(file))


def mn9_id(neurons, place):
    return next(place[row["index"]][1] for row in neurons if int(row["root_id"]) == MN9)


def write_neurons(neurons, place):
    """Who is who: the id of the first of the 30 copies, and the neuron's name in the connectome."""
    with open(HERE / "neurons.csv", "w") as file:
        file.write("population,id,root_id,name,recorded_100hz,recorded_200hz\n")
        for row in neurons:
            population, i = place[row["index"]]
            rates = f"{row['rate_sugarR_100Hz']},{row['rate_sugarR']}"
            file.write(f"{population},{i},{row['root_id']},{row['name']},{rates}\n")


def write_edges(edges, place):
    """One trial's edges, which the scenario repeats in every block; weights become jumps of the current in pA."""
    lists = {"sugar": [], "circuit": []}
    for row in edges:
        population, i = place[row["pre"]]
        target, j = place[row["post"]]
        assert target == "circuit"
        lists[population].append((i, j, JUMP * float(row["weight"])))
    for population, edge_list in lists.items():
        write_compact(HERE / f"{population}-to-circuit.edges", edge_list)


def write_compact(path, edges):
    """The program's compact format: magic, version, flags (1 = weights), count, columns in packed blocks, CRC-32."""
    content = b"synedges" + struct.pack("<IIQ", 1, 1, len(edges))
    for column, kind in zip(zip(*edges), "IId"):
        content += packed_column(column, kind)
    path.write_bytes(content + struct.pack("<I", zlib.crc32(content)))


def packed_column(values, kind):
    packed = b""
    for start in range(0, len(values), 65536):
        block = values[start : start + 65536]
        plain = struct.pack(f"<{len(block)}{kind}", *block)
        width = len(plain) // len(block)
        by_place = b"".join(plain[byte::width] for byte in range(width))
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packer.compress(by_place) + packer.flush()
        packed += struct.pack("<I", len(data)) + data
    return packed


def write_input(path, spikes, place, block):
    """The spikes of the driven neurons. One found in the update from step k to k + 1 counts from step k + 1 on."""
    lines = []
    for row in spikes:
        population, i = place[row["neuron"]]
        if population == "sugar":
            # Written as a decimal, so that it is read as the double that is nearest to it.
            step = int(row["step"]) + 1
            time = f"{step // STEPS_PER_MS}.{step % STEPS_PER_MS}"
            lines.append((step, int(row["trial"]) * block + i, time))
    lines.sort()
    text = "neuron,time_ms\n" + "".join(f"{neuron},{time}\n" for _, neuron, time in lines)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def recorded_rates(spikes, place, size):
    counts = [0] * size
    for row in spikes:
        population, i = place[row["neuron"]]
        if population == "circuit":
            counts[i] += 1
    return [count / TRIALS * 1000 / DURATION for count in counts]


def scenario_text(drive, experiment, block, rates, mn9):
    name, mean_tolerance, mn9_tolerance, neuron_tolerance = experiment
    size = len(rates)
    copies = lambda i: [i + size * trial for trial in range(TRIALS)]
    rate = lambda ids, value, tolerance: {"population": "circuit", **ids, "rate": round(value, 6), "tolerance": tolerance}
    expected = [
        rate({}, sum(rates) / size, mean_tolerance),
        rate({"ids": copies(mn9)}, rates[mn9], mn9_tolerance),
    ]
    expected += [rate({"ids": copies(i)}, value, neuron_tolerance) for i, value in enumerate(rates)]
    projection = lambda source: {
        "source": source,
        "target": "circuit",
        "receptor": "syn",
        "connect": {"rule": "explicit", "file": f"{source}-to-circuit.edges", "blocks": TRIALS},
        "delay": DELAY,
    }
    scenario = {
        "synfire": 1,
        "name": f"fly sugar circuit, {drive} Hz",
        "description": "The sugar circuit of the adult fly, 30 trials side by side: 21 sugar neurons replay their "
        f"recorded spikes (drive of {drive} Hz), the other 453 must fire at their recorded rates",
        "provenance": f"Spikes: results/example/{name}.parquet of github.com/philshiu/Drosophila_brain_model, commit "
        "91bdd1e. Weights: inferred from the published spikes. See README.md",
        "licence": "MIT (model and spikes, Philip Shiu and Nico Spiller); CC BY 4.0 (FlyWire connectome)",
        "citation": "Shiu et al. 2024, doi:10.1038/s41586-024-07763-9; Dorkenwald et al. 2024, "
        "doi:10.1038/s41586-024-07558-y",
        "duration": DURATION,
        "populations": {
            "sugar": {
                "size": block * TRIALS,
                "neuron": {"model": "spike_source", "times_file": f"sugar-{drive}hz.csv.gz"},
            },
            "circuit": {
                "size": size * TRIALS,
                "neuron": {
                    "model": "lif",
                    "tau_m": T_MEMBRANE,
                    "c_m": C_M,
                    "e_l": V_REST,
                    "v_th": V_TH,
                    "v_reset": V_RESET,
                    "t_ref": T_REFRACTORY,
                },
                "receptors": {
                    "syn": {"kind": "exponential", "tau": T_SYNAPSE, "reset": True, "refractory_input": False}
                },
            },
        },
        "projections": [projection("sugar"), projection("circuit")],
        "record": {"spikes": ["circuit"]},
        "expect": {"rates": expected},
    }
    return layout(scenario)


def layout(scenario):
    """JSON with one population, projection and expected rate a line."""

    def entry(key, value):
        if key == "populations":
            lines = [f"    {json.dumps(name)}: {json.dumps(member)}" for name, member in value.items()]
            return "{\n" + ",\n".join(lines) + "\n  }"
        if key == "projections":
            return "[\n" + ",\n".join(f"    {json.dumps(member)}" for member in value) + "\n  ]"
        if key == "expect":
            lines = [f"    {json.dumps(member)}" for member in value["rates"]]
            return '{ "rates": [\n' + ",\n".join(lines) + "\n  ] }"
        return json.dumps(value)

    lines = [f"  {json.dumps(key)}: {entry(key, value)}" for key, value in scenario.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
