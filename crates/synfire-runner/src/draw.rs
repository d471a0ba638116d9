//! From quantities to numbers: one for each neuron, or one for each synapse.
//!
//! Each number has a random stream of its own, named by the seed, what it is for, the population or projection, and the
//! id of the neuron or synapse. So it depends neither on the order of drawing nor on the number of threads.

use crate::scenario::{Distribution, Law, Precision, Quantity};
use rayon::prelude::*;
use std::fmt;
use synfire_core::network::Values;
use synfire_core::spec::{Column, ParamRange};
use synfire_numerics::math;
use synfire_numerics::random::{Stream, StreamKey};

/// How often a value outside a clip is drawn again before the distribution is given up.
pub const TRIES: u32 = 10_000;

/// What numbers are for.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The name of the parameter, variable or property.
    pub name: &'a str,
    /// Who has them.
    pub of: Owner,
    /// What they may be.
    pub range: ParamRange,
    /// Where they come from if they are drawn: one stream for each neuron or synapse.
    pub key: StreamKey,
    /// To which precision each is rounded, once. One number for all is never rounded.
    pub precision: Precision,
}

/// Who has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Neurons, by id.
    Neuron,
    /// Synapses, counted from 0 in the order of declaration.
    Synapse,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Owner::Neuron => "neuron",
            Owner::Synapse => "synapse",
        })
    }
}

/// A quantity that gives no usable number.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// A number that stands in the scenario is out of range.
    #[error("{name} of {of} {index} is {value}, expected {expected}")]
    Given {
        /// Of the parameter, variable or property.
        name: String,
        /// Neuron or synapse.
        of: Owner,
        /// Which.
        index: usize,
        /// The number.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A drawn number is out of range.
    #[error(
        "{name} of {of} {index}, drawn from {distribution}, is {value}, expected {expected}; \
         \"clip\": [lowest, highest] would draw again what lies outside"
    )]
    Drawn {
        /// Of the parameter, variable or property.
        name: String,
        /// Neuron or synapse.
        of: Owner,
        /// Which.
        index: usize,
        /// The number.
        value: f64,
        /// What is allowed.
        expected: &'static str,
        /// As in the scenario.
        distribution: String,
    },
    /// Nothing fell inside the clip.
    #[error("{name} of {of} {index}: {TRIES} draws from {distribution} all fell outside its clip")]
    Clip {
        /// Of the parameter, variable or property.
        name: String,
        /// Neuron or synapse.
        of: Owner,
        /// Which.
        index: usize,
        /// As in the scenario.
        distribution: String,
    },
    /// An array of the wrong length.
    #[error("{name} has {found} values for {expected} {of}s")]
    Length {
        /// Of the parameter, variable or property.
        name: String,
        /// Neurons or synapses.
        of: Owner,
        /// How many values there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
}

/// The numbers of neurons 0 to `size` - 1.
///
/// # Errors
/// The first neuron whose number is out of range or cannot be drawn.
pub fn column(quantity: &Quantity, what: &Use<'_>, size: usize) -> Result<Column, DrawError> {
    Ok(match numbers(quantity, what, size, |neuron| neuron)? {
        Values::Same(value) => Column::Same(value),
        Values::Each(values) => Column::Each(values),
        Values::Single(values) => Column::Each(values.into_iter().map(f64::from).collect()),
    })
}

/// The numbers of `count` neurons or synapses: at place `p` that of number `declared(p)` in the order of declaration, so
/// that synapses which have been sorted get theirs directly.
///
/// # Errors
/// A number that is out of range or cannot be drawn: the first by place.
pub fn numbers(
    quantity: &Quantity,
    what: &Use<'_>,
    count: usize,
    declared: impl Fn(usize) -> usize + Sync,
) -> Result<Values, DrawError> {
    match quantity {
        // Where nobody has it, a number cannot be wrong.
        Quantity::Number(value) if count == 0 => Ok(Values::Same(*value)),
        Quantity::Number(value) => given(what, 0, *value).map(Values::Same),
        Quantity::Array(values) => listed(values, what, count, count, declared),
        Quantity::Distribution(from) => {
            each(count, what.precision, |place| drawn(from, what, declared(place)))
        }
    }
}

