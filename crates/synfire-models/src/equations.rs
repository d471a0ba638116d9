//! Neurons whose equations are in the scenario.
//!
//! A [`System`] of formulas becomes a model of its own, with a page of its own; its neurons are integrated as those of the
//! built-in models are. What a built-in model knows of its variables (their sizes, the time in which things happen) is
//! estimated here from the formulas.

mod bounds;

use std::sync::Mutex;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::formula::{Formula, Program, System};
use synfire_numerics::jet::{Arithmetic, Jets};
use synfire_numerics::taylor::{self, GIVEN, Nothing, VectorField};

use crate::integrated::{Common, Dynamics, Envelope, Integrated, with_slots};

/// The most variables that a neuron may have.
pub const MOST_VARIABLES: usize = 6;

/// The name of the input in formulas.
pub const INPUT: &str = "I";

/// The parameter that is part of the input, if there is one of this name.
pub const CONSTANT_CURRENT: &str = "i_e";

/// The refractory time's name.
pub const T_REF: &str = "t_ref";

/// The model as the catalogue lists it: without any equations yet.
pub type Equations = Integrated<UserDefined<true>, 1>;

/// One neuron of a user's model; `RESETS` says whether a spike resets it.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDefined<const RESETS: bool> {
    rates: Program,
    jumps: Option<Program>,
    variables: usize,
    common: Common,
    scales: [f64; MOST_VARIABLES],
    time_scale: f64,
    /// See [`VectorField::least_order`].
    least_order: usize,
}

const VARIABLES: &[VariableSpec; MOST_VARIABLES] =
    &[const { VariableSpec { name: "as in `variables`", unit: "", rest: "0" } }; MOST_VARIABLES];

/// The page of the model without equations.
const fn page(variables: usize) -> ModelSpec {
    ModelSpec {
        name: "equations",
        summary: "Neurons whose equations are in the scenario",
        equations: &["dx/dt = formula of x, for each of variables"],
        spike: "where threshold holds: reset, and its variable is held for t_ref; or each upward crossing, without reset",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[REFRACTORY],
        lists: &[],
        variables: VARIABLES.split_at(variables).0,
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[],
    }
}

const REFRACTORY: ParamSpec = ParamSpec {
    name: T_REF,
    unit: "ms",
    default: Some(0.0),
    range: ParamRange::NotNegative,
    meaning: "refractory time",
};

/// The model of a system of at most [`MOST_VARIABLES`] variables; `None` if its equations are too involved to be evaluated.
/// The same system gives the same entry: a page lives as long as the program.
pub fn entry(system: System) -> Option<&'static ModelEntry> {
    static ENTRIES: Mutex<Vec<&'static ModelEntry>> = Mutex::new(Vec::new());
    let mut entries = ENTRIES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(entry) = entries.iter().find(|entry| entry.system == Some(&system)) {
        return Some(entry);
    }
    // Exponents that are whole numbers take fewer registers than others.
    let typical = vec![0.6; system.parameters.len()];
    let formulas = system.rates.iter().chain(system.jumps.iter().flatten());
    Program::new(formulas, &system.meanings(&typical), system.variables.len() + 1)?;
    let system: &'static System = Box::leak(Box::new(system));
    let entry: &'static ModelEntry = Box::leak(Box::new(ModelEntry {
        spec: Box::leak(Box::new(page_of(system))),
        system: Some(system),
        ..entry_for(system.variables.len(), system.jumps.is_some())
    }));
    entries.push(entry);
    Some(entry)
}

/// The code for so many variables.
fn entry_for(variables: usize, resets: bool) -> ModelEntry {
    macro_rules! by_size {
        ($($size:literal)*) => {
            match (variables, resets) {
                $(
                    ($size, true) => ModelEntry::neuron::<Integrated<UserDefined<true>, $size>>(),
                    ($size, false) => ModelEntry::neuron::<Integrated<UserDefined<false>, $size>>(),
                )*
                _ => unreachable!("as many variables as the checks allow"),
            }
        };
    }
    by_size!(1 2 3 4 5 6)
}

fn page_of(system: &'static System) -> ModelSpec {
    let variable = |name: &'static String| VariableSpec { name, unit: "", rest: "0" };
    let parameter = |name: &'static String| ParamSpec {
        name,
        unit: "",
        default: None,
        range: ParamRange::Finite,
        meaning: "a parameter of the equations",
    };
    let mut parameters: Vec<ParamSpec> = system.parameters.iter().map(parameter).collect();
    if system.jumps.is_some() {
        parameters.push(REFRACTORY);
    }
    ModelSpec {
        parameters: parameters.leak(),
        variables: system.variables.iter().map(variable).collect::<Vec<_>>().leak(),
        receptors: if system.has_input() { &ReceptorKind::ALL } else { &[ReceptorKind::Delta] },
        ..page(0)
    }
}

