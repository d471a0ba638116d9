//! One test binary: `golden` replays known spike times, `equivalence` holds engines and queues against each
//! other bit for bit, `malformed` holds the error messages to their places, `schema` the schema and the format's page to the checks, `cli` starts the command.

mod cli;
mod code_map;
mod equations;
mod equivalence;
mod golden;
mod malformed;
mod schema;
