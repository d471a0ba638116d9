//! Round trips, and files that are not as they should be.

use super::FileError;
use super::edges::{EdgeList, read_edges, write_edges};
use super::spikes::{PopulationSpikes, SpikeWriter, read_spike_trains, write_trains};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use synfire_core::{LocalId, PopulationId, Time};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A file of the SONATA example.
fn sonata_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scenarios/sonata-300-intfire/sonata/300_intfire")
        .join(name)
}

fn edge_list() -> impl Strategy<Value = EdgeList> {
    let number = prop::num::f64::NORMAL | prop::num::f64::ZERO;
    let delay = prop_oneof![Just(0.0), 0.0..1e9f64, Just(f64::MIN_POSITIVE)];
    let edge = (any::<u32>(), any::<u32>(), number, delay);
    (prop::collection::vec(edge, 0..200), any::<bool>(), any::<bool>()).prop_map(
        |(edges, weights, delays)| EdgeList {
            source: edges.iter().map(|e| e.0).collect(),
            target: edges.iter().map(|e| e.1).collect(),
            weight: weights.then(|| edges.iter().map(|e| e.2).collect()),
            delay: delays.then(|| edges.iter().map(|e| e.3).collect()),
        },
    )
}

fn bits(edges: &EdgeList) -> impl PartialEq + std::fmt::Debug + use<> {
    let bits = |values: &Option<Vec<f64>>| {
        values.as_ref().map(|v| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    (edges.source.clone(), edges.target.clone(), bits(&edges.weight), bits(&edges.delay))
}

proptest! {
    #[test]
    fn edges_come_back_with_the_same_bits(edges in edge_list()) {
        let folder = folder();
        for name in ["list.edges", "list.csv", "list.csv.gz"] {
            let path = folder.path().join(name);
            write_edges(&path, &edges).unwrap();
            prop_assert_eq!(bits(&read_edges(&path).unwrap()), bits(&edges));
        }
    }

    #[test]
    fn a_changed_byte_of_compact_edges_is_found(edges in edge_list(), place in any::<prop::sample::Index>(), by in 1u8..) {
        let folder = folder();
        let path = folder.path().join("list.edges");
        write_edges(&path, &edges).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = bytes[place].wrapping_add(by);
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(read_edges(&path).is_err());
    }

    #[test]
    fn damaged_hdf5_is_an_error_or_harmless(place in any::<prop::sample::Index>(), by in 1u8.., cut in any::<bool>()) {
        let folder = folder();
        let original = std::fs::read(sonata_file("inputs/tw_spikes.h5")).unwrap();
        let place = place.index(original.len());
        let mut bytes = original;
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = bytes[place].wrapping_add(by);
        }
        let path = folder.path().join("spikes.h5");
        std::fs::write(&path, &bytes).unwrap();
        // What counts is that it comes back.
        let _ = read_spike_trains(&path, None);
        let _ = read_edges(&path);
    }

    #[test]
    fn spikes_keep_all_their_digits(epochs in prop::collection::vec((0u64..1_000_000_000, 0.0..1.0f64), 0..50)) {
        let folder = folder();
        let mut times: Vec<Time> = epochs.iter().map(|(e, o)| Time::from_parts(*e, *o).unwrap()).collect();
        times.sort();
        let path = folder.path().join("spikes.csv.gz");
        let mut writer = SpikeWriter::csv(&path, &["a", "b"]).unwrap();
        for (index, at) in times.iter().enumerate() {
            writer.push(PopulationId(1), LocalId(index as u32), *at).unwrap();
        }
        writer.finish().unwrap();
        let read = read_spike_trains(&path, None).unwrap();
        let found: Vec<f64> = read.iter().flat_map(|spikes| spikes.times.clone()).collect();
        // Reading rounds once, from all digits to the nearest double.
        prop_assert_eq!(found, times.iter().map(|t| t.as_ms()).collect::<Vec<_>>());
    }
}

#[test]
fn long_columns_are_cut_into_blocks() {
    let folder = folder();
    let count = 3 * 65_536 + 17;
    let edges = EdgeList {
        source: (0..count).map(|i| i / 100).collect(),
        target: (0..count).map(|i| (i * 7919) % 1000).collect(),
        weight: Some((0..count).map(|i| f64::from(i % 13) * 0.275).collect()),
        delay: None,
    };
    let path = folder.path().join("list.edges");
    write_edges(&path, &edges).unwrap();
    assert_eq!(read_edges(&path).unwrap(), edges);
    let length = std::fs::metadata(&path).unwrap().len();
    assert!(length < u64::from(count) * 4, "{length} bytes for {count} edges of 16 bytes");
}

#[test]
fn compact_edges_that_are_cut_off_are_an_error_wherever_the_cut_is() {
    let folder = folder();
    let path = folder.path().join("list.edges");
    let edges =
        EdgeList { source: vec![1, 2, 3], target: vec![4, 5, 6], weight: Some(vec![0.5; 3]), delay: None };
    write_edges(&path, &edges).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = read_edges(&path).unwrap_err().to_string();
        assert!(error.contains("list.edges, byte"), "{error}");
    }
    std::fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(read_edges(&path).unwrap_err().to_string().ends_with("1 bytes after the end"));
}

