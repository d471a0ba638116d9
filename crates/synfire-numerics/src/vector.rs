//! Loops for the widest vector instructions that the machine has, found at run time.

use pulp::Arch;

/// Runs a loop compiled for the machine's vector instructions. All that it calls has to be inlined into it, `#[inline(always)]`.
/// The compiler neither reorders nor fuses floating-point operations, so there are the same bits on every machine.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
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
