//! One test binary: `golden` replays known spike times, `event_log` holds the log to what the engines
//! count, `equivalence` holds engines and queues against each
//! other bit for bit, `phases` populations that run by phase, `procedural`
//! holds synapses that are drawn again to stored ones, `malformed` holds the error messages to their places, `schema`
//! the schema and the format's page to the checks, `inspect` asks for causes, `cli` starts the command, `browser` looks at pages.

mod browser;
mod cli;
mod code_map;
mod equations;
mod equivalence;
mod event_log;
mod golden;
mod inspect;
mod malformed;
mod phases;
mod procedural;
mod schema;
mod smooth_networks;
