//! `synfire analyse` and `synfire linearise`.

use super::output::Output;
use super::table::table;
use super::{AnalyseArgs, CliError, Exit, LineariseArgs};
use crate::analyse::linearise::{Comparison, MODELS, linearise};
use crate::analyse::{Analysis, Request, Subject, analyse, class, figure, models};
use crate::plot::figure::save;
use crate::run::Failure;
use crate::scenario::load;
use synfire_pwl::analysis::{Cycle, Excitability, Onset};
use synfire_pwl::linear::Spectrum;

/// Says what a piecewise-linear neuron does, and draws it.
pub fn analyse_neuron(args: &AnalyseArgs, output: &mut Output) -> Result<Exit, CliError> {
    let scenario = load(&args.scenario).map_err(Failure::from)?;
    let subject = Subject::of(&scenario, args.population.as_deref(), args.neuron, &models(), "analysed")?;
    let request = Request { currents: args.currents, points: usize::from(args.points) };
    let analysis = analyse(subject, &request)?;
    for file in &args.out {
        save(&scenario.name, figure::panels(&analysis), file)?;
    }
    if args.json {
        output.print(&format!("{:#}\n", analysis.json()))?;
    } else {
        output.print(&described(&analysis))?;
    }
    Ok(Exit::Done)
}

/// Makes a smooth neuron piecewise linear and says how far its spikes move.
pub fn linearise_neuron(args: &LineariseArgs, output: &mut Output) -> Result<Exit, CliError> {
    let scenario = load(&args.scenario).map_err(Failure::from)?;
    let name = args.population.as_deref();
    let subject = Subject::of(&scenario, name, args.neuron, &MODELS, "made piecewise linear")?;
    let pieces: Vec<usize> = args.pieces.iter().map(|&pieces| usize::from(pieces)).collect();
    let found = linearise(subject, &pieces, args.range, scenario.duration)?;
    if let Some(file) = &args.out {
        found.write(file)?;
    }
    if args.json {
        output.print(&format!("{:#}\n", found.json()))?;
    } else {
        output.print(&compared(&found))?;
    }
    Ok(Exit::Done)
}

/// The lines of a table, each a little to the right.
fn indented<const N: usize>(rows: &[[String; N]], left: usize) -> String {
    table(rows, left).lines().map(|line| format!("  {line}\n")).collect()
}

fn described(analysis: &Analysis) -> String {
    let subject = &analysis.subject;
    let mut text = format!(
        "{}, neuron {}: {} under the constant current {}\n\nEquilibria\n",
        subject.population,
        subject.neuron,
        subject.model,
        analysis.membrane.current()
    );
    text += &equilibria(analysis);
    text += "\nCycle\n";
    text += &match &analysis.cycle {
        None => "  it does not go on firing\n".to_owned(),
        Some(cycle) => cycle_text(cycle, analysis.membrane.is_planar()),
    };
    let (low, high) = analysis.currents;
    text += &format!("\nConstant currents from {low} to {high}, switched on at rest\n");
    text += &match &analysis.curve.onset {
        None if analysis.curve.rates[0].1 > 0.0 => {
            "  it fires under the lowest: firing begins below it\n".to_owned()
        }
        None => "  it does not begin to fire\n".to_owned(),
        Some(onset) => onset_text(onset, high),
    };
    if let Some(end) = analysis.curve.fires_until {
        text += &format!("  it fires up to {end} and is silent beyond\n");
    }
    text += &rates(&analysis.curve.rates);
    if let Some(response) = &analysis.response {
        let times = response.at_ms.iter().zip(&response.advance_ms);
        let by_advance = |a: &(&f64, &f64), b: &(&f64, &f64)| a.1.total_cmp(b.1);
        text += "\nPhase response: what a small jump of v does to the spikes that follow\n";
        for (what, found) in
            [("most forward", times.clone().max_by(by_advance)), ("least", times.min_by(by_advance))]
        {
            if let Some((at, advance)) = found {
                text += &format!("  {what:12}  {advance:.6} ms per unit of v, {at:.6} ms after a spike\n");
            }
        }
    }
    text
}

