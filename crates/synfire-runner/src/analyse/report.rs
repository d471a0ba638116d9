//! An analysis as JSON.

use super::Analysis;
use serde_json::{Value, json};
use synfire_pwl::analysis::{Cycle, Equilibrium, Excitability, Onset};
use synfire_pwl::linear::Spectrum;

impl Analysis {
    /// All numbers.
    pub fn json(&self) -> Value {
        let response = self.response.as_ref();
        json!({
            "population": self.subject.population,
            "neuron": self.subject.neuron,
            "model": self.subject.model,
            "current": self.membrane.current(),
            "equilibria": self.equilibria.iter().map(equilibrium).collect::<Vec<_>>(),
            "cycle": self.cycle.as_ref().map(cycle),
            "onset": self.curve.onset.as_ref().map(onset),
            "fires_until": self.curve.fires_until,
            "rates": self.curve.rates,
            "phase_response": response.map(|found| json!({"at_ms": found.at_ms, "advance_ms": found.advance_ms})),
        })
    }
}

fn equilibrium(found: &Equilibrium) -> Value {
    let eigenvalues = match found.eigenvalues {
        Spectrum::Real(fast, slow) => json!([[fast, 0.0], [slow, 0.0]]),
        Spectrum::Complex(mu, omega) => json!([[mu, omega], [mu, -omega]]),
    };
    json!({"v": found.x[0], "w": found.x[1], "kind": found.kind.name(), "eigenvalues": eigenvalues})
}

fn cycle(found: &Cycle) -> Value {
    let legs = found
        .legs
        .iter()
        .map(|leg| json!({"v": leg.start[0], "w": leg.start[1], "zone": leg.zone, "dwell_ms": leg.dwell_ms}));
    json!({
        "period_ms": found.period_ms,
        "rate_hz": 1000.0 / found.period_ms,
        "multiplier": found.multiplier,
        "legs": legs.collect::<Vec<_>>(),
    })
}

fn onset(found: &Onset) -> Value {
    json!({
        "rheobase": found.rheobase,
        "rests_until": found.rests_until,
        "class": class(found),
        "rate_hz": found.rate_hz,
    })
}

/// 1 or 2, as A. L. Hodgkin (1948) counts.
pub fn class(onset: &Onset) -> u8 {
    match onset.excitability {
        Excitability::Class1 => 1,
        Excitability::Class2 => 2,
    }
}
