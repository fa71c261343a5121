//! Bytes as received become OCSF events.
//!
//! A [`Normaliser`] belongs to one source. It recognises what a record is (syslog, CEF, LEEF,
//! key=value, JSON, CSV, SIP, OTLP), reads its fields, and turns them into an [`Event`](ringfence_event::Event) by
//! the first [`MappingSet`] rule that fits, or takes a record that is OCSF already as it is. What
//! cannot be read comes back as a [`Reject`] with its position and reason; what can be read but
//! fits no rule becomes an OCSF Base Event. Nothing is dropped.
//!
//! The crate stops there: it reads no clock and opens nothing, gives no event its identity, and
//! joins nothing. Program, site and rights come from the record's `Origin`, never from its text.

mod base;
mod body;
mod bulk;
mod cef;
mod envelope;
mod enveloped;
mod evtx;
mod json;
mod keys;
mod kv;
mod leef;
mod limits;
mod mapping;
mod normaliser;
mod otlp;
mod parsed;
mod path;
mod pbx;
mod reject;
mod reserved;
mod sip;
mod syslog;
mod table;
mod when;

pub use body::{Batch, Outcome};
pub use bulk::{BulkAction, BulkItem, bulk, fuzz_bulk};
pub use cef::{Cef, fuzz_cef};
pub use evtx::{EVTX_CHUNK, EVTX_HEAD, EVTX_MAGIC, evtx_records, fuzz_evtx};
pub use json::{Item, fuzz_split, split};
pub use leef::{Leef, fuzz_leef};
pub use limits::{Limits, Skew};
pub use mapping::{
    Explanation, FieldTrace, Mapping, MappingErrors, MappingSet, Mistake, RuleTrace, fuzz_mapping,
};
pub use normaliser::{Normaliser, Settings};
pub use otlp::{OtlpEncoding, fuzz_otlp};
pub use parsed::{Format, Formats};
pub use pbx::{AmiReader, EslFrame, EslReader, Found, Legs, fuzz_ami, fuzz_esl};
pub use reject::{Position, Reject, RejectCode};
pub use sip::{SipPacket, Transport, fuzz_sip, sip_event};
pub use syslog::{Syslog, fuzz_syslog};
pub use table::{fuzz_table, is_table_header};
