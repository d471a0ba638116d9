use proptest::prelude::*;
use synfire_numerics::dd::DoubleDouble;

use crate::{Many, many, to_f64};

fn exact(x: DoubleDouble) -> Many {
    many(x.hi) + many(x.lo)
}

proptest! {
    #[test]
    fn sums_and_products_of_two_doubles_are_exact(a in -1e6..1e6f64, b in prop_oneof![-1e6..1e6f64, -1e-9..1e-9f64]) {
        prop_assert_eq!(exact(DoubleDouble::sum(a, b)), many(a) + many(b));
        prop_assert_eq!(exact(DoubleDouble::product(a, b)), many(a) * many(b));
    }

    /// The expression for which this exists: what is left when two potentials nearly cancel.
    #[test]
    fn a_nearly_cancelling_sum_keeps_its_digits(
        i_e in 1.0..500.0f64, tau_m in 1.0..50.0f64, c_m in 50.0..500.0f64, gap in -1e-9..1e-9f64,
    ) {
        let e_l = -70.0;
        let v_th = e_l + i_e * tau_m / c_m + gap;
        let shift = DoubleDouble::sum(i_e, 0.0) * tau_m / c_m;
        let found = (DoubleDouble::sum(e_l, -v_th) + shift).round();
        let exact = many(e_l) - many(v_th) + many(i_e) * many(tau_m) / many(c_m);
        prop_assert!((found - to_f64(&exact)).abs() <= 1e-28 + f64::EPSILON * found.abs());
    }
}
