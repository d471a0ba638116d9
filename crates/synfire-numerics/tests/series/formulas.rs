//! Formulas in text: what they mean, their series, and what is said of texts that are none.

use proptest::prelude::*;
use synfire_numerics::formula::{Enclosures, FlawKind, LONGEST, Meaning, Program, read};
use synfire_numerics::interval::Interval;
use synfire_numerics::jet::{Arithmetic, Coefficients, Jets, ORDER, Slot};
use synfire_numerics::math;

const NAMES: [&str; 3] = ["x", "y", "p"];

fn value(text: &str) -> f64 {
    read(text, &NAMES).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}")).value(&[3.0, 0.5, -2.0])
}

/// The program of some formulas of x and y, with p = -2.
fn program(texts: &[&str]) -> Program {
    let formulas: Vec<_> = texts.iter().map(|text| read(text, &NAMES).unwrap()).collect();
    Program::new(&formulas, &[Meaning::Variable(0), Meaning::Variable(1), Meaning::Constant(-2.0)], 2)
        .unwrap()
}

/// The coefficients of formulas at x = x0 + t, y = 0.5 - t/4.
fn series<const D: usize>(program: &Program, x0: f64) -> [Coefficients<f64>; D] {
    let mut slots = vec![Slot::EMPTY; program.slots()];
    let mut jets = Jets::new(&mut slots);
    let orders: [[f64; D]; ORDER + 1] = std::array::from_fn(|k| {
        jets.begin(k);
        let at = |path: [f64; 2]| path.get(k).copied().unwrap_or(0.0);
        program.run(&mut jets, &[at([x0, 1.0]), at([0.5, -0.25])])
    });
    std::array::from_fn(|formula| orders.map(|order| order[formula]))
}

fn assert_near(a: &Coefficients<f64>, b: &Coefficients<f64>, tolerance: f64, what: &str) {
    let size = a.iter().fold(1e-300, |size: f64, c| size.max(c.abs()));
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "{what}: order {k}: {a} {b}");
    }
}

#[test]
fn what_binds_most() {
    for (text, expected) in [
        ("1 + 2*3", 7.0),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("8/4*2", 4.0),
        ("2^3^2", 512.0),
        ("-x^2", -9.0),
        ("2^-1", 0.5),
        ("2^-x", 0.125),
        ("-x*-2", 6.0),
        ("--x", 3.0),
        ("+x - +1", 2.0),
        ("(1 + 2)*3", 9.0),
        ("x*(y + p)", -4.5),
        ("1e2 + 1.5E-1 + .5 + 2.", 102.65),
        ("x^0 + x^1", 4.0),
        ("p^3", -8.0),
        ("4^y", 2.0),
        ("exp(0) + log(1) + sqrt(4) + sin(0) + cos(0) + tanh(0) + cosh(0)", 5.0),
        ("  x\t*\n y ", 1.5),
        ("exp(log(x))", 3.0),
    ] {
        assert!((value(text) - expected).abs() < 1e-15 * expected.abs(), "{text} = {}", value(text));
    }
}

#[test]
fn series_are_those_of_the_operations() {
    let program =
        program(&["x*y + exp(-x)/3 - p", "cosh(x)", "sqrt(x) + log(y)^2", "tanh(x - y)", "sin(x)*cos(y)"]);
    let found: [Coefficients<f64>; 5] = series(&program, 1.5);
    let mut slots = vec![Slot::EMPTY; 64];
    let mut jets = Jets::new(&mut slots);
    let expected: [[f64; 5]; ORDER + 1] = std::array::from_fn(|k| {
        jets.begin(k);
        let x = [1.5, 1.0].get(k).copied().unwrap_or(0.0);
        let y = [0.5, -0.25].get(k).copied().unwrap_or(0.0);
        let (product, falling, rising) = (jets.mul(x, y), jets.exp(-x), jets.exp(x));
        let (root, logarithm, slope) = (jets.sqrt(x), jets.ln(y), jets.tanh(x - y));
        let square = jets.mul(logarithm, logarithm);
        let (sine, cosine) = (jets.sin_cos(x).0, jets.sin_cos(y).1);
        let waves = jets.mul(sine, cosine);
        let two = jets.constant(2.0);
        [product + falling / 3.0 + two, 0.5 * (rising + falling), root + square, slope, waves]
    });
    for (i, found) in found.iter().enumerate() {
        assert_near(found, &expected.map(|order| order[i]), 1e-15, &format!("formula {i}"));
    }
}

