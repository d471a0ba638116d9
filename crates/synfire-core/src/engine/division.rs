//! How populations are divided among threads, each of which they nearly always have, in whose cache they are.

/// Windows are of two kinds: those that begin an epoch, in which a population's dense input is drawn for all of it, and the others.
pub(super) const KINDS: usize = 2;

/// Who takes which population.
pub(super) struct Division<'a> {
    costs: &'a [[f64; KINDS]],
    /// The thread of each.
    pub takers: Vec<usize>,
    /// What each thread has.
    loads: Vec<[f64; KINDS]>,
}

/// From so many divisions on, or less where populations are many, the best is looked for.
const STARTS: usize = 64;

impl<'a> Division<'a> {
    /// One in which threads wait for one another as little as possible, nearly.
    pub(super) fn new(costs: &'a [[f64; KINDS]], threads: usize) -> Division<'a> {
        let starts = (STARTS * STARTS / costs.len().pow(2).max(1)).clamp(1, STARTS);
        let divisions = (0..starts).map(|start| {
            // The digits of a number, if there are threads for that many.
            let digit = |place: usize| start / threads.saturating_pow(place as u32 % STARTS.ilog2());
            let takers = (0..costs.len()).map(|place| (digit(place) + place) % threads);
            Division::with(costs, takers.collect(), threads).shortened()
        });
        let shortest = divisions.min_by(|a, b| a.length().total_cmp(&b.length()));
        shortest.unwrap_or_else(|| Division::with(costs, vec![0; costs.len()], threads))
    }

    fn with(costs: &'a [[f64; KINDS]], takers: Vec<usize>, threads: usize) -> Division<'a> {
        let mut loads = vec![[0.0; KINDS]; threads];
        for (cost, &taker) in costs.iter().zip(&takers) {
            (0..KINDS).for_each(|kind| loads[taker][kind] += cost[kind]);
        }
        Division { costs, takers, loads }
    }

    /// How long it takes: in each kind of windows as long as the thread does that has most to do.
    fn length(&self) -> f64 {
        (0..KINDS).map(|kind| self.loads.iter().map(|load| load[kind]).fold(0.0, f64::max)).sum()
    }

    fn give(&mut self, place: usize, thread: usize) {
        let taker = std::mem::replace(&mut self.takers[place], thread);
        for kind in 0..KINDS {
            self.loads[taker][kind] -= self.costs[place][kind];
            self.loads[thread][kind] += self.costs[place][kind];
        }
    }

    fn exchange(&mut self, a: usize, b: usize) {
        let (taker, other) = (self.takers[a], self.takers[b]);
        self.give(a, other);
        self.give(b, taker);
    }

    /// Populations go to another thread, or change places, as long as that helps.
    fn shortened(mut self) -> Division<'a> {
        let mut least = self.length();
        let mut helps = |division: &Division<'_>| {
            let found = division.length();
            let helps = found < (1.0 - 1e-9) * least;
            least = if helps { found } else { least };
            helps
        };
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for place in 0..self.costs.len() {
                for thread in 0..self.loads.len() {
                    let taker = self.takers[place];
                    self.give(place, thread);
                    if helps(&self) { has_changed = true } else { self.give(place, taker) }
                }
                for other in 0..place {
                    self.exchange(place, other);
                    if helps(&self) { has_changed = true } else { self.exchange(place, other) }
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(costs: &[[f64; KINDS]], takers: Vec<usize>) -> f64 {
        Division::with(costs, takers, 2).length()
    }

    #[test]
    fn threads_get_equal_shares_of_windows_of_each_kind() {
        // By their sums alone the first two could go to one thread, which then would have all to do in one kind of windows.
        let costs = [[4.0, 1.0], [4.0, 1.0], [1.0, 4.0], [1.0, 4.0]];
        assert_eq!(length(&costs, Division::new(&costs, 2).takers), 10.0);
        // What the populations of the microcircuit cost, against all ways to divide them.
        let costs = [
            [240.0, 90.0],
            [70.0, 52.0],
            [300.0, 122.0],
            [75.0, 62.0],
            [70.0, 68.0],
            [17.0, 30.0],
            [255.0, 50.0],
            [45.0, 35.0],
        ];
        let all = (0..256u32)
            .map(|bits| length(&costs, (0..8).map(|place| (bits >> place & 1) as usize).collect()));
        let division = Division::new(&costs, 2);
        assert!(division.length() <= 1.01 * all.fold(f64::INFINITY, f64::min), "{:?}", division.takers);
        // Nobody is left out, however many threads there are.
        for threads in 1..9 {
            let takers = Division::new(&costs, threads).takers;
            assert!(
                takers.len() == costs.len() && (0..threads).all(|thread| takers.contains(&thread)),
                "{takers:?}"
            );
        }
        assert_eq!(Division::new(&[[0.0; KINDS]; 3], 2).takers.len(), 3);
    }
}
