//! One test binary: `golden` replays known spike times, `equivalence` holds engines and queues against each
//! other bit for bit, `cli` starts the command.

mod cli;
mod code_map;
