//! Rows of the lake as events, for routes that ask it on somebody's behalf.

use axum::body::to_bytes;
use axum::response::Response;
use ringfence_event::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::query::document;

/// Bytes of an answer that a route reads.
const MOST_BYTES: usize = 64 << 20;
const PLAIN: &str = "spine_offset, event_id, class_uid, class_name, activity_id, activity_name, \
    severity_id, message, status, program, site, source, call_uid, agent, customer, caller, device, \
    src_ip, dst_ip, user_name, rule_id, call_state, flags, enrichment, ocsf";

/// The columns of a [`Row`].
pub(crate) fn columns() -> String {
    format!(
        "CAST(time AS BIGINT) AS time_ms, CAST(received_time AS BIGINT) AS received_ms, {PLAIN}, \
         CASE WHEN class_uid = 0 THEN ocsf_get(raw, 'revises_event_id') END AS revises, \
         CASE WHEN class_uid = 0 THEN CAST(ocsf_get(raw, 'version') AS BIGINT) END AS version"
    )
}

/// A text as SQL writes it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A moment as SQL writes it.
pub(crate) fn moment(ms: i64) -> Result<String, Problem> {
    /// The year 9999, where dates of four digits end.
    const LAST_MS: i64 = 253_402_300_799_999;
    if !(0..=LAST_MS).contains(&ms) {
        let detail = "from_ms, to_ms: milliseconds since 1970";
        return Err(Problem::bad_request(detail));
    }
    Ok(format!("TIMESTAMP '{}'", Time(ms).to_rfc3339()))
}

/// One row.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    pub(crate) event_id: String,
    pub(crate) time_ms: i64,
    received_ms: i64,
    spine_offset: u64,
    class_uid: u32,
    #[serde(default)]
    class_name: Option<String>,
    #[serde(default)]
    activity_id: u32,
    #[serde(default)]
    activity_name: Option<String>,
    severity_id: u8,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    status: Option<String>,
    program: String,
    #[serde(default)]
    site: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    call_uid: Option<String>,
    #[serde(default)]
    agent: Option<String>,
    #[serde(default)]
    customer: Option<String>,
    #[serde(default)]
    caller: Option<String>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    src_ip: Option<String>,
    #[serde(default)]
    dst_ip: Option<String>,
    #[serde(default)]
    user_name: Option<String>,
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    call_state: Option<String>,
    #[serde(default)]
    flags: Option<String>,
    #[serde(default)]
    enrichment: Option<String>,
    #[serde(default)]
    ocsf: Option<String>,
    #[serde(default)]
    revises: Option<String>,
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    pub(crate) raw: Option<String>,
}

impl Row {
    /// The event whose facts it revises, and which version they are.
    pub(crate) fn revision(&self) -> Option<(String, u64)> {
        let id = self.revises.clone().filter(|_| self.class_uid == 0)?;
        Some((id, self.version.unwrap_or(0)))
    }

    /// Its facts may have changed since.
    pub(crate) fn is_unsettled(&self) -> bool {
        let facts = self.enrichment.as_deref();
        facts.is_some_and(|text| text.contains("\"call.settled\":false"))
    }
}

/// An event as the console shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TimelineEvent {
    pub(crate) event_id: String,
    pub(crate) time_ms: i64,
    received_ms: i64,
    #[serde(skip)]
    pub(crate) spine_offset: u64,
    class_uid: u32,
    class_name: String,
    activity_id: u32,
    activity_name: String,
    severity_id: u8,
    message: Option<String>,
    status: Option<String>,
    program: String,
    site: Option<String>,
    source: Option<String>,
    pub(crate) call_uid: Option<String>,
    agent: Option<String>,
    customer: Option<String>,
    caller: Option<String>,
    device: Option<String>,
    src_ip: Option<String>,
    dst_ip: Option<String>,
    user_name: Option<String>,
    pub(crate) rule_id: Option<String>,
    call_state: Option<String>,
    flags: Vec<String>,
    pub(crate) facts: Option<Map<String, Value>>,
    ocsf: Option<Map<String, Value>>,
    pub(crate) findings: Vec<String>,
}

impl From<Row> for TimelineEvent {
    fn from(row: Row) -> Self {
        let object = |text: Option<String>| serde_json::from_str(&text?).ok();
        let flags = row.flags.unwrap_or_default();
        Self {
            event_id: row.event_id,
            time_ms: row.time_ms,
            received_ms: row.received_ms,
            spine_offset: row.spine_offset,
            class_uid: row.class_uid,
            class_name: row.class_name.unwrap_or_default(),
            activity_id: row.activity_id,
            activity_name: row.activity_name.unwrap_or_default(),
            severity_id: row.severity_id,
            message: row.message,
            status: row.status,
            program: row.program,
            site: row.site,
            source: row.source,
            call_uid: row.call_uid,
            agent: row.agent,
            customer: row.customer,
            caller: row.caller,
            device: row.device,
            src_ip: row.src_ip,
            dst_ip: row.dst_ip,
            user_name: row.user_name,
            rule_id: row.rule_id,
            call_state: row.call_state,
            flags: flags
                .split(',')
                .filter(|f| !f.is_empty())
                .map(str::to_owned)
                .collect(),
            facts: object(row.enrichment),
            ocsf: object(row.ocsf),
            findings: Vec::new(),
        }
    }
}

impl TimelineEvent {
    /// Takes over the facts of a later row about it.
    pub(crate) fn revise(&mut self, row: Row) {
        // That there was no call takes back the one that was believed at first.
        let none = row.call_state.as_deref() == Some("none");
        self.call_uid = row
            .call_uid
            .or_else(|| self.call_uid.take().filter(|_| !none));
        self.call_state = row.call_state.or_else(|| self.call_state.take());
        if let Some(facts) = row
            .enrichment
            .and_then(|text| serde_json::from_str(&text).ok())
        {
            self.facts = Some(facts);
        }
    }

    /// The events that a finding is about.
    pub(crate) fn related(&self) -> Vec<String> {
        let related = self
            .ocsf
            .as_ref()
            .and_then(|o| o.get("finding_info")?.get("related_events")?.as_array());
        let uids = related.into_iter().flatten();
        uids.filter_map(|event| event.get("uid")?.as_str().map(str::to_owned))
            .collect()
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    rows: Vec<T>,
}

/// Asks the lake as `person` may.
pub(crate) async fn ask<T: DeserializeOwned>(
    app: &App,
    person: &Person,
    sql: String,
    most: usize,
) -> Result<Vec<T>, Problem> {
    let answer: Response = document(app, person, sql, Some(most)).await?;
    let bytes = to_bytes(answer.into_body(), MOST_BYTES).await;
    let bytes = bytes.map_err(|e| Problem::internal(&e))?;
    let answer: Answer<T> = serde_json::from_slice(&bytes).map_err(|e| Problem::internal(&e))?;
    Ok(answer.rows)
}
