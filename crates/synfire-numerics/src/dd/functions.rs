//! Elementary functions of double-doubles, good to about 2^-98: for audits and tests, not for speed.

use super::DoubleDouble;
use crate::math;
use crate::scalar::Scalar;

/// ln 2 to 107 bits.
const LN_2: DoubleDouble = DoubleDouble { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
/// pi/2 to 161 bits, in three parts.
const HALF_PI: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// Arguments are halved this many times before a series.
const HALVINGS: i32 = 9;

impl DoubleDouble {
    /// Times a power of two, exactly.
    fn scaled(self, power: f64) -> DoubleDouble {
        DoubleDouble { hi: self.hi * power, lo: self.lo * power }
    }

    /// e^x - 1 for |x| < 1: 512 times the series of x/512, put together by e^2y - 1 = (e^y - 1)(e^y - 1 + 2).
    fn small_exp_m1(self) -> DoubleDouble {
        let y = self.scaled(0.5f64.powi(HALVINGS));
        let mut sum = DoubleDouble::ZERO;
        for n in (2..=12).rev() {
            sum = (sum + DoubleDouble::from(1.0)) * y / f64::from(n);
        }
        let mut result = (sum + DoubleDouble::from(1.0)) * y;
        for _ in 0..HALVINGS {
            result = result * (result + DoubleDouble::from(2.0));
        }
        result
    }

    /// Sine and cosine of |x| below pi/4 by their series.
    fn small_sin_cos(self) -> (DoubleDouble, DoubleDouble) {
        let square = self * self;
        let (mut sine, mut cosine) = (DoubleDouble::ZERO, DoubleDouble::ZERO);
        for n in (1..=14).rev() {
            let (even, odd) = (2.0 * f64::from(n), 2.0 * f64::from(n) + 1.0);
            sine = (DoubleDouble::from(1.0) + sine) * square / -(even * odd);
            cosine = (DoubleDouble::from(1.0) + cosine) * square / -(even * (even - 1.0));
        }
        (self + self * sine, cosine + DoubleDouble::from(1.0))
    }
}

impl Scalar for DoubleDouble {
    const ZERO: DoubleDouble = DoubleDouble { hi: 0.0, lo: 0.0 };
    const NEGLIGIBLE: f64 = 0.25 * f64::EPSILON * f64::EPSILON;

    fn exp(self) -> DoubleDouble {
        if !(-700.0..700.0).contains(&self.hi) {
            return DoubleDouble::from(math::exp(self.hi));
        }
        let halves = (self.hi / LN_2.hi).round();
        let rest = self - LN_2 * halves;
        (rest.small_exp_m1() + DoubleDouble::from(1.0)).scaled(2f64.powi(halves as i32))
    }

    /// One step of Newton's method doubles the digits of the double's logarithm.
    fn ln(self) -> DoubleDouble {
        let first = DoubleDouble::from(math::ln(self.hi));
        first + (self * (-first).exp() - DoubleDouble::from(1.0))
    }

    fn sqrt(self) -> DoubleDouble {
        if self.hi == 0.0 {
            return DoubleDouble::ZERO;
        }
        let first = self.hi.sqrt();
        let rest = self - DoubleDouble::product(first, first);
        DoubleDouble::sum(first, rest.hi / (2.0 * first))
    }

    fn sin_cos(self) -> (DoubleDouble, DoubleDouble) {
        let quarters = (self.hi / HALF_PI[0]).round();
        let rest = HALF_PI.iter().fold(self, |rest, part| rest - DoubleDouble::product(*part, quarters));
        let (sine, cosine) = rest.small_sin_cos();
        match quarters.rem_euclid(4.0) as u8 {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        }
    }

    fn tanh(self) -> DoubleDouble {
        if self.hi.abs() > 40.0 {
            return DoubleDouble::from(self.hi.signum());
        }
        let twice = self.scaled(2.0);
        let m1 =
            if twice.hi.abs() < 0.5 { twice.small_exp_m1() } else { twice.exp() - DoubleDouble::from(1.0) };
        m1 / (m1 + DoubleDouble::from(2.0))
    }

    fn logistic(self) -> DoubleDouble {
        DoubleDouble::from(1.0) / ((-self).exp() + DoubleDouble::from(1.0))
    }

    fn nearest(self) -> f64 {
        self.round()
    }

    fn magnitude(self) -> f64 {
        self.round().abs()
    }
}
