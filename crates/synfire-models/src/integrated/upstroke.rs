//! The last part of a spike's upstroke, where v rises faster and faster: time, and the other variables, as functions of v.
//!
//! In time the solution has a singularity just behind the peak, and steps shrink towards it, to below what the clock can
//! tell. As functions of v, dt/dv = 1/(dv/dt) and dw/dv = (dw/dt)/(dv/dt) are as smooth as can be: a spike takes a few
//! steps, and its time is the value of t at the peak. It is used where v is known to rise all the way.

use std::ops::Range;

use synfire_core::spec::ParamError;
use synfire_numerics::jet::{Arithmetic, Coefficients};
use synfire_numerics::roots::{self, Tolerance};
use synfire_numerics::taylor::{self, GIVEN, Given, VectorField, evaluate};

use super::inputs::Past;
use super::{Dynamics, Integrated, with_slots};

/// Exponentials up to e^550 can be followed; from e^610 on, what they are multiplied with on the way has been seen to be no number.
const STEEPEST_UPSTROKE: f64 = 550.0;

/// Whether an upstroke e^((v - v_t)/delta_t) can be followed up to `v_peak`, all in mV.
///
/// # Errors
/// `delta_t` is too small.
pub fn check_upstroke(v_peak: f64, v_t: f64, delta_t: f64) -> Result<(), ParamError> {
    let least = (v_peak - v_t) / STEEPEST_UPSTROKE;
    if delta_t >= least {
        return Ok(());
    }
    Err(ParamError::new(
        "delta_t",
        delta_t,
        format!("at least (v_peak - v_t)/{STEEPEST_UPSTROKE}, here {least}"),
    ))
}

/// The field with m for time: x_0 is the time since the upstroke began.
struct Rising<'a, M> {
    model: &'a M,
    past: Past<'a>,
}

/// m itself as a function of m.
struct Ramp {
    from: f64,
}

impl Given<f64> for Ramp {
    fn expand(&self, unit: f64, orders: Range<usize>, coefficients: &mut [Coefficients<f64>; GIVEN]) {
        for k in orders.take_while(|&k| k < 2) {
            coefficients[0][k] = [self.from, unit][k];
        }
    }
}

impl<M: Dynamics<D>, const D: usize> VectorField<D> for Rising<'_, M> {
    #[inline(always)]
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        given: &[A::Number; GIVEN],
    ) -> [A::Number; D] {
        let elapsed = x[0] + arithmetic.constant(self.past.elapsed_ms);
        let mut variables = *x;
        variables[0] = given[0];
        let current = self.past.current(arithmetic, elapsed, given[0]);
        let rates = self.model.rates(arithmetic, &variables, current);
        let one = arithmetic.constant(1.0);
        let pace = arithmetic.div(one, rates[0]);
        let mut by_m = rates.map(|rate| arithmetic.mul(rate, pace));
        by_m[0] = pace;
        by_m
    }

    /// Times are wanted to a small part of what happens at rest.
    fn scales(&self) -> [f64; D] {
        let mut scales = self.model.scales();
        scales[0] = 0.01 * self.model.time_scale();
        scales
    }

    fn time_scale(&self) -> f64 {
        self.model.scales()[0]
    }
}

/// Where an upstroke has come to.
pub(super) struct Risen<const D: usize> {
    /// ms since it began.
    pub(super) after_ms: f64,
    pub(super) x: [f64; D],
}

impl<M: Dynamics<D>, const D: usize> Integrated<M, D> {
    /// Follows an upstroke that begins at `x`, after the time of `past`, to threshold or for `until_ms`. `None` if what comes
    /// is not a number.
    pub(super) fn rise(&self, x: [f64; D], past: &Past<'_>, until_ms: f64) -> Option<Risen<D>> {
        let field = Rising { model: &self.model, past: *past };
        let mut m = x[0];
        let mut rising = x;
        rising[0] = 0.0;
        let slots = self.model.slots() + past.slots() + 1 + D;
        while m < 0.0 {
            let series =
                with_slots(slots, |slots| taylor::expand(&field, rising, &Ramp { from: m }, slots, None));
            if series.step.is_nan() || m + series.step <= m {
                return None;
            }
            let step = series.step.min(-m);
            let end = series.at(step);
            if end[0] > until_ms {
                let time =
                    |part: f64| evaluate(&series.coefficients[0], part * step / series.unit) - until_ms;
                let tolerance = Tolerance { noise: 0.0, relative_width: f64::EPSILON };
                let climbed = step * roots::refine(time, 0.0, 1.0, tolerance);
                let mut x = series.at(climbed);
                x[0] = m + climbed;
                return Some(Risen { after_ms: until_ms, x });
            }
            // The last step ends at threshold exactly.
            m = if step == -m { 0.0 } else { m + step };
            rising = end;
        }
        let after_ms = rising[0];
        rising[0] = 0.0;
        Some(Risen { after_ms, x: rising })
    }
}
