//! Scenario files, recordings and the `synfire` command.

pub mod cli;
pub mod connect;
pub mod draw;
pub mod scenario;
