//! The flow under conductances: with R(t) = 1/tau_m + sum of g/c_m the total rate, M its integral and F the drive at the
//! starting value, m(t) = m0 + integral of e^(M(s) - M(t)) F(s) ds. M is a closed form; the integral is taken by
//! Gauss-Legendre rules on pieces so short that they are exact to rounding.

use synfire_numerics::decays::Decays;
use synfire_numerics::math;
use synfire_numerics::quadrature::{self, Rule};

use super::{Effect, Input, Lif};

/// Inputs whose whole remaining effect is below this part of the distance from reset to threshold do not shorten pieces.
const NEGLIGIBLE: f64 = 1e-19;

/// What happened this many membrane time constants ago is forgotten: e^-48 is 1e-21.
const MEMORY: f64 = 48.0;

/// The integral of the total rate over a piece is at most this.
const MOST_RELAXATION: f64 = 1.5;

/// Conductances that ask for shorter pieces than this part of the interval are beyond all measure: the membrane is where
/// they hold it.
const SHORTEST_PIECE: f64 = 1e-7;

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
            m = self.over_piece(m, m_inf, inputs, [t, end], change);
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

    /// m at the end of a piece on which the logarithm of the integrand changes by `change`.
    fn over_piece(&self, m: f64, m_inf: f64, inputs: &[f64], piece: [f64; 2], change: f64) -> f64 {
        match quadrature::rule_for(change) {
            Rule::Four(rule) => self.integrated(m, m_inf, inputs, piece, rule),
            Rule::Six(rule) => self.integrated(m, m_inf, inputs, piece, rule),
            Rule::Eight(rule) => self.integrated(m, m_inf, inputs, piece, rule),
            Rule::Twelve(rule) => self.integrated(m, m_inf, inputs, piece, rule),
        }
    }

    /// The same by a rule; its nodes lie side by side in vectors.
    fn integrated<const N: usize>(
        &self,
        m: f64,
        m_inf: f64,
        inputs: &[f64],
        [start, end]: [f64; 2],
        rule: &[(f64, f64); N],
    ) -> f64 {
        let length = end - start;
        let nodes = rule.map(|(node, _)| node);
        let mut drives = [0.0; N];
        let mut relaxations = [0.0; N];
        let mut relaxation_at_end = 0.0;
        for input in &self.inputs {
            let (s, x) = input.values_at(inputs, start);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            let decays = Decays::after(nodes.map(|node| node * length * input.rate));
            let mut values = decays.left.map(|left| s * left);
            if input.is_alpha {
                for i in 0..N {
                    values[i] += x * (nodes[i] * length) * decays.left[i];
                }
            }
            let strength = match input.effect {
                Effect::Current { .. } => 1.0,
                Effect::Conductance { reversal } => {
                    let Decays { left: [left], lost: [lost] } = Decays::after([length * input.rate]);
                    relaxation_at_end += input.integral(s, x, length, left, lost);
                    for i in 0..N {
                        relaxations[i] +=
                            input.integral(s, x, nodes[i] * length, decays.left[i], decays.lost[i]);
                    }
                    reversal - m
                }
            };
            for i in 0..N {
                drives[i] += values[i] * strength;
            }
        }
        let mut exponents = [0.0; N];
        for i in 0..N {
            let by_leak = (1.0 - nodes[i]) * length * self.leak_rate;
            exponents[i] = by_leak + (relaxation_at_end - relaxations[i]) * self.per_capacitance;
        }
        let remembered = Decays::after(exponents).left;
        let leak_drive = (m_inf - m) * self.leak_rate;
        let mut sum = 0.0;
        for i in 0..N {
            let (_, weight) = rule[i];
            sum += weight * remembered[i] * (leak_drive + drives[i] * self.per_capacitance);
        }
        m + length * sum
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
        let (s, x) = self.values(inputs);
        if t == 0.0 || (s == 0.0 && x == 0.0) {
            return (s, x);
        }
        let left = math::exp(-t * self.rate);
        ((s + x * t) * left, x * left)
    }

    /// The integral of (s + x u) e^(-u/tau) over u from 0 to t. It is formed from what is lost, so that its error is in
    /// proportion to itself: the whole integral to come may be thousands of times as large.
    #[inline]
    fn integral(&self, s: f64, x: f64, t: f64, left: f64, lost: f64) -> f64 {
        let exponential = s * lost;
        self.tau * if self.is_alpha { exponential + x * (self.tau * lost - t * left) } else { exponential }
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
