//! The logistic function 1/(1 + e^-x) and its Taylor series along a curve.

use crate::math;

/// 1/(1 + e^-x), by the exponential that cannot overflow.
pub fn logistic(x: f64) -> f64 {
    let fading = math::exp(-x.abs());
    if x >= 0.0 { 1.0 / (1.0 + fading) } else { fading / (1.0 + fading) }
}

/// Appends to `series`, the Taylor coefficients S_0 .. S_k of S(x(t)) for the logistic function S, the next one. `slope`
/// is S' = S - S^2 as a series, S_0' .. S_(k-1)', and gets its next coefficient, too; `argument` has those of x, at least
/// up to x_(k+1).
///
/// From dS/dt = (S - S^2) dx/dt: (k + 1) S_(k+1) = sum over m of (S - S^2)_m (k + 1 - m) x_(k+1-m), m from 0 to k.
///
/// # Panics
/// If `series` is empty or `argument` too short.
pub fn next_coefficient(series: &mut Vec<f64>, slope: &mut Vec<f64>, argument: &[f64]) {
    let k = series.len() - 1;
    let square: f64 = (0..=k).map(|m| series[m] * series[k - m]).sum();
    slope.push(if k == 0 { series[0] * (1.0 - series[0]) } else { series[k] - square });
    let sum: f64 = (0..=k).map(|m| slope[m] * (k + 1 - m) as f64 * argument[k + 1 - m]).sum();
    series.push(sum / (k + 1) as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_saturates_without_overflow() {
        assert_eq!(logistic(0.0), 0.5);
        assert_eq!((logistic(800.0), logistic(-800.0)), (1.0, 0.0));
        assert!((logistic(-3.0) + logistic(3.0) - 1.0).abs() < 2.3e-16);
        assert!(logistic(f64::NAN).is_nan());
    }

    #[test]
    fn the_series_is_that_of_the_function() {
        // Along x = 0.3 + 0.7 t - 0.2 t^2.
        let argument: Vec<f64> = [0.3, 0.7, -0.2].into_iter().chain([0.0; 30]).collect();
        let (mut series, mut slope) = (vec![logistic(0.3)], vec![]);
        (0..25).for_each(|_| next_coefficient(&mut series, &mut slope, &argument));
        for t in [-0.4, 0.1, 0.5] {
            let found = series.iter().rev().fold(0.0, |sum, c| sum * t + c);
            let value = logistic(0.3 + 0.7 * t - 0.2 * t * t);
            assert!((found - value).abs() < 1e-14, "{t}: {found} {value}");
        }
    }
}
