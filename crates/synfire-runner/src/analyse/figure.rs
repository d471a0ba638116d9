//! Figures of an analysis: the phase plane with nullclines, zones and the cycle; rate against current; phase response.

use super::{Analysis, Curve};
use crate::plot::figure::{COLOURS, GREY, Panel, colour};
use synfire_pwl::analysis::{Cycle, Leg};
use synfire_pwl::linear::Spectrum;
use synfire_pwl::system::{Step, Walk};

const THRESHOLD: &str = COLOURS[4];

/// Points of an orbit in each zone.
const LEG_POINTS: usize = 80;

/// Zones that an orbit to rest passes at most, and how long its end is, in slowest time constants.
const MOST_LEGS: usize = 100;
const TAIL: f64 = 8.0;

/// Part of the range that is left free around what is shown.
const MARGIN: f64 = 0.08;

/// The panels that show an analysis, from top to bottom.
pub fn panels(analysis: &Analysis) -> Vec<Panel> {
    let planar = analysis.membrane.is_planar();
    let mut panels = vec![if planar { phase_plane(analysis) } else { phase_line(analysis) }];
    panels.push(rates(analysis));
    panels.extend(response(analysis));
    panels
}

/// A range from the least to the largest value, with a margin.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let margin = MARGIN * (high - low).max(1e-9);
    (low - margin, high + margin)
}

/// The states of the cycle, in order.
fn orbit(analysis: &Analysis, cycle: &Cycle) -> Vec<(f64, f64)> {
    let current = analysis.membrane.current();
    let states = |leg: &Leg| {
        let field = &analysis.membrane.system().zones()[leg.zone].field;
        let force = [field.force[0] + current, field.force[1]];
        let (start, dwell_ms, linear) = (leg.start, leg.dwell_ms, field.linear);
        (0..=LEG_POINTS).map(move |i| {
            let over = linear.over(dwell_ms * i as f64 / LEG_POINTS as f64);
            let x = linear.flow(start, force, &over);
            (x[0], x[1])
        })
    };
    cycle.legs.iter().flat_map(states).collect()
}

/// The way back to rest of a membrane that does not go on firing, after a kick to its threshold or from its reset.
fn excursion(analysis: &Analysis) -> Vec<(f64, f64)> {
    let membrane = &analysis.membrane;
    let (system, current) = (membrane.system(), membrane.current());
    let rest = membrane.resting_state(current);
    let start = if membrane.reset().is_some() { membrane.rest() } else { [membrane.v_th(), rest[1]] };
    let mut walk = Walk::new(system, start, current, &[]);
    let mut points = Vec::new();
    for _ in 0..MOST_LEGS {
        let from = walk.clone();
        let step = walk.step(f64::INFINITY);
        let linear = &system.zones()[from.zone].field.linear;
        let (dwell_ms, is_last) = match step {
            Step::Face { .. } | Step::Leaves { .. } => (walk.elapsed_ms - from.elapsed_ms, false),
            Step::Never { .. } if linear.is_stable() => (TAIL / -slowest(linear.spectrum), true),
            _ => return Vec::new(),
        };
        // Closer at the start, where it is fast.
        points.extend((0..=2 * LEG_POINTS).map(|i| {
            let part = i as f64 / (2 * LEG_POINTS) as f64;
            let x = from.at(from.elapsed_ms + dwell_ms * part * part);
            (x[0], x[1])
        }));
        if is_last {
            return points;
        }
    }
    Vec::new()
}

/// The real part of the eigenvalue that decays most slowly.
fn slowest(spectrum: Spectrum) -> f64 {
    match spectrum {
        Spectrum::Real(slowest, _) | Spectrum::Complex(slowest, _) => slowest,
    }
}

