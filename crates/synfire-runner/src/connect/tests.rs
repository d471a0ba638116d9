use super::*;
use crate::scenario::{Distribution, Law, Precision, Rule};
use proptest::prelude::*;
use std::path::PathBuf;
use synfire_core::network::Ranks;

const SEED: u64 = 42;

/// A projection with constant weight and delay, among 1 population if `own`, else from one to another.
fn projection(rule: Rule, own: bool) -> scenario::Projection {
    scenario::Projection {
        source: 0,
        target: usize::from(!own),
        receptor: 0,
        rule,
        autapses: false,
        multapses: true,
        blocks: 1,
        precision: Precision::Double,
        storage: Default::default(),
        weight: Quantity::Number(2.5),
        delay: Quantity::Number(1.5),
    }
}

fn normal(mean: f64, sd: f64) -> Quantity {
    Quantity::Distribution(Distribution { law: Law::Normal(mean, sd), clip: Some((0.0, f64::MAX)) })
}

fn setup(projection: &scenario::Projection, sources: u32, targets: u32) -> ProjectionSetup<'_> {
    let weight_range = ParamRange::Finite;
    ProjectionSetup { projection, index: 3, sources, targets, weight_range, listed: None, seed: SEED }
}

fn build(projection: &scenario::Projection, sources: u32, targets: u32) -> Projection {
    connect(&setup(projection, sources, targets)).unwrap()
}

fn error(projection: &scenario::Projection, sources: u32, targets: u32) -> String {
    connect(&setup(projection, sources, targets)).unwrap_err().to_string()
}

/// All pairs of source and target, by source.
fn pairs(projection: &Projection) -> Vec<(u32, u32)> {
    let sources = 0..projection.offsets.len() - 1;
    sources.flat_map(|s| projection.targets[projection.row(s)].iter().map(move |&t| (s as u32, t))).collect()
}

fn in_degrees(projection: &Projection, targets: u32) -> Vec<usize> {
    let mut degrees = vec![0; targets as usize];
    projection.targets.iter().for_each(|&target| degrees[target as usize] += 1);
    degrees
}

fn out_degrees(projection: &Projection) -> Vec<usize> {
    projection.offsets.windows(2).map(|ends| (ends[1] - ends[0]) as usize).collect()
}

fn has_multapses(projection: &Projection) -> bool {
    let mut pairs = pairs(projection);
    pairs.sort_unstable();
    pairs.windows(2).any(|w| w[0] == w[1])
}

fn has_autapses(projection: &Projection) -> bool {
    pairs(projection).iter().any(|(s, t)| s == t)
}

/// What the engine relies on.
fn check_rows(projection: &Projection) {
    for row in (0..projection.offsets.len() - 1).map(|source| projection.row(source)) {
        let key = |place: usize| (projection.delays.at(place), projection.targets[place]);
        for place in row.clone().skip(1) {
            assert!(key(place - 1) <= key(place), "places {} and {place}", place - 1);
            if key(place - 1) == key(place) {
                assert!(projection.rank(&row, place - 1) < projection.rank(&row, place));
            }
        }
        let named = |place| (projection.targets[place], projection.rank(&row, place));
        let mut ranks: Vec<(u32, u32)> = row.clone().map(named).collect();
        ranks.sort_unstable();
        assert!(ranks.windows(2).all(|pair| pair[0] != pair[1]));
        for place in row.clone() {
            let (target, rank) = named(place);
            assert_eq!(projection.place_of(&row, target, rank), place);
        }
    }
}

