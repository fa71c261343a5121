//! The event and what it is made from.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EventId, Keys, Map, Origin, Severity, Time, class_of, type_uid};

/// Bytes as received.
#[derive(Debug, Clone)]
pub struct RawRecord<'a> {
    /// Who sent it, from its credential.
    pub origin: &'a Origin,
    /// When it arrived; in a replay the record's own time.
    pub received: Time,
    /// Peer address, for records that came over a network.
    pub peer: Option<SocketAddr>,
    /// The record itself.
    pub bytes: &'a [u8],
}

/// One OCSF 1.8 event: what happened, its join keys, and the whole record. Immutable once on the
/// spine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identity (see [`EventId`]); zero until intake has given it one.
    pub id: EventId,
    /// The producer's own uid of this event, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Join keys; program, site and source come from the credential.
    #[serde(rename = "k")]
    pub keys: Keys,
    /// OCSF `class_uid`.
    #[serde(rename = "c")]
    pub class_uid: u32,
    /// OCSF `activity_id`.
    #[serde(rename = "a")]
    pub activity_id: u8,
    /// OCSF `severity_id`.
    #[serde(rename = "sev")]
    pub severity: Severity,
    /// Event time: when it happened, by the producer's clock. For meaning.
    #[serde(rename = "t")]
    pub time: Time,
    /// Receive time: when it arrived here. For progress: windows and retention advance by it.
    #[serde(rename = "r")]
    pub received: Time,
    /// OCSF `message`: one line for a person.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where Sigma rules look it up.
    #[serde(rename = "ls", default)]
    pub logsource: LogSource,
    /// What intake noticed.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Its source may decide about access and blocks (`Authority::call_state`).
    #[serde(rename = "au", default)]
    pub trusted: bool,
    /// Ringfence made it of what it did itself ([`crate::Own`]). Nothing from outside can say so.
    #[serde(rename = "own", default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// OCSF attributes beyond those in the fields above.
    #[serde(rename = "o", default, skip_serializing_if = "Map::is_empty")]
    pub ocsf: Map,
    /// The record's own fields under their own names, for a record that did not come as OCSF.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Map>,
    /// The text as received, secrets in signalling masked, where `record` is not all of it.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// What Sigma routes by. A rule applies where every part that it names is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// For example `windows`, `contact_center`, `sip`.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// For example `sysmon`.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// For example `process_creation`, `record_access`.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// Something about an event that intake noticed and rules may ask for (`rf.flags`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Its own time is further from the receive time than the stated bound.
    TimeSkewed,
    /// It had no time of its own; receive time stands in.
    TimeMissing,
    /// It came over a transport whose sender anyone can forge.
    Unauthenticated,
    /// Fields with reserved names were removed from it.
    ReservedStripped,
    /// Secrets in it were masked.
    Masked,
    /// It parsed but no mapping fits.
    Unmapped,
    /// It was longer than a limit and was cut.
    Truncated,
    /// It was made by the simulator.
    Simulated,
}

impl Flag {
    /// The flag as rules and queries write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimeSkewed => "time_skewed",
            Self::TimeMissing => "time_missing",
            Self::Unauthenticated => "unauthenticated",
            Self::ReservedStripped => "reserved_stripped",
            Self::Masked => "masked",
            Self::Unmapped => "unmapped",
            Self::Truncated => "truncated",
            Self::Simulated => "simulated",
        }
    }
}

impl Event {
    /// An empty event of this class, with time equal to receive time.
    #[must_use]
    pub fn new(keys: Keys, class_uid: u32, activity_id: u8, received: Time) -> Self {
        Self {
            id: EventId::default(),
            uid: None,
            keys,
            class_uid,
            activity_id,
            severity: Severity::Informational,
            time: received,
            received,
            message: None,
            logsource: LogSource::default(),
            flags: Vec::new(),
            trusted: false,
            own: false,
            ocsf: Map::new(),
            record: None,
            raw: None,
        }
    }

    /// Sets a flag once.
    pub fn flag(&mut self, flag: Flag) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }

    /// OCSF `type_uid`.
    #[must_use]
    pub const fn type_uid(&self) -> u64 {
        type_uid(self.class_uid, self.activity_id)
    }

    /// The text as received, or the record's own fields as JSON, or the OCSF attributes.
    #[must_use]
    pub fn raw_text(&self) -> Cow<'_, str> {
        match (&self.raw, &self.record) {
            (Some(raw), _) => raw.into(),
            (None, Some(record)) => json_text(record).into(),
            (None, None) => json_text(&self.ocsf).into(),
        }
    }

    /// Whether it came as OCSF, so that [`Self::raw_text`] is that of its attributes.
    #[must_use]
    pub const fn is_its_own_record(&self) -> bool {
        self.raw.is_none() && self.record.is_none()
    }

    /// The whole event as one OCSF 1.8 object, as it goes out of the API: attributes, the typed
    /// fields in their OCSF places, `raw_data`, and the record's own fields under `unmapped`.
    #[must_use]
    pub fn to_ocsf(&self) -> Map {
        let mut o = self.ocsf.clone();
        let class = class_of(self.class_uid);
        let category = class.map_or(self.class_uid % 100_000 / 1_000, |c| c.category_uid);
        set(&mut o, "class_uid", self.class_uid);
        set(&mut o, "category_uid", category);
        set(&mut o, "activity_id", self.activity_id);
        set(&mut o, "type_uid", self.type_uid());
        set(&mut o, "severity_id", self.severity.id());
        set(&mut o, "severity", self.severity.caption());
        set(&mut o, "time", self.time.0);
        if let Some(c) = class {
            set(&mut o, "class_name", c.caption);
            set(&mut o, "category_name", c.category);
            set(
                &mut o,
                "activity_name",
                crate::activity_name(c.uid, self.activity_id),
            );
        }
        if let Some(m) = &self.message {
            set(&mut o, "message", m.as_str());
        }
        let is_host = o.contains_key("device") || o.contains_key("actor");
        self.put_metadata(&mut o, is_host);
        match (&self.raw, &self.record) {
            (Some(raw), _) => set(&mut o, "raw_data", raw.as_str()),
            (None, Some(record)) => set(&mut o, "raw_data", json_text(record)),
            (None, None) => {}
        }
        if let Some(record) = &self.record {
            o.insert("unmapped".into(), Value::Object(record.clone()));
        }
        o
    }

    fn put_metadata(&self, o: &mut Map, is_host: bool) {
        let metadata = o
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(metadata) = metadata else {
            return;
        };
        metadata.insert("version".into(), "1.8.0".into());
        if let Some(uid) = &self.uid {
            metadata.insert("uid".into(), uid.as_str().into());
        }
        metadata.insert("logged_time".into(), self.received.0.into());
        metadata.insert("log_provider".into(), self.keys.source.as_str().into());
        if !metadata.contains_key("product") {
            metadata.insert("product".into(), serde_json::json!({ "name": "Ringfence" }));
        }
        // In most classes `device` and `actor` come from this profile, which must then be named.
        if is_host && !metadata.contains_key("profiles") {
            metadata.insert("profiles".into(), serde_json::json!(["host"]));
        }
        if self.class_uid >= 99_900_000 {
            let ext = serde_json::json!([{
                "name": "contact_center", "uid": "999", "version": "0.1.0"
            }]);
            metadata.insert("extensions".into(), ext);
        }
    }
}

fn set(o: &mut Map, key: &str, value: impl Into<Value>) {
    o.insert(key.to_owned(), value.into());
}

fn json_text(map: &Map) -> String {
    // A map of strings to JSON values always serialises.
    serde_json::to_string(map).unwrap_or_default()
}
