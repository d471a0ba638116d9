//! Random neurons with random receptors in random states.

use proptest::prelude::*;
use synfire_core::model::{Anchored, Crossing, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::qif::Qif;

/// A receptor with its state.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    pub kind: ReceptorKind,
    pub tau: f64,
    pub e_rev: f64,
    pub s: f64,
    pub x: f64,
}

/// A neuron and its state. The vertex of the parabola is at 0 mV, so that `v` is the distance from it to the last place.
#[derive(Clone, Debug)]
pub struct Neuron {
    pub c_m: f64,
    pub k: f64,
    pub half_width: f64,
    pub v_peak: f64,
    pub i_e: f64,
    pub v: f64,
    pub receptors: Vec<Live>,
}

/// A neuron that has been prepared.
pub struct Ready<M: NeuronModel> {
    pub model: M,
    pub state: M::State,
    pub inputs: Vec<f64>,
    pub stimulus: f64,
}

/// A neuron of the model `M` with these parameters, in this state.
pub fn ready<M: NeuronModel>(parameters: &[(&str, f64)], v: f64, receptors: &[Live]) -> Ready<M> {
    let set = ReceptorSet::new(receptors.iter().map(receptor).collect());
    let mut table = ParamTable::defaults(M::SPEC.parameters);
    for (name, value) in parameters {
        table.set(name, Column::Same(*value));
    }
    let model = M::prepare(table.row(0), &set).expect("valid parameters");
    let mut inputs = vec![0.0; set.variables()];
    for (index, live) in receptors.iter().enumerate() {
        if live.kind != ReceptorKind::Delta {
            inputs[set.first_variable(index)] = live.s;
        }
        if live.kind.is_alpha() {
            inputs[set.first_variable(index) + 1] = live.x;
        }
    }
    let state = model.initial(&[Some(v)]);
    Ready { model, state, inputs, stimulus: 0.0 }
}

fn receptor(live: &Live) -> Receptor {
    let Live { kind, tau, e_rev, .. } = *live;
    Receptor { name: String::new(), kind, tau, e_rev, reset: false, refractory_input: true }
}

impl Neuron {
    pub fn ready(&self) -> Ready<Qif> {
        let parameters = [
            ("c_m", self.c_m),
            ("k", self.k),
            ("v_rest", -self.half_width),
            ("v_crit", self.half_width),
            ("v_peak", self.v_peak),
            ("v_reset", f64::NEG_INFINITY),
            ("i_e", self.i_e),
        ];
        ready(&parameters, self.v, &self.receptors)
    }

    /// Q without the fading terms.
    pub fn q(&self) -> f64 {
        (self.i_e - self.k * self.half_width * self.half_width) / self.c_m
    }

    pub fn a(&self) -> f64 {
        self.k / self.c_m
    }

    /// What one unit of a receptor's variable adds to Q and to G.
    pub fn effect(&self, live: &Live) -> (f64, f64) {
        if live.kind.is_conductance() {
            (live.e_rev / self.c_m, 1.0 / self.c_m)
        } else {
            (1.0 / self.c_m, 0.0)
        }
    }

    pub fn shortest_tau(&self) -> f64 {
        self.receptors.iter().map(|live| live.tau).fold(20.0, f64::min)
    }
}

impl<M: NeuronModel + Clone> Ready<M> {
    pub fn anchored(&self) -> Anchored<'_, M::State> {
        Anchored { state: &self.state, inputs: &self.inputs, stimulus: self.stimulus }
    }

    pub fn crossing(&self) -> Crossing {
        self.model.first_crossing(self.anchored()).expect("a decision")
    }

    /// The crossing proper, over all pauses of the search.
    pub fn spike(&self) -> f64 {
        let (mut time, mut now) = (0.0, self.after(0.0));
        loop {
            let found = now.crossing();
            time += found.after_ms;
            if found.kind == synfire_core::model::CrossingKind::Spike {
                return time;
            }
            now = now.after(found.after_ms);
        }
    }

    pub fn bound(&self, from: f64) -> f64 {
        self.model.crossing_bound(self.anchored(), from)
    }

    /// State and inputs after `dt`.
    pub fn after(&self, dt: f64) -> Ready<M> {
        let model = self.model.clone();
        let mut next =
            Ready { model, state: self.state, inputs: self.inputs.clone(), stimulus: self.stimulus };
        next.model.flow(&mut next.state, &mut next.inputs, self.stimulus, dt);
        next
    }

    pub fn v(&self) -> f64 {
        self.model.variable(&self.state, 0)
    }
}

/// Which receptors a random neuron has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coupling {
    None,
    Currents,
    Any,
}

/// Neurons in a state below their peak.
pub fn neuron(coupling: Coupling) -> impl Strategy<Value = Neuron> {
    // 1 is the bifurcation itself.
    let drive =
        prop_oneof![4 => -1.0..1.0f64, 3 => 1.0..3.0f64, 1 => Just(1.0), 1 => 0.999_999..1.000_001f64];
    let peak = prop_oneof![3 => 20.0..90.0f64, 1 => Just(f64::INFINITY), 1 => -5.0..20.0f64];
    let start = prop_oneof![6 => -20.0..20.0f64, 1 => Just(0.0), 1 => -1e4..-20.0f64];
    let shape = (50.0..200.0f64, 0.2..2.0f64, 2.0..15.0f64, drive, peak, start);
    (shape, receptors(coupling)).prop_map(|((c_m, k, half_width, drive, v_peak, v), receptors)| Neuron {
        c_m,
        k,
        half_width,
        v_peak,
        i_e: drive * k * half_width * half_width,
        v: if v < v_peak { v } else { v_peak - 1.0 - v.abs() },
        receptors,
    })
}

fn receptors(coupling: Coupling) -> impl Strategy<Value = Vec<Live>> {
    let kinds: &[ReceptorKind] = match coupling {
        Coupling::None => &ReceptorKind::ALL[..1],
        Coupling::Currents => &ReceptorKind::ALL[..3],
        Coupling::Any => &ReceptorKind::ALL,
    };
    let size = prop_oneof![4 => 0.0..1.0f64, 1 => 1.0..10.0f64, 1 => Just(0.0)];
    let tau = prop_oneof![6 => 1.0..20.0f64, 1 => 0.05..1.0f64, 1 => 20.0..200.0f64, 1 => Just(5.0)];
    let live = (prop::sample::select(kinds), tau, size, -1.0..1.0f64, 0.0..1.0f64).prop_map(
        |(kind, tau, size, balance, rise)| {
            let (weight, e_rev) = if kind.is_conductance() {
                (10.0 * size, if balance > 0.0 { 50.0 } else { -25.0 })
            } else {
                (200.0 * size * balance, 0.0)
            };
            let x = if kind.is_alpha() { weight * std::f64::consts::E / tau * rise } else { 0.0 };
            let s = if kind == ReceptorKind::Delta { 0.0 } else { weight * (1.0 - 0.5 * rise) };
            Live { kind, tau, e_rev, s, x }
        },
    );
    prop::collection::vec(live, 0..4)
}