#[test]
fn all_to_all_leaves_only_the_neuron_itself_out() {
    let mut all = projection(Rule::AllToAll, true);
    assert_eq!(pairs(&build(&all, 3, 3)), [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]);
    all.autapses = true;
    assert_eq!(pairs(&build(&all, 2, 2)), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    all = projection(Rule::AllToAll, false);
    assert_eq!(
        pairs(&build(&all, 1, 3)),
        [(0, 0), (0, 1), (0, 2)],
        "between populations the flag means nothing"
    );
    assert_eq!(pairs(&build(&projection(Rule::AllToAll, true), 1, 1)), []);
}

#[test]
fn one_to_one() {
    let mut one = projection(Rule::OneToOne, false);
    assert_eq!(pairs(&build(&one, 3, 3)), [(0, 0), (1, 1), (2, 2)]);
    assert_eq!(
        error(&one, 3, 4),
        "one_to_one connects populations of equal size, but there are 3 sources and 4 targets"
    );
    one = projection(Rule::OneToOne, true);
    assert_eq!(pairs(&build(&one, 3, 3)), []);
    one.autapses = true;
    assert_eq!(build(&one, 3, 3).synapses(), 3);
}

#[test]
fn explicit_takes_pairs_as_they_stand() {
    let mut explicit = projection(Rule::Explicit(scenario::Pairs::File(PathBuf::new())), true);
    explicit.weight = Quantity::Array(vec![10.0, 11.0, 12.0, 13.0, 14.0]);
    explicit.multapses = false;
    let list = [[1, 1], [0, 2], [1, 0], [0, 2], [0, 1]];
    let listed = |pairs| Some(Listed { pairs, weights: None, delays: None });
    let columns = (list.map(|p| p[0]), list.map(|p| p[1]));
    for pairs_as_read in [PairList::Pairs(&list), PairList::Columns(&columns.0, &columns.1)] {
        let built =
            connect(&ProjectionSetup { listed: listed(pairs_as_read), ..setup(&explicit, 3, 3) }).unwrap();
        assert_eq!(pairs(&built), [(0, 1), (0, 2), (0, 2), (1, 0), (1, 1)]);
        assert_eq!(built.weights, Values::Each(vec![14.0, 11.0, 13.0, 12.0, 10.0]));
        assert_eq!(built.offsets, [0, 3, 5, 5]);
        assert_eq!(built.declared, None);
    }

    // Delays turn the two synapses from 0 to 2 round: now ranks tell which was declared first.
    explicit.delay = Quantity::Array(vec![1.0, 9.0, 1.0, 2.0, 3.0]);
    let all = ProjectionSetup { listed: listed(PairList::Pairs(&list)), ..setup(&explicit, 3, 3) };
    let built = connect(&all).unwrap();
    assert_eq!(built.weights, Values::Each(vec![13.0, 14.0, 11.0, 12.0, 10.0]));
    assert_eq!(built.delays, Values::Each(vec![2.0, 3.0, 9.0, 1.0, 1.0]));
    assert_eq!(built.declared, Some(Ranks::Bytes(vec![1, 0, 0, 0, 0])));
    check_rows(&built);

    // Weights and delays of a file stand for those of the projection.
    let (weights, delays) = ([1.0, 2.0, 3.0, 4.0, 5.0], [0.5; 5]);
    let from_file = Listed { pairs: PairList::Pairs(&list), weights: Some(&weights), delays: Some(&delays) };
    let built = connect(&ProjectionSetup { listed: Some(from_file), ..all }).unwrap();
    assert_eq!(built.weights, Values::Each(vec![5.0, 2.0, 4.0, 3.0, 1.0]));
    assert_eq!(built.delays, Values::Each(vec![0.5; 5]));

    let error = |setup| connect(&setup).unwrap_err().to_string();
    assert_eq!(
        error(ProjectionSetup { targets: 2, ..all }),
        "pair 1 is [0, 2], but there are only 3 sources and 2 targets"
    );
    assert_eq!(error(ProjectionSetup { listed: None, ..all }), "the pairs of an explicit rule are missing");
    let mut explicit = projection(Rule::Explicit(scenario::Pairs::File(PathBuf::new())), true);
    explicit.weight = Quantity::Array(vec![1.0; 4]);
    let short = ProjectionSetup { listed: listed(PairList::Pairs(&list)), ..setup(&explicit, 3, 3) };
    assert_eq!(error(short), "weight has 4 values for 5 synapses");
}

#[test]
fn in_degrees_are_exact() {
    let mut rule = projection(Rule::FixedInDegree(7), true);
    let with = build(&rule, 30, 30);
    assert_eq!(in_degrees(&with, 30), [7; 30]);
    assert!(has_multapses(&with) && !has_autapses(&with));
    rule.multapses = false;
    for k in [0, 1, 7, 20, 28, 29] {
        rule.rule = Rule::FixedInDegree(k);
        let without = build(&rule, 30, 30);
        assert_eq!(in_degrees(&without, 30), [k; 30]);
        assert!(!has_multapses(&without) && !has_autapses(&without));
        check_rows(&without);
    }
    rule.rule = Rule::FixedInDegree(30);
    assert_eq!(
        error(&rule, 30, 30),
        "fixed_in_degree asks for 30 sources of a target, but only 29 exist; with \"multapses\": true they may repeat"
    );
    rule.autapses = true;
    assert_eq!(build(&rule, 30, 30).synapses(), 900);
    rule.autapses = false;
    rule.multapses = true;
    rule.rule = Rule::FixedInDegree(1);
    assert_eq!(error(&rule, 1, 1), "fixed_in_degree asks for 1 sources of a target, but only 0 exist");
}

#[test]
fn out_degrees_are_exact() {
    let mut rule = projection(Rule::FixedOutDegree(7), false);
    let with = build(&rule, 30, 10);
    assert_eq!(out_degrees(&with), [7; 30]);
    assert!(has_multapses(&with));
    rule.multapses = false;
    let without = build(&rule, 30, 10);
    assert_eq!(out_degrees(&without), [7; 30]);
    assert!(!has_multapses(&without));
    check_rows(&with);
    check_rows(&without);
    rule.rule = Rule::FixedOutDegree(11);
    assert!(
        error(&rule, 30, 10).starts_with("fixed_out_degree asks for 11 targets of a source, but only 10")
    );
}

#[test]
fn total_numbers_are_exact() {
    for (n, multapses) in [(500, true), (30, false), (200, false), (380, false)] {
        let mut rule = projection(Rule::FixedTotalNumber(n), true);
        rule.multapses = multapses;
        let built = build(&rule, 20, 20);
        assert_eq!(built.synapses(), n);
        assert_eq!(has_multapses(&built), multapses);
        assert!(!has_autapses(&built));
        check_rows(&built);
    }
    let mut rule = projection(Rule::FixedTotalNumber(381), true);
    rule.multapses = false;
    assert!(error(&rule, 20, 20).starts_with("fixed_total_number asks for 381 pairs"));
}

#[test]
fn partners_are_uniform() {
    let (sources, targets, k) = (50, 4000, 20);
    for multapses in [true, false] {
        for own in [true, false] {
            let (sources, targets) = if own { (50, 50) } else { (sources, targets) };
            let k = if own { 20 } else { k };
            let mut rule = projection(Rule::FixedInDegree(k), own);
            rule.multapses = multapses;
            let built = build(&rule, sources, targets);
            // Out-degrees are sums over targets of draws with probability k/sources each (or nearly so).
            let mean = built.synapses() as f64 / f64::from(sources);
            let p = k as f64 / f64::from(sources);
            let variance = if multapses { mean } else { mean * (1.0 - p) };
            let chi_squared: f64 =
                out_degrees(&built).iter().map(|d| (*d as f64 - mean).powi(2) / variance).sum();
            // 49 degrees of freedom: beyond 98 once in 25,000 times, below 18 once in 100,000.
            assert!((18.0..98.0).contains(&chi_squared), "{multapses} {own}: {chi_squared}");
        }
    }
}

#[test]
fn bernoulli_has_the_mean_and_the_variance_of_its_law() {
    let (sources, targets, p) = (2000, 500, 0.03);
    let built = build(&projection(Rule::PairwiseBernoulli(p), false), sources, targets);
    assert!(!has_multapses(&built));
    check_rows(&built);
    for (degrees, trials) in [(out_degrees(&built), targets), (in_degrees(&built, targets), sources)] {
        let n = degrees.len() as f64;
        let (mean, variance) = (f64::from(trials) * p, f64::from(trials) * p * (1.0 - p));
        let m = degrees.iter().sum::<usize>() as f64 / n;
        let v = degrees.iter().map(|d| (*d as f64 - m).powi(2)).sum::<f64>() / (n - 1.0);
        assert!((m - mean).abs() < 4.0 * (variance / n).sqrt(), "{m}");
        assert!((v - variance).abs() < 4.0 * variance * (2.0 / n).sqrt() * 1.1, "{v}");
    }
}

#[test]
fn bernoulli_at_the_ends() {
    let rule = |p| projection(Rule::PairwiseBernoulli(p), true);
    assert_eq!(build(&rule(0.0), 100, 100).synapses(), 0);
    assert_eq!(pairs(&build(&rule(1.0), 4, 4)), pairs(&build(&projection(Rule::AllToAll, true), 4, 4)));
    assert!(!has_autapses(&build(&rule(0.9), 100, 100)));
    assert_eq!(build(&rule(1e-300), 100, 100).synapses(), 0);
    assert_eq!(error(&rule(1.5), 4, 4), "p is 1.5, expected a probability between 0 and 1");
    assert!(error(&rule(f64::NAN), 4, 4).contains("NaN"));
}

#[test]
fn blocks_are_networks_of_their_own() {
    let rules = [
        (Rule::AllToAll, 3 * 4 * 3),
        (Rule::OneToOne, 0),
        (Rule::FixedInDegree(3), 36),
        (Rule::FixedOutDegree(2), 24),
        (Rule::FixedTotalNumber(7), 21),
        (Rule::PairwiseBernoulli(1.0), 36),
    ];
    for (rule, synapses) in rules {
        for multapses in [true, false] {
            let mut blocks = projection(rule.clone(), true);
            (blocks.blocks, blocks.multapses) = (3, multapses);
            let built = build(&blocks, 12, 12);
            assert_eq!(built.synapses(), synapses, "{rule:?}");
            assert!(pairs(&built).iter().all(|(s, t)| s / 4 == t / 4 && s != t), "{rule:?}");
            check_rows(&built);
        }
    }
    let mut blocks = projection(Rule::FixedInDegree(2), false);
    blocks.blocks = 3;
    assert!(pairs(&build(&blocks, 6, 30)).iter().all(|(s, t)| s / 2 == t / 10));
    assert_eq!(error(&blocks, 6, 31), "a population of 31 neurons cannot be cut into 3 equal blocks");
    blocks.blocks = 0;
    assert!(connect(&setup(&blocks, 6, 6)).is_err());
    blocks.blocks = 3;
    blocks.rule = Rule::Explicit(scenario::Pairs::Inline(Vec::new()));
    blocks.weight = Quantity::Array(vec![5.0, 6.0, 7.0]);
    let list = [[1, 0], [0, 2], [1, 1]];
    let listed =
        Some(Listed { pairs: PairList::Pairs(&list), weights: None, delays: Some(&[2.0, 1.0, 1.0]) });
    let built = connect(&ProjectionSetup { listed, ..setup(&blocks, 6, 9) }).unwrap();
    assert_eq!(pairs(&built), [(0, 2), (1, 1), (1, 0), (2, 5), (3, 4), (3, 3), (4, 8), (5, 7), (5, 6)]);
    assert_eq!(built.weights, Values::Each([6.0, 7.0, 5.0].repeat(3)));
    assert_eq!(built.delays, Values::Each([1.0, 1.0, 2.0].repeat(3)));
    let too_few = connect(&ProjectionSetup { listed, ..setup(&blocks, 6, 6) }).unwrap_err().to_string();
    assert_eq!(too_few, "pair 1 is [0, 2], but a block has only 2 sources and 2 targets");
}

#[test]
fn nobody_is_connected_to_nobody() {
    for rule in
        [Rule::AllToAll, Rule::FixedInDegree(0), Rule::FixedTotalNumber(0), Rule::PairwiseBernoulli(0.5)]
    {
        for (sources, targets) in [(0, 5), (5, 0), (0, 0)] {
            let built = build(&projection(rule.clone(), false), sources, targets);
            assert_eq!((built.synapses(), built.offsets.len()), (0, sources as usize + 1), "{rule:?}");
        }
    }
    assert_eq!(build(&projection(Rule::FixedInDegree(3), false), 4, 0).synapses(), 0);
    assert!(connect(&setup(&projection(Rule::FixedInDegree(3), false), 0, 4)).is_err());
}

#[test]
fn absurd_sizes_are_refused() {
    let absurd = [
        Rule::AllToAll,
        Rule::FixedInDegree(usize::MAX),
        Rule::FixedOutDegree(1 << 40),
        Rule::FixedTotalNumber(usize::MAX),
        Rule::PairwiseBernoulli(0.5),
    ];
    for rule in absurd {
        let refused = connect(&setup(&projection(rule, false), 4_000_000_000, 4_000_000_000));
        assert!(matches!(refused, Err(ConnectError::TooManySynapses { .. })));
    }
}

#[test]
fn negative_delays_are_errors() {
    let mut rule = projection(Rule::FixedInDegree(10), true);
    rule.delay = Quantity::Distribution(Distribution { law: Law::Normal(1.0, 1.0), clip: None });
    let text = error(&rule, 100, 100);
    assert!(text.starts_with("delay of synapse "), "{text}");
    assert!(text.contains("drawn from {\"normal\": [1, 1]}") && text.contains("\"clip\""), "{text}");
    rule.delay = Quantity::Number(-0.5);
    assert_eq!(error(&rule, 100, 100), "delay of synapse 0 is -0.5, expected a number of at least 0");
}

#[test]
fn minus_zero_is_zero() {
    let mut rule = projection(Rule::AllToAll, false);
    rule.delay = Quantity::Number(-0.0);
    assert!(build(&rule, 1, 1).delays.at(0).is_sign_positive());
    rule.delay = Quantity::Array(vec![0.0, -0.0]);
    let built = build(&rule, 1, 2);
    assert_eq!(built.targets, [0, 1]);
    assert!((0..2).all(|place| built.delays.at(place).is_sign_positive()));
}

fn any_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::AllToAll),
        (0usize..12).prop_map(Rule::FixedInDegree),
        (0usize..12).prop_map(Rule::FixedOutDegree),
        (0usize..60).prop_map(Rule::FixedTotalNumber),
        (0.0..=1.0f64).prop_map(Rule::PairwiseBernoulli),
    ]
}

