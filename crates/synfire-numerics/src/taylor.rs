//! Integration of dx/dt = f(x, t) by Taylor series of high order, one step at a time.
//!
//! A step depends on the state where it begins and on nothing else: whoever asks for the solution at a time t walks the same
//! steps and evaluates the polynomial of the step that holds t. Order and step follow Jorba and Zou (2005): at order 20
//! and with a tail of a quarter of a last place, each term of a full step is about a seventh of the one before.

use std::ops::Range;

use crate::jet::{Arithmetic, Coefficients, Jets, ORDER, Slot};
use crate::scalar::Scalar;
use crate::vector::vectorised;

/// How many functions of time a field is given.
pub const GIVEN: usize = 2;

/// A series that is cut short has at least this many terms: lower coefficients may vanish by symmetry.
pub const LEAST_ORDER: usize = 5;

/// Between dense arrivals a series ends before this order as a rule.
const FEW: usize = 8;

/// In a step the argument of an exponential changes by no more than about this: of e^20 the term of order 20 is a tenth, so what
/// it does is seen in the last terms, even of an exponential that is negligible at first.
const STEEPEST: f64 = 20.0;

/// Steps that are too long for that are made shorter by this factor.
const SHORTER: f64 = 0.8;

/// No step is longer than this many time scales of the field, so that powers of it stay finite.
const LONGEST_STEP: f64 = 100.0;

/// The right-hand side of dx/dt = f(x, g(t)), with g known in advance.
pub trait VectorField<const D: usize> {
    /// dx/dt. The operations and their order must be the same in every call of one series.
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        given: &[A::Number; GIVEN],
    ) -> [A::Number; D];

    /// Sizes of the variables: errors of x_i below the last place of this do not count. Positive.
    fn scales(&self) -> [f64; D];

    /// About the time in which things happen at rest. Positive.
    fn time_scale(&self) -> f64;

    /// A series that is cut short has at least this many terms. A power of what passes by 0 has no lower terms than those of
    /// its own order.
    fn least_order(&self) -> usize {
        LEAST_ORDER
    }
}

/// The functions g(t) of a [`VectorField`].
pub trait Given<T> {
    /// Their Taylor coefficients of these orders in units of time of `unit`: derivative k times unit^k/k!. What is 0 need not
    /// be written.
    fn expand(&self, unit: f64, orders: Range<usize>, coefficients: &mut [Coefficients<T>; GIVEN]);
}

/// Nothing given: 0.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl<T> Given<T> for Nothing {
    fn expand(&self, _unit: f64, _orders: Range<usize>, _coefficients: &mut [Coefficients<T>; GIVEN]) {}
}

/// The solution near one time: x_i(t) = sum of c_ik (t/unit)^k.
#[derive(Clone, Debug)]
pub struct Series<T, const D: usize> {
    /// The coefficients, variable by variable.
    pub coefficients: [Coefficients<T>; D],
    /// The highest order there is; coefficients beyond are 0.
    pub order: usize,
    /// The unit of time of the coefficients.
    pub unit: f64,
    /// The polynomial is good from 0 up to this time. Not a number if the field is not.
    pub step: f64,
}

/// The series of the solution that starts at `start`, with its step. With `horizon`, terms that are negligible up to there
/// are left out, and the step is then at least the horizon.
pub fn expand<T: Scalar, const D: usize>(
    field: &impl VectorField<D>,
    start: [T; D],
    given: &impl Given<T>,
    slots: &mut [Slot<T>],
    horizon: Option<f64>,
) -> Series<T, D> {
    vectorised(
        #[inline(always)]
        || expand_here(field, start, given, slots, horizon),
    )
}

