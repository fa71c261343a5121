//! What goes in and what comes out.

use std::fmt;

use bytes::Bytes;

/// The place of an entry in the log: 0 for the first ever, then without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The first offset of any log.
    pub const ZERO: Self = Self(0);

    /// The offset `count` entries further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One opaque record. Cloning shares the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the payload is; the spine only carries it.
    pub kind: u8,
    /// Two entries with the same identity are the same entry, and the second is
    /// answered [`Outcome::Duplicate`]. Without one, a retry is another entry.
    pub identity: Option<u128>,
    /// The record.
    pub payload: Bytes,
}

impl Entry {
    /// What an entry costs in memory beside its payload, rounded up.
    const OVERHEAD: usize = 96;

    /// An entry that is never taken for another.
    pub fn new(kind: u8, payload: impl Into<Bytes>) -> Self {
        Self {
            kind,
            identity: None,
            payload: payload.into(),
        }
    }

    /// The same entry, recognised when it comes again.
    #[must_use]
    pub fn with_identity(mut self, identity: u128) -> Self {
        self.identity = Some(identity);
        self
    }

    /// What the entry counts for against every bound in bytes.
    pub fn cost(&self) -> usize {
        self.payload.len().saturating_add(Self::OVERHEAD)
    }
}

impl fmt::Debug for Entry {
    /// Payloads hold what callers said: they stay out of logs and panics.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("kind", &self.kind)
            .field("identity", &self.identity)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// What became of one entry of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable at this offset.
    Appended(Offset),
    /// An entry with its identity was durable already.
    Duplicate,
}

/// Consecutive durable entries, each with its offset.
pub type Block = Vec<(Offset, Entry)>;

/// How far a consumer got.
#[derive(Clone, PartialEq, Eq)]
pub struct Position {
    /// The next entry it wants.
    pub offset: Offset,
    /// Its own state exactly before that entry, as it gave it.
    pub state: Option<Bytes>,
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Position")
            .field("offset", &self.offset)
            .field("state_bytes", &self.state.as_ref().map(Bytes::len))
            .finish()
    }
}
