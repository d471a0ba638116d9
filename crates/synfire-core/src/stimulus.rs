//! What stimuli add to a neuron's constant current, and when that changes.

use crate::group::CurrentStep;
use crate::time::Time;

/// The piecewise constant stimulus current of each neuron of a population. Empty for populations without stimuli.
#[derive(Debug, Default)]
pub struct Schedules {
    neurons: Vec<Schedule>,
}

/// One neuron's: rising times, and the total from each on.
#[derive(Debug, Default)]
struct Schedule {
    changes: Vec<(Time, f64)>,
    /// How many changes have happened.
    passed: usize,
}

impl Schedule {
    fn new(mine: &[&CurrentStep]) -> Schedule {
        let mut times: Vec<Time> =
            mine.iter().flat_map(|s| [s.at, s.until]).filter(|t| *t != Time::NEVER).collect();
        times.sort_unstable();
        times.dedup();
        let total = |at: Time| mine.iter().filter(|s| s.at <= at && at < s.until).map(|s| s.amplitude).sum();
        Schedule { changes: times.into_iter().map(|at| (at, total(at))).collect(), passed: 0 }
    }
}

impl Schedules {
    /// The schedules that these steps make together. Totals are sums in the order of declaration, so that a step that has
    /// ended leaves nothing behind, not even rounding.
    pub fn new(steps: &[CurrentStep], size: usize) -> Schedules {
        if steps.is_empty() {
            return Schedules::default();
        }
        let mut steps_of: Vec<Vec<&CurrentStep>> = vec![Vec::new(); size];
        for step in steps {
            match &step.neurons {
                None => steps_of.iter_mut().for_each(|mine| mine.push(step)),
                Some(ids) => ids.iter().for_each(|&id| steps_of[id as usize].push(step)),
            }
        }
        let neurons = steps_of.into_iter().map(|mine| Schedule::new(&mine)).collect();
        Schedules { neurons }
    }

    /// True if no neuron of the population has a stimulus.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.neurons.is_empty()
    }

    /// When neuron `index` has its next change.
    pub fn next(&self, index: usize) -> Time {
        let schedule = &self.neurons[index];
        schedule.changes.get(schedule.passed).map_or(Time::NEVER, |change| change.0)
    }

    /// The stimulus current of neuron `index` now, pA (or normalised).
    #[inline]
    pub fn current(&self, index: usize) -> f64 {
        if self.neurons.is_empty() {
            return 0.0;
        }
        let schedule = &self.neurons[index];
        if schedule.passed == 0 { 0.0 } else { schedule.changes[schedule.passed - 1].1 }
    }

    /// Lets the changes of neuron `index` up to `now` happen.
    pub fn advance(&mut self, index: usize, now: Time) {
        let schedule = &mut self.neurons[index];
        while schedule.changes.get(schedule.passed).is_some_and(|change| change.0 <= now) {
            schedule.passed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(t: f64) -> Time {
        Time::from_ms(t).unwrap()
    }

    #[test]
    fn overlapping_steps_add_up_and_leave_nothing_behind() {
        let steps = [
            CurrentStep { neurons: None, at: ms(1.0), until: ms(3.0), amplitude: 0.1 },
            CurrentStep { neurons: Some(vec![1]), at: ms(2.0), until: ms(4.0), amplitude: 0.2 },
            CurrentStep { neurons: Some(vec![1]), at: ms(5.0), until: Time::NEVER, amplitude: 7.0 },
        ];
        let mut schedules = Schedules::new(&steps, 2);
        assert_eq!((schedules.next(0), schedules.current(0)), (ms(1.0), 0.0));
        schedules.advance(0, ms(3.0));
        assert_eq!((schedules.next(0), schedules.current(0)), (Time::NEVER, 0.0));
        schedules.advance(1, ms(2.5));
        assert_eq!((schedules.next(1), schedules.current(1)), (ms(3.0), 0.1 + 0.2));
        schedules.advance(1, ms(4.0));
        assert_eq!(schedules.current(1), 0.0);
        schedules.advance(1, ms(9.0));
        assert_eq!((schedules.next(1), schedules.current(1)), (Time::NEVER, 7.0));
    }
}
