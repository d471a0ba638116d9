//! Random numbers that depend on what they are for, not on who draws them, in what order or on which thread.
//!
//! The generator is Philox4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw (2011), Parallel random numbers:
//! as easy as 1, 2, 3, SC11, doi:10.1145/2063384.2063405): a bijection of 128-bit counters under a 64-bit key. A
//! [`StreamKey`] is the key; the counter holds the id of a stream in its upper half and the place within the stream in
//! its lower half. So streams of one key never overlap, cost nothing to create, and can be entered anywhere.
//!
//! Every number is defined by integer arithmetic, by +, -, *, / and the square root of IEEE 754, and by the correctly
//! rounded functions of [`crate::math`]: the same bits on every machine. They are part of what a seed means, so golden
//! values in the tests of this file may not change.
//!
//! ```
//! use synfire_numerics::random::{Stream, StreamKey};
//! let key = StreamKey::derive(7, "poisson", 0);
//! let first: Vec<f64> = (0..4).map(|_| Stream::new(key, 12).uniform()).collect();
//! assert!(first.iter().all(|u| *u == first[0]), "a stream always begins with the same numbers");
//! assert_ne!(Stream::new(key, 13).uniform(), first[0]);
//! ```

use crate::math;
use rand::{TryRng, rand_core::Infallible};

/// Names a family of streams: the seed of the run and what the numbers are for. One stream of it per id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey(pub [u32; 2]);

impl StreamKey {
    /// The key for a purpose, such as "weight", of the population or projection `index`, in the run with this seed.
    ///
    /// A chain of the bijection `z -> mix(z + gamma)` of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood (2014), Fast
    /// splittable pseudorandom number generators, doi:10.1145/2714064.2660195), begun with the seed; before each link
    /// come, by exclusive or, eight bytes of the purpose (little endian, zeros at the end), its length, and the index.
    /// Keys that differ in the seed only or in the index only are certainly different; any two others are equal with
    /// probability 2^-64.
    pub fn derive(seed: u64, purpose: &str, index: u32) -> StreamKey {
        let mut state = mix(seed);
        for chunk in purpose.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            state = mix(state ^ u64::from_le_bytes(bytes));
        }
        state = mix(state ^ purpose.len() as u64);
        state = mix(state ^ u64::from(index));
        StreamKey([state as u32, (state >> 32) as u32])
    }

    /// Another key, for numbers of the same purpose that are drawn in another way.
    pub fn sub_key(self) -> StreamKey {
        let [low, high] = self.0;
        StreamKey::derive(u64::from(low) | u64::from(high) << 32, "", 0)
    }
}

/// One step of SplitMix64.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Philox4x32-10: the four random words of a counter under a key.
#[inline]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let even = u64::from(c0) * 0xd251_1f53;
        let odd = u64::from(c2) * 0xcd9e_8d57;
        (c0, c1, c2, c3) =
            ((odd >> 32) as u32 ^ c1 ^ k0, odd as u32, (even >> 32) as u32 ^ c3 ^ k1, even as u32);
        k0 = k0.wrapping_add(0x9e37_79b9);
        k1 = k1.wrapping_add(0xbb67_ae85);
    }
    [c0, c1, c2, c3]
}

/// A stream of random numbers: key, id, place, and the words of the block in hand. 2^66 words long.
#[derive(Clone, Debug)]
pub struct Stream {
    key: StreamKey,
    id: u64,
    /// The block that comes after the one in hand.
    next_block: u64,
    words: [u32; 4],
    /// How many of the words in hand have been used.
    used: u8,
}

impl Stream {
    /// The beginning of stream `id` of a family.
    #[inline]
    pub fn new(key: StreamKey, id: u64) -> Stream {
        Stream { key, id, next_block: 0, words: [0; 4], used: 4 }
    }

    /// Goes to a place: the next number of 64 bits (so the next uniform double) is number `draw` of the stream, from 0.
    pub fn jump_to(&mut self, draw: u64) {
        self.next_block = draw / 2;
        self.refill();
        self.used = 2 * (draw % 2) as u8;
    }

    #[inline]
    fn refill(&mut self) {
        let counter =
            [self.next_block as u32, (self.next_block >> 32) as u32, self.id as u32, (self.id >> 32) as u32];
        self.words = philox(counter, self.key.0);
        self.next_block = self.next_block.wrapping_add(1);
        self.used = 0;
    }

