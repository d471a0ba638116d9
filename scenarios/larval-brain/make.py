#!/usr/bin/env python3
"""Makes the scenario of this folder from tables of the larva's neurons and connections.

    python3 make.py SOURCE

SOURCE is a folder with neurons.csv.gz and edges.csv.gz; README.md says what is in them and where they come from.
Needs Python 3.8 or later and nothing else.
"""

import csv
import gzip
import json
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
DURATION = 1000  # ms

# Assumed: neuron and synapse of the model of the adult brain (Shiu et al. 2024), in mV and ms.
V_REST, V_RESET, V_TH = -52, -52, -45
T_MEMBRANE, T_SYNAPSE = 20, 5
T_REFRACTORY, DELAY = 2.2, 1.8
JUMP = 0.275  # mV of g per synaptic contact
DRIVE_RATE, DRIVE_JUMP = 150, 68.75  # Hz; mV of v, so that every event makes its neuron spike

# dv/dt = (v0 - v + g)/t_mbr is a lif neuron with the current s = g c_m/t_mbr. With this c_m, s in pA is g in mV.
C_M = T_MEMBRANE


def main(source):
    neurons = read_csv(source / "neurons.csv.gz")
    write_neurons(neurons)
    sign = [-1 if is_inhibitory(row) else 1 for row in neurons]
    edges = [(int(row["pre"]), int(row["post"]), int(row["syn"])) for row in read_csv(source / "edges.csv.gz")]
    write_compact(HERE / "brain.edges", [(pre, post, sign[pre] * JUMP * syn) for pre, post, syn in edges])
    (HERE / "scenario.json").write_text(scenario_text(neurons))


def read_csv(path):
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def is_inhibitory(row):
    """Known for the mushroom body's APL and most local neurons; that all others are excitatory is assumed."""
    return row["celltype"] == "LN" or row["class"] == "APL"


def is_driven(row):
    """Olfactory receptor neurons."""
    return row["class"] == "sens-ORN"


def write_neurons(neurons):
    """Who is who: the id in the scenario and the published names."""
    text = "id,skid,celltype,class\n"
    text += "".join(f"{row['index']},{row['skid']},{row['celltype']},{row['class']}\n" for row in neurons)
    (HERE / "neurons.csv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


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


def scenario_text(neurons):
    driven = [i for i, row in enumerate(neurons) if is_driven(row)]
    of_type = lambda celltype: [i for i, row in enumerate(neurons) if row["celltype"] == celltype]
    rate = lambda ids, value, tolerance: {"population": "brain", **ids, "rate": value, "tolerance": tolerance}
    # Rates of a sanity check, not published ones; README.md has the tolerances' reasons.
    expected = [
        rate({}, round(11000 / len(neurons), 3), 0.3),
        rate({"ids": driven}, DRIVE_RATE, 9.5),
        rate({"ids": of_type("PN")}, 10.4, 0.9),
        rate({"ids": of_type("LN")}, 20.6, 1.3),
        rate({"ids": of_type("KC")}, 0, 0.05),
    ]
    members = {
        "synfire": 1,
        "name": "larval brain",
        "description": "The whole brain of the larval fly, 2,952 neurons with published connections and assumed "
        "dynamics and signs, driven at its 42 olfactory receptor neurons",
        "provenance": "Connections: supplementary data S1 of Winding et al. 2023. Classes: github.com/neurodata/"
        "bilateral-connectome, commit 2f56a81. Dynamics and signs are assumptions. See README.md",
        "licence": "CC BY 4.0 (connections), MIT (classes)",
        "citation": "Winding et al. 2023, doi:10.1126/science.add9330; Pedigo et al. 2023, doi:10.7554/eLife.83739; "
        "Shiu et al. 2024, doi:10.1038/s41586-024-07763-9",
        "seed": 1,
        "duration": DURATION,
        "populations": {
            "odour": {"size": len(driven), "neuron": {"model": "poisson", "rate": DRIVE_RATE}},
            "brain": {
                "size": len(neurons),
                "neuron": {
                    "model": "lif",
                    "tau_m": T_MEMBRANE,
                    "c_m": C_M,
                    "e_l": V_REST,
                    "v_th": V_TH,
                    "v_reset": V_RESET,
                    "t_ref": [0 if is_driven(row) else T_REFRACTORY for row in neurons],
                },
                "receptors": {
                    "drive": {"kind": "delta"},
                    "syn": {"kind": "exponential", "tau": T_SYNAPSE, "reset": True, "refractory_input": False},
                },
            },
        },
        "projections": [
            {
                "source": "odour",
                "target": "brain",
                "receptor": "drive",
                "connect": {"rule": "explicit", "pairs": [[i, neuron] for i, neuron in enumerate(driven)]},
                "weight": DRIVE_JUMP,
                "delay": DELAY,
            },
            {
                "source": "brain",
                "target": "brain",
                "receptor": "syn",
                "connect": {"rule": "explicit", "file": "brain.edges"},
                "delay": DELAY,
            },
        ],
        "record": {"spikes": ["brain"]},
        "expect": {"rates": expected},
    }
    return layout(members)


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
