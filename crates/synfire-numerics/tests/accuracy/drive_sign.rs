use proptest::prelude::*;
use synfire_numerics::drive_sign::{Fading, pattern, sum_at, turning_points};

fn terms() -> impl Strategy<Value = Vec<Fading>> {
    let tau = prop_oneof![3 => 0.1..100.0f64, 2 => prop::sample::select(vec![2.0, 5.0, 5.000001, 10.0])];
    let term = (-10.0..10.0f64, prop_oneof![Just(0.0), -5.0..5.0f64], tau);
    prop::collection::vec(term, 1..6).prop_map(|all| {
        let mut terms: Vec<Fading> = all.into_iter().map(|(a, b, tau)| Fading { a, b, tau }).collect();
        terms.sort_by(|x, y| y.tau.total_cmp(&x.tau));
        terms
    })
}

/// How often the sum changes its sign between these times, where it is clear of rounding.
fn changes_seen(constant: f64, terms: &[Fading], times: &[f64]) -> usize {
    let scale: f64 = constant.abs() + terms.iter().map(|t| t.a.abs() + t.b.abs() * t.tau).sum::<f64>();
    let values = times.iter().map(|&t| sum_at(constant, terms.iter().copied(), t));
    let signs: Vec<bool> = values.filter(|v| v.abs() > 1e-13 * scale).map(|v| v > 0.0).collect();
    signs.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

fn samples(from: f64, to: f64, count: u32) -> Vec<f64> {
    (0..=count).map(|i| from + (to - from) * f64::from(i) / f64::from(count)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_pattern_bounds_the_changes(constant in prop_oneof![Just(0.0), -3.0..3.0f64], terms in terms()) {
        let found = pattern(constant, terms.iter().copied());
        let mut times = samples(0.0, 5.0, 1000);
        times.extend(samples(5.0, 400.0, 3000));
        prop_assert!(changes_seen(constant, &terms, &times) <= found.most_changes);
        if constant != 0.0 {
            prop_assert_eq!(found.ends_positive, constant > 0.0);
            prop_assert_eq!(found.most_changes % 2 == 1, found.starts_positive != found.ends_positive);
        }
    }

    #[test]
    fn between_turning_points_there_is_one_change_at_most(
        constant in prop_oneof![Just(0.0), -3.0..3.0f64], terms in terms(),
    ) {
        let mut points = vec![0.0];
        points.extend(turning_points(constant, terms.iter().copied(), 1e5));
        points.push(400f64.max(2.0 * points.last().unwrap()));
        prop_assert!(points.windows(2).all(|pair| pair[0] <= pair[1]));
        for pair in points.windows(2) {
            prop_assert!(changes_seen(constant, &terms, &samples(pair[0], pair[1], 500)) <= 1, "in {pair:?}");
        }
    }
}

#[test]
fn excitation_and_inhibition_make_two_humps_at_most() {
    let terms = [Fading { a: -0.25, b: 0.0, tau: 8.0 }, Fading { a: 0.9, b: 0.0, tau: 3.0 }];
    let found = pattern(-0.05, terms.iter().copied());
    assert_eq!((found.most_changes, found.starts_positive, found.ends_positive), (1, true, false));
}

#[test]
fn exactly_cancelling_inputs_are_nothing() {
    let terms = [Fading { a: 3.0, b: 1.0, tau: 5.0 }, Fading { a: -3.0, b: -1.0, tau: 5.0 }];
    assert_eq!(turning_points(-1e-9, terms.iter().copied(), 4000.0), Vec::<f64>::new());
}
