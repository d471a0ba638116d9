//! Smooth neurons made piecewise linear, and how far their spikes then move.

use super::{Subject, SubjectError};
use crate::catalogue;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;
use synfire_core::Time;
use synfire_core::engine::{Options, Simulation};
use synfire_core::group::PopulationSetup;
use synfire_core::network::Network;
use synfire_core::observer::Raster;
use synfire_core::spec::{Column, ParamError, ParamTable};
use synfire_numerics::math;
use synfire_pwl::approximation::{Approximation, best};
use synfire_pwl::pieces::PiecewiseLinear;

/// The models that can be made piecewise linear: those whose only nonlinearity is a function of v.
pub const MODELS: [&str; 4] = ["qif_normalised", "qif", "eif", "fitzhugh_nagumo"];

/// Where the cubic nullcline is approximated unless told otherwise: a little beyond the largest oscillations.
const CUBIC: (f64, f64) = (-2.2, 2.2);

/// How far above v_t an exponential is approximated unless told otherwise, in units of delta_t.
const UPSTROKE: f64 = 6.0;

/// A smooth neuron as f(v) and the piecewise-linear model that takes its place.
struct Shape {
    f: Box<dyn Fn(f64) -> f64>,
    /// Where v goes.
    range: (f64, f64),
    model: &'static str,
    numbers: Vec<(&'static str, f64)>,
    /// Its variables, and where they start unless the scenario says so.
    start: Vec<(&'static str, f64)>,
}

/// A piecewise-linear neuron in the place of a smooth one.
#[derive(Debug)]
pub struct Linearised {
    /// How many pieces.
    pub pieces: usize,
    /// Its f, and how far that is off.
    pub approximation: Approximation,
    /// `neuron` of a scenario.
    pub neuron: Value,
    /// Its spikes, ms.
    pub spikes: Vec<f64>,
}

/// How far spikes are from those of the smooth neuron; none where there are too few.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The last interval that both have, of the piecewise-linear neuron, ms.
    pub period_ms: Option<f64>,
    /// How much longer that is than the smooth neuron's, ms.
    pub period_by_ms: Option<f64>,
    /// How much later the first spike comes, ms.
    pub first_by_ms: Option<f64>,
    /// How much later the last spike that both have comes, ms.
    pub last_by_ms: Option<f64>,
}

/// A smooth neuron and its piecewise-linear ones.
#[derive(Debug)]
pub struct Comparison {
    /// The neuron.
    pub subject: Subject,
    /// Over which v it was approximated.
    pub range: (f64, f64),
    /// Where all start: its variables.
    pub variables: Vec<(&'static str, f64)>,
    /// How long they run.
    pub duration: Time,
    /// Its own spikes, ms.
    pub spikes: Vec<f64>,
    /// As asked for, by rising number of pieces.
    pub linearised: Vec<Linearised>,
}

/// Makes a neuron piecewise linear with each of these numbers of pieces, over `range` or from reset to threshold, and runs
/// all of them for `duration` ms from the same start under the same constant current.
///
/// # Errors
/// A range that is none (an infinite peak needs one), a neuron that cannot be run.
pub fn linearise(
    subject: Subject,
    pieces: &[usize],
    range: Option<(f64, f64)>,
    duration: Time,
) -> Result<Comparison, SubjectError> {
    let shape = shape(&subject, range)?;
    let (low, high) = shape.range;
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(SubjectError::Range(low, high));
    }
    // All start from the same place: what the scenario gives, else the reset, or 0.
    let mut setup = subject.setup.clone();
    let mut variables = Vec::new();
    for (variable, (name, usual)) in shape.start.iter().copied().enumerate() {
        let given = setup.initial.iter().find(|given| given.0 == variable).map(|given| given.1.at(0));
        variables.push((name, given.unwrap_or(usual)));
    }
    let initial = variables.iter().map(|variable| Column::Same(variable.1));
    setup.initial = initial.enumerate().collect();
    let spikes = run(subject.model, &setup, duration)?;
    let mut linearised = Vec::new();
    for &pieces in pieces {
        let approximation = best(&shape.f, low, high, pieces);
        let parameters = parameters(&shape, &approximation.function);
        let neuron = neuron_json(shape.model, &parameters);
        let spikes = run(shape.model, &PopulationSetup { parameters, ..setup.clone() }, duration)?;
        linearised.push(Linearised { pieces, approximation, neuron, spikes });
    }
    Ok(Comparison { subject, range: (low, high), variables, duration, spikes, linearised })
}

/// The parameters of the piecewise-linear neuron.
fn parameters(shape: &Shape, f: &PiecewiseLinear) -> ParamTable {
    let entry = catalogue::find(shape.model).expect("a model of the catalogue");
    let mut table = ParamTable::defaults(entry.spec.parameters);
    for &(name, value) in &shape.numbers {
        table.set(name, Column::Same(value));
    }
    table.set_list("points", f.points().concat());
    table.set_list("slopes", f.slopes().to_vec());
    table
}

/// The spikes of one neuron alone, ms.
fn run(model: &str, setup: &PopulationSetup, until: Time) -> Result<Vec<f64>, SubjectError> {
    let failed = |why: String| SubjectError::Run(format!("{model}: {why}"));
    let entry = catalogue::find(model).ok_or_else(|| failed("not in this build".to_owned()))?;
    let group = (entry.build)(setup).map_err(|error| failed(error.to_string()))?;
    let network = Network { groups: vec![group], projections: Vec::new(), rates: None };
    let mut simulation = Simulation::new(network, Vec::new(), &Options::default())
        .map_err(|error| failed(error.to_string()))?;
    let mut raster = Raster::default();
    simulation.run(until, &mut raster).map_err(|error| failed(error.to_string()))?;
    Ok(raster.spikes.iter().map(|spike| spike.0.as_ms()).collect())
}

/// The neuron as f(v), over `range` if that is given, else from reset, or where it starts if that is lower, to
/// threshold.
fn shape(subject: &Subject, range: Option<(f64, f64)>) -> Result<Shape, SubjectError> {
    let row = subject.setup.parameters.row(0);
    let get = |name: &str| row.get(name);
    // What lies at infinity is cut off at the ends of the range.
    let cut = |v: f64| match range {
        Some((low, high)) if v.is_infinite() => v.clamp(low, high),
        _ => v,
    };
    let given = subject.setup.initial.iter().find(|given| given.0 == 0).map(|given| given.1.at(0));
    let lowest = |reset: f64| given.map_or(reset, |start| start.min(reset));
    let one_dimensional = |f: Box<dyn Fn(f64) -> f64>, upper: f64, current: f64| Shape {
        f,
        range: range.unwrap_or((lowest(get("v_reset")), upper)),
        model: "pwl_integrate_and_fire",
        numbers: vec![
            ("v_th", cut(get("v_peak"))),
            ("v_reset", cut(get("v_reset"))),
            ("t_ref", get("t_ref")),
            ("i_e", current),
        ],
        start: vec![("v", cut(get("v_reset")))],
    };
    match subject.model {
        "qif_normalised" => Ok(one_dimensional(Box::new(|v| v * v), get("v_peak"), get("i_e"))),
        "qif" => {
            let (gain, rest, crit) = (get("k") / get("c_m"), get("v_rest"), get("v_crit"));
            let f = move |v: f64| gain * (v - rest) * (v - crit);
            Ok(one_dimensional(Box::new(f), get("v_peak"), get("i_e") / get("c_m")))
        }
        "eif" => {
            let (rate, e_l, delta_t, v_t) = (get("g_l") / get("c_m"), get("e_l"), get("delta_t"), get("v_t"));
            let f = move |v: f64| rate * (delta_t * math::exp((v - v_t) / delta_t) - (v - e_l));
            // Further up the exponential would take all pieces for a part of the spike that takes no time.
            let upper = get("v_peak").min(v_t + UPSTROKE * delta_t);
            Ok(one_dimensional(Box::new(f), upper, get("i_e") / get("c_m")))
        }
        "fitzhugh_nagumo" => {
            let (a, b, epsilon) = (get("a"), get("b"), get("epsilon"));
            // epsilon (v + a - b w) = epsilon b (v/b - w + a/b)
            let numbers = vec![
                ("epsilon", epsilon * b),
                ("b", 1.0 / b),
                ("c", a / b),
                ("v_th", get("v_th")),
                ("i_e", get("i_e")),
            ];
            if b <= 0.0 {
                return Err(ParamError::new("b", b, "a number greater than 0").into());
            }
            let cubic = |v: f64| v - v * v * v / 3.0;
            Ok(Shape {
                f: Box::new(cubic),
                range: range.unwrap_or(CUBIC),
                model: "pwl_planar",
                numbers,
                start: vec![("v", 0.0), ("w", 0.0)],
            })
        }
        model => Err(SubjectError::OtherModel {
            population: subject.population.clone(),
            model,
            what: "made piecewise linear",
            models: MODELS.join(", "),
        }),
    }
}

impl Comparison {
    /// How a piecewise-linear neuron's spikes differ, as far as both have them.
    pub fn moved(&self, one: &Linearised) -> Moved {
        let common = self.spikes.len().min(one.spikes.len());
        let period = |spikes: &[f64]| match spikes[..common] {
            [.., before, last] => Some(last - before),
            _ => None,
        };
        let by = |index: usize| Some(one.spikes.get(index)? - self.spikes.get(index)?);
        let period_ms = period(&one.spikes);
        Moved {
            period_ms,
            period_by_ms: period_ms.zip(period(&self.spikes)).map(|(found, own)| found - own),
            first_by_ms: by(0),
            last_by_ms: common.checked_sub(1).and_then(by),
        }
    }

