//! Receptors of a population.

use super::check::{Checked, Checker};
use super::fields::{Fields, Named};
use super::keys;
use super::names::{listed, shown};
use std::collections::BTreeSet;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::{Receptor, ReceptorKind, variable_names};

impl Checker {
    /// The receptors, in the order of the file.
    pub fn receptors(
        &mut self,
        population: &Fields<'_, '_>,
        model: Option<&ModelEntry>,
    ) -> Checked<Vec<Receptor>> {
        let Some(entry) = population.get("receptors") else { return Ok(Vec::new()) };
        let named = self.named(entry, "receptors")?;
        let receptors: Vec<_> = named.iter().map(|named| self.receptor(named, model)).collect();
        let receptors = receptors.into_iter().collect::<Checked<Vec<Receptor>>>()?;
        self.ambiguous_variables(&named, &receptors, model)?;
        Ok(receptors)
    }

    fn receptor(&mut self, named: &Named<'_>, model: Option<&ModelEntry>) -> Checked<Receptor> {
        let entry = &named.entry;
        let (kind_entry, name) = self.discriminator(entry, &keys::RECEPTOR_KIND, "a receptor")?;
        let names = ReceptorKind::ALL.map(ReceptorKind::name);
        let kind = self.find(&kind_entry, &name, names.into_iter(), "kind of receptor", "kinds")?;
        let kind = ReceptorKind::ALL[kind];
        if let Some(model) = model.filter(|model| !model.spec.receptors.contains(&kind)) {
            let message =
                format!("the model `{}` has no receptors of kind `{}`", model.spec.name, kind.name());
            let allowed: Vec<&str> = model.spec.receptors.iter().map(|kind| kind.name()).collect();
            let help = match allowed[..] {
                [] => format!("`{}` takes no input", model.spec.name),
                _ if model.system.is_some() => "no equation has `I`, the current of receptors".to_string(),
                _ => format!("it can have {}", listed(&allowed)),
            };
            return Err(self.report(&kind_entry, message, help));
        }

        let table = keys::receptor_keys(kind);
        let fields = self.fields(entry, &table, &format!("the receptor kind `{}`", kind.name()))?;
        let is_delta = kind == ReceptorKind::Delta;
        // What a kind does not use is 1 and 0, so that nothing can become infinite.
        let tau = if is_delta { Ok(1.0) } else { self.required_number(&fields, "tau") };
        let e_rev = if kind.is_conductance() { self.required_number(&fields, "e_rev") } else { Ok(0.0) };
        let reset = self.flag_or(&fields, "reset", false);
        let refractory_input = self.flag_or(&fields, "refractory_input", !is_delta);
        if let (true, Ok(true), Some(entry)) = (is_delta, refractory_input, fields.get("refractory_input")) {
            let help = "only `false` is possible: v is held at its reset value";
            return Err(self.report(
                entry,
                "what reaches a `delta` receptor in the refractory time is lost",
                help,
            ));
        }
        Ok(Receptor {
            name: named.name.clone(),
            kind,
            tau: tau?,
            e_rev: e_rev?,
            reset: reset? && !is_delta,
            refractory_input: refractory_input?,
        })
    }

    /// A receptor lends its name to its variable: no two variables may have the same.
    fn ambiguous_variables(
        &mut self,
        named: &[Named<'_>],
        receptors: &[Receptor],
        model: Option<&ModelEntry>,
    ) -> Checked<()> {
        let own = model.map_or(&[][..], |model| model.spec.variables);
        let names = variable_names(own, receptors);
        let mut seen = BTreeSet::new();
        let Some(variable) = names.iter().find(|name| !seen.insert(name.as_str())) else {
            return Ok(());
        };
        let is_named =
            |named: &&Named<'_>| named.name == *variable || format!("{}.x", named.name) == *variable;
        let Some(receptor) = named.iter().rfind(is_named) else { return Ok(()) };
        let message = format!("there would be two variables `{}`", shown(variable));
        let help = "a receptor's current or conductance is recorded under its name, the rise of an alpha kind as `name.x`: choose another name";
        Err(self.report_name(receptor, message, help))
    }
}
