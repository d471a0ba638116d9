//! Panels, one below the other, as SVG or PNG: the only door to the plotting library.

use kuva::plot::scatter::MarkerShape;
use kuva::prelude::{Figure, Layout, LegendEntry, LegendShape, LinePlot, Plot, ReferenceLine, ScatterPlot};
use kuva::{RasterBackend, backend::svg::SvgBackend};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Colours that can be told apart, also by most colour-blind people (Okabe and Ito 2008, without yellow).
pub const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"];
/// For what is said beside the data: thresholds, borders.
pub const GREY: &str = "#888888";

const WIDTH: f64 = 900.0;
const PADDING: f64 = 12.0;
/// Room for numbers and words at the left, and for the legend at the right: the same for all, so that times align.
const MARGINS: (f64, f64) = (70.0, 130.0);
/// Picture elements of a PNG for one of the SVG.
const PNG_SCALE: f32 = 2.0;

/// The colour of series `index`.
pub fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The file's name says no format that is written.
    #[error("{}: pictures end in .svg or .png", .0.display())]
    Format(PathBuf),
    /// There is nothing to show.
    #[error("{0}")]
    Nothing(String),
    /// The picture cannot be made.
    #[error("{}: the picture cannot be made: {why}", path.display())]
    Draw {
        /// The file.
        path: PathBuf,
        /// What the plotting library says.
        why: String,
    },
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// One coordinate system with what is drawn in it.
pub struct Panel {
    plots: Vec<Plot>,
    layout: Layout,
    height: f64,
}

impl Panel {
    /// An empty panel for x and y in these ranges, `height` units high of the picture's 900 in width.
    pub fn new(x: (f64, f64), y: (f64, f64), height: f64) -> Panel {
        let layout = Layout::new(wide(x), wide(y)).with_show_grid(false);
        let layout = layout.with_clamp_axis().with_force_margins(MARGINS.0, MARGINS.1);
        Panel { plots: Vec::new(), layout, height }
    }

    /// Ends the axis of y where its range ends, not at the next round number.
    pub fn ending_at(mut self, top: f64) -> Panel {
        self.layout = self.layout.with_y_axis_max(top);
        self
    }

    /// Words above, below and beside it.
    pub fn labelled(mut self, title: &str, x: &str, y: &str) -> Panel {
        self.layout = self.layout.with_title(plain(title)).with_x_label(plain(x)).with_y_label(plain(y));
        self.layout = self.layout.with_title_size(14).with_label_size(12).with_tick_size(11);
        self
    }

    /// A dot of diameter `size` at each point.
    pub fn dots(&mut self, points: Vec<(f64, f64)>, size: f64, colour: &str) {
        let dots = ScatterPlot::new().with_data(points).with_size(0.5 * size).with_color(colour);
        self.plots.push(Plot::Scatter(dots));
    }

    /// A square of side `size` around each point, with a darkness from 0 to 1.
    pub fn shaded_squares(&mut self, points: Vec<(f64, f64, f64)>, size: f64, colour: &str) {
        let shades = points.iter().map(|&(_, _, darkness)| shade(colour, darkness)).collect::<Vec<_>>();
        let places = points.into_iter().map(|(x, y, _)| (x, y)).collect::<Vec<_>>();
        let dots = ScatterPlot::new().with_data(places).with_size(0.5 * size).with_color(colour);
        let squares = dots.with_marker(MarkerShape::Square).with_colors(shades);
        self.plots.push(Plot::Scatter(squares));
    }

    /// A line through the points, in their order.
    pub fn line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: &str) {
        self.plots.push(Plot::Line(line(points, width, colour)));
    }

    /// A dashed line through the points, in their order.
    pub fn dashed_line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: &str) {
        self.plots.push(Plot::Line(line(points, width, colour).with_dashed()));
    }

    /// A dashed line across the panel at the height y, with a word to it.
    pub fn level(&mut self, y: f64, word: &str) {
        let level = ReferenceLine::horizontal(y).with_color(GREY).with_label(plain(word));
        let layout = std::mem::replace(&mut self.layout, Layout::new((0.0, 1.0), (0.0, 1.0)));
        self.layout = layout.with_reference_line(level);
    }

    /// What the colours mean.
    pub fn legend<'a>(&mut self, entries: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let entry = |(label, colour): (&str, &str)| LegendEntry {
            label: plain(label),
            color: colour.to_owned(),
            shape: LegendShape::Rect,
            dasharray: None,
        };
        let entries: Vec<LegendEntry> = entries.into_iter().map(entry).collect();
        let layout = std::mem::replace(&mut self.layout, Layout::new((0.0, 1.0), (0.0, 1.0)));
        self.layout = layout.with_legend_entries(entries).with_legend_box(false);
    }
}

