//! The keys of the format: the one list that checks files, suggests names and becomes the JSON schema.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ListShape, ModelSpec, ParamRange};

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    pub shape: Shape,
    /// What it means, with the unit unless that is in `unit`.
    pub meaning: &'static str,
    pub unit: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Not looked at.
    Ignored,
    /// The version of the format.
    Version,
    /// A string.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number of at least this.
    Whole(u64),
    /// A number.
    Number(Bound),
    /// A number, or a string of decimal digits.
    Digits,
    /// A number, an array of numbers or a distribution.
    Quantity(Bound),
    /// Two numbers.
    Two,
    /// A list of a neuron model.
    List(ListShape),
    /// Different neurons of a population.
    Ids,
    /// Pairs of source and target.
    Pairs,
    /// One array of rising times a neuron.
    Trains,
    /// A list of names.
    Names,
    /// An object with these keys.
    Object(&'static [Key]),
    /// A list of objects with these keys.
    Objects(&'static [Key]),
    /// Named quantities.
    Quantities,
    /// Named formulas.
    Formulas,
    /// Named populations, each with [`POPULATION`].
    Populations,
    /// By population, one array of rising times a neuron; times also as strings of decimal digits.
    NamedTrains,
    /// Named receptors, each with [`receptor_keys`].
    Receptors,
    /// A neuron model with [`neuron_keys`].
    Neuron,
    /// A rule with one of [`RULES`].
    Connect,
    /// A gain with one of [`GAINS`].
    Gain,
    /// By population, one number from 0 to 1 a unit.
    NamedGains,
}

/// What a number must keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    Range(ParamRange),
    /// From 0 to 1.
    Probability,
}

/// Bounds by short names, for the tables.
const ANY: Bound = Bound::FINITE;
const POSITIVE: Bound = Bound::Range(ParamRange::Positive);
const NOT_NEGATIVE: Bound = Bound::Range(ParamRange::NotNegative);

impl Key {
    /// The key, what it means and its unit.
    pub fn about(&self) -> String {
        format!("`{}`: {}", self.name, self.meaning_with_unit())
    }

    /// What it means and its unit.
    pub fn meaning_with_unit(&self) -> String {
        let separator = if self.unit.is_empty() { "" } else { ", " };
        format!("{}{separator}{}", self.meaning, self.unit)
    }
}

impl Bound {
    pub const FINITE: Bound = Bound::Range(ParamRange::Finite);

    pub fn contains(self, value: f64) -> bool {
        match self {
            Bound::Range(range) => range.contains(value),
            Bound::Probability => (0.0..=1.0).contains(&value),
        }
    }

    /// In words that follow "expected".
    pub fn describe(self) -> &'static str {
        match self {
            Bound::Range(range) => range.describe(),
            Bound::Probability => "a number from 0 to 1",
        }
    }
}

const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, required: true, shape, meaning, unit: "" }
}

const fn optional(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, required: false, shape, meaning, unit: "" }
}

/// The file as a whole.
pub(super) const SCENARIO: &[Key] = &[
    required("synfire", Shape::Version, "version of the format: 1"),
    optional("name", Shape::Text, "a name for reports; the file's name if left out"),
    optional("seed", Shape::Whole(0), "where all random numbers come from; 0 if left out"),
    required(
        "duration",
        Shape::Number(POSITIVE),
        "simulated time, ms; spikes at or after it are not part of the run",
    ),
    required("populations", Shape::Populations, "populations by name; their order matters"),
    optional("projections", Shape::Objects(PROJECTION), "who reaches whom; the order matters"),
    optional("stimuli", Shape::Objects(STIMULUS), "currents that are switched on and off"),
    optional("record", Shape::Object(RECORD), "what is recorded"),
    optional("expect", Shape::Object(EXPECT), "what must come out"),
    optional("description", Shape::Ignored, "words; not read"),
    optional("provenance", Shape::Ignored, "where it comes from; not read"),
    optional("licence", Shape::Ignored, "not read"),
    optional("citation", Shape::Ignored, "not read"),
    optional("conditioning", Shape::Ignored, "how errors grow; not read"),
    optional("analytic", Shape::Ignored, "numbers that have a formula; not read"),
];