    /// The next 32 bits.
    #[inline]
    pub fn bits32(&mut self) -> u32 {
        if self.used >= 4 {
            self.refill();
        }
        let word = self.words[usize::from(self.used)];
        self.used += 1;
        word
    }

    /// The next 64 bits: the next half block that has not been touched.
    #[inline]
    pub fn bits64(&mut self) -> u64 {
        if self.used >= 3 {
            self.refill();
        }
        let first = if self.used == 0 { 0 } else { 2 };
        self.used = first + 2;
        let first = usize::from(first);
        u64::from(self.words[first]) | u64::from(self.words[first + 1]) << 32
    }

    /// Uniform on [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on (0, 1], a multiple of 2^-53: what a logarithm can be taken of.
    #[inline]
    pub fn uniform_above_zero(&mut self) -> f64 {
        ((self.bits64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// An integer from 0 to `bound` - 1, each with the same probability: multiplication with rejection (D. Lemire
    /// (2019), Fast random integer generation in an interval, doi:10.1145/3230636), on 32 bits.
    ///
    /// # Panics
    /// If `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "no integer lies below 0");
        let mut product = u64::from(self.bits32()) * u64::from(bound);
        if (product as u32) < bound {
            let least = bound.wrapping_neg() % bound;
            while (product as u32) < least {
                product = u64::from(self.bits32()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// The same on 64 bits.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below_u64(&mut self, bound: u64) -> u64 {
        loop {
            if let Some(integer) = self.try_below_u64(bound) {
                return integer;
            }
        }
    }

    /// One try of [`Stream::below_u64`], which takes one draw of 64 bits: `None` if that is rejected.
    ///
    /// # Panics
    /// If `bound` is 0.
    #[inline]
    pub fn try_below_u64(&mut self, bound: u64) -> Option<u64> {
        assert!(bound > 0, "no integer lies below 0");
        let product = u128::from(self.bits64()) * u128::from(bound);
        // The least remainder is below the bound: most draws need no division.
        let is_fine = product as u64 >= bound || product as u64 >= bound.wrapping_neg() % bound;
        is_fine.then_some((product >> 64) as u64)
    }

    /// Exponential with mean 1, by inversion: -ln(u), u on (0, 1].
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        // `0.0 -` rather than a minus sign: u = 1 gives 0, not -0.
        0.0 - math::ln(self.uniform_above_zero())
    }

    /// Normal with mean 0 and standard deviation 1, by the polar method (G. Marsaglia, T. A. Bray (1964), A convenient
    /// method for generating normal variables, doi:10.1137/1006063). The second number of the pair is not used, so that
    /// a stream needs no memory but its place.
    pub fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * math::ln(square) / square).sqrt();
            }
        }
    }

    /// How many trials fail before the first success, if trials fail with the probability whose logarithm is
    /// `ln_failure` (negative, or minus infinity): floor(ln(u) / `ln_failure`), u on (0, 1]. Saturates at 2^64 - 1.
    #[inline]
    pub fn failures(&mut self, ln_failure: f64) -> u64 {
        (math::ln(self.uniform_above_zero()) / ln_failure) as u64
    }
}

