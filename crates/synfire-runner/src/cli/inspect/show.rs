//! Events and neurons in tables.

use crate::cli::table::table;
use crate::event_log::Who;
use crate::inspect::Biography;
use crate::numbers::{counted, grouped, short, stated};
use synfire_core::events::{Event, Happening, Told};
use synfire_core::group::{Cause, What};

/// The row of an event: when, who, what, and more.
pub fn event(told: &Told, who: &Who) -> [String; 4] {
    match told {
        Told::Event(event) => {
            let name = who.neuron(event.population, event.neuron);
            [event.at.to_string(), name, event.kind().name().to_owned(), detail(event, who)]
        }
        Told::Window(from, to) => {
            [from.to_string(), String::new(), "window".to_owned(), format!("up to {to} ms")]
        }
    }
}

fn detail(event: &Event, who: &Who) -> String {
    let detail = match event.happens {
        Happening::Arrival { source, projection, weight, delay_ms } => {
            let (population, neuron) = who.split(source);
            let (receptor, unit) = who.receptor(projection);
            let weight = format!("{} {unit}", stated(weight));
            format!(
                "{receptor} {}, from {}, {} ms away",
                weight.trim_end(),
                who.neuron(population, neuron),
                stated(delay_ms)
            )
        }
        Happening::Own(What::Spike { cause: Cause::Crossing }) => "came to threshold by itself".to_owned(),
        Happening::Own(What::Spike { cause: Cause::Arrival }) => {
            "carried over threshold by an arrival".to_owned()
        }
        Happening::Own(What::Spike { cause: Cause::Schedule }) => "on schedule".to_owned(),
        Happening::Own(What::Predicted { crossing }) => format!("for {crossing} ms"),
        Happening::Own(What::Retracted { crossing }) => format!("that for {crossing} ms"),
        Happening::Own(What::Stimulus { current }) => format!("now {}", stated(current)),
        Happening::Switch { gain } => format!("gain {gain} from now on"),
        Happening::Own(What::Confirmed | What::Checkpoint | What::RefractoryEnd) => String::new(),
    };
    match event.generation {
        0 => detail,
        generation => format!("{detail} (generation {generation})").trim_start().to_owned(),
    }
}

/// A table of events, and how many more there are.
pub fn events(rows: &[[String; 4]], told: u64) -> String {
    if told == 0 {
        return "nothing\n".to_owned();
    }
    let heading = ["time (ms)", "neuron", "event", ""].map(str::to_owned);
    let rows: Vec<[String; 4]> = std::iter::once(heading).chain(rows.iter().cloned()).collect();
    let shown = rows.len() as u64 - 1;
    let more = match told - shown {
        0 => String::new(),
        more => format!("and {} more; --limit 0 shows all\n", grouped(more)),
    };
    table(&rows, 4) + &more
}

/// What is told of a neuron.
pub fn biography(told: &Biography, limit: u64) -> String {
    let mut text = format!("{}:{}, {}\n\n", told.population, told.neuron, told.model);
    let parameters =
        told.parameters.iter().map(|p| [p.name.to_owned(), format!("{} {}", stated(p.value), p.unit)]);
    text += &table(&parameters.collect::<Vec<_>>(), 2);
    text += &format!("\n{} up to {} ms", counted(told.spikes.len() as u64, "spike"), told.until.time);
    if let Some(rate) = told.rate_hz {
        text += &format!(", {} Hz", short(rate));
    }
    if let Some(cv) = told.cv {
        text += &format!(", CV of intervals {}", short(cv));
    }
    text.push('\n');
    for spike in told.spikes.iter().take(limit.min(usize::MAX as u64) as usize) {
        text += &format!("  {}\n", spike.time);
    }
    let more = (told.spikes.len() as u64).saturating_sub(limit);
    if more > 0 {
        text += &format!("  and {} more; --limit 0 shows all\n", grouped(more));
    }
    text += &format!("\n{}\n", counted(told.arrivals, "arrival"));
    if !told.inputs.is_empty() {
        let heading = ["from", "receptor", "neurons", "arrivals", "mean weight"].map(str::to_owned);
        let rows = told.inputs.iter().map(|input| {
            [
                input.population.clone(),
                input.receptor.clone(),
                grouped(input.neurons),
                grouped(input.arrivals),
                format!("{} {}", short(input.mean_weight), input.unit).trim_end().to_owned(),
            ]
        });
        text += &table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>(), 2);
    }
    text
}
