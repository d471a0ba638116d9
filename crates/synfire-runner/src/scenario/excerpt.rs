//! The lines of a file that a message shows, cut to a readable width: a file can be one line of many megabytes.

use super::json::Span;

/// Line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
    /// The byte at which the line begins.
    line_start: usize,
}

/// Finds places in one pass over the text.
pub(super) struct Sweep<'a> {
    text: &'a str,
    at: usize,
    place: Place,
}

impl<'a> Sweep<'a> {
    /// Begins at the beginning.
    pub fn new(text: &'a str) -> Sweep<'a> {
        Sweep { text, at: 0, place: Place { line: 1, column: 1, line_start: 0 } }
    }

    /// The place of byte `offset`, which lies on a character's first byte, at or after the last one asked for.
    pub fn place(&mut self, offset: usize) -> Place {
        let passed = &self.text.as_bytes()[self.at..offset];
        for (index, &byte) in passed.iter().enumerate() {
            if byte == b'\n' {
                let line_start = self.at + index + 1;
                self.place = Place { line: self.place.line + 1, column: 1, line_start };
            } else if byte & 0xC0 != 0x80 {
                // Not a continuation byte: a character begins.
                self.place.column += 1;
            }
        }
        self.at = offset;
        self.place
    }
}

/// A few lines of a file, cut, with a part to underline.
#[derive(Clone, Debug)]
pub(super) struct Excerpt {
    /// The lines.
    pub text: String,
    /// The part to underline, in bytes of `text`.
    pub underlined: Span,
    /// The number of the first line.
    pub first_line: usize,
}

/// Lines of so many bytes are shown whole.
const WHOLE: usize = 120;
/// How many bytes of a longer line are shown before and after the beginning of what is underlined.
const BEFORE: usize = 50;
const AFTER: usize = WHOLE - BEFORE;

impl Excerpt {
    /// The line of `span`'s beginning, with the lines before and after it.
    pub fn new(text: &str, span: Span, place: Place) -> Excerpt {
        let mut excerpt = Excerpt { text: String::new(), underlined: span, first_line: place.line };
        if place.line_start > 0 {
            let start = text[..place.line_start - 1].rfind('\n').map_or(0, |end| end + 1);
            excerpt.push_beginning(text, start);
            excerpt.text.push('\n');
            excerpt.first_line -= 1;
        }
        let end = excerpt.push_underlined(text, span, place.line_start);
        let is_break = |at: usize| matches!(&text.as_bytes()[at..], [b'\n', _, ..]);
        if let Some(line_break) = [end, end + 1].into_iter().find(|&at| at < text.len() && is_break(at)) {
            excerpt.text.push('\n');
            excerpt.push_beginning(text, line_break + 1);
        }
        excerpt
    }

    /// Adds the line that begins at `start`.
    fn push_beginning(&mut self, text: &str, start: usize) {
        let cut = floor_boundary(text, start + WHOLE);
        let end = line_end(text, start, cut);
        self.push(&text[start..end]);
        self.push_dots(text, end);
    }

    /// Adds the line with what is underlined, or a part of it; returns where the part ends.
    fn push_underlined(&mut self, text: &str, span: Span, line_start: usize) -> usize {
        let mut first = line_start;
        let mut last = line_end(text, first, floor_boundary(text, first + WHOLE));
        if !at_line_end(text, last) || last < span.start {
            first = floor_boundary(text, span.start.saturating_sub(BEFORE)).max(line_start);
            last = line_end(text, span.start, floor_boundary(text, span.start + AFTER));
        }
        if first > line_start {
            self.text.push('…');
        }
        let span_end = span.end.clamp(span.start, last);
        self.push(&text[first..span.start]);
        self.underlined.start = self.text.len();
        self.push(&text[span.start..span_end]);
        self.underlined.end = self.text.len();
        self.push(&text[span_end..last]);
        self.push_dots(text, last);
        last
    }

    /// Shows that a line goes on.
    fn push_dots(&mut self, text: &str, end: usize) {
        if !at_line_end(text, end) {
            self.text.push('…');
        }
    }

    /// Adds a part of the file. Control characters must not reach a terminal.
    fn push(&mut self, part: &str) {
        self.text.extend(part.chars().map(|c| if c.is_control() { ' ' } else { c }));
    }
}

/// Whether a line ends at `at`.
fn at_line_end(text: &str, at: usize) -> bool {
    matches!(&text.as_bytes()[at..], [] | [b'\n', ..] | [b'\r', b'\n', ..])
}

/// The end of the line that `from` is in, but at most `limit`.
fn line_end(text: &str, from: usize, limit: usize) -> usize {
    let end = text[from..limit].find('\n').map_or(limit, |length| from + length);
    if text[from..end].ends_with('\r') { end - 1 } else { end }
}

/// The last place at or before `at` where a character begins.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, start: usize, end: usize) -> Excerpt {
        Excerpt::new(text, Span { start, end }, Sweep::new(text).place(start))
    }

    #[test]
    fn columns_count_characters() {
        let text = "ä\nαβx";
        let place = Sweep::new(text).place(text.find('x').unwrap());
        assert_eq!((place.line, place.column), (2, 3));
    }

    #[test]
    fn a_short_line_is_shown_with_its_neighbours() {
        let text = "{\n  \"a\": 12,\n}";
        let start = text.find("12").unwrap();
        let shown = excerpt(text, start, start + 2);
        assert_eq!(shown.text, text);
        assert_eq!((shown.underlined, shown.first_line), (Span { start, end: start + 2 }, 1));
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let text = format!("[{}x{}]", "1,".repeat(500_000), ",ü".repeat(500_000));
        let start = text.find('x').unwrap();
        let shown = excerpt(&text, start, text.len());
        assert!(shown.text.len() < 200, "{}", shown.text.len());
        assert!(shown.text[shown.underlined.start..].starts_with('x'));
        assert!(shown.text.starts_with('…') && shown.text.ends_with('…'));
    }

    #[test]
    fn control_characters_are_not_shown() {
        let shown = excerpt("\u{1b}[31m\t\u{85}x", 0, 1);
        assert!(shown.text.chars().all(|c| !c.is_control()), "{:?}", shown.text);
    }

    proptest::proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text in "[aü€\u{1F600}\n\r\t]{0,400}", a in 0usize..400, b in 0usize..400) {
            let (a, b) = (floor_boundary(&text, a), floor_boundary(&text, b));
            let shown = excerpt(&text, a.min(b), a.max(b));
            let Span { start, end } = shown.underlined;
            proptest::prop_assert!(shown.text.get(start..end).is_some_and(|part| !part.contains('\n')));
        }
    }
}
