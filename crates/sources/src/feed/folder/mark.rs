//! What is remembered of a file: which one it is, and how far it was read.

use serde::{Deserialize, Serialize};

/// Bytes at the beginning that tell a file from others.
pub(super) const HEAD: usize = 4_096;
/// Bytes just before the offset that tell whether the file is still the one that was read.
pub(super) const TAIL: usize = 256;
/// A file that says the same as another, after its first line, for so many bytes is its copy.
/// Below that it may well be another file that begins the same way.
const COPY: u64 = 512;

/// A stretch of bytes, remembered by its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) len: usize,
    digest: String,
}

impl Print {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            len: bytes.len(),
            digest: format!("{:032x}", ringfence_crypto::sha256_128(bytes)),
        }
    }

    /// Whether these bytes, or a beginning of them, are the ones. Of nothing, any are.
    pub(super) fn begins(&self, bytes: &[u8]) -> bool {
        self.len == 0 || bytes.get(..self.len).is_some_and(|b| Self::of(b) == *self)
    }

    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.len && self.begins(bytes)
    }
}

/// A file as the system numbers it.
pub(super) type Inode = (u64, u64);

/// How far a file was read. Saved after what lies before `offset` is on the spine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Names the content: with an offset, the identity of a record. Random, and saved before the
    /// first record is handed over, so that a crash at any moment finds it again.
    pub(super) id: String,
    pub(super) inode: Inode,
    /// Bytes that were read; records of an event log file.
    pub(super) offset: u64,
    /// Lines before the offset.
    pub(super) lines: u64,
    /// Length of the first line.
    pub(super) first: u64,
    pub(super) head: Print,
    pub(super) tail: Print,
    /// The offset lies inside a record that was too long.
    #[serde(default)]
    pub(super) skipping: bool,
    /// Size and time of change when it was read to the end, for files that do not grow.
    #[serde(default)]
    pub(super) done: Option<(u64, i64)>,
    /// When it was last there, ms.
    pub(super) seen: i64,
}

impl Mark {
    /// A file that was never read.
    pub(super) fn new(id: String, inode: Inode, head: &[u8], first: usize, now: i64) -> Self {
        Self {
            id,
            inode,
            offset: 0,
            lines: 0,
            first: first as u64,
            head: Print::of(head),
            tail: Print::default(),
            skipping: false,
            done: None,
            seen: now,
        }
    }

    /// Name of its bookmark. The same content can lie in two files while it is copied.
    pub(super) fn name(&self) -> String {
        format!("{}-{:x}-{:x}", self.id, self.inode.0, self.inode.1)
    }

    pub(super) fn begins(&self, start: &[u8]) -> bool {
        self.head.begins(start)
    }

    /// Whether so much of it is known that another file with the same bytes is a copy of it.
    pub(super) fn tells_copies(&self) -> bool {
        self.offset.max(self.head.len as u64) >= self.first + COPY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_fits_its_bytes_and_no_others() {
        let print = Print::of(b"abc");
        assert!(print.begins(b"abcd") && print.is(b"abc"));
        assert!(!print.is(b"abcd") && !print.begins(b"ab") && !print.begins(b"abd"));
        assert!(Print::default().is(b""));
    }
}
