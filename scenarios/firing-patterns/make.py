"""Writes scenario.json, with the spike times of its six Izhikevich neurons from a program of their own.

Run in this folder: python3 make.py. Needs mpmath. The times come from Taylor series of order 30 in steps of 1/32 ms, with 40
digits; a spike is the zero of the step's polynomial, found by Newton's method.
"""

import json

from mpmath import mp, mpf, nstr

mp.dps = 40
ORDER = 30
STEP = mpf(1) / 32
DURATION = 1000
PEAK = 30
FACTOR = mpf("0.04")

# name: a, b, c, d, the potential at the start, and the steps of current: from, until, amplitude.
IZHIKEVICH = {
    "tonic": ("0.1", "0.2", -65, 2, -70, (100, 900, 10)),
    "adapting": ("0.02", "0.2", -65, 8, -70, (100, 900, 10)),
    "bursting": ("0.02", "0.2", -55, 4, -70, (100, 900, 10)),
    "chattering": ("0.02", "0.2", -50, 2, -70, (100, 900, 10)),
    "rebound": ("0.03", "0.25", -60, 4, -64, (300, 305, -15)),
    "rebound_burst": ("0.03", "0.25", -52, 0, -64, (300, 305, -15)),
}
MORRIS_LECAR = {
    "class_1": (
        {"g_ca": 4, "phi": 0.06666666666666667, "v3": 12, "v4": 17.4},
        [(100, 38), (250, 3), (400, 3), (550, 6), (700, 12), (850, 24)],
    ),
    "class_2": ({}, [(100, 84), (250, 4), (400, 4), (550, 4), (700, 4), (850, 4)]),
}


def series(v, u, a, b, current):
    """Taylor coefficients of v and u."""
    vs, us = [v], [u]
    for k in range(ORDER):
        square = sum(vs[j] * vs[k - j] for j in range(k + 1))
        dv = FACTOR * square + 5 * vs[k] - us[k] + (140 + current if k == 0 else 0)
        du = a * (b * vs[k] - us[k])
        vs.append(dv / (k + 1))
        us.append(du / (k + 1))
    return vs, us


def at(coefficients, t):
    value = mpf(0)
    for coefficient in reversed(coefficients):
        value = value * t + coefficient
    return value


def spikes(a, b, c, d, v, drive):
    """All spike times. Numbers of the scenario mean their nearest doubles."""
    a, b, v = mpf(float(a)), mpf(float(b)), mpf(v)
    u = mpf(float(round(float(b) * float(v), 6)))
    since, until, amplitude = drive
    t, times = mpf(0), []
    while t < DURATION:
        current = amplitude if since <= t < until else 0
        end = (mp.floor(t / STEP) + 1) * STEP
        vs, us = series(v, u, a, b, current)
        h = end - t
        if at(vs, h) < PEAK:
            t, v, u = end, at(vs, h), at(us, h)
            continue
        slopes = [k * vs[k] for k in range(1, len(vs))]
        for _ in range(60):
            h -= (at(vs, h) - PEAK) / at(slopes, h)
        t, v, u = t + h, mpf(c), at(us, h) + d
        times.append(nstr(t, 25))
    return times


def step(population, since, until, amplitude):
    end = {} if until is None else {"until": until}
    return {"kind": "current_step", "population": population, "at": since} | end | {"amplitude": amplitude}


def population(a, b, c, d, v):
    neuron = {"model": "izhikevich", "a": float(a), "b": float(b), "c": c, "d": d}
    return {"size": 1, "neuron": neuron, "initial": {"v": v, "u": round(float(b) * v, 6)}}


def lines(key, values, close, last=False):
    return [f'  "{key}": {close[0]}', ",\n".join("    " + value for value in values), f"  {close[1]}" + ("" if last else ",")]


populations = {name: population(a, b, c, d, v) for name, (a, b, c, d, v, _) in IZHIKEVICH.items()}
populations |= {name: {"size": 1, "neuron": {"model": "morris_lecar"} | p} for name, (p, _) in MORRIS_LECAR.items()}
stimuli = [step(name, *drive) for name, (*_, drive) in IZHIKEVICH.items()]
stimuli += [step(name, since, None, more) for name, (_, steps) in MORRIS_LECAR.items() for since, more in steps]
states = [{"population": name, "variables": ["v"], "every": 0.25} for name in populations]
text = ["{"]
for key, value in {
    "synfire": 1,
    "name": "firing-patterns",
    "description": "A gallery of firing patterns, one neuron each: tonic, adapting, bursting and chattering under a step of current; a spike and a burst of rebound after a short inhibition; class 1 and class 2 excitability under a staircase of currents.",
    "provenance": "Parameters of Izhikevich (2003, 2004) and Morris and Lecar (1981). Expected spikes from make.py.",
    "citation": "E. M. Izhikevich (2003), Simple model of spiking neurons, IEEE Trans. Neural Netw. 14, 1569-1572, doi:10.1109/TNN.2003.820440",
    "duration": DURATION,
}.items():
    text.append(f'  "{key}": {json.dumps(value)},')
text += lines("populations", [f'"{name}": {json.dumps(value)}' for name, value in populations.items()], "{}")
text += lines("stimuli", [json.dumps(value) for value in stimuli], "[]")
text += lines("record", [f'"spikes": {json.dumps(list(populations))}', f'"states": {json.dumps(states)}'], "{}")
expected = [f'      "{name}": {json.dumps([spikes(*row)])}' for name, row in IZHIKEVICH.items()]
text += lines("expect", ['"tolerance": 1e-9', '"spikes": {\n' + ",\n".join(expected) + "\n    }"], "{}", last=True)
with open("scenario.json", "w") as file:
    file.write("\n".join(text + ["}"]) + "\n")
