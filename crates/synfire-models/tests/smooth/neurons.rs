//! Random neurons of every smooth model, with random receptors in random states.

use synfire_core::model::{Anchored, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::integrated::{Dynamics, Integrated, IntegratedState};
use synfire_numerics::random::{Stream, StreamKey};

/// What random neurons of a model look like.
pub struct Look {
    /// The parameter that is the threshold.
    pub threshold: &'static str,
    /// A parameter that must lie below it.
    pub reset: Option<&'static str>,
    /// Parameters with the ranges that they are drawn from.
    pub ranges: &'static [(&'static str, f64, f64)],
    /// Where v starts.
    pub start: (f64, f64),
    /// Where the other variables start, relative to rest.
    pub spread: f64,
    /// The size of currents, and of conductances (0 for normalised models).
    pub current: f64,
    pub conductance: f64,
}

pub const EIF: Look = Look {
    threshold: "v_peak",
    reset: Some("v_reset"),
    ranges: &[("v_t", -52.0, -48.0), ("delta_t", 0.8, 3.0), ("i_e", -50.0, 160.0), ("v_peak", -40.0, 10.0)],
    start: (-75.0, -50.0),
    spread: 0.0,
    current: 200.0,
    conductance: 6.0,
};
pub const IZHIKEVICH: Look = Look {
    threshold: "v_peak",
    reset: Some("c"),
    ranges: &[("a", 0.02, 0.1), ("b", 0.2, 0.26), ("i_e", -2.0, 8.0)],
    start: (-78.0, -52.0),
    spread: 3.0,
    current: 8.0,
    conductance: 0.15,
};
pub const ADEX: Look = Look {
    threshold: "v_peak",
    reset: Some("v_reset"),
    ranges: &[("a", -2.0, 8.0), ("tau_w", 20.0, 200.0), ("i_e", -100.0, 650.0), ("v_peak", -40.0, 20.0)],
    start: (-78.0, -48.0),
    spread: 100.0,
    current: 500.0,
    conductance: 20.0,
};
pub const QIF_ADAPTIVE: Look = Look {
    threshold: "v_peak",
    reset: Some("v_reset"),
    ranges: &[("a", 0.01, 0.2), ("b", -3.0, 5.0), ("i_e", -20.0, 120.0)],
    start: (-70.0, -41.0),
    spread: 20.0,
    current: 100.0,
    conductance: 4.0,
};
pub const FITZHUGH_NAGUMO: Look = Look {
    threshold: "v_th",
    reset: None,
    ranges: &[("epsilon", 0.04, 0.3), ("i_e", -0.2, 0.7), ("v_th", -0.5, 1.2)],
    start: (-2.0, -0.5),
    spread: 0.3,
    current: 0.6,
    conductance: 0.0,
};
pub const MORRIS_LECAR: Look = Look {
    threshold: "v_th",
    reset: None,
    ranges: &[("phi", 0.04, 0.2), ("v3", 2.0, 12.0), ("i_e", 0.0, 110.0), ("v_th", -20.0, 10.0)],
    start: (-70.0, -25.0),
    spread: 0.0,
    current: 60.0,
    conductance: 2.5,
};
pub const HODGKIN_HUXLEY: Look = Look {
    threshold: "v_th",
    reset: None,
    ranges: &[("g_l", 5.0, 15.0), ("i_e", -50.0, 300.0), ("v_th", -40.0, 0.0)],
    start: (-75.0, -55.0),
    spread: 0.0,
    current: 150.0,
    conductance: 12.0,
};

/// A neuron with its state.
pub struct Neuron<M, const D: usize> {
    pub table: ParamTable,
    pub set: ReceptorSet,
    pub ready: Integrated<M, D>,
    pub state: IntegratedState<D>,
    pub inputs: Vec<f64>,
}