fn phase_plane(analysis: &Analysis) -> Panel {
    let membrane = &analysis.membrane;
    let (system, current) = (membrane.system(), membrane.current());
    let (orbit, what) = match &analysis.cycle {
        Some(cycle) => (orbit(analysis, cycle), "cycle"),
        None => (excursion(analysis), "orbit to rest"),
    };
    let rests = || analysis.equilibria.iter().map(|found| (found.x[0], found.x[1]));
    let shown = || orbit.iter().copied().chain(rests());
    let borders = || system.faces().iter().map(|face| face.offset);
    let v = range(shown().map(|x| x.0).chain(borders()));
    let w = range(shown().map(|x| x.1).chain(corners(analysis)));

    let title = format!("{}: phase plane at I = {current}", analysis.subject.model);
    let mut panel = Panel::new(v, w, 420.0).labelled(&title, "v", "w");
    let mut legend = Vec::new();
    for border in borders().filter(|border| *border != membrane.v_th()) {
        panel.dashed_line(vec![(border, w.0), (border, w.1)], 0.8, GREY);
    }
    panel.dashed_line(vec![(membrane.v_th(), w.0), (membrane.v_th(), w.1)], 1.2, THRESHOLD);
    for (index, zone) in system.zones().iter().enumerate() {
        let [lower, upper] = system.interval(index);
        let ends = [lower.max(v.0), upper.min(v.1)];
        if ends[0] >= ends[1] {
            continue;
        }
        let [[a, b], [c, d]] = zone.field.linear.matrix.rows;
        let [force, slow_force] = zone.field.force;
        let fast = ends.map(|v| (v, -(a * v + force + current) / b)).to_vec();
        panel.line(clipped(fast, w), 1.6, colour(1));
        let slow = match d {
            0.0 => vec![(-slow_force / c, w.0), (-slow_force / c, w.1)],
            _ => ends.map(|v| (v, -(c * v + slow_force) / d)).to_vec(),
        };
        panel.line(clipped(slow, w), 1.6, colour(2));
    }
    if !orbit.is_empty() {
        panel.line(orbit.clone(), 2.2, colour(0));
        legend.push((what, colour(0)));
    }
    legend.extend([("dv/dt = 0", colour(1)), ("dw/dt = 0", colour(2))]);
    legend.extend(rest_dots(&mut panel, analysis, |x| (x[0], x[1])));
    legend.push(("threshold", THRESHOLD));
    if borders().count() > 1 {
        legend.push(("zones", GREY));
    }
    panel.legend(legend);
    panel
}

/// Heights at which dv/dt = 0 meets the borders of zones.
fn corners(analysis: &Analysis) -> impl Iterator<Item = f64> {
    let (system, current) = (analysis.membrane.system(), analysis.membrane.current());
    system.faces().iter().flat_map(move |face| {
        let zones = system.zones().iter().enumerate();
        let beside = zones.filter(move |(index, _)| system.interval(*index).contains(&face.offset));
        beside.map(move |(_, zone)| {
            let [a, b] = zone.field.linear.matrix.rows[0];
            -(a * face.offset + zone.field.force[0] + current) / b
        })
    })
}

/// A dot at each equilibrium, and what the dots' colours mean.
fn rest_dots(
    panel: &mut Panel,
    analysis: &Analysis,
    place: impl Fn([f64; 2]) -> (f64, f64),
) -> Vec<(&'static str, &'static str)> {
    let kinds = [(true, "stable rest", colour(6)), (false, "unstable rest", colour(3))];
    let mut legend = Vec::new();
    for (is_stable, word, colour) in kinds {
        let these = analysis.equilibria.iter().filter(|found| found.kind.is_stable() == is_stable);
        let dots: Vec<(f64, f64)> = these.map(|found| place(found.x)).collect();
        if !dots.is_empty() {
            panel.dots(dots, 9.0, colour);
            legend.push((word, colour));
        }
    }
    legend
}

