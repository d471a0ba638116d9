//! `synfire check` and `synfire schema`.

use super::output::Output;
use super::table::table;
use super::{CheckArgs, CliError, Exit};
use crate::build::BuildError;
use crate::connect::Count;
use crate::numbers::{bytes, grouped, short};
use crate::plan::{Plan, available_memory};
use crate::run::Failure;
use crate::scenario::{Scenario, load};

/// Prints what a scenario will take. Problems are errors.
pub fn check(args: &CheckArgs, output: &mut Output) -> Result<Exit, CliError> {
    let scenario = load(&args.scenario).map_err(Failure::from)?;
    let plan = Plan::of(&scenario).map_err(|error: BuildError| Failure::from(error))?;
    output.print(&described(&scenario, &plan))?;
    if let Some(available) = available_memory() {
        output.print(&format!("{} of memory are available\n", bytes(available)))?;
        plan.check_memory(available).map_err(Failure::from)?;
    }
    Ok(Exit::Done)
}

/// Prints the JSON schema of scenarios.
pub fn schema(output: &mut Output) -> Result<Exit, CliError> {
    output.print(&format!("{:#}\n", crate::scenario::schema()))?;
    Ok(Exit::Done)
}

fn described(scenario: &Scenario, plan: &Plan) -> String {
    let Scenario { name, duration, seed, .. } = scenario;
    let mut text = format!("{name}: no problems; {duration} ms, seed {seed}\n\n");
    text += &populations(scenario, plan);
    if !plan.projections.is_empty() {
        text += "\n";
        text += &projections(scenario, plan);
    }
    let neurons = grouped(plan.neurons());
    text += &format!("\n{neurons} neurons, {} synapses\n", counted(plan.synapses()));
    let (spikes, events) = (plan.input_spikes_per_second(), plan.input_events_per_second());
    text += &format!(
        "sources make about {} spikes and {} synaptic events per second of simulated time\n",
        rounded(spikes),
        rounded(events)
    );
    text + &format!("it takes about {} of memory\n", bytes(plan.memory()))
}

fn populations(scenario: &Scenario, plan: &Plan) -> String {
    let mut rows = vec![["population", "model", "neurons", "spikes/s", "memory"].map(str::to_owned)];
    for (population, planned) in scenario.populations.iter().zip(&plan.populations) {
        rows.push([
            population.name.clone(),
            population.model.spec.name.to_owned(),
            grouped(planned.neurons),
            planned.spikes_per_second.map_or("-".to_owned(), rounded),
            bytes(planned.memory as u64),
        ]);
    }
    table(&rows, 2)
}

fn projections(scenario: &Scenario, plan: &Plan) -> String {
    let mut rows = vec![["projection", "rule", "synapses", "events/s", "memory"].map(str::to_owned)];
    for (projection, planned) in scenario.projections.iter().zip(&plan.projections) {
        let name = |index: usize| &scenario.populations[index].name;
        rows.push([
            format!("{} → {}", name(projection.source), name(projection.target)),
            projection.rule.name().to_owned(),
            counted(planned.synapses),
            planned.events_per_second.map_or("-".to_owned(), rounded),
            bytes(planned.memory as u64),
        ]);
    }
    table(&rows, 2)
}

/// A number of synapses; one that is drawn is only expected.
fn counted(count: Count) -> String {
    let number = grouped(count.synapses.round() as u64);
    if count.exact { number } else { format!("about {number}") }
}

/// A rate: whole numbers where it is large.
fn rounded(rate: f64) -> String {
    if rate >= 100.0 { grouped(rate.round() as u64) } else { short(rate) }
}
