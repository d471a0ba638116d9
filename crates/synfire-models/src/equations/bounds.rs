//! What can be told of the next crossing without any series: the rates of a user's equations in a box of states, enclosed by
//! interval arithmetic.

use synfire_numerics::formula::Enclosures;
use synfire_numerics::interval::Interval;
use synfire_numerics::scalar::Scalar;

use super::UserDefined;
use crate::integrated::Envelope;

/// The other variables are given this part of their size to move.
const REACH: f64 = 0.125;

/// Levels on the way to threshold, as parts of the distance that are left there.
const LEVELS: [f64; 3] = [0.5, 0.2, 0.0];

/// Rates that are smaller, in units of size per time scale, may be rounding errors.
const CERTAIN: f64 = 1e-9;

/// An upstroke ends at more than so many times the speed at which it begins.
const STEEP: f64 = 16.0;

impl<const RESETS: bool> UserDefined<RESETS> {
    /// The rates where m lies in an interval, the other variables within their reach, at any time from now on.
    fn rates_within<const D: usize>(&self, m: Interval, x: &[f64; D], drive: &Envelope<'_>) -> [Interval; D] {
        let mut state = x.map(Interval::from);
        for (place, variable) in state.iter_mut().enumerate().skip(1) {
            let reach = self.reach(place);
            *variable = Interval::new(variable.low - reach, variable.high + reach);
        }
        state[0] = m;
        let current = Interval::new(drive.least(m.high), drive.most(m.low));
        self.all_rates(&mut Enclosures, &state, current)
    }

    fn reach(&self, variable: usize) -> f64 {
        REACH * self.scales[variable]
    }

    /// A time before which m, which is below 0, certainly does not reach 0.
    ///
    /// From level to level m takes at least the distance over the largest rate in between. This holds while the other
    /// variables are within their reach, and m has not fallen by its size.
    pub(super) fn least_climb<const D: usize>(&self, x: &[f64; D], drive: &Envelope<'_>) -> f64 {
        let certain = CERTAIN * self.scales[0] / self.time_scale;
        let (mut climb, mut from) = (0.0, x[0]);
        for part in LEVELS {
            let level = part * x[0];
            let most = self.rates_within(Interval::new(from, level), x, drive)[0].high;
            if most.is_nan() {
                return 0.0;
            }
            if most < -certain {
                climb = f64::INFINITY;
                break;
            }
            climb += (level - from) / most.max(certain);
            from = level;
        }
        if D == 1 { climb } else { climb.min(self.least_stay(x, drive)) }
    }

    /// A time for which the state certainly stays where the bounds hold, unless m reaches 0.
    fn least_stay<const D: usize>(&self, x: &[f64; D], drive: &Envelope<'_>) -> f64 {
        let fall = self.scales[0];
        let rates = self.rates_within(Interval::new(x[0] - fall, 0.0), x, drive);
        if rates.iter().any(|rate| rate.low.is_nan() || rate.high.is_nan()) {
            return 0.0;
        }
        let falling = fall / (-rates[0].low).max(0.0);
        let times = (1..D).map(|variable| self.reach(variable) / rates[variable].magnitude());
        times.fold(falling, f64::min)
    }

    /// Whether m certainly rises from here to 0, to a speed far above that of now.
    pub(super) fn certainly_rises<const D: usize>(&self, x: &[f64; D], drive: &Envelope<'_>) -> bool {
        let rates = |from: f64, to: f64| self.rates_within(Interval::new(from, to), x, drive);
        let all_the_way = rates(x[0], 0.0);
        let least = all_the_way[0].low;
        // Also where they are not numbers.
        if x[0] >= 0.0 || least.is_nan() || least <= 0.0 {
            return false;
        }
        let longest = -x[0] / least;
        let stays = |variable: usize| all_the_way[variable].magnitude() * longest <= self.reach(variable);
        let here = rates(x[0], x[0])[0].high;
        (1..D).all(stays) && least >= 0.5 * here && rates(0.0, 0.0)[0].low > STEEP * here
    }
}
