//! The flow under conductances: with R(t) = 1/tau_m + sum of g/c_m the total rate, M(t) its integral from t to the end and F the
//! drive at the starting value, m = m0 + integral of e^(-M) F. M is a closed form; the integral is taken by Gauss-Legendre
//! rules on pieces so short that they are exact to rounding: see [`synfire_numerics::relaxation`].

use synfire_core::model::{Company, Member, Scratch};
use synfire_numerics::decays::LARGEST;
use synfire_numerics::math;
use synfire_numerics::quadrature::{PAIRS, rule_for};
use synfire_numerics::relaxation::{Case, Cases};

use super::{Effect, Input, Lif, LifState};

/// Inputs whose whole remaining effect is below this part of the distance from reset to threshold do not shorten pieces.
const NEGLIGIBLE: f64 = 1e-19;

/// What happened this many membrane time constants ago is forgotten: e^-48 is 1e-21.
const MEMORY: f64 = 48.0;

/// The integral of the total rate over a piece is at most this.
const MOST_RELAXATION: f64 = 4.0;

/// Conductances that ask for shorter pieces than this part of the interval are beyond all measure: the membrane is where
/// they hold it.
const SHORTEST_PIECE: f64 = 1e-7;

/// In place of a rule: a neuron that needs more than one piece, or none.
const ALONE: usize = PAIRS.len();

/// In place of a case: a neuron that has gone alone.
const NO_CASE: u32 = u32::MAX;

/// What the inputs are at one instant.
struct Instant {
    /// What they add to dm/dt where the membrane is at m0, mV/ms.
    drive: f64,
    /// What they add to the rate, 1/ms.
    rate: f64,
    /// The integral of that rate from here to the end of time.
    rate_to_come: f64,
}

impl Lif {
    /// m at `to`, from its value `m` at `from`; both are ms after the anchor, to which `inputs` belong.
    pub(super) fn under_conductances(&self, m: f64, m_inf: f64, inputs: &[f64], from: f64, to: f64) -> f64 {
        let (mut t, mut m) = (from, m);
        while t < to {
            let Some((length, change)) = self.piece(inputs, t, to - t) else {
                return m + (m_inf - m) * -math::exp_m1((t - to) * self.leak_rate);
            };
            if t == from && length < to - t {
                let remembered = self.start_of_memory(inputs, t, to);
                if remembered > t {
                    t = remembered;
                    m = self.balance(m_inf, inputs, t);
                    continue;
                }
            }
            let end = if length < to - t { t + length } else { to };
            if length < SHORTEST_PIECE * (to - t) {
                return self.balance(m_inf, inputs, to);
            }
            let case = Case { m, m_inf, length: end - t };
            m = self
                .relaxation
                .relax(rule_for(change), case, |number| self.inputs[number].values_at(inputs, t));
            t = end;
        }
        m
    }

    /// The time from which on the membrane forgets all but e^-[`MEMORY`] of where it was until `to`, or `from` if that
    /// is later. It bounds the work, however strong the conductances and long the interval.
    fn start_of_memory(&self, inputs: &[f64], from: f64, to: f64) -> f64 {
        let at_end = self.inputs_at(inputs, 0.0, to).rate_to_come;
        let relaxation =
            |t: f64| (to - t) * self.leak_rate + (self.inputs_at(inputs, 0.0, t).rate_to_come - at_end);
        // What is not a number, because it is beyond the range of doubles, is more than enough.
        let is_forgotten = |t: f64| relaxation(t) > 2.0 * MEMORY || relaxation(t).is_nan();
        let (mut early, mut late) = (from, to);
        while early < to && is_forgotten(early) {
            let middle = early + 0.5 * (late - early);
            if middle <= early || middle >= late {
                return to;
            }
            if relaxation(middle) < MEMORY { late = middle } else { early = middle }
        }
        early
    }

    /// The potential at which nothing would change, were the inputs to stay as they are at `t`.
    fn balance(&self, m_inf: f64, inputs: &[f64], t: f64) -> f64 {
        let now = self.inputs_at(inputs, 0.0, t);
        (m_inf * self.leak_rate + now.drive) / (self.leak_rate + now.rate)
    }

