//! The JSON schema and the page of the format say what the checks do.

use crate::malformed;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use synfire_runner::scenario::{Limits, check, load, schema};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Whether `value` keeps to `schema`, a part of `root`. Knows the words that our schema uses and no others.
fn keeps_to(schema: &Value, value: &Value, root: &Value) -> bool {
    let Value::Object(words) = schema else { panic!("{schema} is no schema") };
    words.iter().all(|(word, wanted)| match word.as_str() {
        "$schema" | "$defs" | "title" | "description" | "then" => true,
        "$ref" => {
            let pointer = wanted.as_str().unwrap().strip_prefix('#').unwrap();
            keeps_to(root.pointer(pointer).unwrap(), value, root)
        }
        "type" => match wanted {
            Value::Array(types) => types.iter().any(|kind| has_type(kind.as_str().unwrap(), value)),
            _ => has_type(wanted.as_str().unwrap(), value),
        },
        "const" => value == wanted,
        "enum" => wanted.as_array().unwrap().contains(value),
        "anyOf" => wanted.as_array().unwrap().iter().any(|option| keeps_to(option, value, root)),
        "oneOf" => {
            wanted.as_array().unwrap().iter().filter(|option| keeps_to(option, value, root)).count() == 1
        }
        "allOf" => wanted.as_array().unwrap().iter().all(|part| keeps_to(part, value, root)),
        "if" => !keeps_to(wanted, value, root) || keeps_to(&schema["then"], value, root),
        "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > wanted.as_f64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| is_decimal(text, wanted.as_str().unwrap())),
        "minLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 >= wanted.as_u64().unwrap())
        }
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| keeps_to(wanted, item, root))),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().unwrap()),
        "uniqueItems" => value.as_array().is_none_or(|items| {
            let different: BTreeSet<String> = items.iter().map(Value::to_string).collect();
            different.len() == items.len()
        }),
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(key, value)| wanted.get(key).is_none_or(|part| keeps_to(part, value, root)))
        }),
        "required" => value.as_object().is_none_or(|object| {
            wanted.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
        }),
        "dependentRequired" => value.as_object().is_none_or(|object| {
            let present = wanted.as_object().unwrap().iter().filter(|(key, _)| object.contains_key(*key));
            present.into_iter().all(|(_, others)| {
                others.as_array().unwrap().iter().all(|other| object.contains_key(other.as_str().unwrap()))
            })
        }),
        "propertyNames" => value
            .as_object()
            .is_none_or(|object| object.keys().all(|key| keeps_to(wanted, &Value::from(key.as_str()), root))),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let others = object
                .iter()
                .filter(|(key, _)| schema.pointer("/properties").is_none_or(|own| own.get(key).is_none()));
            others
                .into_iter()
                .all(|(_, value)| wanted != &Value::Bool(false) && keeps_to(wanted, value, root))
        }),
        _ => panic!("the schema uses a word that this test does not know: {word}"),
    })
}

/// The two patterns of the schema: times without sign and exponent, and numbers.
fn is_decimal(text: &str, pattern: &str) -> bool {
    let has_sign = pattern.starts_with("^[+-]?");
    let allowed = if has_sign { "0123456789.+-eE" } else { "0123456789." };
    text.chars().all(|c| allowed.contains(c)) && text.parse::<f64>().is_ok()
}

fn has_type(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => panic!("{kind} is no type"),
    }
}

fn json_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            files.push(path);
        }
    }
}

#[test]
fn valid_scenarios_keep_to_the_schema() {
    let schema = schema();
    let mut files = Vec::new();
    json_files(&top().join("tests/reference"), &mut files);
    files.push(malformed::folder().join("base.json"));
    for folder in std::fs::read_dir(top().join("scenarios")).unwrap() {
        files.push(folder.unwrap().path().join("scenario.json"));
    }
    files.retain(|file| file.exists());
    assert!(files.len() >= 60, "only {} files", files.len());
    for file in files {
        load(&file).unwrap_or_else(|error| panic!("{error}"));
        let value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert!(keeps_to(&schema, &value, &schema), "{}", file.display());
    }
}

/// What the schema cannot know: keys that another makes needless, ranges of what is drawn, variables of receptors,
/// numbers that only 64 bits can tell, formulas.
const DEPENDS: [&str; 12] = [
    "`receptor` is missing",
    "`weight` is missing",
    "`delay` is missing",
    "`times` is missing",
    "`pairs` is missing",
    "would be drawn",
    "initial.ampa",
    "largest whole number",
    "1e999",
    "expected an operation",
    "expected a number, a name",
    "expected `^`",
];

#[test]
fn what_has_a_wrong_form_does_not_keep_to_the_schema() {
    let schema = schema();
    let (mut judged, mut missed) = (0, String::new());
    for case in malformed::cases() {
        let Ok(value) = serde_json::from_str::<Value>(&case.mutated) else { continue };
        let Some(problems) = case.problems() else { continue };
        // The reader of this test keeps the last of two members with one name.
        if problems.list().iter().any(|problem| problem.message.contains("twice")) {
            continue;
        }
        let is_form = problems.list().iter().any(|problem| {
            let said = format!("{} {}", problem.message, problem.help);
            let depends =
                DEPENDS.iter().any(|exception| said.contains(exception) || problem.path.contains(exception));
            let form = ["unknown key", "expected "].iter().any(|words| problem.message.starts_with(words));
            (form || problem.message.contains(" is missing")) && !depends
        });
        if is_form {
            judged += 1;
            if keeps_to(&schema, &value, &schema) {
                missed += &format!("{}\n", case.line);
            }
        }
    }
    assert!(missed.is_empty(), "the schema allows\n{missed}");
    assert!(judged >= 250, "only {judged} cases");
}

/// All names of properties in the schema.
fn properties(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(words) => {
            if let Some(Value::Object(own)) = words.get("properties") {
                names.extend(own.keys().cloned());
            }
            words.values().for_each(|part| properties(part, names));
        }
        Value::Array(parts) => parts.iter().for_each(|part| properties(part, names)),
        _ => {}
    }
}

#[test]
fn the_page_of_the_format_names_every_key() {
    let page = std::fs::read_to_string(top().join("docs/scenario.md")).unwrap();
    let mut names = BTreeSet::new();
    properties(&schema(), &mut names);
    // Parameters of models are on the pages of the models.
    for entry in synfire_runner::catalogue::models() {
        for parameter in entry.spec.parameters {
            names.remove(parameter.name);
        }
    }
    assert!(names.len() >= 50, "{names:?}");
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")) && !page.contains(&format!("\"{name}\"")))
        .collect();
    assert!(missing.is_empty(), "docs/scenario.md does not name {missing:?}");
}

#[test]
fn the_example_on_the_page_is_a_scenario() {
    let page = std::fs::read_to_string(top().join("docs/scenario.md")).unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let path = Path::new("docs/example.json");
    check(example.to_string(), path, &Limits::default()).unwrap_or_else(|problems| panic!("{problems}"));
}
