//! Numbers of closed forms, computed in many digits elsewhere.
#![allow(clippy::excessive_precision)]

use synfire_pwl::linear::{Linear, Matrix};
use synfire_pwl::system::{Step, System, Walk};

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