#[test]
fn powers_agree_with_one_another() {
    let program = program(&[
        "x^7",
        "x*x*x*x*x*x*x",
        "exp(7*log(x))",
        "x^0.5",
        "sqrt(x)",
        "x^-3",
        "1/(x*x*x)",
        "x^y",
        "exp(y*log(x))",
        "x^p",
        "x^-2",
    ]);
    let [seventh, product, exponential, half, root, negative, quotient, general, by_exp, named, second] =
        series::<11>(&program, 1.25);
    assert_near(&seventh, &product, 1e-14, "x^7");
    assert_near(&seventh, &exponential, 1e-13, "x^7 by a logarithm");
    assert_eq!(half, root);
    assert_near(&negative, &quotient, 1e-14, "x^-3");
    assert_eq!(general, by_exp);
    assert_eq!(named, second);
}

#[test]
fn what_occurs_twice_is_evaluated_once() {
    let once = program(&["exp(x)*y"]);
    let twice = program(&["exp(x)*y", "exp(x)*y + 1", "(exp(x)*y)/2"]);
    assert_eq!(once.slots(), 2);
    assert_eq!(twice.slots(), 2);
    // What a power of 0 makes needless is not evaluated.
    assert_eq!(program(&["exp(x)^0 + y"]).slots(), 0);
    assert_eq!(program(&["3*p - 1"]).constant(0), Some(-7.0));
    assert_eq!(program(&["3*x - 1"]).constant(0), None);
}

/// x/(e^x - 1) in all its dresses has no singularity at 0; elsewhere it is the quotient.
#[test]
fn removable_singularities_are_removed() {
    let texts = [
        "0.1*(x + 40)/(1 - exp(-(x + 40)/10))",
        "0.32*(13 - x)/(exp((13 - x)/4) - 1)",
        "(x - 2)/(exp((2 - x)/5) - 1)",
        "-p*(x - y)/(-1 + exp(x - y))",
    ];
    let program = program(&texts);
    for (formula, (at, expected)) in
        [(-40.0, 1.0), (13.0, 1.28), (2.0, -5.0), (0.5, 2.0)].into_iter().enumerate()
    {
        let found = series::<4>(&program, at)[formula];
        assert!((found[0] - expected).abs() < 1e-14, "{}: {}", texts[formula], found[0]);
        assert!(found.iter().all(|c| c.abs() < 10.0), "{}: {found:?}", texts[formula]);
    }
    // Numerators that are no multiples are left as they are.
    let left = self::program(&["0.1*(x + 41)/(1 - exp(-(x + 40)/10))"]);
    assert_eq!(left.slots(), 2);
    let far = series::<4>(&program, 80.0);
    let plain = 0.1 * 120.0 / (1.0 - math::exp(-12.0));
    assert!((far[0][0] - plain).abs() < 1e-14 * plain);
}

/// Boxes of x and y: what formulas give in them is enclosed, and not by much more than there is.
#[test]
fn enclosures_enclose() {
    let texts = [
        "x*y - y^2 + 3",
        "exp(-x)/(2 + y) + tanh(x - y)",
        "0.1*(x + y)/(1 - exp(-(x + y)/10))",
        "sin(x)*cos(3*y) + cosh(y)",
        "sqrt(x + 30) + log(y + 2)^3 - x^-2",
    ];
    let program = program(&texts);
    let mut slots = vec![Slot::EMPTY; program.slots()];
    for number in 0..2000 {
        let part = |step: f64| (f64::from(number) * step).fract();
        let low = [40.0 * part(0.618_034) - 20.0, 2.0 * part(0.754_878) - 1.0];
        let width = [8.0 * part(0.569_84).powi(8), part(0.324_718).powi(8)];
        let sides = [0, 1].map(|i| Interval::new(low[i], low[i] + width[i]));
        let images: [Interval; 5] = program.run(&mut Enclosures, &sides);
        for corner in [[0.0, 0.0], [1.0, 1.0], [0.3, 0.8], [1.0, 0.0]] {
            let point = [0, 1].map(|i| low[i] + corner[i] * width[i]);
            let values: [f64; 5] = program.run(&mut Jets::new(&mut slots), &point);
            for (image, value) in images.iter().zip(values) {
                let room = 1e-14 * value.abs();
                let fits = image.low - room <= value && value <= image.high + room;
                assert!(fits || value.is_nan(), "{image:?} {value} at {point:?}");
            }
        }
    }
    let [at_zero, ..]: [Interval; 5] =
        self::program(&[texts[2]]).run(&mut Enclosures, &[Interval::from(0.5), Interval::from(-0.5)]);
    assert!(at_zero.contains(1.0) && at_zero.width() < 1e-14, "{at_zero:?}");
}

