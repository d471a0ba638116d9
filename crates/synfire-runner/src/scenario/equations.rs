//! The model `equations`: formulas, their names, threshold and reset. What is wrong with a formula is shown in its text.

use super::check::{Checked, Checker};
use super::draft::Neuron;
use super::fields::{Entry, Fields, Named};
use super::keys::{self, Bound};
use super::names::{listed, shown};
use super::quantity::Count;
use super::{Quantity, SpikeTimes};
use synfire_models::equations::{self, CONSTANT_CURRENT, INPUT, MOST_VARIABLES, T_REF};
use synfire_numerics::formula::{Flaw, Formula, System, is_name, read};

const MODEL: &str = "the model `equations`";

/// The most parameters that a neuron may have.
const MOST_PARAMETERS: usize = 200;

impl Checker {
    /// The model that the formulas of `neuron` make, with its parameters.
    pub fn equations(&mut self, neuron: &Entry<'_>, size: Option<usize>) -> Checked<Neuron> {
        let fields = self.fields(neuron, keys::EQUATIONS_KEYS, MODEL)?;
        let variables = self.required(&fields, "variables");
        let variables = variables.and_then(|entry| self.at_most(&entry, "right-hand sides", MOST_VARIABLES));
        let parameters = match fields.get("parameters") {
            Some(entry) => self.at_most(entry, "parameters", MOST_PARAMETERS),
            None => Ok(Vec::new()),
        };
        let condition = self.condition(&fields);
        let (variables, parameters, condition) = (variables?, parameters?, condition?);
        self.check_names(&variables, &parameters)?;
        if variables.is_empty() {
            let entry = self.required(&fields, "variables")?;
            return Err(self.report(&entry, "no variables", "name each variable with its right-hand side"));
        }
        let variables = self.membrane_first(&condition, variables)?;

        let system = self.system(&fields, &variables, &parameters, &condition);
        let values = self.values(&fields, &parameters, condition.resets, size);
        let (system, values) = (system?, values?);
        self.check_input(&system, &variables, &parameters)?;
        self.check_held(&fields, &system, &variables)?;
        let Some(model) = equations::entry(system) else {
            let help = "the equations have too many parts that others need, all at the same time";
            return Err(self.report(&variables[0].entry, "these equations are too involved", help));
        };
        Ok(Neuron { model, parameters: values, lists: Vec::new(), spike_times: SpikeTimes::None })
    }

    /// All formulas.
    fn system(
        &mut self,
        fields: &Fields<'_, '_>,
        variables: &[Named<'_>],
        parameters: &[Named<'_>],
        condition: &Condition<'_>,
    ) -> Checked<System> {
        let names = |list: &[Named<'_>]| list.iter().map(|named| named.name.clone()).collect::<Vec<_>>();
        let (variable_names, parameter_names) = (names(variables), names(parameters));
        let mut all = [&variable_names[..], &parameter_names].concat();
        // It is part of the input, and cannot be used twice.
        all.iter_mut().filter(|name| *name == CONSTANT_CURRENT).for_each(String::clear);
        let height = self.height(condition, &all, variables.len());
        let jumps = if condition.resets {
            self.jumps(fields, &variable_names, &all).map(Some)
        } else {
            self.without_reset(fields).map(|()| None)
        };
        all.push(INPUT.to_string());
        let rates: Vec<Checked<Formula>> =
            variables.iter().map(|named| self.formula(&named.entry, &all)).collect();
        let rates = rates.into_iter().collect::<Checked<Vec<Formula>>>()?;
        let (height, jumps) = (height?, jumps?);
        Ok(System { variables: variable_names, parameters: parameter_names, rates, height, jumps })
    }

    /// The members of an object, so many at most.
    fn at_most<'a>(&mut self, entry: &Entry<'a>, what: &str, most: usize) -> Checked<Vec<Named<'a>>> {
        let named = self.named(entry, what)?;
        if named.len() > most {
            let message = format!("{} {what}", named.len());
            return Err(self.report(entry, message, format!("at most {most} are allowed")));
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
        let Some((left, _)) = text.split_once(">=") else {
            let comparison = text.find(['<', '>', '=', '≥']).map(|at| {
                let end =
                    text[at..].find(|c: char| !"<>=≥".contains(c)).map_or(text.len(), |length| at + length);
                at..end
            });
            let help = "write `v >= value`: a variable, then a formula of parameters";
            let span = comparison.unwrap_or(0..text.len());
            let message = format!("`{}` is no condition", shown(&text[span.clone()]));
            return Err(self.report_inside(entry, span, message, help));
        };
        let variable = left.trim().to_string();
        let start = left.len() - left.trim_start().len();
        let (name, value) = (start..start + variable.len(), left.len() + 2);
        Ok(Condition { entry: entry.clone(), text, variable, name, value, resets })
    }

    /// The variables with that of the condition as the first.
    fn membrane_first<'a>(
        &mut self,
        condition: &Condition<'_>,
        mut variables: Vec<Named<'a>>,
    ) -> Checked<Vec<Named<'a>>> {
        let Some(place) = variables.iter().position(|named| named.name == condition.variable) else {
            let found = &condition.variable;
            let names = variables.iter().map(|named| named.name.as_str());
            let (message, help) = if is_name(found) {
                let message = format!("there is no variable `{}`", shown(found));
                (message, self.suggestion(found, names, "variables"))
            } else {
                let help =
                    format!("left of `>=` a variable stands alone: {}", listed(&names.collect::<Vec<_>>()));
                (format!("`{}` is no variable", shown(found)), help)
            };
            return Err(self.report_inside(&condition.entry, condition.name.clone(), message, help));
        };
        variables[..=place].rotate_right(1);
        Ok(variables)
    }

