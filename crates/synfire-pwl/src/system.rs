//! Piecewise-linear systems in the plane: zones divided by straight lines (*faces*), an affine field in each.
//!
//! On a face the two fields decide where an orbit goes, by the speeds across the face, p below it and q above it: both
//! positive, up; both negative, down; p < 0 < q, where both lead away, the face belongs to the zone above it. Where the
//! fields agree on the face (it is *continuous*) q stands for both, and where it vanishes the second derivative decides.
//! p > 0 > q, where both lead onto the face, orbits slide along it, if the fields differ by a constant there and nothing fades.
//! A face is left by these rules, never by an epsilon.

use crate::exit::{Exit, Strip, first_exit, surely_stays};
use crate::input::Fading;
use crate::linear::{Linear, Matrix, Vector, dot, plus};
use crate::orbit::{Field, Orbit};
use crate::sliding::Slide;

/// A straight line: the points x with normal x = offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Points upwards.
    pub normal: Vector,
    /// Where it is.
    pub offset: f64,
    /// The fields on both sides agree on it.
    pub is_continuous: bool,
}

/// A zone: its field, and what an orbit can leave through.
#[derive(Clone, Debug)]
pub struct Zone {
    /// What moves an orbit here.
    pub field: Field,
    walls: Vec<Wall>,
}

/// Two parallel faces, or one, on the sides of a zone.
#[derive(Clone, Copy, Debug)]
struct Wall {
    strip: Strip,
    /// The face below with the zone beyond it, and the one above.
    below: Option<Way>,
    above: Option<Way>,
}

/// A way out of a zone.
#[derive(Clone, Copy, Debug)]
struct Way {
    face: usize,
    zone: usize,
}

/// A piecewise-linear system.
#[derive(Clone, Debug)]
pub struct System {
    faces: Vec<Face>,
    zones: Vec<Zone>,
    layout: Layout,
    /// -1/tau of the fading inputs, 1/ms.
    rates: Vec<f64>,
}

/// How points find their zone.
#[derive(Clone, Debug)]
enum Layout {
    /// Parallel faces by rising offset: zone k has k of them below it.
    Parallel,
    /// By which faces they are above.
    General,
}

/// Where an orbit went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Through a face.
    Face {
        /// Which.
        face: usize,
        /// To the side to which its normal points.
        upward: bool,
        /// Rounding decided it.
        ambiguous: bool,
    },
    /// Off a face along which it slid.
    Leaves {
        /// Which.
        face: usize,
        /// To the side to which its normal points.
        upward: bool,
    },
    /// It stays in its zone, or on its face, for ever.
    Never {
        /// Rounding decided it.
        ambiguous: bool,
    },
    /// It has not left its zone before the limit.
    Limit,
    /// What is not a number, faces passed without end at one instant, or sliding that has no closed form.
    Failed,
}

impl System {
    /// Zones between parallel faces: `offsets` rise, and there is one field more than there are faces. `is_continuous` by
    /// face. `rates` are those of the fading inputs to the first variable, -1/tau in 1/ms.
    ///
    /// # Panics
    /// If the numbers of faces and fields do not fit.
    pub fn parallel(
        normal: Vector,
        offsets: &[(f64, bool)],
        fields: &[(Linear, Vector)],
        rates: &[f64],
    ) -> System {
        assert_eq!(fields.len(), offsets.len() + 1, "one field more than faces");
        let faces: Vec<Face> =
            offsets.iter().map(|&(offset, is_continuous)| Face { normal, offset, is_continuous }).collect();
        let zone = |(index, &(linear, force)): (usize, &(Linear, Vector))| {
            let below = index.checked_sub(1).map(|zone| Way { face: zone, zone });
            let above = (index < faces.len()).then_some(Way { face: index, zone: index + 1 });
            let strip = Strip {
                row: normal,
                lower: below.map_or(f64::NEG_INFINITY, |way| faces[way.face].offset),
                upper: above.map_or(f64::INFINITY, |way| faces[way.face].offset),
            };
            Zone { field: Field::new(linear, force, rates), walls: vec![Wall { strip, below, above }] }
        };
        let zones = fields.iter().enumerate().map(zone).collect();
        System { faces, zones, layout: Layout::Parallel, rates: rates.to_vec() }
    }

