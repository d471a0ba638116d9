//! Neuron models and spike sources, one file each, and the catalogue that registers them.
//!
//! A new model is one file and one line of [`CATALOGUE`]'s list; checking, documentation, building and the laws that
//! the tests hold every model to follow from it.

use synfire_core::catalogue::ModelEntry;

/// Declares the modules of models and registers them: one line a model, `neuron`, `linear`, `source` or `rates`.
macro_rules! catalogue {
    ($($kind:ident $module:ident :: $model:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// All models of this crate, in the order in which they are documented.
        pub const CATALOGUE: &[ModelEntry] = &[$(ModelEntry::$kind::<$module::$model>()),*];
    };
}

pub mod integrated;
mod quadratic;

catalogue! {
    linear lif::Lif,
    neuron qif::Qif,
    neuron qif_normalised::QifNormalised,
    neuron eif::Eif,
    neuron izhikevich::Izhikevich,
    neuron adex::Adex,
    neuron qif_adaptive::QifAdaptive,
    neuron fitzhugh_nagumo::FitzhughNagumo,
    neuron morris_lecar::MorrisLecar,
    neuron hodgkin_huxley::HodgkinHuxley,
    neuron equations::Equations,
    source spike_source::SpikeSource,
    source poisson::Poisson,
    rates rate::Rate,
}
