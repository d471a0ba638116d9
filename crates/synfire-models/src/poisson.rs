//! Units that spike at random, as Poisson processes.

use std::sync::Arc;
use synfire_core::Time;
use synfire_core::group::{DenseSource, PopulationSetup, SetupError};
use synfire_core::source::{SourceModel, SpikeTrain};
use synfire_core::spec::{ModelSpec, ParamRange, ParamSpec};
use synfire_numerics::cells::{CELL_MS, CELLS_PER_MS, cell_of};
use synfire_numerics::poisson::PoissonCells;
use synfire_numerics::random::Stream;

/// Poisson processes.
pub struct Poisson;

impl SourceModel for Poisson {
    type Train = PoissonTrain;

    const SPEC: ModelSpec = ModelSpec {
        name: "poisson",
        summary: "Poisson processes, one independent stream a neuron",
        equations: &[],
        spike: "intervals are exponential with mean 1000/rate ms, from start to before stop",
        method: "below 2 kHz and above 160 kHz intervals by inversion, -ln(u) times the mean, u uniform from the neuron's own Philox stream; between, cell by cell of 1/8 ms: the number of spikes by inversion, their times uniform",
        parameters: &[
            ParamSpec {
                name: "rate",
                unit: "Hz",
                default: None,
                range: ParamRange::NotNegative,
                meaning: "mean rate",
            },
            ParamSpec {
                name: "start",
                unit: "ms",
                default: Some(0.0),
                range: ParamRange::NotNegative,
                meaning: "no spike before",
            },
            ParamSpec {
                name: "stop",
                unit: "ms",
                default: Some(f64::INFINITY),
                range: ParamRange::NotNegativeOrInfinite,
                meaning: "no spike at or after",
            },
        ],
        lists: &[],
        variables: &[],
        receptors: &[],
        is_source: true,
        has_spike_trains: false,
        references: &[],
    };

    fn trains(setup: &PopulationSetup) -> Result<Vec<PoissonTrain>, SetupError> {
        // One family for all units of one rate.
        let mut families: Vec<(f64, Arc<PoissonCells>)> = Vec::new();
        let mut cells_for = |rate: f64| {
            let known = families.iter().find(|family| family.0 == rate).map(|family| Arc::clone(&family.1));
            known.unwrap_or_else(|| {
                let cells = Arc::new(PoissonCells::new(setup.random.sub_key(), rate / MS_PER_S * CELL_MS));
                families.push((rate, Arc::clone(&cells)));
                cells
            })
        };
        let train = |index: usize| {
            let row = setup.parameters.row(index);
            let rate = row.get("rate");
            let start = Time::from_ms(row.get("start")).unwrap_or(Time::NEVER);
            let stop = Time::from_ms(row.get("stop")).unwrap_or(Time::NEVER);
            if DENSE_HZ.contains(&rate) {
                let source = DenseSource { cells: cells_for(rate), start, stop };
                return PoissonTrain::Cells(CellTrain::new(source, index as u32));
            }
            PoissonTrain::Intervals(IntervalTrain {
                stream: Stream::new(setup.random, index as u64),
                mean_interval_ms: MS_PER_S / rate,
                last: start,
                stop,
            })
        };
        Ok((0..setup.size).map(train).collect())
    }
}

/// The one place where Hz become per ms.
const MS_PER_S: f64 = 1000.0;

/// At these rates, Hz, a process is drawn cell by cell: a quarter of a spike a cell to twenty.
const DENSE_HZ: std::ops::RangeInclusive<f64> = 2000.0..=160_000.0;

/// One Poisson process.
#[derive(Clone)]
pub enum PoissonTrain {
    /// Interval by interval.
    Intervals(IntervalTrain),
    /// Cell by cell.
    Cells(CellTrain),
}

/// A process drawn interval by interval.
#[derive(Clone)]
pub struct IntervalTrain {
    stream: Stream,
    mean_interval_ms: f64,
    last: Time,
    stop: Time,
}

/// A process drawn cell by cell.
#[derive(Clone)]
pub struct CellTrain {
    source: DenseSource,
    unit: u32,
    /// The cell that is drawn next.
    next_cell: u64,
    /// What is left of the cell in hand, the last first: offsets in its epoch.
    left: Vec<f64>,
}

impl SpikeTrain for PoissonTrain {
    fn next_spike(&mut self) -> Time {
        match self {
            PoissonTrain::Intervals(train) => train.next_spike(),
            PoissonTrain::Cells(train) => train.next_spike(),
        }
    }

    fn spikes_per_ms(&self) -> f64 {
        match self {
            PoissonTrain::Intervals(train) => 1.0 / train.mean_interval_ms,
            PoissonTrain::Cells(train) => train.source.cells.mean() / CELL_MS,
        }
    }

    fn dense(&self) -> Option<DenseSource> {
        match self {
            PoissonTrain::Intervals(_) => None,
            PoissonTrain::Cells(train) => Some(train.source.clone()),
        }
    }
}

impl IntervalTrain {
    fn next_spike(&mut self) -> Time {
        self.last = self.last.after(self.stream.exponential() * self.mean_interval_ms);
        if self.last >= self.stop {
            self.last = Time::NEVER;
        }
        self.last
    }
}

impl CellTrain {
    fn new(source: DenseSource, unit: u32) -> CellTrain {
        let (epoch, offset) = source.start.parts();
        let next_cell = epoch.saturating_mul(CELLS_PER_MS).saturating_add(cell_of(offset) as u64);
        let is_open = source.start < source.stop;
        let mut train = CellTrain { source, unit, next_cell, left: Vec::new() };
        if is_open {
            train.draw();
            train.left.retain(|spike| *spike >= offset);
        }
        train
    }

    /// Draws the next cell.
    fn draw(&mut self) {
        let begin = (self.next_cell % CELLS_PER_MS) as f64 * CELL_MS;
        let left = &mut self.left;
        self.source.cells.draw(self.unit, self.next_cell, |since| left.push(begin + since));
        left.sort_unstable_by(|a, b| b.total_cmp(a));
        self.next_cell += 1;
    }

    fn next_spike(&mut self) -> Time {
        loop {
            if let Some(offset) = self.left.pop() {
                let spike = Time::from_parts((self.next_cell - 1) / CELLS_PER_MS, offset);
                return spike.filter(|spike| *spike < self.source.stop).unwrap_or(Time::NEVER);
            }
            let begin = Time::from_whole_ms(self.next_cell / CELLS_PER_MS).unwrap_or(Time::NEVER);
            if begin >= self.source.stop || begin == Time::NEVER {
                return Time::NEVER;
            }
            self.draw();
        }
    }
}
