//! How soon a parabola can carry the membrane to threshold, with a recovery variable that follows it.

use super::Envelope;

/// c_m dm/dt = k (m - centre)^2 + floor - u + I, and u follows b (m - base).
#[derive(Clone, Copy, Debug)]
pub struct Parabola {
    /// What a current is divided by to give dm/dt.
    pub c_m: f64,
    /// The curvature, positive.
    pub k: f64,
    /// Where the parabola is least.
    pub centre: f64,
    /// Its least value.
    pub floor: f64,
    /// The recovery's slope.
    pub b: f64,
    /// Where the recovery tends to 0.
    pub base: f64,
}

/// Levels to bound the climb to, as parts of `scale` above m.
const CLIMBS: [f64; 3] = [1.0 / 64.0, 1.0 / 16.0, 0.2];

impl Parabola {
    fn at(&self, m: f64) -> f64 {
        self.k * (m - self.centre) * (m - self.centre) + self.floor
    }

    /// A time before which m is certainly below 0; infinite if for ever. `scale` is the size of m.
    pub fn wait(&self, m: f64, u: f64, scale: f64, drive: &Envelope<'_>) -> f64 {
        let (now, most) = (self.at(m), drive.most(m));
        let mut wait = 0.0f64;
        let centre = if m < self.centre { self.centre } else { m };
        for level in CLIMBS.map(|climb| m + climb * scale).into_iter().chain([centre]) {
            let level = level.min(0.0);
            let least_u = self.least_u(m, u, level, drive);
            let there = self.at(level);
            // The parabola is convex: on the way it is at most the larger of its ends.
            let on_the_way = now.max(there) - least_u;
            let margin = 1e-9 * (there.abs() + least_u.abs());
            if there + drive.most(level) - least_u < -margin || on_the_way + most < -margin {
                return f64::INFINITY;
            }
            wait = wait.max(drive.climb(m, (level - m) * self.c_m, on_the_way, 0.0));
        }
        wait
    }

    /// No less than this is u as long as m, now below `level`, stays there: u follows b (m - base), and m cannot fall below
    /// where the parabola balances the least current and the largest u.
    fn least_u(&self, m: f64, u: f64, level: f64, drive: &Envelope<'_>) -> f64 {
        let at_level = self.b * (level - self.base);
        if self.b < 0.0 {
            return u.min(at_level);
        }
        let needed = u.max(at_level) - drive.least(m) - self.floor;
        let lowest = m.min(self.centre - (needed.max(0.0) / self.k).sqrt());
        u.min(self.b * (lowest - self.base))
    }
}
