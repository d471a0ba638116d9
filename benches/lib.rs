//! Measurements of synfire. `cargo bench -p synfire-benches` runs them all, `--bench queues` one of them.
