//! The models that scenarios can name: the catalogues of all crates of models, joined.

use synfire_core::catalogue::ModelEntry;

/// All models, in the order in which they are documented.
pub fn models() -> impl Iterator<Item = &'static ModelEntry> + Clone {
    [synfire_models::CATALOGUE, synfire_pwl::CATALOGUE].into_iter().flatten()
}

/// The model of this name.
pub fn find(name: &str) -> Option<&'static ModelEntry> {
    models().find(|entry| entry.spec.name == name)
}
