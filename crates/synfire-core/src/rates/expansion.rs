//! Rates and drives between two events: a constant plus fading exponentials, one for each time constant in the network.
//!
//! The coefficient of e^(-(t - T)/tau) stands still until something happens to it, however much time passes: what happens
//! to one unit costs its targets one multiplication and one addition each, and no exponential. T is the anchor of the
//! time constant and follows the present at a distance. Coefficients are double-doubles: they are sums over many events,
//! and no rounding of them may pile up.

use crate::time::Time;
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::drive_sign::Fading;
use synfire_numerics::math;

/// A double as a double-double.
pub(super) const fn exact(value: f64) -> DoubleDouble {
    DoubleDouble { hi: value, lo: 0.0 }
}

pub(super) const ZERO: DoubleDouble = exact(0.0);

/// The rank of a time constant, from the largest on.
pub(super) type Rank = u32;

/// constant + sum of c e^(-(t - T)/tau).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expansion {
    pub constant: DoubleDouble,
    /// By rising rank: by falling tau.
    terms: Vec<(Rank, DoubleDouble)>,
}

impl Expansion {
    pub fn constant(constant: DoubleDouble) -> Expansion {
        Expansion { constant, terms: Vec::new() }
    }

    /// A constant and one term.
    pub fn relaxing(constant: DoubleDouble, rank: Rank, coefficient: DoubleDouble) -> Expansion {
        Expansion { constant, terms: vec![(rank, coefficient)] }
    }

    pub fn ranks(&self) -> impl Iterator<Item = Rank> + '_ {
        self.terms.iter().map(|term| term.0)
    }

    pub fn coefficient(&self, rank: Rank) -> DoubleDouble {
        self.place(rank).map_or(ZERO, |place| self.terms[place].1)
    }

    fn place(&self, rank: Rank) -> Result<usize, usize> {
        match self.terms[..] {
            // Networks with one time constant.
            [(only, _)] if only == rank => Ok(0),
            _ => self.terms.binary_search_by_key(&rank, |term| term.0),
        }
    }

    /// Adds to the coefficient of `rank`; true if there was none.
    pub fn add_to(&mut self, rank: Rank, more: DoubleDouble) -> bool {
        match self.place(rank) {
            Ok(place) => {
                self.terms[place].1 = self.terms[place].1 + more;
                false
            }
            Err(place) => {
                self.terms.insert(place, (rank, more));
                true
            }
        }
    }

    pub fn scale(&mut self, rank: Rank, factor: f64) {
        if let Ok(place) = self.place(rank) {
            self.terms[place].1 = self.terms[place].1 * factor;
        }
    }

    /// `self` - `other`.
    pub fn minus(&self, other: &Expansion) -> Expansion {
        let mut difference = self.clone();
        difference.constant = difference.constant + other.constant * -1.0;
        for &(rank, coefficient) in &other.terms {
            difference.add_to(rank, coefficient * -1.0);
        }
        difference
    }

    /// Sets everything to 0 and keeps the terms.
    pub fn clear(&mut self) {
        self.constant = ZERO;
        self.terms.iter_mut().for_each(|term| term.1 = ZERO);
    }

    /// The value where each term has faded as `decay` says.
    pub fn value(&self, mut decay: impl FnMut(Rank) -> f64) -> DoubleDouble {
        let add = |sum: DoubleDouble, &(rank, c): &(Rank, DoubleDouble)| sum + c * decay(rank);
        self.terms.iter().fold(self.constant, add)
    }

    /// The terms as functions of the time from now on, in which they have faded as `clocks` say.
    pub fn fading(&self, clocks: &mut Clocks, terms: &mut Vec<Fading>) {
        terms.clear();
        for &(rank, coefficient) in &self.terms {
            let a = (coefficient * clocks.decay(rank)).round();
            if a != 0.0 {
                terms.push(Fading { a, b: 0.0, tau: clocks.tau(rank) });
            }
        }
    }
}

/// The time constants of a network, and how much their terms have faded at present.
#[derive(Debug)]
pub(super) struct Clocks {
    clocks: Vec<Clock>,
    now: Time,
}

#[derive(Debug)]
struct Clock {
    tau_ms: f64,
    anchor: Time,
    /// e^(-(now - anchor)/tau) and its inverse, as of `known_at`.
    decay: f64,
    growth: f64,
    known_at: Time,
}

/// Anchors follow the present at this distance, in time constants.
const LONGEST_REACH: f64 = 2.0;

impl Clocks {
    /// The clocks at t = 0 of these time constants.
    pub fn new(taus_ms: impl Iterator<Item = f64>) -> Clocks {
        let mut taus: Vec<f64> = taus_ms.collect();
        taus.sort_by(|a, b| b.total_cmp(a));
        taus.dedup();
        let clock =
            |tau_ms| Clock { tau_ms, anchor: Time::ZERO, decay: 1.0, growth: 1.0, known_at: Time::ZERO };
        Clocks { clocks: taus.into_iter().map(clock).collect(), now: Time::ZERO }
    }

    pub fn len(&self) -> usize {
        self.clocks.len()
    }

    /// The rank of a time constant that the network has.
    pub fn rank(&self, tau_ms: f64) -> Rank {
        self.clocks.partition_point(|clock| clock.tau_ms > tau_ms) as Rank
    }

    pub fn tau(&self, rank: Rank) -> f64 {
        self.clocks[rank as usize].tau_ms
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// Moves the present.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
    }

    /// The ranks whose anchors lie too far back.
    pub fn lagging(&self) -> impl Iterator<Item = Rank> + '_ {
        let lags = |clock: &Clock| self.now.since(clock.anchor) > LONGEST_REACH * clock.tau_ms;
        (0..self.clocks.len() as Rank).filter(move |&rank| lags(&self.clocks[rank as usize]))
    }

    /// Moves the anchor of `rank` to now; all coefficients have to be multiplied by the answer.
    pub fn move_anchor(&mut self, rank: Rank) -> f64 {
        let factor = self.decay(rank);
        let clock = &mut self.clocks[rank as usize];
        (clock.anchor, clock.known_at) = (self.now, self.now);
        (clock.decay, clock.growth) = (1.0, 1.0);
        factor
    }

    /// How much a term has faded since its anchor.
    #[inline]
    pub fn decay(&mut self, rank: Rank) -> f64 {
        self.up_to_date(rank).decay
    }

    /// The inverse of [`Clocks::decay`].
    #[inline]
    pub fn growth(&mut self, rank: Rank) -> f64 {
        self.up_to_date(rank).growth
    }

    /// How much a term will have faded at `at`.
    pub fn decay_at(&self, rank: Rank, at: Time) -> f64 {
        let clock = &self.clocks[rank as usize];
        math::exp(-at.since(clock.anchor) / clock.tau_ms)
    }

    #[inline]
    fn up_to_date(&mut self, rank: Rank) -> &Clock {
        let now = self.now;
        let clock = &mut self.clocks[rank as usize];
        if clock.known_at != now {
            let reach = now.since(clock.anchor) / clock.tau_ms;
            (clock.decay, clock.growth) = (math::exp(-reach), math::exp(reach));
            clock.known_at = now;
        }
        clock
    }
}
