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

use crate::quadrature;
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

    /// a/(e^a - 1), which is 1 at a = 0. Takes 10 slots near 0, else 3.
    #[inline(always)]
    fn over_exp_m1(&mut self, a: Self::Number) -> Self::Number {
        let one = self.constant(1.0);
        if self.leading(a).abs() > FAR_FROM_ZERO {
            let exponential = self.exp(a);
            return self.div(a, exponential - one);
        }
        // (e^a - 1)/a is the integral of e^(a s) over s from 0 to 1: no digits are lost there.
        let mut quotient = self.constant(0.0);
        for &(node, weight) in quadrature::EIGHT {
            quotient = quotient + self.exp(a * node) * weight;
        }
        self.div(one, quotient)
    }
}

/// Nearer to 0, the quotient a/(e^a - 1) is one of two small numbers, and its coefficients lose their digits. Up to twice as
/// far the rule of eight nodes is exact to rounding.
const FAR_FROM_ZERO: f64 = 1.5;

/// Sums of products are taken in whole blocks of so many terms, the last one filled up with zeros.
const BLOCK: usize = 4;

/// The coefficients that one operation has to remember: one row by rising order, one by falling order (the coefficient k
/// at place `ORDER - k`), so that sums of a_j b_(k - j) run through both in the same direction. Behind the last coefficient
/// of either stand zeros enough to fill a block.
#[derive(Clone, Copy, Debug)]
pub struct Slot<T> {
    rising: [T; ORDER + 1 + BLOCK],
    falling: [T; ORDER + 1 + BLOCK],
}

impl<T: Scalar> Slot<T> {
    /// A slot before the first order.
    pub const EMPTY: Slot<T> =
        Slot { rising: [T::ZERO; ORDER + 1 + BLOCK], falling: [T::ZERO; ORDER + 1 + BLOCK] };

    /// Keeps coefficient k of the row that rises; the slot may have held longer rows before.
    #[inline(always)]
    fn rise(&mut self, k: usize, coefficient: T) {
        let [first, zeros @ ..] = &mut self.rising[k..k + BLOCK] else { return };
        *first = coefficient;
        zeros.fill(T::ZERO);
    }

    /// Keeps coefficient k of the row that falls.
    #[inline(always)]
    fn fall(&mut self, k: usize, coefficient: T) {
        self.falling[ORDER - k] = coefficient;
    }

    /// The sum of a_j b_(k - j) for 1 <= j < k. What comes in with order k is left out, so that nothing is read from memory
    /// just after it was written there: a processor would have to wait.
    #[inline(always)]
    fn inner(&self, k: usize) -> T {
        let terms = k.saturating_sub(1).next_multiple_of(BLOCK);
        T::dot(&self.rising[1..1 + terms], &self.falling[ORDER + 1 - k..][..terms])
    }
}

/// [`Arithmetic`] on coefficients of one order after the other.
#[derive(Debug)]
pub struct Jets<'a, T> {
    slots: &'a mut [Slot<T>],
    next: usize,
    order: usize,
    /// See [`Jets::steepness`].
    steepness: [f64; ORDER + 1],
}

impl<'a, T: Scalar> Jets<'a, T> {
    /// Ready for order 0. There must be a slot for each operation that takes one.
    pub fn new(slots: &'a mut [Slot<T>]) -> Jets<'a, T> {
        Jets { slots, next: 0, order: 0, steepness: [0.0; ORDER + 1] }
    }

    /// The largest k a_k of what an exponential (also that in a tanh or a logistic function) has been taken of, so far, for
    /// each order k: an exponential has e_k = (sum of j a_j e_(k - j))/k. What is negligible where the series begins,
    /// and in its first terms, may be large a little later, as this tells.
    #[inline(always)]
    pub fn steepness(&self) -> &[f64; ORDER + 1] {
        &self.steepness
    }

    /// Makes ready for the next call of the formula, of order `order`: orders must come one after the other.
    #[inline(always)]
    pub fn begin(&mut self, order: usize) {
        self.order = order;
        self.next = 0;
    }

    #[inline(always)]
    fn note_slope(&mut self, times_k: T) {
        let steepness = &mut self.steepness[self.order];
        *steepness = steepness.max(times_k.magnitude());
    }

    #[inline(always)]
    fn take(&mut self) -> (usize, &mut Slot<T>) {
        let slot = &mut self.slots[self.next];
        self.next += 1;
        (self.order, slot)
    }

    /// s of an equation s' = slope a': `value` gives s of order 0, `slope` a coefficient of the slope from those of s and s^2.
    #[inline(always)]
    fn sigmoid(&mut self, a: T, value: impl Fn(T) -> T, slope: impl Fn(T, T, usize) -> T) -> T {
        let times_k = a * self.order as f64;
        self.note_slope(times_k);
        let (k, outer) = self.take();
        let s = if k == 0 { value(a) } else { (outer.inner(k) + times_k * outer.falling[ORDER]).over(k) };
        outer.rise(k, times_k);
        let (_, inner) = self.take();
        let square = if k == 0 { s * s } else { inner.inner(k) + s * inner.rising[0] * 2.0 };
        inner.rise(k, s);
        inner.fall(k, s);
        self.slots[self.next - 2].fall(k, slope(s, square, k));
        s
    }
}

impl<T: Scalar> Arithmetic for Jets<'_, T> {
    type Number = T;

