//! The clock: instants whose resolution does not fade with simulated time.

use ordered_float::OrderedFloat;
use std::fmt;

/// An instant of simulated time: a whole millisecond (the *epoch*) and an *offset* in [0, 1) ms.
///
/// A double of absolute time has a spacing of 1.8e-12 ms at 10 s; an offset keeps 1.1e-16 ms for ever. Instants
/// are equal when both parts are equal, never by an epsilon.
///
/// ```
/// use synfire_core::Time;
/// let spike = Time::from_ms(10_000_000.25).unwrap();
/// let arrival = spike.after(1e-12);
/// assert!(arrival > spike);
/// assert!((arrival.since(spike) - 1e-12).abs() < 1e-16);
/// ```
#[derive(Clone, Copy, Eq)]
pub struct Time {
    epoch: u64,
    offset: OrderedFloat<f64>,
}

/// Whole milliseconds beyond which durations are not added: 2^53 ms is 285,000 years.
const LAST_EPOCH: f64 = 9_007_199_254_740_992.0;

impl Time {
    /// The beginning of every run.
    pub const ZERO: Time = Time { epoch: 0, offset: OrderedFloat(0.0) };
    /// Later than every instant: the key of what never happens.
    pub const NEVER: Time = Time { epoch: u64::MAX, offset: OrderedFloat(0.0) };

    /// The instant `ms` milliseconds after the beginning, exactly; `None` if `ms` is negative, not a number or
    /// beyond 2^53.
    pub fn from_ms(ms: f64) -> Option<Time> {
        if !(0.0..LAST_EPOCH).contains(&ms) {
            return None;
        }
        let whole = ms.floor();
        // `+ 0.0` turns -0.0 into 0.0; the difference is exact.
        Some(Time { epoch: whole as u64, offset: OrderedFloat(ms - whole + 0.0) })
    }

    /// The instant `ms` whole milliseconds after the beginning; `None` beyond 2^53.
    pub const fn from_whole_ms(ms: u64) -> Option<Time> {
        if ms < LAST_EPOCH as u64 { Some(Time { epoch: ms, offset: OrderedFloat(0.0) }) } else { None }
    }

    /// The instant with these parts; `None` unless `offset_ms` lies in [0, 1).
    pub fn from_parts(epoch: u64, offset_ms: f64) -> Option<Time> {
        (0.0..1.0).contains(&offset_ms).then_some(Time { epoch, offset: OrderedFloat(offset_ms + 0.0) })
    }

    /// The two parts: whole milliseconds, and the offset in [0, 1) ms.
    #[inline]
    pub fn parts(self) -> (u64, f64) {
        (self.epoch, self.offset.0)
    }

    /// The nearest double, in ms. For output only: it loses resolution as time goes on. Infinite for `NEVER`.
    pub fn as_ms(self) -> f64 {
        if self == Time::NEVER { f64::INFINITY } else { self.epoch as f64 + self.offset.0 }
    }

    /// The instant `duration_ms` later, rounded once to the clock. `NEVER` if the duration is infinite, not a number
    /// or leads beyond 2^53 ms.
    ///
    /// # Panics
    /// In debug builds, if the duration is negative.
    #[inline]
    pub fn after(self, duration_ms: f64) -> Time {
        debug_assert!(duration_ms.is_nan() || duration_ms >= 0.0, "a duration of {duration_ms} ms");
        if duration_ms == f64::INFINITY {
            return Time::NEVER;
        }
        if duration_ms < 1.0 && self.epoch != u64::MAX {
            return carry(self.epoch, self.offset.0, duration_ms);
        }
        self.long_after(duration_ms)
    }

    /// The instant that lies so many whole milliseconds and a fraction of one later; beyond 2^53 ms any instant that is.
    #[inline(always)]
    pub(crate) fn after_parts(self, whole: u64, fraction: f64) -> Time {
        carry(self.epoch + whole.min(LAST_EPOCH as u64), self.offset.0, fraction)
    }

