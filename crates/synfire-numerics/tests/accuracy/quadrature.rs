use synfire_numerics::quadrature;

use crate::{error, many};

/// Each as nodes with weights.
fn rules() -> Vec<Vec<(f64, f64)>> {
    let all = quadrature::PAIRS.iter().map(|pairs| {
        let of_pair = |pair: usize| {
            let (node, weight) = (pairs.nodes[pair], pairs.weights[pair]);
            [(node, weight), (1.0 - node, weight)]
        };
        (0..pairs.count).flat_map(of_pair).collect()
    });
    all.collect()
}

#[test]
fn rules_are_exact_for_polynomials() {
    for rule in rules() {
        for power in 0..2 * rule.len() {
            let sum: f64 = rule.iter().map(|&(node, weight)| weight * node.powi(power as i32)).sum();
            let exact = 1.0 / (power as f64 + 1.0);
            assert!((sum - exact).abs() <= 4e-16, "{} nodes, power {power}: {sum:e}", rule.len());
        }
    }
}

#[test]
fn the_rule_chosen_is_exact_for_exponentials() {
    for hundredths in 1..500 {
        let c = f64::from(hundredths) * 0.01;
        let rule = &rules()[quadrature::rule_for(c)];
        // In many digits, so that only the error of the rule is seen, not that of its rounded nodes.
        let sum: f64 =
            rule.iter().map(|&(node, weight)| weight * synfire_numerics::math::exp(c * node)).sum();
        let exact = (many(c).exp_m1()) / many(c);
        let off = error(sum, &exact, synfire_numerics::math::exp(c));
        assert!(off <= 3.0, "c = {c}: off by {off}");
    }
}
