//! Tables: CSV (RFC 4180) with a header line, or an Asterisk CDR or CEL file without one.

mod cdr;
mod cel;
mod row;

use std::ops::Range;

use serde_json::Value;

use crate::parsed::{Format, Parsed};
use crate::{Limits, Position, Reject, RejectCode};

pub use row::fuzz_table;

/// One row: its bytes in the file, and its fields or why it is refused.
pub(crate) type Row = (Range<usize>, Result<(Position, Parsed), Reject>);

/// All rows of a file. The first row names the columns, unless it is a call detail record in
/// Asterisk's order.
pub(crate) fn rows(bytes: &[u8], limits: &Limits) -> Vec<Row> {
    let mut out = Vec::new();
    let mut names: Option<Vec<String>> = None;
    let mut line = 1;
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    while at < bytes.len() {
        let position = Position {
            line,
            // The first row may stand behind a byte order mark.
            column: if line == 1 { at + 1 } else { 1 },
            byte: at,
        };
        let (span, cells) = match row::read(bytes, at, limits.record) {
            Ok((cells, end)) => (at..end, Ok(cells)),
            // The row's borders are lost: go on with the next line.
            Err((byte, reason)) => (
                at..row::line_end(bytes, at),
                Err(Reject::at(
                    RejectCode::Syntax,
                    bytes.get(at..).unwrap_or_default(),
                    byte - at,
                    reason,
                )
                .within(position)),
            ),
        };
        line += memchr::memchr_iter(b'\n', bytes.get(span.clone()).unwrap_or_default()).count();
        at = span.end;
        let cells = match cells {
            Ok(cells) => cells,
            Err(reject) => {
                out.push((span, Err(reject)));
                continue;
            }
        };
        if matches!(cells.as_slice(), [only] if only.trim().is_empty()) {
            continue;
        }
        if out.len() >= limits.records {
            let reason = format!("more than {} rows in one file", limits.records);
            let reject = Reject::new(RejectCode::TooMany, position, reason);
            out.push((span.start..bytes.len(), Err(reject)));
            return out;
        }
        match &names {
            None => match known(&cells) {
                Some(columns) => {
                    out.push((span, fields(&columns, cells, position)));
                    names = Some(columns);
                }
                None => names = Some(header(cells, limits.fields)),
            },
            Some(columns) => out.push((span, fields(columns, cells, position))),
        }
    }
    out
}

/// Names of the columns, for a first row that is a record in an order that is known.
fn known(cells: &[String]) -> Option<Vec<String>> {
    cdr::names(cells).or_else(|| cel::names(cells))
}

/// Whether a first row names columns, so that the rows after it cannot be read without it. False
/// for a record in an order that is known.
#[must_use]
pub fn is_table_header(row: &[u8]) -> bool {
    match row::read(row, 0, Limits::default().record) {
        Ok((cells, _)) => known(&cells).is_none(),
        Err(_) => false,
    }
}

/// Column names as they came; an empty or repeated one gets its number, so that none is lost.
fn header(cells: Vec<String>, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (place, cell) in cells.into_iter().take(most).enumerate() {
        let name = cell.trim();
        names.push(match name {
            "" => format!("column_{}", place + 1),
            name => name.to_owned(),
        });
    }
    let mut seen = std::collections::HashSet::new();
    for (place, name) in names.iter_mut().enumerate() {
        if !seen.insert(name.clone()) {
            *name = format!("{name}_{}", place + 1);
            seen.insert(name.clone());
        }
    }
    names
}

fn fields(
    names: &[String],
    cells: Vec<String>,
    position: Position,
) -> Result<(Position, Parsed), Reject> {
    if cells.len() != names.len() {
        let reason = format!(
            "row has {} columns where {} are due",
            cells.len(),
            names.len()
        );
        return Err(Reject::new(RejectCode::Syntax, position, reason));
    }
    let fields = names
        .iter()
        .zip(cells)
        .map(|(name, cell)| (name.clone(), Value::String(cell)))
        .collect();
    let parsed = Parsed {
        formats: Format::Csv.into(),
        fields,
        ..Parsed::default()
    };
    Ok((position, parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_take_their_names_from_the_header() {
        let text = "user,note,user,\r\nann,\"a \"\"b\"\",\nc\",x,y\r\n\r\nbob,1,2\r\nzoe,1,2,3";
        let rows = rows(text.as_bytes(), &Limits::default());
        let (_, first) = rows[0].1.as_ref().unwrap();
        assert_eq!(
            Value::Object(first.fields.clone()),
            serde_json::json!({"user": "ann", "note": "a \"b\",\nc", "user_3": "x", "column_4": "y"})
        );
        let e = rows[1].1.as_ref().unwrap_err();
        assert_eq!(
            e.to_string(),
            "line 5, column 1: row has 3 columns where 4 are due"
        );
        assert!(rows[2].1.is_ok());
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let rows = rows(b"a,b\n1,\"open\n2,3\n", &Limits::default());
        let e = rows[0].1.as_ref().unwrap_err();
        assert_eq!((e.position.line, e.position.column), (2, 3));
        assert!(rows[1].1.is_ok());
    }
}