/// As many threads as asked for.
fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// All that a projection is, with the bits of its numbers.
#[derive(Debug, PartialEq)]
struct Bits {
    offsets: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<u64>,
    delays: Vec<u64>,
    declared: Option<Ranks>,
}

fn bits(projection: Projection) -> Bits {
    let each = |values: &Values| (0..projection.synapses()).map(|place| values.at(place).to_bits()).collect();
    let (weights, delays) = (each(&projection.weights), each(&projection.delays));
    let Projection { offsets, targets, declared, .. } = projection;
    Bits { offsets, targets, weights, delays, declared }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rules_keep_their_promises(
        rule in any_rule(), own: bool, autapses: bool, multapses: bool, delays: bool, weights: bool, single: bool, seed: u64,
        sources in 1u32..20, targets in 1u32..20, blocks in 1u32..4,
    ) {
        let (sources, targets) = (sources * blocks, if own { sources * blocks } else { targets * blocks });
        let mut from = projection(rule, own);
        (from.autapses, from.multapses, from.blocks) = (autapses, multapses, blocks as usize);
        // Few different delays, so that ties are common.
        let uniform = Law::Uniform(0.0, 3.0 * f64::from_bits(1));
        if delays { from.delay = Quantity::Distribution(Distribution { law: uniform, clip: None }); }
        if weights { from.weight = normal(1.0, 0.5); }
        if single { from.precision = Precision::Single; }
        let setup = ProjectionSetup { seed, ..setup(&from, sources, targets) };
        let shape = setup.shape().unwrap();
        let Ok(count) = shape.count(&from.rule, None) else {
            prop_assert!(connect(&setup).is_err());
            return Ok(());
        };
        let built = connect(&setup).unwrap();
        check_rows(&built);
        prop_assert!(!count.exact || count.synapses == built.synapses() as f64);
        prop_assert!(built.targets.iter().all(|target| *target < targets));
        prop_assert!(multapses || !has_multapses(&built));
        prop_assert!(autapses || !own || !has_autapses(&built));
        prop_assert_eq!(matches!(built.weights, Values::Each(_)), weights && !single);
        prop_assert_eq!(matches!(built.weights, Values::Single(_)), weights && single);
        match from.rule {
            Rule::FixedInDegree(k) => prop_assert!(in_degrees(&built, targets).iter().all(|d| *d == k)),
            Rule::FixedOutDegree(k) => prop_assert!(out_degrees(&built).iter().all(|d| *d == k)),
            _ => {}
        }
        let built = bits(built);
        for threads in 1..=3 {
            prop_assert_eq!(&with_threads(threads, || bits(connect(&setup).unwrap())), &built);
        }
    }

    /// The same synapses come out, each with the same weight, whether or not delays bring them into another order.
    #[test]
    fn weights_stay_with_their_synapses(rule in any_rule(), seed: u64) {
        let mut from = projection(rule, false);
        from.weight = normal(5.0, 1.0);
        let synapses = |from: &scenario::Projection| {
            let built = connect(&ProjectionSetup { seed, ..setup(from, 15, 14) })?;
            let weights = (0..built.synapses()).map(|place| built.weights.at(place).to_bits());
            let mut synapses: Vec<_> = pairs(&built).into_iter().zip(weights).collect();
            synapses.sort_unstable();
            Ok::<_, ConnectError>(synapses)
        };
        let plain = synapses(&from);
        from.delay = normal(2.0, 1.0);
        prop_assert_eq!(synapses(&from), plain);
    }
}