    /// Of the instant that lies a fraction of a millisecond and any number of whole ones after one with this offset, the offset: that
    /// of [`Time::after_parts`], without branches, for loops in vectors.
    #[inline(always)]
    pub(crate) fn offset_after(offset: f64, fraction: f64) -> f64 {
        let sum = offset + fraction;
        let rest = (offset.max(fraction) - 1.0) + offset.min(fraction);
        let below = 1.0 + rest;
        let nearly = if below < 1.0 { below } else { 0.0 };
        let over = if rest >= 0.0 { rest } else { nearly };
        if sum >= 1.0 { over } else { sum }
    }

    #[inline]
    fn long_after(self, duration_ms: f64) -> Time {
        if self.epoch == u64::MAX || !(0.0..LAST_EPOCH).contains(&duration_ms) {
            return Time::NEVER;
        }
        let whole = duration_ms as u64;
        let epoch = self.epoch + whole;
        if epoch as f64 >= LAST_EPOCH {
            return Time::NEVER;
        }
        carry(epoch, self.offset.0, duration_ms - whole as f64)
    }

    /// Milliseconds from `earlier` to `self`, rounded to the last place of the difference of the offsets; negative
    /// if `earlier` is later.
    #[inline]
    pub fn since(self, earlier: Time) -> f64 {
        let offsets = self.offset.0 - earlier.offset.0;
        if self.epoch == earlier.epoch {
            return offsets;
        }
        if self == Time::NEVER {
            return f64::INFINITY;
        }
        (self.epoch as i64).wrapping_sub(earlier.epoch as i64) as f64 + offsets
    }

    /// The instant so much earlier: exact if that is a whole number of cells (see [`synfire_numerics::cells`]), else within two units in
    /// the last place; the beginning of the run if that is earlier still.
    pub fn before(self, duration_ms: f64) -> Time {
        let (epoch, offset) = self.parts();
        let whole = duration_ms.floor();
        let (mut epoch, mut rest) = (epoch as f64 - whole, offset - (duration_ms - whole));
        if rest < 0.0 {
            (epoch, rest) = (epoch - 1.0, rest + 1.0);
        }
        if rest >= 1.0 {
            // A difference below 0 that rounding has lost.
            (epoch, rest) = (epoch + 1.0, 0.0);
        }
        if epoch < 0.0 { Time::ZERO } else { Time::from_parts(epoch as u64, rest).unwrap_or(self) }
    }

    /// The next instant that the clock can tell from this one.
    pub fn next_up(self) -> Time {
        let offset = self.offset.0.next_up();
        if offset < 1.0 {
            Time { epoch: self.epoch, offset: OrderedFloat(offset) }
        } else {
            Time { epoch: self.epoch.saturating_add(1), offset: OrderedFloat(0.0) }
        }
    }
}

impl Time {
    /// Both parts as one integer of the same order: an offset is neither negative nor NaN, so its bits rise with it. One
    /// comparison of integers instead of up to three.
    #[inline]
    fn order(self) -> u128 {
        u128::from(self.epoch) << 64 | u128::from(self.offset.0.to_bits())
    }
}

impl PartialEq for Time {
    #[inline]
    fn eq(&self, other: &Time) -> bool {
        self.order() == other.order()
    }
}

impl std::hash::Hash for Time {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.order().hash(state);
    }
}

impl Ord for Time {
    #[inline]
    fn cmp(&self, other: &Time) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Time {
    #[inline]
    fn partial_cmp(&self, other: &Time) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }

    #[inline]
    fn lt(&self, other: &Time) -> bool {
        self.order() < other.order()
    }

    #[inline]
    fn le(&self, other: &Time) -> bool {
        self.order() <= other.order()
    }
}

