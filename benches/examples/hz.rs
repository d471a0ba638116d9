//! hz SCENARIO UNTIL_MS [THREADS]
use std::path::Path;
use synfire_core::engine::{Options, Simulation};
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};
struct Count(Vec<u64>, u64);
impl Observer for Count {
    fn spike(&mut self, at: Time, p: PopulationId, n: LocalId) {
        self.0[p.index()] += 1;
        let (e, o) = at.parts();
        for w in [e, o.to_bits(), u64::from(n.0) << 32 | u64::from(p.0)] {
            self.1 = (self.1 ^ w).wrapping_mul(0x9e3779b97f4a7c15).rotate_left(23);
        }
    }
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let scenario = synfire_runner::scenario::load(Path::new(&args[1])).unwrap();
    let network = synfire_runner::build::build(&scenario).unwrap();
    let n = scenario.populations.len();
    let unwatched = (0..n)
        .filter(|&p| scenario.populations[p].model.spec.is_source)
        .map(|p| PopulationId(p as u32))
        .collect();
    let threads = args.get(3).map_or(1, |t| t.parse().unwrap());
    let mut sim =
        Simulation::new(network, vec![], &Options { unwatched, threads, ..Options::default() }).unwrap();
    let cpu = || {
        let s = std::fs::read_to_string("/proc/self/stat").unwrap();
        let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
        f[11].parse::<f64>().unwrap() / 100.0
    };
    let begun = cpu();
    let mut c = Count(vec![0; n], 0);
    sim.run(Time::from_ms(args[2].parse().unwrap()).unwrap(), &mut c).unwrap();
    println!("{:?} {:?} hash {:x}", sim.engine(), c.0, c.1);
    println!("arrivals {} user {:.2}", sim.counts().arrivals, cpu() - begun);
}
