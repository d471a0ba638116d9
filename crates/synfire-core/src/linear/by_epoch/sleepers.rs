//! Who sleeps of a population that goes through epochs as a whole, and how sleepers wake.

use super::Together;
use super::spots::{NONE, Place, Spot};
use crate::linear::sleep::{few, may_sleep};
use crate::linear::{Membrane, is_used_up};

impl<const K: usize> Together<K> {
    /// At the beginning of an epoch: neurons fall asleep or are woken, where that pays.
    pub(super) fn settle_who_sleeps(&mut self, membrane: &Membrane<K>) {
        let (size, few) = (self.spots.len(), few(self.spots.len()));
        // Later nobody falls asleep, who could not say in which epoch.
        let is_late = self.epoch >= u64::from(NONE);
        match &self.awake {
            Some(awake) if is_late || awake.len() > 2 * few => self.wake_all(membrane),
            Some(_) => self.let_sleep(membrane),
            None if !is_late && self.trials.is_due(self.epoch, self.activity, size) => {
                let awake = (0..size).filter(|&slot| !may_sleep(membrane, &self.bases_of(slot)));
                if awake.take(few).count() < few {
                    self.awake = Some((0..size as u32).collect());
                    self.let_sleep(membrane);
                } else {
                    self.trials.put_off(self.epoch);
                }
            }
            None => {}
        }
    }

    /// All who may fall asleep do so.
    fn let_sleep(&mut self, membrane: &Membrane<K>) {
        let Some(mut awake) = self.awake.take() else { return };
        let mut left = 0;
        for slot in 0..awake.len() {
            let neuron = awake[slot];
            let x = self.bases_of(slot);
            if may_sleep(membrane, &x) {
                self.spots[neuron as usize].fall_asleep(x, self.epoch as u32);
                continue;
            }
            self.spots[neuron as usize].place = Place::awake(left);
            awake[left] = neuron;
            (0..K).for_each(|k| self.bases[k][left] = x[k]);
            left += 1;
        }
        awake.truncate(left);
        self.bases.iter_mut().for_each(|bases| bases.truncate(left));
        self.awake = Some(awake);
    }

    /// Nobody sleeps any more.
    fn wake_all(&mut self, membrane: &Membrane<K>) {
        let all: Vec<u32> = (0..self.spots.len() as u32).collect();
        self.wake(membrane, &all);
        // Those without room are found when all are looked at.
        self.used_up.clear();
        for bases in &mut self.bases {
            *bases = self.spots.iter().map(|spot| bases[spot.place.slot()]).collect();
        }
        (0..).zip(&mut self.spots).for_each(|(slot, spot)| spot.place = Place::awake(slot));
        self.awake = None;
        self.trials.put_off(self.epoch);
    }

    /// Something is about to arrive at these neurons.
    pub(super) fn wake(&mut self, membrane: &Membrane<K>, targets: &[u32]) {
        let Together { epoch, bases, awake: Some(awake), spots, scratch, used_up, .. } = self else { return };
        let (first, ages) = (awake.len(), &mut scratch.ages);
        ages.clear();
        for &target in targets {
            let spot = &mut spots[target as usize];
            if spot.place == Place::ASLEEP {
                ages.push(*epoch - u64::from(spot.last));
                for (k, bases) in bases.iter_mut().enumerate() {
                    bases.push(f64::from_bits(spot.sums[k] as u64));
                }
                *spot = Spot::awake(awake.len());
                awake.push(target);
            }
        }
        if ages.is_empty() {
            return;
        }
        for (k, bases) in bases.iter_mut().enumerate() {
            membrane.integrator.move_on_by(k, &mut bases[first..], ages);
        }
        let rooms = &mut scratch.rooms;
        rooms.resize(ages.len(), 0.0);
        membrane.integrator.rooms(bases.each_ref().map(|bases| &bases[first..]), rooms);
        for (&neuron, &room) in awake[first..].iter().zip(&*rooms) {
            let spot = &mut spots[neuron as usize];
            spot.room = room;
            if is_used_up(room) {
                spot.room = f64::NEG_INFINITY;
                used_up.push(neuron);
            }
        }
    }
}
