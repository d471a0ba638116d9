use proptest::prelude::*;
use synfire_numerics::integrator::Integrator;

const NEAR: f64 = 1e-9;

/// Starts below 0, with pushes and pulls that make it cross, graze or stay below within a unit.
fn cases() -> impl Strategy<Value = (Integrator<3>, [f64; 3], f64)> {
    let taus = (5.0..40.0f64, 0.2..4.0f64, prop_oneof![0.3..3.9f64, 60.0..100.0f64]);
    let starts = (-3.0..1.0f64, -1.0..-1e-4f64, -3.0..3.0f64, -3.0..3.0f64, 0.0..1.0f64);
    (taus, starts).prop_map(|((tau_m, tau_1, tau_2), (rest, start, s_1, s_2, from))| {
        let integrator = Integrator::new(rest, [tau_m, tau_1, tau_2], NEAR);
        let mut x = [0.0, s_1 / integrator.gap(1), s_2 / integrator.gap(2)];
        x[0] = integrator.coordinate_for(start, &x, &integrator.fade(from), from);
        (integrator, x, from)
    })
}

fn value(integrator: &Integrator<3>, x: &[f64; 3], t: f64) -> f64 {
    integrator.value(x, &integrator.fade(t))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_passage_is_the_first((integrator, x, from) in cases()) {
        let passage = integrator.passage(&x, from);
        let end = passage.at.unwrap_or(1.0);
        prop_assert!(passage.is_known && end >= from);
        let samples = (0..2000).map(|i| from + (end - from) * f64::from(i) / 2000.0);
        for t in samples.filter(|t| *t < end - 1e-12) {
            prop_assert!(value(&integrator, &x, t) < 1e-13, "above 0 at {t}, before {:?}", passage.at);
        }
        if let Some(at) = passage.at {
            prop_assert!(value(&integrator, &x, at).abs() < 1e-13);
        }
    }

    #[test]
    fn nothing_passes_while_there_is_headroom((integrator, x, _) in cases(), part in 0.0..1.0f64, when in 0.0..1.0f64) {
        let ones = [1.0; 3];
        let room = integrator.headroom(integrator.value(&x, &ones), &integrator.drives(&x, &ones));
        let mut rooms = [0.0];
        integrator.headrooms([&x[..1], &x[1..2], &x[2..]], &mut rooms);
        prop_assert_eq!(rooms[0].to_bits(), room.to_bits());
        if room >= 0.0 {
            // All of it is used up by one input.
            let mut pushed = x;
            let size = part * room / integrator.gap(1);
            pushed[1] += size * integrator.growth(1, when);
            pushed[0] -= size * integrator.growth(0, when);
            prop_assert_eq!(integrator.passage(&x, 0.0).at, None);
            prop_assert_eq!(integrator.passage(&pushed, when).at, None);
        }
    }

    #[test]
    fn waits_end_before_the_passage((integrator, x, from) in cases()) {
        let fade = integrator.fade(from);
        let (y, drives) = (integrator.value(&x, &fade), integrator.drives(&x, &fade));
        if let Some(at) = integrator.passage(&x, from).at {
            prop_assert!(from + integrator.wait(y, &drives) <= at);
            prop_assert!(from + integrator.long_wait(y, &drives) <= at);
            prop_assert!(!integrator.stays_below(y, &drives));
        }
    }

    #[test]
    fn moving_on_changes_nothing_but_the_origin((integrator, x, t) in cases()) {
        let mut moved = x;
        integrator.move_on(&mut moved);
        let later = integrator.fade(1.0 + t);
        let scale = 1e-15 * (1.0 + x.iter().map(|x| x.abs()).sum::<f64>());
        prop_assert!((value(&integrator, &moved, t) - integrator.value(&x, &later)).abs() < 4.0 * scale);
    }
}

proptest! {
    #[test]
    fn what_stays_below_does_so_for_ever((integrator, mut x, _) in cases()) {
        let ones = [1.0; 3];
        if integrator.stays_below(integrator.value(&x, &ones), &integrator.drives(&x, &ones)) {
            for unit in 0..200 {
                prop_assert_eq!(integrator.passage(&x, 0.0).at, None, "{} units later", unit);
                integrator.move_on(&mut x);
            }
        }
    }

    /// Numbers of ordinary size, small ones that fade to 0, and zeros of both signs, over few units and many.
    #[test]
    fn moving_on_by_many_units_is_moving_on_unit_by_unit(
        all in prop::collection::vec((prop_oneof![6 => -50.0..50.0f64, 1 => Just(0.0), 1 => Just(-0.0), 1 => 1e-199..1e-190f64, 1 => 1e-101..1e-99f64],
            prop_oneof![20 => 0u64..40, 1 => 0u64..3000, 1 => 0u64..30_000]), 0..40),
        k in 0usize..3,
    ) {
        let integrator = Integrator::new(-1.0, [20.0, 0.5, 3.0], NEAR);
        let (mut x, units): (Vec<f64>, Vec<u64>) = all.iter().copied().unzip();
        integrator.move_on_by(k, &mut x, &units);
        for ((x, start), units) in x.iter().zip(&all).zip(units) {
            let one_by_one = (0..units).fold(start.0, |x, _| integrator.moved_on(k, x));
            prop_assert_eq!(x.to_bits(), one_by_one.to_bits());
        }
    }
}

#[test]
fn grazes_are_decided() {
    for gap in [1e-3, 1e-6, 1e-9, 1e-11] {
        for above in [true, false] {
            // A push that lifts the membrane to a peak within the unit, and the membrane shifted so that the peak is at `gap`.
            let integrator = Integrator::new(-1.0, [10.0, 0.2], NEAR);
            let mut x = [0.0, 8.0 / integrator.gap(1)];
            x[0] = integrator.coordinate_for(-1.0, &x, &[1.0; 2], 0.0);
            let peak = (0..100_000).map(|i| integrator.value(&x, &integrator.fade(f64::from(i) * 1e-5)));
            let peak = peak.fold(f64::NEG_INFINITY, f64::max);
            let shifted = Integrator::new(-1.0 - peak + if above { gap } else { -gap }, [10.0, 0.2], NEAR);
            // The scan misses the peak by less than 1e-9.
            if gap > 1e-8 || above {
                assert_eq!(shifted.passage(&x, 0.0).at.is_some(), above, "{gap}");
            }
        }
    }
}

#[test]
fn beyond_the_range_of_numbers_nothing_is_said() {
    let integrator = Integrator::new(-1.0, [10.0, 2.0], NEAR);
    assert!(!integrator.passage(&[f64::NAN, 1.0], 0.0).is_known);
    assert!(!integrator.passage(&[f64::INFINITY, f64::NEG_INFINITY], 0.5).is_known);
}
