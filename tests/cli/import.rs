//! `synfire import`.

use super::{run_line, top};

#[test]
fn a_sonata_network_is_imported_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let sonata = top("scenarios/sonata-300-intfire/sonata/300_intfire");
    let config = format!("import sonata {}/config.json --out imported", sonata.display());
    let ended = run_line(folder.path(), &config);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    insta::assert_snapshot!(ended.out);
    let replayed = run_line(folder.path(), "replay imported");
    assert_eq!(replayed.code, Some(0), "{}", replayed.out);
    assert!(replayed.out.contains("4,322 spikes"), "{}", replayed.out);
}