/// The same for an array of numbers in the order of declaration, which should have `length` values; after the last the
/// first comes again.
///
/// # Errors
/// An array of the wrong length, or the first number by place that is out of range.
pub fn listed(
    values: &[f64],
    what: &Use<'_>,
    length: usize,
    count: usize,
    declared: impl Fn(usize) -> usize + Sync,
) -> Result<Values, DrawError> {
    if values.len() != length {
        let (name, of) = (what.name.to_string(), what.of);
        return Err(DrawError::Length { name, of, found: values.len(), expected: length });
    }
    let number = |place| {
        let index = declared(place) % length;
        given(what, index, values[index])
    };
    each(count, what.precision, number)
}

/// All numbers, or the error of the first place that has one.
fn each(
    count: usize,
    precision: Precision,
    number: impl Fn(usize) -> Result<f64, DrawError> + Sync,
) -> Result<Values, DrawError> {
    // No range allows what is not a number, so it can stand for an error.
    let places = (0..count).into_par_iter();
    let values = match precision {
        Precision::Double => Values::Each(places.map(|place| number(place).unwrap_or(f64::NAN)).collect()),
        Precision::Single => {
            Values::Single(places.map(|place| number(place).map_or(f32::NAN, |value| value as f32)).collect())
        }
    };
    // Which error parallel threads meet first is chance; which comes first is not.
    let first_error = match &values {
        Values::Same(_) => None,
        Values::Each(values) => values.iter().position(|value| value.is_nan()),
        Values::Single(values) => values.iter().position(|value| value.is_nan()),
    };
    if let Some(place) = first_error {
        number(place)?;
    }
    Ok(values)
}

