//! Quantities: a number, one for each neuron or synapse, or a distribution.

use super::check::{Checked, Checker};
use super::fields::{Entry, Fields};
use super::json::Kind;
use super::keys::{Bound, DISTRIBUTION, Key, LAWS};
use super::{Distribution, Law, Quantity};
use synfire_numerics::math;

/// How many values an array must have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count<'a> {
    /// So many, one for each of these.
    Exactly(usize, &'a str),
    /// Not known, because of another problem.
    Unknown,
    /// An array makes no sense here, for this reason.
    NoArray(&'a str),
}

/// Distributions of which fewer draws than this fall into the clip are refused: drawing gives up after ten thousand.
const LEAST_ACCEPTED: f64 = 1e-4;

impl Checker {
    /// A quantity whose values keep to `bound`.
    pub fn quantity(&mut self, entry: &Entry<'_>, bound: Bound, count: Count<'_>) -> Checked<Quantity> {
        match entry.node.kind() {
            Kind::Array => {
                let count = match count {
                    Count::Exactly(count, of) => Some((count, of)),
                    Count::Unknown => None,
                    Count::NoArray(reason) => {
                        return Err(self.report(entry, "an array is not allowed here", reason));
                    }
                };
                self.numbers(entry, bound, count).map(Quantity::Array)
            }
            Kind::Object => self.distribution(entry, bound).map(Quantity::Distribution),
            Kind::Number => self.bounded(entry, bound).map(Quantity::Number),
            Kind::Text if bound.contains(f64::INFINITY) || bound.contains(f64::NEG_INFINITY) => {
                self.bounded(entry, bound).map(Quantity::Number)
            }
            _ => Err(self.expected(entry, "a number, an array of numbers or a distribution")),
        }
    }

    fn distribution(&mut self, entry: &Entry<'_>, bound: Bound) -> Checked<Distribution> {
        let fields = self.fields(entry, DISTRIBUTION, "a distribution")?;
        let law = self.law(&fields);
        let clip = fields.get("clip").map(|clip| self.interval(clip, "clip")).transpose();
        let (law, clip) = (law?, clip?);
        if let (Some(interval), Some(at)) = (clip, fields.get("clip"))
            && accepted(law, interval) < LEAST_ACCEPTED
        {
            let message = "fewer than one draw in ten thousand would fall into the clip";
            let help = "values outside a clip are drawn again: widen the clip or change the law";
            return Err(self.report(at, message, help));
        }
        // What lies outside for certain is reported here; single draws are judged when they are made.
        let (lo, hi) = support(law, clip);
        let outside = match law {
            Law::Uniform(..) => !bound.contains(lo) || !bound.contains(hi),
            _ => hi.is_finite() && !bound.contains(hi),
        };
        if outside {
            let message =
                format!("expected {}, but values from {lo} to {hi} would be drawn", bound.describe());
            let help = entry.meaning().unwrap_or_else(|| format!("allowed is {}", bound.describe()));
            return Err(self.report(entry, message, help));
        }
        Ok(Distribution { law, clip })
    }

    /// The one law of a distribution.
    fn law(&mut self, fields: &Fields<'_, '_>) -> Checked<Law> {
        let mut laws = LAWS.iter().filter_map(|key| Some((key.name, fields.get(key.name)?)));
        let Some((name, entry)) = laws.next() else {
            if let Some(reported) = fields.unknown {
                return Err(reported);
            }
            let help = LAWS.iter().map(Key::about).collect::<Vec<_>>().join(", ");
            return Err(self.report_missing(&fields.object, "a distribution without a law", &help));
        };
        if let Some((_, second)) = laws.next() {
            return Err(self.report(second, "a second law", "a distribution has one law"));
        }
        match name {
            "uniform" => self.interval(entry, name).map(|(lo, hi)| Law::Uniform(lo, hi)),
            "normal" => self.spread(entry, "[mean, sd]").map(|(mean, sd)| Law::Normal(mean, sd)),
            "lognormal" => self.spread(entry, "[mu, sigma]").map(|(mu, sigma)| Law::Lognormal(mu, sigma)),
            _ => self.bounded(entry, entry.bound()).map(Law::Exponential),
        }
    }

    fn interval(&mut self, entry: &Entry<'_>, what: &str) -> Checked<(f64, f64)> {
        let (lo, hi) = self.two(entry, "[lo, hi]")?;
        if lo <= hi {
            return Ok((lo, hi));
        }
        let message = format!("`{what}` from {lo} to {hi}: the first number is larger");
        Err(self.report(entry, message, format!("write [{hi}, {lo}]")))
    }

    fn spread(&mut self, entry: &Entry<'_>, what: &str) -> Checked<(f64, f64)> {
        let (centre, spread) = self.two(entry, what)?;
        if spread >= 0.0 {
            return Ok((centre, spread));
        }
        Err(self.report(
            entry,
            format!("the spread {spread} is negative"),
            format!("{what}: the second number is 0 or more"),
        ))
    }
}

/// Between which values all draws lie.
pub(super) fn support(law: Law, clip: Option<(f64, f64)>) -> (f64, f64) {
    let (lo, hi) = match law {
        Law::Uniform(lo, hi) => (lo, hi),
        Law::Normal(mean, 0.0) => (mean, mean),
        Law::Normal(..) => (f64::NEG_INFINITY, f64::INFINITY),
        Law::Lognormal(mu, 0.0) => (math::exp(mu), math::exp(mu)),
        Law::Lognormal(..) | Law::Exponential(_) => (0.0, f64::INFINITY),
    };
    clip.map_or((lo, hi), |(from, to)| (lo.max(from), hi.min(to)))
}

/// A value in the middle of those that are drawn.
pub(super) fn typical(distribution: &Distribution) -> f64 {
    let centre = match distribution.law {
        Law::Uniform(lo, hi) => lo / 2.0 + hi / 2.0,
        Law::Normal(mean, _) | Law::Exponential(mean) => mean,
        Law::Lognormal(mu, _) => math::exp(mu),
    };
    let (lo, hi) = support(distribution.law, distribution.clip);
    centre.max(lo).min(hi)
}

/// An upper bound of the probability that a draw lies in the clip.
fn accepted(law: Law, (lo, hi): (f64, f64)) -> f64 {
    match law {
        Law::Uniform(a, b) if a == b => f64::from(u8::from((lo..=hi).contains(&a))),
        Law::Uniform(a, b) => (hi.min(b) - lo.max(a)).max(0.0) / (b - a),
        Law::Exponential(mean) => math::exp(-lo.max(0.0) / mean) - math::exp(-hi.max(0.0) / mean),
        Law::Normal(mean, 0.0) => f64::from(u8::from((lo..=hi).contains(&mean))),
        Law::Normal(mean, sd) => accepted_normal((lo - mean) / sd, (hi - mean) / sd),
        Law::Lognormal(mu, sigma) if hi > 0.0 => {
            let low = if lo > 0.0 { math::ln(lo) } else { f64::NEG_INFINITY };
            accepted(Law::Normal(mu, sigma), (low, math::ln(hi)))
        }
        Law::Lognormal(..) => 0.0,
    }
}

/// An upper bound of the probability that a standard normal number lies between `low` and `high`: the largest density
/// there times the width, and the tail's bound exp(-z^2/2).
fn accepted_normal(low: f64, high: f64) -> f64 {
    let nearest = if low > 0.0 { low } else { high.min(0.0) };
    let tail = math::exp(-nearest * nearest / 2.0);
    const PEAK: f64 = 0.398_942_280_401_432_7;
    (tail * PEAK * (high - low)).min(tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_clips_are_told_from_possible_ones() {
        let possible = [
            (Law::Uniform(0.0, 1.0), (0.5, 9.0)),
            (Law::Normal(0.0, 1.0), (-9.0, -3.0)),
            (Law::Normal(3.0, 0.0), (3.0, 3.0)),
            (Law::Lognormal(0.0, 1.0), (-5.0, 1.0)),
            (Law::Exponential(2.0), (-1.0, 0.1)),
        ];
        let impossible = [
            (Law::Uniform(0.0, 1.0), (2.0, 9.0)),
            (Law::Uniform(0.0, 1.0), (0.5, 0.5)),
            (Law::Normal(0.0, 1.0), (40.0, 50.0)),
            (Law::Normal(3.0, 0.0), (4.0, 5.0)),
            (Law::Lognormal(0.0, 1.0), (-5.0, 0.0)),
            (Law::Exponential(2.0), (-2.0, -1.0)),
        ];
        for (law, clip) in possible {
            assert!(accepted(law, clip) >= LEAST_ACCEPTED, "{law:?} {clip:?}");
        }
        for (law, clip) in impossible {
            assert!(accepted(law, clip) < LEAST_ACCEPTED, "{law:?} {clip:?}");
        }
    }
}
