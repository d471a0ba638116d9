//! Relaxation under inputs that fade: dm/dt = (m_inf - m) l + sum of c g_i (e_i - m) + sum of c s_j, where conductances g and currents
//! s are (s + x t) e^(-t/tau).
//!
//! With M(t) the integral of the total rate from t to the end, and F(t) what drives m where it is at the beginning,
//!
//! > m(h) = m(0) + integral of e^(-M(t)) F(t) dt,
//!
//! by a Gauss-Legendre rule on an interval so short that it is exact to rounding. M(t) is formed from what is left of each
//! input at t, so that its error is in proportion to itself. Rules are symmetric: what an input loses from the beginning to one node
//! it loses from the other node of the pair to the end.
//!
//! Sums and products in a fixed order, in as many lanes as the machine has, be they pairs of nodes of one case or one pair of many
//! cases: the same bits on every machine, and for each case whatever its companions.

use crate::decays::{LARGEST, are_short, decays, left, short_decays};
use crate::math;
use crate::quadrature::{MOST_PAIRS, PAIRS, Pairs};
use crate::vector::{Lanes, machine};
use pulp::{Simd, WithSimd, bytemuck};

/// So many cases lie side by side.
const LANES: usize = 8;

/// An input.
#[derive(Clone, Copy, Debug)]
pub struct FadingInput {
    /// The time constant.
    pub tau: f64,
    /// 1/tau.
    pub rate: f64,
    /// Whether it has an x.
    pub is_alpha: bool,
    /// e; `None` for a current.
    pub reversal: Option<f64>,
}

/// The constants.
#[derive(Clone, Debug, Default)]
pub struct Relaxation {
    /// l.
    pub leak_rate: f64,
    /// c.
    pub per_capacitance: f64,
    /// The inputs.
    pub inputs: Vec<FadingInput>,
}

/// What differs from case to case, in any number of lanes.
#[derive(Clone, Copy, Debug)]
pub struct Case<V> {
    /// m at the beginning.
    pub m: V,
    /// m_inf.
    pub m_inf: V,
    /// How long the interval is.
    pub length: V,
}

/// Cases side by side, quantity by quantity.
#[derive(Debug)]
pub struct Cases<'a> {
    /// How many there is room for.
    room: usize,
    /// The place of each case's rule in [`PAIRS`], m, m_inf, length; then for each input s, x.
    rows: &'a mut [f64],
}

const RULE: usize = 0;
const M: usize = 1;
const M_INF: usize = 2;
const LENGTH: usize = 3;
const INPUTS: usize = 4;

impl<'a> Cases<'a> {
    /// Room for so many cases, in a list that serves for nothing else meanwhile.
    pub fn within(list: &'a mut Vec<f64>, count: usize, relaxation: &Relaxation) -> Cases<'a> {
        let room = count.next_multiple_of(LANES);
        let length = room * (INPUTS + 2 * relaxation.inputs.len());
        if list.len() < length {
            list.resize(length, 0.0);
        }
        let mut cases = Cases { room, rows: &mut list[..length] };
        // What is over is filled up.
        for place in count..room {
            cases.set(place, 0, Case { m: 0.0, m_inf: 0.0, length: 0.0 });
            (0..relaxation.inputs.len()).for_each(|number| cases.set_input(place, number, (0.0, 0.0)));
        }
        cases
    }

    /// Puts a case into its place; the rule by its place in [`PAIRS`].
    #[inline(always)]
    pub fn set(&mut self, place: usize, rule: usize, case: Case<f64>) {
        self.rows[RULE * self.room + place] = rule as f64;
        self.rows[M * self.room + place] = case.m;
        self.rows[M_INF * self.room + place] = case.m_inf;
        self.rows[LENGTH * self.room + place] = case.length;
    }

    /// An input of a case, as it is at the beginning.
    #[inline(always)]
    pub fn set_input(&mut self, place: usize, input: usize, (s, x): (f64, f64)) {
        self.rows[(INPUTS + 2 * input) * self.room + place] = s;
        self.rows[(INPUTS + 2 * input + 1) * self.room + place] = x;
    }

    /// m of a case.
    #[inline(always)]
    pub fn m(&self, place: usize) -> f64 {
        self.rows[M * self.room + place]
    }

    /// An input of a case.
    #[inline(always)]
    pub fn input(&self, place: usize, input: usize) -> (f64, f64) {
        let at = |row: usize| self.rows[row * self.room + place];
        (at(INPUTS + 2 * input), at(INPUTS + 2 * input + 1))
    }

    #[inline(always)]
    fn row<S: Simd>(&self, row: usize, place: usize) -> S::f64s {
        S::as_simd_f64s(&self.rows[row * self.room + place..]).0[0]
    }

    #[inline(always)]
    fn set_row<S: Simd>(&mut self, row: usize, place: usize, vector: S::f64s) {
        S::as_mut_simd_f64s(&mut self.rows[row * self.room + place..]).0[0] = vector;
    }
}

impl FadingInput {
    /// s and x of an input after a time.
    #[inline(always)]
    pub fn after(&self, (s, x): (f64, f64), time: f64) -> (f64, f64) {
        let passed = time * self.rate;
        let left = if passed > LARGEST { math::exp(-passed) } else { left(passed) };
        ((s + x * time) * left, x * left)
    }

