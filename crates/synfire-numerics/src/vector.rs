//! The widest vector instructions that the machine has, found at run time: for loops, and one by one.

use pulp::{Arch, Simd};

/// The vector instructions to use: the widest there are, none with the feature `plain`.
#[inline]
pub fn machine() -> Arch {
    if cfg!(feature = "plain") { Arch::Scalar } else { Arch::new() }
}

/// Runs a loop compiled for the machine's vector instructions. All that it calls has to be inlined into it, `#[inline(always)]`.
/// The compiler neither reorders nor fuses floating-point operations, so there are the same bits on every machine.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    machine().dispatch(work)
}

/// Sums and products of vectors. Nothing is fused.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<S>(pub S);

impl<S: Simd> Lanes<S> {
    /// This number in all lanes.
    #[inline(always)]
    pub fn all(self, x: f64) -> S::f64s {
        self.0.splat_f64s(x)
    }

    /// a + b.
    #[inline(always)]
    pub fn add(self, a: S::f64s, b: S::f64s) -> S::f64s {
        self.0.add_f64s(a, b)
    }

    /// a - b.
    #[inline(always)]
    pub fn sub(self, a: S::f64s, b: S::f64s) -> S::f64s {
        self.0.sub_f64s(a, b)
    }

    /// a b.
    #[inline(always)]
    pub fn mul(self, a: S::f64s, b: S::f64s) -> S::f64s {
        self.0.mul_f64s(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum of products would be fused if anything were.
    #[test]
    fn nothing_is_fused() {
        let x: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.1) / 3.0).collect();
        #[inline(always)]
        fn products(x: &[f64]) -> Vec<u64> {
            x.iter().map(|x| (x * x - 7.7 * x + 1.0 / 3.0).to_bits()).collect()
        }
        assert_eq!(vectorised(|| products(&x)), products(&x));
    }
}
