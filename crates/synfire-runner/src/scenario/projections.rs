//! Projections: who reaches whom, with which weights and delays.

use super::check::{Checked, Checker};
use super::draft::{Draft, Drafts};
use super::fields::{Entry, Fields};
use super::json::Kind;
use super::keys::{self, Bound, PROJECTION, RULES};
use super::limits::bytes_per_synapse;
use super::names::{listed, shown};
use super::quantity::{Count, support};
use super::{Pairs, Precision, Projection, Quantity, Rule, Storage};
use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::ParamRange;

/// The populations at both ends of a projection, as far as they are known.
#[derive(Clone, Copy)]
struct Ends<'d> {
    source: Option<&'d Draft>,
    target: Option<&'d Draft>,
    /// Source and target are the same population.
    recurrent: bool,
}

impl Ends<'_> {
    /// The sizes of source and target.
    fn sizes(&self) -> Option<(usize, usize)> {
        Some((self.source?.size.ok()?, self.target?.size.ok()?))
    }
}

/// `connect`.
struct Connect {
    rule: Rule,
    autapses: bool,
    multapses: bool,
    blocks: usize,
}

impl Checker {
    /// All projections, in the order of the file.
    pub fn projections(&mut self, entry: &Entry<'_>, drafts: &Drafts) -> Checked<Vec<Projection>> {
        let items = self.items(entry, "an array of projections")?;
        let projections: Vec<_> = items
            .into_iter()
            .enumerate()
            .map(|(index, node)| self.projection(&entry.item(index, node), drafts))
            .collect();
        projections.into_iter().collect()
    }

    fn projection(&mut self, entry: &Entry<'_>, drafts: &Drafts) -> Checked<Projection> {
        let fields = self.fields_or(entry, PROJECTION, "a projection", |key| {
            let belongs = RULES.iter().flat_map(|rule| rule.keys).any(|rule_key| rule_key.name == key);
            belongs.then_some("`connect`")
        })?;
        let source = self.population_of(&fields, "source", drafts);
        let target = self.population_of(&fields, "target", drafts);
        let ends = Ends {
            source: drafts.at(source),
            target: drafts.at(target),
            recurrent: source.ok().is_some_and(|source| target.ok() == Some(source)),
        };
        let receptor = match self.between_rates(&fields, ends.source, ends.target) {
            Ok(true) => Ok(0),
            Ok(false) => self.target_receptor(&fields, ends.target),
            Err(reported) => Err(reported),
        };
        let connect_entry = self.required(&fields, "connect");
        let connect = connect_entry.clone().and_then(|entry| self.connect(&entry, ends));

        let count = connect.as_ref().map_or(Count::Unknown, |connect| array_length(&connect.rule));
        // A file of pairs can have weights and delays; where it has none, a number that is none will be refused.
        let from_file = connect_entry.as_ref().is_ok_and(has_file);
        let kind =
            receptor.ok().and_then(|index| Some(ends.target?.receptors.as_ref().ok()?.get(index)?.kind));
        let weight = match fields.get("weight") {
            None if from_file => Ok(Quantity::Number(f64::NAN)),
            _ => self.weight(&fields, count, kind),
        };
        let delay = match fields.get("delay") {
            None if from_file && ends.target.is_some_and(Draft::is_rate) => Ok(Quantity::Number(0.0)),
            None if from_file => Ok(Quantity::Number(f64::NAN)),
            _ => self.delay(&fields, count),
        };
        if ends.target.is_some_and(Draft::is_rate) {
            self.no_delay(&fields, &delay);
        }
        let precision = self.precision(&fields);
        let storage = self.storage(&fields, ends.target, connect.as_ref().ok());
        if let (Ok(connect), Some((sources, targets)), Ok(entry)) = (&connect, ends.sizes(), connect_entry) {
            let synapses = expected_synapses(connect, sources as f64, targets as f64);
            let numbers = [weight.as_ref().ok(), delay.as_ref().ok()];
            let bytes_each = match storage.unwrap_or_default() {
                Storage::Stored => bytes_per_synapse(numbers, precision.unwrap_or_default()),
                Storage::Procedural => 0.0,
            };
            self.count_synapses(&entry, synapses, bytes_each)?;
        }
        let (connect, weight, delay) = (connect?, weight?, delay?);
        let Connect { rule, autapses, multapses, blocks } = connect;
        Ok(Projection {
            source: source?,
            target: target?,
            receptor: receptor?,
            rule,
            autapses,
            multapses,
            blocks,
            weight,
            delay,
            precision: precision?,
            storage: storage?,
        })
    }