impl<const RESETS: bool> UserDefined<RESETS> {
    fn new(system: &'static System, row: ParamRow<'_>) -> Result<Self, ParamError> {
        let parameters: Vec<f64> = system.parameters.iter().map(|name| row.get(name)).collect();
        let i_e = system.parameters.iter().position(|name| name == CONSTANT_CURRENT).map(|at| parameters[at]);
        let t_ref = if RESETS { row.get(T_REF) } else { 0.0 };
        let meanings = system.meanings(&parameters);
        let program = |formulas: &[Formula]| {
            Program::new(formulas, &meanings, system.variables.len() + 1)
                .ok_or_else(|| ParamError::new("variables", f64::NAN, "simpler formulas"))
        };
        let v_th = program(std::slice::from_ref(&system.height))?.constant(0).unwrap_or(f64::NAN);
        if !v_th.is_finite() {
            let key = if RESETS { "threshold" } else { "crossing" };
            return Err(ParamError::new(key, v_th, "a finite number on its right"));
        }
        let rates = program(&system.rates)?;
        let mut model = UserDefined {
            least_order: taylor::LEAST_ORDER.max(rates.degree()),
            rates,
            jumps: system.jumps.as_deref().map(program).transpose()?,
            variables: system.variables.len(),
            common: Common { v_th, i_e: i_e.unwrap_or(0.0), t_ref },
            scales: [1.0; MOST_VARIABLES],
            time_scale: 1.0,
        };
        model.check_reset(&system.variables[0])?;
        model.estimate();
        Ok(model)
    }

    /// The reset of the first variable has to lead below threshold, as far as that can be told beforehand.
    fn check_reset(&self, membrane: &str) -> Result<(), ParamError> {
        let v_th = self.common.v_th;
        match self.jumps.as_ref().and_then(|jumps| jumps.constant(0)) {
            Some(reset) if reset >= v_th || reset.is_nan() => {
                let expected = format!("such that `{membrane}` comes below the threshold ({v_th})");
                Err(ParamError::new("reset", reset, expected))
            }
            _ => Ok(()),
        }
    }

    /// dx/dt without any input, in the user's variables.
    fn rates_at(&self, x: &[f64; MOST_VARIABLES]) -> [f64; MOST_VARIABLES] {
        let mut names = [0.0; MOST_VARIABLES + 1];
        names[..self.variables].copy_from_slice(&x[..self.variables]);
        values(&self.rates, &names[..=self.variables])
    }

    /// Sizes of the variables and the time in which things happen, from the equations between reset and threshold. A wrong
    /// size costs steps, not digits, unless it is far too large; sizes that are too small are safe.
    fn estimate(&mut self) {
        let v_th = self.common.v_th;
        let mut at_threshold = [0.0; MOST_VARIABLES];
        at_threshold[0] = v_th;
        let after = self.jumped(&at_threshold);
        let way = (v_th - after[0]).abs();
        let height = if way > 0.0 && way.is_finite() { way } else { v_th.abs().max(1.0) };
        let samples = SAMPLES.map(|part| {
            let mut x = [0.0; MOST_VARIABLES];
            x[0] = v_th - height * part;
            x
        });
        let step = SMALL * height;
        // Near the threshold of a steep upstroke the slope says nothing of the time at rest.
        let mut slopes = samples.map(|x| self.slopes(&x, 0, step)[0]);
        slopes.sort_by(f64::total_cmp);
        let usual = slopes[slopes.len() / 2];
        self.time_scale = if usual > 0.0 { (1.0 / usual).clamp(1e-3, 1e3) } else { 1.0 };
        self.scales[0] = height;
        for variable in 1..self.variables {
            let largest = |along: usize, of: usize, step: f64| {
                samples.iter().map(|x| self.slopes(x, along, step)[of]).fold(0.0, f64::max)
            };
            let (pull, own) = (largest(0, variable, step), largest(variable, variable, SMALL));
            let answer = if own > 0.0 { pull * height / own } else { pull * height * self.time_scale };
            let jump = (after[variable] - at_threshold[variable]).abs();
            let size = if answer.is_finite() { answer.max(jump) } else { jump };
            self.scales[variable] = if size > 0.0 && size.is_finite() { size } else { 1.0 };
        }
    }

    /// The slopes of all rates along a variable, by difference quotients: only their sizes count.
    fn slopes(&self, x: &[f64; MOST_VARIABLES], along: usize, step: f64) -> [f64; MOST_VARIABLES] {
        let mut moved = *x;
        moved[along] += step;
        let (here, there) = (self.rates_at(x), self.rates_at(&moved));
        std::array::from_fn(|of| {
            let slope = ((there[of] - here[of]) / step).abs();
            if slope.is_finite() { slope } else { 0.0 }
        })
    }

