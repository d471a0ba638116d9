//! Running recorded networks again: scenarios that say what must come out, and recordings.

mod arrivals;
mod cases;
mod judge;
mod report;

pub use arrivals::{NamedArrival, last_arrivals};
pub use cases::{Case, CaseKind, CasesError, collect};
pub use judge::{Judgement, judge_recording, judge_scenario};

use crate::run::FailureKind;
use synfire_core::engine::Options;

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it failed; `None` if it passed.
    pub failed: Option<Why>,
    /// What the report says: a line, and more if it failed.
    pub text: String,
}

/// Why a case failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something else came out.
    Mismatch,
    /// It could not be run.
    CouldNotRun(FailureKind),
}

/// Runs a case and compares.
pub fn replay(case: &Case, options: &Options) -> Outcome {
    let judged = match case.kind {
        CaseKind::Scenario => judge_scenario(&case.path, options),
        CaseKind::Recording => judge_recording(&case.path, options),
    };
    match judged {
        Ok(judgement) if judgement.passed() => {
            Outcome { failed: None, text: report::passed(&case.label, &judgement) }
        }
        Ok(judgement) => Outcome { failed: Some(Why::Mismatch), text: report::failed(case, &judgement) },
        Err(failure) => {
            let failed = Some(Why::CouldNotRun(failure.kind()));
            Outcome { failed, text: report::failure(&case.label, &failure.to_string()) }
        }
    }
}
