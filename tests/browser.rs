//! A headless Chromium, driven over the WebDriver protocol (W3C Recommendation, 2018).

use base64::Engine as _;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A browser with one window. It ends when it is dropped.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts `chromedriver`, and Chromium through it, with a window of this size.
    ///
    /// # Panics
    /// If they are not installed or do not start.
    pub fn start(width: u32, height: u32) -> Browser {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium and chromium-driver)");
        let profile = tempfile::tempdir().unwrap();
        let at = format!("http://127.0.0.1:{port}");
        let mut browser = Browser { driver, session: at.clone(), _profile: profile };
        browser.wait_for_driver(&at);
        let folder = browser._profile.path().display();
        let args = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={folder}"),
            format!("--window-size={width},{height}"),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" }
        } } });
        let made = post(&format!("{at}/session"), &wanted);
        let id = made["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        browser.session = format!("{at}/session/{id}");
        browser
    }

    fn wait_for_driver(&self, at: &str) {
        for _ in 0..600 {
            if ureq::get(format!("{at}/status")).call().is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("chromedriver does not answer");
    }

    /// Opens a file.
    pub fn open(&self, file: &Path) {
        self.command("url", &json!({ "url": format!("file://{}", file.display()) }));
    }

    /// The value of a script's `return`.
    pub fn script(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script's value is true.
    ///
    /// # Panics
    /// If it takes more than half a minute.
    pub fn until(&self, condition: &str) {
        for _ in 0..600 {
            if self.script(&format!("return Boolean({condition});")) == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never true: {condition}; console: {:?}", self.console());
    }

    /// Presses and releases a key.
    pub fn key(&self, key: &str) {
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.command("actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }));
    }

    /// Clicks at a place of the window.
    pub fn click(&self, x: f64, y: f64) {
        let actions = json!([
            { "type": "pointerMove", "duration": 0, "x": x.round() as i64, "y": y.round() as i64 },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 }
        ]);
        self.command(
            "actions",
            &json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": actions }] }),
        );
    }

    /// Turns the wheel at a place of the window.
    pub fn wheel(&self, x: f64, y: f64, by: i32) {
        let turn = json!({ "type": "scroll", "x": x.round() as i64, "y": y.round() as i64, "deltaX": 0, "deltaY": by });
        self.command(
            "actions",
            &json!({ "actions": [{ "type": "wheel", "id": "wheel", "actions": [turn] }] }),
        );
    }

    /// What the page has told the console, complaints of the browser included.
    pub fn console(&self) -> Vec<String> {
        let told = self.command("se/log", &json!({ "type": "browser" }));
        told.as_array().into_iter().flatten().map(|line| line["message"].to_string()).collect()
    }

    /// A picture of the window, as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        let answer = ureq::get(format!("{}/screenshot", self.session)).call().unwrap();
        let value: Value = answer.into_body().read_json().unwrap();
        base64::engine::general_purpose::STANDARD.decode(value["value"].as_str().unwrap()).unwrap()
    }

    fn command(&self, what: &str, body: &Value) -> Value {
        post(&format!("{}/{what}", self.session), body)["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn post(url: &str, body: &Value) -> Value {
    let answer = ureq::post(url).config().http_status_as_error(false).build().send_json(body);
    let answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    let is_good = answer.status().is_success();
    let value: Value = answer.into_body().with_config().limit(64 << 20).read_json().unwrap();
    assert!(is_good, "{url}: {value}");
    value
}
