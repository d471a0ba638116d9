//! Node types as parameters of `lif`.

use super::ImportError;
use super::config::read_json;
use super::types::TypeTable;
use serde_json::{Map, Value};
use std::path::Path;

/// What nodes of one type are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A source of given spikes.
    Virtual,
    /// A point neuron.
    Point(PointNeuron),
}

/// The parameters of a point neuron, in the scenario's units.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PointNeuron {
    /// Which model it was.
    pub(super) model: PointModel,
    pub(super) tau_m: f64,
    pub(super) c_m: f64,
    pub(super) e_l: f64,
    pub(super) v_th: f64,
    pub(super) v_reset: f64,
    pub(super) t_ref: f64,
    pub(super) i_e: f64,
    /// v at the start.
    pub(super) v: f64,
    /// Which receptor takes weights from 0 up.
    pub(super) excitatory: Receptor,
    /// Which receptor takes negative weights.
    pub(super) inhibitory: Receptor,
}

/// The models that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PointModel {
    /// NEURON's `IntFire1`.
    IntFire1,
    /// NEST's `iaf_psc_alpha`.
    IafPscAlpha,
}

/// A receptor of a point neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Receptor {
    /// Weights are added to v.
    Delta,
    /// An alpha current with this time constant, ms; for negative weights or not.
    Alpha { tau: f64, negative: bool },
}

/// The model of a node type and its parameters. `v_init` is that of the simulation's conditions.
pub(super) fn node(
    types: &TypeTable,
    id: i64,
    models: Option<&Path>,
    v_init: Option<f64>,
) -> Result<Node, ImportError> {
    let not_supported = |key: &str, found: &str, supported: &str| {
        ImportError::not_supported(&types.path, types.place(id), format!("{key} \"{found}\""), supported)
    };
    match types.get(id, "model_type").unwrap_or("NULL") {
        "virtual" => return Ok(Node::Virtual),
        "point_process" | "point_neuron" => {}
        other => return Err(not_supported("model_type", other, "virtual, point_process, point_neuron")),
    }
    let template = types.get(id, "model_template").unwrap_or("NULL");
    let model = match template {
        "nrn:IntFire1" => PointModel::IntFire1,
        "nest:iaf_psc_alpha" => PointModel::IafPscAlpha,
        other => return Err(not_supported("model_template", other, "nrn:IntFire1, nest:iaf_psc_alpha")),
    };
    let (path, object) = match types.get(id, "dynamics_params") {
        None => (types.path.clone(), Map::new()),
        Some(file) => {
            let folder = models.ok_or_else(|| {
                types.wrong(
                    id,
                    "dynamics_params, but the configuration has no components.point_neuron_models_dir",
                )
            })?;
            let path = folder.join(file);
            let object = json_object(&path)?;
            (path, object)
        }
    };
    let parameters = Parameters { path: &path, model: template, object: &object };
    let neuron = match model {
        PointModel::IntFire1 => int_fire_1(&parameters)?,
        PointModel::IafPscAlpha => iaf_psc_alpha(&parameters, v_init)?,
    };
    Ok(Node::Point(neuron))
}

/// `IntFire1`: m decays with `tau`, an event adds its weight, m > 1 fires; then m = 0 for `refrac`. Both are in seconds.
fn int_fire_1(parameters: &Parameters<'_>) -> Result<PointNeuron, ImportError> {
    parameters.allow(&["tau", "refrac", "type"])?;
    if let Some(found) = parameters.object.get("type")
        && found != "NEURON_IntFire1"
    {
        let place = "type".to_owned();
        return Err(ImportError::not_supported(
            parameters.path,
            place,
            found.to_string(),
            "\"NEURON_IntFire1\"",
        ));
    }
    Ok(PointNeuron {
        model: PointModel::IntFire1,
        tau_m: parameters.required("tau")? * 1000.0,
        t_ref: parameters.required("refrac")? * 1000.0,
        c_m: 1.0,
        e_l: 0.0,
        // m must exceed 1; v spikes when it reaches v_th.
        v_th: 1f64.next_up(),
        v_reset: 0.0,
        i_e: 0.0,
        v: 0.0,
        excitatory: Receptor::Delta,
        inhibitory: Receptor::Delta,
    })
}

