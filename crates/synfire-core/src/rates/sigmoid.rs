//! Units with a sigmoid gain: one Taylor series in time for all of them, step by step.
//!
//! With S = F(x) and the coefficients of x = W r + h: r_(k+1) = (S_k - r_k)/(tau (k + 1)), and S_(k+1) from the x up to
//! k + 1 ([`synfire_numerics::logistic`]). A step is as long as its last two coefficients allow: what they contribute at
//! its end, and with them the rest of the series, is below rounding. The series converges up to the nearest pole of F, at
//! a distance of about sqrt((x - threshold)^2 + (pi/slope)^2)/|dx/dt|, so steep gains make short steps.
//!
//! Steps end where they end, whoever looks on the way, so looking changes no bit.

use super::weights::Weights;
use super::{InputChange, RateUnit, Trouble, next_change};
use crate::time::Time;
use std::collections::VecDeque;
use synfire_numerics::{logistic, math};

/// Terms of a series.
const ORDER: usize = 20;
/// What the last terms may contribute at the end of a step; rates are of order 1.
const NEGLIGIBLE: f64 = 1e-17;

#[derive(Debug)]
pub(super) struct Sigmoid {
    units: Vec<RateUnit>,
    /// By target: sources and weights.
    sources: Vec<Vec<(u32, f64)>>,
    /// The unit of time of the series, ms.
    scale_ms: f64,
    anchor: Time,
    /// By order, then unit.
    series: Vec<Vec<f64>>,
    /// The end of the step.
    end: Time,
    changes: VecDeque<InputChange>,
}

impl Sigmoid {
    pub fn new(units: &[RateUnit], weights: &Weights, changes: Vec<InputChange>) -> Sigmoid {
        let mut sources = vec![Vec::new(); units.len()];
        for source in 0..units.len() {
            for place in weights.row(source) {
                let (target, weight) = weights.at(place);
                sources[target as usize].push((source as u32, weight));
            }
        }
        let mut sigmoid = Sigmoid {
            sources,
            scale_ms: units.iter().map(|unit| unit.tau_ms).fold(f64::INFINITY, f64::min),
            anchor: Time::ZERO,
            series: vec![units.iter().map(|unit| unit.initial).collect()],
            end: Time::ZERO,
            changes: changes.into(),
            units: units.to_vec(),
        };
        sigmoid.expand();
        sigmoid
    }

    pub fn size(&self) -> usize {
        self.units.len()
    }

    /// When the step ends or the input changes.
    pub fn next(&self) -> Time {
        self.changes.front().map_or(self.end, |change| change.at.min(self.end))
    }

    /// Moves the anchor to [`Sigmoid::next`].
    pub fn step(&mut self) -> Result<(), Trouble> {
        let now = self.next();
        let rates: Vec<f64> = (0..self.units.len()).map(|unit| self.rate(unit, now)).collect();
        if let Some(unit) = rates.iter().position(|rate| !rate.is_finite()) {
            return Err(Trouble { unit: unit as u32, reason: "the rate is no finite number" });
        }
        self.series = vec![rates];
        self.anchor = now;
        while let Some(change) = next_change(&mut self.changes, now) {
            self.units[change.unit as usize].input += change.to - change.from;
        }
        self.expand();
        Ok(())
    }

    /// The rate at `at`, within the step.
    pub fn rate(&self, unit: usize, at: Time) -> f64 {
        let t = at.since(self.anchor) / self.scale_ms;
        self.series.iter().rev().fold(0.0, |sum, coefficients| sum * t + coefficients[unit])
    }

    /// The gain at the anchor.
    pub fn gain(&self, unit: usize) -> f64 {
        logistic::logistic(self.argument(unit, 0))
    }

    /// The coefficient of order `k` of slope (x - threshold).
    fn argument(&self, unit: usize, k: usize) -> f64 {
        let RateUnit { slope, threshold, input, .. } = self.units[unit];
        let coefficients = &self.series[k];
        let recurrent: f64 =
            self.sources[unit].iter().map(|&(j, weight)| weight * coefficients[j as usize]).sum();
        slope * if k == 0 { recurrent + input - threshold } else { recurrent }
    }

    /// Extends the series of order 0 to all orders, and says how far it reaches.
    fn expand(&mut self) {
        let units = self.units.len();
        let mut gains = vec![Vec::with_capacity(ORDER); units];
        let mut slopes = vec![Vec::with_capacity(ORDER); units];
        let mut arguments = vec![Vec::with_capacity(ORDER); units];
        for k in 0..ORDER {
            let mut next = Vec::with_capacity(units);
            for unit in 0..units {
                arguments[unit].push(self.argument(unit, k));
                if k == 0 {
                    gains[unit].push(logistic::logistic(arguments[unit][0]));
                } else {
                    logistic::next_coefficient(&mut gains[unit], &mut slopes[unit], &arguments[unit]);
                }
                let rate = self.scale_ms / (self.units[unit].tau_ms * (k + 1) as f64);
                next.push((gains[unit][k] - self.series[k][unit]) * rate);
            }
            self.series.push(next);
        }
        let reach = |k: usize| {
            let largest = self.series[k].iter().fold(0.0f64, |most, c| most.max(c.abs()));
            if largest == 0.0 { f64::INFINITY } else { math::exp(math::ln(NEGLIGIBLE / largest) / k as f64) }
        };
        self.end = self.anchor.after(self.scale_ms * reach(ORDER - 1).min(reach(ORDER)));
    }
}