/// A population.
pub(super) const POPULATION: &[Key] = &[
    required("size", Shape::Whole(1), "how many neurons; ids are 0 to size - 1"),
    required("neuron", Shape::Neuron, "the model and its parameters"),
    optional("receptors", Shape::Receptors, "receptors by name"),
    optional("initial", Shape::Quantities, "state variables at t = 0; what is left out rests"),
    INPUT,
];

/// What populations of rates have besides.
pub(super) const INPUT: Key =
    optional("input", Shape::Quantity(ANY), "rate populations: the input of each unit");

/// The laws of distributions.
pub(super) const LAWS: &[Key] = &[
    optional("uniform", Shape::Two, "[lo, hi]"),
    optional("normal", Shape::Two, "[mean, sd]"),
    optional("lognormal", Shape::Two, "[mu, sigma], mean and sd of the logarithm"),
    optional("exponential", Shape::Number(POSITIVE), "mean"),
];

/// A distribution: one law, and what is drawn again.
pub(super) const DISTRIBUTION: &[Key] = &[
    LAWS[0],
    LAWS[1],
    LAWS[2],
    LAWS[3],
    optional("clip", Shape::Two, "[lo, hi]: values outside are drawn again"),
];

/// A projection.
pub(super) const PROJECTION: &[Key] = &[
    required("source", Shape::Text, "the population whose spikes are sent"),
    required("target", Shape::Text, "the population that they reach"),
    // Required here but for targets that are rates.
    optional("receptor", Shape::Text, "the target's receptor"),
    required("connect", Shape::Connect, "who is connected to whom"),
    optional(
        "weight",
        Shape::Quantity(ANY),
        "in the receptor's unit (mV, pA or nS); an array is in the order of `pairs`",
    ),
    optional("delay", Shape::Quantity(NOT_NEGATIVE), "ms; an array is in the order of `pairs`"),
    optional(
        "precision",
        Shape::OneOf(PRECISIONS),
        "f32 rounds weights and delays that vary to single precision; f64 if left out",
    ),
    optional(
        "storage",
        Shape::OneOf(STORAGES),
        "procedural draws the synapses of a source again whenever it spikes; stored if left out",
    ),
];

/// The values of `storage`.
pub(super) const STORAGES: &[&str] = &["stored", "procedural"];

/// The values of `precision`.
pub(super) const PRECISIONS: &[&str] = &["f64", "f32"];

/// A stimulus.
pub(super) const STIMULUS: &[Key] = &[
    required("kind", Shape::Text, "current_step"),
    required("population", Shape::Text, "whose neurons"),
    optional("ids", Shape::Ids, "which neurons; all if left out"),
    required("at", Shape::Number(NOT_NEGATIVE), "from when on, ms"),
    optional("until", Shape::Number(NOT_NEGATIVE), "until when, ms; for ever if left out"),
    required("amplitude", Shape::Number(ANY), "what is added to the current, pA (or normalised)"),
];

/// What is recorded.
pub(super) const RECORD: &[Key] = &[
    optional("spikes", Shape::Names, "populations whose spikes are kept"),
    optional("switches", Shape::Names, "rate populations whose gain switches are kept"),
    optional("states", Shape::Objects(RECORD_STATES), "state variables that are sampled"),
];

/// Recorded state variables.
pub(super) const RECORD_STATES: &[Key] = &[
    required("population", Shape::Text, "whose neurons"),
    optional("ids", Shape::Ids, "which neurons; all if left out"),
    required("variables", Shape::Names, "which variables"),
    required("every", Shape::Number(POSITIVE), "the interval, ms"),
];

/// What must come out.
pub(super) const EXPECT: &[Key] = &[
    optional(
        "tolerance",
        Shape::Number(NOT_NEGATIVE),
        "of spike times, ms; 0, the default, means the same bits",
    ),
    optional("spikes", Shape::NamedTrains, "by population: one array of spike times a neuron"),
    optional("spikes_file", Shape::Text, "a file of spikes, judged for the populations that are in it"),
    optional("states", Shape::Objects(EXPECT_STATE), "values of state variables"),
    optional(
        "state_tolerance",
        Shape::Number(NOT_NEGATIVE),
        "of states, in the variables' units; 0 if left out",
    ),
    optional("rates", Shape::Objects(EXPECT_RATE), "mean rates over the run"),
    optional(
        "switches",
        Shape::NamedTrains,
        "by rate population: one array of times a unit, of its gain switches",
    ),
    optional(
        "initial_gain",
        Shape::NamedGains,
        "by rate population: the gain of each unit at t = 0, within `state_tolerance`",
    ),
];