/// `iaf_psc_alpha` with NEST's defaults (models documentation of NEST 3).
fn iaf_psc_alpha(parameters: &Parameters<'_>, v_init: Option<f64>) -> Result<PointNeuron, ImportError> {
    parameters.allow(&[
        "C_m",
        "tau_m",
        "E_L",
        "V_th",
        "V_reset",
        "t_ref",
        "I_e",
        "tau_syn_ex",
        "tau_syn_in",
        "V_m",
    ])?;
    Ok(PointNeuron {
        model: PointModel::IafPscAlpha,
        tau_m: parameters.number("tau_m")?.unwrap_or(10.0),
        c_m: parameters.number("C_m")?.unwrap_or(250.0),
        e_l: parameters.number("E_L")?.unwrap_or(-70.0),
        v_th: parameters.number("V_th")?.unwrap_or(-55.0),
        v_reset: parameters.number("V_reset")?.unwrap_or(-70.0),
        t_ref: parameters.number("t_ref")?.unwrap_or(2.0),
        i_e: parameters.number("I_e")?.unwrap_or(0.0),
        // NEST keeps V_m where it is when E_L is set.
        v: parameters.number("V_m")?.or(v_init).unwrap_or(-70.0),
        excitatory: Receptor::Alpha { tau: parameters.number("tau_syn_ex")?.unwrap_or(2.0), negative: false },
        inhibitory: Receptor::Alpha { tau: parameters.number("tau_syn_in")?.unwrap_or(2.0), negative: true },
    })
}

/// The sign that a synapse file gives to weights, for neurons of this model.
pub(super) fn synapse_sign(path: &Path, model: PointModel) -> Result<f64, ImportError> {
    let object = json_object(path)?;
    let (name, allowed): (_, &[&str]) = match model {
        PointModel::IntFire1 => ("synapses of nrn:IntFire1", &["level_of_detail", "sign"]),
        PointModel::IafPscAlpha => ("synapses of nest:iaf_psc_alpha", &[]),
    };
    let parameters = Parameters { path, model: name, object: &object };
    parameters.allow(allowed)?;
    match parameters.number("sign")? {
        None => Ok(1.0),
        Some(sign) if sign == 1.0 || sign == -1.0 => Ok(sign),
        Some(other) => Err(ImportError::not_supported(path, "sign", other.to_string(), "1, -1")),
    }
}

/// The parameters that a JSON file gives.
struct Parameters<'a> {
    path: &'a Path,
    model: &'a str,
    object: &'a Map<String, Value>,
}

impl Parameters<'_> {
    fn allow(&self, known: &[&str]) -> Result<(), ImportError> {
        match self.object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let supported = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let found = format!("a parameter \"{key}\" of {}", self.model);
                Err(ImportError::not_supported(self.path, key, found, supported))
            }
        }
    }

    fn number(&self, key: &str) -> Result<Option<f64>, ImportError> {
        let number = |value: &Value| {
            let wrong = || ImportError::wrong(self.path, key, format!("found {value}, expected a number"));
            value.as_f64().ok_or_else(wrong)
        };
        self.object.get(key).map(number).transpose()
    }

    fn required(&self, key: &str) -> Result<f64, ImportError> {
        let missing = || ImportError::wrong(self.path, key, format!("{} needs this parameter", self.model));
        self.number(key)?.ok_or_else(missing)
    }
}

fn json_object(path: &Path) -> Result<Map<String, Value>, ImportError> {
    match read_json(path)? {
        Value::Object(object) => Ok(object),
        _ => Err(ImportError::wrong(path, "the whole file", "expected an object of parameters")),
    }
}
