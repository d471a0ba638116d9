//! Gauss-Legendre rules on [0, 1]: (node, weight), exact for polynomials of degree 2 n - 1.

/// Four nodes.
pub const FOUR: &[(f64, f64); 4] = &[
    (0.06943184420297371, 0.17392742256872692),
    (0.33000947820757187, 0.32607257743127305),
    (0.6699905217924281, 0.32607257743127305),
    (0.9305681557970263, 0.17392742256872692),
];

/// Six nodes.
pub const SIX: &[(f64, f64); 6] = &[
    (0.03376524289842399, 0.08566224618958518),
    (0.16939530676686773, 0.1803807865240693),
    (0.38069040695840156, 0.23395696728634552),
    (0.6193095930415985, 0.23395696728634552),
    (0.8306046932331322, 0.1803807865240693),
    (0.966234757101576, 0.08566224618958518),
];

/// Eight nodes.
pub const EIGHT: &[(f64, f64); 8] = &[
    (0.019855071751231884, 0.05061426814518813),
    (0.10166676129318664, 0.11119051722668724),
    (0.2372337950418355, 0.15685332293894363),
    (0.4082826787521751, 0.181341891689181),
    (0.591717321247825, 0.181341891689181),
    (0.7627662049581645, 0.15685332293894363),
    (0.8983332387068134, 0.11119051722668724),
    (0.9801449282487681, 0.05061426814518813),
];

/// Twelve nodes.
pub const TWELVE: &[(f64, f64); 12] = &[
    (0.009219682876640375, 0.023587668193255914),
    (0.04794137181476257, 0.05346966299765921),
    (0.11504866290284765, 0.08003916427167311),
    (0.2063410228566913, 0.10158371336153296),
    (0.3160842505009099, 0.1167462682691774),
    (0.43738329574426554, 0.12457352290670139),
    (0.5626167042557345, 0.12457352290670139),
    (0.6839157494990901, 0.1167462682691774),
    (0.7936589771433087, 0.10158371336153296),
    (0.8849513370971523, 0.08003916427167311),
    (0.9520586281852375, 0.05346966299765921),
    (0.9907803171233597, 0.023587668193255914),
];

/// One of these rules.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// [`FOUR`].
    Four(&'static [(f64, f64); 4]),
    /// [`SIX`].
    Six(&'static [(f64, f64); 6]),
    /// [`EIGHT`].
    Eight(&'static [(f64, f64); 8]),
    /// [`TWELVE`].
    Twelve(&'static [(f64, f64); 12]),
}

impl Rule {
    /// Its nodes, each with its weight.
    pub fn nodes(self) -> &'static [(f64, f64)] {
        match self {
            Rule::Four(rule) => rule,
            Rule::Six(rule) => rule,
            Rule::Eight(rule) => rule,
            Rule::Twelve(rule) => rule,
        }
    }
}

/// The least of these rules that integrates e^(M(t)) f(t), with f(t) and M'(t) sums of (a + b t) e^(-t/tau), to a relative
/// error of about 1e-16, where `change` is the largest 1/tau plus the largest |M'|, times the length of the interval.
/// For e^(c t) alone the error of n nodes is (n!)^4 / ((2 n + 1) (2 n)!^3) c^(2 n); the limits here are for the worst of
/// 400,000 random products.
pub fn rule_for(change: f64) -> Rule {
    if change < 0.08 {
        Rule::Four(FOUR)
    } else if change < 0.4 {
        Rule::Six(SIX)
    } else if change < 1.0 {
        Rule::Eight(EIGHT)
    } else {
        Rule::Twelve(TWELVE)
    }
}
