//! Malformed scenarios: every one is refused with a problem at the right place, and nothing makes the reader panic.

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use synfire_runner::scenario::{Limits, LoadError, Problems, check, load};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("malformed")
}

fn base() -> String {
    std::fs::read_to_string(folder().join("base.json")).unwrap()
}

/// The valid scenario that the cases of a file change.
fn base_of(cases: &Path) -> String {
    let own = cases.with_extension("json");
    if own.exists() { std::fs::read_to_string(own).unwrap() } else { base() }
}

/// The problems of a text that stands for a file beside `base.json`.
fn problems(text: &str) -> Option<Problems> {
    check(text.to_string(), &folder().join("case.json"), &Limits::default()).err()
}

/// One line of a `.cases` file, see the folder's README.
pub struct Case {
    /// The line itself.
    pub line: String,
    /// The malformed scenario.
    pub mutated: String,
    /// The lines that were changed, from 1.
    changed: std::ops::RangeInclusive<usize>,
    path: String,
    several: bool,
    elsewhere: bool,
    underlined: String,
    message: String,
}

impl Case {
    fn read(line: &str, base: &str) -> Case {
        let mut columns = line.split('|').map(str::trim);
        let (find, replace) =
            columns.next().unwrap().split_once("=>").unwrap_or_else(|| panic!("no => in {line}"));
        let (find, replace) = (find.trim(), replace.trim());
        let [path, underlined, message] =
            std::array::from_fn(|_| columns.next().unwrap_or_else(|| panic!("{line}")));
        assert_eq!(columns.next(), None, "too many columns: {line}");
        assert_eq!(base.matches(find).count(), 1, "`{find}` must occur once");
        let at = base.find(find).unwrap();
        let mutated = base.replacen(find, replace, 1);
        let line_of = |text: &str, at: usize| text[..at].matches('\n').count() + 1;
        Case {
            line: line.to_string(),
            changed: line_of(&mutated, at)..=line_of(&mutated, at + replace.len()),
            mutated,
            path: path.trim_start_matches(['+', '~']).to_string(),
            several: path.contains('+'),
            elsewhere: path.contains('~'),
            underlined: underlined.to_string(),
            message: message.to_string(),
        }
    }

    /// What the checks say.
    pub fn problems(&self) -> Option<Problems> {
        problems(&self.mutated)
    }

    /// What is wrong with the answer to this case, if anything.
    fn complaint(&self) -> Option<String> {
        let Some(problems) = self.problems() else { return Some("no problem was found".to_string()) };
        let fits = |problem: &&synfire_runner::scenario::Problem| {
            let underlined = &self.mutated[problem.span.start..problem.span.end];
            let said = format!("{}; {}", problem.message, problem.help);
            // What is missing is reported at the brace of the object, which may lie before.
            let in_line = self.changed.contains(&problem.line) != self.elsewhere || underlined == "{";
            problem.path == self.path
                && underlined == self.underlined
                && said.contains(&self.message)
                && in_line
        };
        let right = problems.list().iter().any(|problem| fits(&problem));
        (!right || (problems.total() > 1) != self.several).then(|| problems.plain())
    }
}

#[test]
fn every_base_is_valid() {
    for base in [base(), base_of(&folder().join("rates.cases")), base_of(&folder().join("smooth.cases"))] {
        if let Some(problems) = problems(&base) {
            panic!("{problems}");
        }
    }
}

/// All cases of all files.
pub fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "cases"));
    files.sort();
    let of_file = |file: &PathBuf| -> Vec<Case> {
        let (text, base) = (std::fs::read_to_string(file).unwrap(), base_of(file));
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
        lines.map(|line| Case::read(line, &base)).collect()
    };
    files.iter().flat_map(of_file).collect()
}

