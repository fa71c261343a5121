//! What the pipeline hands to the lake.

use std::borrow::Cow;
use std::fmt;

/// One event as a row of the table `events`.
///
/// Its texts may be borrowed: a row only lives until it is in the tail's columns.
/// Optional fields are SQL `NULL` when absent. `raw` is the record as it came and
/// `ocsf` the normalised event as JSON text; both are kept whole.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// Position on the spine. Rows arrive in ascending order; several rows may share one.
    pub offset: u64,
    /// Identity of the event.
    pub event_id: Cow<'a, str>,
    /// Event time, milliseconds since 1970 UTC. Decides the day partition.
    pub time_ms: i64,
    /// When Ringfence received it, milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// OCSF `class_uid`.
    pub class_uid: u32,
    /// OCSF `class_name`.
    pub class_name: Option<Cow<'a, str>>,
    /// OCSF `category_uid`.
    pub category_uid: u32,
    /// OCSF `activity_id`.
    pub activity_id: u32,
    /// OCSF `activity_name`.
    pub activity_name: Option<Cow<'a, str>>,
    /// OCSF `type_uid`.
    pub type_uid: u64,
    /// OCSF `severity_id`.
    pub severity_id: u8,
    /// OCSF `severity`.
    pub severity: Option<Cow<'a, str>>,
    /// OCSF `status_id`.
    pub status_id: Option<u8>,
    /// OCSF `status`.
    pub status: Option<Cow<'a, str>>,
    /// OCSF `message`.
    pub message: Option<Cow<'a, str>>,
    /// Program that owns the row: the wall of scoped queries.
    pub program: Cow<'a, str>,
    /// Site (a PBX or trunk group with its agents).
    pub site: Option<Cow<'a, str>>,
    /// Source that delivered the record.
    pub source: Option<Cow<'a, str>>,
    /// Call the event belongs to, when already known.
    pub call_uid: Option<Cow<'a, str>>,
    /// Agent named by the event.
    pub agent: Option<Cow<'a, str>>,
    /// Customer named by the event.
    pub customer: Option<Cow<'a, str>>,
    /// Caller number (E.164).
    pub caller: Option<Cow<'a, str>>,
    /// Device.
    pub device: Option<Cow<'a, str>>,
    /// Source address.
    pub src_ip: Option<Cow<'a, str>>,
    /// Destination address.
    pub dst_ip: Option<Cow<'a, str>>,
    /// OCSF `actor.user.name`.
    pub actor_user: Option<Cow<'a, str>>,
    /// Rule that made a finding.
    pub rule_id: Option<Cow<'a, str>>,
    /// Flags of the pipeline, comma separated (`clock_skew`, …).
    pub flags: Option<Cow<'a, str>>,
    /// `call.state` of the enrichment, when already known.
    pub call_state: Option<Cow<'a, str>>,
    /// All `call.*` facts as a JSON object, when already known.
    pub enrichment: Option<Cow<'a, str>>,
    /// The event as OCSF JSON.
    pub ocsf: Cow<'a, str>,
    /// The record as it came.
    pub raw: Cow<'a, str>,
}

/// Enrichment that may reach a row after it was pushed; `None` leaves a fact as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Call that the join found.
    pub call_uid: Option<String>,
    /// `call.state`.
    pub call_state: Option<String>,
    /// All `call.*` facts as a JSON object.
    pub enrichment: Option<String>,
}

// A row carries customer data, so neither type prints more than where it stands.
impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("offset", &self.offset)
            .field("event_id", &self.event_id)
            .field("time_ms", &self.time_ms)
            .field("class_uid", &self.class_uid)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("call_state", &self.call_state)
            .finish_non_exhaustive()
    }
}
