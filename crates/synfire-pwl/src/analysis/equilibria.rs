//! Where a membrane rests: at most one point a zone, and whether it lies in its zone is a comparison.

use crate::linear::{Linear, Spectrum, Vector};
use crate::membrane::Membrane;

/// Where the membrane rests, stably or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Equilibrium {
    /// v and w.
    pub x: Vector,
    /// What orbits near it do.
    pub kind: Kind,
    /// The eigenvalues there, 1/ms; of a membrane without w both are the slope of f.
    pub eigenvalues: Spectrum,
}

/// What orbits near an equilibrium do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They come straight in.
    StableNode,
    /// They go straight out.
    UnstableNode,
    /// They come in turning.
    StableFocus,
    /// They go out turning.
    UnstableFocus,
    /// They come in along one line and go out along another.
    Saddle,
    /// They go round.
    Centre,
    /// An eigenvalue is 0.
    Degenerate,
}

impl Kind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::StableNode => "stable node",
            Kind::UnstableNode => "unstable node",
            Kind::StableFocus => "stable focus",
            Kind::UnstableFocus => "unstable focus",
            Kind::Saddle => "saddle",
            Kind::Centre => "centre",
            Kind::Degenerate => "degenerate",
        }
    }

    /// Whether orbits come in.
    pub fn is_stable(self) -> bool {
        matches!(self, Kind::StableNode | Kind::StableFocus)
    }

    fn of(linear: &Linear) -> Kind {
        match linear.spectrum {
            Spectrum::Complex(mu, _) if mu < 0.0 => Kind::StableFocus,
            Spectrum::Complex(mu, _) if mu > 0.0 => Kind::UnstableFocus,
            Spectrum::Complex(..) => Kind::Centre,
            Spectrum::Real(fast, slow) if fast == 0.0 || slow == 0.0 => Kind::Degenerate,
            Spectrum::Real(fast, _) if fast < 0.0 => Kind::StableNode,
            Spectrum::Real(_, slow) if slow > 0.0 => Kind::UnstableNode,
            Spectrum::Real(..) => Kind::Saddle,
        }
    }
}

impl Membrane {
    /// All equilibria under a constant current, from left to right. A zone whose matrix is singular has
    /// none, or a whole line of them, which is left out.
    pub fn equilibria(&self, current: f64) -> Vec<Equilibrium> {
        let mut found = Vec::new();
        for (index, zone) in self.system().zones().iter().enumerate() {
            let linear = &zone.field.linear;
            let x = zone.field.rest(current);
            let [lower, upper] = self.system().interval(index);
            if x[0].is_finite() && x[1].is_finite() && lower <= x[0] && x[0] < upper {
                found.push(Equilibrium { x, kind: Kind::of(linear), eigenvalues: linear.spectrum });
            }
        }
        found
    }
}