/// An expected state.
pub(super) const EXPECT_STATE: &[Key] = &[
    required("population", Shape::Text, "whose neuron"),
    required("id", Shape::Whole(0), "the neuron"),
    required("variable", Shape::Text, "which variable"),
    required("at", Shape::Number(NOT_NEGATIVE), "when, ms: after everything that happens then"),
    required("value", Shape::Digits, "its value, in its unit"),
];

/// Keys of one object of which there are both or neither.
pub const TOGETHER: [(&str, &str); 2] = [("cv", "cv_tolerance"), ("threshold", "reset")];

/// Keys of one object of which there is at least one.
pub const EITHER: [(&str, &str); 1] = [("threshold", "crossing")];

/// An expected rate.
pub(super) const EXPECT_RATE: &[Key] = &[
    required("population", Shape::Text, "whose neurons"),
    optional("ids", Shape::Ids, "over which the mean is taken; all if left out"),
    required("rate", Shape::Number(NOT_NEGATIVE), "Hz"),
    required("tolerance", Shape::Number(NOT_NEGATIVE), "Hz"),
    optional("cv", Shape::Number(NOT_NEGATIVE), "mean coefficient of variation of interspike intervals"),
    optional("cv_tolerance", Shape::Number(NOT_NEGATIVE), "by how much it may differ; goes with `cv`"),
];

/// The kinds of stimuli.
pub(super) const STIMULUS_KINDS: &[&str] = &["current_step"];

/// A connection rule and the keys of `connect` with it.
#[derive(Debug)]
pub(super) struct RuleKeys {
    pub name: &'static str,
    pub keys: &'static [Key],
}

/// The key that names the connection rule.
pub(super) const RULE: Key = required("rule", Shape::Text, "the connection rule");
const AUTAPSES: Key =
    optional("autapses", Shape::Flag, "whether a neuron may connect to itself; false if left out");
const MULTAPSES: Key =
    optional("multapses", Shape::Flag, "whether two neurons may have several synapses; true if left out");
const BLOCKS: Key = optional(
    "blocks",
    Shape::Whole(1),
    "source and target consist of so many equal blocks, each connected in itself",
);

/// All connection rules.
pub(super) const RULES: &[RuleKeys] = &[
    RuleKeys { name: "all_to_all", keys: &[RULE, AUTAPSES, MULTAPSES, BLOCKS] },
    RuleKeys { name: "one_to_one", keys: &[RULE, AUTAPSES, MULTAPSES, BLOCKS] },
    RuleKeys {
        name: "explicit",
        keys: &[
            RULE,
            optional("pairs", Shape::Pairs, "[source, target] of each synapse"),
            optional(
                "file",
                Shape::Text,
                "a file of pairs, instead of `pairs`: CSV, SONATA edges (.h5) or .edges",
            ),
            AUTAPSES,
            MULTAPSES,
            BLOCKS,
        ],
    },
    RuleKeys {
        name: "fixed_in_degree",
        keys: &[RULE, required("k", Shape::Whole(0), "synapses of each target"), AUTAPSES, MULTAPSES, BLOCKS],
    },
    RuleKeys {
        name: "fixed_out_degree",
        keys: &[RULE, required("k", Shape::Whole(0), "synapses of each source"), AUTAPSES, MULTAPSES, BLOCKS],
    },
    RuleKeys {
        name: "fixed_total_number",
        keys: &[RULE, required("n", Shape::Whole(0), "synapses in all"), AUTAPSES, MULTAPSES, BLOCKS],
    },
    RuleKeys {
        name: "pairwise_bernoulli",
        keys: &[
            RULE,
            required("p", Shape::Number(Bound::Probability), "probability of each pair"),
            AUTAPSES,
            MULTAPSES,
            BLOCKS,
        ],
    },
];

