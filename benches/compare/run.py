#!/usr/bin/env python3
"""Runs the same networks in synfire, NEST, Brian2 and by the algorithm of SparseProp on this machine, one after the other, and compares.

    python3 benches/compare/run.py                      all networks that take less than some minutes
    python3 benches/compare/run.py cuba brunel          these
    python3 benches/compare/run.py --all                the heavy ones, too (24 GB of memory and more, an hour)

The first run makes two Python environments with NEST and Brian2 in target/compare. Needs Python 3.9 or later, a C++ compiler,
Rust, and pip that reaches its index. Every network is read from its scenario file, by all simulators. What comes out is
target/compare/results.json, a table on the screen and the plot target/compare/compare.svg. The exit code is 1 if rates or
coefficients of variation disagree, or a simulator fails.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "compare"
ENVIRONMENTS = {
    "nest": ["nest-simulator==3.10.0"],
    "brian2": ["brian2==2.9.0", "cython", "numpy<2.3", "setuptools"],
}
# Simulated time, ms, by simulator: as long as needed for rates, as short as patience asks. A first piece is not measured.
NETWORKS = {
    "cuba": ("cuba/scenario.json", {"synfire": 10000, "nest exact": 2000, "nest grid": 2000, "brian2": 10000}),
    "cubadv": ("cubadv/scenario.json", {"synfire": 10000, "nest exact": 2000, "nest grid": 2000, "brian2": 10000}),
    # NEST has no exact spike times under conductances.
    "coba": ("coba/scenario.json", {"synfire": 3000, "nest grid": 3000, "brian2": 3000}),
    "brunel": ("brunel/scenario.json", {"synfire": 500, "nest exact": 150, "nest grid": 300, "brian2": 1000}),
    # SparseProp is for such networks.
    "sparse-inhibitory": (
        "sparse-inhibitory/n-100000.json",
        {"synfire": 1000, "sparseprop": 1000, "nest exact": 100, "nest grid": 200, "brian2": 500},
    ),
    "sparse-inhibitory-10^6": (
        "sparse-inhibitory/n-1000000.json", {"synfire": 500, "sparseprop": 200, "brian2": 100}
    ),
    "microcircuit-0.2": (
        "microcircuit/scale-0.2.json", {"synfire": 1000, "nest exact": 200, "nest grid": 300, "brian2": 1000}
    ),
    "mostly-silent": ("mostly-silent/scenario.json", {"synfire": 20000, "nest exact": 30, "nest grid": 30, "brian2": 300}),
    "microcircuit": ("microcircuit/full.json", {"synfire": 100, "nest grid": 100}),
}
HEAVY = {
    "mostly-silent": ["nest exact", "nest grid"],
    "sparse-inhibitory-10^6": ["brian2"],
    "microcircuit": ["synfire", "nest grid"],
}
# How far mean rates and CVs of two simulators may lie apart: finite runs of chaotic networks, other random numbers, a grid.
RATE_TOLERANCE, RATE_FLOOR, CV_TOLERANCE = 0.12, 0.25, 0.1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(NETWORKS)}; all if left out")
    parser.add_argument("--simulators", default="synfire,sparseprop,nest exact,nest grid,brian2")
    parser.add_argument("--all", action="store_true", help="with what takes much memory and time")
    parser.add_argument("--threads", type=int, default=1, help="of synfire; the others run on one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale-time", type=float, default=1.0, help="simulate so many times as long")
    arguments = parser.parse_args()
    simulators = arguments.simulators.split(",")
    for name in arguments.networks:
        if name not in NETWORKS:
            parser.error(f"there is no network {name}; there are {', '.join(NETWORKS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    binary = build_synfire()
    pythons = {name: environment(name) for name in ENVIRONMENTS if any(s.startswith(name) for s in simulators)}
    if "sparseprop" in simulators:
        pythons["sparseprop"] = sys.executable
        build_sparseprop()

    results, failed = {}, []
    for network in arguments.networks or NETWORKS:
        path, durations = NETWORKS[network]
        scenario = ROOT / "scenarios" / path
        if not scenario.exists():
            print(f"{network}: there is no {scenario.relative_to(ROOT)}", file=sys.stderr)
            continue
        for simulator in simulators:
            if simulator not in durations:
                continue
            if simulator in HEAVY.get(network, []) and not arguments.all:
                continue
            duration = durations[simulator] * arguments.scale_time
            print(f"{network}: {simulator}, {duration:g} ms ...", file=sys.stderr, flush=True)
            run = run_synfire if simulator == "synfire" else run_peer
            try:
                result = run(binary if simulator == "synfire" else pythons, simulator, scenario, duration, arguments)
            except subprocess.CalledProcessError as error:
                # It may not have enough memory: the others go on.
                words = (error.stderr or "").strip().splitlines()[-1:]
                print(f"{network}: {simulator} failed, {error.returncode}: {' '.join(words)}", file=sys.stderr, flush=True)
                failed.append(f"{network}: {simulator} failed")
                continue
            result["cpu_s_per_s"] = result["cpu_s"] / (duration / 1000)
            result["duration_ms"] = duration
            results.setdefault(network, {})[simulator] = result
        for simulator, result in results.get(network, {}).items():
            # Rates and CVs depend on how long one looks: ours are taken over the same time.
            if simulator != "synfire":
                ours = results[network].get("synfire")
                if ours is None or ours["duration_ms"] != result["duration_ms"]:
                    ours = run_synfire(binary, None, scenario, result["duration_ms"], arguments)
                result["ours"] = ours["populations"]
        # After each network, so that a run that is broken off has not been for nothing.
        (WORK / "results.json").write_text(json.dumps({"machine": machine(), "networks": results}, indent=1))
        (WORK / "compare.svg").write_text(plot(results))
    print(table(results))
    problems = disagreements(results) + failed
    print("\n".join(problems) if problems else "rates and CVs agree")
    return 1 if problems else 0


def build_synfire():
    subprocess.run(["cargo", "build", "--release", "--bin", "synfire"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "synfire"


def build_sparseprop():
    compiler = os.environ.get("CXX", "c++")
    command = [compiler, "-std=c++17", "-O3", "-march=native", "-o", WORK / "sparseprop", HERE / "sparseprop.cpp"]
    subprocess.run(command, check=True)


def environment(name):
    """The Python of a virtual environment that has this simulator; made if it is not there."""
    folder = WORK / name
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        print(f"making an environment for {name} in {folder.relative_to(ROOT)}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *ENVIRONMENTS[name]], check=True)
        ready.touch()
    return python


def run_synfire(binary, _, scenario, duration, arguments):
    """Two runs, a short one and a long one: their difference is what simulating takes, without building and what comes first.

    With one thread it is the time on the clock that synfire tells: building is not in it, which can take far longer and never takes as long
    twice. With more threads it is the processor time of all.
    """
    def timed(ms):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [binary, "run", "--quiet", scenario, "--until", str(ms), "--seed", str(arguments.seed)]
        command += ["--threads", str(arguments.threads)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return text, cpu_s, run_time(text)
    _, short, short_run = timed(min(1, duration / 10))
    begun = time.perf_counter()
    text, long, long_run = timed(duration)
    wall = time.perf_counter() - begun
    populations = {}
    for line in text.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) == 6 and cells[2] not in ("-", "active"):
            cv = None if cells[5] == "-" else float(cells[5])
            populations[cells[0]] = {"rate": float(cells[4]), "cv": cv, "spikes": int(cells[3].replace(",", ""))}
    memory = re.search(r"at most ([\d.]+) (KiB|MiB|GiB)", text)
    factor = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    return {
        "populations": populations, "cpu_s": long_run - short_run if arguments.threads == 1 else long - short,
        "wall_s": wall, "build_s": short,
        "memory": float(memory[1]) * factor[memory[2]] if memory else None,
    }


def run_time(text):
    """How long a run took without building, s: as it says, or as its events do, which have more digits."""
    events = re.search(r"([\d,]+) synaptic events \(([\d,]+) a second\)", text)
    if events:
        count, rate = (int(number.replace(",", "")) for number in events.groups())
        return count / rate
    time_s, unit = re.search(r" in ([\d.]+) (ms|s) \(", text).groups()
    return float(time_s) * {"ms": 1e-3, "s": 1}[unit]


def run_peer(pythons, simulator, scenario, duration, arguments):
    name, _, kind = simulator.partition(" ")
    last = kind or str(WORK / {"brian2": "brian2-code", "sparseprop": "sparseprop"}[name])
    command = [pythons[name], HERE / f"in_{name}.py", scenario, last, str(duration), str(arguments.seed)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(text.splitlines()[-1])


def machine():
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"processor": model, "cores": os.cpu_count(), "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def disagreements(results):
    """Each simulator is held against synfire, population by population."""
    problems = []
    for network, by_simulator in results.items():
        for simulator, theirs in by_simulator.items():
            for name, expected in theirs.get("ours", {}).items():
                found = theirs["populations"].get(name)
                if found is None:  # a source
                    continue
                allowed = max(RATE_FLOOR, RATE_TOLERANCE * expected["rate"])
                if abs(found["rate"] - expected["rate"]) > allowed:
                    problems.append(f"{network}, {name}: {expected['rate']:.2f} Hz, in {simulator} {found['rate']:.2f} Hz")
                # A CV of a handful of short trains says nothing.
                counted = min(found["spikes"], expected["spikes"]) > 2000 and None not in (found["cv"], expected["cv"])
                if counted and abs(found["cv"] - expected["cv"]) > CV_TOLERANCE:
                    problems.append(f"{network}, {name}: CV {expected['cv']:.3f}, in {simulator} {found['cv']:.3f}")
    return problems


def table(results):
    lines = ["| network | simulator | s per simulated s | times synfire | rate, Hz | CV | memory, MB |", "|---|---|---|---|---|---|---|"]
    for network, by_simulator in results.items():
        base = by_simulator.get("synfire", {}).get("cpu_s_per_s")
        for simulator, result in by_simulator.items():
            ratio = f"{result['cpu_s_per_s'] / base:.1f}" if base else "-"
            rates = ", ".join(f"{p['rate']:.3g}" for p in result["populations"].values())
            cvs = ", ".join("-" if p["cv"] is None else f"{p['cv']:.2f}" for p in result["populations"].values())
            memory = f"{result['memory'] / 1e6:.0f}" if result["memory"] else "-"
            lines.append(f"| {network} | {simulator} | {result['cpu_s_per_s']:.3g} | {ratio} | {rates} | {cvs} | {memory} |")
    return "\n".join(lines)


def plot(results):
    """Processor time per simulated second on a logarithmic axis, one bar a simulator."""
    import math

    colours = {"synfire": "#c0392b", "brian2": "#2980b9", "nest grid": "#7f8c8d", "nest exact": "#2c3e50", "sparseprop": "#27ae60"}
    rows = [(n, s, r["cpu_s_per_s"]) for n, by in results.items() for s, r in by.items()]
    if not rows:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'
    low = math.floor(math.log10(min(value for _, _, value in rows)))
    high = math.ceil(math.log10(max(value for _, _, value in rows)))
    left, width, height = 150, 560, 16
    place = lambda value: left + width * (math.log10(value) - low) / max(high - low, 1)
    parts, y, last = [], 30, None
    for network, simulator, value in rows:
        if network != last:
            y += 10
            parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end" font-weight="bold">{network}</text>')
            last = network
        x = place(value)
        parts.append(f'<rect x="{left}" y="{y}" width="{max(x - left, 1):.1f}" height="{height - 3}" fill="{colours[simulator]}"/>')
        parts.append(f'<text x="{max(x, left) + 5:.1f}" y="{y + 11}">{simulator} {value:.3g}</text>')
        y += height
    for power in range(low, high + 1):
        x = place(10.0**power)
        parts.insert(0, f'<line x1="{x:.1f}" y1="30" x2="{x:.1f}" y2="{y + 4}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle">{10.0**power:g}</text>')
    title = "processor time per simulated second, s"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 140}" height="{y + 30}"'
        f' font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{left}" y="18" font-size="13">{title}</text>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    sys.exit(main())
