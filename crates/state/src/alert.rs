//! An alert and what belongs to it, as read from the database.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sql::{Row, count, json};

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked yet.
    Open,
    /// Somebody is on it.
    Acknowledged,
    /// Done, with a verdict.
    Closed,
}

impl Status {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        [Self::Open, Self::Acknowledged, Self::Closed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(Error::Corrupt("alert status"))
    }
}

/// What a closed alert turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It happened and should not have.
    TruePositive,
    /// It did not happen.
    FalsePositive,
    /// It happened and was all right.
    Benign,
    /// Another alert says the same.
    Duplicate,
    /// None of these; the reason says what.
    Other,
}

impl Verdict {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::FalsePositive => "false_positive",
            Self::Benign => "benign",
            Self::Duplicate => "duplicate",
            Self::Other => "other",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        use Verdict::{Benign, Duplicate, FalsePositive, Other, TruePositive};
        [TruePositive, FalsePositive, Benign, Duplicate, Other]
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or(Error::Corrupt("alert verdict"))
    }
}

/// Findings of one story, grouped for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Sorts by the time at which the alert opened.
    pub id: String,
    /// Whose it is.
    pub program: String,
    /// Where it happened.
    pub site: String,
    /// What its findings have in common, such as `agent:4711`.
    pub story_key: String,
    /// The kind of thing it is about, such as `agent`.
    pub entity_kind: String,
    /// Which one.
    pub entity_value: String,
    /// OCSF severity, the highest of its findings (1 informational … 6 fatal).
    pub severity_id: u8,
    /// Where it stands.
    pub status: Status,
    /// What it turned out to be, once closed.
    pub verdict: Option<Verdict>,
    /// Why that verdict.
    pub verdict_reason: Option<String>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// The rule behind title and message.
    pub rule_id: String,
    /// The title of the newest of its most severe findings.
    pub title: String,
    /// The one line that matters, of the same finding.
    pub message: String,
    /// What to look at first.
    pub first_steps: Vec<String>,
    /// All tags of its findings.
    pub tags: Vec<String>,
    /// All its findings, kept or not.
    pub finding_count: u64,
    /// Time of its earliest finding.
    pub first_time_ms: i64,
    /// Time of its latest finding.
    pub last_time_ms: i64,
    /// When its first finding was received.
    pub first_received_ms: i64,
    /// When its last finding was received.
    pub last_received_ms: i64,
    /// The alert of the same story before this one.
    pub previous_id: Option<String>,
    /// When the row was made.
    pub created_ms: i64,
    /// When anything about it last changed.
    pub updated_ms: i64,
    /// When it was closed.
    pub closed_ms: Option<i64>,
    /// Counts edits and rises of severity, for optimistic concurrency. More findings
    /// of the same severity do not count, or nobody could edit during a burst.
    pub version: u64,
    /// The time of the finding behind title and message.
    #[serde(skip)]
    pub(crate) lead_time_ms: i64,
}

impl Alert {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        let status: String = row.try_get("status")?;
        let verdict: Option<String> = row.try_get("verdict")?;
        let severity: i64 = row.try_get("severity_id")?;
        Ok(Self {
            id: row.try_get("id")?,
            program: row.try_get("program")?,
            site: row.try_get("site")?,
            story_key: row.try_get("story_key")?,
            entity_kind: row.try_get("entity_kind")?,
            entity_value: row.try_get("entity_value")?,
            severity_id: u8::try_from(severity).map_err(|_| Error::Corrupt("alert severity"))?,
            status: Status::read(&status)?,
            verdict: verdict.as_deref().map(Verdict::read).transpose()?,
            verdict_reason: row.try_get("verdict_reason")?,
            assignee: row.try_get("assignee")?,
            rule_id: row.try_get("rule_id")?,
            title: row.try_get("title")?,
            message: row.try_get("message")?,
            first_steps: json(row, "first_steps")?,
            tags: json(row, "tags")?,
            finding_count: count(row, "finding_count")?,
            first_time_ms: row.try_get("first_time_ms")?,
            last_time_ms: row.try_get("last_time_ms")?,
            first_received_ms: row.try_get("first_received_ms")?,
            last_received_ms: row.try_get("last_received_ms")?,
            previous_id: row.try_get("previous_id")?,
            created_ms: row.try_get("created_ms")?,
            updated_ms: row.try_get("updated_ms")?,
            closed_ms: row.try_get("closed_ms")?,
            version: count(row, "version")?,
            lead_time_ms: row.try_get("lead_time_ms")?,
        })
    }
}

/// One of the rules behind an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertRule {
    /// The rule's id.
    pub rule_id: String,
    /// Its title.
    pub title: String,
    /// The highest severity it gave.
    pub severity_id: u8,
    /// How many findings it made.
    pub finding_count: u64,
    /// Time of its latest finding.
    pub last_time_ms: i64,
}

/// One of the findings kept with an alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Its place among all findings of the alert, from 1.
    pub seq: u64,
    /// Its identity.
    pub uid: String,
    /// The rule that made it.
    pub rule_id: String,
    /// Its severity.
    pub severity_id: u8,
    /// When it happened.
    pub time_ms: i64,
    /// When what made it was received.
    pub received_ms: i64,
    /// The one line that matters.
    pub message: String,
    /// Matched fields; threshold and what happened.
    pub reason: serde_json::Value,
    /// The events behind it.
    pub event_ids: Vec<String>,
}

/// Something a person wrote on an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub text: String,
}

/// Something that was done to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// When.
    pub at_ms: i64,
    /// Who; `ringfence` for the product itself.
    pub actor: String,
    /// What, such as `closed`.
    pub action: String,
    /// The particulars.
    pub detail: serde_json::Value,
}
