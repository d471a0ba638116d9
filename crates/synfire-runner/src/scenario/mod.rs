//! A scenario: network, drive, what is recorded and what must come out. One to one with `docs/scenario.md`.
//!
//! A `Scenario` has been checked: names are resolved to indices, ids are in range, parameters in their ranges as far as
//! they are written in the file. Units are the format's: ms, mV, pA, nS, pF, Hz.

mod check;
mod draft;
mod drive;
mod equations;
mod excerpt;
mod expect;
mod fields;
mod files;
mod formulas;
pub mod json;
mod keys;
mod limits;
mod load;
pub mod models_page;
mod names;
mod populations;
pub mod problem;
mod projections;
mod quantity;
mod rates;
mod receptors;
mod schema;
mod syntax;
mod trains;
mod values;

pub use expect::time_of_digits;
pub use limits::{Limits, Needs};
pub use load::{LoadError, check, load, load_within};
pub(crate) use names::suggestion;
pub use problem::{Problem, ProblemKind, Problems};
pub use schema::schema;

use std::path::PathBuf;
use synfire_core::Time;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::Receptor;

/// A whole scenario.
#[derive(Debug)]
pub struct Scenario {
    /// The file that it was read from; other files are named relative to its folder.
    pub path: PathBuf,
    /// Its text, as read.
    pub text: String,
    /// `name`, or the file's name.
    pub name: String,
    /// `seed`.
    pub seed: u64,
    /// `duration`: spikes at or after it are not part of the run.
    pub duration: Time,
    /// `populations`, in the order of the file, which matters.
    pub populations: Vec<Population>,
    /// `projections`, in the order of the file, which matters.
    pub projections: Vec<Projection>,
    /// `stimuli`.
    pub stimuli: Vec<Stimulus>,
    /// `record`.
    pub record: Record,
    /// `expect`.
    pub expect: Option<Expect>,
}

/// A population.
#[derive(Debug)]
pub struct Population {
    /// Its name.
    pub name: String,
    /// How many neurons.
    pub size: usize,
    /// Its model.
    pub model: &'static ModelEntry,
    /// One quantity per parameter of the model, in the order of its page; defaults are filled in.
    pub parameters: Vec<Quantity>,
    /// The lists of the model, by name, as [`synfire_core::spec::ListShape`] says.
    pub lists: Vec<(&'static str, Vec<f64>)>,
    /// Spike trains of a `spike_source`.
    pub spike_times: SpikeTimes,
    /// `receptors`, in the order of the file.
    pub receptors: Vec<Receptor>,
    /// `initial`, by index of the variable (`synfire_core::receptor::variable_names`).
    pub initial: Vec<(usize, Quantity)>,
}

impl Population {
    /// True for population rates.
    pub fn is_rate(&self) -> bool {
        self.model.rates.is_some()
    }

    /// True for population rates whose gain is a Heaviside function: it switches.
    pub fn has_switches(&self) -> bool {
        self.is_rate() && is_heaviside(self.model, &self.parameters)
    }
}

/// Whether the gain of a rate population is a Heaviside function: a sigmoid of infinite slope.
fn is_heaviside(model: &ModelEntry, parameters: &[Quantity]) -> bool {
    let mut named = model.spec.parameters.iter().zip(parameters);
    named.any(|(spec, value)| spec.name == "slope" && *value == Quantity::Number(f64::INFINITY))
}

/// The spike trains of a population.
#[derive(Clone, Debug, PartialEq)]
pub enum SpikeTimes {
    /// Not a `spike_source`.
    None,
    /// `times`: one array a neuron, ms, rising.
    Inline(Vec<Vec<f64>>),
    /// `times_file`, and the name of the population in it.
    File {
        /// The file.
        path: PathBuf,
        /// `times_population`: which population of the file; by default this population's own name.
        population: Option<String>,
    },
}

/// A number for every neuron or synapse.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// The same for all.
    Number(f64),
    /// One each.
    Array(Vec<f64>),
    /// Drawn once for each, from the seed.
    Distribution(Distribution),
}

/// A distribution, with what is drawn again: values outside `clip`.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The law.
    pub law: Law,
    /// Lowest and highest value allowed.
    pub clip: Option<(f64, f64)>,
}

/// The law of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Between two numbers, the lower included.
    Uniform(f64, f64),
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// Mean and standard deviation of the logarithm.
    Lognormal(f64, f64),
    /// Mean.
    Exponential(f64),
}

/// A projection.
#[derive(Debug)]
pub struct Projection {
    /// Index of the source population.
    pub source: usize,
    /// Index of the target population.
    pub target: usize,
    /// Index of the receptor of the target; 0 for rates, which have none.
    pub receptor: usize,
    /// Who is connected.
    pub rule: Rule,
    /// Whether a neuron may connect to itself (`source` and `target` the same population); not for `explicit`.
    pub autapses: bool,
    /// Whether two neurons may have more than one synapse, where the rule can make them; not for `explicit`.
    pub multapses: bool,
    /// `blocks`: source and target population consist of so many equal blocks, and the rule is applied in each.
    pub blocks: usize,
    /// Weights; an array is in the order of the pairs. NaN where a file of pairs has to have them.
    pub weight: Quantity,
    /// Delays, ms; an array is in the order of the pairs. NaN where a file of pairs has to have them.
    pub delay: Quantity,
    /// To which precision weights and delays are rounded where each synapse has its own.
    pub precision: Precision,
    /// Whether its synapses are kept.
    pub storage: Storage,
}