#[test]
fn single_precision_rounds_once_what_varies() {
    let mut from = projection(Rule::FixedOutDegree(30), false);
    (from.weight, from.delay) = (normal(1.0, 0.1), normal(1.5, 0.5));
    let numbers = |built: &Projection| {
        let places = (0..built.offsets.len() - 1).flat_map(|s| built.row(s).map(move |place| (s, place)));
        let mut all: Vec<_> = places
            .map(|(s, p)| (s, built.targets[p], built.weights.at(p) as f32, built.delays.at(p) as f32))
            .map(|(s, target, w, d)| (s, target, w.to_bits(), d.to_bits()))
            .collect();
        all.sort_unstable();
        all
    };
    let double = build(&from, 50, 40);
    from.precision = Precision::Single;
    let single = build(&from, 50, 40);
    assert!(matches!((&single.weights, &single.delays), (Values::Single(_), Values::Single(_))));
    assert_eq!(numbers(&single), numbers(&double));
    check_rows(&single);

    // One number for all takes no memory and is left alone.
    from.weight = Quantity::Number(0.1);
    assert_eq!(build(&from, 50, 40).weights, Values::Same(0.1));
    let wide = Distribution { law: Law::Uniform(1e39, 2e39), clip: None };
    from.weight = Quantity::Distribution(wide);
    let text = error(&from, 50, 40);
    assert!(text.starts_with("weight of synapse 0") && text.contains("single precision holds"), "{text}");
}

