//! Cuts a body into records: a JSON array, NDJSON, or objects one after the other.
//!
//! Only borders are looked for here, so that one broken record costs that record and no other.

use std::ops::Range;

use crate::{Limits, Position, Reject, RejectCode};

/// One record of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Where it begins in the body.
    pub position: Position,
}

/// How a body holds its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splitting {
    /// Array, NDJSON or one object over many lines: told by the body.
    Auto,
    /// Objects with anything white between them, or nothing (Splunk HEC).
    Concatenated,
}

type Piece<'a> = (Range<usize>, Result<Item<'a>, Reject>);

/// Cuts a body that is an array, NDJSON, or one object. The range says which bytes a refusal is
/// about. Whether an item is sound JSON is not looked at.
#[must_use]
pub fn split<'a>(body: &'a [u8], limits: &Limits) -> Vec<Piece<'a>> {
    split_as(body, Splitting::Auto, limits)
}

pub(crate) fn split_as<'a>(body: &'a [u8], how: Splitting, limits: &Limits) -> Vec<Piece<'a>> {
    let mut cut = Cut {
        body,
        limits,
        place: Place::default(),
        out: Vec::new(),
    };
    let start = if body.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let first = cut.skip_white(start);
    match (body.get(first), how) {
        (None, _) => {}
        (Some(b'['), _) => cut.array(first),
        (Some(_), Splitting::Concatenated) => cut.concatenated(first),
        (Some(_), Splitting::Auto) if cut.spans_lines(first) => cut.concatenated(first),
        (Some(_), Splitting::Auto) => cut.lines(first),
    }
    cut.out
}

struct Cut<'a, 'l> {
    body: &'a [u8],
    limits: &'l Limits,
    place: Place,
    out: Vec<Piece<'a>>,
}

impl<'a> Cut<'a, '_> {
    fn lines(&mut self, mut at: usize) {
        while at < self.body.len() {
            let rest = self.body.get(at..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(self.body.len(), |n| at + n);
            let line = self.body.get(at..end).unwrap_or_default();
            let from = at + (line.len() - line.trim_ascii_start().len());
            let to = from + line.trim_ascii().len();
            if from < to && !self.item(from..to) {
                return;
            }
            at = end + 1;
        }
    }

    fn concatenated(&mut self, mut at: usize) {
        loop {
            at = self.skip_white(at);
            if at >= self.body.len() {
                return;
            }
            let end = if self.body.get(at) == Some(&b'{') {
                match value_end(self.body, at) {
                    Some(end) => end,
                    // It has no end, so borders are lost: what is left is read by lines. Trying
                    // again at each brace would look at the same bytes over and over.
                    None => return self.lines(at),
                }
            } else {
                self.next_object(at)
            };
            let end = self.trim_end(at, end);
            if !self.item(at..end) {
                return;
            }
            at = end;
        }
    }

    fn array(&mut self, open: usize) {
        let mut at = self.skip_white(open + 1);
        if self.body.get(at) == Some(&b']') {
            return self.after_array(at + 1);
        }
        loop {
            let Some(end) = value_end(self.body, at) else {
                let reason = "the array has no end";
                self.refuse(at..self.body.len(), RejectCode::Syntax, at, reason);
                return;
            };
            let trimmed = self.trim_end(at, end);
            if trimmed > at {
                if !self.item(at..trimmed) {
                    return;
                }
            } else if matches!(self.body.get(at), Some(b',' | b']')) {
                let reason = "a record is missing before this";
                self.refuse(at..at + 1, RejectCode::Syntax, at, reason);
            }
            at = self.skip_white(end);
            match self.body.get(at) {
                Some(b',') => at = self.skip_white(at + 1),
                Some(b']') => return self.after_array(at + 1),
                found => {
                    let reason = match found {
                        Some(_) => "`,` or `]` belongs behind a record of an array",
                        None => "the array has no end",
                    };
                    self.refuse(at..self.body.len(), RejectCode::Syntax, at, reason);
                    return;
                }
            }
        }
    }

    fn after_array(&mut self, end: usize) {
        let at = self.skip_white(end);
        if at < self.body.len() {
            let reason = "nothing may follow the array";
            self.refuse(at..self.body.len(), RejectCode::Syntax, at, reason);
        }
    }

    /// Whether the first line begins an object that goes on in the next: printed for people.
    fn spans_lines(&self, at: usize) -> bool {
        let rest = self.body.get(at..).unwrap_or_default();
        let Some(line_end) = memchr::memchr(b'\n', rest) else {
            return false;
        };
        self.body.get(at) == Some(&b'{')
            && value_end(self.body, at).is_some_and(|end| end > at + line_end)
    }

    fn next_object(&self, at: usize) -> usize {
        let rest = self.body.get(at..).unwrap_or_default();
        memchr::memmem::find(rest, b"\n{").map_or(self.body.len(), |n| at + n + 1)
    }

    fn skip_white(&self, mut at: usize) -> usize {
        while self.body.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    }

    fn trim_end(&self, from: usize, to: usize) -> usize {
        let bytes = self.body.get(from..to).unwrap_or_default();
        from + bytes.trim_ascii_end().len()
    }

    /// Adds an item; false when no more may follow.
    fn item(&mut self, range: Range<usize>) -> bool {
        if self.out.len() >= self.limits.records {
            let reason = format!("more than {} records in one body", self.limits.records);
            let rest = range.start..self.body.len();
            self.refuse(rest, RejectCode::TooMany, range.start, &reason);
            return false;
        }
        let position = self.place.of(self.body, range.start);
        let bytes = self.body.get(range.clone()).unwrap_or_default();
        self.out.push((range, Ok(Item { bytes, position })));
        true
    }

    fn refuse(&mut self, range: Range<usize>, code: RejectCode, at: usize, reason: &str) {
        let position = self.place.of(self.body, at);
        self.out
            .push((range, Err(Reject::new(code, position, reason))));
    }
}

