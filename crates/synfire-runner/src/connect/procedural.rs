//! Projections that draw the row of a source again whenever a spike needs it.
//!
//! Rules that draw source by source can do that: a row has a random stream of its own, and so has each of its weights and
//! delays. What does not follow from the rule alone is found out once, when the network is built, by going through all rows:
//! at which number of the order of declaration each begins, the least and the longest delay, whether all numbers are allowed.

use super::choose::Chooser;
use super::rows::{self, PairUse};
use super::rules::{Draw, RowRule};
use super::{ConnectError, ProjectionSetup, use_of_delays, use_of_weights};
use crate::draw::{self, DrawError, Use};
use crate::scenario::{Distribution, Precision, Quantity};
use rayon::prelude::*;
use synfire_core::PopulationId;
use synfire_core::network::{DrawnRows, Projection, Ranks, Row, RowSource, RowSummary, Values};

/// A projection with the synapses that [`super::connect`] gives it, of which none is kept.
///
/// # Errors
/// As [`super::connect`]; and a rule that does not draw source by source, or listed weights or delays.
pub fn connect_procedural(setup: &ProjectionSetup<'_>) -> Result<Projection, ConnectError> {
    let projection = setup.projection;
    let mut rows = ProceduralRows::of(setup)?;
    let (mut summary, pairs) = rows.go_through()?;
    let is_ranked = pairs.differ;
    rows.is_ranked = is_ranked;
    let (weights, delays) = (rows.weights.values(), rows.delays.values());
    if let Values::Same(delay) = delays
        && summary.synapses > 0
    {
        (summary.least_delay_ms, summary.longest_delay_ms) = (delay, delay);
    }
    let chooser = rows.draw.chooser();
    let source = Box::new(Drawer { rows, scratch: Scratch::new(chooser) });
    Ok(Projection {
        source: PopulationId(projection.source as u32),
        target: PopulationId(projection.target as u32),
        receptor: projection.receptor as u32,
        offsets: Vec::new(),
        targets: Vec::new(),
        weights,
        delays,
        declared: is_ranked.then(|| match pairs.most {
            0..=256 => Ranks::Bytes(Vec::new()),
            _ => Ranks::Words(Vec::new()),
        }),
        drawn: Some(DrawnRows::new(source, setup.sources as usize, summary)),
    })
}

/// All that the rows of a projection follow from.
#[derive(Debug)]
struct ProceduralRows {
    rule: RowRule,
    draw: Draw,
    /// The number of the first synapse of each row in the order of declaration, and that of all at the end.
    first: Vec<u64>,
    weights: Numbers,
    delays: Numbers,
    /// Whether synapses have ranks in the order of declaration.
    is_ranked: bool,
}

/// Weights or delays.
#[derive(Clone, Debug)]
enum Numbers {
    Same(f64),
    Drawn(Distribution, Use<'static>),
}

/// What is filled again and again.
struct Scratch {
    chooser: Chooser,
    /// Delays as bits, and places in the row.
    keys: Vec<(u64, u32)>,
    ranks: Vec<u32>,
}

/// What draws the rows of a running network.
#[derive(Debug)]
struct Drawer {
    rows: ProceduralRows,
    scratch: Scratch,
}

impl ProceduralRows {
    fn of(setup: &ProjectionSetup<'_>) -> Result<ProceduralRows, ConnectError> {
        let draw = Draw::of(setup)?;
        let projection = setup.projection;
        let rule = RowRule::of(&projection.rule).ok_or(ConnectError::Procedural(projection.rule.name()))?;
        let first = draw.first_of_rows(rule);
        let none = first.last() == Some(&0);
        let weights = Numbers::of(&projection.weight, use_of_weights(setup), none)?;
        let delays = Numbers::of(&projection.delay, use_of_delays(setup), none)?.with_one_zero();
        Ok(ProceduralRows { rule, draw, first, weights, delays, is_ranked: false })
    }

    fn sources(&self) -> usize {
        self.first.len() - 1
    }