    /// All numbers.
    pub fn json(&self) -> Value {
        let linearised = self.linearised.iter().map(|one| {
            let moved = self.moved(one);
            json!({
                "pieces": one.pieces,
                "mean_error": one.approximation.mean_error,
                "largest_error": one.approximation.largest_error,
                "neuron": one.neuron,
                "spikes": one.spikes,
                "period_ms": moved.period_ms,
                "period_by_ms": moved.period_by_ms,
                "first_by_ms": moved.first_by_ms,
                "last_by_ms": moved.last_by_ms,
            })
        });
        json!({
            "population": self.subject.population,
            "neuron": self.subject.neuron,
            "model": self.subject.model,
            "range": [self.range.0, self.range.1],
            "spikes": self.spikes,
            "linearised": linearised.collect::<Vec<_>>(),
        })
    }

    /// A scenario in which the neuron and all piecewise-linear ones run side by side, each a population of its own.
    pub fn scenario(&self) -> Value {
        let variables: Vec<&str> = self.variables.iter().map(|variable| variable.0).collect();
        let initial: Map<String, Value> =
            self.variables.iter().map(|&(name, value)| (name.to_owned(), json!(value))).collect();
        let own = (
            self.subject.population.clone(),
            neuron_json(self.subject.model, &self.subject.setup.parameters),
        );
        let others = self
            .linearised
            .iter()
            .map(|one| (format!("{}-pieces-{}", self.subject.population, one.pieces), one.neuron.clone()));
        let all: Vec<(String, Value)> = [own].into_iter().chain(others).collect();
        let every = self.duration.as_ms() / STATES;
        let states =
            all.iter().map(|(name, _)| json!({ "population": name, "variables": variables, "every": every }));
        let record = json!({
            "spikes": all.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "states": states.collect::<Vec<_>>(),
        });
        let population = |neuron: &Value| json!({ "size": 1, "neuron": neuron, "initial": initial });
        let populations: Map<String, Value> =
            all.iter().map(|(name, neuron)| (name.clone(), population(neuron))).collect();
        json!({
            "synfire": 1,
            "name": format!("{} made piecewise linear", self.subject.model),
            "duration": self.duration.as_ms(),
            "populations": populations,
            "record": record,
        })
    }

    /// Writes that scenario; what was there is replaced, at once.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SubjectError> {
        let partial = path.with_extension("partial");
        let text = format!("{:#}\n", self.scenario());
        let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, path));
        written.map_err(|source| SubjectError::Write { path: path.to_owned(), source })
    }
}

/// States recorded of each neuron.
const STATES: f64 = 1000.0;

/// `neuron` of a scenario with these parameters of the first neuron.
fn neuron_json(model: &str, table: &ParamTable) -> Value {
    let mut neuron = Map::new();
    neuron.insert("model".to_owned(), json!(model));
    for (spec, column) in table.specs.iter().zip(&table.columns) {
        let value = match column.at(0) {
            f64::INFINITY => json!("inf"),
            f64::NEG_INFINITY => json!("-inf"),
            absent if absent.is_nan() => continue,
            value => json!(value),
        };
        neuron.insert(spec.name.to_owned(), value);
    }
    let pairs = |numbers: &[f64]| json!(numbers.chunks(2).collect::<Vec<_>>());
    for (name, numbers) in &table.lists {
        neuron.insert((*name).to_owned(), if *name == "points" { pairs(numbers) } else { json!(numbers) });
    }
    Value::Object(neuron)
}