#[test]
fn flaws_and_their_places() {
    let kind = |text: &str| read(text, &NAMES).unwrap_err();
    for (text, at, wanted) in [
        ("x + z", "z", FlawKind::UnknownName("z".into())),
        ("x + sinh(x)", "sinh", FlawKind::UnknownFunction("sinh".into())),
        ("x + abs(x)", "abs", FlawKind::Piecewise("abs".into())),
        ("x > y", ">", FlawKind::Piecewise(">".into())),
        ("x + exp", "exp", FlawKind::NoArgument("exp".into())),
        ("x y", "y", FlawKind::NoOperation),
        ("2x", "x", FlawKind::NoOperation),
        ("x(y)", "(", FlawKind::NoOperation),
        ("x*1..2", "1..2", FlawKind::BadNumber),
        ("x*.", ".", FlawKind::BadNumber),
        ("x*1e999", "1e999", FlawKind::LargeNumber),
        ("x ** 2", "**", FlawKind::Expected("`^` for a power")),
        ("x + ", "", FlawKind::Expected("a number, a name or a parenthesis")),
        ("x + é", "é", FlawKind::UnknownName("é".into())),
        ("x + €", "€", FlawKind::Expected("a number, a name or a parenthesis")),
        ("(x + y", "", FlawKind::Expected("an operation or `)`")),
        ("x + y)", ")", FlawKind::Expected("an operation or the end")),
    ] {
        let flaw = kind(text);
        assert_eq!((&text[flaw.span.clone()], flaw.kind), (at, wanted), "{text}");
    }
}

#[test]
fn long_and_deep_texts_are_refused_and_cost_nothing() {
    assert_eq!(read(&"x+".repeat(50_000), &NAMES).unwrap_err().kind, FlawKind::TooLong);
    for (open, close) in [("(", ")"), ("exp(", ")"), ("-", ""), ("x^", "")] {
        let nested = |depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
        assert!(read(&nested(99), &NAMES).is_ok(), "{open}");
        assert_eq!(read(&nested(1500), &NAMES).unwrap_err().kind, FlawKind::TooDeep, "{open}");
    }
    // As long as can be, without any depth.
    let long = "x+".repeat(LONGEST / 2 - 1) + "y";
    let formula = read(&long, &NAMES).unwrap();
    let program = Program::new([&formula], &[0, 1, 2].map(Meaning::Variable), 3).unwrap();
    assert_eq!(formula.clone().value(&[1.0, 0.5, 0.0]), (LONGEST / 2 - 1) as f64 + 0.5);
    assert_eq!(program.slots(), 0);
    // As many intermediate values as can be.
    let deep = (1..99).map(|n| format!("sin({n}*x)*(")).collect::<String>() + "y" + &")".repeat(98);
    let formula = read(&deep, &NAMES).unwrap();
    assert!(Program::new([&formula], &[0, 1, 2].map(Meaning::Variable), 3).is_some());
    // Three hundred values that are needed together, and then once more.
    let sum = |sign: &str| (1..300).map(|n| format!("sin({n}*x)")).collect::<Vec<_>>().join(sign);
    let many = [read(&sum("+"), &NAMES).unwrap(), read(&sum("*"), &NAMES).unwrap()];
    assert!(Program::new(&many, &[0, 1, 2].map(Meaning::Variable), 3).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the text: a formula whose value does not depend on how it is evaluated, or a flaw with a place in the text.
    #[test]
    fn no_text_makes_the_reader_panic(pieces in proptest::collection::vec(0usize..32, 0..40), other in ".{0,12}") {
        const PIECES: [&str; 31] = [
            "x", "y", "p", "(", ")", "+", "-", "*", "/", "^", "exp", "log", "sqrt(", "sin(", "cos(", "tanh(", "cosh(",
            "1", "2.5", "1e300", "0", "1e", ".", " ", "z", "abs(", "<", "²", "−", "\"", ",",
        ];
        let text: String = pieces.iter().map(|&piece| PIECES.get(piece).copied().unwrap_or(&other)).collect();
        match read(&text, &NAMES) {
            Err(flaw) => {
                prop_assert!(text.get(flaw.span).is_some());
            }
            Ok(formula) => {
                let meanings = [Meaning::Variable(0), Meaning::Variable(1), Meaning::Constant(-2.0)];
                if let Some(program) = Program::new([&formula], &meanings, 2) {
                    let mut slots = vec![Slot::EMPTY; program.slots()];
                    let [value]: [f64; 1] = program.run(&mut Jets::new(&mut slots), &[3.0, 0.5]);
                    let plain = formula.value(&[3.0, 0.5, -2.0]);
                    let near = (value - plain).abs() <= 1e-9 * plain.abs() || !value.is_finite() || !plain.is_finite();
                    prop_assert!(near, "{text}: {value} {plain}");
                }
            }
        }
    }
}

#[test]
fn degrees_are_those_of_the_largest_power() {
    for (text, degree) in
        [("2", 0), ("x", 1), ("x*y - 3*x", 2), ("x^12/(1 + x^12)", 24), ("(x^2 + y)^3", 6), ("exp(x^5)*y", 5)]
    {
        assert_eq!(program(&[text]).degree(), degree, "{text}");
    }
}