/// Large enough for several pieces of work on several threads.
#[test]
fn the_number_of_threads_changes_nothing() {
    let rules = [
        Rule::FixedInDegree(40),
        Rule::FixedOutDegree(40),
        Rule::FixedTotalNumber(40_000),
        Rule::PairwiseBernoulli(0.04),
    ];
    for rule in rules {
        let mut from = projection(rule, true);
        (from.weight, from.delay) = (normal(1.0, 0.1), normal(1.5, 0.5));
        for (precision, size) in [(Precision::Double, 1000), (Precision::Single, 4000)] {
            from.precision = precision;
            let built = [1, 2, 3].map(|threads| bits(with_threads(threads, || build(&from, size, size))));
            assert_eq!(built[0], built[1]);
            assert_eq!(built[0], built[2]);
        }
    }
}

#[test]
fn projections_and_seeds_draw_different_synapses() {
    let from = projection(Rule::FixedInDegree(5), true);
    let one = setup(&from, 100, 100);
    let [a, b, c] = [one, ProjectionSetup { index: 4, ..one }, ProjectionSetup { seed: 43, ..one }]
        .map(|setup| connect(&setup).unwrap().targets);
    assert!(a != b && a != c && b != c);
}

/// Computed once with an independent program, written from the documentation. What a seed means hangs on them.
#[test]
fn drawn_networks_are_frozen() {
    let golden = |index: u32, rule: Rule, multapses: bool, sources: u32, targets: u32| {
        let mut from = projection(rule, index == 0);
        from.multapses = multapses;
        if index == 0 {
            let uniform = Distribution { law: Law::Uniform(0.5, 1.5), clip: None };
            (from.weight, from.delay) = (normal(20.0, 2.0), Quantity::Distribution(uniform));
        }
        connect(&ProjectionSetup { seed: 2024, index, ..setup(&from, sources, targets) }).unwrap()
    };

    let drawn = golden(0, Rule::FixedInDegree(3), true, 6, 6);
    assert_eq!(drawn.offsets, [0, 2, 3, 5, 8, 13, 18]);
    assert_eq!(drawn.targets, [2, 4, 5, 3, 0, 0, 5, 2, 0, 2, 5, 1, 1, 3, 1, 4, 4, 3]);
    #[rustfmt::skip]
    assert_eq!(drawn.delays, Values::Each(vec![
        0.5647127715245096, 0.6473355603127618, 1.382094456219197, 0.6074845962803507, 0.7501326387561148,
        0.779824377409366, 1.3495860535200386, 1.36462289734706, 0.5172239959280543, 0.6201444199494477,
        0.7215564901553094, 1.462517129281, 1.48395677729529, 0.5351547952117522, 0.5894310550557598,
        0.8194205395883278, 0.9001014236673501, 1.4853642261467677,
    ]));
    #[rustfmt::skip]
    assert_eq!(drawn.weights, Values::Each(vec![
        21.647926438532583, 23.654541557040215, 20.640614494231063, 22.83430470050767, 19.253125125764257,
        18.275127272979905, 19.22428961914853, 20.746261594902485, 19.468021352359642, 22.63657194219262,
        20.701662013159687, 18.298646122859495, 20.70632404006101, 21.280043167015503, 27.636735180104676,
        23.64367261471451, 20.50898682775434, 15.894713164420025,
    ]));
    assert_eq!(
        drawn.declared,
        Some(Ranks::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0]))
    );

    let out = golden(1, Rule::FixedOutDegree(3), false, 4, 5);
    assert_eq!(out.targets, [1, 3, 4, 0, 1, 4, 2, 3, 4, 0, 1, 4]);
    let total = golden(2, Rule::FixedTotalNumber(6), false, 3, 4);
    assert_eq!(pairs(&total), [(0, 1), (1, 0), (1, 1), (1, 3), (2, 1), (2, 3)]);
    let bernoulli = golden(3, Rule::PairwiseBernoulli(0.4), false, 4, 5);
    assert_eq!(pairs(&bernoulli), [(0, 2), (1, 0), (2, 0), (2, 2), (2, 4), (3, 2), (3, 3)]);
}