/// What is wrong with a number: it is out of range, or its precision does not hold it.
fn expected(what: &Use<'_>, value: f64) -> Option<&'static str> {
    if !what.range.contains(value) {
        return Some(what.range.describe());
    }
    let is_held = what.precision == Precision::Double || value.is_infinite() || (value as f32).is_finite();
    (!is_held).then_some("a number that single precision holds, up to 3.4e38")
}

/// A number as it stands in the scenario.
///
/// # Errors
/// It is out of range.
pub fn given(what: &Use<'_>, index: usize, value: f64) -> Result<f64, DrawError> {
    let Some(expected) = expected(what, value) else { return Ok(value) };
    Err(DrawError::Given { name: what.name.to_string(), of: what.of, index, value, expected })
}

fn drawn(from: &Distribution, what: &Use<'_>, index: usize) -> Result<f64, DrawError> {
    let mut stream = Stream::new(what.key, index as u64);
    let (name, of) = (what.name, what.of);
    let Some(value) = sample(from, &mut stream) else {
        return Err(DrawError::Clip { name: name.to_string(), of, index, distribution: describe(from) });
    };
    let Some(expected) = expected(what, value) else { return Ok(value) };
    let (name, distribution) = (name.to_string(), describe(from));
    Err(DrawError::Drawn { name, of, index, value, expected, distribution })
}

/// The number of one neuron or synapse, the same that [`numbers`] gives it.
///
/// # Errors
/// A number that is out of range or cannot be drawn.
pub fn number(from: &Distribution, what: &Use<'_>, index: usize) -> Result<f64, DrawError> {
    let value = drawn(from, what, index)?;
    Ok(match what.precision {
        Precision::Double => value,
        Precision::Single => f64::from(value as f32),
    })
}

/// One value: the first that lies inside the clip, if there is one among [`TRIES`].
pub fn sample(from: &Distribution, stream: &mut Stream) -> Option<f64> {
    let Some((lowest, highest)) = from.clip else { return Some(sample_law(from.law, stream)) };
    (0..TRIES).map(|_| sample_law(from.law, stream)).find(|value| (lowest..=highest).contains(value))
}

fn sample_law(law: Law, stream: &mut Stream) -> f64 {
    match law {
        Law::Uniform(low, high) => {
            let value = low + (high - low) * stream.uniform();
            // The sum may round up to the upper end, which does not belong to the interval.
            if value < high { value } else { high.next_down().max(low) }
        }
        Law::Normal(mean, sd) => mean + sd * stream.normal(),
        Law::Lognormal(mu, sigma) => math::exp(mu + sigma * stream.normal()),
        Law::Exponential(mean) => mean * stream.exponential(),
    }
}

/// The distribution as the scenario format writes it.
pub fn describe(distribution: &Distribution) -> String {
    let law = match distribution.law {
        Law::Uniform(low, high) => format!("\"uniform\": [{low}, {high}]"),
        Law::Normal(mean, sd) => format!("\"normal\": [{mean}, {sd}]"),
        Law::Lognormal(mu, sigma) => format!("\"lognormal\": [{mu}, {sigma}]"),
        Law::Exponential(mean) => format!("\"exponential\": {mean}"),
    };
    match distribution.clip {
        Some((lowest, highest)) => format!("{{{law}, \"clip\": [{lowest}, {highest}]}}"),
        None => format!("{{{law}}}"),
    }
}

/// What numbers of this quantity are on average; clips are left out of account.
pub fn mean(quantity: &Quantity) -> f64 {
    match quantity {
        Quantity::Number(value) => *value,
        Quantity::Array(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
        Quantity::Distribution(distribution) => match distribution.law {
            Law::Uniform(low, high) => 0.5 * (low + high),
            Law::Normal(mean, _) | Law::Exponential(mean) => mean,
            Law::Lognormal(mu, sigma) => math::exp(mu + 0.5 * sigma * sigma),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn use_of(range: ParamRange) -> Use<'static> {
        Use {
            name: "tau_m",
            of: Owner::Neuron,
            range,
            key: StreamKey::derive(5, "parameter tau_m", 0),
            precision: Precision::Double,
        }
    }

    fn from(law: Law, clip: Option<(f64, f64)>) -> Quantity {
        Quantity::Distribution(Distribution { law, clip })
    }

    fn each_of(quantity: &Quantity, count: usize) -> Vec<f64> {
        match column(quantity, &use_of(ParamRange::Finite), count).unwrap() {
            Column::Each(values) => values,
            Column::Same(value) => panic!("{value} for all"),
        }
    }

    fn mean_and_variance(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn laws_have_their_moments() {
        let n = 100_000;
        // Mean, variance, and the fourth central moment, which bounds the error of the variance.
        let cases = [
            (Law::Uniform(-2.0, 4.0), 1.0, 3.0, 16.2),
            (Law::Normal(-60.0, 3.0), -60.0, 9.0, 243.0),
            (Law::Exponential(2.5), 2.5, 6.25, 9.0 * 2.5f64.powi(4)),
            (Law::Lognormal(0.5, 0.25), 1.701_057_301_848, 0.186_620_904_746, 0.142_650_5),
        ];
        for (law, mean, variance, fourth) in cases {
            let (m, v) = mean_and_variance(&each_of(&from(law, None), n));
            assert!((m - mean).abs() < 4.0 * (variance / n as f64).sqrt(), "{law:?}: mean {m}");
            assert!((v - variance).abs() < 4.0 * (fourth / n as f64).sqrt(), "{law:?}: variance {v}");
            assert!((super::mean(&from(law, None)) - mean).abs() < 1e-6);
        }
    }

    #[test]
    fn a_clip_draws_again_and_does_not_pile_up_at_its_ends() {
        let clipped = each_of(&from(Law::Normal(0.0, 1.0), Some((-1.0, 0.5))), 50_000);
        assert!(clipped.iter().all(|x| (-1.0..=0.5).contains(x)));
        assert!(clipped.iter().filter(|x| **x == -1.0 || **x == 0.5).count() < 3);
        // The truncated normal: (phi(-1) - phi(0.5)) / (Phi(0.5) - Phi(-1)).
        let mean = (0.241_970_724_5 - 0.352_065_326_8) / (0.691_462_461_3 - 0.158_655_253_9);
        let (m, v) = mean_and_variance(&clipped);
        assert!((m - mean).abs() < 4.0 * (v / 50_000.0).sqrt());
    }

    /// Computed once with an independent program. What a seed means hangs on them.
    #[test]
    fn values_are_frozen() {
        let draw = |law| each_of(&from(law, None), 3);
        assert_eq!(draw(Law::Normal(10.0, 2.0)), [11.147188562032762, 9.434974617657092, 10.189758748486238]);
        assert_eq!(
            draw(Law::Uniform(1.0, 3.0)),
            [1.0891673116849543, 1.8165708370087412, 1.7070119542411224]
        );
        assert_eq!(
            draw(Law::Lognormal(0.5, 0.25)),
            [1.9029371676692841, 1.5362921634345872, 1.6882961811706267]
        );
        assert_eq!(draw(Law::Exponential(2.5)), [7.775969870125845, 2.2394719849871443, 2.5996372134629246]);
        assert_eq!(
            each_of(&from(Law::Normal(0.0, 1.0), Some((-0.2, 0.2))), 3),
            [-0.19423190233795873, 0.11708569947525804, 0.094879374243119]
        );
    }

    #[test]
    fn errors_name_the_first_neuron_and_say_what_would_help() {
        let normal = from(Law::Normal(10.0, 5.0), None);
        let error = column(&normal, &use_of(ParamRange::Positive), 10_000).unwrap_err();
        let DrawError::Drawn { index, value, .. } = &error else { panic!("{error}") };
        let values = each_of(&normal, 10_000);
        assert_eq!(values.iter().position(|v| *v <= 0.0), Some(*index));
        assert_eq!(values[*index], *value);
        assert_eq!(
            error.to_string(),
            format!(
                "tau_m of neuron {index}, drawn from {{\"normal\": [10, 5]}}, is {value}, expected a number greater \
                 than 0; \"clip\": [lowest, highest] would draw again what lies outside"
            )
        );

        let clip = from(Law::Uniform(0.0, 1.0), Some((2.0, 3.0)));
        let error = column(&clip, &use_of(ParamRange::Finite), 3).unwrap_err().to_string();
        assert_eq!(
            error,
            "tau_m of neuron 0: 10000 draws from {\"uniform\": [0, 1], \"clip\": [2, 3]} all fell outside its clip"
        );

        let array = Quantity::Array(vec![1.0, -2.0]);
        let error = column(&array, &use_of(ParamRange::Positive), 2).unwrap_err().to_string();
        assert_eq!(error, "tau_m of neuron 1 is -2, expected a number greater than 0");
        let error = column(&array, &use_of(ParamRange::Positive), 3).unwrap_err().to_string();
        assert_eq!(error, "tau_m has 2 values for 3 neurons");
        assert!(column(&Quantity::Number(-1.0), &use_of(ParamRange::Positive), 1).is_err());
        assert!(column(&Quantity::Number(-1.0), &use_of(ParamRange::Positive), 0).is_ok());
    }

    #[test]
    fn infinite_draws_are_errors() {
        let wide = from(Law::Lognormal(1000.0, 1.0), None);
        assert!(matches!(
            column(&wide, &use_of(ParamRange::Finite), 1),
            Err(DrawError::Drawn { value: f64::INFINITY, .. })
        ));
    }

    proptest! {
        #[test]
        fn numbers_follow_their_owners(seed: u64, shift in 0usize..100) {
            let what = Use { key: StreamKey::derive(seed, "weight", 1), ..use_of(ParamRange::Finite) };
            let normal = from(Law::Normal(0.0, 1.0), Some((-2.0, 2.0)));
            let plain = numbers(&normal, &what, 100, |p| p).unwrap();
            let shifted = numbers(&normal, &what, 100, |p| (p + shift) % 100).unwrap();
            for place in 0..100 {
                prop_assert_eq!(shifted.at(place), plain.at((place + shift) % 100));
            }
        }

        #[test]
        fn uniform_draws_stay_below_their_upper_end(low in -10.0..10.0f64, ulps in 0u32..4, id: u64) {
            let high = (0..ulps).fold(low, |x, _| x.next_up());
            let value = sample_law(Law::Uniform(low, high), &mut Stream::new(StreamKey([0, 0]), id));
            prop_assert!(value >= low && (value < high || low == high));
        }
    }
}
