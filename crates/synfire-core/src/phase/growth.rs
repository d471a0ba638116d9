//! e^(t/tau) at any instant of a run, and the instant at which it reaches a value.
//!
//! The number is kept as a mantissa and a power of two, so it neither overflows nor loses digits as time goes on: t/tau is
//! reduced modulo ln 2 in double-double arithmetic, and what is left is good to about a unit of the last place at 10 ms as
//! at 10^9 ms.

use crate::time::Time;
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::math;

/// ln 2 and 1/ln 2 to twice the digits of a double.
const LN_2: DoubleDouble = DoubleDouble { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
const LOG2_E: DoubleDouble = DoubleDouble { hi: std::f64::consts::LOG2_E, lo: 2.035_527_374_093_103_3e-17 };

/// What grows like e^(t/tau).
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    tau_ms: f64,
    /// Doublings per ms: 1/(tau ln 2).
    rate: DoubleDouble,
    /// Between two doublings, ms: tau ln 2.
    period_ms: DoubleDouble,
}

/// A number as a mantissa from 1 to 2 and a power of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grown {
    pub mantissa: f64,
    pub exponent: i64,
}

impl Grown {
    /// The number in units of 2^`unit`: exact within the range of doubles.
    #[inline]
    pub fn in_units_of(self, unit: i64) -> f64 {
        self.mantissa * power_of_two(self.exponent - unit)
    }
}

/// 2^`exponent`, clamped to what a normal double can hold.
#[inline]
pub(super) fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

impl Growth {
    pub fn new(tau_ms: f64) -> Growth {
        Growth { tau_ms, rate: LOG2_E / tau_ms, period_ms: LN_2 * tau_ms }
    }

    /// e^(t/tau) at `at`.
    #[inline]
    pub fn at(&self, at: Time) -> Grown {
        let (epoch, offset) = at.parts();
        let doublings = self.rate * epoch as f64;
        let whole = doublings.hi.floor();
        let rest = (doublings.hi - whole) + doublings.lo + self.rate.hi * offset;
        let more = rest.floor();
        let mantissa = math::exp((rest - more) * std::f64::consts::LN_2);
        Grown { mantissa, exponent: (whole + more) as i64 }
    }

    /// When e^(t/tau) is `value` 2^`unit`; time 0 if that is less than 1, never if it is beyond all time.
    #[inline]
    pub fn reaches(&self, value: f64, unit: i64) -> Time {
        if value < f64::MIN_POSITIVE {
            return Time::ZERO;
        }
        let bits = value.to_bits();
        let doublings = (bits >> 52) as i64 - 1023 + unit;
        if doublings < 0 {
            return Time::ZERO;
        }
        let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
        let passed_ms = self.period_ms * doublings as f64;
        let whole = passed_ms.hi.floor();
        let mut rest_ms = (passed_ms.hi - whole) + (passed_ms.lo + self.tau_ms * math::ln(mantissa));
        let mut epoch = whole as u64;
        if rest_ms < 0.0 {
            let Some(before) = epoch.checked_sub(1) else { return Time::ZERO };
            (epoch, rest_ms) = (before, rest_ms + 1.0);
        }
        Time::from_whole_ms(epoch).map_or(Time::NEVER, |start| start.after(rest_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_the_exponential_at_early_times() {
        let growth = Growth::new(20.0);
        for t in [0.0, 1.0, 7.25, 13.8, 13.9, 100.0, 5000.5] {
            let grown = growth.at(Time::from_ms(t).unwrap());
            // The logarithms, because the exponential itself has few digits where t is large.
            let found = math::ln(grown.mantissa) + grown.exponent as f64 * std::f64::consts::LN_2;
            assert!((found - t / 20.0).abs() <= 2.3e-16 * (1.0 + t / 20.0), "{t}: {found}");
        }
        assert_eq!(growth.at(Time::ZERO), Grown { mantissa: 1.0, exponent: 0 });
    }

    #[test]
    fn an_hour_later_it_has_grown_by_the_same_factor() {
        // 2^1000 is reached after 1000 tau ln 2: for tau = 1/ln 2 rounded, 1000 ms and what the rounding makes of them.
        let growth = Growth::new(std::f64::consts::LOG2_E);
        let late = growth.at(Time::from_whole_ms(3_600_000).unwrap());
        // tau = LOG2_E.hi = (1 - 1.41e-17) / ln 2, so doublings = 3.6e6 (1 + LOG2_E.lo / LOG2_E.hi).
        let excess = 3.6e6 * LOG2_E.lo / LOG2_E.hi;
        let expected = math::exp(excess * std::f64::consts::LN_2);
        assert_eq!(late.exponent, 3_600_000);
        assert!((late.mantissa - expected).abs() <= 2.3e-16, "{} {expected}", late.mantissa);
    }

    proptest! {
        #[test]
        fn reaching_undoes_growing(epoch in 0u64..100_000_000_000, offset in 0.0..1.0f64, tau_ms in 0.5..500.0f64, unit in 0i64..3) {
            let at = Time::from_parts(epoch, offset).unwrap();
            let growth = Growth::new(tau_ms);
            let grown = growth.at(at);
            let unit = grown.exponent - 64 * unit;
            let found = growth.reaches(grown.in_units_of(unit), unit);
            let error = found.since(at).abs();
            prop_assert!(error <= 4e-16 * (tau_ms + 1.0), "{error} ms for tau = {tau_ms}");
        }

        #[test]
        fn what_is_larger_is_reached_later(value in 1.0..1e6f64, ulps in 1u64..3, tau_ms in 0.5..500.0f64, unit in 0i64..1_000_000) {
            let growth = Growth::new(tau_ms);
            let larger = f64::from_bits(value.to_bits() + ulps);
            prop_assert!(growth.reaches(larger, unit) >= growth.reaches(value, unit));
        }
    }
}