/// The last position asked for: each further one costs only the way from there.
#[derive(Default)]
struct Place {
    byte: usize,
    line: usize,
    line_start: usize,
}

impl Place {
    fn of(&mut self, body: &[u8], byte: usize) -> Position {
        let way = body.get(self.byte..byte).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', way).count();
        if let Some(last) = memchr::memrchr(b'\n', way) {
            self.line_start = self.byte + last + 1;
        }
        self.byte = byte;
        Position {
            line: self.line + 1,
            column: byte - self.line_start + 1,
            byte,
        }
    }
}

/// End of the value that begins at `at`: behind its closing bracket, or before the `,`, `]` or
/// line end behind a scalar. `None` when brackets or a string stay open.
fn value_end(body: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (offset, b) in super::structure(body.get(at..)?) {
        match b {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + offset + 1);
                }
            }
            b',' | b']' | b'}' | b'\n' if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}

#[doc(hidden)]
pub fn fuzz_split(data: &[u8]) {
    let limits = Limits {
        records: 50,
        ..Limits::default()
    };
    for how in [Splitting::Auto, Splitting::Concatenated] {
        let mut last = 0;
        for (range, piece) in split_as(data, how, &limits) {
            assert!(range.start >= last && range.end >= range.start && range.end <= data.len());
            last = range.end;
            let position = match piece {
                Ok(item) => {
                    assert_eq!(data.get(range), Some(item.bytes));
                    item.position
                }
                Err(reject) => reject.position,
            };
            assert_eq!(position, Position::of(data, position.byte));
            if let Err(reject) = super::object(data.get(position.byte..).unwrap_or(b""), &limits) {
                assert!(reject.within(position).position.byte <= data.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(body: &str) -> Vec<String> {
        split(body.as_bytes(), &Limits::default())
            .into_iter()
            .map(|(_, piece)| match piece {
                Ok(item) => {
                    let text = String::from_utf8_lossy(item.bytes);
                    format!("{}:{} {text}", item.position.line, item.position.column)
                }
                Err(e) => format!("{e}"),
            })
            .collect()
    }

    #[test]
    fn ndjson_loses_only_the_broken_line() {
        assert_eq!(
            show("{\"a\":1}\r\n\n  {\"a\":\n{\"b\":2}"),
            ["1:1 {\"a\":1}", "3:3 {\"a\":", "4:1 {\"b\":2}"]
        );
    }

    #[test]
    fn arrays_keep_the_sound_items() {
        assert_eq!(
            show("[{\"a\":[1,2]},\n {bad}, \"x,]\" ]"),
            ["1:2 {\"a\":[1,2]}", "2:2 {bad}", "2:9 \"x,]\""]
        );
        assert_eq!(show("[ ]"), Vec::<String>::new());
        assert_eq!(
            show("[{}"),
            ["1:2 {}", "line 1, column 4: the array has no end"]
        );
        assert_eq!(
            show("[{}] x"),
            ["1:2 {}", "line 1, column 6: nothing may follow the array"]
        );
        assert_eq!(
            show("[,{}]")[0],
            "line 1, column 2: a record is missing before this"
        );
    }

    #[test]
    fn objects_printed_over_lines_are_whole() {
        assert_eq!(
            show("{\n \"a\": 1\n}\n{\n}"),
            ["1:1 {\n \"a\": 1\n}", "4:1 {\n}"]
        );
    }

    #[test]
    fn objects_without_anything_between() {
        let body = br#"{"event":"a}"}{"event":{}} {"event" {
{"event":"b"}"#;
        let pieces = split_as(body, Splitting::Concatenated, &Limits::default());
        let texts: Vec<_> = pieces
            .iter()
            .map(|(_, p)| String::from_utf8_lossy(p.as_ref().unwrap().bytes))
            .collect();
        assert_eq!(
            texts,
            [
                r#"{"event":"a}"}"#,
                r#"{"event":{}}"#,
                r#"{"event" {"#,
                r#"{"event":"b"}"#
            ]
        );
    }

    #[test]
    fn too_many_records_are_one_refusal() {
        let limits = Limits {
            records: 2,
            ..Limits::default()
        };
        let pieces = split(b"{}\n{}\n{}\n{}", &limits);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[2].0, 6..11);
        assert_eq!(pieces[2].1.as_ref().unwrap_err().code, RejectCode::TooMany);
    }

    proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_split(&data);
        }

        #[test]
        fn near_json(text in "\\[?([{}\\[\\],:\"\\\\ab1 \n]{0,5}){0,12}") {
            fuzz_split(text.as_bytes());
        }
    }
}