/// Rules that draw source by source give the rows of stored synapses, in any order of spikes, however many are under way.
fn check_procedural(setup: &ProjectionSetup<'_>, spikes: &[(u32, bool)]) {
    let (stored, drawn) = (connect(setup), connect_procedural(setup));
    let (Ok(stored), Ok(mut drawn)) = (&stored, drawn) else {
        assert!(stored.is_err());
        return;
    };
    assert_eq!(drawn.synapses(), stored.synapses());
    let range = |p: &Projection| (p.least_delay().to_bits(), p.longest_delay().to_bits());
    assert_eq!(range(&drawn), range(stored));
    let kinds = |p: &Projection| {
        let kind = |values: &Values| match values {
            Values::Same(value) => (0, value.to_bits()),
            Values::Each(_) => (1, 0),
            Values::Single(_) => (2, 0),
        };
        let ranks = match &p.declared {
            None => 0,
            Some(Ranks::Bytes(_)) => 1,
            Some(Ranks::Words(_)) => 2,
        };
        (kind(&p.weights), kind(&p.delays), ranks)
    };
    assert_eq!(kinds(&drawn), kinds(stored));
    let synapses = |p: &Projection, source: usize| -> Vec<_> {
        let row = p.row(source);
        row.clone()
            .map(|place| {
                let (weight, delay) = (p.weights.at(place).to_bits(), p.delays.at(place).to_bits());
                (p.targets[place], weight, delay, p.rank(&row, place))
            })
            .collect()
    };
    let mut under_way: Vec<usize> = Vec::new();
    for &(source, lands) in spikes {
        let source = (source % setup.sources) as usize;
        if !drawn.hold(source).is_empty() {
            under_way.push(source);
        }
        for &source in &under_way {
            assert_eq!(synapses(&drawn, source), synapses(stored, source), "source {source}");
        }
        if lands && !under_way.is_empty() {
            let landed = under_way.swap_remove(source % under_way.len());
            let row = drawn.row(landed);
            // Only the last of its synapses lets a row go.
            drawn.release(landed, row.end - 1);
            assert_eq!(drawn.row(landed), row);
            drawn.release(landed, row.end);
            assert_eq!(drawn.row(landed).is_empty(), !under_way.contains(&landed));
        }
    }
    let longest = (0..setup.sources as usize).map(|source| stored.row(source).len()).max().unwrap_or(0);
    assert!(drawn.targets.len() <= longest * spikes.len(), "slots are used again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn procedural_rows_are_the_stored_ones(
        rule in prop_oneof![
            Just(Rule::AllToAll), Just(Rule::OneToOne), (0usize..12).prop_map(Rule::FixedOutDegree),
            (0.0..=1.0f64).prop_map(Rule::PairwiseBernoulli),
        ],
        own: bool, autapses: bool, multapses: bool, delays in 0u32..3, weights: bool, single: bool, seed: u64,
        sources in 1u32..20, targets in 1u32..20, blocks in 1u32..4,
        spikes in prop::collection::vec((0u32..1000, any::<bool>()), 0..40),
    ) {
        let targets = if own || rule == Rule::OneToOne { sources } else { targets };
        let mut from = projection(rule, own);
        (from.autapses, from.multapses, from.blocks) = (autapses, multapses, blocks as usize);
        from.delay = match delays {
            0 => Quantity::Number(-0.0),
            // Few different delays, so that ties are common.
            1 => Quantity::Distribution(Distribution { law: Law::Uniform(0.0, 3.0 * f64::from_bits(1)), clip: None }),
            _ => Quantity::Distribution(Distribution { law: Law::Uniform(0.5, 1.5), clip: None }),
        };
        if weights { from.weight = normal(1.0, 0.5); }
        if single { from.precision = Precision::Single; }
        check_procedural(&ProjectionSetup { seed, ..setup(&from, sources * blocks, targets * blocks) }, &spikes);
    }
}

