//! The analysis against closed forms and against runs.
#![allow(clippy::excessive_precision)]

use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{Column, ParamTable};
use synfire_numerics::math;
use synfire_pwl::analysis::{Excitability, Kind};
use synfire_pwl::integrate_and_fire::PwlIntegrateAndFire;
use synfire_pwl::mckean::McKean;
use synfire_pwl::membrane::{Membrane, PiecewiseModel};
use synfire_pwl::planar::PwlPlanar;
use synfire_pwl::system::{Step, Walk};

fn membrane<P: PiecewiseModel>(numbers: &[(&str, f64)], points: &[f64], slopes: [f64; 2]) -> Membrane {
    let mut table = ParamTable::defaults(P::SPEC.parameters);
    for &(name, value) in numbers {
        table.set(name, Column::Same(value));
    }
    table.set_list("points", points.to_vec());
    table.set_list("slopes", slopes.to_vec());
    P::membrane(table.row(0), &ReceptorSet::default()).unwrap()
}

/// The continuous McKean model of the worked example, with threshold at its upper knee.
fn worked(i_e: f64) -> Membrane {
    continuous(i_e, 0.1)
}

fn continuous(i_e: f64, epsilon: f64) -> Membrane {
    let (alpha, gamma) = (0.25, 0.5);
    // u' = e (v - g u): with w = u, e (v - g u) = e g (v/g - u).
    let numbers =
        [("epsilon", epsilon * gamma), ("b", 1.0 / gamma), ("v_th", (1.0 + alpha) / 2.0), ("i_e", i_e)];
    let points = [alpha / 2.0, -alpha / 2.0, (1.0 + alpha) / 2.0, (1.0 - alpha) / 2.0];
    membrane::<PwlPlanar>(&numbers, &points, [-1.0, -1.0])
}

fn close(found: f64, right: f64, tolerance: f64) {
    assert!((found - right).abs() <= tolerance, "{found} {right}: {:e}", found - right);
}

#[test]
fn the_limit_cycle_of_the_worked_example() {
    let membrane = worked(0.5);
    let cycle = membrane.cycle([0.0, 0.0], 0.5).unwrap();
    close(cycle.period_ms, 35.168_864_919_224_647_194_115_36, 1e-13);
    close(cycle.end[1], 0.391_857_393_828_742_774_761_807, 2e-15);
    let dwell: Vec<f64> = cycle.legs.iter().map(|leg| leg.dwell_ms).collect();
    let right = [
        11.144_019_381_057_950_766_1,
        2.811_662_005_079_900_593_025,
        17.309_755_349_667_737_088_05,
        3.903_428_183_419_048_746_938,
    ];
    assert_eq!(dwell.len(), 4);
    dwell.iter().zip(right).for_each(|(found, right)| close(*found, right, 5e-14));
    // It contracts so much that two cycles agree to 25 digits.
    assert!(cycle.multiplier.abs() < 1e-10, "{}", cycle.multiplier);
    let rests = membrane.equilibria(0.5);
    assert_eq!(rests.len(), 1);
    assert!(matches!(rests[0].kind, Kind::UnstableNode | Kind::UnstableFocus));
}

#[test]
fn the_limit_cycle_of_a_reference_case() {
    let numbers = [("epsilon", 0.1), ("b", 1.5), ("v_th", 0.25), ("i_e", 0.1)];
    let membrane = membrane::<PwlPlanar>(&numbers, &[-0.5, -0.5, 0.5, 0.5], [-1.0, -1.0]);
    let cycle = membrane.cycle([0.1, 0.3], 0.1).unwrap();
    close(cycle.period_ms, 26.643_709_827_311_776_850_063_89, 1e-13);
}

/// The slope of the return map is the quotient of differences.
#[test]
fn the_multiplier_is_the_slope_of_the_return_map() {
    let numbers = [("epsilon", 0.2), ("b", 0.3), ("v_th", 3.0), ("i_e", 1.6), ("v_reset", -0.6), ("d", 0.35)];
    let membrane = membrane::<PwlPlanar>(&numbers, &[-1.0, 0.0, 0.0, -1.0], [-1.0, 1.0]);
    let cycle = membrane.cycle([-0.5, 0.2], 1.6).unwrap();
    // The last interval of the reference case.
    close(cycle.period_ms, 4.964_790_369_199_012_096, 1e-10);
    let next = |w: f64| {
        let mut walk = Walk::new(membrane.system(), [-0.6, w], 1.6, &[]);
        loop {
            if let Step::Face { face, upward: true, .. } = walk.step(1e3)
                && face == membrane.threshold()
            {
                return walk.x[1] + 0.35;
            }
        }
    };
    let w = cycle.legs[0].start[1];
    close(next(w), w, 1e-14);
    close(cycle.multiplier, (next(w + 1e-5) - next(w - 1e-5)) / 2e-5, 1e-9);
}

