//! Pictures: of recordings here, and the panels that any other picture is made of.
//!
//! [`figure`] is the only door to the plotting library. What a picture shows is computed before anything is drawn, by
//! functions that know no library: `rates`, `intervals`, `raster`.

pub mod figure;
mod intervals;
mod raster;
mod rates;
mod recorded;
mod traces;

pub use figure::{Panel, PlotError};
pub use recorded::{Recorded, Selection, SelectionError, Trace};

/// What can be shown of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Each spike as a dot, or their density where dots would hide each other; neurons upwards, populations by colour.
    Raster,
    /// Each gain switch of rate populations, likewise.
    Switches,
    /// The mean firing rate of each population over time, Hz.
    Rates,
    /// Recorded state variables over time, with threshold and spikes where the variable is the membrane potential.
    Traces,
    /// How interspike intervals are distributed, ms.
    Intervals,
    /// How the coefficients of variation of the neurons' intervals are distributed.
    Cv,
}

impl View {
    /// All views by name, in the order in which they are drawn.
    pub const ALL: [(&str, View); 6] = [
        ("raster", View::Raster),
        ("switches", View::Switches),
        ("rates", View::Rates),
        ("traces", View::Traces),
        ("isi", View::Intervals),
        ("cv", View::Cv),
    ];
}

/// The panels that show these views of a recording, from top to bottom. A view of which the recording has nothing (no
/// traces, no neuron with three spikes) has no panel.
pub fn panels(recorded: &Recorded, views: &[View]) -> Vec<Panel> {
    let mut panels = Vec::new();
    for view in View::ALL.iter().map(|(_, view)| view).filter(|view| views.contains(view)) {
        match view {
            View::Raster => panels.extend(raster::panel(recorded)),
            View::Switches => panels.extend(raster::switch_panel(recorded)),
            View::Rates => panels.extend(rates::panel(recorded)),
            View::Traces => panels.extend(traces::panels(recorded)),
            View::Intervals => panels.extend(intervals::interval_panel(recorded)),
            View::Cv => panels.extend(intervals::cv_panel(recorded)),
        }
    }
    panels
}