/// `epoch` + `offset` + `fraction`, both in [0, 1), with one rounding.
#[inline]
fn carry(epoch: u64, offset: f64, fraction: f64) -> Time {
    // No branch that depends on what nobody can foresee: a spike's synapses are all over their milliseconds.
    let sum = offset + fraction;
    // One of the two is at least a half if the sum is 1 or more. So taking 1 from it is exact, and the sum is rounded where it will
    // stay.
    let rest = (offset.max(fraction) - 1.0) + offset.min(fraction);
    let is_over = sum >= 1.0;
    if !is_over || rest >= 0.0 {
        let offset = OrderedFloat(if is_over { rest } else { sum });
        return Time { epoch: epoch + u64::from(is_over), offset };
    }
    // The exact sum lies below 1 although its rounding did not.
    let below = 1.0 + rest;
    if below < 1.0 {
        Time { epoch, offset: OrderedFloat(below) }
    } else {
        Time { epoch: epoch + 1, offset: OrderedFloat(0.0) }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Time {
    /// All digits: the whole milliseconds, then the shortest digits that give the offset back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Time::NEVER {
            return f.write_str("never");
        }
        let offset = format!("{}", self.offset.0);
        match offset.strip_prefix("0.") {
            Some(digits) => write!(f, "{}.{digits}", self.epoch),
            None => write!(f, "{}", self.epoch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Near the ends of a millisecond, too, where sums are rounded to its end or beyond.
        #[test]
        fn offsets_found_without_branches_are_the_same(a in 0.0..1.0f64, b in 0.0..1.0f64, ulps in 0u64..4, near: bool, whole in 0u64..3) {
            let b = if near { f64::from_bits((1.0 - a).to_bits() + 2 - ulps).clamp(0.0, 1.0 - f64::EPSILON / 2.0) } else { b };
            let at = Time::from_parts(5, a).unwrap();
            prop_assert_eq!(Time::offset_after(a, b).to_bits(), at.after_parts(whole, b).parts().1.to_bits());
        }
    }

    #[test]
    fn instants_reached_by_different_sums_are_equal_when_the_sums_are() {
        let a = Time::from_ms(1.5).unwrap().after(0.75);
        let b = Time::from_ms(1.25).unwrap().after(1.0);
        assert_eq!(a, b);
        assert_eq!(a.as_ms(), 2.25);
    }

    #[test]
    fn the_carry_keeps_the_resolution_of_the_new_offset() {
        let t = Time::from_ms(0.75).unwrap().after(0.25 + 1e-15);
        assert_eq!(t.parts(), (1, (0.25f64 + 1e-15) - 0.25));
        let just_below = Time::from_parts(0, 1.0f64.next_down()).unwrap();
        assert_eq!(just_below.after(1e-17), just_below);
        assert_eq!(just_below.after(1e-16).parts(), (1, 0.0));
    }

    #[test]
    fn never_is_never() {
        assert_eq!(Time::NEVER.after(1.0), Time::NEVER);
        assert_eq!(Time::ZERO.after(f64::INFINITY), Time::NEVER);
        assert_eq!(Time::NEVER.since(Time::ZERO), f64::INFINITY);
        assert!(Time::from_ms(-1.0).is_none() && Time::from_ms(f64::NAN).is_none());
    }

    #[test]
    fn it_prints_all_its_digits() {
        assert_eq!(Time::from_parts(12, 0.1).unwrap().to_string(), "12.1");
        assert_eq!(Time::from_parts(12, 0.0).unwrap().to_string(), "12");
        assert_eq!(Time::from_parts(7, 1e-12).unwrap().to_string(), "7.000000000001");
    }

    proptest! {
        #[test]
        fn adding_is_monotone_and_undone_by_since(epoch in 0u64..1_000_000_000, o in 0.0..1.0f64, d in 0.0..100.0f64, e in 0.0..1e-3f64) {
            let t = Time::from_parts(epoch, o).unwrap();
            let later = t.after(d);
            prop_assert!(later >= t);
            prop_assert!(t.after(d + e) >= later);
            prop_assert!((later.since(t) - d).abs() <= 2.3e-16 * d.max(1.0));
        }

        /// Where both have nearly the same offset, too.
        #[test]
        fn before_undoes_after(epoch in 200u64..1_000_000_000, o in 0.0..1.0f64, d in 0.0..100.0f64, near: bool, ulps in 0u64..4) {
            let d = if near { f64::from_bits((d.floor() + o).to_bits() + 2 - ulps.min(2)) } else { d };
            let t = Time::from_parts(epoch, o).unwrap();
            prop_assert!(t.before(d).after(d).since(t).abs() <= 1e-13, "{} {}", t.before(d), t);
        }

        #[test]
        fn next_up_is_the_next(epoch in 0u64..1000, o in 0.0..1.0f64) {
            let t = Time::from_parts(epoch, o).unwrap();
            prop_assert!(t.next_up() > t);
        }
    }
}