    /// Zones between any faces: `field` gives the field of the zone that lies above the faces marked `true`. Not for more
    /// than a dozen faces: every combination of sides is asked for, whether it has points or not.
    pub fn general(faces: Vec<Face>, field: impl Fn(&[bool]) -> (Matrix, Vector), rates: &[f64]) -> System {
        let sides: Vec<Vec<bool>> = (0..1_usize << faces.len())
            .map(|bits| (0..faces.len()).map(|face| bits >> face & 1 == 1).collect())
            .collect();
        let zone = |(index, above): (usize, &Vec<bool>)| {
            let wall = |(face, data): (usize, &Face)| {
                let way = Some(Way { face, zone: index ^ (1 << face) });
                let (lower, upper) = match above[face] {
                    true => (data.offset, f64::INFINITY),
                    false => (f64::NEG_INFINITY, data.offset),
                };
                let strip = Strip { row: data.normal, lower, upper };
                let (below, above) = if above[face] { (way, None) } else { (None, way) };
                Wall { strip, below, above }
            };
            let (matrix, force) = field(above);
            let walls = faces.iter().enumerate().map(wall).collect();
            Zone { field: Field::new(Linear::new(matrix), force, rates), walls }
        };
        let zones = sides.iter().enumerate().map(zone).collect();
        System { faces, zones, layout: Layout::General, rates: rates.to_vec() }
    }

    /// Between which offsets zone `index` of a system with parallel faces lies.
    pub fn interval(&self, index: usize) -> [f64; 2] {
        let strip = self.zones[index].walls[0].strip;
        [strip.lower, strip.upper]
    }

    /// The zone of a system with parallel faces that has this offset in it, or at its lower border.
    #[inline]
    pub(crate) fn zone_above_offsets(&self, offset: f64) -> usize {
        self.faces.iter().take_while(|face| face.offset <= offset).count()
    }

    /// The faces.
    pub fn faces(&self) -> &[Face] {
        &self.faces
    }

    /// The zones.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// -1/tau of the fading inputs, 1/ms.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// The zone above the faces for which `is_above` holds.
    fn zone_above(&self, is_above: impl Fn(usize) -> bool) -> usize {
        match &self.layout {
            Layout::Parallel => (0..self.faces.len()).take_while(|&face| is_above(face)).count(),
            Layout::General => {
                (0..self.faces.len()).filter(|&face| is_above(face)).map(|face| 1 << face).sum()
            }
        }
    }

    /// The zone in which an orbit that starts at `x` goes on.
    pub fn zone_at(&self, x: Vector, current: f64, inputs: &[Fading]) -> usize {
        let value = |face: usize| dot(self.faces[face].normal, x) - self.faces[face].offset;
        let mut zone = self.zone_above(|face| value(face) >= 0.0);
        for face in (0..self.faces.len()).filter(|&face| value(face) == 0.0) {
            if let Some(below) = self.beyond(zone, face, false)
                && !self.goes_up(face, [below, zone], x, current, inputs, false)
            {
                zone = below;
            }
        }
        zone
    }

    /// The zone on the other side of a face of `zone`.
    fn beyond(&self, zone: usize, face: usize, upward: bool) -> Option<usize> {
        let ways =
            self.zones[zone].walls.iter().filter_map(|wall| if upward { wall.above } else { wall.below });
        ways.into_iter().find(|way| way.face == face).map(|way| way.zone)
    }

    /// Whether an orbit on a face goes on in the upper of the `zones` below and above it. `flat`: the speed across it is
    /// taken to be 0.
    fn goes_up(
        &self,
        face: usize,
        zones: [usize; 2],
        x: Vector,
        current: f64,
        inputs: &[Fading],
        flat: bool,
    ) -> bool {
        let input: f64 = inputs.iter().map(|input| input.s).sum();
        let Face { normal, is_continuous, .. } = self.faces[face];
        let [below, above] = zones.map(|zone| &self.zones[zone].field);
        let velocity = above.velocity(x, current + input);
        let speed_above = if flat { 0.0 } else { dot(normal, velocity) };
        let speed_below = match is_continuous {
            true => speed_above,
            false => dot(normal, below.velocity(x, current + input)),
        };
        if speed_above != 0.0 || speed_below != 0.0 {
            return speed_above > 0.0 || speed_above == 0.0 && speed_below > 0.0;
        }
        let rise: f64 = inputs.iter().map(|input| input.x + input.rate * input.s).sum();
        dot(normal, plus(above.linear.matrix.times(velocity), rise, [1.0, 0.0])) >= 0.0
    }
}

