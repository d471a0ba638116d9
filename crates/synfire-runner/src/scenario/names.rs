//! Names: the nearest valid one, and lists of them for messages.

use super::json::quoted;

/// Of `names`, the one that `found` was most likely meant to be, if any is near.
pub(super) fn nearest<'n>(found: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Longer strings are no typing errors, and the distance costs the product of the lengths.
    if found.len() > 60 {
        return None;
    }
    let found = found.to_lowercase();
    let near = |name: &&'n str| {
        let lower = name.to_lowercase();
        let distance = distance(&found, &lower);
        let longer = found.chars().count().max(lower.chars().count());
        let shorter = found.chars().count().min(lower.chars().count());
        let contained = shorter >= 3 && (found.contains(&lower) || lower.contains(&found));
        let is_near = distance < longer && (contained || distance <= (longer / 3).max(1));
        // The beginning of a name is most likely its abbreviation.
        let begun = contained && lower.starts_with(&found);
        is_near.then_some(if begun { distance.min(1) } else { distance })
    };
    let candidates = names.into_iter().filter_map(|name| Some((near(&name)?, name)));
    candidates.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many insertions, removals, replacements and swaps of neighbours turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// With how many names one that is not among them is compared: there can be many populations.
const COMPARED: usize = 1000;

/// What to say where `found` is none of `names`: the nearest, and all of them if they are not many.
pub(crate) fn suggestion<'n>(found: &str, names: impl IntoIterator<Item = &'n str>, what: &str) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let near = nearest(found, names.iter().copied().take(COMPARED));
    let list = match names.len() {
        0 => format!("{what}: none"),
        _ => format!("{what}: {}", listed(&names)),
    };
    match near {
        Some(name) => format!("did you mean `{}`? {list}", shown(name)),
        None => list,
    }
}

/// Names in a message, at most a few dozen.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 24;
    let mut list: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > SHOWN {
        list.push(format!("and {} more", names.len() - SHOWN));
    }
    list.join(", ")
}

/// A name of the file in a message: cut, without control characters.
pub(super) fn shown(name: &str) -> String {
    super::json::shortened(name)
}

/// A step of a JSON path: plain where the name is one word.
pub(super) fn step(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().count() <= 40 && name.chars().all(plain) {
        name.to_string()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_near() {
        let names = ["tau_m", "t_ref", "v_th", "v_reset", "e_l"];
        for (found, meant) in
            [("tau", "tau_m"), ("tua_m", "tau_m"), ("V_th", "v_th"), ("E_L", "e_l"), ("vreset", "v_reset")]
        {
            assert_eq!(nearest(found, names), Some(meant), "{found}");
        }
        assert_eq!(nearest("EIF", ["lif", "eif"]), Some("eif"));
        assert_eq!(nearest("conductance", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"tau".repeat(1000), names), None);
    }

    #[test]
    fn distances() {
        for (a, b, d) in [
            ("", "", 0),
            ("abc", "", 3),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
            ("wieght", "weight", 1),
        ] {
            assert_eq!(distance(a, b), d, "{a} {b}");
            assert_eq!(distance(b, a), d, "{b} {a}");
        }
    }
}