    /// The index of the population that the key `name` names.
    pub fn population_of(&mut self, fields: &Fields<'_, '_>, name: &str, drafts: &Drafts) -> Checked<usize> {
        let entry = self.required(fields, name)?;
        let population = self.text(&entry, "the name of a population")?;
        self.population_named(&entry, &population, drafts)
    }

    /// The index of the population called `name`.
    pub fn population_named(&mut self, entry: &Entry<'_>, name: &str, drafts: &Drafts) -> Checked<usize> {
        drafts.place(name).ok_or_else(|| {
            let names = drafts.iter().map(|draft| draft.name.as_str());
            let message = format!("there is no population `{}`", shown(name));
            let help = self.suggestion(name, names, "populations");
            self.report(entry, message, help)
        })
    }

    /// The index of the target's receptor.
    fn target_receptor(&mut self, fields: &Fields<'_, '_>, target: Option<&Draft>) -> Checked<usize> {
        if let Some(model) = target.and_then(Draft::source_model) {
            let entry = self.required(fields, "target")?;
            let message = format!("the population's model `{model}` takes no input");
            return Err(self.report(&entry, message, "a target needs a model with receptors"));
        }
        let receptors = target.map(|target| &target.receptors);
        let Some(entry) = fields.get("receptor") else {
            let names = match receptors {
                Some(Ok(receptors)) => receptors.iter().map(|receptor| receptor.name.as_str()).collect(),
                _ => Vec::new(),
            };
            let help = match names[..] {
                [] => "`receptor`: the receptor of the target that the spikes reach".to_string(),
                _ => format!("receptors of the target: {}", listed(&names)),
            };
            return Err(self.missing_with_help(fields, "receptor", &help));
        };
        let name = self.text(entry, "the name of a receptor of the target")?;
        match (target, receptors) {
            (Some(target), Some(Ok(receptors))) => {
                let names = receptors.iter().map(|receptor| receptor.name.as_str());
                let all = format!("receptors of `{}`", shown(&target.name));
                self.find(entry, &name, names, "receptor", &all)
            }
            // Nothing to compare with, because of another problem.
            (_, Some(Err(reported))) => Err(*reported),
            _ => Ok(0),
        }
    }

    /// The weights; conductances are not negative.
    fn weight(
        &mut self,
        fields: &Fields<'_, '_>,
        count: Count<'_>,
        kind: Option<ReceptorKind>,
    ) -> Checked<Quantity> {
        let entry = self.required(fields, "weight")?;
        let weight = self.quantity(&entry, Bound::Range(ParamRange::Finite), count)?;
        let Some(kind) = kind.filter(|kind| kind.is_conductance()) else { return Ok(weight) };
        let (at, found) = match &weight {
            Quantity::Number(value) if *value < 0.0 => (entry.clone(), *value),
            Quantity::Array(values) => match values.iter().position(|value| *value < 0.0) {
                Some(index) => {
                    (entry.item(index, self.items(&entry, "an array of weights")?[index]), values[index])
                }
                None => return Ok(weight),
            },
            Quantity::Distribution(drawn) => match support(drawn.law, drawn.clip) {
                (lo, _) if lo.is_finite() && lo < 0.0 => (entry.clone(), lo),
                (_, hi) if hi < 0.0 => (entry.clone(), hi),
                _ => return Ok(weight),
            },
            Quantity::Number(_) => return Ok(weight),
        };
        let message = format!("a weight of {found} nS for a receptor of kind `{}`", kind.name());
        Err(self.report(
            &at,
            message,
            "conductances are 0 or more; what inhibits is a reversal potential `e_rev` below v",
        ))
    }

    fn delay(&mut self, fields: &Fields<'_, '_>, count: Count<'_>) -> Checked<Quantity> {
        let entry = self.required(fields, "delay")?;
        self.quantity(&entry, Bound::Range(ParamRange::NotNegative), count)
    }

    fn precision(&mut self, fields: &Fields<'_, '_>) -> Checked<Precision> {
        let Some(entry) = fields.get("precision") else { return Ok(Precision::default()) };
        let name = self.text(entry, "`f64` or `f32`")?;
        let names = Precision::NAMES.iter().map(|(name, _)| *name);
        Ok(Precision::NAMES[self.find(entry, &name, names, "precision", "precisions")?].1)
    }

