//! Recordings as the command writes, repeats, refuses and interrupts them.

use super::{clock, endless, run_line, synfire, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_recording_is_repeated_with_the_same_bits_by_every_engine() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "endless.json", &endless());
    let ended =
        run_line(folder.path(), "run endless.json --until 500.125 --seed 18446744073709551615 --out rec");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    fs::remove_file(folder.path().join("endless.json")).unwrap();
    for how in ["", "--queue scan --engine queue", "--engine lookahead"] {
        let replayed = run_line(folder.path(), &format!("replay rec {how}"));
        assert_eq!(replayed.code, Some(0), "{}", replayed.out);
        assert!(replayed.out.contains("spikes, the same bits\n1 passed, 0 failed\n"), "{}", replayed.out);
    }
    let manifest = manifest(&folder.path().join("rec"));
    assert_eq!(manifest["complete"], true);
    assert_eq!(manifest["seed"], u64::MAX);
    assert_eq!(manifest["duration"], serde_json::json!({ "epoch": 500, "offset": 0.125 }));
    assert!(manifest["populations"][1]["spikes"].as_u64().unwrap() > 100, "{manifest}");
}

#[test]
fn files_of_the_scenario_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&there).unwrap();
    fs::write(there.join("ticks.csv"), "neuron,time_ms\n0,5\n0,15\n1,7.5\n").unwrap();
    let mut scenario = clock();
    let ticks = &mut scenario["populations"]["ticks"]["neuron"];
    *ticks = serde_json::json!({ "model": "spike_source", "times_file": "../there/ticks.csv" });
    write(&here, "clock.json", &scenario);
    assert_eq!(run_line(&here, "run clock.json --out rec").code, Some(0));
    fs::remove_dir_all(&there).unwrap();
    fs::rename(here.join("rec"), folder.path().join("moved")).unwrap();
    let replayed = run_line(folder.path(), "replay moved");
    assert_eq!(replayed.code, Some(0), "{}", replayed.out);
    assert!(
        replayed.out.starts_with("ok   moved   4 spikes, the same bits; 9 states, the same bits\n"),
        "{}",
        replayed.out
    );
}

#[test]
fn other_formats_are_written_beside() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    let ended = run_line(folder.path(), "run clock.json --out rec --format csv,npy --format sonata");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let csv = fs::read_to_string(folder.path().join("rec/spikes.csv")).unwrap();
    insta::assert_snapshot!(csv);
    for file in ["spikes.h5", "npy/times.npy", "npy/senders.npy", "states-0.npy"] {
        assert!(folder.path().join("rec").join(file).metadata().unwrap().len() > 0, "{file}");
    }
}

#[test]
fn nothing_is_overwritten_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --out rec --until 20").code, Some(0));
    let refused = run_line(folder.path(), "run clock.json --out rec");
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(
        refused.err.contains("rec: there is a recording of this name; --force replaces it"),
        "{}",
        refused.err
    );
    assert_eq!(manifest(&folder.path().join("rec"))["duration"]["epoch"], 20);
    assert_eq!(run_line(folder.path(), "run clock.json --out rec --force").code, Some(0));
    assert_eq!(manifest(&folder.path().join("rec"))["duration"]["epoch"], 45);

    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "precious").unwrap();
    let refused = run_line(folder.path(), "run clock.json --out mine --force");
    assert_eq!(refused.code, Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("mine/thesis.txt")).unwrap(), "precious");
}

#[test]
fn damage_is_noticed_and_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --out rec").code, Some(0));
    for file in ["spikes.bin", "states-0.npy", "scenario.json", "manifest.json"] {
        let path = folder.path().join("rec").join(file);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        let last = damaged.len() - 30;
        damaged[last] ^= 4;
        fs::write(&path, damaged).unwrap();
        let replayed = run_line(folder.path(), "replay rec");
        assert_eq!(replayed.code, Some(2), "{}", replayed.out);
        let first = format!("FAIL rec   rec/{file}: ");
        assert!(
            replayed.out.starts_with(&first) && replayed.out.ends_with("\n0 passed, 1 failed\n"),
            "{}",
            replayed.out
        );
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(run_line(folder.path(), "replay rec").code, Some(0));
}

/// Starts the endless scenario and waits until spikes have been written.
fn start(folder: &Path) -> std::process::Child {
    write(folder, "endless.json", &endless());
    let mut command = synfire(folder);
    command.args(["run", "endless.json", "--out", "rec"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while fs::metadata(folder.join("rec.partial/spikes.bin")).map_or(0, |file| file.len()) < 100_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no spikes are written");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn signal(name: &str, child: &std::process::Child) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_keeps_what_it_has_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let child = start(folder.path());
    let begun = Instant::now();
    signal("-INT", &child);
    let ended = super::Ended::from(child.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?} to stop", begun.elapsed());
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(ended.err.contains("rec: a partial recording, up to "), "{}", ended.err);
    assert!(
        ended.err.contains("interrupted at ") && ended.out.contains("rate (Hz)"),
        "{}{}",
        ended.out,
        ended.err
    );

    let manifest = manifest(&folder.path().join("rec"));
    assert_eq!((&manifest["complete"], &manifest["ended"]["why"]), (&false.into(), &"interrupted".into()));
    let replayed = run_line(folder.path(), "replay rec");
    assert_eq!(replayed.code, Some(0), "{}", replayed.out);
    assert!(replayed.out.contains("the same bits; a partial recording, up to "), "{}", replayed.out);
}

#[test]
#[cfg(unix)]
fn a_killed_run_leaves_nothing_that_looks_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path());
    signal("-KILL", &child);
    child.wait().unwrap();
    assert!(!folder.path().join("rec").exists());
    let replayed = run_line(folder.path(), "replay rec.partial");
    assert_eq!(replayed.code, Some(2), "{}", replayed.out);
    assert!(replayed.out.contains("is not finished"), "{}", replayed.out);
    let refused = run_line(folder.path(), "run endless.json --until 10 --out rec");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("--force removes it"), "{}", refused.err);
    assert_eq!(run_line(folder.path(), "run endless.json --until 10 --out rec --force").code, Some(0));
    assert!(!folder.path().join("rec.partial").exists());
}

#[test]
#[cfg(unix)]
fn a_full_disk_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "endless.json", &endless());
    // Files may grow to a few blocks only, and the signal that says so is not listened to.
    let mut command = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" run endless.json --quiet --out rec";
    command.current_dir(folder.path()).args(["-c", script, env!("CARGO_BIN_EXE_synfire-under-test")]);
    let ended = super::Ended::from(command.output().unwrap());
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    assert!(ended.err.contains("rec.partial/spikes.bin: cannot be written: "), "{}", ended.err);
    assert!(!folder.path().join("rec").exists());
    assert!(!folder.path().join("rec.partial/manifest.json").exists());
}
