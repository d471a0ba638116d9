//! Random neurons with random receptors in random states.

use proptest::prelude::*;
use synfire_core::model::{Anchored, Crossing, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::lif::{Lif, LifState};

/// A receptor with its state.
#[derive(Clone, Debug)]
pub struct Live {
    pub kind: ReceptorKind,
    pub tau: f64,
    pub e_rev: f64,
    pub s: f64,
    pub x: f64,
}

/// A neuron and its state. The threshold is 0 mV in most, so that `v` is the distance from it to the last place.
#[derive(Clone, Debug)]
pub struct Neuron {
    pub tau_m: f64,
    pub c_m: f64,
    pub e_l: f64,
    pub v_th: f64,
    pub i_e: f64,
    pub v: f64,
    pub receptors: Vec<Live>,
}

/// A neuron that has been prepared.
pub struct Ready {
    pub lif: Lif,
    pub state: LifState,
    pub inputs: Vec<f64>,
}

impl Neuron {
    pub fn ready(&self) -> Ready {
        let receptors = self.receptors.iter().map(|live| receptor(live.kind, live.tau, live.e_rev)).collect();
        let set = ReceptorSet::new(receptors);
        let mut table = ParamTable::defaults(Lif::SPEC.parameters);
        let values = [
            ("tau_m", self.tau_m),
            ("c_m", self.c_m),
            ("e_l", self.e_l),
            ("v_th", self.v_th),
            ("v_reset", self.v_th - 15.0),
            ("i_e", self.i_e),
        ];
        for (name, value) in values {
            table.set(name, Column::Same(value));
        }
        let lif = Lif::prepare(table.row(0), &set).expect("valid parameters");
        let mut inputs = vec![0.0; set.variables()];
        for (index, live) in self.receptors.iter().enumerate() {
            if live.kind != ReceptorKind::Delta {
                inputs[set.first_variable(index)] = live.s;
            }
            if live.kind.is_alpha() {
                inputs[set.first_variable(index) + 1] = live.x;
            }
        }
        let state = lif.initial(&[Some(self.v)]);
        Ready { lif, state, inputs }
    }

    /// Where the constant current alone would take v.
    pub fn v_inf(&self) -> f64 {
        self.e_l + self.i_e * self.tau_m / self.c_m
    }

    /// The size of the potentials that v is made of.
    pub fn scale(&self) -> f64 {
        let mut scale = (self.v - self.v_th).abs() + (self.v_inf() - self.v_th).abs() + 1.0;
        for live in &self.receptors {
            let size = (live.s.abs() + live.x.abs() * live.tau) / self.c_m;
            scale += if live.kind.is_conductance() {
                (live.e_rev - self.v_th).abs()
            } else {
                size * live.tau.min(self.tau_m)
            };
        }
        scale
    }

    /// The rate at which the conductances discharge the membrane, at most.
    pub fn discharge_rate(&self) -> f64 {
        let conductances = self.receptors.iter().filter(|live| live.kind.is_conductance());
        conductances.map(|live| (live.s + live.x * live.tau) / self.c_m).sum()
    }

    pub fn longest_tau(&self) -> f64 {
        self.receptors.iter().map(|live| live.tau).fold(self.tau_m, f64::max)
    }

    pub fn shortest_tau(&self) -> f64 {
        self.receptors.iter().map(|live| live.tau).fold(self.tau_m, f64::min)
    }
}

impl Ready {
    pub fn anchored(&self) -> Anchored<'_, LifState> {
        Anchored { state: &self.state, inputs: &self.inputs, stimulus: 0.0 }
    }

    pub fn crossing(&self) -> Crossing {
        self.lif.first_crossing(self.anchored()).unwrap()
    }

    pub fn bound(&self, from: f64) -> f64 {
        self.lif.crossing_bound(self.anchored(), from)
    }

    /// State and inputs after `dt`.
    pub fn after(&self, dt: f64) -> Ready {
        let mut next = Ready { lif: self.lif.clone(), state: self.state, inputs: self.inputs.clone() };
        next.lif.flow(&mut next.state, &mut next.inputs, 0.0, dt);
        next
    }

    pub fn v(&self) -> f64 {
        self.lif.variable(&self.state, 0)
    }
}

