//! In which form a population is driven, where a model has more than one. The scenario alone decides, so that every engine
//! and every number of threads gives the same bits.

use super::{BuildError, population_setup};
use crate::scenario::{
    Distribution, Law, Pairs, Population, Projection, Quantity, Rule, Scenario, SpikeTimes,
};
use synfire_core::Time;
use synfire_core::dense::{self, DenseNeuron, MOST_WEIGHTS};
use synfire_core::group::{Group, PopulationSetup};
use synfire_core::linear::{self, Adding, LinearNeuron};
use synfire_core::oracle::OracleUnits;
use synfire_numerics::cells::CELL_MS;

/// Smaller populations are not worth a form of their own...
const MANY: usize = 400;
/// ... but if their input is dense.
const MANY_UNDER_DENSE_INPUT: usize = 100;

/// Over delays that can be shorter, ms, no population takes sums because delays vary: windows are as short, and each of them costs.
const LEAST_VARIED_MS: f64 = 0.05;

/// No number that is drawn from a normal law lies more standard deviations from its mean: the polar method squares at least 2^-52, and
/// the root of -2 ln 2^-104 is 12.01.
const MOST_DEVIATIONS: f64 = 12.1;

/// A source of at least so many Hz for each neuron makes its input dense.
const DENSE_HZ: f64 = 2000.0;

/// With more arrivals in a cell, a neuron's sums could overflow: at 53,000.
const MOST_ARRIVALS: f64 = 20_000.0;

/// A unit of a source makes no more spikes in a cell of 1/8 ms than this; a neuron makes one.
const MOST_SOURCE_SPIKES: f64 = 64.0;

/// Which form to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the scenario says.
    Chosen,
    /// Coordinates that rest between events wherever the model can: see [`synfire_core::linear`].
    Linear,
    /// The same with sums of integers.
    Summed,
    /// Under dense jumps wherever the model can: see [`synfire_core::dense`].
    Dense,
}

/// A form, with what it is made from.
enum Made {
    Anchored,
    Linear(LinearNeuron, Adding),
    Dense(DenseNeuron, Vec<f64>),
}

/// Makes population `index` in its form.
pub(super) fn group_of(scenario: &Scenario, index: usize, form: Form) -> Result<Box<dyn Group>, BuildError> {
    let population = &scenario.populations[index];
    let setup = population_setup(scenario, index)?;
    let group = match choose(scenario, index, &setup, form) {
        Made::Linear(neuron, adding) => Ok(linear::population(&neuron, &adding, &setup)),
        Made::Dense(neuron, weights) => Ok(dense::population(&neuron, &weights, &setup)),
        Made::Anchored => (population.model.build)(&setup),
    };
    group.map_err(|error| BuildError::of_population(population, error))
}

/// Makes population `index` in its form for the oracle, up to a time.
///
/// # Errors
/// As [`super::build`].
pub fn oracle_of(
    scenario: &Scenario,
    index: usize,
    until: Time,
    form: Form,
) -> Result<Box<dyn OracleUnits>, BuildError> {
    let population = &scenario.populations[index];
    let setup = population_setup(scenario, index)?;
    let units = match choose(scenario, index, &setup, form) {
        Made::Linear(neuron, adding) => Ok(linear::oracle(&neuron, &adding, &setup)),
        Made::Dense(neuron, weights) => Ok(dense::oracle(&neuron, &weights, &setup)),
        Made::Anchored => (population.model.oracle)(&setup, until),
    };
    units.map_err(|error| BuildError::of_population(population, error))
}