/// The part of a straight line between two heights.
fn clipped(line: Vec<(f64, f64)>, (low, high): (f64, f64)) -> Vec<(f64, f64)> {
    let [(x0, y0), (x1, y1)] = line[..] else { return line };
    let at = |y: f64| x0 + (x1 - x0) * (y - y0) / (y1 - y0);
    let end = |x: f64, y: f64| {
        let inside = y.clamp(low, high);
        (if inside == y { x } else { at(inside) }, inside)
    };
    if y0.max(y1) < low || y0.min(y1) > high {
        return Vec::new();
    }
    vec![end(x0, y0), end(x1, y1)]
}

/// dv/dt against v, of a neuron without a second variable.
fn phase_line(analysis: &Analysis) -> Panel {
    let membrane = &analysis.membrane;
    let system = membrane.system();
    let current = membrane.current();
    let faces: Vec<f64> = system.faces().iter().map(|face| face.offset).collect();
    let reset = membrane.reset().map(|reset| reset.v);
    let v =
        range(faces.iter().copied().chain(reset).chain(analysis.equilibria.iter().map(|found| found.x[0])));
    let mut points = Vec::new();
    for (index, zone) in system.zones().iter().enumerate() {
        let [lower, upper] = system.interval(index);
        for end in [lower.max(v.0), upper.min(v.1)] {
            points.push((end, zone.field.velocity([end, 0.0], current)[0]));
        }
    }
    let speed = range(points.iter().map(|point| point.1).chain([0.0]));
    let title = format!("{}: dv/dt at I = {current}", analysis.subject.model);
    let mut panel = Panel::new(v, speed, 300.0).labelled(&title, "v", "dv/dt (1/ms)");
    panel.level(0.0, "");
    for (at, colour) in [(Some(membrane.v_th()), THRESHOLD), (reset, colour(5))] {
        panel.dashed_line(at.iter().flat_map(|&at| [(at, speed.0), (at, speed.1)]).collect(), 1.2, colour);
    }
    panel.line(points, 1.8, colour(0));
    let mut legend = vec![("dv/dt", colour(0))];
    legend.extend(rest_dots(&mut panel, analysis, |x| (x[0], 0.0)));
    legend.extend([("threshold", THRESHOLD), ("reset", colour(5))]);
    panel.legend(legend);
    panel
}

fn rates(analysis: &Analysis) -> Panel {
    let Curve { onset, rates, .. } = &analysis.curve;
    let highest = rates.iter().map(|rate| rate.1).fold(0.0, f64::max);
    let top = if highest > 0.0 { (1.0 + MARGIN) * highest } else { 1.0 };
    let mut panel = Panel::new(analysis.currents, (0.0, top), 240.0);
    panel = panel.labelled("Rate under a constant current that is switched on at rest", "I", "rate (Hz)");
    // Silence and firing are lines of their own: between them the rate may jump.
    for part in rates.chunk_by(|a, b| (a.1 > 0.0) == (b.1 > 0.0)).filter(|part| part.len() > 1) {
        panel.line(part.to_vec(), 1.8, colour(0));
    }
    let mut legend = vec![("rate", colour(0))];
    if let Some(onset) = onset {
        panel.dashed_line(vec![(onset.rheobase, 0.0), (onset.rheobase, top)], 0.8, GREY);
        legend.push(("rheobase", GREY));
    }
    panel.legend(legend);
    panel
}

fn response(analysis: &Analysis) -> Option<Panel> {
    let (response, cycle) = (analysis.response.as_ref()?, analysis.cycle.as_ref()?);
    let y = range(response.advance_ms.iter().copied().chain([0.0]));
    let panel = Panel::new((0.0, cycle.period_ms), y, 240.0);
    let title = "Phase response: by how much a small jump of v brings spikes forward";
    let mut panel = panel.labelled(title, "time after a spike (ms)", "advance (ms per unit)");
    panel.level(0.0, "");
    panel.line(
        response.at_ms.iter().copied().zip(response.advance_ms.iter().copied()).collect(),
        1.8,
        colour(0),
    );
    Some(panel)
}