impl<M: Dynamics<D>, const D: usize> Neuron<M, D> {
    /// Neuron `number` of a look.
    pub fn draw(look: &Look, number: u32) -> Neuron<M, D> {
        let mut stream = Stream::new(StreamKey::derive(1, M::SPEC.name, 0), u64::from(number));
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        let mut table = ParamTable::defaults(M::SPEC.parameters);
        for &(name, low, high) in look.ranges {
            table.set(name, Column::Same(between(low, high)));
        }
        let (receptors, inputs) = receptors(look, &mut between);
        let set = ReceptorSet::new(receptors);
        let ready = Integrated::<M, D>::prepare(table.row(0), &set).expect("valid parameters");
        let mut given = vec![None; M::SPEC.variables.len()];
        given[0] = Some(between(look.start.0, look.start.1).min(ready.threshold() - 0.1));
        let rest = ready.initial(&given);
        for (i, value) in given.iter_mut().enumerate().skip(1) {
            *value = Some(rest.variables()[i] + between(-look.spread, look.spread));
        }
        let state = ready.initial(&given);
        Neuron { table, set, ready, state, inputs }
    }

    pub fn at(&self) -> Anchored<'_, IntegratedState<D>> {
        Anchored { state: &self.state, inputs: &self.inputs, stimulus: 0.0 }
    }

    /// The neuron `dt` later.
    pub fn after(&self, dt: f64) -> (IntegratedState<D>, Vec<f64>) {
        let (mut state, mut inputs) = (self.state, self.inputs.clone());
        self.ready.flow(&mut state, &mut inputs, 0.0, dt);
        (state, inputs)
    }

    /// m = v - v_th, `dt` later.
    pub fn m(&self, dt: f64) -> f64 {
        self.after(dt).0.variables()[0]
    }

    pub fn scale(&self) -> f64 {
        self.ready.dynamics().scales()[0]
    }
}

/// One exciting and one inhibiting receptor of random kinds, with variables that have not faded yet.
fn receptors(look: &Look, between: &mut impl FnMut(f64, f64) -> f64) -> (Vec<Receptor>, Vec<f64>) {
    let (mut receptors, mut inputs) = (Vec::new(), Vec::new());
    for (name, sign, e_rev) in [("e", 1.0, 0.0), ("i", -1.0, -80.0)] {
        let kinds = if look.conductance > 0.0 { 4.0 } else { 2.0 };
        let kind = ReceptorKind::ALL[1 + between(0.0, kinds) as usize];
        let tau = between(1.0, 8.0);
        let unit = if kind.is_conductance() { look.conductance } else { sign * look.current };
        let part = if sign > 0.0 { 1.0 } else { 0.5 };
        inputs.push(part * unit * between(0.0, 1.0));
        if kind.is_alpha() {
            inputs.push(part * unit * between(0.0, 1.0));
        }
        receptors.push(Receptor {
            name: name.into(),
            kind,
            tau,
            e_rev,
            reset: false,
            refractory_input: true,
        });
    }
    (receptors, inputs)
}

/// Calls a generic function for every model: `each!(function, arguments...)`.
#[macro_export]
macro_rules! each_model {
    ($function:ident $(, $argument:expr)*) => {{
        use synfire_models::{adex, eif, fitzhugh_nagumo, hodgkin_huxley, izhikevich, morris_lecar, qif_adaptive};
        use $crate::neurons as looks;
        $function::<eif::Exponential, 1>(&looks::EIF $(, $argument)*);
        $function::<izhikevich::SimpleModel, 2>(&looks::IZHIKEVICH $(, $argument)*);
        $function::<adex::AdaptiveExponential, 2>(&looks::ADEX $(, $argument)*);
        $function::<qif_adaptive::AdaptiveQuadratic, 2>(&looks::QIF_ADAPTIVE $(, $argument)*);
        $function::<fitzhugh_nagumo::Cubic, 2>(&looks::FITZHUGH_NAGUMO $(, $argument)*);
        $function::<morris_lecar::CalciumPotassium, 2>(&looks::MORRIS_LECAR $(, $argument)*);
        $function::<hodgkin_huxley::SodiumPotassium, 4>(&looks::HODGKIN_HUXLEY $(, $argument)*);
    }};
}
