//! What one question about the next crossing costs: in full, and by its lower bound.

use divan::{Bencher, black_box};
use synfire_core::model::{Anchored, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::lif::Lif;

fn main() {
    divan::main();
}

fn receptor(kind: ReceptorKind, tau: f64, e_rev: f64) -> Receptor {
    Receptor { name: "r".into(), kind, tau, e_rev, reset: false, refractory_input: true }
}

/// A neuron with exciting and inhibiting input of a kind; the drive changes its sign on the way.
fn neuron(kind: ReceptorKind) -> (Lif, <Lif as NeuronModel>::State, Vec<f64>) {
    let receptors = ReceptorSet::new(vec![receptor(kind, 5.0, 0.0), receptor(kind, 10.0, -80.0)]);
    let mut table = ParamTable::defaults(Lif::SPEC.parameters);
    table.set("i_e", Column::Same(400.0));
    let lif = Lif::prepare(table.row(0), &receptors).expect("the defaults are allowed");
    let mut inputs = vec![0.0; receptors.variables()];
    let (exciting, inhibiting) = if kind.is_conductance() { (8.0, 12.0) } else { (300.0, -350.0) };
    receptors.receive(&mut inputs, 0, exciting);
    receptors.receive(&mut inputs, 1, inhibiting);
    let state = lif.initial(&[Some(-62.0)]);
    (lif, state, inputs)
}

const KINDS: [&str; 4] = ["exponential", "alpha", "exponential_conductance", "alpha_conductance"];

fn kind(name: &str) -> ReceptorKind {
    ReceptorKind::ALL.into_iter().find(|kind| kind.name() == name).expect("a kind of receptor")
}

#[divan::bench(args = KINDS)]
fn first_crossing(bencher: Bencher<'_, '_>, name: &str) {
    let (lif, state, inputs) = neuron(kind(name));
    bencher
        .bench(|| lif.first_crossing(black_box(Anchored { state: &state, inputs: &inputs, stimulus: 0.0 })));
}

#[divan::bench(args = KINDS)]
fn crossing_bound(bencher: Bencher<'_, '_>, name: &str) {
    let (lif, state, inputs) = neuron(kind(name));
    bencher.bench(|| {
        lif.crossing_bound(black_box(Anchored { state: &state, inputs: &inputs, stimulus: 0.0 }), 0.0)
    });
}
