//! Spikes as dots, or as their density.

use super::figure::{Panel, colour};
use super::recorded::{Recorded, RecordedPopulation};
use std::collections::BTreeMap;

/// The field that the spikes are drawn in, in dots: about the panel's size.
const FIELD: (usize, usize) = (700, 270);
/// How many cells the density picture has, and the larger side of one, in dots.
const CELLS: (usize, usize) = (233, 90);
const CELL: f64 = 3.004;
/// The darkest cell is darker than this share of the others.
const DARKEST: f64 = 0.995;
/// By how much a cell is drawn larger than it is: a gap between two would be a pattern that is not in the data.
const OVERLAP: f64 = 1.08;
/// Dots hide each other where they share their places more than this often.
const HIDDEN: f64 = 0.35;
/// So few dots can be larger.
const FEW: usize = 1000;
/// More dots than this are a large file and a slow picture.
const MOST_DOTS: usize = 60_000;
/// A population is drawn at least this high, in rows of neurons, relative to all.
const LEAST_SHARE: f64 = 0.04;

/// The rows that a population takes in the picture.
struct Band {
    first: f64,
    height: f64,
}

/// The raster; `None` without neurons.
pub fn panel(recorded: &Recorded) -> Option<Panel> {
    of(recorded, &recorded.populations, ["spikes", "neuron"])
}

/// The same of gain switches.
pub fn switch_panel(recorded: &Recorded) -> Option<Panel> {
    of(recorded, &recorded.switching, ["gain switches", "unit"])
}

fn of(recorded: &Recorded, populations: &[RecordedPopulation], [title, row]: [&str; 2]) -> Option<Panel> {
    let bands = bands(&populations.iter().map(|p| p.neurons.count()).collect::<Vec<_>>());
    let top = bands.last().map(|band| band.first + band.height).filter(|top| *top > 0.0)?;
    let height = if populations.len() > 1 || top > 20.0 { 360.0 } else { 200.0 };
    let panel = Panel::new((recorded.from_ms, recorded.until_ms), (0.0, top), height);
    let mut panel = panel.ending_at(top).labelled(title, "time (ms)", row);
    let per_dot = ((recorded.until_ms - recorded.from_ms) / FIELD.0 as f64, top / FIELD.1 as f64);
    let place = |index: usize, spike: &(f64, u32)| {
        let population = &populations[index];
        let row = f64::from(population.neurons.row(spike.1).unwrap_or(0)) + 0.5;
        let y = bands[index].first + row / f64::from(population.neurons.count().max(1)) * bands[index].height;
        (spike.0, y)
    };
    let spikes: usize = populations.iter().map(|p| p.spikes.len()).sum();
    let is_dense = spikes > MOST_DOTS || {
        let all = populations.iter().enumerate();
        let points = all.flat_map(|(index, p)| p.spikes.iter().map(move |spike| (index, spike)));
        let mut dots: Vec<(i64, i64)> = points
            .map(|(index, spike)| {
                let (x, y) = place(index, spike);
                (((x - recorded.from_ms) / per_dot.0) as i64, (y / per_dot.1) as i64)
            })
            .collect();
        dots.sort_unstable();
        dots.dedup();
        (dots.len() as f64) < (1.0 - HIDDEN) * spikes as f64
    };
    for (index, population) in populations.iter().enumerate() {
        let points = population.spikes.iter().map(|spike| place(index, spike));
        match is_dense {
            false => panel.dots(points.collect(), if spikes < FEW { 3.0 } else { 1.6 }, colour(index)),
            true => {
                let span_ms = recorded.until_ms - recorded.from_ms;
                let cell = (span_ms / CELLS.0 as f64, top / CELLS.1 as f64);
                let cells = density(points, recorded.from_ms, cell);
                panel.shaded_squares(cells, CELL * OVERLAP, colour(index));
            }
        }
    }
    let names = populations.iter().enumerate();
    panel.legend(names.map(|(index, p)| (p.name.as_str(), colour(index))));
    Some(panel)
}

/// The cells with spikes: centre, and darkness by the square root of how many there are, so that one spike can be seen and many
/// are told apart.
fn density(points: impl Iterator<Item = (f64, f64)>, from_ms: f64, cell: (f64, f64)) -> Vec<(f64, f64, f64)> {
    let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for (x, y) in points {
        *counts.entry((((x - from_ms) / cell.0) as u32, (y / cell.1) as u32)).or_default() += 1;
    }
    let mut sorted: Vec<u32> = counts.values().copied().collect();
    sorted.sort_unstable();
    let most = sorted.get((sorted.len() as f64 * DARKEST) as usize).copied().unwrap_or(1);
    let darkness = |count: u32| 0.1 + 0.9 * (f64::from(count) / f64::from(most)).min(1.0).sqrt();
    let centre = |at: u32, size: f64| (f64::from(at) + 0.5) * size;
    let shaded = |(&(x, y), &count): (&(u32, u32), &u32)| {
        (from_ms + centre(x, cell.0), centre(y, cell.1), darkness(count))
    };
    counts.iter().map(shaded).collect()
}

/// The rows of each population: as many as neurons, but no population so few that it cannot be seen.
fn bands(counts: &[u32]) -> Vec<Band> {
    let all: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let mut first = 0.0;
    let band = |&count: &u32| {
        let height = if count == 0 { 0.0 } else { f64::from(count).max(LEAST_SHARE * all) };
        first += height;
        Band { first: first - height, height }
    };
    counts.iter().map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_populations_can_be_seen() {
        let bands = bands(&[4000, 1, 0]);
        assert_eq!((bands[0].first, bands[0].height), (0.0, 4000.0));
        assert!(bands[1].height > 100.0 && bands[2].height == 0.0);
    }

    #[test]
    fn every_spike_is_in_a_cell_and_full_cells_are_dark() {
        let points = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.1), (5.0, 0.5)];
        let cells = density(points.into_iter(), 0.0, (1.0, 1.0));
        assert_eq!(cells.len(), 2);
        assert_eq!((cells[0].0, cells[0].1, cells[0].2), (0.5, 0.5, 1.0));
        assert!(cells[1].0 == 5.5 && cells[1].2 < 1.0);
    }
}
