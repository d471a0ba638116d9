//! How far a run has come: a bar on a terminal, a line now and then elsewhere.

use crate::numbers::{grouped, short, span};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use synfire_core::Time;

/// Between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// The bar's resolution.
const STEPS: u64 = 1000;

/// Shows progress on standard error.
#[derive(Debug)]
pub struct Progress {
    duration: Time,
    begun: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { next: Instant },
}

impl Progress {
    /// For a run up to `duration`, from now on; `quiet` shows nothing.
    pub fn new(duration: Time, quiet: bool) -> Progress {
        let begun = Instant::now();
        let shown = if quiet {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() {
            Shown::Bar(bar())
        } else {
            Shown::Lines { next: begun + BETWEEN_LINES }
        };
        Progress { duration, begun, shown }
    }

    /// The run has come to `now`, with so many spikes.
    pub fn update(&mut self, now: Time, spikes: u64) {
        let elapsed = self.begun.elapsed();
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_position((fraction(now, self.duration) * STEPS as f64) as u64);
                bar.set_message(words(now, self.duration, spikes, elapsed));
            }
            Shown::Lines { next } => {
                if Instant::now() < *next {
                    return;
                }
                *next = Instant::now() + BETWEEN_LINES;
                let line = words(now, self.duration, spikes, elapsed);
                // Nobody may be reading; that is no reason to stop.
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:12} {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(STEPS).with_style(style.progress_chars("━╸ "))
}

fn fraction(now: Time, duration: Time) -> f64 {
    if duration == Time::ZERO { 1.0 } else { (now.as_ms() / duration.as_ms()).clamp(0.0, 1.0) }
}

/// `350 of 1000 ms, 2 s left, 12,345 spikes, real-time factor 0.42`.
fn words(now: Time, duration: Time, spikes: u64, elapsed: Duration) -> String {
    let (at, end) = (short(now.as_ms()), short(duration.as_ms()));
    let mut words = format!("{at} of {end} ms");
    let done = fraction(now, duration);
    if done > 0.0 && now > Time::ZERO {
        let factor = elapsed.as_secs_f64() / (now.as_ms() / 1000.0);
        let left = elapsed.as_secs_f64() * (1.0 - done) / done;
        words +=
            &format!(", {} left, {} spikes, real-time factor {}", span(left), grouped(spikes), short(factor));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_and_how_long() {
        let ms = |ms| Time::from_ms(ms).unwrap();
        let words_at = |now| words(ms(now), ms(1000.0), 12_345, Duration::from_secs(2));
        assert_eq!(words_at(250.0), "250 of 1000 ms, 6.0 s left, 12,345 spikes, real-time factor 8.00");
        assert_eq!(words_at(0.0), "0 of 1000 ms");
    }
}