/// [`expand`], to be inlined with all that it calls.
#[inline(always)]
fn expand_here<T: Scalar, const D: usize>(
    field: &impl VectorField<D>,
    start: [T; D],
    given: &impl Given<T>,
    slots: &mut [Slot<T>],
    horizon: Option<f64>,
) -> Series<T, D> {
    let mut known = [[T::ZERO; ORDER + 1]; GIVEN];
    let mut coefficients = [[T::ZERO; ORDER + 1]; D];
    let mut jets = Jets::new(slots);
    let scales = field.scales();

    given.expand(1.0, 0..1, &mut known);
    for (series, x) in coefficients.iter_mut().zip(start) {
        series[0] = x;
    }
    let mut unit = 1.0;
    let mut ratio = f64::INFINITY;
    let (mut power, mut was_small) = (1.0, false);
    // By how much arguments of exponentials change up to the horizon.
    let mut reach = 0.0;
    let least_order = field.least_order();
    for k in 0..ORDER {
        if k == FEW {
            given.expand(unit, FEW..ORDER, &mut known);
        }
        jets.begin(k);
        let x: [T; D] = std::array::from_fn(|i| coefficients[i][k]);
        let rates = field.rates(&mut jets, &x, &std::array::from_fn(|i| known[i][k]));
        if k == 0 {
            unit = unit_of_time(&rates, &scales, field.time_scale());
            ratio = horizon.unwrap_or(f64::INFINITY) / unit;
            given.expand(unit, 1..FEW, &mut known);
        }
        for (series, rate) in coefficients.iter_mut().zip(rates) {
            series[k + 1] = (rate * unit).over(k + 1);
        }
        reach += jets.steepness()[k] * power;
        power *= ratio;
        let negligible = |(series, scale): (&Coefficients<T>, &f64)| {
            series[k + 1].magnitude() * power <= T::NEGLIGIBLE * scale
        };
        let is_small = k > 0 && power < f64::INFINITY && coefficients.iter().zip(&scales).all(negligible);
        // The terms of an exponential fall from here on, however small it is.
        let falls = reach <= 0.5 * (k + 1) as f64;
        if is_small && was_small && falls && k + 1 >= least_order {
            return Series { coefficients, order: k + 1, unit, step: ratio * unit.next_up() };
        }
        was_small = is_small;
    }
    let step = unit * step_in_units(&coefficients, &scales);
    let longest = LONGEST_STEP * field.time_scale();
    // Not `min`, which would make a number of what is none.
    let mut step = if step > longest { longest } else { step };
    while evaluate(jets.steepness(), step / unit) > STEEPEST {
        step *= SHORTER;
    }
    Series { coefficients, order: ORDER, unit, step }
}

/// A unit of time in which no coefficient of the first order exceeds its scale.
#[inline(always)]
fn unit_of_time<T: Scalar, const D: usize>(rates: &[T; D], scales: &[f64; D], longest: f64) -> f64 {
    let least = |unit: f64, (rate, scale): (&T, &f64)| unit.min(scale / rate.magnitude());
    rates.iter().zip(scales).fold(longest, least).max(f64::MIN_POSITIVE)
}

/// The step at whose end the last two terms of every variable are negligible, in units of time.
#[inline(always)]
fn step_in_units<T: Scalar, const D: usize>(series: &[Coefficients<T>; D], scales: &[f64; D]) -> f64 {
    let mut step = f64::INFINITY;
    for (coefficients, scale) in series.iter().zip(scales) {
        if !coefficients.iter().all(|c| c.magnitude() < f64::INFINITY) {
            return f64::NAN;
        }
        for order in [ORDER - 1, ORDER] {
            step = step.min(root(T::NEGLIGIBLE * scale / coefficients[order].magnitude(), order));
        }
    }
    step
}

/// Nearly x^(1/n) (to a few per cent), from the bits of x: a straight line between powers of two instead of the logarithm.
fn root(x: f64, n: usize) -> f64 {
    const ONE: i64 = 1.0f64.to_bits() as i64;
    if x == f64::INFINITY {
        return x;
    }
    f64::from_bits((ONE + (x.max(f64::MIN_POSITIVE).to_bits() as i64 - ONE) / n as i64) as u64)
}

impl<T: Scalar, const D: usize> Series<T, D> {
    /// The solution at time `t` of the step.
    pub fn at(&self, t: f64) -> [T; D] {
        let tau = T::from(t) / self.unit;
        std::array::from_fn(|i| evaluate(&self.coefficients[i][..=self.order], tau))
    }

    /// A bound on what the series of variable `i` leaves out at time `t`: the terms beyond the last fall at least as
    /// fast as a geometric series with ratio 1/2 (about 1/7 in a full step).
    pub fn remainder(&self, i: usize, t: f64) -> f64 {
        let tau = t / self.unit;
        let [.., second, last] = &self.coefficients[i][..=self.order] else { return 0.0 };
        let power = tau.powi(self.order as i32 - 1);
        2.0 * (second.magnitude() * power + last.magnitude() * power * tau)
    }
}

/// A polynomial at x: even and odd terms side by side, the constant last.
#[inline]
pub fn evaluate<T: Scalar>(coefficients: &[T], x: T) -> T {
    let square = x * x;
    let (mut even, mut odd) = (T::ZERO, T::ZERO);
    let mut pairs = coefficients[1..].chunks_exact(2);
    if let [last] = pairs.remainder() {
        odd = *last;
    }
    while let Some([a, b]) = pairs.next_back() {
        odd = odd * square + *a;
        even = even * square + *b;
    }
    coefficients[0] + (odd * x + even * square)
}
