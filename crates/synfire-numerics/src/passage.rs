//! When a constant plus plain exponentials a e^(-t/tau) leaves the side of 0 that it is on: the first passage, found or
//! excluded.
//!
//! One exponential has a closed form. Of several, the rules of [`crate::drive_sign`] give the turning points; between two
//! of them the sum is monotone, so that its values there tell in which stretch it changes its sign first.
//!
//! A sum that only touches 0 does not leave its side. Where rounding cannot tell a touch from a passage, it counts as a
//! touch, and the answer says so.

use crate::drive_sign::{Fading, pattern, sum_at, turning_points};
use crate::{math, roots};

/// Values below this, relative to the sum of the terms' magnitudes, are rounding.
const NOISE: f64 = 1e-15;

/// When a sum leaves its side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// The time; infinite if it never does.
    pub after: f64,
    /// It came so close to 0 before that rounding decided.
    pub ambiguous: bool,
}

impl Passage {
    const NEVER: Passage = Passage { after: f64::INFINITY, ambiguous: false };

    const fn at(after: f64) -> Passage {
        Passage { after, ambiguous: false }
    }
}

/// When the sum of `constant` and `terms` (plain exponentials by falling tau) leaves the side `positive`. `at_zero` is its
/// value at t = 0, known better than the sum tells; if that is 0 or, by rounding, on the other side, the sum begins at the
/// wall, and leaves at once if it goes to the other side.
pub fn first_passage(constant: f64, terms: &[Fading], at_zero: f64, positive: bool) -> Passage {
    let scale = || constant.abs() + terms.iter().map(|term| term.a.abs()).sum::<f64>();
    let is_beyond = at_zero == 0.0 || (at_zero > 0.0) != positive;
    let begins_at_wall = is_beyond || (terms.len() > 1 && at_zero.abs() <= NOISE * scale());
    if begins_at_wall && direction(terms) == Some(!positive) {
        return Passage::at(0.0);
    }
    match *terms {
        [] => Passage::NEVER,
        [only] => {
            let heads_across = constant != 0.0 && (constant > 0.0) != positive;
            if begins_at_wall || !heads_across {
                return Passage::NEVER;
            }
            Passage::at(only.tau * math::ln_1p(-at_zero / constant))
        }
        _ => passage_of_several(constant, terms, positive),
    }
}

/// Where a sum that is 0 goes: to the positive side, to the negative one, or (`None`) neither as far as rounding can tell.
/// Its slope decides; where that is 0, its curvature.
pub fn direction(terms: &[Fading]) -> Option<bool> {
    let derivative = |order: i32| {
        let part = |term: &Fading| term.a / (-term.tau).powi(order);
        let value: f64 = terms.iter().map(part).sum();
        let scale: f64 = terms.iter().map(|term| part(term).abs()).sum();
        (value.abs() > NOISE * scale).then_some(value > 0.0)
    };
    derivative(1).or_else(|| derivative(2))
}

fn passage_of_several(constant: f64, terms: &[Fading], positive: bool) -> Passage {
    let pattern = pattern(constant, terms.iter().copied());
    if pattern.most_changes == 0 || (pattern.most_changes == 1 && pattern.ends_positive == positive) {
        return Passage::NEVER;
    }
    let Some(end) = settled_after(constant, terms) else { return Passage::NEVER };
    let turns = match pattern.most_changes {
        1 => Vec::new(),
        _ => turning_points(constant, terms.iter().copied(), end),
    };
    let (mut left, mut ambiguous) = (0.0, false);
    for right in turns.into_iter().chain([end]) {
        let value = sum_at(constant, terms.iter().copied(), right);
        let scale: f64 = constant.abs() + terms.iter().map(|term| term.at(right).abs()).sum::<f64>();
        if value.abs() <= NOISE * scale {
            ambiguous = true;
        } else if (value > 0.0) != positive {
            return Passage { after: zero_between(constant, terms, left, right), ambiguous };
        }
        left = right;
    }
    Passage { after: f64::INFINITY, ambiguous }
}

/// A time from which on the sum keeps its sign: what fades is smaller than what stays. `None` if all of it is 0 or stays.
fn settled_after(constant: f64, terms: &[Fading]) -> Option<f64> {
    let mut rest = terms.iter().filter(|term| term.a != 0.0);
    let slowest = rest.next()?;
    let (stays, fades, rate) = if constant != 0.0 {
        (constant.abs(), slowest.a.abs(), 1.0 / slowest.tau)
    } else {
        // What fades slowest stays, in comparison.
        let second = rest.next()?;
        (slowest.a.abs(), second.a.abs(), (slowest.tau - second.tau) / slowest.tau / second.tau)
    };
    let fades = fades + rest.map(|term| term.a.abs()).sum::<f64>();
    Some((1.0 + math::ln((2.0 * fades / stays).max(1.0))) / rate)
}

