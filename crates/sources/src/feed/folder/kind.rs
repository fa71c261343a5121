//! What a file holds, told by its beginning.

use bytes::Bytes;

use super::cut::{Shape, cut};
use crate::files::{Kind as FileKind, kind_of};

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records one after the other; it may grow.
    Text {
        shape: Shape,
        /// The row that names the columns, with its line end.
        header: Option<Bytes>,
    },
    /// One JSON value over many lines: read whole, when it has come to rest.
    Document,
    /// Compressed: what is in it shows when it is opened, when it has come to rest.
    Packed,
    /// A Windows event log: read when it has come to rest.
    EventLog,
    /// Captured packets.
    Capture,
}

impl Kind {
    /// `None` while it cannot be told, because not even the first line is whole.
    pub(super) fn of(start: &[u8], last: bool) -> Option<Self> {
        if start.starts_with(&[0x1f, 0x8b]) || start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Some(Self::Packed);
        }
        let kind = kind_of(start);
        match kind {
            FileKind::Capture => return Some(Self::Capture),
            FileKind::EventLog => return Some(Self::EventLog),
            FileKind::Lines | FileKind::Table => {}
        }
        let shape = match kind {
            FileKind::Table => Shape::Rows,
            _ => Shape::Lines,
        };
        let first = cut(start, shape, false, last)?;
        let row = start.get(first.record.clone()).unwrap_or_default();
        if matches!(row.trim_ascii(), b"[" | b"{") {
            return Some(Self::Document);
        }
        let named = shape == Shape::Rows && ringfence_normalise::is_table_header(row);
        let header = named.then(|| {
            let row = start.get(..first.used).unwrap_or_default();
            let mut header = row.to_vec();
            if !header.ends_with(b"\n") {
                header.push(b'\n');
            }
            header.into()
        });
        Some(Self::Text { shape, header })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_tells() {
        let lines = Kind::Text {
            shape: Shape::Lines,
            header: None,
        };
        assert_eq!(Kind::of(b"{\"a\": 1}\n", false), Some(lines.clone()));
        assert_eq!(
            Kind::of(b"<34>Nov 22 09:30:00 a b: c\n", false),
            Some(lines)
        );
        assert_eq!(Kind::of(b"{\n  \"a\": 1", false), Some(Kind::Document));
        assert_eq!(Kind::of(b"\x1f\x8b\x08", false), Some(Kind::Packed));
        assert_eq!(Kind::of(b"half a line", false), None);
        let table = Kind::of(b"a,b,c,d,e,f\n1,2", false);
        let Some(Kind::Text { shape, header }) = table else {
            panic!("{table:?}");
        };
        assert_eq!(
            (shape, header.as_deref()),
            (Shape::Rows, Some(&b"a,b,c,d,e,f\n"[..]))
        );
    }
}