    /// `storage`; to draw synapses again the rule has to draw them source by source, and rates need them all the time.
    fn storage(
        &mut self,
        fields: &Fields<'_, '_>,
        target: Option<&Draft>,
        connect: Option<&Connect>,
    ) -> Checked<Storage> {
        let Some(entry) = fields.get("storage") else { return Ok(Storage::default()) };
        let name = self.text(entry, "`stored` or `procedural`")?;
        let names = Storage::NAMES.iter().map(|(name, _)| *name);
        let storage = Storage::NAMES[self.find(entry, &name, names, "storage", "storages")?].1;
        if storage == Storage::Stored {
            return Ok(storage);
        }
        if target.is_some_and(Draft::is_rate) {
            let message = "`procedural` for a projection between rates".to_string();
            return Err(self.report(
                entry,
                message,
                "synapses are drawn again for a spike, and rates have none",
            ));
        }
        match connect.map(|connect| connect.rule.name()) {
            Some(rule) if !Rule::BY_SOURCE.contains(&rule) => {
                let message = format!("`procedural` for the rule `{rule}`");
                let help = format!("rules that draw source by source: {}", listed(Rule::BY_SOURCE));
                Err(self.report(entry, message, &help))
            }
            _ => Ok(storage),
        }
    }

    /// The rule and what it needs.
    fn connect(&mut self, entry: &Entry<'_>, ends: Ends<'_>) -> Checked<Connect> {
        let (rule_entry, name) = self.discriminator(entry, &keys::RULE, "`connect`")?;
        let names = RULES.iter().map(|rule| rule.name);
        let table = &RULES[self.find(&rule_entry, &name, names, "connection rule", "rules")?];
        let fields = self.fields(entry, table.keys, &format!("the rule `{name}`"))?;
        let autapses = self.flag_or(&fields, "autapses", false);
        let multapses = self.flag_or(&fields, "multapses", true);
        let blocks = self.blocks(&fields, ends);
        let room = Room::new(ends, blocks, autapses, multapses);
        let rule = match name.as_str() {
            "all_to_all" => Ok(Rule::AllToAll),
            "one_to_one" => self.one_to_one(&rule_entry, ends),
            "explicit" => self.explicit(&fields, ends, blocks.unwrap_or(1)),
            "fixed_in_degree" => self
                .degree(&fields, "k", room.map(|room| room.sources), "sources of each target")
                .map(Rule::FixedInDegree),
            "fixed_out_degree" => self
                .degree(&fields, "k", room.map(|room| room.targets), "targets of each source")
                .map(Rule::FixedOutDegree),
            "fixed_total_number" => {
                self.degree(&fields, "n", room.map(|room| room.pairs), "pairs").map(Rule::FixedTotalNumber)
            }
            _ => self.required_number(&fields, "p").map(Rule::PairwiseBernoulli),
        };
        Ok(Connect { rule: rule?, autapses: autapses?, multapses: multapses?, blocks: blocks? })
    }

    /// `blocks`, which must divide both sizes.
    fn blocks(&mut self, fields: &Fields<'_, '_>, ends: Ends<'_>) -> Checked<usize> {
        let Some(entry) = fields.get("blocks") else { return Ok(1) };
        let blocks = self.whole(entry)?;
        let Some((sources, targets)) = ends.sizes() else { return Ok(1) };
        for (size, end) in [(sources, "source"), (targets, "target")] {
            if !(size as u64).is_multiple_of(blocks) {
                let message = format!("{blocks} blocks of a {end} of {size} neurons");
                return Err(self.report(
                    entry,
                    message,
                    "the number of blocks divides the sizes of source and target",
                ));
            }
        }
        Ok(blocks as usize)
    }

    fn one_to_one(&mut self, entry: &Entry<'_>, ends: Ends<'_>) -> Checked<Rule> {
        match ends.sizes() {
            Some((sources, targets)) if sources != targets => {
                let message = format!("`one_to_one` from {sources} to {targets} neurons");
                Err(self.report(entry, message, "source and target need the same size"))
            }
            _ => Ok(Rule::OneToOne),
        }
    }

    fn explicit(&mut self, fields: &Fields<'_, '_>, ends: Ends<'_>, blocks: usize) -> Checked<Rule> {
        self.only_one_of(fields, ["pairs", "file"])?;
        if let Some(file) = fields.get("file") {
            return Ok(Rule::Explicit(Pairs::File(self.file(file)?)));
        }
        let Some(pairs) = fields.get("pairs") else {
            let help = "`pairs`: [[source, target], ...]; or `file`: a file of pairs";
            return Err(self.missing_with_help(fields, "pairs", help));
        };
        self.pairs(pairs, ends, blocks).map(|pairs| Rule::Explicit(Pairs::Inline(pairs)))
    }

