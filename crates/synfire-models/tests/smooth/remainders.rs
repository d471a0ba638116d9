//! What a step leaves out, against the same step in double-double.

use synfire_core::model::NeuronModel;
use synfire_models::integrated::Dynamics;

use crate::each_model;
use crate::neurons::{Look, Neuron};

/// Steps of random neurons end within a few last places of the scale of each variable, growth of errors within the step
/// included.
fn flows_are_exact<M: Dynamics<D>, const D: usize>(look: &Look) {
    let mut worst = 0.0f64;
    for number in 0..150 {
        let neuron = Neuron::<M, D>::draw(look, number);
        let found = neuron.ready.first_crossing(neuron.at()).unwrap();
        let dt = found.after_ms.min(0.7);
        let exact = neuron.ready.audit_flow(&neuron.state, &neuron.inputs, 0.0, dt);
        let (state, _) = neuron.after(dt);
        for (i, scale) in neuron.ready.dynamics().scales().iter().enumerate() {
            // Where a spike rises, the last place of the time counts.
            let slope =
                (neuron.after(dt * (1.0 - 1e-6)).0.variables()[i] - state.variables()[i]).abs() / 1e-6;
            let unit = f64::EPSILON * (scale + slope);
            worst = worst.max((exact[i].round() - state.variables()[i]).abs() / unit);
        }
    }
    println!("{}: worst {worst:.2} last places", M::SPEC.name);
    assert!(worst < 6.0, "{}: off by {worst} last places", M::SPEC.name);
}

#[test]
fn flows_agree_with_the_audit() {
    each_model!(flows_are_exact);
}
