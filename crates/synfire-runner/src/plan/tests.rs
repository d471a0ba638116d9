use super::*;
use crate::scenario::{self, Limits};

fn scenario_in(folder: &Path, populations: &str, projections: &str) -> Scenario {
    let text = format!(
        r#"{{ "synfire": 1, "duration": 2000, "populations": {{ {populations} }}, "projections": [ {projections} ] }}"#
    );
    let limits = Limits { neurons: u64::MAX, synapses: u64::MAX, memory: u64::MAX, samples: 0 };
    scenario::check(text, &folder.join("test.json"), &limits).unwrap_or_else(|problems| panic!("{problems}"))
}

fn plan(populations: &str, projections: &str) -> Plan {
    Plan::of(&scenario_in(Path::new(""), populations, projections)).unwrap()
}

const CELLS: &str = r#""cells": { "size": 1000, "neuron": { "model": "lif" },
                        "receptors": { "exc": { "kind": "exponential", "tau": 5 } } }"#;

fn synapses(rule: &str, weight: &str, delay: &str) -> Plan {
    let projection = format!(
        r#"{{ "source": "cells", "target": "cells", "receptor": "exc", "connect": {rule}, "weight": {weight}, "delay": {delay} }}"#
    );
    plan(CELLS, &projection)
}

#[test]
fn synapses_are_counted_by_rule() {
    let count = |rule| synapses(rule, "1", "1").synapses();
    let certain = |synapses| Count { synapses, exact: true };
    assert_eq!(count(r#"{ "rule": "all_to_all" }"#), certain(999_000.0));
    assert_eq!(count(r#"{ "rule": "all_to_all", "autapses": true, "blocks": 10 }"#), certain(100_000.0));
    assert_eq!(count(r#"{ "rule": "one_to_one" }"#), certain(0.0));
    assert_eq!(count(r#"{ "rule": "fixed_in_degree", "k": 7 }"#), certain(7000.0));
    assert_eq!(count(r#"{ "rule": "fixed_out_degree", "k": 7 }"#), certain(7000.0));
    assert_eq!(count(r#"{ "rule": "fixed_total_number", "n": 70, "blocks": 2 }"#), certain(140.0));
    assert_eq!(count(r#"{ "rule": "explicit", "pairs": [[0, 1], [2, 3]] }"#), certain(2.0));
    let expected = count(r#"{ "rule": "pairwise_bernoulli", "p": 0.25 }"#);
    assert_eq!(expected, Count { synapses: 249_750.0, exact: false });
}

#[test]
fn memory_is_four_bytes_a_synapse_and_eight_for_what_varies() {
    let of = |weight, delay| {
        synapses(r#"{ "rule": "fixed_in_degree", "k": 1000 }"#, weight, delay).projections[0].memory
    };
    let offsets = 8000.0;
    assert_eq!(of("1", "1"), 4e6 + offsets);
    assert_eq!(of(r#"{"normal": [1, 2]}"#, "1"), 12e6 + offsets);
    assert_eq!(of(r#"{"normal": [1, 2]}"#, r#"{"uniform": [1, 2]}"#), 20e6 + offsets);
}

#[test]
fn input_is_told_where_it_can_be() {
    let noise = r#""noise": { "size": 50, "neuron": { "model": "poisson", "rate": 20, "start": 500, "stop": 1500 } }"#;
    let drive = r#""drive": { "size": 2, "neuron": { "model": "spike_source", "times": [[1, 2, 3], [1999, 2000, 9999]] } }"#;
    let to = |source| {
        format!(
            r#"{{ "source": "{source}", "target": "cells", "receptor": "exc",
                 "connect": {{ "rule": "all_to_all" }}, "weight": 1, "delay": 1 }}"#
        )
    };
    let plan =
        plan(&format!("{noise}, {drive}, {CELLS}"), &[to("noise"), to("drive"), to("cells")].join(","));
    // 50 neurons at 20 Hz for half of the run; 4 spikes in 2 s.
    assert_eq!(plan.populations[0].spikes_per_second, Some(500.0));
    assert_eq!(plan.populations[1].spikes_per_second, Some(2.0));
    assert_eq!(plan.populations[2].spikes_per_second, None);
    assert_eq!(plan.input_spikes_per_second(), 502.0);
    assert_eq!(plan.projections[1].events_per_second, Some(2000.0));
    assert_eq!(plan.input_events_per_second(), 502_000.0);
    assert_eq!(plan.neurons(), 1052);
}

#[test]
fn a_network_without_synapses_or_input_has_none() {
    let plan = plan(CELLS, "");
    let none = [plan.synapses().synapses, plan.input_spikes_per_second(), plan.input_events_per_second()];
    assert!(none.iter().all(|amount| amount.to_bits() == 0), "{none:?}");
    let differing = CELLS.replace(r#""lif""#, r#""lif", "tau_m": {"uniform": [10, 20]}"#);
    let more = self::plan(&differing, "").populations[0].memory;
    assert!(
        more > 2.0 * plan.populations[0].memory,
        "neurons with parameters of their own need a model each"
    );
}

#[test]
fn files_are_read_for_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pairs.csv"), "source,target,weight\n0,1,2.5\n1,2,2\n2,0,1\n").unwrap();
    std::fs::write(folder.path().join("spikes.csv"), "neuron,time_ms\n0,1\n0,2\n0,5000\n").unwrap();
    let drive =
        r#""drive": { "size": 3, "neuron": { "model": "spike_source", "times_file": "spikes.csv" } }"#;
    let projection = r#"{ "source": "drive", "target": "cells", "receptor": "exc",
                          "connect": { "rule": "explicit", "file": "pairs.csv" }, "weight": 1, "delay": 1 }"#;
    let scenario = scenario_in(folder.path(), &format!("{drive}, {CELLS}"), projection);
    let plan = Plan::of(&scenario).unwrap();
    assert_eq!(plan.populations[0].spikes_per_second, Some(1.0));
    assert_eq!(plan.synapses(), Count { synapses: 3.0, exact: true });
    assert_eq!(plan.projections[0].memory, 3.0 * 12.0 + 3.0 * 8.0);
    std::fs::remove_file(folder.path().join("pairs.csv")).unwrap();
    let error = Plan::of(&scenario).unwrap_err().to_string();
    assert!(
        error.starts_with("projection 0, `drive` to `cells`: ") && error.contains("pairs.csv"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_both_numbers() {
    let large = r#""cells": { "size": 4000000, "neuron": { "model": "lif" },
                    "receptors": { "exc": { "kind": "exponential", "tau": 5 } } }"#;
    let projection = r#"{ "source": "cells", "target": "cells", "receptor": "exc", "weight": 1, "delay": 1,
                          "connect": { "rule": "fixed_out_degree", "k": 1000 } }"#;
    let plan = plan(large, projection);
    assert!(plan.check_memory(17 << 30).is_ok());
    let error = plan.check_memory(8 << 30).unwrap_err();
    assert_eq!(error.needed, plan.memory());
    assert_eq!(error.to_string(), "the network needs about 15.7 GiB of memory, 8.0 GiB are available");
}
