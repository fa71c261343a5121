//! JSON: bodies into items, items into objects, and the two envelopes that Ringfence knows.

mod hec;
mod ocsf;
mod reader;
mod split;
mod windows;

use ringfence_event::Map;

use crate::{Limits, Position, Reject, RejectCode};

pub(crate) use hec::unwrap as hec;
pub(crate) use ocsf::{event as ocsf_event, is_ocsf};
pub use split::{Item, fuzz_split, split};
pub(crate) use split::{Splitting, split_as};
pub(crate) use windows::lift as lift_windows;

/// Reads one JSON object. Of a name that occurs twice the last value stands, as in most readers,
/// so that no two of them can be made to see different records.
pub(crate) fn object(bytes: &[u8], limits: &Limits) -> Result<Map, Reject> {
    if bytes.len() > limits.record {
        let reason = format!("record is longer than {} bytes", limits.record);
        return Err(Reject::new(RejectCode::TooLong, Position::START, reason));
    }
    // Before anything is read: the reader itself stops at 128 levels, which is more than a stack of
    // small threads may like.
    let shape = reader::shape(bytes, limits.depth).map_err(|at| {
        let reason = format!("nested deeper than {} levels", limits.depth);
        Reject::at(RejectCode::TooDeep, bytes, at, reason)
    })?;
    let first = bytes.iter().position(|b| !b.is_ascii_whitespace());
    match first.and_then(|at| bytes.get(at)) {
        Some(b'{') => {}
        Some(_) => {
            let at = first.unwrap_or_default();
            let reason = "a record is a JSON object, beginning with `{`";
            return Err(Reject::at(RejectCode::Syntax, bytes, at, reason));
        }
        None => {
            return Err(Reject::new(
                RejectCode::Empty,
                Position::START,
                "nothing in it",
            ));
        }
    }
    let map = reader::read(bytes, &shape).map_err(|e| syntax(bytes, &e))?;
    if map.len() > limits.fields {
        let reason = format!("more than {} fields", limits.fields);
        return Err(Reject::new(RejectCode::TooMany, Position::START, reason));
    }
    Ok(map)
}

fn syntax(bytes: &[u8], error: &serde_json::Error) -> Reject {
    if let Err(utf8) = std::str::from_utf8(bytes) {
        let reason = "JSON is UTF-8 and this byte is not";
        return Reject::at(RejectCode::Encoding, bytes, utf8.valid_up_to(), reason);
    }
    // serde_json counts lines from 1 and columns from 1 (0 at a line's very beginning).
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', bytes)
            .nth(line - 2)
            .map_or(0, |at| at + 1),
    };
    let byte = (line_start + error.column().saturating_sub(1)).min(bytes.len());
    let text = error.to_string();
    // Its own ` at line 1 column 5` would contradict the position in the whole body.
    let reason = text.split(" at line ").next().unwrap_or(&text);
    Reject::at(RejectCode::Syntax, bytes, byte, reason)
}

/// The bytes outside of texts, with their places: what JSON is built of.
fn structure(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let (mut in_string, mut escaped) = (false, false);
    bytes.iter().copied().enumerate().filter(move |(_, b)| {
        if in_string {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            return false;
        }
        in_string = *b == b'"';
        !in_string
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refuse(bytes: &[u8]) -> (RejectCode, usize) {
        let e = object(bytes, &Limits::default()).unwrap_err();
        (e.code, e.position.byte)
    }

    #[test]
    fn the_last_of_two_equal_names_stands() {
        let map = object(br#"{"a":1,"b":2,"a":3}"#, &Limits::default()).unwrap();
        assert_eq!(serde_json::Value::Object(map), json!({"a": 3, "b": 2}));
    }

    #[test]
    fn refusals_name_the_byte() {
        assert_eq!(refuse(b"{\"a\":1,\n \"b\":x}"), (RejectCode::Syntax, 13));
        assert_eq!(refuse(b" 17"), (RejectCode::Syntax, 1));
        assert_eq!(refuse(b"  "), (RejectCode::Empty, 0));
        assert_eq!(refuse(b"{\"a\":\"\xff\"}"), (RejectCode::Encoding, 6));
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(refuse(deep.as_bytes()), (RejectCode::TooDeep, 36));
        let long = vec![b' '; Limits::default().record + 1];
        assert_eq!(refuse(&long), (RejectCode::TooLong, 0));
    }
}