/// The core generator of the `rand` crate, so that its tools can be used where frozen values are not asked for.
impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.bits32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits64())
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for chunk in to.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::Rng;

    fn stream(id: u64) -> Stream {
        Stream::new(StreamKey::derive(20_240_917, "test", 3), id)
    }

    /// The vectors "philox4x32 10" of the file kat_vectors of the Random123 distribution.
    #[test]
    fn philox_gives_the_known_answers() {
        let all = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([all; 4], [all; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, answer) in cases {
            assert_eq!(philox(counter, key), answer);
        }
    }

    #[test]
    fn a_stream_is_the_blocks_of_its_counter() {
        let mut stream = Stream::new(StreamKey([1, 2]), 5 + (7 << 32));
        let words: Vec<u32> = (0..8).map(|_| stream.bits32()).collect();
        assert_eq!(words[..4], philox([0, 0, 5, 7], [1, 2]));
        assert_eq!(words[4..], philox([1, 0, 5, 7], [1, 2]));
    }

    #[test]
    fn bits64_takes_the_next_untouched_half_block() {
        let half = |block: u32, half: usize| {
            let words = philox([block, 0, 0, 0], stream(0).key.0);
            u64::from(words[2 * half]) | u64::from(words[2 * half + 1]) << 32
        };
        let mut stream = stream(0);
        stream.bits32();
        assert_eq!(stream.bits64(), half(0, 1));
        stream.bits32();
        stream.bits32();
        stream.bits32();
        assert_eq!(stream.bits64(), half(2, 0));
    }

    /// Computed once with an independent program. What a seed means hangs on them.
    #[test]
    fn values_are_frozen() {
        let key = StreamKey::derive(1234, "golden", 5);
        assert_eq!(key.0, [0x6c40_da90, 0x5ce8_eae8]);
        let three = |id: u64, draw: &dyn Fn(&mut Stream) -> f64| {
            let mut stream = Stream::new(key, id);
            [draw(&mut stream), draw(&mut stream), draw(&mut stream)]
        };
        let uniform = [0.9140948520536899, 0.42998140477229885, 0.04171550619361908];
        assert_eq!(three(0, &Stream::uniform), uniform);
        let exponential = [4.824605115390554, 0.4407388211103292, 1.7955351253861993];
        assert_eq!(three(1, &Stream::exponential), exponential);
        let normal = [0.24217970190935395, 0.3917576679508835, 0.9135256918320936];
        assert_eq!(three(2, &Stream::normal), normal);
        let mut stream = Stream::new(key, 3);
        assert_eq!([(); 8].map(|_| stream.below(10)), [0, 9, 5, 7, 3, 4, 0, 1]);
        let mut stream = Stream::new(key, 4);
        let wide = [372_200_758_086, 548_694_024_727, 298_161_185_413];
        assert_eq!([(); 3].map(|_| stream.below_u64(1_000_000_000_000)), wide);
        let mut stream = Stream::new(key, 5);
        assert_eq!([(); 3].map(|_| stream.failures(math::ln_1p(-0.01))), [4, 5, 87]);
    }

    #[test]
    fn keys_differ_in_every_part() {
        let mut keys = Vec::new();
        for seed in [0, 1, 2, u64::MAX] {
            for purpose in
                ["", "a", "b", "weight", "delay", "parameter tau_m", "parameter tau_r", "parameter \0"]
            {
                for index in [0, 1, 2, u32::MAX] {
                    keys.push(StreamKey::derive(seed, purpose, index).0);
                }
            }
        }
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    #[test]
    fn rand_sees_the_same_words() {
        let (mut a, mut b) = (stream(1), stream(1));
        assert_eq!(a.next_u64(), b.bits64());
        assert_eq!(a.next_u32(), b.bits32());
        let mut bytes = [0; 11];
        a.fill_bytes(&mut bytes);
        assert_eq!(bytes[..8], b.bits64().to_le_bytes());
        assert_eq!(bytes[8..], b.bits64().to_le_bytes()[..3]);
    }

    proptest! {
        #[test]
        fn a_jump_leads_where_drawing_leads(id: u64, steps in 0u64..50) {
            let (mut walker, mut jumper) = (stream(id), stream(id));
            for _ in 0..steps {
                walker.uniform();
            }
            jumper.jump_to(steps);
            prop_assert_eq!(walker.bits64(), jumper.bits64());
            prop_assert_eq!(walker.bits64(), jumper.bits64());
        }

        #[test]
        fn below_is_below(id: u64, bound in 1u32.., wide in 1u64..) {
            let mut stream = stream(id);
            prop_assert!(stream.below(bound) < bound);
            prop_assert!(stream.below_u64(wide) < wide);
        }
    }

    /// The largest distance of the empirical distribution from `law`, times the root of the number of samples.
    fn kolmogorov_smirnov(mut samples: Vec<f64>, law: impl Fn(f64) -> f64) -> f64 {
        samples.sort_unstable_by(f64::total_cmp);
        let n = samples.len() as f64;
        let distance = samples.iter().enumerate().map(|(i, &x)| {
            let (below, upto, p) = (i as f64 / n, (i + 1) as f64 / n, law(x));
            (p - below).abs().max((upto - p).abs())
        });
        distance.fold(0.0, f64::max) * n.sqrt()
    }

    /// The mean of x^power over the samples.
    fn moment(samples: &[f64], power: i32) -> f64 {
        samples.iter().map(|x| x.powi(power)).sum::<f64>() / samples.len() as f64
    }

    const SAMPLES: usize = 200_000;

    /// Exceeded by one good generator in 10,000: 2 e^(-2 x^2) = 1e-4.
    const KS_LIMIT: f64 = 2.226;

    /// Samples that follow one another in a stream, and samples that begin streams that follow one another.
    fn both_ways(draw: impl Fn(&mut Stream) -> f64) -> [Vec<f64>; 2] {
        let mut one = stream(99);
        [
            (0..SAMPLES).map(|_| draw(&mut one)).collect(),
            (0..SAMPLES).map(|i| draw(&mut stream(i as u64))).collect(),
        ]
    }

    #[test]
    fn uniform_numbers_are_uniform() {
        for samples in both_ways(Stream::uniform) {
            assert!((moment(&samples, 1) - 0.5).abs() < 4.0 * (1.0 / 12.0 / SAMPLES as f64).sqrt());
            assert!(kolmogorov_smirnov(samples, |x| x) < KS_LIMIT);
        }
    }

    #[test]
    fn exponential_numbers_are_exponential() {
        for samples in both_ways(Stream::exponential) {
            assert!(samples.iter().all(|x| *x >= 0.0));
            assert!((moment(&samples, 1) - 1.0).abs() < 4.0 / (SAMPLES as f64).sqrt());
            assert!((moment(&samples, 2) - 2.0).abs() < 4.0 * (20.0 / SAMPLES as f64).sqrt());
            assert!(kolmogorov_smirnov(samples, |x| -math::exp_m1(-x)) < KS_LIMIT);
        }
    }

    /// The normal distribution function by its power series (M. Abramowitz, I. A. Stegun, 26.2.10 and 26.2.11).
    fn normal_law(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + sum * math::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn normal_numbers_are_normal() {
        for samples in both_ways(Stream::normal) {
            let n = SAMPLES as f64;
            assert!(moment(&samples, 1).abs() < 4.0 / n.sqrt());
            assert!((moment(&samples, 2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
            assert!(moment(&samples, 3).abs() < 4.0 * (15.0 / n).sqrt());
            assert!((moment(&samples, 4) - 3.0).abs() < 4.0 * (96.0 / n).sqrt());
            assert!(kolmogorov_smirnov(samples, normal_law) < KS_LIMIT);
        }
    }

    #[test]
    fn bounded_integers_are_uniform() {
        // 3 * 2^30 does not divide 2^32: without rejection every third value would come twice as often.
        let bound = 3 << 30;
        for wide in [false, true] {
            let mut stream = stream(4);
            let mut draw = || if wide { stream.below_u64(bound.into()) as u32 } else { stream.below(bound) };
            let mut counts = [0.0f64; 3];
            for _ in 0..SAMPLES {
                counts[(draw() % 3) as usize] += 1.0;
            }
            let expected = SAMPLES as f64 / 3.0;
            let chi_squared: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
            assert!(chi_squared < 18.4, "{counts:?}, which happens once in 10,000 times");
        }
    }

    #[test]
    fn failures_follow_the_geometric_law() {
        let p = 0.3;
        let mut stream = stream(8);
        let samples: Vec<f64> = (0..SAMPLES).map(|_| stream.failures(math::ln_1p(-p)) as f64).collect();
        let (mean, variance) = ((1.0 - p) / p, (1.0 - p) / (p * p));
        assert!((moment(&samples, 1) - mean).abs() < 4.0 * (variance / SAMPLES as f64).sqrt());
        let zeros = samples.iter().filter(|x| **x == 0.0).count() as f64;
        assert!((zeros / SAMPLES as f64 - p).abs() < 4.0 * (p * (1.0 - p) / SAMPLES as f64).sqrt());
    }

    #[test]
    fn neighbouring_streams_are_not_correlated() {
        for draw in [Stream::uniform, Stream::normal, Stream::exponential] {
            let pairs = (0..SAMPLES as u64).map(|i| (draw(&mut stream(i)), draw(&mut stream(i + 1))));
            let (mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (a, b) in pairs {
                (x, y, xx, yy, xy) = (x + a, y + b, xx + a * a, yy + b * b, xy + a * b);
            }
            let n = SAMPLES as f64;
            let correlation = (n * xy - x * y) / ((n * xx - x * x) * (n * yy - y * y)).sqrt();
            assert!(correlation.abs() < 4.0 / n.sqrt(), "{correlation}");
        }
    }
}
