//! Neuron models and spike sources, one file each, and the catalogue that registers them.

use synfire_core::spec::ModelSpec;

/// A registered model.
#[derive(Debug)]
pub struct ModelEntry {
    /// Its page.
    pub spec: &'static ModelSpec,
}

/// Declares the modules of models and registers them: one line a model.
macro_rules! catalogue {
    ($($module:ident :: $model:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// All models, in the order in which they are documented.
        pub const CATALOGUE: &[ModelEntry] = &[$(ModelEntry { spec: &$module::SPEC }),*];
    };
}

catalogue! { lif::Lif, spike_source::SpikeSource, poisson::Poisson }

/// The model of this name.
pub fn find(name: &str) -> Option<&'static ModelEntry> {
    CATALOGUE.iter().find(|entry| entry.spec.name == name)
}