/// Writes panels, one below the other, to a file: `.svg` or `.png` says which. What was there is replaced, at once.
///
/// # Errors
/// No panel, another ending, a file that cannot be written.
pub fn save(title: &str, panels: Vec<Panel>, path: &Path) -> Result<(), PlotError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let is_png = match extension.as_deref() {
        Some("svg") => false,
        Some("png") => true,
        _ => return Err(PlotError::Format(path.to_owned())),
    };
    if panels.is_empty() {
        return Err(PlotError::Nothing("there is nothing to show".into()));
    }
    let scene = figure(title, panels).render();
    let bytes = match is_png {
        false => SvgBackend.render_scene(&scene).into_bytes(),
        true => RasterBackend::new()
            .with_scale(PNG_SCALE)
            .render_scene(&scene)
            .map_err(|why| PlotError::Draw { path: path.to_owned(), why })?,
    };
    let failed = |source| PlotError::Write { path: path.to_owned(), source };
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path)).map_err(failed)
}

fn figure(title: &str, panels: Vec<Panel>) -> Figure {
    let mut figure = Figure::new(panels.len(), 1).with_cell_size(WIDTH, 300.0).with_padding(PADDING);
    if !title.is_empty() {
        figure = figure.with_title(plain(title)).with_title_size(17);
    }
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (row, panel) in panels.into_iter().enumerate() {
        figure = figure.with_row_height(row, panel.height);
        plots.push(panel.plots);
        layouts.push(panel.layout);
    }
    figure.with_plots(plots).with_layouts(layouts)
}

fn line(points: Vec<(f64, f64)>, width: f64, colour: &str) -> LinePlot {
    LinePlot::new().with_data(points).with_stroke_width(width).with_color(colour)
}

/// A range that is one: not empty, not a point.
fn wide((low, high): (f64, f64)) -> (f64, f64) {
    match low.is_finite() && high.is_finite() {
        false => (0.0, 1.0),
        true if high > low => (low, high),
        true => (low - 0.5, low + 0.5),
    }
}

/// Words as they are: the library would read dollars as mathematics, and a line is a line.
fn plain(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().replace('$', "\\$")
}

/// A colour mixed with white: darkness 1 is the colour itself.
fn shade(colour: &str, darkness: f64) -> String {
    let channel = |at: usize| {
        let full = colour.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
        (255.0 - darkness.clamp(0.0, 1.0) * (255.0 - f64::from(full))).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(1), channel(3), channel(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shade_lies_between_white_and_the_colour() {
        assert_eq!(shade("#0072b2", 0.0), "#ffffff");
        assert_eq!(shade("#0072b2", 1.0), "#0072b2");
        assert_eq!(shade("#000000", 0.5), "#808080");
    }

    #[test]
    fn names_stay_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.svg");
        let mut panel =
            Panel::new((0.0, 1.0), (0.0, 1.0), 200.0).labelled("<script>alert(1)</script>", "$x^2$", "y");
        panel.dots(vec![(0.5, 0.5)], 2.0, colour(0));
        panel.legend([("\"&<b>", colour(0))]);
        save("</svg><script>", vec![panel], &file).unwrap();
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
        assert!(text.contains("$x^2$") && text.contains("&lt;script&gt;"), "{text}");
    }

    #[test]
    fn a_picture_of_another_kind_is_refused() {
        let panel = || vec![Panel::new((0.0, 1.0), (0.0, 1.0), 200.0)];
        assert!(matches!(save("", panel(), Path::new("a.pdf")), Err(PlotError::Format(_))));
        assert!(matches!(save("", vec![], Path::new("a.svg")), Err(PlotError::Nothing(_))));
        assert!(matches!(save("", panel(), Path::new("/nowhere/a.svg")), Err(PlotError::Write { .. })));
    }
}
