//! The flow under conductances: with R(t) = 1/tau_m + sum of g/c_m the total rate, M its integral and F the drive at the
//! starting value, m(t) = m0 + integral of e^(M(s) - M(t)) F(s) ds. M is a closed form; the integral is taken by
//! Gauss-Legendre rules on pieces so short that they are exact to rounding.

use synfire_numerics::decays::Decays;
use synfire_numerics::math;
use synfire_numerics::quadrature::{RULES, Rule, rule_for};

use super::{Effect, Input, Lif, LifState};
use synfire_core::model::Together;
use synfire_numerics::vector::vectorised;

/// Inputs whose whole remaining effect is below this part of the distance from reset to threshold do not shorten pieces.
const NEGLIGIBLE: f64 = 1e-19;

/// What happened this many membrane time constants ago is forgotten: e^-48 is 1e-21.
const MEMORY: f64 = 48.0;

/// The integral of the total rate over a piece is at most this. It is an exponent, whose rounding error grows with it.
const MOST_RELAXATION: f64 = 1.5;

/// Conductances that ask for shorter pieces than this part of the interval are beyond all measure: the membrane is where
/// they hold it.
const SHORTEST_PIECE: f64 = 1e-7;

/// So many neurons lie side by side in vectors.
const LANES: usize = 8;

/// So many neurons are sorted by their rules at once.
const BLOCK: usize = 64;

/// In place of a rule: a neuron that needs more than one piece, or none.
const ALONE: usize = usize::MAX;

/// What the inputs are at one instant.
struct Instant {
    /// What they add to dm/dt where the membrane is at m0, mV/ms.
    drive: f64,
    /// What they add to the rate, 1/ms.
    rate: f64,
    /// The integral of that rate from here to the end of time.
    rate_to_come: f64,
}