    /// The pairs of one block.
    fn pairs(&mut self, entry: &Entry<'_>, ends: Ends<'_>, blocks: usize) -> Checked<Vec<[u32; 2]>> {
        let end = |draft: Option<&Draft>| draft.and_then(|draft| draft.size.ok()).map(|size| size / blocks);
        let (sources, targets) = (end(ends.source), end(ends.target));
        let below = |id: u32, size: Option<usize>| size.is_none_or(|size| (id as usize) < size);
        let fine = |pair: &[u32; 2]| below(pair[0], sources) && below(pair[1], targets);
        if let Some(pairs) = entry.node.id_pairs().filter(|pairs| pairs.iter().all(fine)) {
            return Ok(pairs);
        }
        let items = self.items(entry, "an array of pairs [source, target]")?;
        let block = if blocks > 1 { "a block of " } else { "" };
        let of = |draft: Option<&Draft>| {
            draft.map_or(String::new(), |draft| format!("{block}{}", draft.described()))
        };
        let (source, target) = (of(ends.source), of(ends.target));
        let mut pairs = Vec::with_capacity(items.len());
        for (index, node) in items.into_iter().enumerate() {
            let item = entry.item(index, node);
            let is_pair = node.kind() == Kind::Array && node.items().is_ok_and(|ids| ids.len() == 2);
            if !is_pair {
                return Err(self.expected(&item, "a pair [source, target]"));
            }
            let ids = self.items(&item, "a pair")?;
            let from = self.id(&item.item(0, ids[0]), sources, &source)?;
            pairs.push([from, self.id(&item.item(1, ids[1]), targets, &target)?]);
        }
        Ok(pairs)
    }

    /// A number of synapses, among so many possible ones.
    fn degree(
        &mut self,
        fields: &Fields<'_, '_>,
        name: &str,
        room: Option<Places>,
        of: &str,
    ) -> Checked<usize> {
        let entry = self.required(fields, name)?;
        let degree = self.whole(&entry)?;
        let Some(room) = room else { return Ok(degree as usize) };
        if degree as f64 > room.possible && !room.repeated {
            let message = format!("{degree} of {} {of}", room.possible);
            let help = "without multapses there is at most one synapse between two neurons, and without autapses none to itself";
            return Err(self.report(&entry, message, help));
        }
        if degree > 0 && room.possible == 0.0 {
            let message = format!("{degree} of no {of}");
            return Err(self.report(&entry, message, "without autapses a neuron has no synapse to itself"));
        }
        Ok(degree as usize)
    }
}

/// How many places there are for synapses, and whether a place can be taken more than once.
#[derive(Clone, Copy)]
struct Places {
    possible: f64,
    repeated: bool,
}

/// Places by rule: sources of a target, targets of a source, pairs in all.
#[derive(Clone, Copy)]
struct Room {
    sources: Places,
    targets: Places,
    pairs: Places,
}

impl Room {
    fn new(
        ends: Ends<'_>,
        blocks: Checked<usize>,
        autapses: Checked<bool>,
        multapses: Checked<bool>,
    ) -> Option<Room> {
        let (sources, targets) = ends.sizes()?;
        let (blocks, repeated) = (blocks.ok()? as f64, multapses.ok()?);
        let itself = if ends.recurrent && !autapses.ok()? { 1.0 } else { 0.0 };
        let (sources, targets) = (sources as f64, targets as f64);
        let places = |possible| Places { possible, repeated };
        Some(Room {
            sources: places(sources / blocks - itself),
            targets: places(targets / blocks - itself),
            pairs: places((sources / blocks - itself) * (targets / blocks)),
        })
    }
}

/// Where an array of weights or delays makes sense, and its length.
fn array_length(rule: &Rule) -> Count<'static> {
    match rule {
        Rule::Explicit(Pairs::Inline(pairs)) => Count::Exactly(pairs.len(), "the pairs"),
        Rule::Explicit(Pairs::File(_)) => {
            Count::NoArray("weights and delays of single synapses belong into the file of pairs")
        }
        _ => Count::NoArray(
            "an array is in the order of the `pairs` of the rule `explicit`; other rules take a number or a distribution",
        ),
    }
}

/// Whether the pairs are in a file, also if it cannot be found.
fn has_file(connect: &Entry<'_>) -> bool {
    let members = connect.node.members().unwrap_or_default();
    members.iter().any(|member| member.key == "file")
}

/// How many synapses a rule makes, on average. Those of a file are not known.
fn expected_synapses(connect: &Connect, sources: f64, targets: f64) -> f64 {
    let pairs = sources * targets / connect.blocks as f64;
    match &connect.rule {
        Rule::AllToAll => pairs,
        Rule::OneToOne => sources,
        Rule::Explicit(Pairs::Inline(list)) => list.len() as f64 * connect.blocks as f64,
        Rule::Explicit(Pairs::File(_)) => 0.0,
        Rule::FixedInDegree(k) => *k as f64 * targets,
        Rule::FixedOutDegree(k) => *k as f64 * sources,
        Rule::FixedTotalNumber(n) => *n as f64 * connect.blocks as f64,
        Rule::PairwiseBernoulli(p) => p * pairs,
    }
}
