//! Double-double arithmetic: the few sums, products and quotients whose last place decides whether a neuron fires.
//!
//! Error-free sums are Knuth's, error-free products Dekker's (no fused multiply-add, so that the bits are the same on
//! every machine). Results are good to about 2^-100 relative, barring overflow and underflow.

mod functions;

/// An unevaluated sum `hi + lo` with |lo| at most half a unit in the last place of `hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleDouble {
    /// The nearest double.
    pub hi: f64,
    /// What it lacks.
    pub lo: f64,
}

impl DoubleDouble {
    /// a + b, exactly.
    pub fn sum(a: f64, b: f64) -> DoubleDouble {
        let hi = a + b;
        let from_b = hi - a;
        let lo = (a - (hi - from_b)) + (b - from_b);
        DoubleDouble { hi, lo }
    }

    /// a b, exactly.
    pub fn product(a: f64, b: f64) -> DoubleDouble {
        let hi = a * b;
        let (a_high, a_low) = split(a);
        let (b_high, b_low) = split(b);
        let lo = ((a_high * b_high - hi) + a_high * b_low + a_low * b_high) + a_low * b_low;
        DoubleDouble { hi, lo }
    }

    /// The nearest double.
    pub fn round(self) -> f64 {
        self.hi + self.lo
    }

    fn normalised(hi: f64, lo: f64) -> DoubleDouble {
        let sum = hi + lo;
        DoubleDouble { hi: sum, lo: lo - (sum - hi) }
    }
}

impl std::ops::Add for DoubleDouble {
    type Output = DoubleDouble;

    fn add(self, other: DoubleDouble) -> DoubleDouble {
        let high = DoubleDouble::sum(self.hi, other.hi);
        let low = DoubleDouble::sum(self.lo, other.lo);
        let first = DoubleDouble::normalised(high.hi, high.lo + low.hi);
        DoubleDouble::normalised(first.hi, first.lo + low.lo)
    }
}

impl std::ops::Mul<f64> for DoubleDouble {
    type Output = DoubleDouble;

    fn mul(self, factor: f64) -> DoubleDouble {
        let high = DoubleDouble::product(self.hi, factor);
        DoubleDouble::normalised(high.hi, high.lo + self.lo * factor)
    }
}

impl std::ops::Div<f64> for DoubleDouble {
    type Output = DoubleDouble;

    fn div(self, divisor: f64) -> DoubleDouble {
        let first = self.hi / divisor;
        let rest = self + DoubleDouble::product(-first, divisor);
        DoubleDouble::normalised(first, rest.round() / divisor)
    }
}

impl std::ops::Neg for DoubleDouble {
    type Output = DoubleDouble;

    fn neg(self) -> DoubleDouble {
        DoubleDouble { hi: -self.hi, lo: -self.lo }
    }
}

impl std::ops::Sub for DoubleDouble {
    type Output = DoubleDouble;

    fn sub(self, other: DoubleDouble) -> DoubleDouble {
        self + -other
    }
}

impl std::ops::Mul for DoubleDouble {
    type Output = DoubleDouble;

    fn mul(self, other: DoubleDouble) -> DoubleDouble {
        let high = DoubleDouble::product(self.hi, other.hi);
        DoubleDouble::normalised(high.hi, high.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl std::ops::Div for DoubleDouble {
    type Output = DoubleDouble;

    /// Long division with three digits.
    fn div(self, divisor: DoubleDouble) -> DoubleDouble {
        let first = self.hi / divisor.hi;
        let rest = self - divisor * first;
        let second = rest.hi / divisor.hi;
        let rest = rest - divisor * second;
        DoubleDouble::sum(first, second) + DoubleDouble::from(rest.hi / divisor.hi)
    }
}

impl From<f64> for DoubleDouble {
    fn from(hi: f64) -> DoubleDouble {
        DoubleDouble { hi, lo: 0.0 }
    }
}

/// Two halves of 26 bits each: their products are exact.
fn split(a: f64) -> (f64, f64) {
    let shifted = 134_217_729.0 * a;
    let high = shifted - (shifted - a);
    (high, a - high)
}