    /// So many time constants are in times.
    #[inline(always)]
    fn passed<S: Simd>(&self, lanes: Lanes<S>, time: S::f64s) -> S::f64s {
        let Lanes(simd) = lanes;
        let (passed, largest) = (lanes.mul(time, lanes.all(self.rate)), lanes.all(LARGEST));
        // Not a minimum, which would make a number of what is none.
        simd.select_f64s(simd.less_than_f64s(largest, passed), largest, passed)
    }
}

impl Relaxation {
    /// m at the end, by the rule at this place of [`PAIRS`]; `input` gives s and x of an input at the beginning.
    pub fn relax(&self, rule: usize, case: Case<f64>, input: impl Fn(usize) -> (f64, f64)) -> f64 {
        machine().dispatch(One { relaxation: self, pairs: &PAIRS[rule], case, input })
    }

    /// Goes to the end of each case, inputs included. No case is longer than [`LARGEST`] time constants. Neighbours should have about
    /// the same rule.
    pub fn relax_all(&self, cases: &mut Cases<'_>) {
        if cases.room > 0 {
            machine().dispatch(All { relaxation: self, cases });
        }
    }

    /// How fast m changes at the nodes of a pair, as it is felt at the end. `node` is the part of the interval before one of them,
    /// and after the other.
    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        lanes: Lanes<S>,
        node: S::f64s,
        case: &Case<S::f64s>,
        input: impl Fn(usize) -> (S::f64s, S::f64s),
    ) -> [S::f64s; 2] {
        let other = lanes.sub(lanes.all(1.0), node);
        let (before, after) = (lanes.mul(node, case.length), lanes.mul(other, case.length));
        let mut drives = [lanes.all(0.0); 2];
        // What relaxes the change at each node until the end, without the leak, divided by c.
        let mut relaxations = [lanes.all(0.0); 2];
        for (number, constants) in self.inputs.iter().enumerate() {
            let (s, x) = input(number);
            let tau = lanes.all(constants.tau);
            let passed = constants.passed(lanes, case.length);
            let (near, far) = (lanes.mul(node, passed), lanes.mul(other, passed));
            let (near, far) = match are_short(lanes, passed) {
                true => (short_decays(lanes, near), short_decays(lanes, far)),
                false => (decays(lanes, near), decays(lanes, far)),
            };
            for (i, (passed, to_come, since, rest)) in
                [(near, far, before, after), (far, near, after, before)].into_iter().enumerate()
            {
                let mut now = lanes.mul(s, passed.left);
                let mut rise = lanes.all(0.0);
                if constants.is_alpha {
                    rise = lanes.mul(x, passed.left);
                    now = lanes.add(now, lanes.mul(rise, since));
                }
                let Some(reversal) = constants.reversal else {
                    drives[i] = lanes.add(drives[i], now);
                    continue;
                };
                let distance = lanes.sub(lanes.all(reversal), case.m);
                drives[i] = lanes.add(drives[i], lanes.mul(now, distance));
                let mut integral = lanes.mul(now, to_come.lost);
                if constants.is_alpha {
                    let ramp = lanes.sub(lanes.mul(tau, to_come.lost), lanes.mul(rest, to_come.left));
                    integral = lanes.add(integral, lanes.mul(rise, ramp));
                }
                relaxations[i] = lanes.add(relaxations[i], lanes.mul(integral, tau));
            }
        }
        let (leak_rate, per_capacitance) = (lanes.all(self.leak_rate), lanes.all(self.per_capacitance));
        let by_leak = lanes.mul(lanes.sub(case.m_inf, case.m), leak_rate);
        let mut slopes = drives;
        for (i, rest) in [after, before].into_iter().enumerate() {
            let relaxation = lanes.mul(relaxations[i], per_capacitance);
            let felt = decays(lanes, lanes.add(lanes.mul(rest, leak_rate), relaxation)).left;
            slopes[i] = lanes.mul(felt, lanes.add(by_leak, lanes.mul(drives[i], per_capacitance)));
        }
        slopes
    }

