//! Numbers of closed forms, computed in many digits elsewhere.
#![allow(clippy::excessive_precision)]

use synfire_pwl::linear::{Linear, Matrix};
use synfire_pwl::system::{Face, Step, System, Walk};

fn close(found: f64, right: f64, tolerance: f64) {
    assert!((found - right).abs() <= tolerance, "{found} {right}: {:e}", found - right);
}

/// v' = f(v) - u + I, u' = e (v - g u) with McKean's continuous f, alpha = 0.25, gamma = 0.5, e = 0.1.
fn mckean_continuous() -> System {
    let (alpha, gamma, epsilon) = (0.25, 0.5, 0.1);
    let field = |slope: f64, force: f64| {
        (Linear::new(Matrix::new([[slope, -1.0], [epsilon, -epsilon * gamma]])), [force, 0.0])
    };
    let fields = [field(-1.0, 0.0), field(1.0, -alpha), field(-1.0, 1.0)];
    System::parallel([1.0, 0.0], &[(alpha / 2.0, true), ((1.0 + alpha) / 2.0, true)], &fields, &[])
}

#[test]
fn the_piecewise_linear_fitzhugh_nagumo_oscillator() {
    let system = mckean_continuous();
    let mut walk = Walk::new(&system, [0.0, 0.0], 0.5, &[]);
    let mut ups = Vec::new();
    let mut times = vec![];
    while ups.len() < 4 {
        match walk.step(1e4) {
            Step::Face { face, upward, .. } => {
                times.push(walk.elapsed_ms);
                if face == 1 && upward {
                    ups.push((walk.elapsed_ms, walk.x[1]));
                }
            }
            other => panic!("{other:?}"),
        }
    }
    close(ups[0].0, 1.152_424_060_780_024, 1e-14);
    close(ups[1].0, 39.109_943_190_962_359_588_37, 3e-13);
    close(ups[2].0, 74.278_808_110_265_323_129_26, 3e-13);
    close(ups[3].0 - ups[2].0, 35.168_864_919_224_647_194_115_36, 3e-13);
    close(ups[3].1, 0.391_857_393_828_742_774_761_807, 1e-14);
    let last: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let dwell = &last[last.len() - 4..];
    close(dwell[0], 11.144_019_381_057_950_766_1, 1e-13);
    close(dwell[1], 2.811_662_005_079_900_593_025, 1e-13);
    close(dwell[2], 17.309_755_349_667_737_088_05, 1e-13);
    close(dwell[3], 3.903_428_183_419_048_746_938, 1e-13);
}

#[test]
fn a_pulse_of_the_discontinuous_mckean_model() {
    let (a, epsilon) = (0.25, 0.05);
    let system = |gamma: f64| {
        let linear = Linear::new(Matrix::new([[-1.0, -1.0], [epsilon, -epsilon * gamma]]));
        System::parallel([1.0, 0.0], &[(a, false)], &[(linear, [0.0, 0.0]), (linear, [1.0, 0.0])], &[])
    };
    let excitable = system(0.2);
    let mut walk = Walk::new(&excitable, [0.3, 0.0], 0.0, &[]);
    assert!(matches!(walk.step(1e4), Step::Face { upward: false, .. }));
    close(walk.elapsed_ms, 38.151_377_808_601_699_943_360_64, 1e-13);
    close(walk.x[1], 0.755_281_970_888_747_282_9, 1e-15);
    // With gamma = 1 the rest above the face is real: it never returns.
    let bistable = system(1.0);
    assert!(matches!(Walk::new(&bistable, [0.3, 0.0], 0.0, &[]).step(1e9), Step::Never { .. }));
}

#[test]
fn a_resonate_and_fire_neuron() {
    let linear = Linear::new(Matrix::new([[-0.1, -1.0], [0.04, -0.02]]));
    let system = System::parallel([1.0, 0.0], &[(0.8, true)], &[(linear, [0.23, 0.0]); 2], &[]);
    let mut walk = Walk::new(&system, [0.0, 0.0], 0.0, &[]);
    assert!(matches!(walk.step(1e4), Step::Face { upward: true, .. }));
    close(walk.elapsed_ms, 5.621_952_040_333_624_584_737_632, 1e-14);
}

