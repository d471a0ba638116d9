//! Scenario files, recordings and the `synfire` command.

pub mod cli;
pub mod connect;
pub mod draw;
pub mod formats;
pub mod import;
pub mod scenario;
