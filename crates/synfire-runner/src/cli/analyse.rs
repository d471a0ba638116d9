//! `synfire analyse` and `synfire linearise`.

use super::output::Output;
use super::table::table;
use super::{AnalyseArgs, CliError, Exit, LineariseArgs};
use crate::analyse::linearise::{Comparison, MODELS, linearise};
use crate::analyse::{Request, Subject, analyse, figure, models};
use crate::plot::figure::save;
use crate::run::Failure;
use crate::scenario::load;

/// Says what a piecewise-linear neuron does, and draws it.
pub fn analyse_neuron(args: &AnalyseArgs, output: &mut Output) -> Result<Exit, CliError> {
    let scenario = load(&args.scenario).map_err(Failure::from)?;
    let subject = Subject::of(&scenario, args.population.as_deref(), args.neuron, &models(), "analysed")?;
    let request = Request { currents: range(&args.currents), points: usize::from(args.points) };
    let analysis = analyse(subject, &request)?;
    if args.json {
        output.print(&format!("{:#}\n", analysis.json()))?;
    } else {
        output.print(&analysis.text())?;
    }
    for file in &args.out {
        save(&analysis.subject.population, figure::panels(&analysis), file)?;
    }
    Ok(Exit::Done)
}

/// Makes a smooth neuron piecewise linear and says how far its spikes move.
pub fn linearise_neuron(args: &LineariseArgs, output: &mut Output) -> Result<Exit, CliError> {
    let scenario = load(&args.scenario).map_err(Failure::from)?;
    let name = args.population.as_deref();
    let subject = Subject::of(&scenario, name, args.neuron, &MODELS, "made piecewise linear")?;
    let pieces: Vec<usize> = args.pieces.iter().map(|&pieces| usize::from(pieces)).collect();
    let until = scenario.duration;
    let found = linearise(subject, &pieces, range(&args.range), until)?;
    if args.json {
        let neurons: Vec<_> = found.linearised.iter().map(|one| &one.neuron).collect();
        output.print(&format!("{:#}\n", serde_json::json!(neurons)))?;
    } else {
        output.print(&described(&found))?;
    }
    Ok(Exit::Done)
}

fn range(given: &[f64]) -> Option<(f64, f64)> {
    match *given {
        [low, high] => Some((low, high)),
        _ => None,
    }
}

fn described(found: &Comparison) -> String {
    let (low, high) = found.range;
    let subject = &found.subject;
    let text = format!(
        "{}, neuron {}: {} over v from {low} to {high}, {} spikes\n\n",
        subject.population,
        subject.neuron,
        subject.model,
        found.spikes.len()
    );
    let head =
        ["pieces", "spikes", "rms error of f", "largest", "period", "moved by", "first spike by", "last by"];
    let mut rows = vec![head.map(str::to_owned)];
    for one in &found.linearised {
        let cell = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3e}"));
        let [mean, largest, period, moved, first, last] = found.row(one);
        let period = period.map_or("-".to_owned(), |period| format!("{period:.9}"));
        rows.push([
            one.pieces.to_string(),
            one.spikes.len().to_string(),
            cell(mean),
            cell(largest),
            period,
            cell(moved),
            cell(first),
            cell(last),
        ]);
    }
    text + &table(&rows, 1)
}
