//! Taylor coefficients of functions that are put together from elementary ones.
//!
//! A formula is written once, with the operations of [`Arithmetic`], and called once for each order k = 0, 1, ...: each
//! call takes the coefficients k of its arguments and gives the coefficient k of its result. Sums and multiples need
//! nothing else. Products, quotients and functions need the coefficients before; each keeps them in a [`Slot`] of its own,
//! the slots in the order of the operations. So the operations and their order must not depend on k (they may depend on
//! [`Arithmetic::leading`], which does not).
//!
//! The recurrences are the usual ones for power series: D. E. Knuth, The Art of Computer Programming 2, section 4.7;
//! A. Jorba and M. Zou (2005), A software package for the numerical integration of ODEs by means of high-order Taylor
//! methods, Exp. Math. 14:99-117, section 2.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::scalar::Scalar;

/// The highest order.
pub const ORDER: usize = 20;

/// Coefficients of the orders 0 to [`ORDER`].
pub type Coefficients<T> = [T; ORDER + 1];

/// What formulas are written with. `Number` stands for a function of time; it knows sums, differences and multiples.
pub trait Arithmetic {
    /// A function of time.
    type Number: Copy
        + Add<Output = Self::Number>
        + Sub<Output = Self::Number>
        + Neg<Output = Self::Number>
        + Mul<f64, Output = Self::Number>
        + Div<f64, Output = Self::Number>;

    /// A constant.
    fn constant(&mut self, value: f64) -> Self::Number;
    /// a b.
    fn mul(&mut self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// a/b.
    fn div(&mut self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// e^a.
    fn exp(&mut self, a: Self::Number) -> Self::Number;
    /// The natural logarithm of a.
    fn ln(&mut self, a: Self::Number) -> Self::Number;
    /// The square root of a.
    fn sqrt(&mut self, a: Self::Number) -> Self::Number;
    /// Sine and cosine of a. Takes two slots.
    fn sin_cos(&mut self, a: Self::Number) -> (Self::Number, Self::Number);
    /// The hyperbolic tangent of a. Takes two slots.
    fn tanh(&mut self, a: Self::Number) -> Self::Number;
    /// 1/(1 + e^-a). Takes two slots.
    fn logistic(&mut self, a: Self::Number) -> Self::Number;
    /// The value of a where the series begins, whatever the order in hand: for choices between formulas. Takes a slot.
    fn leading(&mut self, a: Self::Number) -> f64;

    /// a/(e^a - 1), which is 1 at a = 0. Takes 17 slots near 0, else 3.
    fn over_exp_m1(&mut self, a: Self::Number) -> Self::Number {
        if self.leading(a).abs() > FAR_FROM_ZERO {
            let exponential = self.exp(a);
            let one = self.constant(1.0);
            return self.div(a, exponential - one);
        }
        // f(a) = f(a/2) 2/(e^(a/2) + 1) twice, then the series around 0, whose radius is 2 pi.
        let mut product = bernoulli_series(self, a / 4.0);
        for divisor in [4.0, 2.0] {
            let logistic = self.logistic(-a / divisor);
            product = self.mul(product, logistic * 2.0);
        }
        product
    }
}

/// Nearer to 0, the quotient a/(e^a - 1) is one of two small numbers, and its coefficients lose their digits.
const FAR_FROM_ZERO: f64 = 2.5;

/// B_2n/(2n)! for n = 1, 2, ...: the series of x/(e^x - 1) = 1 - x/2 + sum of B_2n x^2n/(2n)!.
const BERNOULLI: [f64; 9] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
    43_867.0 / 5_109_094_217_170_944_000.0,
];

fn bernoulli_series<A: Arithmetic + ?Sized>(arithmetic: &mut A, x: A::Number) -> A::Number {
    let square = arithmetic.mul(x, x);
    let mut sum = arithmetic.constant(BERNOULLI[8]);
    for coefficient in BERNOULLI[..8].iter().rev() {
        sum = arithmetic.mul(sum, square) + arithmetic.constant(*coefficient);
    }
    arithmetic.mul(sum, square) - x / 2.0 + arithmetic.constant(1.0)
}

/// The coefficients that one operation has to remember: one row by rising order, one by falling order (the coefficient k
/// at place `ORDER - k`), so that sums of a_j b_(k - j) run through both in the same direction.
#[derive(Clone, Copy, Debug)]
pub struct Slot<T> {
    rising: Coefficients<T>,
    falling: Coefficients<T>,
}

impl<T: Scalar> Slot<T> {
    /// A slot before the first order.
    pub const EMPTY: Slot<T> = Slot { rising: [T::ZERO; ORDER + 1], falling: [T::ZERO; ORDER + 1] };

    /// The sum of a_j b_(k - j) for j from `first` to `k - last`.
    #[inline]
    fn convolve(&self, k: usize, first: usize, last: usize) -> T {
        T::dot(&self.rising[first..=k - last], &self.falling[ORDER - k + first..=ORDER - last])
    }
}

/// [`Arithmetic`] on coefficients of one order after the other.
#[derive(Debug)]
pub struct Jets<'a, T> {
    slots: &'a mut [Slot<T>],
    next: usize,
    order: usize,
}