pub fn receptor(kind: ReceptorKind, tau: f64, e_rev: f64) -> Receptor {
    Receptor { name: String::new(), kind, tau, e_rev, reset: false, refractory_input: true }
}

/// Which receptors a random neuron has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coupling {
    Currents,
    Conductances,
    Any,
}

/// Neurons whose threshold is 0 mV, in a state below it.
pub fn neuron(coupling: Coupling) -> impl Strategy<Value = Neuron> {
    // 180 takes v to threshold itself.
    let drive = prop_oneof![4 => -100.0..180.0f64, 2 => 180.0..400.0f64, 1 => Just(0.0), 1 => Just(180.0)];
    let distance = prop_oneof![4 => 0.0..30.0f64, 1 => 1e-13..1e-6f64];
    (5.0..40.0f64, 100.0..400.0f64, drive, distance).prop_flat_map(move |(tau_m, c_m, drive, distance)| {
        let receptors = (prop::collection::vec(live(coupling, tau_m), 0..4), mirror());
        receptors.prop_map(move |(receptors, mirror)| Neuron {
            tau_m,
            c_m,
            e_l: -15.0,
            v_th: 0.0,
            i_e: drive * c_m / (12.0 * tau_m),
            v: -distance.max(f64::MIN_POSITIVE),
            receptors: mirrored(receptors, mirror),
        })
    })
}

/// Whether the first current has a mirror image, and by how much its time constant is off.
fn mirror() -> impl Strategy<Value = Option<f64>> {
    let gap = prop::sample::select(vec![0.0, 1e-15, 1e-12, 1e-9, 1e-6, -1e-9, 1e-3]);
    prop_oneof![5 => Just(None), 1 => gap.prop_map(Some)]
}

/// Adds a current that cancels the first one, all but a trifle.
fn mirrored(mut receptors: Vec<Live>, mirror: Option<f64>) -> Vec<Live> {
    let first = receptors.iter().find(|live| !live.kind.is_conductance() && live.kind != ReceptorKind::Delta);
    if let (Some(gap), Some(first)) = (mirror, first.cloned()) {
        receptors.push(Live { tau: first.tau * (1.0 + gap), s: -first.s, x: -first.x, ..first });
    }
    receptors
}

fn live(coupling: Coupling, tau_m: f64) -> impl Strategy<Value = Live> {
    let kinds: &[ReceptorKind] = match coupling {
        Coupling::Currents => &ReceptorKind::ALL[..3],
        Coupling::Conductances => &ReceptorKind::ALL[3..],
        Coupling::Any => &ReceptorKind::ALL,
    };
    let size = prop_oneof![4 => 0.0..1.0f64, 1 => 1.0..30.0f64, 1 => Just(0.0)];
    (prop::sample::select(kinds), tau(tau_m), size, -1.0..1.0f64, 0.0..1.0f64).prop_map(
        |(kind, tau, size, balance, rise)| {
            // Sizes are such that a receptor's peak is about a tenth to a few times what reaches threshold.
            let (weight, e_rev) = if kind.is_conductance() {
                (30.0 * size, if balance > 0.0 { 60.0 } else { -25.0 })
            } else {
                (800.0 * size * balance / tau.min(1.0), 0.0)
            };
            let x = if kind.is_alpha() { weight * std::f64::consts::E / tau * rise } else { 0.0 };
            let s = if kind == ReceptorKind::Delta { 0.0 } else { weight * (1.0 - 0.5 * rise) };
            Live { kind, tau, e_rev, s, x }
        },
    )
}

/// Time constants of receptors: any, the membrane's, nearly the membrane's, far from it.
fn tau(tau_m: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        5 => 1.0..30.0f64,
        1 => Just(tau_m),
        1 => prop::sample::select(vec![1e-6, -1e-6, 1e-9, -1e-9, 1e-15, -1e-15])
            .prop_map(move |gap| tau_m * (1.0 + gap)),
        1 => Just(5.0),
        1 => Just(1e-3 * tau_m),
        1 => Just(1e3 * tau_m),
    ]
}