fn choose(scenario: &Scenario, index: usize, setup: &PopulationSetup, form: Form) -> Made {
    let model = scenario.populations[index].model;
    let reaching: Vec<&Projection> = scenario.projections.iter().filter(|p| p.target == index).collect();
    let is_dense = reaching.iter().any(|projection| is_dense_source(scenario, projection));
    let many = if is_dense { MANY_UNDER_DENSE_INPUT } else { MANY };
    let is_large = setup.size >= many && form == Form::Chosen;
    let is_named = matches!(form, Form::Linear | Form::Summed);
    let may_be_linear = is_named || is_large && suits_linear(scenario, &reaching);
    if may_be_linear && let Some(neuron) = (model.linear)(setup) {
        let are_summed = form == Form::Summed || form == Form::Chosen && suits_sums(scenario, &reaching);
        let greatest_weights = greatest_weights(&reaching, setup.receptors.len());
        let adding = match greatest_weights.filter(|_| are_summed) {
            Some(greatest_weights) => Adding::AsIntegers {
                greatest_weights,
                most_arrivals: most_arrivals_a_ms(scenario, &reaching),
            },
            None => Adding::InOrder,
        };
        return Made::Linear(neuron, adding);
    }
    let may_be_dense = form == Form::Dense || is_large && has_dense_input(scenario, &reaching);
    if may_be_dense && let (Some(weights), Some(neuron)) = (few_weights(&reaching), (model.dense)(setup)) {
        return Made::Dense(neuron, weights);
    }
    Made::Anchored
}

/// All input is delayed; and each spike reaches all its targets in the population at one instant, and there are many of
/// them, or each neuron has a dense source of its own, or sums of integers suit.
fn suits_linear(scenario: &Scenario, reaching: &[&Projection]) -> bool {
    let is_dense = |p: &&Projection| is_dense_source(scenario, p);
    !reaching.is_empty()
        && reaching.iter().all(|p| least(&p.delay) > 0.0)
        && (are_at_once(reaching) || reaching.iter().any(is_dense) || suits_sums(scenario, reaching))
}

/// Each spike reaches many targets at one instant.
fn are_at_once(reaching: &[&Projection]) -> bool {
    reaching.iter().all(|p| has_one_delay(p) && p.rule != Rule::OneToOne)
}

fn has_one_delay(projection: &Projection) -> bool {
    matches!(projection.delay, Quantity::Number(delay_ms) if delay_ms > 0.0)
}

