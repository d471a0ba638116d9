//! The page that looks into a recording, as a browser shows it. The tests that need Chromium are run on demand and by
//! continuous integration: `cargo test -p synfire-tests --test all view -- --ignored`.

use super::{clock, run_line, write};
use crate::browser::Browser;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A recording of `clock`, all of it, and its page.
fn page_of_clock(folder: &Path, name: &str) -> PathBuf {
    let mut scenario = clock();
    scenario["name"] = json!(name);
    scenario["record"] = json!({
        "spikes": ["ticks", "cells"],
        "states": [{ "population": "cells", "ids": [0, 2], "variables": ["v"], "every": 0.25 }]
    });
    write(folder, "clock.json", &scenario);
    let ended = run_line(folder, "run clock.json --out rec");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let ended = run_line(folder, "view rec");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "rec.html\n"), "{}", ended.err);
    folder.join("rec.html").canonicalize().unwrap()
}

#[test]
fn a_page_is_one_file_that_asks_for_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let page = fs::read_to_string(page_of_clock(folder.path(), "clock")).unwrap();
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="), "{page}");
    let missing = run_line(folder.path(), "view nowhere");
    assert_eq!(missing.code, Some(2), "{}", missing.err);
}

/// Where a spike is drawn, in the window: neurons are counted from below, `cells` first.
fn place(browser: &Browser, at_ms: f64, row: f64, rows: f64) -> (f64, f64) {
    let found = browser.script(
        "const canvas = document.getElementById('raster'), r = canvas.getBoundingClientRect(); \
         const [x, y, w, h] = canvas.dataset.box.split(' ').map(Number); return [r.left + x, r.top + y, w, h];",
    );
    let side = |index: usize| found[index].as_f64().unwrap();
    let (left, top, width, height) = (side(0), side(1), side(2), side(3));
    (left + at_ms / 45.0 * width, top + (1.0 - (row + 0.5) / rows) * height)
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn the_page_zooms_and_tells_what_led_to_a_spike() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_of_clock(folder.path(), "clock");
    let browser = Browser::start(1200, 900);
    browser.open(&page);
    // Five ticks; eight spikes of cells.
    browser.until("document.getElementById('raster').dataset.shown === '13'");
    let (x, y) = place(&browser, 16.0, 0.0, 5.0);
    browser.click(x, y);
    browser.until("document.getElementById('chosen').textContent.includes('cells:0')");
    let told = browser.script("return document.getElementById('chosen').innerText;").to_string();
    for words in ["spikes at 16 ms", "2 of 4", "10 ms after", "1 arrival since", "ticks:0", "kick", "20 mV"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // What led to it is one click away, and the way back one key.
    browser.script("document.querySelector('#chosen tr.source').click();");
    browser.until("document.getElementById('chosen').textContent.includes('spikes at 15 ms')");

    browser.wheel(x, y, -400);
    browser.until("Number(document.getElementById('raster').dataset.to) < 45");
    browser.until("Number(document.getElementById('raster').dataset.shown) < 13");
    browser.key("0");
    browser.until("document.getElementById('raster').dataset.shown === '13'");
    browser.script("document.getElementById('where').value = 'cells:1';");
    browser.script("document.getElementById('find').requestSubmit();");
    browser.until("document.getElementById('chosen').textContent.includes('spikes at 7.5 ms')");
    browser.key("n");
    browser.until("document.getElementById('chosen').textContent.includes('spikes at 17.5 ms')");
    browser.script("document.getElementById('where').value = 'cells:7';");
    browser.script("document.getElementById('find').requestSubmit();");
    browser.until("document.getElementById('trouble').textContent.includes('neurons 0 to 2')");
    browser.key("t");
    browser.until("document.documentElement.classList.contains('dark')");

    let picture = browser.screenshot();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn hostile_names_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    let name = "</script><img src=x onerror=\"document.body.dataset.bad=1\"><!--";
    let page = page_of_clock(folder.path(), name);
    let browser = Browser::start(500, 800);
    browser.open(&page);
    browser.until("document.getElementById('raster').dataset.shown === '13'");
    assert_eq!(browser.script("return document.getElementById('name').textContent;"), name);
    assert_eq!(browser.script("return document.querySelectorAll('img').length;"), 0);
    assert_eq!(browser.script("return document.body.dataset.bad ?? null;"), json!(null));
    // On a small screen nothing is wider than the window.
    assert_eq!(browser.script("return document.documentElement.scrollWidth <= window.innerWidth;"), true);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_million_spikes_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = json!({
        "synfire": 1, "name": "a million", "seed": 1, "duration": 10_000,
        "populations": { "noise": { "size": 1000, "neuron": { "model": "poisson", "rate": 100 } } },
        "record": { "spikes": ["noise"] }
    });
    write(folder.path(), "noise.json", &scenario);
    assert_eq!(run_line(folder.path(), "run noise.json --out rec --quiet").code, Some(0));
    assert_eq!(run_line(folder.path(), "view rec").code, Some(0));
    let browser = Browser::start(1200, 900);
    browser.open(&folder.path().join("rec.html").canonicalize().unwrap());
    browser.until("Number(document.getElementById('raster').dataset.shown) > 990000");
    for _ in 0..20 {
        browser.key("+");
    }
    browser.until("Number(document.getElementById('raster').dataset.shown) < 1000");
    assert_eq!(browser.console(), Vec::<String>::new());
}
