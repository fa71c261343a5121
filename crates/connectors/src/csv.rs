//! A large CSV file in parts that can be handed over one by one, each with the header.

use bytes::{Bytes, BytesMut};
use memchr::memchr2_iter;

use ringfence_sources::{Format, Naming};

use crate::pull::Record;

/// Bytes of rows in one part.
const PART: usize = 512 << 10;

/// The rows of a file in parts. `place` names the file, so that a row is known again by its place:
/// the vendor must never write the same name with other rows.
pub(crate) fn parts(place: &str, text: &[u8]) -> Vec<Record> {
    parts_of(place, text, PART)
}

fn parts_of(place: &str, text: &[u8], most: usize) -> Vec<Record> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut ends = row_ends(text);
    let Some(header_end) = ends.next() else {
        return Vec::new();
    };
    let header = text.get(..header_end).unwrap_or_default();
    let place: std::sync::Arc<str> = place.into();
    let (mut out, mut from, mut rows, mut first) = (Vec::new(), header_end, 0u64, 0u64);
    let mut push = |from: usize, to: usize, first: u64| {
        let body = text.get(from..to).unwrap_or_default();
        let mut part = BytesMut::with_capacity(header.len() + body.len() + 1);
        part.extend_from_slice(header);
        if !header.ends_with(b"\n") {
            part.extend_from_slice(b"\n");
        }
        part.extend_from_slice(body);
        out.push(Record {
            format: Format::Cdr,
            bytes: Bytes::from(part),
            naming: Naming::Place(std::sync::Arc::clone(&place), first),
        });
    };
    for end in ends {
        let row = text.get(from..end).unwrap_or_default();
        if row.trim_ascii().is_empty() && rows == first {
            from = end;
            continue;
        }
        rows += 1;
        if end - from >= most {
            push(from, end, first);
            (from, first) = (end, rows);
        }
    }
    if rows > first {
        push(from, text.len(), first);
    }
    out
}

/// Where each row ends, its line end included: a line end in quotes is none.
fn row_ends(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut quoted = false;
    let inner = memchr2_iter(b'"', b'\n', text).filter_map(move |at| {
        if text.get(at) == Some(&b'"') {
            quoted = !quoted;
            return None;
        }
        (!quoted).then_some(at + 1)
    });
    let open = !text.is_empty() && !text.ends_with(b"\n");
    inner.chain(open.then_some(text.len()))
}

#[doc(hidden)]
pub fn fuzz_csv_parts(data: &[u8]) {
    let parts = parts_of("f", data, 16);
    let rows: usize = parts.iter().map(|p| p.bytes.len()).sum();
    // A part holds the header once more, and all rows together are no more than the file.
    let header = row_ends(data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)).next();
    assert!(rows <= data.len() + parts.len() * (header.unwrap_or(0) + 1));
    let mut last = None;
    for part in &parts {
        let first = match part.naming {
            Naming::Place(_, first) => Some(first),
            _ => None,
        };
        assert!(first.is_some(), "a row is known by its place");
        assert!(first > last, "places go up");
        last = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_the_header_and_goes_on_counting() {
        let text = b"a,b\r\n1,\"x\n\"\r\n2,y\r\n3,z";
        let parts = parts_of("f", text, 6);
        let told: Vec<_> = parts
            .iter()
            .map(|p| (p.bytes.as_ref(), p.naming.clone()))
            .collect();
        let place = |n| Naming::Place("f".into(), n);
        assert_eq!(
            told,
            [
                (b"a,b\r\n1,\"x\n\"\r\n".as_ref(), place(0)),
                (b"a,b\r\n2,y\r\n3,z".as_ref(), place(1)),
            ]
        );
        assert_eq!(parts_of("f", text, 1 << 20).len(), 1);
        assert!(parts_of("f", b"a,b\n", 6).is_empty());
        assert!(parts_of("f", b"", 6).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_csv_parts(&data);
        }

        #[test]
        fn near_tables(text in "([ab1\",\r\n;]{0,6}\n?){0,10}") {
            fuzz_csv_parts(text.as_bytes());
        }
    }
}
