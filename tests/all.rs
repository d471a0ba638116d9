//! One test binary: `golden` replays known spike times, `equivalence` holds engines and queues against each
//! other bit for bit, `phases` populations that run by phase, `malformed` holds the error messages to their places, `schema`
//! the schema and the format's page to the checks, `cli` starts the command, `browser` looks at pages.

mod browser;
mod cli;
mod code_map;
mod equations;
mod equivalence;
mod golden;
mod malformed;
mod phases;
mod schema;
mod smooth_networks;
