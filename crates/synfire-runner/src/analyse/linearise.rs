//! Smooth neurons made piecewise linear, and how far their spikes then move.

use super::{Subject, SubjectError};
use crate::catalogue;
use serde_json::{Map, Value, json};
use synfire_core::Time;
use synfire_core::engine::{Options, Simulation};
use synfire_core::group::PopulationSetup;
use synfire_core::network::Network;
use synfire_core::observer::Raster;
use synfire_core::spec::{Column, ParamError, ParamTable};
use synfire_numerics::math;
use synfire_pwl::approximation::{Approximation, best};

/// The models that can be made piecewise linear: those whose only nonlinearity is a function of v.
pub const MODELS: [&str; 4] = ["qif_normalised", "qif", "eif", "fitzhugh_nagumo"];

/// A smooth neuron as f(v) and the piecewise-linear model that takes its place.
struct Shape {
    f: Box<dyn Fn(f64) -> f64>,
    /// Where v goes.
    range: (f64, f64),
    model: &'static str,
    numbers: Vec<(&'static str, f64)>,
    /// Its variables at the start.
    start: Vec<f64>,
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

/// A smooth neuron and its piecewise-linear ones.
#[derive(Debug)]
pub struct Comparison {
    /// The neuron.
    pub subject: Subject,
    /// Over which v it was approximated.
    pub range: (f64, f64),
    /// Its own spikes, ms.
    pub spikes: Vec<f64>,
    /// By rising number of pieces.
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
    let shape = shape(&subject)?;
    let (low, high) = range.unwrap_or(shape.range);
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(SubjectError::Range(low, high));
    }
    // Both start from the same place: what the scenario gives, else the reset, or 0.
    let mut setup = subject.setup.clone();
    for variable in 0..shape.start.len() {
        if setup.initial.iter().all(|given| given.0 != variable) {
            setup.initial.push((variable, Column::Same(shape.start[variable])));
        }
    }
    let spikes = run(subject.model, &setup, duration)?;
    let mut linearised = Vec::new();
    for &pieces in pieces {
        let approximation = best(&shape.f, low, high, pieces);
        let (points, slopes) = (approximation.function.points(), approximation.function.slopes());
        let mut neuron = Map::new();
        neuron.insert("model".to_owned(), json!(shape.model));
        for &(name, value) in &shape.numbers {
            neuron.insert(name.to_owned(), json!(value));
        }
        neuron.insert("points".to_owned(), json!(points));
        neuron.insert("slopes".to_owned(), json!(slopes));
        let spikes = run(shape.model, &pwl_setup(&shape, points, slopes, &setup), duration)?;
        linearised.push(Linearised { pieces, approximation, neuron: Value::Object(neuron), spikes });
    }
    Ok(Comparison { subject, range: (low, high), spikes, linearised })
}

/// What the piecewise-linear neuron is made from.
fn pwl_setup(
    shape: &Shape,
    points: &[[f64; 2]],
    slopes: [f64; 2],
    smooth: &PopulationSetup,
) -> PopulationSetup {
    let entry = catalogue::find(shape.model).expect("a model of the catalogue");
    let mut parameters = ParamTable::defaults(entry.spec.parameters);
    for &(name, value) in &shape.numbers {
        parameters.set(name, Column::Same(value));
    }
    parameters.set_list("points", points.concat());
    parameters.set_list("slopes", slopes.to_vec());
    PopulationSetup { parameters, ..smooth.clone() }
}

/// The spikes of one neuron alone, ms.
fn run(model: &str, setup: &PopulationSetup, until: Time) -> Result<Vec<f64>, SubjectError> {
    let failed = |why: String| SubjectError::Run(format!("{model}: {why}"));
    let entry = catalogue::find(model).ok_or_else(|| failed("not in this build".to_owned()))?;
    let group = (entry.build)(setup).map_err(|error| failed(error.to_string()))?;
    let network = Network { groups: vec![group], projections: Vec::new() };
    let mut simulation = Simulation::new(network, Vec::new(), &Options::default())
        .map_err(|error| failed(error.to_string()))?;
    let mut raster = Raster::default();
    simulation.run(until, &mut raster).map_err(|error| failed(error.to_string()))?;
    Ok(raster.spikes.iter().map(|spike| spike.0.as_ms()).collect())
}

fn shape(subject: &Subject) -> Result<Shape, SubjectError> {
    let row = subject.setup.parameters.row(0);
    let get = |name: &str| row.get(name);
    let one_dimensional = |f: Box<dyn Fn(f64) -> f64>, current: f64| Shape {
        f,
        range: (get("v_reset"), get("v_peak")),
        model: "pwl_integrate_and_fire",
        numbers: vec![
            ("v_th", get("v_peak")),
            ("v_reset", get("v_reset")),
            ("t_ref", get("t_ref")),
            ("i_e", current),
        ],
        start: vec![get("v_reset")],
    };
    match subject.model {
        "qif_normalised" => Ok(one_dimensional(Box::new(|v| v * v), get("i_e"))),
        "qif" => {
            let (gain, rest, crit) = (get("k") / get("c_m"), get("v_rest"), get("v_crit"));
            let f = move |v: f64| gain * (v - rest) * (v - crit);
            Ok(one_dimensional(Box::new(f), get("i_e") / get("c_m")))
        }
        "eif" => {
            let (rate, e_l, delta_t, v_t) = (get("g_l") / get("c_m"), get("e_l"), get("delta_t"), get("v_t"));
            let f = move |v: f64| rate * (delta_t * math::exp((v - v_t) / delta_t) - (v - e_l));
            Ok(one_dimensional(Box::new(f), get("i_e") / get("c_m")))
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
            if b == 0.0 {
                return Err(ParamError::new("b", b, "a number other than 0").into());
            }
            let cubic = |v: f64| v - v * v * v / 3.0;
            Ok(Shape { f: Box::new(cubic), range: (-2.2, 2.2), model: "pwl_planar", numbers, start: vec![0.0, 0.0] })
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
    /// How many spikes both neurons have.
    fn common(&self, one: &Linearised) -> usize {
        self.spikes.len().min(one.spikes.len())
    }

    /// The row of one number of pieces: pieces, mean and largest error of f, period and its error, shift of the first and of
    /// the last spike that both have.
    pub fn row(&self, one: &Linearised) -> [Option<f64>; 6] {
        let period = |spikes: &[f64]| match spikes {
            [.., before, last] => Some(last - before),
            _ => None,
        };
        let common = self.common(one);
        let shift = |index: usize| Some(one.spikes.get(index)? - self.spikes.get(index)?);
        let (own, found) = (period(&self.spikes[..common]), period(&one.spikes[..common]));
        [
            Some(one.approximation.mean_error),
            Some(one.approximation.largest_error),
            found,
            own.zip(found).map(|(own, found)| found - own),
            shift(0),
            common.checked_sub(1).and_then(shift),
        ]
    }
}