fn equilibria(analysis: &Analysis) -> String {
    let is_planar = analysis.membrane.is_planar();
    if analysis.equilibria.is_empty() {
        return "  none\n".to_owned();
    }
    let head = ["v", "w", "kind", if is_planar { "eigenvalues (1/ms)" } else { "slope (1/ms)" }];
    let mut rows = vec![head.map(str::to_owned)];
    for found in &analysis.equilibria {
        let eigenvalues = match found.eigenvalues {
            Spectrum::Real(slope, _) if !is_planar => slope.to_string(),
            Spectrum::Real(fast, slow) => format!("{fast}, {slow}"),
            Spectrum::Complex(mu, omega) => format!("{mu} \u{b1} {omega} i"),
        };
        // A rest at -0 is one at 0.
        let [v, w] = found.x.map(|x| (x + 0.0).to_string());
        let w = if is_planar { w } else { "-".to_owned() };
        rows.push([v, w, found.kind.name().to_owned(), eigenvalues]);
    }
    indented(&rows, 4)
}

fn cycle_text(cycle: &Cycle, is_planar: bool) -> String {
    let mut text = format!("  period {} ms, {} Hz\n", cycle.period_ms, 1000.0 / cycle.period_ms);
    if is_planar {
        text += &format!("  slope of the return map {:e}\n", cycle.multiplier);
    }
    let mut rows = vec![["zone", "from v", "from w", "for (ms)"].map(str::to_owned)];
    for leg in &cycle.legs {
        let w = if is_planar { leg.start[1].to_string() } else { "-".to_owned() };
        rows.push([leg.zone.to_string(), leg.start[0].to_string(), w, leg.dwell_ms.to_string()]);
    }
    text + &indented(&rows, 4)
}

fn onset_text(onset: &Onset, high: f64) -> String {
    let how = match onset.excitability {
        Excitability::Class1 => "from arbitrarily low rates".to_owned(),
        Excitability::Class2 => format!("with a jump to {} Hz", onset.rate_hz),
    };
    let mut text = format!("  rheobase {}: class {} excitability, {how}\n", onset.rheobase, class(onset));
    text += &match onset.rests_until {
        until if until >= high => "  rest stays stable: a slow ramp never makes it fire\n".to_owned(),
        until => format!("  rest is stable up to {until}\n"),
    };
    text
}

/// How many rates are printed: all are in the JSON.
const RATES: usize = 10;

fn rates(all: &[(f64, f64)]) -> String {
    let mut rows = vec![["current", "rate (Hz)"].map(str::to_owned)];
    let (low, high) = (all[0].0, all[all.len() - 1].0);
    for index in 0..=RATES {
        let wanted = low + (high - low) * index as f64 / RATES as f64;
        let nearest = all.iter().min_by(|a, b| (a.0 - wanted).abs().total_cmp(&(b.0 - wanted).abs()));
        let row = nearest.map(|(current, rate)| [format!("{current:.6}"), format!("{rate:.6}")]);
        rows.extend(row.filter(|row| rows.last() != Some(row)));
    }
    indented(&rows, 0)
}

fn compared(found: &Comparison) -> String {
    let (low, high) = found.range;
    let subject = &found.subject;
    let text = format!(
        "{}, neuron {}: {} over v from {low} to {high}, {} spikes\n\n",
        subject.population,
        subject.neuron,
        subject.model,
        found.spikes.len()
    );
    let head = [
        "pieces",
        "spikes",
        "rms error of f",
        "largest",
        "period (ms)",
        "moved by",
        "first spike by",
        "last by",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for one in &found.linearised {
        let cell = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3e}"));
        let moved = found.moved(one);
        rows.push([
            one.pieces.to_string(),
            one.spikes.len().to_string(),
            cell(Some(one.approximation.mean_error)),
            cell(Some(one.approximation.largest_error)),
            moved.period_ms.map_or("-".to_owned(), |period| format!("{period:.9}")),
            cell(moved.period_by_ms),
            cell(moved.first_by_ms),
            cell(moved.last_by_ms),
        ]);
    }
    text + &table(&rows, 1)
}
