//! Receptors: what an arriving spike does, and the currents and conductances that follow.
//!
//! Receptor variables evolve without regard to the membrane potential, so between two events they are a closed form:
//! (s + x t) e^(-t/tau).

use synfire_numerics::math;

/// What kind of receptor. Units: weights and currents in pA, conductances in nS, jumps of v in mV; times in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceptorKind {
    /// v += w.
    Delta,
    /// A current s: s += w, ds/dt = -s/tau.
    Exponential,
    /// A current s that peaks at w, one tau after a spike: x += e w/tau, ds/dt = x - s/tau, dx/dt = -x/tau.
    Alpha,
    /// A conductance g with reversal potential e_rev: g += w, dg/dt = -g/tau.
    ExponentialConductance,
    /// A conductance g that peaks at w, one tau after a spike: x += e w/tau, dg/dt = x - g/tau, dx/dt = -x/tau.
    AlphaConductance,
}

impl ReceptorKind {
    /// All kinds, as the scenario format names them.
    pub const ALL: [ReceptorKind; 5] = [
        ReceptorKind::Delta,
        ReceptorKind::Exponential,
        ReceptorKind::Alpha,
        ReceptorKind::ExponentialConductance,
        ReceptorKind::AlphaConductance,
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            ReceptorKind::Delta => "delta",
            ReceptorKind::Exponential => "exponential",
            ReceptorKind::Alpha => "alpha",
            ReceptorKind::ExponentialConductance => "exponential_conductance",
            ReceptorKind::AlphaConductance => "alpha_conductance",
        }
    }

    /// True for conductances: they have an `e_rev`, and weights of at least 0.
    pub fn is_conductance(self) -> bool {
        matches!(self, ReceptorKind::ExponentialConductance | ReceptorKind::AlphaConductance)
    }

    /// The unit of its weights in models with physical units: mV, pA or nS.
    pub fn weight_unit(self) -> &'static str {
        match self {
            ReceptorKind::Delta => "mV",
            ReceptorKind::Exponential | ReceptorKind::Alpha => "pA",
            ReceptorKind::ExponentialConductance | ReceptorKind::AlphaConductance => "nS",
        }
    }

    /// True for kinds with a rise: two variables instead of one.
    pub fn is_alpha(self) -> bool {
        matches!(self, ReceptorKind::Alpha | ReceptorKind::AlphaConductance)
    }

    /// How many state variables a receptor of this kind has.
    pub fn variables(self) -> usize {
        match self {
            ReceptorKind::Delta => 0,
            _ if self.is_alpha() => 2,
            _ => 1,
        }
    }
}

/// A receptor of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Receptor {
    /// Its name in the scenario.
    pub name: String,
    /// Its kind.
    pub kind: ReceptorKind,
    /// Its time constant, ms; not used by `delta`.
    pub tau: f64,
    /// Its reversal potential, mV; conductances only.
    pub e_rev: f64,
    /// Its variables are set to 0 at the neuron's own spike.
    pub reset: bool,
    /// What arrives in the refractory time counts (never true for `delta`).
    pub refractory_input: bool,
}

/// The receptors of a population with the place of their variables: those of one neuron lie side by side, receptor by
/// receptor as declared, first s (or g), then x.
#[derive(Clone, Debug, Default)]
pub struct ReceptorSet {
    receptors: Vec<Receptor>,
    first_variable: Vec<usize>,
    jump_per_weight: Vec<f64>,
    variables: usize,
    any_reset: bool,
}

impl ReceptorSet {
    /// Lays the variables of these receptors out.
    pub fn new(receptors: Vec<Receptor>) -> ReceptorSet {
        let mut set = ReceptorSet { any_reset: receptors.iter().any(|r| r.reset), ..ReceptorSet::default() };
        for receptor in &receptors {
            set.first_variable.push(set.variables);
            set.variables += receptor.kind.variables();
            let alpha_jump = math::E / receptor.tau;
            set.jump_per_weight.push(if receptor.kind.is_alpha() { alpha_jump } else { 1.0 });
        }
        set.receptors = receptors;
        set
    }

    /// The receptors as declared.
    pub fn receptors(&self) -> &[Receptor] {
        &self.receptors
    }

    /// How many variables one neuron has for its receptors.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// Where the variables of receptor `index` begin.
    pub fn first_variable(&self, index: usize) -> usize {
        self.first_variable[index]
    }

    /// Adds an arriving weight to the variables of one neuron. Not for `delta`, which has none.
    #[inline]
    pub fn receive(&self, variables: &mut [f64], receptor: usize, weight: f64) {
        let kind = self.receptors[receptor].kind;
        let place = self.first_variable[receptor] + usize::from(kind.is_alpha());
        variables[place] += weight * self.jump_per_weight[receptor];
    }

    /// Moves the variables of one neuron `dt_ms` on.
    pub fn decay(&self, variables: &mut [f64], dt_ms: f64) {
        for (receptor, &place) in self.receptors.iter().zip(&self.first_variable) {
            if receptor.kind == ReceptorKind::Delta {
                continue;
            }
            let factor = math::exp(-dt_ms / receptor.tau);
            if receptor.kind.is_alpha() {
                let x = variables[place + 1];
                variables[place] = (variables[place] + x * dt_ms) * factor;
                variables[place + 1] = x * factor;
            } else {
                variables[place] *= factor;
            }
        }
    }

    /// What the neuron's own spike does to its receptors.
    #[inline]
    pub fn fire(&self, variables: &mut [f64]) {
        if !self.any_reset {
            return;
        }
        for (receptor, &place) in self.receptors.iter().zip(&self.first_variable) {
            if receptor.reset {
                variables[place..place + receptor.kind.variables()].fill(0.0);
            }
        }
    }
}

/// The names of all variables of a neuron: the model's own, then for each receptor its current or conductance by the
/// receptor's name, and for alpha kinds the rise as `name.x`.
pub fn variable_names(own: &[crate::spec::VariableSpec], receptors: &[Receptor]) -> Vec<String> {
    let mut names: Vec<String> = own.iter().map(|v| v.name.to_string()).collect();
    for receptor in receptors {
        if receptor.kind != ReceptorKind::Delta {
            names.push(receptor.name.clone());
        }
        if receptor.kind.is_alpha() {
            names.push(format!("{}.x", receptor.name));
        }
    }
    names
}