#[test]
fn every_malformed_scenario_has_its_problem_at_the_right_place() {
    let cases = cases();
    let mut complaints = String::new();
    for case in &cases {
        if let Some(complaint) = case.complaint() {
            complaints += &format!("\n{}\n    {}\n", case.line, complaint.trim().replace('\n', "\n    "));
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
    assert!(cases.len() >= 450, "only {} cases", cases.len());
}

/// The problems of a file with these bytes.
fn problems_of_file(bytes: &[u8]) -> Problems {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    std::fs::write(&path, bytes).unwrap();
    match load(&path) {
        Err(LoadError::Problems(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_are_no_scenario_at_all() {
    let utf16: Vec<u8> = base().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: &[(&[u8], usize, usize, &str)] = &[
        (b"", 1, 1, "the file is empty"),
        (b" \n\n ", 1, 1, "the file is empty"),
        (b"\0", 1, 1, "expected value"),
        (b"\xEF\xBB\xBF{}", 1, 1, "byte order mark"),
        (b"\xFF\xFE{\0}\0", 1, 1, "UTF-16"),
        (&utf16, 1, 1, "UTF-16"),
        (b"{\n  \"name\": \"caf\xE9\"\n}", 2, 15, "the byte 0xe9 is not UTF-8 text"),
        (b"{ \"synfire\": 1, \xC3", 1, 17, "the byte 0xc3 is not UTF-8 text"),
        (b"{", 1, 2, "the file ends too early"),
        (b"{ \"synfire\": 1, \"name\": \"x", 1, 27, "the file ends too early"),
        (b"[]", 1, 1, "expected a scenario, an object, found an empty array"),
        (b"null", 1, 1, "expected a scenario, an object, found null"),
        (b"17", 1, 1, "expected a scenario, an object, found 17"),
        (b"\"synfire\"", 1, 1, "expected a scenario, an object, found the string"),
        (b"{}", 1, 1, "`synfire` is missing"),
        (b"{\"synfire\": 1}", 1, 1, "`duration` is missing"),
        (b"synfire: 1\nname: x\n", 1, 1, "expected value"),
        (b"{} {}", 1, 4, "text after the end of the scenario"),
        (b"{\"synfire\": 1, \"duration\": 5, \"populations\": {}}", 1, 46, "there is no population"),
        (
            b"{\"synfire\": 1, \"duration\": 5, \"populations\": []}",
            1,
            46,
            "an object of populations by name",
        ),
        (b"{\"synfire\": 1, \"duration\": 5, \"populations\": null}", 1, 46, "found null"),
    ];
    for (bytes, line, column, message) in cases {
        let problems = problems_of_file(bytes);
        let first = &problems.list()[0];
        let text = String::from_utf8_lossy(bytes);
        assert_eq!((first.line, first.column), (*line, *column), "{text}\n{problems}");
        assert!(problems.plain().contains(message), "{text}\n{problems}");
        assert!(!problems.render(100, true).is_empty());
    }
}

#[test]
fn a_file_that_is_not_there_is_no_panic() {
    let missing = folder().join("nowhere.json");
    assert!(matches!(load(&missing), Err(LoadError::Read { .. })));
    let error = load(&folder()).unwrap_err();
    assert!(error.to_string().starts_with("cannot read "), "{error}");
}

#[test]
fn deeply_nested_values_cost_neither_stack_nor_time() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for key in ["analytic", "description"] {
        let text = base().replacen("\"seed\"", &format!("\"{key}x\": {deep}, \"seed\""), 1);
        assert_eq!(problems(&text).unwrap().list()[0].path, format!("{key}x"));
    }
    for place in [
        "\"duration\": 200.0",
        "\"size\": 4",
        "\"spikes\": [\"cells\", \"drive\"]",
        "\"weight\": 120",
        "\"tau_m\": 20",
    ] {
        let (key, _) = place.split_once(':').unwrap();
        let text = base().replacen(place, &format!("{key}: {deep}"), 1);
        assert!(problems(&text).is_some());
    }
}

#[test]
fn problems_come_in_the_order_of_the_text_and_are_counted() {
    let pairs: String = (0..70).map(|index| format!("{{ \"source\": \"nobody{index}\" }}, ")).collect();
    let text = base().replacen("\"projections\": [", &format!("\"projections\": [ {pairs}"), 1);
    let problems = problems(&text).unwrap();
    assert!(problems.list().is_sorted_by_key(|problem| (problem.line, problem.column)));
    // An unknown source, and no target, receptor, connect, weight and delay.
    assert_eq!(problems.total(), 70 * 6);
    let plain = problems.plain();
    assert_eq!(plain.lines().count(), 51);
    assert!(plain.ends_with("case.json: and 370 more problems\n"), "{plain}");
}

#[test]
fn many_problems_cost_little() {
    let pairs: String = (0..200_000).map(|_| "{},").collect();
    let text = base().replacen("\"projections\": [", &format!("\"projections\": [ {pairs}"), 1);
    let problems = problems(&text).unwrap();
    assert!(problems.total() >= 1_000_000, "{}", problems.total());
    assert_eq!(problems.list().len(), 1000);
    assert!(problems.render(100, false).len() < 100_000);
}

#[test]
fn limits_are_the_callers() {
    let path = folder().join("case.json");
    let refused = |limits: Limits| check(base(), &path, &limits).unwrap_err();
    let all = Limits::default();
    // 2 + 3 + 5 + 4 + 6 neurons; at most 8 + 3 + 12 + 4 + 30 + 3 + 6 synapses and those of a file.
    let problems = refused(Limits { neurons: 19, ..all });
    assert!(problems.too_large() && problems.list()[0].path == "populations.others.size", "{problems}");
    let problems = refused(Limits { synapses: 22, ..all });
    assert!(problems.too_large() && problems.list()[0].path == "projections[2].connect", "{problems}");
    let problems = refused(Limits { memory: 2000, ..all });
    assert!(problems.too_large() && problems.plain().contains("would need about"), "{problems}");
    let problems = refused(Limits { samples: 100, ..all });
    assert!(problems.too_large() && problems.list()[0].path == "record.states[0].every", "{problems}");
    assert!(check(base(), &path, &Limits { neurons: 20, synapses: 66, memory: 6000, samples: 1920 }).is_ok());
}

#[test]
fn problems_as_they_are_shown() {
    let base = base();
    let mutate = |from: &str, to: &str| {
        assert_eq!(base.matches(from).count(), 1, "{from}");
        base.replacen(from, to, 1)
    };
    let long = format!("[{}]", (0..60_000).map(|id| format!("{},", id % 4)).collect::<String>() + "7");
    let shown = [
        ("misspelt", mutate("\"tau_m\": 20", "\"tua_m\": 20")),
        ("range", mutate("\"tau_m\": 20", "\"tau_m\": -20")),
        ("reset", mutate("\"v_reset\": -65", "\"v_reset\": [-65, -65, -53, -65]")),
        ("length", mutate("\"weight\": [-80, -95.5, -20]", "\"weight\": [-80, -95.5]")),
        ("unit", mutate("\"delay\": 1.5", "\"delay\": \"1.5 ms\"")),
        ("receptor", mutate("\"receptor\": \"exc\",", "")),
        ("pair", mutate("[3, 3]", "[3, 4]")),
        ("comma", mutate("\"seed\": 7,", "\"seed\": 7")),
        ("comment", mutate("\"seed\": 7,", "\"seed\": 7, // any")),
        ("size", mutate("\"size\": 4", "\"size\": 1e12")),
        ("file", mutate("edges.csv", "edge.csv")),
        ("twice", mutate("\"weight\": 120", "\"weight\": 120, \"weight\": 130")),
        ("model", mutate("\"model\": \"poisson\"", "\"model\": \"poison\"")),
        ("conductance", mutate("\"weight\": 3,", "\"weight\": -3,")),
        ("escape", mutate("\"name\": \"base\"", "\"na\\u001b[31mme\": \"\\u001b[0m\"")),
        ("one_line", mutate("\"ids\": [0, 2]", &format!("\"ids\": {long}")).replace('\n', " ")),
        ("several", mutate("\"size\": 6", "\"size\": 7")),
    ];
    for (name, text) in shown {
        let problems = problems(&text).unwrap();
        // The folder differs between machines.
        let text = format!("{}\n{}", problems.render(100, false), problems.plain());
        insta::assert_snapshot!(name, text.replace(&format!("{}/", folder().display()), ""));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_never_panic(cut in 0usize..6000, edits in prop::collection::vec((0usize..6000, any::<u8>()), 0..4)) {
        let mut bytes = base().into_bytes();
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if cut < bytes.len() {
            bytes.truncate(cut);
        }
        if let Ok(text) = String::from_utf8(bytes)
            && let Some(problems) = problems(&text)
        {
            prop_assert!(problems.total() > 0);
            prop_assert!(!problems.render(80, false).is_empty() && !problems.plain().is_empty());
        }
    }

    #[test]
    fn swapped_values_never_panic(a in 0usize..200, b in 0usize..200) {
        // Any value in the place of any other: all types at all places.
        let base = base();
        let values: Vec<(usize, &str)> = base
            .match_indices(": ")
            .map(|(at, _)| (at + 2, base[at + 2..].split([',', '\n', '}']).next().unwrap()))
            .collect();
        let ((at, old), (_, new)) = (values[a % values.len()], values[b % values.len()]);
        let text = format!("{}{new}{}", &base[..at], &base[at + old.len()..]);
        if let Some(problems) = problems(&text) {
            prop_assert!(!problems.render(80, false).is_empty() && !problems.plain().is_empty());
        }
    }
}
