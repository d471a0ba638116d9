//! Scenario files, recordings and the `synfire` command.

pub mod analyse;
pub mod build;
pub mod catalogue;
pub mod cli;
pub mod compare;
pub mod connect;
pub mod draw;
pub mod event_log;
pub mod formats;
pub mod import;
pub mod inspect;
pub mod numbers;
pub mod picture;
pub mod plan;
pub mod plot;
pub mod progress;
pub mod recording;
pub mod replay;
pub mod run;
pub mod scenario;
pub mod statistics;
pub mod view;

/// The example of the README, so that it is run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
