//! The next threshold crossing, step by step.

use synfire_core::model::{Anchored, Crossing, CrossingKind, Unresolved};
use synfire_numerics::first_zero::{first_zero, from_there_on};
use synfire_numerics::jet::{Coefficients, ORDER};
use synfire_numerics::taylor::Series;

use super::{Dynamics, Integrated, IntegratedState};

/// A search goes on for at least this part of the model's time scale: then no checkpoint is too near for the clock.
const LEAST_SEARCH: f64 = 0.01;

/// A search that takes more steps is not getting anywhere.
const MOST_STEPS: usize = 100_000;

/// Minima of the distance from threshold below this many units of the last place of the scale of v are decided by rounding.
const AMBIGUOUS_ULPS: f64 = 8.0;

/// So far behind a downward crossing, as a part of the step, v is below threshold.
const BEYOND: f64 = 1e-9;

/// What one step showed.
#[derive(Default)]
struct Found {
    /// The crossing, as a part of the step.
    at: Option<f64>,
    ambiguous: bool,
}

impl<M: Dynamics<D>, const D: usize> Integrated<M, D> {
    pub(super) fn search(&self, at: Anchored<'_, IntegratedState<D>>) -> Result<Crossing, Unresolved> {
        let IntegratedState { mut x, mut armed } = *at.state;
        let mut past = self.past(at.inputs, at.stimulus);
        let mut ambiguous = false;
        if armed && x[0] >= 0.0 {
            return Ok(Crossing::at(0.0));
        }
        let wait_ms = self.wait(at);
        if wait_ms == f64::INFINITY {
            return Ok(Crossing::NEVER);
        }
        for _ in 0..MOST_STEPS {
            let unresolved = |reason| Unresolved { after_ms: past.elapsed_ms, reason };
            if armed && self.model.is_upstroke(&x, &past.envelope()) {
                let risen =
                    self.rise(x, &past, f64::INFINITY).ok_or(unresolved("the upstroke is not a number"))?;
                let after_ms = past.elapsed_ms + risen.after_ms;
                return Ok(Crossing { ambiguous, ..Crossing::at(after_ms) });
            }
            let series = self.expand(x, &past, None);
            let found = self.look(&series, armed).ok_or(unresolved("the state is not a number"))?;
            ambiguous |= found.ambiguous;
            let spike = |after_ms| Crossing { after_ms, kind: CrossingKind::Spike, ambiguous };
            if let Some(part) = found.at {
                return Ok(spike(past.elapsed_ms + part * series.step));
            }
            let after_ms = past.elapsed_ms + series.step;
            if after_ms <= past.elapsed_ms {
                return Err(unresolved("the steps have become too short for the clock"));
            }
            past.elapsed_ms = after_ms;
            x = series.at(series.step);
            armed |= x[0] < 0.0;
            if armed && x[0] >= 0.0 {
                // The end of the step is at threshold, but for rounding.
                return Ok(spike(after_ms));
            }
            if after_ms >= wait_ms.max(LEAST_SEARCH * self.model.time_scale()) {
                return Ok(Crossing { ambiguous, ..Crossing::checkpoint(after_ms) });
            }
        }
        Err(Unresolved { after_ms: past.elapsed_ms, reason: "the search takes too many steps" })
    }

    /// The first crossing within a step; `None` if the series is not a number.
    fn look(&self, series: &Series<f64, D>, armed: bool) -> Option<Found> {
        if series.step.is_nan() || series.step <= 0.0 {
            return None;
        }
        let mut below = [0.0; ORDER + 1];
        let ratio = series.step / series.unit;
        let (mut power, mut size) = (1.0, 0.0);
        for (k, coefficient) in series.coefficients[0].iter().enumerate() {
            below[k] = -coefficient * power;
            size += below[k].abs();
            power *= ratio;
        }
        let rounding = AMBIGUOUS_ULPS * self.model.scales()[0] + 2.0 * size;
        let noise = f64::EPSILON * rounding + series.remainder(0, series.step);
        if armed {
            let zero = first_zero(&below, noise)?;
            return Some(Found { at: zero.at, ambiguous: zero.ambiguous });
        }
        rearmed(&below, noise)
    }
}

/// The first upward crossing after v has been below threshold again: `below` is v_th - v, not positive at the start.
fn rearmed(below: &Coefficients<f64>, noise: f64) -> Option<Found> {
    let mut found = Found::default();
    let (mut from, mut rest) = (0.0, without_zeros(*below));
    while rest[0] <= 0.0 && from < 1.0 {
        let falls = first_zero(&rest.map(|c| -c), noise)?;
        found.ambiguous |= falls.ambiguous;
        let Some(at) = falls.at else { return Some(found) };
        // A little beyond, v is below threshold, unless it only touches from above: then on to the next time.
        from += (1.0 - from) * (at + BEYOND);
        rest = from_there_on(below, from);
    }
    let rises = first_zero(&rest, noise)?;
    found.ambiguous |= rises.ambiguous;
    found.at = rises.at.map(|at| from + (1.0 - from) * at);
    Some(found)
}

/// Without its zeros at 0: the polynomial divided by the highest power of its variable that divides it.
fn without_zeros(mut coefficients: Coefficients<f64>) -> Coefficients<f64> {
    let zeros = coefficients.iter().take_while(|&&c| c == 0.0).count() % coefficients.len();
    coefficients.rotate_left(zeros);
    coefficients
}