    /// The value that the variable of the condition has to come up to; the first names are those of variables.
    fn height(&mut self, condition: &Condition<'_>, names: &[String], variables: usize) -> Checked<Formula> {
        let Condition { entry, text, value, .. } = condition;
        let shifted = |flaw: Flaw| Flaw { span: flaw.span.start + value..flaw.span.end + value, ..flaw };
        // Variables are known by name, so that the message can say why they are not allowed.
        let height = read(&text[*value..], names)
            .map_err(|flaw| self.report_formula(entry, text, shifted(flaw), names))?;
        if let Some(variable) = (0..variables).find(|name| height.has(*name)) {
            let message = format!("the variable `{}` in the value of a threshold", names[variable]);
            let help = "numbers and parameters may be in it";
            let start = text.len() - text[*value..].trim_start().len();
            return Err(self.report_inside(entry, start..text.len(), message, help));
        }
        Ok(height)
    }

    /// `reset`, in the order of the variables.
    fn jumps(
        &mut self,
        fields: &Fields<'_, '_>,
        variables: &[String],
        names: &[String],
    ) -> Checked<Vec<Formula>> {
        let entry = self.required(fields, "reset")?;
        let named = self.named(&entry, "formulas")?;
        let mut jumps: Vec<Formula> = (0..variables.len()).map(Formula::name).collect();
        let (mut result, mut resets_membrane) = (Ok(()), false);
        for named in &named {
            match variables.iter().position(|variable| *variable == named.name) {
                Some(place) => match self.formula(&named.entry, names) {
                    Ok(formula) => {
                        jumps[place] = formula;
                        resets_membrane |= place == 0;
                    }
                    Err(reported) => result = Err(reported),
                },
                None => {
                    let message = format!("there is no variable `{}`", shown(&named.name));
                    let help =
                        self.suggestion(&named.name, variables.iter().map(String::as_str), "variables");
                    result = Err(self.report_name(named, message, help));
                }
            }
        }
        result?;
        if !resets_membrane {
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

    /// Where there is a constant current, an equation has the input.
    fn check_input(
        &mut self,
        system: &System,
        variables: &[Named<'_>],
        parameters: &[Named<'_>],
    ) -> Checked<()> {
        let constant = parameters.iter().find(|named| named.name == CONSTANT_CURRENT);
        match constant.filter(|_| !system.has_input()) {
            Some(constant) => {
                let message = "`i_e`, but no equation has `I`";
                let help =
                    format!("`i_e` is part of `I`: add `I` to the equation of `{}`", variables[0].name);
                Err(self.report_name(constant, message, help))
            }
            None => Ok(()),
        }
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