    /// What a spike makes of the user's variables: all formulas see the values from before.
    fn jumped<const D: usize>(&self, x: &[f64; D]) -> [f64; D] {
        match &self.jumps {
            Some(jumps) => {
                let mut names = [0.0; MOST_VARIABLES + 1];
                names[..D].copy_from_slice(x);
                values(jumps, &names[..=self.variables])
            }
            None => *x,
        }
    }

    #[inline]
    fn all_rates<A: Arithmetic, const D: usize>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        current: A::Number,
    ) -> [A::Number; D] {
        let mut names = [current; MOST_VARIABLES + 1];
        names[..D].copy_from_slice(x);
        names[0] = x[0] + arithmetic.constant(self.common.v_th);
        self.rates.run(arithmetic, &names[..=D])
    }
}

/// The values of formulas.
fn values<const D: usize>(program: &Program, names: &[f64]) -> [f64; D] {
    with_slots(program.slots(), |slots| program.run(&mut Jets::new(slots), names))
}

/// More steps while the first variable is held are not getting anywhere.
const MOST_STEPS: usize = 100_000;

/// Where [`UserDefined::estimate`] looks: parts of the way from threshold to reset.
const SAMPLES: [f64; 5] = [0.25, 0.5, 0.75, 1.0, 1.25];

/// The step of difference quotients, as a part of the size.
const SMALL: f64 = 1e-3;

impl<const RESETS: bool, const D: usize> Dynamics<D> for UserDefined<RESETS> {
    const SPEC: ModelSpec = page(D);
    const RESETS: bool = RESETS;

    fn prepare(row: ParamRow<'_>) -> Result<Self, ParamError> {
        match row.system() {
            Some(system) => UserDefined::new(system, row),
            None => Err(ParamError::new("variables", f64::NAN, "equations")),
        }
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline]
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        current: A::Number,
    ) -> [A::Number; D] {
        self.all_rates(arithmetic, x, current)
    }

    fn scales(&self) -> [f64; D] {
        std::array::from_fn(|i| self.scales[i])
    }

    fn time_scale(&self) -> f64 {
        self.time_scale
    }

    fn least_order(&self) -> usize {
        self.least_order
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; D] {
        let mut x = std::array::from_fn(|i| given[i].unwrap_or(0.0));
        x[0] -= self.common.v_th;
        x
    }

    fn reset(&self, x: &mut [f64; D]) {
        x[0] += self.common.v_th;
        *x = self.jumped(x);
        x[0] -= self.common.v_th;
    }

    fn flow_clamped(&self, x: &mut [f64; D], dt_ms: f64) {
        if D == 1 || dt_ms <= 0.0 {
            return;
        }
        let field = Held(self);
        let mut done_ms = 0.0;
        for _ in 0..MOST_STEPS {
            let rest_ms = dt_ms - done_ms;
            let series = with_slots(self.rates.slots(), |slots| {
                taylor::expand(&field, *x, &Nothing, slots, Some(rest_ms))
            });
            let step_ms = if series.step >= rest_ms { rest_ms } else { series.step };
            if step_ms.is_nan() || done_ms + step_ms <= done_ms {
                break;
            }
            *x = series.at(step_ms);
            if step_ms == rest_ms {
                return;
            }
            done_ms += step_ms;
        }
        // Whoever asks for the next crossing is told.
        *x = [f64::NAN; D];
    }

    fn wait(&self, x: &[f64; D], drive: &Envelope<'_>) -> f64 {
        self.least_climb(x, drive)
    }

    fn is_upstroke(&self, x: &[f64; D], drive: &Envelope<'_>) -> bool {
        self.certainly_rises(x, drive)
    }

    fn slots(&self) -> usize {
        self.rates.slots()
    }
}

/// The equations while the first variable is held, without input.
struct Held<'a, const RESETS: bool>(&'a UserDefined<RESETS>);

impl<const RESETS: bool, const D: usize> VectorField<D> for Held<'_, RESETS> {
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        _given: &[A::Number; GIVEN],
    ) -> [A::Number; D] {
        let nothing = arithmetic.constant(0.0);
        let mut rates = self.0.all_rates(arithmetic, x, nothing);
        rates[0] = nothing;
        rates
    }

    fn scales(&self) -> [f64; D] {
        Dynamics::<D>::scales(self.0)
    }

    fn time_scale(&self) -> f64 {
        self.0.time_scale
    }

    fn least_order(&self) -> usize {
        self.0.least_order
    }
}