    /// m at the ends of a vector of cases, which begins in this place of each row.
    #[inline(always)]
    fn side_by_side<S: Simd>(&self, lanes: Lanes<S>, cases: &Cases<'_>, place: usize) -> S::f64s {
        let case = Case {
            m: cases.row::<S>(M, place),
            m_inf: cases.row::<S>(M_INF, place),
            length: cases.row::<S>(LENGTH, place),
        };
        let rules = &cases.rows[RULE * cases.room + place..][..S::F64_LANES];
        let mut sum = lanes.all(0.0);
        // Pairs beyond those of a lane's rule have no weight.
        let count = rules.iter().fold(0, |most, &rule| most.max(PAIRS[rule as usize].count));
        let first = &PAIRS[rules[0] as usize];
        let is_one_rule = rules.iter().all(|&rule| rule == rules[0]);
        for pair in 0..count {
            let (mut node, mut weight) = (lanes.all(first.nodes[pair]), lanes.all(first.weights[pair]));
            if !is_one_rule {
                let each = lanes_of::<S>(&mut node).iter_mut().zip(lanes_of::<S>(&mut weight));
                for ((node, weight), &rule) in each.zip(rules) {
                    let pairs = &PAIRS[rule as usize];
                    (*node, *weight) = (pairs.nodes[pair], pairs.weights[pair]);
                }
            }
            let slopes = self.slopes(
                lanes,
                node,
                &case,
                #[inline(always)]
                |number| {
                    (
                        cases.row::<S>(INPUTS + 2 * number, place),
                        cases.row::<S>(INPUTS + 2 * number + 1, place),
                    )
                },
            );
            for slope in slopes {
                sum = lanes.add(sum, lanes.mul(weight, slope));
            }
        }
        lanes.add(case.m, lanes.mul(case.length, sum))
    }
}

/// One case, its pairs of nodes side by side.
struct One<'a, I> {
    relaxation: &'a Relaxation,
    pairs: &'a Pairs,
    case: Case<f64>,
    input: I,
}

