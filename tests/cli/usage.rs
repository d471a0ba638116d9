//! What is said to those who call the command wrongly, or do not listen.

use super::{clock, run, run_line, synfire, write};
use std::fs::File;
use std::process::Stdio;

#[test]
fn help_and_version_are_no_errors() {
    let folder = tempfile::tempdir().unwrap();
    let help = run_line(folder.path(), "--help");
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(help.out);
    let help = run_line(folder.path(), "run --help");
    assert_eq!(help.code, Some(0));
    insta::assert_snapshot!(help.out);
    let version = run_line(folder.path(), "--version");
    assert_eq!(
        (version.code, version.out),
        (Some(0), concat!("synfire ", env!("CARGO_PKG_VERSION"), "\n").into())
    );
}

#[test]
fn wrong_arguments_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    for (line, said) in [
        ("", "Usage: synfire"),
        ("walk", "unrecognized subcommand 'walk'"),
        ("run", "<SCENARIO>"),
        ("run clock.json --queue heep", "'heep'"),
        ("run clock.json --engine clock", "[possible values: queue, lookahead]"),
        ("run clock.json --out r --format csv,nix", "'nix'"),
        ("run clock.json --format csv", "--out <DIR>"),
        ("run clock.json --force", "<--out <DIR>|--log <FILE>>"),
        ("run clock.json --log-filter kind=spike", "--log <FILE>"),
        ("run clock.json --log events.txt", "expected a name that ends with .synlog"),
        ("run clock.json --log e.synlog --log-filter neuron=cell:1", "did you mean `cells`?"),
        ("run clock.json --until -1", "expected a time in ms"),
        ("run clock.json --until soon", "expected a time in ms"),
        ("run clock.json --seed x", "'x'"),
        ("run clock.json --threads 0", "'0'"),
        ("run missing.json", "missing.json"),
        ("check missing.json", "missing.json"),
        ("replay", "<FILE_OR_DIR>"),
        ("replay missing", "cannot read missing"),
        ("models liff", "'liff'"),
        ("import neuron", "'neuron'"),
        ("import sonata missing.json --out o", "missing.json"),
    ] {
        let ended = run(folder.path(), line.split_whitespace());
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "synfire {line}: {}", ended.err);
        assert!(ended.err.contains(said), "synfire {line} says:\n{}", ended.err);
    }
}

#[test]
fn a_scenario_with_problems_ends_with_2_and_one_that_is_too_large_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = clock();
    wrong["populations"]["cells"]["neuron"]["tau_n"] = 3.into();
    wrong["projections"][0]["delay"] = (-1).into();
    write(folder.path(), "wrong.json", &wrong);
    let mut large = clock();
    large["populations"]["cells"]["size"] = 4_000_000_000u64.into();
    write(folder.path(), "large.json", &large);
    for command in ["run", "check", "replay"] {
        let ended = run(folder.path(), [command, "wrong.json"]);
        let said = ended.out + &ended.err;
        assert_eq!(ended.code, Some(2), "{said}");
        assert!(said.contains("tau_n") && said.contains("delay"), "all problems at once:\n{said}");
        let ended = run(folder.path(), [command, "large.json"]);
        assert_eq!(ended.code, Some(3), "{}{}", ended.out, ended.err);
    }
}

#[test]
fn nobody_has_to_read_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    for (line, code) in
        [("models", 0), ("schema", 0), ("--help", 0), ("run clock.json", 0), ("replay clock.json", 0)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = synfire(folder.path());
        let ended =
            command.args(line.split_whitespace()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), err.as_str()), (Some(code), ""), "synfire {line} | true");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ended = synfire(folder.path()).arg("models").stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("cannot write to standard output"));
}

#[test]
fn the_log_is_for_those_who_ask_for_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    let quiet = run_line(folder.path(), "run clock.json");
    assert_eq!(quiet.err, "");
    let mut command = synfire(folder.path());
    let ended = command.args(["run", "clock.json"]).env("SYNFIRE_LOG", "info").output().unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    for span in ["load", "build", "run"] {
        assert!(err.contains(&format!("{span}{{")), "no span `{span}` in\n{err}");
    }
    let mut command = synfire(folder.path());
    let ended = command.args(["run", "clock.json"]).env("SYNFIRE_LOG", "synfire=loud").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("SYNFIRE_LOG"));
}

#[test]
fn models_are_shown_with_units_defaults_and_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let page = run_line(folder.path(), "models lif");
    assert_eq!(page.code, Some(0));
    for part in ["dv/dt", "tau_m", "10", "ms", "a number greater than 0", "alpha_conductance"] {
        assert!(page.out.contains(part), "no `{part}` in\n{}", page.out);
    }
    let all = run_line(folder.path(), "models").out;
    for model in ["lif", "spike_source", "poisson"] {
        let page = run_line(folder.path(), &format!("models {model}")).out;
        assert!(all.contains(&page), "{model} is missing in\n{all}");
    }
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let schema = run_line(folder.path(), "schema");
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["populations"].is_object());
}