#[test]
fn procedural_rows_with_many_synapses_of_a_pair() {
    for k in [256, 257, 700] {
        let mut from = projection(Rule::FixedOutDegree(k), false);
        from.delay = normal(1.0, 0.5);
        check_procedural(&setup(&from, 3, 1), &[(0, false), (1, true), (2, true), (0, true)]);
    }
}

#[test]
fn what_cannot_be_drawn_again_is_refused() {
    let text =
        |from: &scenario::Projection| connect_procedural(&setup(from, 100, 100)).unwrap_err().to_string();
    for rule in [Rule::FixedInDegree(3), Rule::FixedTotalNumber(3)] {
        let from = projection(rule, false);
        let expected = format!("{} does not follow from the source and the seed alone", from.rule.name());
        assert!(text(&from).starts_with(&expected));
    }
    let mut from = projection(Rule::AllToAll, false);
    from.weight = Quantity::Array(vec![1.0; 10_000]);
    assert!(text(&from).starts_with("weight does not follow"));
    // Every row is gone through when the network is built: the first number that is not allowed is named, as of stored ones.
    for from_delay in [
        Quantity::Number(-0.5),
        Quantity::Distribution(Distribution { law: Law::Normal(1.0, 0.3), clip: None }),
    ] {
        let mut from = projection(Rule::PairwiseBernoulli(0.5), false);
        from.delay = from_delay;
        assert_eq!(text(&from), error(&from, 100, 100));
    }
    assert!(scenario::Rule::BY_SOURCE.iter().all(|name| {
        [Rule::AllToAll, Rule::OneToOne, Rule::FixedOutDegree(1), Rule::PairwiseBernoulli(0.5)]
            .iter()
            .any(|rule| rule.name() == *name && rules::RowRule::of(rule).is_some())
    }));
}
