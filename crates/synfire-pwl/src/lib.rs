//! Piecewise-linear neurons: zones divided by straight lines, an affine field in each, so that everything between two
//! crossings of a line is a closed form.
//!
//! ```
//! use synfire_pwl::linear::{Linear, Matrix};
//! use synfire_pwl::system::{System, Walk};
//!
//! // v' = |v| + 0.1 from v = -1: when does it reach v = 0?
//! let slope = |a: f64| (Linear::new(Matrix::new([[a, 0.0], [0.0, a]])), [0.0, 0.0]);
//! let system = System::parallel([1.0, 0.0], &[(0.0, true)], &[slope(-1.0), slope(1.0)], &[]);
//! let mut walk = Walk::new(&system, [-1.0, 0.0], 0.1, &[]);
//! walk.step(100.0);
//! assert!((walk.elapsed_ms - (1.1_f64 / 0.1).ln()).abs() < 1e-15);
//! ```

pub mod analysis;
pub mod approximation;
pub mod exit;
pub mod input;
pub mod integrate_and_fire;
pub mod linear;
pub mod mckean;
pub mod membrane;
pub mod orbit;
pub mod pieces;
pub mod planar;
mod sliding;
pub mod system;

use integrate_and_fire::PwlIntegrateAndFire;
use mckean::McKean;
use membrane::{Membrane, Piecewise, PiecewiseModel};
use planar::PwlPlanar;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{ParamError, ParamRow};

/// The models of this crate, in the order in which they are documented.
pub const CATALOGUE: &[ModelEntry] = &[
    ModelEntry::neuron::<Piecewise<PwlIntegrateAndFire>>(),
    ModelEntry::neuron::<Piecewise<McKean>>(),
    ModelEntry::neuron::<Piecewise<PwlPlanar>>(),
];

/// The membrane of one neuron of the model `name`, if that is one of this crate.
///
/// # Errors
/// A condition between parameters that does not hold.
pub fn membrane(
    name: &str,
    row: ParamRow<'_>,
    receptors: &ReceptorSet,
) -> Option<Result<Membrane, ParamError>> {
    let make = [
        (PwlIntegrateAndFire::SPEC.name, PwlIntegrateAndFire::membrane as Make),
        (McKean::SPEC.name, McKean::membrane),
        (PwlPlanar::SPEC.name, PwlPlanar::membrane),
    ];
    make.iter().find(|model| model.0 == name).map(|model| (model.1)(row, receptors))
}

type Make = fn(ParamRow<'_>, &ReceptorSet) -> Result<Membrane, ParamError>;
