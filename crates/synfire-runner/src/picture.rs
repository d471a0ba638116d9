//! A raster as a small picture of braille characters: time to the right, neurons downwards, one band a population.
//!
//! Where there are so many spikes that all would be black, a dot stands for several.

use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// Characters from left to right.
const WIDTH: usize = 72;
/// Lines, shared out to the populations by their size; each has at least one.
const LINES: usize = 16;
/// A braille character has two dots to the right and four downwards.
const DOTS: (usize, usize) = (2, 4);
/// More populations than this are not drawn.
const MOST: usize = 24;
const LONGEST_NAME: usize = 16;

/// Sets a dot for every spike. Memory is the picture's, whatever the number of spikes.
#[derive(Clone, Debug)]
pub struct RasterPicture {
    bands: Vec<Band>,
    /// By index of the population, the place of its band.
    places: Vec<Option<usize>>,
    more: usize,
    duration: Time,
}

#[derive(Clone, Debug)]
struct Band {
    name: String,
    neurons: usize,
    lines: usize,
    /// How many spikes fall on each dot, row by row.
    spikes: Vec<u32>,
}

impl RasterPicture {
    /// An empty picture from 0 to `duration`: the names and sizes of all populations of the network, `None` for one that is
    /// not to be drawn.
    pub fn new<'a>(
        populations: impl IntoIterator<Item = Option<(&'a str, usize)>>,
        duration: Time,
    ) -> RasterPicture {
        let mut drawn: Vec<(&str, usize)> = vec![];
        let mut places = vec![];
        let mut more = 0;
        for population in populations {
            let has_room = drawn.len() < MOST;
            places.push((population.is_some() && has_room).then_some(drawn.len()));
            match population {
                Some(population) if has_room => drawn.push(population),
                Some(_) => more += 1,
                None => {}
            }
        }
        let all: usize = drawn.iter().map(|(_, size)| size).sum();
        let bands = drawn.into_iter().map(|(name, neurons)| {
            // The share of the lines, rounded; never more lines of dots than neurons need.
            let share = (LINES * neurons + all / 2) / all.max(1);
            let lines = share.clamp(1, neurons.div_ceil(DOTS.1).max(1));
            Band { name: shortened(name), neurons, lines, spikes: vec![0; lines * WIDTH * DOTS.0 * DOTS.1] }
        });
        RasterPicture { bands: bands.collect(), places, more, duration }
    }

    /// The picture, with the populations' names at the left and the time below; empty if there is nothing to draw.
    pub fn draw(&self) -> String {
        if self.bands.is_empty() || self.duration == Time::ZERO {
            return String::new();
        }
        let names = self.bands.iter().map(|band| band.name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        let mut several = vec![];
        for band in &self.bands {
            let least = band.spikes_per_dot();
            for line in 0..band.lines {
                let name = if line == 0 { band.name.as_str() } else { "" };
                let dots: String = (0..WIDTH).map(|column| band.cell(line, column, least)).collect();
                text += &format!("{name:>names$} │{dots}│\n");
            }
            if least > 1 {
                several.push(format!("{} {least}", band.name));
            }
        }
        if self.more > 0 {
            text += &format!("{:>names$} and {} more populations\n", "", self.more);
        }
        let end = format!("{} ms", self.duration);
        text += &format!("{:>names$} 0{end:>width$}\n", "", width = WIDTH);
        if !several.is_empty() {
            text += &format!("{:>names$} spikes that make a dot: {}\n", "", several.join(", "));
        }
        text
    }
}

impl Band {
    /// How many spikes a dot stands for: as many as leave at least half of the picture white, if that leaves any dot.
    fn spikes_per_dot(&self) -> u32 {
        let mut sorted = self.spikes.clone();
        sorted.sort_unstable();
        let most = sorted.last().copied().unwrap_or(0);
        (sorted[sorted.len() / 2] + 1).clamp(1, most.max(1))
    }

