//! Where one record of a text ends and the next begins.

use std::ops::Range;

/// Longest record. One byte more reaches the normaliser, which refuses it as too long, so that it
/// is in quarantine with its place; the rest of it is skipped.
const LONGEST: usize = 256 << 10;
/// A row of a table whose quotes do not close within so many bytes is one line with a stray quote.
const LONGEST_ROW: usize = 64 << 10;

/// What the records of a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A line each.
    Lines,
    /// A row of a table each: a line break between quotes belongs to it (RFC 4180 §2.6).
    Rows,
}

/// A piece off the front of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The record, without its line end; empty for an empty line and for a skipped rest.
    pub(super) record: Range<usize>,
    /// Bytes that are done with.
    pub(super) used: usize,
    /// Whether what comes next is the rest of a record that was too long.
    pub(super) skipping: bool,
    /// The record was too long and is cut.
    pub(super) too_long: bool,
}

/// Takes the next record off the front. `None` when there is no whole one; at the `last` bytes of
/// a text the rest is one.
pub(super) fn cut(rest: &[u8], shape: Shape, skipping: bool, last: bool) -> Option<Cut> {
    if rest.is_empty() {
        return None;
    }
    if skipping {
        let end = memchr::memchr(b'\n', rest);
        return Some(Cut {
            record: 0..0,
            used: end.map_or(rest.len(), |n| n + 1),
            skipping: end.is_none(),
            too_long: false,
        });
    }
    let end = match shape {
        Shape::Lines => memchr::memchr(b'\n', rest),
        Shape::Rows => row_end(rest, last),
    };
    let length = match end {
        Some(end) => end,
        None if last || rest.len() > LONGEST => rest.len(),
        None => return None,
    };
    let too_long = length > LONGEST;
    let record = length.min(LONGEST + 1);
    Some(Cut {
        record: 0..record,
        used: end.map_or(if last { length } else { record }, |n| n + 1),
        skipping: end.is_none() && !last,
        too_long,
    })
}

fn row_end(rest: &[u8], last: bool) -> Option<usize> {
    let reach = rest.get(..LONGEST_ROW.min(rest.len())).unwrap_or(rest);
    let mut is_open = false;
    for at in memchr::memchr2_iter(b'"', b'\n', reach) {
        match rest.get(at) {
            Some(b'"') => is_open = !is_open,
            _ if !is_open => return Some(at),
            _ => {}
        }
    }
    // What has no end yet may get one, unless it is out of reach.
    let given_up = last || rest.len() > LONGEST_ROW;
    if given_up {
        memchr::memchr(b'\n', rest)
    } else {
        None
    }
}

#[doc(hidden)]
pub fn fuzz_folder_cut(data: &[u8]) {
    for shape in [Shape::Lines, Shape::Rows] {
        let whole = pieces(data, shape, data.len());
        let all: usize = whole.iter().map(|c| c.used).sum();
        assert_eq!(all, data.len(), "every byte is done with once");
        // However the text grows, its records are the same, except where a row's end was guessed.
        if shape == Shape::Lines {
            let step = data.first().map_or(1, |b| usize::from(*b).max(1));
            assert_eq!(pieces(data, shape, step), whole);
        }
    }
}

/// The pieces of a text that grows by `step` bytes at a time and then ends.
fn pieces(data: &[u8], shape: Shape, step: usize) -> Vec<Cut> {
    let (mut at, mut seen, mut skipping) = (0, 0, false);
    let mut out = Vec::new();
    loop {
        let last = seen == data.len();
        let rest = data.get(at..seen).unwrap_or_default();
        if let Some(piece) = cut(rest, shape, skipping, last) {
            assert!(piece.used > 0 && piece.record.end <= piece.used);
            at += piece.used;
            skipping = piece.skipping;
            out.push(piece);
        } else if last {
            return out;
        } else {
            seen = (seen + step.max(1)).min(data.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: &str, shape: Shape) -> Vec<String> {
        let mut at = 0;
        pieces(data.as_bytes(), shape, 1)
            .into_iter()
            .map(|c| {
                let record = data.get(at..at + c.record.end).unwrap().to_owned();
                at += c.used;
                record
            })
            .collect()
    }

    #[test]
    fn a_line_break_between_quotes_belongs_to_the_row() {
        let data = "a,\"b\nc\"\nd,e\n";
        assert_eq!(texts(data, Shape::Rows), ["a,\"b\nc\"", "d,e"]);
        assert_eq!(texts(data, Shape::Lines), ["a,\"b", "c\"", "d,e"]);
    }

    #[test]
    fn a_partial_line_waits_for_its_end() {
        assert_eq!(cut(b"half", Shape::Lines, false, false), None);
        assert!(cut(b"half", Shape::Lines, false, true).is_some());
    }

    #[test]
    fn a_line_without_end_is_cut_once_and_its_rest_skipped() {
        let mut data = vec![b'x'; 3 * LONGEST];
        data.extend(b"\nnext\n");
        let found = pieces(&data, Shape::Lines, 100_000);
        let told: Vec<_> = found.iter().map(|c| (c.record.end, c.too_long)).collect();
        assert_eq!(told[0], (LONGEST + 1, true));
        assert_eq!(told.last(), Some(&(4, false)));
        assert!(told[1..told.len() - 1].iter().all(|t| *t == (0, false)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data in "[ab\"\n,]{0,60}") {
            fuzz_folder_cut(data.as_bytes());
        }
    }
}