/// The zero in a stretch where the sum is monotone and changes its sign.
fn zero_between(constant: f64, terms: &[Fading], mut left: f64, mut right: f64) -> f64 {
    let sum = |t: f64| sum_at(constant, terms.iter().copied(), t);
    let ends_positive = sum(right) > 0.0;
    // Doubling steps from the left: a secant over all of a long stretch would say little.
    let mut step = 0.5 * terms[terms.len() - 1].tau;
    while step < right - left {
        if (sum(left + step) > 0.0) == ends_positive {
            right = left + step;
            break;
        }
        left += step;
        step *= 2.0;
    }
    roots::refine(sum, left, right, roots::Tolerance { noise: 0.0, relative_width: 2e-16 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(a: f64, tau: f64) -> Fading {
        Fading { a, b: 0.0, tau }
    }

    fn passage(constant: f64, terms: &[Fading]) -> Passage {
        let at_zero = sum_at(constant, terms.iter().copied(), 0.0);
        first_passage(constant, terms, at_zero, at_zero > 0.0)
    }

    #[test]
    fn one_exponential_has_a_closed_form() {
        let found = passage(-0.5, &[plain(2.0, 3.0)]).after;
        assert!((found - 3.0 * math::ln(4.0)).abs() < 1e-15);
        assert_eq!(passage(0.5, &[plain(2.0, 3.0)]), Passage::NEVER);
        // It only tends to 0.
        assert_eq!(passage(0.0, &[plain(2.0, 3.0)]), Passage::NEVER);
    }

    #[test]
    fn both_crossings_of_a_hump_are_there_and_a_hump_too_low_has_none() {
        // u = e^(-t/2): constant + u - u^2 has its maximum, constant + 1/4, at u = 1/2.
        let hump = [plain(1.0, 2.0), plain(-1.0, 1.0)];
        let found = first_passage(-0.1875, &hump, -0.1875, false);
        assert!((found.after - 2.0 * math::ln(4.0 / 3.0)).abs() < 1e-15, "{found:?}");
        let back = first_passage(-0.1875, &[plain(0.75, 2.0), plain(-0.5625, 1.0)], 0.0, true);
        assert!((back.after - 2.0 * math::ln(3.0)).abs() < 1e-15, "{back:?}");
        assert_eq!(first_passage(-0.25 - 1e-12, &hump, -0.25, false), Passage::NEVER);
        let graze = first_passage(-0.25, &hump, -0.25, false);
        assert_eq!(graze, Passage { after: f64::INFINITY, ambiguous: true });
    }

    #[test]
    fn what_begins_at_the_wall_leaves_at_once_or_comes_back() {
        // 1 - 3 u + 2 u^2 with u = e^(-t/2) falls from 0, and rises through it at u = 1/2.
        let terms = [plain(-3.0, 2.0), plain(2.0, 1.0)];
        assert_eq!(first_passage(1.0, &terms, 1e-17, true).after, 0.0);
        assert_eq!(first_passage(1.0, &terms, -1e-17, true).after, 0.0);
        let rises = first_passage(1.0, &terms, 0.0, false).after;
        assert!((rises - 2.0 * math::ln(2.0)).abs() < 1e-15);
        assert_eq!(direction(&[plain(1.0, 2.0), plain(-0.5, 1.0)]), Some(false), "the curvature decides");
    }

    proptest! {
        #[test]
        fn no_passage_is_missed(
            constant in -1.0..1.0f64,
            parts in proptest::collection::vec((-2.0..2.0f64, 1.0..30.0f64), 1..6),
        ) {
            let mut terms: Vec<Fading> = parts.into_iter().map(|(a, tau)| plain(a, tau)).collect();
            terms.sort_by(|a, b| b.tau.total_cmp(&a.tau));
            let sum = |t: f64| sum_at(constant, terms.iter().copied(), t);
            let positive = sum(0.0) > 0.0;
            let found = passage(constant, &terms);
            let seen = (1..20_000).map(|k| f64::from(k) * 0.01).find(|&t| (sum(t) > 0.0) != positive);
            match seen {
                Some(t) => prop_assert!(found.after <= t + 1e-12 || sum(t).abs() < 1e-13),
                None => prop_assert!(found.after > 199.0 || sum(found.after + 1e-6).abs() < 1e-5),
            }
            if found.after.is_finite() {
                prop_assert!(sum(found.after).abs() < 1e-14 * 12.0, "{found:?}: {}", sum(found.after));
            }
        }
    }
}
