//! `synfire replay`.

use super::output::Output;
use super::{CliError, Exit, ReplayArgs};
use crate::replay::{Why, collect, replay as replay_case};

/// Runs the cases, one line each, then the line that counts them.
pub fn replay(args: &ReplayArgs, output: &mut Output) -> Result<Exit, CliError> {
    let cases = collect(&args.paths)?;
    let options = args.engine.options();
    let (mut passed, mut failed) = (0, 0);
    let mut worst = None;
    for case in &cases {
        let outcome = replay_case(case, &options);
        output.print(&outcome.text)?;
        match outcome.failed {
            None => passed += 1,
            Some(why) => {
                failed += 1;
                // A mismatch is what replay is asked for; else the first failure decides.
                if worst.is_none() || why == Why::Mismatch {
                    worst = Some(why);
                }
                if !args.keep_going {
                    break;
                }
            }
        }
    }
    let left = cases.len() - passed - failed;
    if left > 0 {
        let (were, them) =
            if left == 1 { ("case after it was", "it") } else { ("cases after it were", "them") };
        output.print(&format!("{left} {were} not run; --keep-going runs {them}\n"))?;
    }
    output.print(&format!("{passed} passed, {failed} failed\n"))?;
    Ok(match worst {
        None => Exit::Done,
        Some(Why::Mismatch) => Exit::Mismatch,
        Some(Why::CouldNotRun(kind)) => kind.into(),
    })
}
