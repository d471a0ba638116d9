//! The model `equations`: formulas, their names, threshold and reset. What is wrong with a formula is shown in its text.

use super::check::{Checked, Checker};
use super::draft::Neuron;
use super::fields::{Entry, Fields, Named};
use super::json::Span;
use super::keys::{self, Bound};
use super::names::{listed, shown, suggestion};
use super::problem::{ProblemKind, Reported};
use super::quantity::Count;
use super::{Quantity, SpikeTimes};
use synfire_models::equations::{self, INPUT, MOST_VARIABLES, T_REF};
use synfire_numerics::formula::{FUNCTIONS, Flaw, FlawKind, Formula, System, is_name, read};

const MODEL: &str = "the model `equations`";

impl Checker {
    /// The model that the formulas of `neuron` make, with its parameters.
    pub fn equations(&mut self, neuron: &Entry<'_>, size: Option<usize>) -> Checked<Neuron> {
        let fields = self.fields(neuron, keys::EQUATIONS_KEYS, MODEL)?;
        let variables = self.required(&fields, "variables").and_then(|entry| self.rates(&entry));
        let parameters = match fields.get("parameters") {
            Some(entry) => self.named(entry, "parameters"),
            None => Ok(Vec::new()),
        };
        let condition = self.condition(&fields);
        let (variables, parameters, condition) = (variables?, parameters?, condition?);
        self.check_names(&variables, &parameters)?;

        let (variables, height) = self.membrane_first(&condition, variables, &parameters)?;
        let names = |list: &[Named<'_>]| list.iter().map(|named| named.name.clone()).collect::<Vec<_>>();
        let (variables_names, parameter_names) = (names(&variables), names(&parameters));
        let all = [&variables_names[..], &parameter_names, &[INPUT.to_string()]].concat();
        let rates: Vec<Checked<Formula>> =
            variables.iter().map(|named| self.formula(&named.entry, &all)).collect();
        let jumps = if condition.resets {
            self.jumps(&fields, &variables_names, &all[..all.len() - 1]).map(Some)
        } else {
            self.without_reset(&fields).map(|()| None)
        };
        let rates = rates.into_iter().collect::<Checked<Vec<Formula>>>()?;
        let system =
            System { variables: variables_names, parameters: parameter_names, rates, height, jumps: jumps? };
        self.check_held(&fields, &system, &variables)?;
        let model = equations::entry(system);
        let parameters = self.values(&fields, &parameters, condition.resets, size)?;
        Ok(Neuron { model, parameters, lists: Vec::new(), spike_times: SpikeTimes::None })
    }

    fn rates<'a>(&mut self, entry: &Entry<'a>) -> Checked<Vec<Named<'a>>> {
        let named = self.named(entry, "right-hand sides")?;
        if named.is_empty() || named.len() > MOST_VARIABLES {
            let message = format!("{} variables, expected 1 to {MOST_VARIABLES}", named.len());
            return Err(self.report(entry, message, "name each variable with its right-hand side"));
        }
        Ok(named)
    }

    /// Names can be read in formulas, and mean one thing.
    fn check_names(&mut self, variables: &[Named<'_>], parameters: &[Named<'_>]) -> Checked<()> {
        let mut result = Ok(());
        for (place, named) in variables.iter().chain(parameters).enumerate() {
            let name = &named.name;
            let is_variable_too =
                place >= variables.len() && variables.iter().any(|variable| variable.name == *name);
            let problem = if !is_name(name) {
                Some("a name has letters, digits and `_`, begins with no digit, and is no function's")
            } else if name == INPUT {
                Some("`I` is the current that receptors and stimuli make")
            } else if name == T_REF {
                Some("`t_ref` is a key beside `variables`")
            } else if is_variable_too {
                Some("a variable has this name")
            } else {
                None
            };
            if let Some(help) = problem {
                result =
                    Err(self.report_name(named, format!("`{}` cannot be a name here", shown(name)), help));
            } else if let Some(reported) = named.twice {
                result = Err(reported);
            }
        }
        result
    }

    /// `threshold` or `crossing`, taken apart.
    fn condition<'a>(&mut self, fields: &Fields<'a, '_>) -> Checked<Condition<'a>> {
        self.only_one_of(fields, ["threshold", "crossing"])?;
        let (entry, resets) = match (fields.get("threshold"), fields.get("crossing")) {
            (Some(entry), _) => (entry, true),
            (None, Some(entry)) => (entry, false),
            (None, None) => {
                let help = "`threshold` for neurons with a reset, `crossing` for those without";
                return Err(self.missing_with_help(fields, "threshold", help));
            }
        };
        let text = self.text(entry, "a condition")?;
        match text.split_once(">=") {
            Some((left, _)) => {
                let variable = left.trim().to_string();
                let start = left.len() - left.trim_start().len();
                let (name, value) = (start..start + variable.len(), left.len() + 2);
                Ok(Condition { entry: entry.clone(), text, variable, name, value, resets })
            }
            None => {
                let message = format!("`{}` is no condition", shown(&text));
                Err(self.report(
                    entry,
                    message,
                    "write `v >= value`: a variable, then a formula of parameters",
                ))
            }
        }
    }

    /// The variables with that of the condition as the first, and the value that it has to come up to.
    fn membrane_first<'a>(
        &mut self,
        condition: &Condition<'_>,
        mut variables: Vec<Named<'a>>,
        parameters: &[Named<'_>],
    ) -> Checked<(Vec<Named<'a>>, Formula)> {
        let Some(place) = variables.iter().position(|named| named.name == condition.variable) else {
            let message = format!("there is no variable `{}`", shown(&condition.variable));
            let names = variables.iter().map(|named| named.name.as_str());
            let help = suggestion(&condition.variable, names, "variables");
            return Err(self.report_inside(&condition.entry, condition.name.clone(), message, help));
        };
        let first = variables.remove(place);
        variables.insert(0, first);
        // Variables are known by name, so that the message can say why they are not allowed.
        let names: Vec<&str> = variables.iter().chain(parameters).map(|named| named.name.as_str()).collect();
        let text = &condition.text[condition.value..];
        let shifted = |flaw: Flaw| Flaw {
            span: flaw.span.start + condition.value..flaw.span.end + condition.value,
            ..flaw
        };
        let height = read(text, &names)
            .map_err(|flaw| self.report_formula(&condition.entry, shifted(flaw), &names))?;
        if let Some(variable) = (0..variables.len()).find(|name| height.has(*name)) {
            let message = format!("the variable `{}` in the value of a threshold", names[variable]);
            let span = condition.value..condition.text.len();
            return Err(self.report_inside(
                &condition.entry,
                span,
                message,
                "numbers and parameters may be in it",
            ));
        }
        Ok((variables, height))
    }

    /// `reset`, in the order of the variables.
    fn jumps(
        &mut self,
        fields: &Fields<'_, '_>,
        variables: &[String],
        names: &[String],
    ) -> Checked<Vec<Option<Formula>>> {
        let entry = self.required(fields, "reset")?;
        let named = self.named(&entry, "formulas")?;
        let mut jumps = vec![None; variables.len()];
        let mut result = Ok(());
        for named in &named {
            match variables.iter().position(|variable| *variable == named.name) {
                Some(place) => match self.formula(&named.entry, names) {
                    Ok(formula) => jumps[place] = Some(formula),
                    Err(reported) => result = Err(reported),
                },
                None => {
                    let message = format!("there is no variable `{}`", shown(&named.name));
                    let help = suggestion(&named.name, variables.iter().map(String::as_str), "variables");
                    result = Err(self.report_name(named, message, help));
                }
            }
        }
        result?;
        if jumps[0].is_none() {
            let message = format!("`{}` is not reset", variables[0]);
            return Err(self.report(&entry, message, "the variable of the threshold needs a reset"));
        }
        Ok(jumps)
    }

    /// Models with `crossing` have neither reset nor refractory time.
    fn without_reset(&mut self, fields: &Fields<'_, '_>) -> Checked<()> {
        let mut result = Ok(());
        for name in ["reset", T_REF] {
            if let Some(entry) = fields.get(name) {
                let message = format!("`{name}` beside `crossing`");
                result = Err(self.report(entry, message, "a crossing changes nothing: write `threshold`"));
            }
        }
        result
    }

    /// While the first variable is held, the others go on without current.
    fn check_held(
        &mut self,
        fields: &Fields<'_, '_>,
        system: &System,
        variables: &[Named<'_>],
    ) -> Checked<()> {
        let with_current = (1..system.rates.len()).find(|rate| system.rates[*rate].has(system.input()));
        match (fields.get(T_REF), with_current) {
            (Some(_), Some(rate)) => {
                let message = format!("`I` in the equation of `{}` beside `t_ref`", system.variables[rate]);
                let help = "in the refractory time only equations without `I` go on";
                Err(self.report(&variables[rate].entry, message, help))
            }
            _ => Ok(()),
        }
    }

    /// The parameters in the order of the model's page: those of the user, then the refractory time.
    fn values(
        &mut self,
        fields: &Fields<'_, '_>,
        parameters: &[Named<'_>],
        resets: bool,
        size: Option<usize>,
    ) -> Checked<Vec<Quantity>> {
        let count = size.map_or(Count::Unknown, |size| Count::Exactly(size, "the neurons"));
        let mut values: Vec<Checked<Quantity>> =
            parameters.iter().map(|named| self.quantity(&named.entry, Bound::FINITE, count)).collect();
        if resets {
            values.push(match fields.get(T_REF) {
                Some(entry) => self.quantity(entry, entry.bound(), count),
                None => Ok(Quantity::Number(0.0)),
            });
        }
        values.into_iter().collect()
    }

    /// The formula of a string.
    fn formula(&mut self, entry: &Entry<'_>, names: &[String]) -> Checked<Formula> {
        let text = self.text(entry, "a formula")?;
        read(&text, names).map_err(|flaw| self.report_formula(entry, flaw, names))
    }

    fn report_formula<S: AsRef<str>>(&mut self, entry: &Entry<'_>, flaw: Flaw, names: &[S]) -> Reported {
        let functions: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        let known = names.iter().map(AsRef::as_ref);
        let (message, help) = match &flaw.kind {
            FlawKind::UnknownName(name) => (
                format!("there is no variable or parameter `{}`", shown(name)),
                suggestion(name, known, "names in this formula"),
            ),
            FlawKind::UnknownFunction(name) => (
                format!("there is no function `{}`", shown(name)),
                suggestion(name, functions.iter().copied(), "functions"),
            ),
            FlawKind::Piecewise(name) => (
                format!("`{}` makes a formula piecewise", shown(name)),
                "formulas have to be smooth; `pwl_integrate_and_fire`, `mckean` and `pwl_planar` are the models \
                 with piecewise linear equations"
                    .to_string(),
            ),
            FlawKind::NoArgument(name) => {
                (format!("`{name}` without its argument"), format!("write `{name}(...)`"))
            }
            FlawKind::BadNumber => ("a number that cannot be read".into(), "write numbers like 0.04 or 1e-3".into()),
            FlawKind::Expected(what) => {
                (format!("expected {what}"), format!("a formula has + - * / ^, parentheses and {}", listed(&functions)))
            }
            FlawKind::TooDeep => ("too many parentheses in one another".into(), "at most 100".into()),
            _ => ("the formula is too long".into(), "at most 10000 characters".into()),
        };
        self.report_inside(entry, flaw.span, message, help)
    }

    /// Reports a problem with a part of a string; of a string with escapes, with all of it.
    fn report_inside(
        &mut self,
        entry: &Entry<'_>,
        part: std::ops::Range<usize>,
        message: String,
        help: impl Into<String>,
    ) -> Reported {
        let whole = entry.node.span();
        let has_escapes = entry.node.raw().contains('\\');
        let start = whole.start + 1 + part.start;
        // At the end of the text the closing quotation mark is shown.
        let end = (whole.start + 1 + part.end).max(start + 1);
        let span = if has_escapes { whole } else { Span { start, end } };
        self.problems.report(ProblemKind::Invalid, &entry.path, span, message, help)
    }
}

/// `threshold` or `crossing`.
struct Condition<'a> {
    entry: Entry<'a>,
    text: String,
    /// The variable on the left.
    variable: String,
    /// Where its name stands in the text.
    name: std::ops::Range<usize>,
    /// Where the formula on the right begins in the text.
    value: usize,
    /// True for `threshold`.
    resets: bool,
}