#[test]
fn an_absurd_count_is_refused_before_memory_is_taken() {
    let folder = folder();
    let path = folder.path().join("list.edges");
    let mut bytes = b"synedges".to_vec();
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(u64::MAX.to_le_bytes());
    bytes.extend([0; 100]);
    std::fs::write(&path, &bytes).unwrap();
    let error = read_edges(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("byte 16: 18446744073709551615 edges cannot be in a file of 124 bytes"),
        "{error}"
    );
}

/// The error of a text file with this content, without its folder.
fn text_error(name: &str, content: &str) -> String {
    let folder = folder();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let error = match name {
        "edges.csv" | "edges.txt" => read_edges(&path).unwrap_err(),
        _ => read_spike_trains(&path, Some("cells")).unwrap_err(),
    };
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn errors_say_where_and_what() {
    insta::assert_snapshot!(text_error("edges.csv", "source,target\n0,1\n1,-2\n"), @r#"edges.csv, line 3, column "target": found "-2", expected a neuron's id, a whole number"#);
    insta::assert_snapshot!(text_error("edges.csv", "source,target,weight\n0,1\n"), @"edges.csv, line 2: 2 fields, expected 3 as in the first line");
    insta::assert_snapshot!(text_error("edges.csv", "source,weight\n0,1\n"), @r#"edges.csv, line 1: no column "target"; the columns are "source", "weight""#);
    insta::assert_snapshot!(text_error("edges.csv", "source,target,wieght\n0,1,2\n"), @r#"edges.csv, line 1: unknown column "wieght"; allowed are "source", "target", "pre", "post", "weight", "delay""#);
    insta::assert_snapshot!(text_error("edges.csv", "source,target,delay\n0,1,-0.5\n"), @"edges.csv, edge 0 (counted from 0): delay is -0.5, expected a finite number of at least 0");
    insta::assert_snapshot!(text_error("edges.csv", "source,target,weight\n0,1,inf\n"), @"edges.csv, edge 0 (counted from 0): weight is inf, expected a finite number");
    insta::assert_snapshot!(text_error("edges.txt", ""), @"edges.txt: unknown kind of file; the name should end with .edges, .csv, .csv.gz or .h5");
    insta::assert_snapshot!(text_error("spikes.csv", "population,neuron,time_ms\nother,0,1\n"), @r#"spikes.csv, populations: no "cells" among them; the file has "other""#);
    insta::assert_snapshot!(text_error("spikes.csv", "neuron,time_ms\n0,1\n0,NaN\n"), @"spikes.csv, spike 1 (counted from 0): its time is NaN, expected a number of ms of at least 0");
    insta::assert_snapshot!(text_error("spikes.csv.gz", "neuron,time_ms\n"), @"spikes.csv.gz, line 1: cannot be unpacked or read: invalid gzip header");
    insta::assert_snapshot!(text_error("spikes.h5", "neuron,time_ms\n"), @"spikes.h5, /: not readable as HDF5: HDF5 format error: HDF5 signature not found at any valid offset");
}

#[test]
fn packed_text_that_is_cut_off_is_an_error() {
    let folder = folder();
    let path = folder.path().join("spikes.csv.gz");
    let spikes = PopulationSpikes { population: None, neurons: (0..1000).collect(), times: vec![0.1; 1000] };
    write_trains(&path, std::slice::from_ref(&spikes)).unwrap();
    assert_eq!(read_spike_trains(&path, Some("any")).unwrap(), [spikes]);
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 5, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = read_spike_trains(&path, None).unwrap_err().to_string();
        assert!(error.contains("spikes.csv.gz, line"), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for error in [
        read_edges(Path::new("no/such.edges")).unwrap_err(),
        read_edges(Path::new("no/such.h5")).unwrap_err(),
    ] {
        assert!(matches!(error, FileError::System { .. }));
        assert!(error.to_string().starts_with("no/such."), "{error}");
    }
}

/// More spikes than are gathered before they are written, of two populations in turn; the third is silent.
fn some_spikes() -> Vec<(PopulationId, LocalId, Time)> {
    let spike = |i: u32| (PopulationId(i % 2), LocalId(i % 5), Time::from_ms(f64::from(i) * 0.1).unwrap());
    (0..40_001).map(spike).collect()
}

fn write_all(mut writer: SpikeWriter) {
    for (population, neuron, at) in some_spikes() {
        writer.push(population, neuron, at).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn sonata_spikes_come_back() {
    let folder = folder();
    let path = folder.path().join("spikes.h5");
    write_all(SpikeWriter::sonata(&path, &["exc", "inh", "silent"]).unwrap());
    let found = read_spike_trains(&path, None).unwrap();
    let names: Vec<_> = found.iter().map(|spikes| spikes.population.as_deref().unwrap()).collect();
    assert_eq!(names, ["exc", "inh", "silent"]);
    for (index, spikes) in found.iter().enumerate() {
        let own = some_spikes().into_iter().filter(|spike| spike.0.index() == index);
        let (neurons, times): (Vec<u32>, Vec<f64>) = own.map(|spike| (spike.1.0, spike.2.as_ms())).unzip();
        assert_eq!((&spikes.neurons, &spikes.times), (&neurons, &times));
    }
    assert_eq!(read_spike_trains(&path, Some("inh")).unwrap(), [found[1].clone()]);
    let error = SpikeWriter::sonata(&path, &["a/b"]).err().unwrap().to_string();
    assert!(error.ends_with("a population cannot be called \"a/b\" in an HDF5 file"), "{error}");
}

#[test]
fn numpy_arrays_have_a_sender_for_every_time() {
    let folder = folder();
    write_all(SpikeWriter::npy(folder.path(), &[("exc", 5), ("inh", 5)]).unwrap());
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let times = npyz::NpyFile::new(&bytes("times.npy")[..]).unwrap().into_vec::<f64>().unwrap();
    let senders = npyz::NpyFile::new(&bytes("senders.npy")[..]).unwrap().into_vec::<u64>().unwrap();
    assert_eq!(times, some_spikes().iter().map(|spike| spike.2.as_ms()).collect::<Vec<_>>());
    let sender = |spike: &(PopulationId, LocalId, Time)| u64::from(5 * spike.0.0 + spike.1.0);
    assert_eq!(senders, some_spikes().iter().map(sender).collect::<Vec<_>>());
    let populations = String::from_utf8(bytes("populations.csv")).unwrap();
    assert_eq!(populations, "population,first_sender,size\nexc,0,5\ninh,5,5\n");
}

#[test]
fn text_names_the_population_of_every_spike() {
    let folder = folder();
    let path = folder.path().join("spikes.csv");
    let mut writer = SpikeWriter::csv(&path, &["plain", "with, comma"]).unwrap();
    writer.push(PopulationId(1), LocalId(3), Time::from_parts(10_000_000, 1e-15).unwrap()).unwrap();
    writer.push(PopulationId(0), LocalId(0), Time::from_ms(10_000_000.25).unwrap()).unwrap();
    writer.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let expected =
        "population,neuron,time_ms\n\"with, comma\",3,10000000.000000000000001\nplain,0,10000000.25\n";
    assert_eq!(text, expected);
    let found = read_spike_trains(&path, Some("with, comma")).unwrap();
    assert_eq!((found[0].neurons.clone(), found[0].times.clone()), (vec![3], vec![10_000_000.0]));
}

#[test]
fn both_layouts_of_sonata_spikes_are_read() {
    let older = read_spike_trains(&sonata_file("inputs/tw_spikes.h5"), Some("tw")).unwrap();
    assert_eq!((older.len(), older[0].times.len(), older[0].population.as_deref()), (1, 295, None));
    let newer = read_spike_trains(&sonata_file("output/spikes.h5"), Some("v1")).unwrap();
    assert_eq!((newer.len(), newer[0].times.len(), newer[0].population.as_deref()), (1, 4322, Some("v1")));
    let first = newer[0].times.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(format!("{first:.3}"), "566.942");
    let trains = newer[0].trains(300).unwrap();
    assert_eq!(trains.iter().filter(|train| !train.is_empty()).count(), 273);
    assert!(trains.iter().all(|train| train.is_sorted()));
    assert!(newer[0].trains(100).is_err());
}

#[test]
fn sonata_edges_are_read() {
    let edges = read_edges(&sonata_file("network/lgn_v1_edges.h5")).unwrap();
    assert_eq!((edges.source.len(), edges.target.len()), (17_160, 17_160));
    assert_eq!((edges.weight, edges.delay), (None, None));
    assert_eq!(edges.source.iter().max(), Some(&89));
    assert_eq!(edges.target.iter().max(), Some(&299));
}
