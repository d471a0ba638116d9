//! Threads that do jobs together, round after round. Between rounds they stay awake for a while: a window of the microcircuit has
//! a tenth of a millisecond of work, and to wake a thread takes a good part of that.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle, available_parallelism, park, yield_now};

/// Work that any thread can do.
pub(super) trait Job: Send + 'static {
    fn run(&mut self);
}

/// Some threads, and the one that calls them.
pub(super) struct Crew<J: Job> {
    others: Vec<Other<J>>,
}

/// A thread beside the caller.
struct Other<J> {
    desk: Arc<Desk<J>>,
    thread: Option<JoinHandle<()>>,
}

/// Where a thread finds its jobs, and puts them when they are done.
struct Desk<J> {
    jobs: Mutex<Vec<J>>,
    /// What a job panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    state: AtomicU32,
}

/// Nothing to do, or all is done.
const IDLE: u32 = 0;
/// There are jobs.
const CALLED: u32 = 1;
/// The thread may go home.
const OVER: u32 = 2;

/// The name of a thread, for those who look at the program from outside.
const THREAD: &str = "windows";

/// How often a thread looks for jobs before it goes to sleep: for about a fifth of a millisecond.
const PATIENCE: u32 = 5_000;

/// How often the caller looks for the others to be done before it lets other programs go first.
const HASTE: u32 = 5_000;

impl<J: Job> Crew<J> {
    /// So many threads, with the caller; fewer if the system has no more to give.
    pub(super) fn new(threads: usize) -> Crew<J> {
        // Who stays awake must not take processors from those who work.
        let processors = available_parallelism().map_or(1, usize::from);
        let patience = if threads <= processors { PATIENCE } else { 0 };
        let other = |_| {
            let desk = Arc::new(Desk {
                jobs: Mutex::default(),
                panic: Mutex::default(),
                state: AtomicU32::new(IDLE),
            });
            let its = desk.clone();
            let thread = Builder::new().name(THREAD.to_owned()).spawn(move || its.wait_and_work(patience));
            thread.ok().map(|thread| Other { desk, thread: Some(thread) })
        };
        Crew { others: (1..threads).filter_map(other).collect() }
    }

    /// How many threads, with the caller.
    pub(super) fn threads(&self) -> usize {
        self.others.len() + 1
    }

    /// Does all jobs, those of the first part on this thread, those of each other part on always the same other thread. There are no
    /// more parts than threads.
    ///
    /// # Panics
    /// If a job does.
    pub(super) fn work(&self, parts: &mut [Vec<J>]) {
        let Some((mine, others)) = parts.split_first_mut() else { return };
        for (part, Other { desk, .. }) in others.iter_mut().zip(&self.others) {
            std::mem::swap(part, &mut locked(&desk.jobs));
            desk.state.store(CALLED, Ordering::Release);
        }
        self.others.iter().for_each(Other::wake);
        let mut panic = catch_unwind(AssertUnwindSafe(|| mine.iter_mut().for_each(J::run))).err();
        for (part, Other { desk, .. }) in others.iter_mut().zip(&self.others) {
            let mut looks = 0;
            while desk.state.load(Ordering::Acquire) != IDLE {
                looks += 1;
                if looks < HASTE { std::hint::spin_loop() } else { yield_now() }
            }
            std::mem::swap(part, &mut locked(&desk.jobs));
            panic = panic.or_else(|| locked(&desk.panic).take());
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

impl<J> Other<J> {
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl<J> Drop for Other<J> {
    fn drop(&mut self) {
        self.desk.state.store(OVER, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // It has caught what jobs panicked with.
            let _ = thread.join();
        }
    }
}

impl<J: Job> Desk<J> {
    /// Round after round.
    fn wait_and_work(&self, patience: u32) {
        let mut looks = 0;
        loop {
            match self.state.load(Ordering::Acquire) {
                CALLED => {
                    let run = || locked(&self.jobs).iter_mut().for_each(J::run);
                    *locked(&self.panic) = catch_unwind(AssertUnwindSafe(run)).err();
                    // Unless the crew has been let go meanwhile.
                    let _ = self.state.compare_exchange(CALLED, IDLE, Ordering::Release, Ordering::Relaxed);
                    looks = 0;
                }
                OVER => return,
                _ if looks < patience => {
                    looks += 1;
                    std::hint::spin_loop();
                }
                _ => park(),
            }
        }
    }
}

/// A panic with the lock in hand is told to the caller.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Square(u64);

    impl Job for Square {
        fn run(&mut self) {
            assert!(self.0 != 13, "a job that fails");
            self.0 *= self.0;
        }
    }

    #[test]
    fn jobs_are_done_and_come_back() {
        for threads in [1, 2, 7] {
            let crew = Crew::new(threads);
            for round in 0..200 {
                if round % 50 == 0 {
                    // By now everybody sleeps.
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                let numbers = |part: u64| part..part + round % 3;
                let mut parts: Vec<Vec<Square>> =
                    (0..threads as u64).map(|part| numbers(part).map(Square).collect()).collect();
                crew.work(&mut parts);
                for (part, jobs) in (0..).zip(parts) {
                    assert!(jobs.iter().map(|job| job.0).eq(numbers(part).map(|number| number * number)));
                }
            }
        }
    }

    #[test]
    fn a_panic_comes_to_the_caller() {
        let crew = Crew::new(2);
        for (mine, its) in [(1, 13), (13, 1)] {
            let mut parts = [vec![Square(mine)], vec![Square(its)]];
            assert!(catch_unwind(AssertUnwindSafe(|| crew.work(&mut parts))).is_err());
            let mut parts = [vec![Square(2)], vec![Square(3)]];
            crew.work(&mut parts);
            assert!(parts.iter().flatten().map(|job| job.0).eq([4, 9]));
        }
    }
}