    /// The braille character at a line and a column, with a dot where at least `least` spikes are.
    fn cell(&self, line: usize, column: usize, least: u32) -> char {
        let mut bits = 0;
        for y in 0..DOTS.1 {
            for x in 0..DOTS.0 {
                let place = (line * DOTS.1 + y) * WIDTH * DOTS.0 + column * DOTS.0 + x;
                if self.spikes[place] >= least {
                    bits |= dot(x, y);
                }
            }
        }
        braille(bits)
    }
}

impl Observer for RasterPicture {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        let Some(place) = self.places[population.index()] else { return };
        let band = &mut self.bands[place];
        let (columns, rows) = (WIDTH * DOTS.0, band.lines * DOTS.1);
        let x = (at.as_ms() / self.duration.as_ms() * columns as f64) as usize;
        let x = x.min(columns - 1);
        // One row a neuron while there are enough of them.
        let y = if band.neurons <= rows { neuron.index() } else { neuron.index() * rows / band.neurons };
        let spikes = &mut band.spikes[y * columns + x];
        *spikes = spikes.saturating_add(1);
    }
}

/// The bit of a dot: the first three rows are numbered down the columns, the fourth was added later (Unicode, block 2800).
fn dot(x: usize, y: usize) -> u8 {
    if y < 3 { 1 << (3 * x + y) } else { 0x40 << x }
}

fn braille(cell: u8) -> char {
    char::from_u32(0x2800 + u32::from(cell)).unwrap_or(' ')
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagonal_is_drawn_from_top_left_to_bottom_right() {
        let duration = Time::from_ms(144.0).unwrap();
        let mut picture = RasterPicture::new([None, Some(("diagonal", 64)), Some(("silent", 1))], duration);
        for neuron in 0..64 {
            let at = Time::from_ms(f64::from(neuron) * 144.0 / 64.0).unwrap();
            picture.spike(at, PopulationId(0), LocalId(neuron));
            picture.spike(at, PopulationId(1), LocalId(neuron));
        }
        insta::assert_snapshot!(picture.draw());
    }

    #[test]
    fn where_all_would_be_black_a_dot_stands_for_several_spikes() {
        let duration = Time::from_ms(144.0).unwrap();
        let mut picture = RasterPicture::new([Some(("busy", 4)), Some(("quiet", 4))], duration);
        for ms in 0..144 {
            for neuron in 0..4 {
                // Three spikes everywhere, one more in the middle.
                for _ in 0..if (48..96).contains(&ms) { 4 } else { 3 } {
                    picture.spike(Time::from_ms(f64::from(ms)).unwrap(), PopulationId(0), LocalId(neuron));
                }
            }
        }
        picture.spike(Time::ZERO, PopulationId(1), LocalId(0));
        insta::assert_snapshot!(picture.draw());
    }

    #[test]
    fn every_dot_of_a_cell_is_another() {
        let all = (0..8).fold(0u8, |bits, i| bits ^ dot(i % 2, i / 2));
        assert_eq!((all, braille(dot(1, 3))), (0xff, '⢀'));
    }

    #[test]
    fn many_large_and_empty_populations_are_no_trouble() {
        let names: Vec<String> = (0..100).map(|i| format!("population number {i}")).collect();
        let populations = names.iter().enumerate().map(|(i, name)| Some((name.as_str(), i * 1_000_000)));
        let mut picture = RasterPicture::new(populations, Time::from_ms(1.0).unwrap());
        picture.spike(Time::from_ms(0.999_999).unwrap(), PopulationId(3), LocalId(2_999_999));
        picture.spike(Time::ZERO, PopulationId(99), LocalId(0));
        let lines = picture.draw().lines().count();
        assert!((MOST..=LINES + MOST + 2).contains(&lines), "{lines} lines");
        assert!(picture.draw().contains("and 76 more populations"));
        assert_eq!(RasterPicture::new([], Time::ZERO).draw(), "");
    }
}