impl System {
    /// Where an orbit from `x` is after `dt_ms`, if a cheap bound tells that it stays in its zone; the same bits that the
    /// walk gives.
    pub(crate) fn straight(&self, x: Vector, current: f64, inputs: &[Fading], dt_ms: f64) -> Option<Vector> {
        let zone = &self.zones[self.zone_at(x, current, inputs)];
        let orbit = Orbit::new(&zone.field, x, current, inputs);
        let way = orbit.way(dt_ms);
        let stays = zone.walls.iter().all(|wall| surely_stays(&orbit, &wall.strip, dt_ms, way));
        stays.then(|| plus(x, 1.0, way))
    }
}

/// An orbit through the zones of a system.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    system: &'a System,
    current: f64,
    /// The fading inputs at the start.
    given: &'a [Fading],
    /// The same where the orbit is now.
    inputs: Vec<Fading>,
    /// Where it is: the state, the zone, the time since the start, ms.
    pub x: Vector,
    /// The zone in which it goes on.
    pub zone: usize,
    /// ms since the start.
    pub elapsed_ms: f64,
    /// Steps that took no time, one after another.
    instant: u32,
    flat: bool,
    /// The face along which it slides, with the zones below and above.
    sliding: Option<(usize, [usize; 2], Slide)>,
    /// It should slide, and cannot.
    is_stuck: bool,
}

/// Faces passed at one instant, more than any corner has: then rounding goes round in circles.
const MOST_INSTANT: u32 = 64;