/// Pieces side by side: of several neurons, or the same piece at each node of a rule.
struct Piece<const W: usize> {
    m: [f64; W],
    m_inf: [f64; W],
    /// ms.
    length: [f64; W],
    /// What the inputs relax it by over the whole of it, times c_m.
    relaxation: [f64; W],
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
        match RULES[rule_for(change)] {
            Rule::Four(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
            Rule::Six(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
            Rule::Eight(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
            Rule::Ten(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
            Rule::Twelve(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
            Rule::Sixteen(rule) => self.by_rule(m, m_inf, inputs, piece, rule),
        }
    }

    /// The same by a rule; its nodes lie side by side in vectors.
    fn by_rule<const N: usize>(
        &self,
        m: f64,
        m_inf: f64,
        inputs: &[f64],
        [start, end]: [f64; 2],
        rule: &[(f64, f64); N],
    ) -> f64 {
        let length = end - start;
        let at_start = |number: usize| self.inputs[number].values_at(inputs, start);
        let [relaxation] = self.relaxation([length], |number| {
            let (s, x) = at_start(number);
            ([s], [x])
        });
        let piece = Piece { m: [m; N], m_inf: [m_inf; N], length: [length; N], relaxation: [relaxation; N] };
        let slopes = self.slopes(&piece, rule.map(|(node, _)| node), |number| {
            let (s, x) = at_start(number);
            ([s; N], [x; N])
        });
        let sum = (0..N).fold(0.0, |sum, i| sum + rule[i].1 * slopes[i]);
        m + length * sum
    }

    /// What the inputs relax the membrane by over so many ms, without the leak, times c_m; `values` are theirs at the start.
    #[inline(always)]
    fn relaxation<const W: usize>(
        &self,
        length: [f64; W],
        values: impl Fn(usize) -> ([f64; W], [f64; W]),
    ) -> [f64; W] {
        let mut sum = [0.0; W];
        for (number, input) in self.inputs.iter().enumerate() {
            if let Effect::Conductance { .. } = input.effect {
                let decays = Decays::after(scaled(length, input.rate));
                let integrals = input.integrals(values(number), length, &decays);
                for i in 0..W {
                    sum[i] += integrals[i];
                }
            }
        }
        sum
    }

    /// How fast m changes at the given part of each piece, as it is felt at the piece's end.
    #[inline(always)]
    fn slopes<const W: usize>(
        &self,
        piece: &Piece<W>,
        nodes: [f64; W],
        values: impl Fn(usize) -> ([f64; W], [f64; W]),
    ) -> [f64; W] {
        let mut t = [0.0; W];
        for i in 0..W {
            t[i] = nodes[i] * piece.length[i];
        }
        let mut drives = [0.0; W];
        let mut relaxations = [0.0; W];
        for (number, input) in self.inputs.iter().enumerate() {
            let (s, x) = values(number);
            let decays = Decays::after(scaled(t, input.rate));
            let mut now = [0.0; W];
            for i in 0..W {
                now[i] = s[i] * decays.left[i];
            }
            if input.is_alpha {
                for i in 0..W {
                    now[i] += x[i] * t[i] * decays.left[i];
                }
            }
            match input.effect {
                Effect::Current { .. } => {
                    for i in 0..W {
                        drives[i] += now[i];
                    }
                }
                Effect::Conductance { reversal } => {
                    let integrals = input.integrals((s, x), t, &decays);
                    for i in 0..W {
                        relaxations[i] += integrals[i];
                        drives[i] += now[i] * (reversal - piece.m[i]);
                    }
                }
            }
        }
        let mut exponents = [0.0; W];
        for i in 0..W {
            let by_leak = (1.0 - nodes[i]) * piece.length[i] * self.leak_rate;
            exponents[i] = by_leak + (piece.relaxation[i] - relaxations[i]) * self.per_capacitance;
        }
        let felt = Decays::after(exponents).left;
        let mut slopes = [0.0; W];
        for i in 0..W {
            let leak_drive = (piece.m_inf[i] - piece.m[i]) * self.leak_rate;
            slopes[i] = felt[i] * (leak_drive + drives[i] * self.per_capacitance);
        }
        slopes
    }

    /// [`Lif::under_conductances`] from their anchors for many neurons, which lie side by side in vectors where one piece is
    /// enough; the receptor variables move on, too.
    pub(super) fn together_under_conductances(&self, mut neurons: Together<'_, LifState>) {
        let mut from = 0;
        while from < neurons.len() {
            let to = neurons.len().min(from + BLOCK);
            vectorised(
                #[inline(always)]
                || self.block_under_conductances(neurons.part(from..to)),
            );
            from = to;
        }
        let inputs = neurons.inputs.chunks_exact_mut(neurons.stride);
        for (inputs, &dt) in inputs.zip(neurons.durations_ms) {
            self.decay_inputs(inputs, dt);
        }
    }

    /// At most [`BLOCK`] of them.
    #[inline(always)]
    fn block_under_conductances(&self, mut neurons: Together<'_, LifState>) {
        let mut rules = [ALONE; BLOCK];
        let mut values = Vec::new();
        for (i, state) in neurons.states.iter_mut().enumerate() {
            let (inputs, dt) =
                (&neurons.inputs[i * neurons.stride..][..neurons.stride], neurons.durations_ms[i]);
            match self.piece(inputs, 0.0, dt) {
                Some((length, change)) if length >= dt => rules[i] = rule_for(change),
                _ => {
                    let m_inf = self.resting.m_inf(neurons.stimuli[i]);
                    state.m = self.under_conductances(state.m, m_inf, inputs, 0.0, dt);
                }
            }
        }
        for (number, rule) in RULES.iter().enumerate() {
            let mut members = [0; LANES];
            let mut count = 0;
            for i in (0..neurons.len()).filter(|&i| rules[i] == number) {
                members[count] = i;
                count += 1;
                if count == LANES {
                    self.lanes_under_conductances(&mut neurons, members, rule.nodes(), &mut values);
                    count = 0;
                }
            }
            if count > 0 {
                // What is over is filled up with the first: it gets the same result again.
                let first = members[0];
                members[count..].fill(first);
                self.lanes_under_conductances(&mut neurons, members, rule.nodes(), &mut values);
            }
        }
    }

    /// These neurons over one piece each, by one rule.
    #[inline(always)]
    fn lanes_under_conductances(
        &self,
        neurons: &mut Together<'_, LifState>,
        members: [usize; LANES],
        rule: &[(f64, f64)],
        values: &mut Vec<([f64; LANES], [f64; LANES])>,
    ) {
        let mut piece =
            Piece { m: [0.0; LANES], m_inf: [0.0; LANES], length: [0.0; LANES], relaxation: [0.0; LANES] };
        values.clear();
        values.resize(self.inputs.len(), ([0.0; LANES], [0.0; LANES]));
        for (lane, &i) in members.iter().enumerate() {
            piece.m[lane] = neurons.states[i].m;
            piece.m_inf[lane] = self.resting.m_inf(neurons.stimuli[i]);
            piece.length[lane] = neurons.durations_ms[i];
            let inputs = &neurons.inputs[i * neurons.stride..][..neurons.stride];
            for (input, (s, x)) in self.inputs.iter().zip(values.iter_mut()) {
                (s[lane], x[lane]) = input.values(inputs);
            }
        }
        let values = |number: usize| values[number];
        piece.relaxation = self.relaxation(piece.length, values);
        let mut sum = [0.0; LANES];
        for &(node, weight) in rule {
            let slopes = self.slopes(&piece, [node; LANES], values);
            for i in 0..LANES {
                sum[i] += weight * slopes[i];
            }
        }
        for i in 0..LANES {
            neurons.states[members[i]].m = piece.m[i] + piece.length[i] * sum[i];
        }
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

/// All of these by one factor. (Of `array::map` the compiler makes no vectors.)
#[inline(always)]
fn scaled<const W: usize>(mut values: [f64; W], factor: f64) -> [f64; W] {
    for value in &mut values {
        *value *= factor;
    }
    values
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

    /// The integrals of (s + x u) e^(-u/tau) over u from 0 to each t. They are formed from what is lost, so that their errors
    /// are in proportion to themselves: the whole integral to come may be thousands of times as large.
    #[inline(always)]
    fn integrals<const W: usize>(
        &self,
        (s, x): ([f64; W], [f64; W]),
        t: [f64; W],
        decays: &Decays<W>,
    ) -> [f64; W] {
        let mut integrals = [0.0; W];
        for i in 0..W {
            integrals[i] = s[i] * decays.lost[i];
        }
        if self.is_alpha {
            for i in 0..W {
                integrals[i] += x[i] * (self.tau * decays.lost[i] - t[i] * decays.left[i]);
            }
        }
        scaled(integrals, self.tau)
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