    /// What the rows have in common, and how many synapses pairs of neurons have. Weights and delays that vary are drawn and
    /// checked.
    fn go_through(&self) -> Result<(RowSummary, PairUse), DrawError> {
        /// How many rows make a piece of work.
        const ROWS: usize = 64;
        let length = |ends: &[u64]| (ends[1] - ends[0]) as usize;
        let mut summary = RowSummary {
            synapses: self.first[self.sources()],
            longest_row: self.first.windows(2).map(length).max().unwrap_or(0),
            least_delay_ms: f64::INFINITY,
            longest_delay_ms: 0.0,
        };
        let mut pairs = PairUse::default();
        if let (Numbers::Same(_), Numbers::Same(_)) = (&self.weights, &self.delays) {
            return Ok((summary, pairs));
        }
        let piece = |scratch: &mut Scratch, piece: usize| {
            let (mut row, mut pairs) = (Row::default(), PairUse::default());
            let (mut least, mut longest) = (f64::INFINITY, 0.0f64);
            for source in piece * ROWS..self.sources().min((piece + 1) * ROWS) {
                row.targets.clear();
                self.draw_unsorted(source, scratch, &mut row)?;
                least = row.delays.iter().copied().fold(least, f64::min);
                longest = row.delays.iter().copied().fold(longest, f64::max);
                if !row.delays.is_empty() {
                    pairs = pairs.and(PairUse::of(&row.targets, |place| row.delays[place]));
                }
            }
            Ok((least, longest, pairs))
        };
        // Which error parallel threads meet first is chance; which comes first is not.
        let pieces = (0..self.sources().div_ceil(ROWS)).into_par_iter();
        let seen: Vec<Result<_, DrawError>> =
            pieces.map_init(|| Scratch::new(self.draw.chooser()), piece).collect();
        for seen in seen {
            let (least, longest, more) = seen?;
            summary.least_delay_ms = summary.least_delay_ms.min(least);
            summary.longest_delay_ms = summary.longest_delay_ms.max(longest);
            pairs = pairs.and(more);
        }
        Ok((summary, pairs))
    }

    /// The synapses of a source in the order of declaration, which is that of targets.
    fn draw_unsorted(&self, source: usize, scratch: &mut Scratch, row: &mut Row) -> Result<(), DrawError> {
        self.draw.row(self.rule, source as u32, &mut scratch.chooser, &mut row.targets);
        let numbers = self.first[source] as usize..self.first[source + 1] as usize;
        self.delays.draw(numbers.clone(), &mut row.delays)?;
        row.delays.iter_mut().for_each(|delay| *delay += 0.0);
        self.weights.draw(numbers, &mut row.weights)
    }

    /// Sorts a row by (delay, target, number).
    fn sort(&self, scratch: &mut Scratch, row: &mut Row) {
        if row.delays.is_empty() {
            return;
        }
        let Scratch { keys, ranks, .. } = scratch;
        rows::order_by_delay(row.delays.iter().copied(), keys);
        if self.is_ranked {
            rows::rank_by_target(&row.targets, ranks);
            row.ranks.clear();
            row.ranks.extend(keys.iter().map(|key| ranks[key.1 as usize]));
        }
        row.targets = keys.iter().map(|key| row.targets[key.1 as usize]).collect();
        row.delays = keys.iter().map(|key| row.delays[key.1 as usize]).collect();
        if !row.weights.is_empty() {
            row.weights = keys.iter().map(|key| row.weights[key.1 as usize]).collect();
        }
    }
}

impl Numbers {
    fn of(quantity: &Quantity, what: Use<'static>, none: bool) -> Result<Numbers, ConnectError> {
        match quantity {
            // Where nobody has it, a number cannot be wrong.
            Quantity::Number(value) if none => Ok(Numbers::Same(*value)),
            Quantity::Number(value) => Ok(Numbers::Same(draw::given(&what, 0, *value)?)),
            Quantity::Distribution(from) => Ok(Numbers::Drawn(from.clone(), what)),
            Quantity::Array(_) => Err(ConnectError::Procedural(what.name)),
        }
    }

    /// 0 + -0 is 0: there is one zero only.
    fn with_one_zero(self) -> Numbers {
        match self {
            Numbers::Same(value) => Numbers::Same(0.0 + value),
            drawn => drawn,
        }
    }

    /// The numbers of these synapses, if they vary.
    fn draw(&self, synapses: std::ops::Range<usize>, values: &mut Vec<f64>) -> Result<(), DrawError> {
        values.clear();
        if let Numbers::Drawn(from, what) = self {
            for synapse in synapses {
                values.push(draw::number(from, what, synapse)?);
            }
        }
        Ok(())
    }

    /// No values yet, of the kind that stored ones are.
    fn values(&self) -> Values {
        match self {
            Numbers::Same(value) => Values::Same(*value),
            Numbers::Drawn(_, what) => match what.precision {
                Precision::Double => Values::Each(Vec::new()),
                Precision::Single => Values::Single(Vec::new()),
            },
        }
    }
}

impl Scratch {
    fn new(chooser: Chooser) -> Scratch {
        Scratch { chooser, keys: Vec::new(), ranks: Vec::new() }
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch")
    }
}

impl RowSource for Drawer {
    fn draw(&mut self, source: usize, row: &mut Row) {
        // Every number has been drawn once, when the network was built, and was allowed.
        let drawn = self.rows.draw_unsorted(source, &mut self.scratch, row);
        debug_assert!(drawn.is_ok(), "{drawn:?}");
        self.rows.sort(&mut self.scratch, row);
    }
}