    /// How far to go from `t` in one piece, at most `rest`, and how much the logarithm of the integrand changes there;
    /// `None` if the inputs do not matter any more.
    fn piece(&self, inputs: &[f64], t: f64, rest: f64) -> Option<(f64, f64)> {
        let mut rate = self.leak_rate;
        let mut length = rest;
        let mut fastest: f64 = 0.0;
        let mut matters = false;
        for input in &self.inputs {
            let (s, x) = input.values_at(inputs, t);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            let bound = s.abs() + x.abs() * input.tau;
            let effect = bound * input.tau * self.per_capacitance;
            let size = match input.effect {
                Effect::Conductance { .. } => {
                    rate += bound * self.per_capacitance;
                    effect
                }
                Effect::Current { .. } => effect / self.m_reset.abs(),
            };
            if size < NEGLIGIBLE {
                continue;
            }
            matters = true;
            fastest = fastest.max(input.rate);
            if length > input.tau {
                // A small input may change by a larger factor before it is felt.
                length = length.min(input.tau * (1.0 - math::ln(size.min(1.0))));
            }
        }
        length = length.min(MOST_RELAXATION / rate);
        matters.then_some((length, length * (rate + fastest)))
    }

    /// [`Lif::under_conductances`] from their anchors for many neurons, which lie side by side in vectors where one piece is
    /// enough; the receptor variables move on, too.
    pub(super) fn together_under_conductances(&self, mut company: impl Company<LifState>) {
        let longest = self.inputs.last().map_or(0.0, |fastest| LARGEST * fastest.tau);
        let mut scratch = std::mem::take(company.scratch());
        let Scratch { numbers, places } = &mut scratch;
        places.clear();
        let mut ends = [0; ALONE + 1];
        for place in 0..company.len() {
            let Member { inputs, duration_ms: dt, .. } = company.member(place);
            let rule = match self.piece(inputs, 0.0, dt) {
                Some((length, change)) if length >= dt && dt <= longest => rule_for(change),
                _ => ALONE,
            };
            ends[rule] += 1;
            places.push(rule as u32);
        }
        let side_by_side = company.len() - ends[ALONE];
        // From how many have a rule to where their cases begin, and then to where they end.
        let mut end = 0;
        for place in &mut ends {
            end += std::mem::replace(place, end);
        }
        let mut cases = Cases::within(numbers, side_by_side, &self.relaxation);
        for (place, case) in places.iter_mut().enumerate() {
            let rule = *case as usize;
            *case = NO_CASE;
            let Member { state, inputs, stimulus, duration_ms: dt } = company.member(place);
            let m_inf = self.resting.m_inf(stimulus);
            if rule == ALONE {
                state.m = self.under_conductances(state.m, m_inf, inputs, 0.0, dt);
                self.decay_inputs(inputs, dt);
                continue;
            }
            let own = ends[rule];
            ends[rule] += 1;
            *case = own as u32;
            cases.set(own, rule, Case { m: state.m, m_inf, length: dt });
            for (number, input) in self.inputs.iter().enumerate() {
                cases.set_input(own, number, input.values(inputs));
            }
        }
        self.relaxation.relax_all(&mut cases);
        for (place, &case) in places.iter().enumerate().filter(|(_, case)| **case != NO_CASE) {
            let Member { state, inputs, .. } = company.member(place);
            state.m = cases.m(case as usize);
            for (number, input) in self.inputs.iter().enumerate() {
                input.set(inputs, cases.input(case as usize, number));
            }
        }
        *company.scratch() = scratch;
    }

    /// dm/dt where the membrane is at `m`, mV/ms; `t` is ms after the anchor, to which `inputs` belong.
    pub(super) fn slope_under_conductances(&self, m: f64, m_inf: f64, inputs: &[f64], t: f64) -> f64 {
        (m_inf - m) * self.leak_rate + self.inputs_at(inputs, m, t).drive
    }

    fn inputs_at(&self, inputs: &[f64], m: f64, t: f64) -> Instant {
        let mut now = Instant { drive: 0.0, rate: 0.0, rate_to_come: 0.0 };
        for input in &self.inputs {
            let (s, x) = input.values_at(inputs, t);
            input.add_to(&mut now, s, x, m);
        }
        now.drive *= self.per_capacitance;
        now.rate *= self.per_capacitance;
        now.rate_to_come *= self.per_capacitance;
        now
    }
}

impl Input {
    /// s (or g) and x at `t` after the anchor.
    #[inline]
    fn values_at(&self, inputs: &[f64], t: f64) -> (f64, f64) {
        let values = self.values(inputs);
        if t == 0.0 || values == (0.0, 0.0) { values } else { self.fading().after(values, t) }
    }

    #[inline]
    fn add_to(&self, now: &mut Instant, s: f64, x: f64, m: f64) {
        match self.effect {
            Effect::Current { .. } => now.drive += s,
            Effect::Conductance { reversal } => {
                now.drive += s * (reversal - m);
                now.rate += s;
                now.rate_to_come += self.tau * (s + self.tau * x);
            }
        }
    }
}
