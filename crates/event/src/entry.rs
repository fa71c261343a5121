//! How things stand on the spine: a kind byte and JSON.
//!
//! JSON because a log outlives the program that wrote it: fields can be added, and what is on
//! disk can be read with any tool. Blocks are compressed, so names cost little.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Event, FactsRevision, Finding, Time};

/// Kind byte of a spine entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// [`Event`].
    Event = 1,
    /// [`Enriched`].
    Enriched = 2,
    /// [`Finding`].
    Finding = 3,
    /// [`Tick`].
    Tick = 4,
    /// [`Intent`].
    Intent = 5,
}

/// What the call join said about a run of entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Enriched {
    /// Every event below this offset has its first facts by now (no facts if none are listed).
    pub through: u64,
    /// Facts, in order; revisions of earlier events included.
    pub facts: Vec<FactsRevision>,
    /// Which part of the answer this is: one that is too large for one entry comes in several,
    /// all with the same `through`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u32,
    /// More parts follow: `through` holds with the last one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Facts of one entry at most. A fact takes some hundred bytes, its texts being keys of an event.
const MOST_FACTS: usize = 4_096;

impl Enriched {
    /// One answer, in as many parts as it takes.
    #[must_use]
    pub fn in_parts(through: u64, mut facts: Vec<FactsRevision>) -> Vec<Self> {
        let mut parts = Vec::new();
        loop {
            let rest = facts.split_off(facts.len().min(MOST_FACTS));
            let more = !rest.is_empty();
            parts.push(Self {
                through,
                facts,
                part: u32::try_from(parts.len()).unwrap_or(u32::MAX),
                more,
            });
            if !more {
                return parts;
            }
            facts = rest;
        }
    }
}

/// Time passes on the log too, so that what depends on time (silence, windows) is a function of
/// the log alone and comes out the same in every replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Receive clock at the moment of writing.
    pub now: Time,
}

/// Somebody asked for something to be changed. It stands before what was done, so that an end in between
/// leaves a trace: without a later event of the same request nobody knows whether it was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The request, as its events name it in `http_request.uid`.
    pub request: String,
    /// What is known before it is done.
    pub event: Event,
}

/// A spine entry, decoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// One event.
    Event(Arc<Event>),
    /// Facts of the call join.
    Enriched(Enriched),
    /// One finding.
    Finding(Box<Finding>),
    /// Time.
    Tick(Tick),
    /// What is about to be done.
    Intent(Box<Intent>),
}

/// An entry that cannot be read.
#[derive(Debug, Error)]
pub enum EntryError {
    /// Written by a newer version.
    #[error("spine entry of unknown kind {0}: it was written by a newer version of Ringfence")]
    Kind(u8),
    /// Not what its kind says.
    #[error("spine entry of kind {kind} cannot be read: {source}")]
    Body {
        /// Its kind byte.
        kind: u8,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Entry {
    /// Kind byte.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Event(_) => EntryKind::Event,
            Self::Enriched(_) => EntryKind::Enriched,
            Self::Finding(_) => EntryKind::Finding,
            Self::Tick(_) => EntryKind::Tick,
            Self::Intent(_) => EntryKind::Intent,
        }
    }

    /// Payload bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Maps with text keys and finite or null numbers always serialise; serde_json writes a
        // float that is not finite as null.
        match self {
            Self::Event(e) => serde_json::to_vec(e),
            Self::Enriched(e) => serde_json::to_vec(e),
            Self::Finding(f) => serde_json::to_vec(f),
            Self::Tick(t) => serde_json::to_vec(t),
            Self::Intent(i) => serde_json::to_vec(i),
        }
        .unwrap_or_default()
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`EntryError`] when the kind is not known or the payload is not of that kind.
    pub fn decode(kind: u8, payload: &[u8]) -> Result<Self, EntryError> {
        let body = |source| EntryError::Body { kind, source };
        match kind {
            1 => serde_json::from_slice(payload)
                .map(Self::Event)
                .map_err(body),
            2 => serde_json::from_slice(payload)
                .map(Self::Enriched)
                .map_err(body),
            3 => serde_json::from_slice(payload)
                .map(Self::Finding)
                .map_err(body),
            4 => serde_json::from_slice(payload)
                .map(Self::Tick)
                .map_err(body),
            5 => serde_json::from_slice(payload)
                .map(|intent| Self::Intent(Box::new(intent)))
                .map_err(body),
            other => Err(EntryError::Kind(other)),
        }
    }
}

#[doc(hidden)]
pub fn fuzz_entry(data: &[u8]) {
    let Some((kind, payload)) = data.split_first() else {
        return;
    };
    if let Ok(entry) = Entry::decode(*kind, payload) {
        let again = Entry::decode(entry.kind() as u8, &entry.encode());
        assert!(again.is_ok(), "what was read can be written and read again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallFacts, CallState, Keys, Name};

    #[test]
    fn entries_round_trip() {
        let n = |s| Name::new(s).unwrap();
        let event = Event::new(Keys::of(n("p"), n("s"), n("src")), 6001, 2, Time(5));
        let facts = CallFacts {
            state: CallState::Live,
            minutes_since: Some(0.1),
            ..CallFacts::default()
        };
        let intent = Intent {
            request: "r1".to_owned(),
            event: event.clone(),
        };
        for entry in [
            Entry::Intent(Box::new(intent)),
            Entry::Event(Arc::new(event)),
            Entry::Enriched(Enriched {
                through: 4,
                facts: vec![FactsRevision {
                    offset: 1,
                    version: 1,
                    facts,
                }],
                part: 1,
                more: true,
            }),
            Entry::Tick(Tick { now: Time(7) }),
        ] {
            let again = Entry::decode(entry.kind() as u8, &entry.encode()).unwrap();
            assert_eq!(again, entry);
        }
        assert!(matches!(Entry::decode(9, b"{}"), Err(EntryError::Kind(9))));
        assert!(matches!(
            Entry::decode(1, b"{"),
            Err(EntryError::Body { kind: 1, .. })
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(data: Vec<u8>) {
            fuzz_entry(&data);
        }
    }
}
