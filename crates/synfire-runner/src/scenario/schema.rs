//! The JSON schema of scenarios, for editors: made from the tables that the checks use.

use super::keys::{
    Bound, DISTRIBUTION, EITHER, GAIN_KIND, GAINS, INPUT, Key, LAWS, MODEL, POPULATION, RATE, RECEPTOR_KIND,
    RULE, RULES, SCENARIO, Shape, TOGETHER, neuron_keys, receptor_keys,
};
use crate::catalogue;
use serde_json::{Map, Value, json};
use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ListShape, ParamRange};

/// The schema of what this build can run, in the draft of December 2020. It covers the form of a scenario; names, ids
/// and lengths have to be checked against each other besides.
pub fn schema() -> Value {
    let mut root = object(SCENARIO);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "synfire scenario",
        "description": "A network of spiking neurons, what drives it, what is recorded and what must come out. \
            Units: ms, mV, pA, nS, pF, Hz.",
        "$defs": {
            "population": population(),
            "neuron": neuron(),
            "receptor": receptor(),
            "connect": connect(),
            "gain": gain(),
            "distribution": distribution(),
        },
    });
    if let (Value::Object(root), Value::Object(head)) = (&mut root, head) {
        root.extend(head);
    }
    root
}

/// A population; rates must have an input.
fn population() -> Value {
    let is_rate = json!({"properties": {"neuron": {"properties": {(MODEL.name): {"const": RATE}},
        "required": [MODEL.name]}}, "required": ["neuron"]});
    let mut population = object(POPULATION);
    population["allOf"] = json!([{"if": is_rate, "then": {"required": [INPUT.name]}}]);
    population
}

/// An object with these keys and no others.
fn object(keys: &[Key]) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut value = of_shape(key.shape);
        value["description"] = Value::from(key.meaning_with_unit());
        properties.insert(key.name.to_string(), value);
    }
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let has = |name: &str| keys.iter().any(|key| key.name == name);
    for (one, other) in TOGETHER.into_iter().filter(|(one, other)| has(one) && has(other)) {
        object["dependentRequired"] = json!({one: [other], other: [one]});
    }
    for (one, other) in EITHER.into_iter().filter(|(one, other)| has(one) && has(other)) {
        object["anyOf"] = json!([{"required": [one]}, {"required": [other]}]);
    }
    object
}

fn of_shape(shape: Shape) -> Value {
    let times = |time: Value| json!({"type": "array", "items": {"type": "array", "items": time}});
    match shape {
        Shape::Ignored => json!({}),
        Shape::Version => json!({"const": 1}),
        Shape::Text => json!({"type": "string"}),
        Shape::OneOf(names) => json!({"enum": names}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Whole(least) => json!({"type": "integer", "minimum": least}),
        Shape::Number(bound) => number(bound),
        Shape::Digits => json!({"anyOf": [
            {"type": "number"},
            {"type": "string", "pattern": "^[+-]?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"},
        ]}),
        Shape::Quantity(bound) => quantity(bound),
        Shape::Two | Shape::List(ListShape::Two) => two(),
        Shape::List(ListShape::Points) => json!({"type": "array", "items": two(), "minItems": 1}),
        Shape::Ids => json!({"type": "array", "items": id(), "uniqueItems": true}),
        Shape::Pairs => {
            json!({"type": "array", "items": {"type": "array", "items": id(), "minItems": 2, "maxItems": 2}})
        }
        Shape::Trains => times(json!({"type": "number", "minimum": 0})),
        Shape::Names => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Object(keys) => object(keys),
        Shape::Objects(keys) => json!({"type": "array", "items": object(keys)}),
        Shape::Formulas => named(json!({"type": "string"})),
        Shape::Quantities => named(quantity(Bound::Range(ParamRange::Finite))),
        Shape::Populations => named(json!({"$ref": "#/$defs/population"})),
        Shape::NamedTrains => named(times(json!({"anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"},
        ]}))),
        Shape::Receptors => named(json!({"$ref": "#/$defs/receptor"})),
        Shape::Neuron => json!({"$ref": "#/$defs/neuron"}),
        Shape::Connect => json!({"$ref": "#/$defs/connect"}),
        Shape::Gain => json!({"$ref": "#/$defs/gain"}),
        Shape::NamedGains => named(json!({"type": "array", "items": number(Bound::Probability)})),
    }
}

fn two() -> Value {
    json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
}

/// Values by names of the user's.
fn named(value: Value) -> Value {
    json!({"type": "object", "additionalProperties": value, "propertyNames": {"minLength": 1}})
}

fn id() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
}

fn number(bound: Bound) -> Value {
    match bound {
        Bound::Probability => json!({"type": "number", "minimum": 0, "maximum": 1}),
        Bound::Range(ParamRange::Finite | ParamRange::FiniteOrAbsent) => json!({"type": "number"}),
        Bound::Range(ParamRange::Positive) => json!({"type": "number", "exclusiveMinimum": 0}),
        Bound::Range(ParamRange::NotNegative) => json!({"type": "number", "minimum": 0}),
        Bound::Range(ParamRange::NotNegativeOrInfinite) => {
            json!({"anyOf": [{"type": "number", "minimum": 0}, {"const": "inf"}]})
        }
        Bound::Range(ParamRange::FiniteOrInfinite) => {
            json!({"anyOf": [{"type": "number"}, {"const": "inf"}]})
        }
        Bound::Range(ParamRange::FiniteOrMinusInfinite) => {
            json!({"anyOf": [{"type": "number"}, {"const": "-inf"}]})
        }
    }
}

fn quantity(bound: Bound) -> Value {
    let each = json!({"type": "array", "items": number(bound)});
    json!({"anyOf": [number(bound), each, {"$ref": "#/$defs/distribution"}]})
}

fn distribution() -> Value {
    let mut distribution = object(DISTRIBUTION);
    distribution["oneOf"] = LAWS.iter().map(|law| json!({"required": [law.name]})).collect();
    distribution
}

fn neuron() -> Value {
    by_discriminator(MODEL, catalogue::models().map(|entry| (entry.spec.name, neuron_keys(entry.spec))))
}

fn receptor() -> Value {
    by_discriminator(
        RECEPTOR_KIND,
        ReceptorKind::ALL.into_iter().map(|kind| (kind.name(), receptor_keys(kind))),
    )
}

fn connect() -> Value {
    by_discriminator(RULE, RULES.iter().map(|rule| (rule.name, rule.keys.to_vec())))
}

fn gain() -> Value {
    by_discriminator(GAIN_KIND, GAINS.iter().map(|gain| (gain.name, gain.keys.to_vec())))
}

/// An object whose other keys depend on the value of one.
fn by_discriminator<'n>(key: Key, choices: impl Iterator<Item = (&'n str, Vec<Key>)>) -> Value {
    let (mut names, mut cases) = (Vec::new(), Vec::new());
    for (name, keys) in choices {
        let is_this = json!({"properties": {key.name: {"const": name}}, "required": [key.name]});
        names.push(name);
        cases.push(json!({"if": is_this, "then": object(&keys)}));
    }
    let value = json!({"enum": names, "description": key.meaning});
    json!({"type": "object", "properties": {key.name: value}, "required": [key.name], "allOf": cases})
}
