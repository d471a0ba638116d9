//! Where repetitive firing begins, and how.

use super::Cycle;
use crate::linear::Vector;
use crate::membrane::Membrane;

/// How the rate begins (A. L. Hodgkin 1948).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excitability {
    /// From arbitrarily low rates.
    Class1,
    /// With a jump to a rate above 0.
    Class2,
}

/// The onset of repetitive firing.
#[derive(Clone, Debug, PartialEq)]
pub struct Onset {
    /// The least constant current that makes the membrane fire for ever when it is switched on at rest, to within a last
    /// place.
    pub rheobase: f64,
    /// The largest current under which there is a stable rest: as far as a slow ramp goes without a spike. Beyond the
    /// rheobase, both rest and firing are stable.
    pub rests_until: f64,
    /// How the rate begins there.
    pub excitability: Excitability,
    /// The rate just above, Hz; for class 1 one that would go on falling.
    pub rate_hz: f64,
}

/// How far above the rheobase, as a part of the range that was searched, the period is looked at: over the last three
/// decades it goes on growing for class 1 (like a logarithm) and stands still for class 2.
const NEAR: [f64; 2] = [1e-9, 1e-12];

/// The period of class 2 moves by less than this part of itself between the two.
const STANDS_STILL: f64 = 1e-4;

impl Membrane {
    /// Where the membrane is before a current is switched on: at its leftmost stable equilibrium without one, or where it
    /// starts if there is none.
    pub fn resting_state(&self, current: f64) -> Vector {
        let stable = self.equilibria(current).into_iter().find(|found| found.kind.is_stable());
        stable.map_or(self.rest(), |found| found.x)
    }

    /// The cycle that follows when a constant current is switched on at rest, where rest is that at the
    /// current `from`.
    pub fn firing(&self, from: f64, current: f64) -> Option<Cycle> {
        self.cycle(self.resting_state(from), current)
    }

    /// The onset of firing between two currents: none if the membrane is silent at `high` or fires at
    /// `low`. Above the onset it is taken to fire.
    pub fn onset(&self, low: f64, high: f64) -> Option<Onset> {
        let fires = |current: f64| self.firing(low, current).is_some();
        if fires(low) || !fires(high) {
            return None;
        }
        let firing = self.firing_border(low, low, high);
        let rests = |current: f64| self.equilibria(current).iter().any(|found| found.kind.is_stable());
        let (rests_until, _) =
            if rests(high) { (high, high) } else { border(low, high, |current| !rests(current)) };
        let period = |part: f64| {
            let cycle = self.firing(low, firing + part * (high - low));
            cycle.map(|cycle| cycle.period_ms)
        };
        let [far, near] = NEAR.map(|part| period(part).unwrap_or(f64::INFINITY));
        let stands_still = (near - far).abs() <= STANDS_STILL * far;
        Some(Onset {
            rheobase: firing,
            rests_until,
            excitability: if stands_still { Excitability::Class2 } else { Excitability::Class1 },
            rate_hz: 1000.0 / near,
        })
    }

    /// The last current at which the membrane fires on the way from `fires`, where it does, to `silent`, where it does not;
    /// each switched on at rest at the current `from`.
    pub fn firing_border(&self, from: f64, silent: f64, fires: f64) -> f64 {
        border(silent, fires, |current| self.firing(from, current).is_some()).1
    }

    /// The rate of firing, Hz, under each of `currents`, switched on at rest at the current `from`; 0
    /// where it does not go on firing.
    pub fn rates(&self, from: f64, currents: &[f64]) -> Vec<f64> {
        let rate = |&current: &f64| self.firing(from, current).map_or(0.0, |cycle| 1000.0 / cycle.period_ms);
        currents.iter().map(rate).collect()
    }
}

/// The neighbouring numbers between which `holds` becomes true, from `without`, where it does not hold, to `with`, where it
/// does; either may be the larger.
fn border(mut without: f64, mut with: f64, holds: impl Fn(f64) -> bool) -> (f64, f64) {
    loop {
        let middle = without + 0.5 * (with - without);
        if middle == without || middle == with {
            return (without, with);
        }
        if holds(middle) {
            with = middle;
        } else {
            without = middle;
        }
    }
}