#[test]
fn one_dimensional_rates_have_closed_forms() {
    // v' = |v| + I: T = ln((|v_r| + I)/I) + ln((v_th + I)/I); class 1 with its onset at 0.
    let numbers = [("v_th", 1.0), ("v_reset", -1.0), ("i_e", 0.0)];
    let membrane = membrane::<PwlIntegrateAndFire>(&numbers, &[0.0, 0.0], [-1.0, 1.0]);
    let cycle = membrane.cycle([-1.0, 0.0], 0.1).unwrap();
    close(cycle.period_ms, 4.795_790_545_596_741_088_123_887, 1e-15);
    let onset = membrane.onset(-0.5, 1.0).unwrap();
    assert_eq!(onset.excitability, Excitability::Class1);
    assert!(onset.rheobase.abs() < 1e-15, "{}", onset.rheobase);
    let rests = membrane.equilibria(-0.25);
    assert_eq!(rests.len(), 2);
    assert_eq!([rests[0].x[0], rests[1].x[0]], [-0.25, 0.25]);
    assert_eq!([rests[0].kind, rests[1].kind], [Kind::StableNode, Kind::UnstableNode]);
    // Leaky: T = t_ref + ln((I - v_r)/(I - v_th)), onset at I = v_th.
    let numbers = [("v_th", 1.0), ("v_reset", 0.0), ("t_ref", 2.0)];
    let leaky = self::membrane::<PwlIntegrateAndFire>(&numbers, &[0.0, 0.0], [-1.0, -1.0]);
    close(leaky.firing(0.0, 1.5).unwrap().period_ms, 2.0 + math::ln(3.0), 1e-15);
    close(leaky.onset(0.0, 3.0).unwrap().rheobase, 1.0, 1e-15);
}

/// The rest leaves the left branch where it reaches the knee v = alpha/2, where I = w - f = v/gamma + v. A stable node there
/// holds orbits for ever longer, like the logarithm of the distance; a focus lets them go by.
#[test]
fn the_onset_of_an_oscillator_is_at_the_knee_and_its_class_depends_on_the_rest() {
    let node = continuous(0.0, 0.1);
    assert_eq!(node.equilibria(0.374)[0].kind, Kind::StableNode);
    let onset = node.onset(0.0, 0.6).unwrap();
    close(onset.rheobase, 0.375, 1e-14);
    close(onset.rests_until, 0.375, 1e-14);
    assert_eq!(onset.excitability, Excitability::Class1);
    let period = |above: f64| node.firing(0.0, 0.375 + above).unwrap().period_ms;
    // It comes to the knee by the slower eigenvalue of the left branch, and leaves by the faster one behind it.
    let coming = 0.525 - (0.525_f64 * 0.525 - 0.15).sqrt();
    let leaving = 0.475 + (0.475_f64 * 0.475 - 0.05).sqrt();
    close(period(1e-9) - period(1e-7), math::ln(100.0) * (1.0 / coming + 1.0 / leaving), 1e-5);

    let focus = continuous(0.0, 0.5);
    assert_eq!(focus.equilibria(0.374)[0].kind, Kind::StableFocus);
    let onset = focus.onset(0.0, 0.6).unwrap();
    // A step from rest overshoots and meets the cycle while rest is still stable.
    close(onset.rests_until, 0.375, 1e-14);
    assert!((0.36..0.375).contains(&onset.rheobase), "{}", onset.rheobase);
    assert_eq!(onset.excitability, Excitability::Class2);
    assert!(onset.rate_hz > 20.0);
    assert!(focus.equilibria(0.373)[0].kind.is_stable() && focus.firing(0.0, 0.373).is_some());
}

/// The two rests of the discontinuous model, which never oscillates by itself.
#[test]
fn the_rests_of_the_discontinuous_mckean_model() {
    let (a, gamma, i_e) = (0.25, 1.0, 0.0);
    let numbers = [("a", a), ("epsilon", 0.05), ("gamma", gamma), ("v_th", 0.5), ("i_e", i_e)];
    let membrane = membrane::<McKean>(&numbers, &[0.0, 0.0], [0.0, 0.0]);
    let rests: Vec<f64> = membrane.equilibria(0.0).iter().map(|rest| rest.x[0]).collect();
    assert_eq!(rests.len(), 2);
    close(rests[0], gamma * i_e / (1.0 + gamma), 1e-15);
    close(rests[1], gamma * (1.0 + i_e) / (1.0 + gamma), 1e-15);
    assert!(membrane.equilibria(0.0).iter().all(|rest| rest.kind.is_stable()));
    assert_eq!(membrane.cycle([0.3, 0.0], 0.0), None);
}

