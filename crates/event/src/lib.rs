//! The words that every part of Ringfence speaks.
//!
//! A [`RawRecord`] is bytes as received from an [`Origin`]; an [`Event`] is one OCSF 1.8 record
//! with its typed join [`Keys`]; [`CallFacts`] is what the call join knows about it; a [`Finding`]
//! is what a rule concluded; [`Entry`] is how all of them stand on the spine.
//!
//! This crate stops at definitions and their encodings: it reads no clock, does no I/O, parses
//! no foreign format and decides nothing.

mod cards;
mod class;
mod entry;
mod event;
mod facts;
mod finding;
mod ids;
mod keys;
mod lookup;
mod origin;
mod own;
mod secret;
mod severity;
mod text;
mod time;

pub use cards::{fuzz_mask_cards, mask_cards};
pub use class::{
    AUTHENTICATION, BASE, Class, DETECTION_FINDING, WEB_RESOURCES, activity_name, class_of,
    classes, ext, type_uid,
};
pub use entry::{Enriched, Entry, EntryError, EntryKind, Intent, Tick, fuzz_entry};
pub use event::{Event, Flag, LogSource, RawRecord};
pub use facts::{
    AgentState, CallFacts, CallState, Consent, Direction, FactsRevision, RecordingState, Unknown,
};
pub use finding::{Finding, Story};
pub use ids::{EventId, IdError, Name};
pub use keys::{Keys, caller_key};
pub use lookup::{Looked, each_text, lookup};
pub use origin::{Authority, Origin};
pub use own::Own;
pub use secret::Secret;
pub use severity::Severity;
pub use text::{clip, neutralise};
pub use time::{Time, TimeError};

/// A JSON object with its keys in the order in which they came.
pub type Map = serde_json::Map<String, serde_json::Value>;
