//! Where a text stops being JSON, and what may have been meant.

use super::json::{Flaw, Span, shortened, without_position};

/// The place at which `serde_json` gave up, and why, in words that help.
pub(super) fn syntax_flaw(text: &str, error: &serde_json::Error) -> Flaw {
    let at =
        if error.is_eof() { text.trim_end().len() } else { offset_of(text, error.line(), error.column()) };
    let said = without_position(error);
    if said == "expected ident" {
        return misspelt_word(text, at);
    }
    let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
    let before = text[..at].trim_end();
    let last = before.len() - before.chars().next_back().map_or(0, char::len_utf8);
    let (start, end, message, help) = if said.starts_with("control character") {
        let quote = text[..at].rfind('"').unwrap_or(at);
        let help = r"in strings it is written \n, \t or \u00..";
        (quote, at, "a line break or other control character in a string", help)
    } else if said == "invalid escape" {
        let backslash = text[..end].rfind('\\').unwrap_or(at);
        let help = r#"escapes are \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits"#;
        (backslash, end, "an escape that JSON does not have", help)
    } else if said == "trailing characters" {
        (
            at,
            end,
            "text after the end of the scenario",
            "a file holds one scenario; is there a brace too many?",
        )
    } else if text[at..].starts_with(['}', ']']) && before.ends_with(',') {
        let help = "JSON has no comma after the last element: remove it";
        (last, before.len(), "a comma before the closing bracket", help)
    } else if said.starts_with("expected `,`") && text[at..].starts_with('"') {
        (last, before.len(), "a comma is missing after this", "members and elements are separated by commas")
    } else if let Some((message, help)) = slip(text, at) {
        (at, end, message, help)
    } else {
        (at, end, said.as_str(), "this must be valid JSON text")
    };
    Flaw { span: Span { start, end }, message: message.to_string(), help: help.to_string() }
}

/// A word that begins like `true`, `false` or `null`; `at` is in it or just behind it.
fn misspelt_word(text: &str, at: usize) -> Flaw {
    let start = text[..at].trim_end_matches(|c: char| c.is_alphanumeric()).len();
    let length = text[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - start);
    Flaw {
        span: Span { start, end: start + length },
        message: format!("a word that is not JSON: {}", shortened(&text[start..start + length])),
        help: "JSON has `true`, `false` and `null`".into(),
    }
}

/// The byte that `serde_json` calls line and column, both counted from 1 and the column in bytes.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    let line_start = std::iter::once(0).chain(starts).nth(line.saturating_sub(1)).unwrap_or(0);
    let mut at = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Slips that are often made, by what stands at and before the place.
fn slip(text: &str, at: usize) -> Option<(&'static str, &'static str)> {
    let (before, rest) = (text[..at].trim_end(), text[at..].trim_start());
    let starts = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    let after_minus = before.ends_with('-') && starts(&["I", "i", "N"]);
    Some(if rest.is_empty() && before.is_empty() {
        ("the file is empty", "a scenario is one JSON object: {\"synfire\": 1, ...}")
    } else if rest.is_empty() {
        ("the file ends too early", "a brace, bracket or quotation mark is not closed")
    } else if starts(&["//", "/*", "#"]) {
        ("a comment", "JSON has no comments; words go into `description`")
    } else if starts(&["'"]) {
        ("a single quotation mark", "strings and keys stand in double quotation marks")
    } else if after_minus || starts(&["NaN", "nan", "Inf", "inf"]) {
        ("not a number of JSON", "there is no NaN; where infinity is allowed it is written \"inf\"")
    } else if starts(&["True", "False", "None", "none"]) {
        ("a word that is not JSON", "JSON has `true`, `false` and `null`")
    } else if starts(&["+", "."]) {
        ("not a number of JSON", "numbers begin with a digit or `-`: 0.5, not .5 or +0.5")
    } else {
        return None;
    })
}
