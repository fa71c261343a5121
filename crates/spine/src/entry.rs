//! What goes in and what comes out.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

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
#[derive(Clone)]
pub struct Entry {
    /// What the payload is; the spine only carries it.
    pub kind: u8,
    /// Two entries with the same identity are the same entry, and the second is
    /// answered [`Outcome::Duplicate`]. Without one, a retry is another entry.
    pub identity: Option<u128>,
    /// The record.
    pub payload: Bytes,
    /// What the payload says, for readers in this process.
    known: Option<Known>,
}

#[derive(Clone)]
struct Known {
    value: Arc<dyn Any + Send + Sync>,
    weight: u32,
}

/// What a caller has read from a payload is no part of the record.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.identity, &self.payload) == (other.kind, other.identity, &other.payload)
    }
}

impl Eq for Entry {}

impl Entry {
    /// What an entry costs in memory beside its payload, rounded up.
    const OVERHEAD: usize = 96;

    /// An entry that is never taken for another.
    pub fn new(kind: u8, payload: impl Into<Bytes>) -> Self {
        Self {
            kind,
            identity: None,
            payload: payload.into(),
            known: None,
        }
    }

    /// The same entry with what its payload says, `weight` bytes in memory: who reads it while it
    /// is among the newest need not decode it again. It is never written, so whoever reads must be
    /// able to do without.
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(mut self, value: Arc<T>, weight: usize) -> Self {
        self.known = Some(Known {
            value,
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
        });
        self
    }

    /// What the payload says, if the writer gave it along and it is still at hand.
    #[must_use]
    pub fn value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let value = Arc::clone(&self.known.as_ref()?.value);
        value.downcast().ok()
    }

    /// The same entry, recognised when it comes again.
    #[must_use]
    pub fn with_identity(mut self, identity: u128) -> Self {
        self.identity = Some(identity);
        self
    }

    /// What the entry counts for against every bound on what is written.
    pub fn cost(&self) -> usize {
        self.payload.len().saturating_add(Self::OVERHEAD)
    }

    /// What it counts for while it is held in memory.
    pub(crate) fn held(&self) -> usize {
        let known = self.known.as_ref().map_or(0, |known| known.weight as usize);
        self.cost().saturating_add(known)
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