impl<'a> Walk<'a> {
    /// An orbit from `x` on.
    pub fn new(system: &'a System, x: Vector, current: f64, inputs: &'a [Fading]) -> Walk<'a> {
        let zone = system.zone_at(x, current, inputs);
        let mut walk = Walk {
            system,
            current,
            given: inputs,
            inputs: inputs.to_vec(),
            x,
            zone,
            elapsed_ms: 0.0,
            instant: 0,
            flat: false,
            sliding: None,
            is_stuck: false,
        };
        for (face, data) in system.faces.iter().enumerate() {
            if !data.is_continuous && dot(data.normal, x) == data.offset {
                let below = system.beyond(zone, face, false).map(|below| [below, zone]);
                let zones = below.or_else(|| Some([zone, system.beyond(zone, face, true)?]));
                zones.iter().for_each(|&zones| walk.slide(face, zones));
            }
        }
        walk
    }

    /// Begins to slide along a face if both fields lead onto it.
    fn slide(&mut self, face: usize, zones: [usize; 2]) {
        let Face { normal, is_continuous, .. } = self.system.faces[face];
        if is_continuous {
            return;
        }
        let input: f64 = self.inputs.iter().map(|input| input.s).sum();
        let [below, above] = zones.map(|zone| &self.system.zones[zone].field);
        let [up, down] =
            [below, above].map(|field| dot(normal, field.velocity(self.x, self.current + input)));
        if up > 0.0 && down < 0.0 {
            let slide = Slide::new(normal, below, above, self.x, self.current);
            let slide = slide.filter(|_| self.inputs.is_empty());
            self.is_stuck = slide.is_none();
            self.sliding = slide.map(|slide| (face, zones, slide));
        }
    }

    /// On to where it leaves the face along which it slides.
    fn leave(&mut self, left_ms: f64, face: usize, zones: [usize; 2], slide: Slide) -> Step {
        if slide.leaves_ms.is_infinite() {
            return Step::Never { ambiguous: false };
        }
        if slide.leaves_ms > left_ms {
            return Step::Limit;
        }
        self.x = slide.at(slide.leaves_ms);
        self.elapsed_ms += slide.leaves_ms;
        self.zone = zones[usize::from(slide.upward)];
        // The speed across the face is 0 there, by definition.
        (self.sliding, self.flat, self.instant) = (None, true, 0);
        Step::Leaves { face, upward: slide.upward }
    }

    fn orbit(&self) -> Orbit<'_> {
        let field = &self.system.zones[self.zone].field;
        Orbit { flat: self.flat, ..Orbit::new(field, self.x, self.current, &self.inputs) }
    }

    /// On to the next face, if the orbit comes to one within the limit (ms since the start). Otherwise it stays where it
    /// is.
    pub fn step(&mut self, limit_ms: f64) -> Step {
        self.advance(limit_ms, true)
    }

    /// On to the next face, if the search up to the limit (ms since the start) finds it, be it later.
    pub fn look(&mut self, limit_ms: f64) -> Step {
        self.advance(limit_ms, false)
    }

    fn advance(&mut self, limit_ms: f64, strictly: bool) -> Step {
        let is_finite = self.x[0].is_finite() && self.x[1].is_finite();
        if !is_finite || self.instant > MOST_INSTANT || self.is_stuck {
            return Step::Failed;
        }
        let left_ms = limit_ms - self.elapsed_ms;
        if let Some((face, zones, slide)) = self.sliding {
            return self.leave(left_ms, face, zones, slide);
        }
        let system = self.system;
        let orbit = self.orbit();
        let mut first: Option<(f64, Way, bool, bool)> = None;
        let (mut undecided, mut rounding) = (false, false);
        for wall in &system.zones[self.zone].walls {
            let until_ms = first.map_or(left_ms, |first| first.0);
            match first_exit(&orbit, &wall.strip, until_ms) {
                Exit::At { after_ms, upward, ambiguous } => {
                    let way = if upward { wall.above } else { wall.below };
                    if let Some(way) = way.filter(|_| first.is_none_or(|first| after_ms < first.0)) {
                        first = Some((after_ms, way, upward, ambiguous));
                    }
                }
                Exit::Never { ambiguous } => rounding |= ambiguous,
                Exit::NotBefore(_) => undecided = true,
            }
        }
        match first {
            Some((after_ms, way, upward, ambiguous)) if after_ms <= left_ms || !strictly && !undecided => {
                let x = orbit.at(after_ms);
                self.pass(after_ms, x, way, upward);
                Step::Face { face: way.face, upward, ambiguous: ambiguous || rounding }
            }
            None if !undecided => Step::Never { ambiguous: rounding },
            _ => Step::Limit,
        }
    }

    /// Through a face, exactly on which it then is.
    fn pass(&mut self, after_ms: f64, x: Vector, way: Way, upward: bool) {
        let Face { normal, offset, is_continuous: _ } = self.system.faces[way.face];
        let x = onto(x, normal, offset);
        let stands = x == self.x;
        self.elapsed_ms += after_ms;
        self.inputs.clear();
        self.inputs.extend(self.given.iter().map(|input| input.after(self.elapsed_ms)));
        self.instant = if stands { self.instant + 1 } else { 0 };
        self.x = x;
        let zones = if upward { [self.zone, way.zone] } else { [way.zone, self.zone] };
        self.zone = way.zone;
        // Back to where it came from without having moved: the speed across the face is rounding alone.
        self.flat = self.instant > 1;
        if self.flat {
            let up = self.system.goes_up(way.face, zones, x, self.current, &self.inputs, true);
            self.zone = zones[usize::from(up)];
        }
        self.slide(way.face, zones);
    }

    /// The state `dt_ms` after the start, if no face is passed in between.
    pub fn at(&self, dt_ms: f64) -> Vector {
        let since = dt_ms - self.elapsed_ms;
        self.sliding.map_or_else(|| self.orbit().at(since), |(_, _, slide)| slide.at(since))
    }

    /// x' where it is.
    pub fn velocity(&self) -> Vector {
        self.orbit().velocity()
    }

    /// The state `dt_ms` after the start; not a number if it cannot be computed.
    pub fn run(mut self, dt_ms: f64) -> Vector {
        loop {
            match self.step(dt_ms) {
                Step::Face { .. } | Step::Leaves { .. } => {}
                Step::Never { .. } | Step::Limit => return self.at(dt_ms),
                Step::Failed => return [f64::NAN; 2],
            }
        }
    }
}

/// The point of a face nearest to `x`: exactly on it where the face is parallel to an axis.
fn onto(x: Vector, normal: Vector, offset: f64) -> Vector {
    match normal {
        [n, 0.0] => [offset / n, x[1]],
        [0.0, n] => [x[0], offset / n],
        _ => {
            let lack = (offset - dot(normal, x)) / dot(normal, normal);
            plus(x, lack, normal)
        }
    }
}