/// The response to a small jump of v, from the definition: by how much later spikes come earlier.
#[test]
fn the_phase_response_is_what_small_jumps_do() {
    let planar = worked(0.5);
    let numbers = [("epsilon", 0.2), ("b", 0.3), ("v_th", 3.0), ("i_e", 1.6), ("v_reset", -0.6), ("d", 0.35)];
    let adapting = membrane::<PwlPlanar>(&numbers, &[-1.0, 0.0, 0.0, -1.0], [-1.0, 1.0]);
    let numbers = [("v_th", 2.0), ("v_reset", -1.0), ("t_ref", 0.5), ("i_e", 0.75)];
    let one = membrane::<PwlIntegrateAndFire>(&numbers, &[-0.5, 0.0, 0.5, -0.5], [-1.0, 3.0]);
    let mut judged = 0;
    for membrane in [planar, adapting, one] {
        let cycle = membrane.cycle([0.3, 0.1], membrane.current()).unwrap();
        let response = membrane.phase_response(&cycle, membrane.current(), 20);
        for (&t, &advance) in response.at_ms.iter().zip(&response.advance_ms) {
            let shift = |jump: f64| late_spike(&membrane, &cycle.legs[0].start, t, jump);
            let measured = -(shift(1e-6) - shift(-1e-6)) / 2e-6;
            assert!(
                (advance - measured).abs() < 2e-5 * (1.0 + advance.abs()),
                "at {t}: {advance} {measured}"
            );
            judged += 1;
        }
    }
    assert_eq!(judged, 60);
}

/// Without a second variable the response is 1/v': for v' = I - v from 0 that is e^t/I, for v' = |v| + I from -1 it has the
/// same form on both sides of 0.
#[test]
fn the_phase_response_of_one_variable_has_a_closed_form() {
    let numbers = [("v_th", 1.0), ("v_reset", 0.0), ("t_ref", 0.5), ("i_e", 1.5)];
    let leaky = membrane::<PwlIntegrateAndFire>(&numbers, &[0.0, 0.0], [-1.0, -1.0]);
    let cycle = leaky.cycle([0.0, 0.0], 1.5).unwrap();
    let response = leaky.phase_response(&cycle, 1.5, 50);
    for (t, advance) in response.at_ms.iter().zip(&response.advance_ms) {
        let right = if *t < 0.5 { 0.0 } else { math::exp(t - 0.5) / 1.5 };
        close(*advance, right, 1e-12);
    }
    let numbers = [("v_th", 1.0), ("v_reset", -1.0), ("i_e", 0.1)];
    let absolute = membrane::<PwlIntegrateAndFire>(&numbers, &[0.0, 0.0], [-1.0, 1.0]);
    let cycle = absolute.cycle([-1.0, 0.0], 0.1).unwrap();
    let half = math::ln(11.0);
    let response = absolute.phase_response(&cycle, 0.1, 50);
    for (t, advance) in response.at_ms.iter().zip(&response.advance_ms) {
        let right = if *t < half { math::exp(*t) / 1.1 } else { 10.0 * math::exp(half - t) };
        close(*advance, right, 1e-12);
    }
    // With a w that rests at 0 and stays there the plane says the same.
    let numbers = [("epsilon", 0.3), ("b", 0.0), ("v_th", 1.0), ("i_e", 0.1), ("v_reset", -1.0)];
    let planar = membrane::<PwlPlanar>(&numbers, &[0.0, 0.0], [-1.0, 1.0]);
    let cycle = planar.cycle([-1.0, 0.0], 0.1).unwrap();
    close(cycle.period_ms, 2.0 * half, 1e-12);
    // A difference in w fades by e^(-epsilon T), and moves the next reset as it goes.
    let found = planar.phase_response(&cycle, 0.1, 50);
    for (one, other) in response.advance_ms.iter().zip(&found.advance_ms) {
        close(*one, *other, 1e-12);
    }
}

/// When the 12th spike comes if `jump` is added to v at `t` ms after a spike.
fn late_spike(membrane: &Membrane, start: &[f64; 2], t: f64, jump: f64) -> f64 {
    let refractory = membrane.reset().map_or(0.0, |reset| reset.t_ref);
    let (mut x, mut passed, mut left) = (*start, refractory, t - refractory);
    if left < 0.0 {
        left = 0.0;
    } else {
        x = Walk::new(membrane.system(), x, membrane.current(), &[]).run(left);
        x[0] += jump;
    }
    passed += left;
    for _ in 0..12 {
        let mut walk = Walk::new(membrane.system(), x, membrane.current(), &[]);
        loop {
            match walk.step(1e4) {
                Step::Face { face, upward: true, .. } if face == membrane.threshold() => break,
                Step::Face { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        passed += walk.elapsed_ms + refractory;
        x = membrane.after_spike(walk.x);
    }
    passed
}
