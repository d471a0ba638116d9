//! Pictures of recordings.

use super::{clock, run_line, top, write};
use serde_json::json;
use std::fs;

#[test]
fn a_recording_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let mut scenario = clock();
    scenario["record"] = json!({
        "spikes": ["ticks", "cells"],
        "states": [{ "population": "cells", "ids": [0, 1], "variables": ["v"], "every": 0.25 }]
    });
    write(folder.path(), "clock.json", &scenario);
    assert_eq!(run_line(folder.path(), "run clock.json --out rec").code, Some(0));

    let drawn = run_line(folder.path(), "plot rec");
    assert_eq!((drawn.code, drawn.out.as_str()), (Some(0), "rec.svg\n"), "{}", drawn.err);
    let svg = fs::read_to_string(folder.path().join("rec.svg")).unwrap();
    for words in ["spikes", "firing rate", "v of cells 0", "v of cells 1", "threshold", "time (ms)", "ticks"]
    {
        assert!(svg.contains(words), "{words}");
    }
    // Dots of four spikes of two populations at least, and three lines of rates and traces.
    assert!(svg.matches("<circle").count() >= 4, "{svg}");

    let drawn = run_line(
        folder.path(),
        "plot rec --out a.png --out b.svg --show raster,isi,cv --population cells --neurons 1 --from 1 --until 30",
    );
    assert_eq!((drawn.code, drawn.out.as_str()), (Some(0), "a.png\nb.svg\n"), "{}", drawn.err);
    assert!(fs::read(folder.path().join("a.png")).unwrap().starts_with(b"\x89PNG"));
    let svg = fs::read_to_string(folder.path().join("b.svg")).unwrap();
    assert!(!svg.contains("ticks") && !svg.contains("firing rate"), "{svg}");
}

#[test]
fn what_cannot_be_drawn_is_an_error_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --out rec").code, Some(0));
    let cases = [
        ("plot rec --out a.pdf", "a.pdf: pictures end in .svg or .png"),
        ("plot rec --out a.svg --population cels", "no recorded population `cels`; there are `cells`"),
        ("plot rec --out a.svg --from 5 --until 5", "from 5 to 5 ms there is no time of the recording"),
        (
            "plot rec --out a.svg --show traces --neurons 0",
            "the recording has nothing of what is to be shown",
        ),
        ("plot nothing --out a.svg", "nothing: is no recording"),
    ];
    for (line, words) in cases {
        let ended = run_line(folder.path(), line);
        assert_eq!(ended.code, Some(2), "{line}: {}", ended.err);
        assert!(ended.err.contains(words), "{line}: {}", ended.err);
    }
    assert!(!folder.path().join("a.svg").exists() && !folder.path().join("a.partial").exists());
}

#[test]
fn rates_and_gain_switches_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = top("scenarios/rate-repressilator/scenario.json");
    let run = format!("run {} --until 100 --out rec", scenario.display());
    assert_eq!(run_line(folder.path(), &run).code, Some(0));
    let drawn = run_line(folder.path(), "plot rec --population units");
    assert_eq!(drawn.code, Some(0), "{}", drawn.err);
    let svg = fs::read_to_string(folder.path().join("rec.svg")).unwrap();
    for words in ["gain switches", "unit", "r of units 0", "r of units 2"] {
        assert!(svg.contains(words), "{words}");
    }
    // 20 switches in 100 ms, and a dot in the legend or not.
    assert!((20..=22).contains(&svg.matches("<circle").count()), "{}", svg.matches("<circle").count());
    assert_eq!(run_line(folder.path(), "plot rec --show switches --out b.png").code, Some(0));
}