impl<I: Fn(usize) -> (f64, f64)> WithSimd for One<'_, I> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let One { relaxation, pairs, case, input } = self;
        let lanes = Lanes(simd);
        let all = Case { m: lanes.all(case.m), m_inf: lanes.all(case.m_inf), length: lanes.all(case.length) };
        let (nodes, weights) = (S::as_simd_f64s(&pairs.nodes).0, S::as_simd_f64s(&pairs.weights).0);
        let mut parts = [[0.0; MOST_PAIRS]; 2];
        for place in 0..pairs.count.div_ceil(S::F64_LANES) {
            let slopes = relaxation.slopes(
                lanes,
                nodes[place],
                &all,
                #[inline(always)]
                |number| {
                    let (s, x) = input(number);
                    (lanes.all(s), lanes.all(x))
                },
            );
            for (parts, slope) in parts.iter_mut().zip(slopes) {
                S::as_mut_simd_f64s(parts).0[place] = lanes.mul(weights[place], slope);
            }
        }
        let mut sum = 0.0;
        for (near, far) in parts[0].iter().zip(&parts[1]).take(pairs.count) {
            sum = (sum + near) + far;
        }
        case.m + case.length * sum
    }
}

/// Many cases, side by side.
struct All<'a, 'b> {
    relaxation: &'a Relaxation,
    cases: &'a mut Cases<'b>,
}

impl WithSimd for All<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let All { relaxation, cases } = self;
        let lanes = Lanes(simd);
        for place in (0..cases.room).step_by(S::F64_LANES) {
            let m = relaxation.side_by_side(lanes, cases, place);
            let length = cases.row::<S>(LENGTH, place);
            for (number, constants) in relaxation.inputs.iter().enumerate() {
                let rows = [INPUTS + 2 * number, INPUTS + 2 * number + 1];
                let (s, x) = (cases.row::<S>(rows[0], place), cases.row::<S>(rows[1], place));
                let left = decays(lanes, constants.passed(lanes, length)).left;
                let risen = lanes.add(s, lanes.mul(x, length));
                cases.set_row::<S>(rows[0], place, lanes.mul(risen, left));
                cases.set_row::<S>(rows[1], place, lanes.mul(x, left));
            }
            cases.set_row::<S>(M, place, m);
        }
    }
}

#[inline(always)]
fn lanes_of<S: Simd>(vector: &mut S::f64s) -> &mut [f64] {
    bytemuck::cast_slice_mut(std::slice::from_mut(vector))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, StreamKey};

    /// Each case of a crowd, whatever rules its neighbours have, has the bits that it has alone.
    #[test]
    fn companions_change_no_bit() {
        let mut stream = Stream::new(StreamKey::derive(1, "companions", 0), 0);
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        let input = |tau: f64, is_alpha, reversal| FadingInput { tau, rate: 1.0 / tau, is_alpha, reversal };
        let inputs = vec![
            input(10.0, false, Some(-30.0)),
            input(5.0, true, Some(50.0)),
            input(3.0, false, None),
            input(2.0, true, None),
        ];
        let relaxation = Relaxation { leak_rate: 0.05, per_capacitance: 0.005, inputs };
        let mut list = Vec::new();
        for count in [0, 1, 7, 8, 37, 4] {
            let mut cases = Cases::within(&mut list, count, &relaxation);
            let mut alone = Vec::new();
            for place in 0..count {
                let case =
                    Case { m: between(-20.0, 0.0), m_inf: between(-20.0, 20.0), length: between(0.0, 3.0) };
                let values: Vec<(f64, f64)> = relaxation
                    .inputs
                    .iter()
                    .map(|input| (between(0.0, 90.0), if input.is_alpha { between(0.0, 90.0) } else { 0.0 }))
                    .collect();
                let rule = if count == 8 { 3 } else { place % PAIRS.len() };
                cases.set(place, rule, case);
                for (number, &values) in values.iter().enumerate() {
                    cases.set_input(place, number, values);
                }
                let m = relaxation.relax(rule, case, |number| values[number]);
                let faded = relaxation.inputs.iter().zip(&values);
                alone.push((
                    m,
                    faded.map(|(input, &values)| input.after(values, case.length)).collect::<Vec<_>>(),
                ));
            }
            relaxation.relax_all(&mut cases);
            for (place, (m, faded)) in alone.into_iter().enumerate() {
                assert_eq!(cases.m(place).to_bits(), m.to_bits());
                let found: Vec<_> = (0..faded.len()).map(|number| cases.input(place, number)).collect();
                assert_eq!(found, faded);
            }
        }
    }
}