/// The least value that is possible; minus infinity or no number where only a file or chance knows.
fn least(quantity: &Quantity) -> f64 {
    match quantity {
        Quantity::Number(number) => *number,
        Quantity::Array(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
        Quantity::Distribution(Distribution { clip: Some((low, _)), .. }) => *low,
        Quantity::Distribution(Distribution { law: Law::Uniform(low, _), .. }) => *low,
        Quantity::Distribution(_) => f64::NEG_INFINITY,
    }
}

/// The greatest value that is possible; infinite or no number where only a file or chance knows.
fn most(quantity: &Quantity) -> f64 {
    match quantity {
        Quantity::Number(number) => *number,
        Quantity::Array(values) => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Quantity::Distribution(Distribution { clip: Some((_, high)), .. }) => *high,
        Quantity::Distribution(Distribution { law: Law::Uniform(_, high), .. }) => *high,
        Quantity::Distribution(_) => f64::INFINITY,
    }
}

/// The projection brings each neuron a dense source of its own, with one delay.
fn is_dense_source(scenario: &Scenario, projection: &Projection) -> bool {
    let source = &scenario.populations[projection.source];
    let rate = source.model.spec.parameters.iter().position(|parameter| parameter.name == "rate");
    let rate = rate.map(|place| &source.parameters[place]);
    source.model.spec.is_source
        && matches!(rate, Some(Quantity::Number(rate)) if *rate >= DENSE_HZ)
        && projection.rule == Rule::OneToOne
        && has_one_delay(projection)
}

/// There is a dense source for each neuron, or delays vary, of which none is very short; sources for each neuron have delays of
/// whole cells; weights have a bound, and no more arrives in a millisecond than sums of integers can hold.
fn suits_sums(scenario: &Scenario, reaching: &[&Projection]) -> bool {
    let is_source = |p: &&&Projection| scenario.populations[p.source].model.spec.is_source;
    let own_sources = || reaching.iter().filter(is_source).filter(|p| p.rule == Rule::OneToOne);
    let has_whole_cells = |p: &&Projection| has_one_delay(p) && (least(&p.delay) / CELL_MS).fract() == 0.0;
    let is_varied = !are_at_once(reaching) && reaching.iter().all(|p| least(&p.delay) >= LEAST_VARIED_MS);
    (is_varied || reaching.iter().any(|p| is_dense_source(scenario, p)))
        && own_sources().all(has_whole_cells)
        && reaching.iter().all(|p| greatest_size(&p.weight).is_finite())
        && most_arrivals_a_ms(scenario, reaching) <= linear::MOST_ARRIVALS as f64
}

/// The most that arrives at a neuron in a millisecond, with all but certainty where sources spike at random; infinite if that is not
/// known.
fn most_arrivals_a_ms(scenario: &Scenario, reaching: &[&Projection]) -> f64 {
    let arrivals = |projection: &&Projection| {
        let most = most_spikes_a_ms(&scenario.populations[projection.source]);
        synapses_a_target(scenario, projection) * most
    };
    reaching.iter().map(arrivals).sum()
}

/// The most spikes that a neuron makes within a millisecond, with all but certainty for one that spikes at random; infinite if that
/// is not known.
fn most_spikes_a_ms(population: &Population) -> f64 {
    if let SpikeTimes::Inline(trains) = &population.spike_times {
        return trains.iter().map(|train| most_within_a_ms(train)).max().unwrap_or(0) as f64;
    }
    let spec = population.model.spec;
    let given = |name| spec.parameters.iter().position(|parameter| parameter.name == name);
    let value = |name| given(name).map(|place| &population.parameters[place]);
    match (value("rate"), value("t_ref")) {
        // Twelve standard deviations, and some.
        (Some(rate), _) if spec.is_source => {
            let mean = most(rate) / 1000.0;
            mean + 12.0 * mean.sqrt() + 50.0
        }
        (_, Some(t_ref)) => 1.0 / least(t_ref).max(0.0) + 1.0,
        _ => f64::INFINITY,
    }
}

/// The most of these rising times, ms, that lie within any millisecond.
fn most_within_a_ms(train: &[f64]) -> usize {
    let until = |first: f64| train.partition_point(|&time| time <= first + 1.0);
    train.iter().enumerate().map(|(place, &first)| until(first) - place).max().unwrap_or(0)
}

/// The greatest weight that can reach each receptor, in size, pA; `None` where only a file or chance knows.
fn greatest_weights(reaching: &[&Projection], receptors: usize) -> Option<Vec<f64>> {
    let mut greatest = vec![0.0f64; receptors];
    for projection in reaching {
        let size = greatest_size(&projection.weight);
        if !size.is_finite() {
            return None;
        }
        let greatest = &mut greatest[projection.receptor];
        *greatest = greatest.max(size);
    }
    Some(greatest)
}

/// The greatest size of a weight that is possible, pA; infinite or no number where only a file or chance knows.
fn greatest_size(weight: &Quantity) -> f64 {
    if let Quantity::Distribution(Distribution { law: Law::Normal(mean, deviation), clip: None }) = weight {
        return mean.abs() + MOST_DEVIATIONS * deviation;
    }
    least(weight).abs().max(most(weight).abs())
}

/// Each neuron has a dense source of its own, over a delay of whole cells, and all input is delayed.
fn has_dense_input(scenario: &Scenario, reaching: &[&Projection]) -> bool {
    let is_dense = |projection: &&Projection| {
        is_dense_source(scenario, projection) && (least(&projection.delay) / CELL_MS).fract() == 0.0
    };
    let arrivals = |projection: &&Projection| {
        let is_source = scenario.populations[projection.source].model.spec.is_source;
        synapses_a_target(scenario, projection) * if is_source { MOST_SOURCE_SPIKES } else { 1.0 }
    };
    let arrivals: f64 = reaching.iter().map(arrivals).sum();
    reaching.iter().any(is_dense) && reaching.iter().all(|p| has_one_delay(p)) && arrivals <= MOST_ARRIVALS
}

/// How many synapses a target has, about; infinite where only a file knows.
fn synapses_a_target(scenario: &Scenario, projection: &Projection) -> f64 {
    let [sources, targets] =
        [projection.source, projection.target].map(|population| scenario.populations[population].size as f64);
    match projection.rule {
        Rule::AllToAll => sources,
        Rule::OneToOne => 1.0,
        Rule::FixedInDegree(k) => k as f64,
        Rule::FixedOutDegree(k) => k as f64 * sources / targets,
        Rule::FixedTotalNumber(n) => n as f64 / targets,
        Rule::PairwiseBernoulli(p) => p * sources,
        Rule::Explicit(Pairs::Inline(ref pairs)) => {
            let mut targets: Vec<u32> = pairs.iter().map(|pair| pair[1]).collect();
            targets.sort_unstable();
            targets.chunk_by(|a, b| a == b).map(<[u32]>::len).max().unwrap_or(0) as f64
        }
        Rule::Explicit(Pairs::File(_)) => f64::INFINITY,
    }
}

/// The weights that ever arrive, if they are few.
fn few_weights(reaching: &[&Projection]) -> Option<Vec<f64>> {
    let mut weights: Vec<f64> = Vec::new();
    for projection in reaching {
        let Quantity::Number(weight) = projection.weight else { return None };
        if !weight.is_finite() {
            return None;
        }
        if !weights.contains(&weight) {
            weights.push(weight);
        }
    }
    (1..=MOST_WEIGHTS).contains(&weights.len()).then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{self, Limits};
    use std::path::Path;

    /// The form of 400 neurons that a source of `rate` Hz and one another reach, with these receptors and delays.
    fn form(receptor: &str, rate: f64, source_delay: &str, delay: &str) -> &'static str {
        let text = format!(
            r#"{{ "synfire": 1, "duration": 1, "populations": {{
                "cells": {{ "size": 400, "neuron": {{ "model": "lif", "tau_m": 10, "c_m": 250, "t_ref": 2 }},
                            "receptors": {{ "r": {receptor} }} }},
                "noise": {{ "size": 400, "neuron": {{ "model": "poisson", "rate": {rate} }} }} }},
              "projections": [
                {{ "source": "noise", "target": "cells", "receptor": "r", "connect": {{ "rule": "one_to_one" }},
                   "weight": 0.5, "delay": {source_delay} }},
                {{ "source": "cells", "target": "cells", "receptor": "r", "connect": {{ "rule": "fixed_in_degree", "k": 40 }},
                   "weight": -0.25, "delay": {delay} }} ] }}"#
        );
        let scenario = scenario::check(text, Path::new("test.json"), &Limits::default())
            .unwrap_or_else(|e| panic!("{e}"));
        let cells = scenario.populations.iter().position(|p| p.name == "cells").unwrap();
        match choose(&scenario, cells, &population_setup(&scenario, cells).unwrap(), Form::Chosen) {
            Made::Anchored => "anchored",
            Made::Linear(_, Adding::InOrder) => "linear",
            Made::Linear(_, Adding::AsIntegers { .. }) => "summed",
            Made::Dense(..) => "dense",
        }
    }

    #[test]
    fn so_do_delays_that_vary() {
        let current = r#"{ "kind": "exponential", "tau": 0.5 }"#;
        let varied = r#"{ "normal": [1.5, 0.75], "clip": [0.1, 20] }"#;
        assert_eq!(form(current, 1000.0, "1.5", varied), "summed");
        assert_eq!(form(current, 1000.0, "1.5", "1.5"), "summed");
        // Sources of single neurons have delays of whole cells, or a population cannot draw them itself.
        assert_eq!(form(current, 1000.0, "1.3", varied), "anchored");
        assert_eq!(form(current, 1000.0, varied, varied), "anchored");
        assert_eq!(form(current, 1000.0, "1.5", r#"{ "uniform": [0.01, 1] }"#), "anchored");
        assert_eq!(form(r#"{ "kind": "alpha", "tau": 0.5 }"#, 1000.0, "1.5", varied), "anchored");
    }

    /// The greatest weight of an unclipped normal law is known, and so is how much arrives over listed pairs.
    #[test]
    fn weights_and_arrivals_have_bounds() {
        let scenario = |weight: &str, connect: &str| {
            let text = format!(
                r#"{{ "synfire": 1, "duration": 1, "populations": {{
                    "cells": {{ "size": 400, "neuron": {{ "model": "lif", "tau_m": 10, "c_m": 250, "t_ref": 2 }},
                                "receptors": {{ "r": {{ "kind": "exponential", "tau": 3 }} }} }} }},
                  "projections": [ {{ "source": "cells", "target": "cells", "receptor": "r", "connect": {connect},
                    "weight": {weight}, "delay": {{ "uniform": [1, 2] }} }} ] }}"#
            );
            scenario::check(text, Path::new("test.json"), &Limits::default())
                .unwrap_or_else(|e| panic!("{e}"))
        };
        let adding = |scenario: &Scenario| match choose(
            scenario,
            0,
            &population_setup(scenario, 0).unwrap(),
            Form::Chosen,
        ) {
            Made::Linear(_, Adding::AsIntegers { greatest_weights, most_arrivals }) => {
                Some((greatest_weights[0], most_arrivals))
            }
            _ => None,
        };
        let listed = r#"{ "rule": "explicit", "pairs": [[0, 1], [1, 1], [1, 2], [2, 1]] }"#;
        assert_eq!(adding(&scenario(r#"{ "normal": [-10, 2] }"#, listed)), Some((34.2, 4.5)));
        assert_eq!(adding(&scenario("[1, -7, 3, 4]", listed)), Some((7.0, 4.5)));
        assert_eq!(adding(&scenario(r#"{ "lognormal": [0, 1] }"#, listed)), None);
        let all = r#"{ "rule": "all_to_all" }"#;
        assert_eq!(adding(&scenario("20", all)), Some((20.0, 600.0)));
        assert_eq!(most_within_a_ms(&[0.5, 1.0, 1.25, 1.5, 2.25, 9.0]), 4);
        assert_eq!(most_within_a_ms(&[]), 0);
    }

    #[test]
    fn dense_input_decides_the_form() {
        let current = r#"{ "kind": "exponential", "tau": 0.5 }"#;
        let varied = r#"{ "normal": [1.5, 0.75], "clip": [0.1, 20] }"#;
        assert_eq!(form(current, 3000.0, "1.5", varied), "summed");
        assert_eq!(form(current, 3000.0, "1.3", varied), "linear");
        assert_eq!(form(current, 3000.0, varied, "1.5"), "anchored");
        assert_eq!(form(current, 3000.0, "1.5", r#"{ "exponential": 1.5 }"#), "anchored");
        assert_eq!(form(current, 3000.0, "1.5", r#"{ "uniform": [0, 1] }"#), "anchored");
        let jump = r#"{ "kind": "delta" }"#;
        assert_eq!(form(jump, 3000.0, "1.5", "1.5"), "dense");
        assert_eq!(form(jump, 3000.0, "1.3", "1.5"), "anchored");
        assert_eq!(form(jump, 1000.0, "1.5", "1.5"), "anchored");
        assert_eq!(form(jump, 3000.0, "1.5", varied), "anchored");
    }
}