#[test]
fn the_absolute_value_integrate_and_fire_neuron() {
    let slope = |a: f64| (Linear::new(Matrix::new([[a, 0.0], [0.0, a]])), [0.0, 0.0]);
    let system = System::parallel(
        [1.0, 0.0],
        &[(0.0, true), (1.0, true)],
        &[slope(-1.0), slope(1.0), slope(1.0)],
        &[],
    );
    let mut walk = Walk::new(&system, [-1.0, 0.0], 0.1, &[]);
    walk.step(1e4);
    assert!(matches!(walk.step(1e4), Step::Face { face: 1, upward: true, .. }));
    close(walk.elapsed_ms, 4.795_790_545_596_741_088_123_887, 1e-15);
    // Below 0 there is a rest at -|I| and a threshold at |I|.
    assert!(
        matches!(Walk::new(&system, [0.0999, 0.0], -0.1, &[]).run(1e3), [v, _] if (v + 0.1).abs() < 1e-14)
    );
    let mut walk = Walk::new(&system, [0.1001, 0.0], -0.1, &[]);
    assert!(matches!(walk.step(1e4), Step::Face { face: 1, upward: true, .. }));
}

/// v' = w - H(v), w' = 0.3 - k w: both fields lead onto v = 0 while 0 < w < 1, and w goes on as if there were no v.
#[test]
fn an_orbit_slides_along_a_face_and_leaves_it_in_closed_form() {
    let system = |k: f64| {
        let linear = Linear::new(Matrix::new([[0.0, 1.0], [0.0, -k]]));
        System::parallel([1.0, 0.0], &[(0.0, false)], &[(linear, [0.0, 0.3]), (linear, [-1.0, 0.3])], &[])
    };
    let straight = system(0.0);
    let mut walk = Walk::new(&straight, [-0.2, 0.1], 0.0, &[]);
    // 0.1 t + 0.15 t^2 = 0.2
    let arrival = (0.01_f64 + 0.12).sqrt() / 0.3 - 0.1 / 0.3;
    assert!(matches!(walk.step(100.0), Step::Face { upward: true, .. }));
    close(walk.elapsed_ms, arrival, 1e-15);
    let w = walk.x[1];
    close(walk.at(arrival + 1.0)[1], w + 0.3, 1e-15);
    assert_eq!(walk.at(arrival + 1.0)[0], 0.0);
    assert_eq!(walk.step(100.0), Step::Leaves { face: 0, upward: true });
    close(walk.elapsed_ms, arrival + (1.0 - w) / 0.3, 1e-14);
    // Then v'' = 0.3 from v' = 0.
    let v = walk.at(walk.elapsed_ms + 2.0)[0];
    close(v, 0.6, 1e-14);
    assert!(matches!(walk.step(1e3), Step::Never { .. }));

    // With k = 0.5 w tends to 0.6: it slides for ever.
    let fading = system(0.5);
    let mut walk = Walk::new(&fading, [0.0, 0.1], 0.0, &[]);
    close(walk.at(3.0)[1], 0.6 - 0.5 * synfire_numerics::math::exp(-1.5), 1e-15);
    assert!(matches!(walk.step(1e3), Step::Never { .. }));
}

/// Two faces that meet at a corner: an orbit through it passes both at one instant.
#[test]
fn an_orbit_passes_a_corner_in_no_time_between() {
    let face = |normal| Face { normal, offset: 0.0, is_continuous: false };
    let field = |above: &[bool]| {
        let speed = [if above[0] { 2.0 } else { 1.0 }, if above[1] { 2.0 } else { 1.0 }];
        (Matrix::new([[0.0; 2]; 2]), speed)
    };
    let system = System::general(vec![face([1.0, 0.0]), face([0.0, 1.0])], field, &[]);
    let mut walk = Walk::new(&system, [-0.5, -0.5], 0.0, &[]);
    assert_eq!(walk.step(10.0), Step::Face { face: 0, upward: true, ambiguous: false });
    assert_eq!(walk.step(10.0), Step::Face { face: 1, upward: true, ambiguous: false });
    assert_eq!((walk.elapsed_ms, walk.x), (0.5, [0.0, 0.0]));
    assert_eq!(walk.at(1.5), [2.0, 2.0]);
    // A face that is no axis: x + y = 1, from below.
    let slanted = Face { normal: [1.0, 1.0], offset: 1.0, is_continuous: true };
    let turning = (Matrix::new([[0.0, -1.0], [1.0, 0.0]]), [0.0, 0.0]);
    let system = System::general(vec![slanted], |_| turning, &[]);
    let mut walk = Walk::new(&system, [0.9, 0.0], 0.0, &[]);
    assert!(matches!(walk.step(10.0), Step::Face { upward: true, .. }));
    // 0.9 (cos t + sin t) = 1
    let t = std::f64::consts::FRAC_PI_4 - math_acos(1.0 / (0.9 * 2.0_f64.sqrt()));
    close(walk.elapsed_ms, t, 1e-15);
}

fn math_acos(x: f64) -> f64 {
    synfire_numerics::math::atan2((1.0 - x * x).sqrt(), x)
}
