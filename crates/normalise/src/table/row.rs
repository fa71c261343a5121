//! One row of CSV (RFC 4180): cells between commas, bare or in double quotes.

use super::rows;
use crate::{Limits, Position};

type Fault = (usize, &'static str);

/// Reads the row that begins at `at`; also where the next one begins.
pub(super) fn read(bytes: &[u8], at: usize, limit: usize) -> Result<(Vec<String>, usize), Fault> {
    let stop = bytes.len().min(at.saturating_add(limit));
    let mut cells = Vec::new();
    let mut from = at;
    loop {
        let is_quoted = bytes.get(from) == Some(&b'"');
        let (cell, end) = if is_quoted {
            quoted(bytes, from, stop)?
        } else {
            let rest = bytes.get(from..stop).unwrap_or_default();
            let len = memchr::memchr2(b',', b'\n', rest).unwrap_or(rest.len());
            (rest.get(..len).unwrap_or_default().to_vec(), from + len)
        };
        let mut cell = String::from_utf8_lossy(&cell).into_owned();
        match bytes.get(end) {
            Some(b',') if end < stop => from = end + 1,
            Some(_) if end >= stop => return Err((at, "row is longer than the limit")),
            found => {
                if !is_quoted && cell.ends_with('\r') {
                    cell.pop();
                }
                cells.push(cell);
                return Ok((cells, end + usize::from(found.is_some())));
            }
        }
        cells.push(cell);
    }
}

/// §2.6 and §2.7: a quote inside is written twice.
fn quoted(bytes: &[u8], open: usize, stop: usize) -> Result<(Vec<u8>, usize), Fault> {
    let mut cell = Vec::new();
    let mut at = open + 1;
    loop {
        let rest = bytes.get(at..stop).unwrap_or_default();
        let Some(len) = memchr::memchr(b'"', rest) else {
            return Err((open, "quote is not closed"));
        };
        cell.extend_from_slice(rest.get(..len).unwrap_or_default());
        at += len + 1;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => {
                cell.push(b'"');
                at += 1;
            }
            (None | Some(b',' | b'\n'), _) => return Ok((cell, at)),
            (Some(b'\r'), None | Some(b'\n')) => return Ok((cell, at + 1)),
            _ => return Err((at, "a comma or line end belongs behind a closing quote")),
        }
    }
}

/// Where the next line begins.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |n| at + n + 1)
}

#[doc(hidden)]
pub fn fuzz_table(data: &[u8]) {
    let limits = Limits {
        record: 200,
        records: 40,
        ..Limits::default()
    };
    let mut last = 0;
    for (span, row) in rows(data, &limits) {
        assert!(span.start >= last && span.end <= data.len() && !span.is_empty());
        last = span.end;
        let position = match &row {
            Ok((position, _)) => *position,
            Err(reject) => reject.position,
        };
        assert_eq!(position, Position::of(data, position.byte));
    }
    // What was written by the rules is read back the same.
    let text = String::from_utf8_lossy(data.get(..100).unwrap_or(data));
    let cells: Vec<&str> = text.split(';').collect();
    let line: Vec<String> = cells
        .iter()
        .map(|c| format!("\"{}\"", c.replace('"', "\"\"")))
        .collect();
    let line = line.join(",");
    let again = read(line.as_bytes(), 0, line.len() + 1);
    let want = cells.iter().map(|c| (*c).to_owned()).collect();
    assert_eq!(again, Ok((want, line.len())), "a row written by the rules");
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_table(&data);
        }

        #[test]
        fn near_tables(text in "\u{feff}?([ab1\",\r\n;]{0,6}\n?){0,10}") {
            fuzz_table(text.as_bytes());
        }
    }
}