    #[inline(always)]
    fn constant(&mut self, value: f64) -> T {
        if self.order == 0 { T::from(value) } else { T::ZERO }
    }

    #[inline(always)]
    fn mul(&mut self, a: T, b: T) -> T {
        let (k, slot) = self.take();
        let product =
            if k == 0 { a * b } else { slot.inner(k) + (slot.rising[0] * b + a * slot.falling[ORDER]) };
        slot.rise(k, a);
        slot.fall(k, b);
        product
    }

    /// c b = a: c_k b_0 = a_k - sum of b_j c_(k - j), j >= 1.
    #[inline(always)]
    fn div(&mut self, a: T, b: T) -> T {
        let (k, slot) = self.take();
        let quotient =
            if k == 0 { a / b } else { (a - (slot.inner(k) + b * slot.falling[ORDER])) / slot.rising[0] };
        slot.rise(k, b);
        slot.fall(k, quotient);
        quotient
    }

    /// e' = a' e: k e_k = sum of j a_j e_(k - j), j >= 1.
    #[inline(always)]
    fn exp(&mut self, a: T) -> T {
        let times_k = a * self.order as f64;
        self.note_slope(times_k);
        let (k, slot) = self.take();
        let exponential =
            if k == 0 { a.exp() } else { (slot.inner(k) + times_k * slot.falling[ORDER]).over(k) };
        slot.rise(k, times_k);
        slot.fall(k, exponential);
        exponential
    }

    /// l' a = a': k l_k a_0 = k a_k - sum of j l_j a_(k - j), 1 <= j < k.
    #[inline(always)]
    fn ln(&mut self, a: T) -> T {
        let (k, slot) = self.take();
        let times_k = if k == 0 { T::ZERO } else { (a * k as f64 - slot.inner(k)) / slot.falling[ORDER] };
        slot.rise(k, times_k);
        slot.fall(k, a);
        if k == 0 { a.ln() } else { times_k.over(k) }
    }

    /// s s = a: 2 s_0 s_k = a_k - sum of s_j s_(k - j), 1 <= j < k.
    #[inline(always)]
    fn sqrt(&mut self, a: T) -> T {
        let (k, slot) = self.take();
        let root = if k == 0 { a.sqrt() } else { (a - slot.inner(k)) / (slot.rising[0] * 2.0) };
        slot.rise(k, root);
        slot.fall(k, root);
        root
    }

    /// s' = a' c, c' = -a' s.
    #[inline(always)]
    fn sin_cos(&mut self, a: T) -> (T, T) {
        let (k, by_cosine) = self.take();
        let times_k = a * k as f64;
        let sum = |slot: &Slot<T>| (slot.inner(k) + times_k * slot.falling[ORDER]).over(k);
        let mut sine = if k == 0 { T::ZERO } else { sum(by_cosine) };
        by_cosine.rise(k, times_k);
        let (_, by_sine) = self.take();
        let mut cosine = if k == 0 { T::ZERO } else { -sum(by_sine) };
        by_sine.rise(k, times_k);
        if k == 0 {
            (sine, cosine) = a.sin_cos();
        }
        by_sine.fall(k, sine);
        self.slots[self.next - 2].fall(k, cosine);
        (sine, cosine)
    }

    /// t' = (1 - t^2) a'.
    #[inline(always)]
    fn tanh(&mut self, a: T) -> T {
        self.sigmoid(a, Scalar::tanh, |_, square, k| if k == 0 { T::from(1.0) - square } else { -square })
    }

    /// s' = (s - s^2) a'.
    #[inline(always)]
    fn logistic(&mut self, a: T) -> T {
        self.sigmoid(a, Scalar::logistic, |s, square, _| s - square)
    }

    #[inline(always)]
    fn leading(&mut self, a: T) -> f64 {
        let (k, slot) = self.take();
        if k == 0 {
            slot.rising[0] = a;
        }
        slot.rising[0].nearest()
    }
}
