//! An analysis in words and as JSON.

use super::Analysis;
use serde_json::{Value, json};
use synfire_pwl::analysis::{Cycle, Excitability, Onset};
use synfire_pwl::linear::Spectrum;

impl Analysis {
    /// A page of text.
    pub fn text(&self) -> String {
        let subject = &self.subject;
        let mut text = format!(
            "{}, neuron {}: {} under the constant current {}\n\nEquilibria\n",
            subject.population,
            subject.neuron,
            subject.model,
            self.membrane.current()
        );
        if self.equilibria.is_empty() {
            text += "  none\n";
        }
        for found in &self.equilibria {
            let eigenvalues = match found.eigenvalues {
                _ if !self.membrane.is_planar() => format!("slope {} /ms", own_slope(found.eigenvalues)),
                Spectrum::Real(fast, slow) => format!("eigenvalues {fast} and {slow} /ms"),
                Spectrum::Complex(mu, omega) => format!("eigenvalues {mu} ± {omega} i /ms"),
            };
            let place = if self.membrane.is_planar() {
                format!("v = {}, w = {}", found.x[0], found.x[1])
            } else {
                format!("v = {}", found.x[0])
            };
            text += &format!("  {place}: {}, {eigenvalues}\n", found.kind.name());
        }
        text += "\nFiring\n";
        text += &match &self.cycle {
            None => "  it does not go on firing\n".to_owned(),
            Some(cycle) => self.cycle_text(cycle),
        };
        let (low, high) = self.currents;
        text += &format!("\nCurrents from {low} to {high}\n");
        text += &match &self.onset {
            None => "  firing does not begin between them\n".to_owned(),
            Some(onset) => onset_text(onset, high),
        };
        if let Some(response) = &self.response {
            let largest = response.advance_ms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = response.advance_ms.iter().copied().fold(f64::INFINITY, f64::min);
            text += &format!(
                "\nPhase response\n  a small jump of v brings spikes forward by {least} to {largest} ms per unit\n"
            );
        }
        text
    }

    fn cycle_text(&self, cycle: &Cycle) -> String {
        let mut text = format!("  period {} ms, {} Hz\n", cycle.period_ms, 1000.0 / cycle.period_ms);
        if self.membrane.is_planar() {
            text += &format!("  multiplier of the return map {}\n", cycle.multiplier);
        }
        let dwells = cycle.legs.iter().map(|leg| format!("{} ms in zone {}", leg.dwell_ms, leg.zone));
        text + &format!("  {}\n", dwells.collect::<Vec<_>>().join(", "))
    }

    /// All numbers.
    pub fn json(&self) -> Value {
        let equilibria = self.equilibria.iter().map(|found| {
            let eigenvalues = match found.eigenvalues {
                Spectrum::Real(fast, slow) => json!([[fast, 0.0], [slow, 0.0]]),
                Spectrum::Complex(mu, omega) => json!([[mu, omega], [mu, -omega]]),
            };
            json!({"v": found.x[0], "w": found.x[1], "kind": found.kind.name(), "eigenvalues": eigenvalues})
        });
        let cycle = self.cycle.as_ref().map(|cycle| {
            let legs = cycle.legs.iter().map(|leg| {
                json!({"v": leg.start[0], "w": leg.start[1], "zone": leg.zone, "dwell_ms": leg.dwell_ms})
            });
            json!({
                "period_ms": cycle.period_ms,
                "rate_hz": 1000.0 / cycle.period_ms,
                "multiplier": cycle.multiplier,
                "legs": legs.collect::<Vec<_>>(),
            })
        });
        let onset = self.onset.as_ref().map(|onset| {
            json!({
                "rheobase": onset.rheobase,
                "rests_until": onset.rests_until,
                "class": class(onset),
                "rate_hz": onset.rate_hz,
            })
        });
        let response = self.response.as_ref();
        json!({
            "population": self.subject.population,
            "neuron": self.subject.neuron,
            "model": self.subject.model,
            "current": self.membrane.current(),
            "equilibria": equilibria.collect::<Vec<_>>(),
            "cycle": cycle,
            "onset": onset,
            "rates": self.rates,
            "phase_response": response.map(|found| json!({"at_ms": found.at_ms, "advance_ms": found.advance_ms})),
        })
    }
}

/// The slope of f where the matrix is that of one variable.
fn own_slope(eigenvalues: Spectrum) -> f64 {
    match eigenvalues {
        Spectrum::Real(slope, _) | Spectrum::Complex(slope, _) => slope,
    }
}

fn class(onset: &Onset) -> u8 {
    match onset.excitability {
        Excitability::Class1 => 1,
        Excitability::Class2 => 2,
    }
}

fn onset_text(onset: &Onset, high: f64) -> String {
    let how = match onset.excitability {
        Excitability::Class1 => "from arbitrarily low rates".to_owned(),
        Excitability::Class2 => format!("with a jump to {} Hz", onset.rate_hz),
    };
    let mut text =
        format!("  rheobase {}: class {} excitability, {how}\n", onset.rheobase, class(onset));
    text += &match onset.rests_until {
        until if until >= high => "  rest stays stable: a slow ramp never makes it fire\n".to_owned(),
        until => format!("  rest is stable up to {until}\n"),
    };
    text
}