/// The gain of a rate population and its keys.
#[derive(Debug)]
pub(super) struct GainKeys {
    pub name: &'static str,
    pub keys: &'static [Key],
}

/// The key that names the kind of gain.
pub(super) const GAIN_KIND: Key = required("kind", Shape::Text, "the kind of gain");
const GAIN_THRESHOLD: Key =
    required("threshold", Shape::Quantity(ANY), "where the gain switches, or is 1/2; in units of the input");

/// All kinds of gain.
pub(super) const GAINS: &[GainKeys] = &[
    GainKeys { name: "heaviside", keys: &[GAIN_KIND, GAIN_THRESHOLD] },
    GainKeys {
        name: "sigmoid",
        keys: &[
            GAIN_KIND,
            required("slope", Shape::Quantity(POSITIVE), "how steep it is, per unit of the input"),
            GAIN_THRESHOLD,
        ],
    },
];

/// The key that names the neuron model.
pub(super) const MODEL: Key = required("model", Shape::Text, "the neuron model");

/// The model whose equations are in the file.
pub(super) const EQUATIONS: &str = "equations";

/// The keys of `neuron` with the model [`EQUATIONS`].
pub(super) const EQUATIONS_KEYS: &[Key] = &[
    MODEL,
    required("variables", Shape::Formulas, "variables by name, each with its right-hand side, per ms"),
    optional("parameters", Shape::Quantities, "parameters by name; `i_e` is part of the current"),
    optional("threshold", Shape::Text, "`v >= value`: when it spikes and is reset; this or `crossing`"),
    optional("crossing", Shape::Text, "`v >= value`: each upward crossing is a spike, without reset"),
    optional("reset", Shape::Formulas, "with `threshold`: what variables become at a spike"),
    optional("t_ref", Shape::Quantity(NOT_NEGATIVE), "with `threshold`: refractory time, ms; 0 if left out"),
];

/// The keys of `neuron` with this model.
pub(super) fn neuron_keys(spec: &ModelSpec) -> Vec<Key> {
    if spec.name == EQUATIONS {
        return EQUATIONS_KEYS.to_vec();
    }
    let mut keys = vec![MODEL];
    let is_rate = spec.name == RATE;
    // What belongs to the gain of rates, or stands beside `neuron`, is no key here.
    for parameter in spec.parameters.iter().filter(|parameter| !is_rate || parameter.name == "tau") {
        let shape = Shape::Quantity(Bound::Range(parameter.range));
        let required = parameter.default.is_none();
        keys.push(Key {
            name: parameter.name,
            required,
            shape,
            meaning: parameter.meaning,
            unit: parameter.unit,
        });
    }
    keys.extend(spec.lists.iter().map(|list| required(list.name, Shape::List(list.shape), list.meaning)));
    if is_rate {
        keys.push(required("gain", Shape::Gain, "how the rate answers its input"));
    }
    if spec.has_spike_trains {
        keys.push(optional("times", Shape::Trains, "one array of rising times a neuron, ms"));
        keys.push(optional("times_file", Shape::Text, "a file of spikes, instead of `times`"));
        keys.push(optional(
            "times_population",
            Shape::Text,
            "which population of `times_file`; by default the same name",
        ));
    }
    keys
}

/// The key that names the kind of a receptor.
pub(super) const RECEPTOR_KIND: Key = required("kind", Shape::Text, "what an arriving spike does");

/// The keys of a receptor of this kind.
pub(super) fn receptor_keys(kind: ReceptorKind) -> Vec<Key> {
    let mut keys = vec![RECEPTOR_KIND];
    if kind.variables() > 0 {
        keys.push(required("tau", Shape::Number(POSITIVE), "time constant, ms"));
    }
    if kind.is_conductance() {
        keys.push(required("e_rev", Shape::Number(ANY), "reversal potential, mV"));
    }
    keys.push(optional(
        "reset",
        Shape::Flag,
        "its variable is set to 0 at the neuron's own spike; false if left out",
    ));
    let meaning = "what arrives in the refractory time counts; true if left out, never for delta";
    keys.push(optional("refractory_input", Shape::Flag, meaning));
    keys
}

/// The model of population rates.
pub(super) const RATE: &str = "rate";
