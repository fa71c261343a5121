//! What the pipeline hands to the lake.

use std::fmt;

/// One event as a row of the table `events`.
///
/// Optional fields are SQL `NULL` when absent. `raw` is the record as it came and
/// `ocsf` the normalised event as JSON text; both are kept whole.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Position on the spine. Rows arrive in ascending order; several rows may share one.
    pub offset: u64,
    /// Identity of the event.
    pub event_id: String,
    /// Event time, milliseconds since 1970 UTC. Decides the day partition.
    pub time_ms: i64,
    /// When Ringfence received it, milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// OCSF `class_uid`.
    pub class_uid: u32,
    /// OCSF `class_name`.
    pub class_name: Option<String>,
    /// OCSF `category_uid`.
    pub category_uid: u32,
    /// OCSF `activity_id`.
    pub activity_id: u32,
    /// OCSF `activity_name`.
    pub activity_name: Option<String>,
    /// OCSF `type_uid`.
    pub type_uid: u64,
    /// OCSF `severity_id`.
    pub severity_id: u8,
    /// OCSF `severity`.
    pub severity: Option<String>,
    /// OCSF `status_id`.
    pub status_id: Option<u8>,
    /// OCSF `status`.
    pub status: Option<String>,
    /// OCSF `message`.
    pub message: Option<String>,
    /// Program that owns the row: the wall of scoped queries.
    pub program: String,
    /// Site (a PBX or trunk group with its agents).
    pub site: Option<String>,
    /// Source that delivered the record.
    pub source: Option<String>,
    /// Call the event belongs to, when already known.
    pub call_uid: Option<String>,
    /// Agent named by the event.
    pub agent: Option<String>,
    /// Customer named by the event.
    pub customer: Option<String>,
    /// Caller number (E.164).
    pub caller: Option<String>,
    /// Device.
    pub device: Option<String>,
    /// Source address.
    pub src_ip: Option<String>,
    /// Destination address.
    pub dst_ip: Option<String>,
    /// OCSF `actor.user.name`.
    pub actor_user: Option<String>,
    /// Rule that made a finding.
    pub rule_id: Option<String>,
    /// Flags of the pipeline, comma separated (`clock_skew`, …).
    pub flags: Option<String>,
    /// `call.state` of the enrichment, when already known.
    pub call_state: Option<String>,
    /// All `call.*` facts as a JSON object, when already known.
    pub enrichment: Option<String>,
    /// The event as OCSF JSON.
    pub ocsf: String,
    /// The record as it came.
    pub raw: String,
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
impl fmt::Debug for Row {
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