/// What becomes of the synapses of a projection once they have been drawn. Both give the same spikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// They are kept.
    #[default]
    Stored,
    /// Those of a source are drawn again from the seed whenever it spikes.
    Procedural,
}

impl Storage {
    /// What a scenario calls them.
    pub const NAMES: [(&'static str, Storage); 2] =
        [("stored", Storage::Stored), ("procedural", Storage::Procedural)];
}

/// The precision of stored numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Double,
    /// 32 bits.
    Single,
}

impl Precision {
    /// What a scenario calls them.
    pub const NAMES: [(&'static str, Precision); 2] =
        [("f64", Precision::Double), ("f32", Precision::Single)];

    /// The bytes of a number.
    pub fn bytes(self) -> f64 {
        match self {
            Precision::Double => 8.0,
            Precision::Single => 4.0,
        }
    }
}

/// Who is connected to whom.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Every source to every target.
    AllToAll,
    /// Source i to target i.
    OneToOne,
    /// Listed pairs of source and target.
    Explicit(Pairs),
    /// Every target has `k` sources.
    FixedInDegree(usize),
    /// Every source has `k` targets.
    FixedOutDegree(usize),
    /// So many synapses in all.
    FixedTotalNumber(usize),
    /// Each pair with this probability.
    PairwiseBernoulli(f64),
}

impl Rule {
    /// The names of those that draw the synapses of each source by themselves, as `"storage": "procedural"` needs.
    pub const BY_SOURCE: &'static [&'static str] =
        &["all_to_all", "one_to_one", "fixed_out_degree", "pairwise_bernoulli"];

    /// The name in scenario files.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::AllToAll => "all_to_all",
            Rule::OneToOne => "one_to_one",
            Rule::Explicit(_) => "explicit",
            Rule::FixedInDegree(_) => "fixed_in_degree",
            Rule::FixedOutDegree(_) => "fixed_out_degree",
            Rule::FixedTotalNumber(_) => "fixed_total_number",
            Rule::PairwiseBernoulli(_) => "pairwise_bernoulli",
        }
    }
}

/// The pairs of an `explicit` projection.
#[derive(Clone, Debug, PartialEq)]
pub enum Pairs {
    /// `pairs`.
    Inline(Vec<[u32; 2]>),
    /// `file`; it may also hold weights and delays, which then stand for those of the projection.
    File(PathBuf),
}

/// A `current_step`.
#[derive(Debug)]
pub struct Stimulus {
    /// Index of the population.
    pub population: usize,
    /// The neurons; `None` for all.
    pub ids: Option<Vec<u32>>,
    /// From when on.
    pub at: Time,
    /// Until when; `Time::NEVER` if not given.
    pub until: Time,
    /// What is added, pA (or normalised).
    pub amplitude: f64,
}

/// What is recorded.
#[derive(Debug, Default)]
pub struct Record {
    /// Indices of the populations whose spikes are kept.
    pub spikes: Vec<usize>,
    /// Indices of the rate populations whose gain switches are kept.
    pub switches: Vec<usize>,
    /// State variables.
    pub states: Vec<RecordedStates>,
}

/// State variables of some neurons, at multiples of an interval from 0 to before the end of the run.
#[derive(Debug)]
pub struct RecordedStates {
    /// Index of the population.
    pub population: usize,
    /// The neurons; `None` for all.
    pub ids: Option<Vec<u32>>,
    /// Indices of the variables.
    pub variables: Vec<usize>,
    /// The interval, ms.
    pub every: f64,
}

/// What must come out.
#[derive(Debug, Default)]
pub struct Expect {
    /// ms; 0 means the same bits.
    pub tolerance: f64,
    /// Spike trains by index of the population: one list a neuron.
    pub spikes: Vec<(usize, Vec<Vec<ExpectedTime>>)>,
    /// A file of spikes, judged for the populations that are in it.
    pub spikes_file: Option<PathBuf>,
    /// Gain switches by index of the rate population: one list of times a unit.
    pub switches: Vec<(usize, Vec<Vec<ExpectedTime>>)>,
    /// Gains at t = 0 by index of the rate population: one a unit.
    pub initial_gain: Vec<(usize, Vec<f64>)>,
    /// Values of state variables.
    pub states: Vec<ExpectedState>,
    /// In the variables' units.
    pub state_tolerance: f64,
    /// Mean rates.
    pub rates: Vec<ExpectedRate>,
}

/// A spike time as expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExpectedTime {
    /// A JSON number: the nearest double, ms.
    Number(f64),
    /// A decimal string, rounded to the clock.
    Digits(Time),
}

/// The value of a state variable, after everything that happens at its time.
#[derive(Debug)]
pub struct ExpectedState {
    /// Index of the population.
    pub population: usize,
    /// The neuron.
    pub id: u32,
    /// Index of the variable.
    pub variable: usize,
    /// When.
    pub at: Time,
    /// Its value, in its unit.
    pub value: f64,
}

/// A mean rate over the run.
#[derive(Debug)]
pub struct ExpectedRate {
    /// Index of the population.
    pub population: usize,
    /// The neurons over which the mean is taken; `None` for all.
    pub ids: Option<Vec<u32>>,
    /// Hz.
    pub rate: f64,
    /// Hz.
    pub tolerance: f64,
    /// The mean coefficient of variation of their interspike intervals, and by how much it may differ.
    pub cv: Option<(f64, f64)>,
}