impl<'a, T: Scalar> Jets<'a, T> {
    /// Ready for order 0. There must be a slot for each operation that takes one.
    pub fn new(slots: &'a mut [Slot<T>]) -> Jets<'a, T> {
        Jets { slots, next: 0, order: 0 }
    }

    /// Makes ready for the next call of the formula, of order `order`: orders must come one after the other.
    #[inline]
    pub fn begin(&mut self, order: usize) {
        self.order = order;
        self.next = 0;
    }

    #[inline]
    fn take(&mut self) -> (usize, &mut Slot<T>) {
        let slot = &mut self.slots[self.next];
        self.next += 1;
        (self.order, slot)
    }

    /// s of an equation s' = slope a': `value` gives s of order 0, `slope` a coefficient of the slope from those of s and s^2.
    #[inline]
    fn sigmoid(&mut self, a: T, value: impl Fn(T) -> T, slope: impl Fn(T, T, usize) -> T) -> T {
        let (k, outer) = self.take();
        outer.rising[k] = a * k as f64;
        let s = if k == 0 { value(a) } else { outer.convolve(k, 1, 0).over(k) };
        let (_, inner) = self.take();
        inner.rising[k] = s;
        inner.falling[ORDER - k] = s;
        let square = inner.convolve(k, 0, 0);
        self.slots[self.next - 2].falling[ORDER - k] = slope(s, square, k);
        s
    }
}

impl<T: Scalar> Arithmetic for Jets<'_, T> {
    type Number = T;

    #[inline]
    fn constant(&mut self, value: f64) -> T {
        if self.order == 0 { T::from(value) } else { T::ZERO }
    }

    #[inline]
    fn mul(&mut self, a: T, b: T) -> T {
        let (k, slot) = self.take();
        slot.rising[k] = a;
        slot.falling[ORDER - k] = b;
        slot.convolve(k, 0, 0)
    }

    /// c b = a: c_k b_0 = a_k - sum of b_j c_(k - j), j >= 1.
    #[inline]
    fn div(&mut self, a: T, b: T) -> T {
        let (k, slot) = self.take();
        slot.rising[k] = b;
        let rest = if k == 0 { a } else { a - slot.convolve(k, 1, 0) };
        let quotient = rest / slot.rising[0];
        slot.falling[ORDER - k] = quotient;
        quotient
    }

    /// e' = a' e: k e_k = sum of j a_j e_(k - j), j >= 1.
    #[inline]
    fn exp(&mut self, a: T) -> T {
        let (k, slot) = self.take();
        slot.rising[k] = a * k as f64;
        let exponential = if k == 0 { a.exp() } else { slot.convolve(k, 1, 0).over(k) };
        slot.falling[ORDER - k] = exponential;
        exponential
    }

    /// l' a = a': k l_k a_0 = k a_k - sum of j l_j a_(k - j), 1 <= j < k.
    #[inline]
    fn ln(&mut self, a: T) -> T {
        let (k, slot) = self.take();
        slot.falling[ORDER - k] = a;
        if k == 0 {
            return a.ln();
        }
        let rest = if k == 1 { a } else { a * k as f64 - slot.convolve(k, 1, 1) };
        let times_k = rest / slot.falling[ORDER];
        slot.rising[k] = times_k;
        times_k.over(k)
    }

    /// s s = a: 2 s_0 s_k = a_k - sum of s_j s_(k - j), 1 <= j < k.
    #[inline]
    fn sqrt(&mut self, a: T) -> T {
        let (k, slot) = self.take();
        let root = match k {
            0 => a.sqrt(),
            1 => a / (slot.rising[0] * 2.0),
            _ => (a - slot.convolve(k, 1, 1)) / (slot.rising[0] * 2.0),
        };
        slot.rising[k] = root;
        slot.falling[ORDER - k] = root;
        root
    }

    /// s' = a' c, c' = -a' s.
    #[inline]
    fn sin_cos(&mut self, a: T) -> (T, T) {
        let (k, by_cosine) = self.take();
        by_cosine.rising[k] = a * k as f64;
        let mut sine = if k == 0 { T::ZERO } else { by_cosine.convolve(k, 1, 0).over(k) };
        let (_, by_sine) = self.take();
        by_sine.rising[k] = a * k as f64;
        let mut cosine = if k == 0 { T::ZERO } else { -by_sine.convolve(k, 1, 0).over(k) };
        if k == 0 {
            (sine, cosine) = a.sin_cos();
        }
        by_sine.falling[ORDER - k] = sine;
        self.slots[self.next - 2].falling[ORDER - k] = cosine;
        (sine, cosine)
    }

    /// t' = (1 - t^2) a'.
    #[inline]
    fn tanh(&mut self, a: T) -> T {
        self.sigmoid(a, Scalar::tanh, |_, square, k| if k == 0 { T::from(1.0) - square } else { -square })
    }

    /// s' = (s - s^2) a'.
    #[inline]
    fn logistic(&mut self, a: T) -> T {
        self.sigmoid(a, Scalar::logistic, |s, square, _| s - square)
    }

    #[inline]
    fn leading(&mut self, a: T) -> f64 {
        let (k, slot) = self.take();
        if k == 0 {
            slot.rising[0] = a;
        }
        slot.rising[0].nearest()
    }
}
