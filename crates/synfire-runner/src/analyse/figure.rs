//! Figures of an analysis: the phase plane with nullclines, zones and the cycle; rate against current; phase response.

use super::Analysis;
use crate::plot::figure::{GREY, Panel, colour};
use synfire_pwl::analysis::{Cycle, Leg};

/// Points of an orbit in each zone.
const LEG_POINTS: usize = 80;

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

fn phase_plane(analysis: &Analysis) -> Panel {
    let membrane = &analysis.membrane;
    let orbit = analysis.cycle.as_ref().map_or(Vec::new(), |cycle| orbit(analysis, cycle));
    let rests = || analysis.equilibria.iter().map(|found| (found.x[0], found.x[1]));
    let shown = || orbit.iter().copied().chain(rests());
    let borders = || membrane.system().faces().iter().map(|face| face.offset);
    let v = range(shown().map(|x| x.0).chain(borders()));
    let system = membrane.system();
    let current = membrane.current();
    let corners = borders().flat_map(|border| {
        let zones = system.zones().iter().enumerate();
        let beside = zones.filter(move |(index, _)| system.interval(*index).contains(&border));
        beside.map(move |(_, zone)| {
            let [a, b] = zone.field.linear.matrix.rows[0];
            -(a * border + zone.field.force[0] + current) / b
        })
    });
    let w = range(shown().map(|x| x.1).chain(corners));

    let title = format!("{}: phase plane at I = {current}", analysis.subject.model);
    let mut panel = Panel::new(v, w, 420.0).labelled(&title, "v", "w");
    for border in borders() {
        panel.dashed_line(vec![(border, w.0), (border, w.1)], 0.8, GREY);
    }
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
    }
    for found in &analysis.equilibria {
        let colour = if found.kind.is_stable() { colour(6) } else { colour(3) };
        panel.dots(vec![(found.x[0], found.x[1])], 9.0, colour);
    }
    panel.legend([
        ("cycle", colour(0)),
        ("dv/dt = 0", colour(1)),
        ("dw/dt = 0", colour(2)),
        ("stable rest", colour(6)),
        ("unstable rest", colour(3)),
    ]);
    panel
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
    let v = range(faces.iter().copied().chain(reset).chain(analysis.equilibria.iter().map(|found| found.x[0])));
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
    for at in [Some(membrane.v_th()), reset].into_iter().flatten() {
        panel.dashed_line(vec![(at, speed.0), (at, speed.1)], 0.8, GREY);
    }
    panel.line(points, 1.8, colour(0));
    for found in &analysis.equilibria {
        let colour = if found.kind.is_stable() { colour(6) } else { colour(3) };
        panel.dots(vec![(found.x[0], 0.0)], 9.0, colour);
    }
    panel.legend([("dv/dt", colour(0)), ("stable rest", colour(6)), ("unstable rest", colour(3))]);
    panel
}

fn rates(analysis: &Analysis) -> Panel {
    let y = range(analysis.rates.iter().map(|rate| rate.1).chain([0.0]));
    let mut panel = Panel::new(analysis.currents, (0.0, y.1), 240.0);
    panel = panel.labelled("Rate under a constant current that is switched on at rest", "I", "rate (Hz)");
    // Silence and firing are two lines: between them the rate may jump.
    for fires in [false, true] {
        let part = analysis.rates.iter().copied().filter(|rate| (rate.1 > 0.0) == fires);
        let part: Vec<(f64, f64)> = part.collect();
        if part.len() > 1 {
            panel.line(part, 1.8, colour(0));
        }
    }
    if let Some(onset) = &analysis.onset {
        panel.dashed_line(vec![(onset.rheobase, 0.0), (onset.rheobase, y.1)], 0.8, GREY);
        panel.legend([("rate", colour(0)), ("rheobase", GREY)]);
    }
    panel
}

fn response(analysis: &Analysis) -> Option<Panel> {
    let (response, cycle) = (analysis.response.as_ref()?, analysis.cycle.as_ref()?);
    let y = range(response.advance_ms.iter().copied().chain([0.0]));
    let panel = Panel::new((0.0, cycle.period_ms), y, 240.0);
    let title = "Phase response: by how much a small jump of v brings spikes forward";
    let mut panel = panel.labelled(title, "time after a spike (ms)", "advance (ms per unit)");
    panel.level(0.0, "");
    panel.line(response.at_ms.iter().copied().zip(response.advance_ms.iter().copied()).collect(), 1.8, colour(0));
    Some(panel)
}
