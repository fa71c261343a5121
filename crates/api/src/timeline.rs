//! Everything that concerns one call, agent, customer, number, address or device, in the order of
//! time: what stands behind the pages of the console, for others to use as well.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as AxumState};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::rows::{Row, TimelineEvent, ask, columns, literal, moment};

/// Events of an answer, unless fewer are asked for.
const USUAL: usize = 1_000;
const MOST: usize = 5_000;
/// Ids of one look-up by id.
const BATCH: usize = 500;

/// What a timeline is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Call,
    Agent,
    Customer,
    Number,
    Address,
    Device,
}

impl Kind {
    /// The events that name `value`.
    fn condition(self, value: &str) -> String {
        let value = literal(value);
        match self {
            Self::Call => format!("call_uid = {value}"),
            Self::Agent => format!("agent = {value}"),
            Self::Customer => format!("customer = {value}"),
            Self::Number => format!("caller = {value}"),
            Self::Address => format!("(src_ip = {value} OR dst_ip = {value})"),
            Self::Device => format!("device = {value}"),
        }
    }
}

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    kind: Kind,
    value: String,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    limit: Option<usize>,
    class_uid: Option<u32>,
    #[serde(default)]
    last: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Timeline {
    items: Vec<TimelineEvent>,
    truncated: bool,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

/// `GET /api/v1/timeline`.
pub(crate) async fn get(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Timeline>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::bad_request("limit: 1 to 5000 events"));
    }
    if asked.value.is_empty() || asked.value.len() > 256 {
        return Err(Problem::bad_request("value: 1 to 256 characters"));
    }
    let mut condition = asked.kind.condition(&asked.value);
    for (at, sign) in [(asked.from_ms, ">="), (asked.to_ms, "<=")] {
        if let Some(at) = at {
            let _ = write!(condition, " AND time {sign} {}", moment(at)?);
        }
    }
    if let Some(class) = asked.class_uid {
        // Later facts stand in rows of class 0.
        let _ = write!(condition, " AND class_uid IN ({class}, 0)");
    }
    let order = if asked.last { "DESC" } else { "ASC" };
    // An event whose facts came later has a second row.
    let most = limit * 2 + 1;
    let columns = columns();
    let sql = format!(
        "SELECT {columns} FROM events WHERE {condition} \
         ORDER BY time {order}, spine_offset {order} LIMIT {most}"
    );
    let mut rows: Vec<Row> = ask(&app, &person, sql, most).await?;
    let mut truncated = rows.len() == most;
    if asked.kind == Kind::Call {
        let missing = missing(&rows);
        for some in missing.chunks(BATCH) {
            let sql = format!(
                "SELECT {columns} FROM events WHERE event_id IN ({}) AND class_uid <> 0",
                literals(some)
            );
            rows.extend(ask::<Row>(&app, &person, sql, BATCH).await?);
        }
        // What was said at first may have been taken back, in rows that name another call. They
        // stand at the time of the event that they are about.
        let open = unsettled(&rows);
        for some in open.chunks(BATCH) {
            let ids: Vec<_> = some.iter().map(|(id, _)| id.clone()).collect();
            let times = || some.iter().map(|(_, time)| *time);
            let (from, to) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
            let sql = format!(
                "SELECT {columns} FROM events WHERE class_uid = 0 AND time >= {} AND time <= {} \
                 AND ocsf_get(raw, 'revises_event_id') IN ({})",
                moment(from)?,
                moment(to)?,
                literals(&ids)
            );
            rows.extend(ask::<Row>(&app, &person, sql, BATCH * 4).await?);
        }
    }
    let mut items = merge(rows);
    if asked.kind == Kind::Call {
        items.retain(|event| event.call_uid.as_deref() == Some(&*asked.value));
    }
    items.sort_by_key(|event| (event.time_ms, event.spine_offset));
    if items.len() > limit {
        truncated = true;
        let beyond = items.len() - limit;
        if asked.last {
            items.drain(..beyond);
        } else {
            items.truncate(limit);
        }
    }
    Ok(Json(Timeline {
        truncated,
        from_ms: items.first().map(|event| event.time_ms),
        to_ms: items.last().map(|event| event.time_ms),
        items,
    }))
}

fn literals(ids: &[String]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| literal(id)).collect();
    ids.join(", ")
}

/// Events whose facts were not final when they were written, and when they happened.
fn unsettled(rows: &[Row]) -> Vec<(String, i64)> {
    let mut open: Vec<_> = rows
        .iter()
        .filter(|row| row.revision().is_none() && row.is_unsettled())
        .map(|row| (row.event_id.clone(), row.time_ms))
        .collect();
    open.sort();
    open.dedup();
    open
}

/// Events that only their later facts led to.
fn missing(rows: &[Row]) -> Vec<String> {
    let there: HashSet<&str> = rows
        .iter()
        .filter(|row| row.revision().is_none())
        .map(|row| row.event_id.as_str())
        .collect();
    let mut missing: Vec<String> = rows
        .iter()
        .filter_map(|row| row.revision().map(|(id, _)| id))
        .filter(|id| !there.contains(id.as_str()))
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Each event once, with the facts that were said last, and what was found about it.
fn merge(rows: Vec<Row>) -> Vec<TimelineEvent> {
    let mut latest: HashMap<String, (u64, Row)> = HashMap::new();
    let mut events: Vec<TimelineEvent> = Vec::new();
    let mut seen = HashSet::new();
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows {
        if let Some((id, version)) = row.revision() {
            match latest.get(&id) {
                Some((known, _)) if *known >= version => {}
                _ => drop(latest.insert(id, (version, row))),
            }
            continue;
        }
        if !seen.insert(row.event_id.clone()) {
            continue;
        }
        let event = TimelineEvent::from(row);
        if let Some(rule) = &event.rule_id {
            for id in event.related() {
                found.entry(id).or_default().push(rule.clone());
            }
        }
        events.push(event);
    }
    for event in &mut events {
        if let Some((_, row)) = latest.remove(&event.event_id) {
            event.revise(row);
        }
        if let Some(mut rules) = found.remove(&event.event_id) {
            rules.sort();
            rules.dedup();
            event.findings = rules;
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(id: &str, class: u32, more: serde_json::Value) -> Row {
        let mut all = json!({
            "time_ms": 5, "received_ms": 6, "spine_offset": 1, "event_id": id, "class_uid": class,
            "class_name": "c", "activity_id": 1, "activity_name": "a", "severity_id": 1, "program": "p",
        });
        let (Some(all_fields), Some(more)) = (all.as_object_mut(), more.as_object()) else {
            panic!("both are objects");
        };
        all_fields.extend(more.clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn the_last_facts_count_and_findings_point_at_their_events() {
        let events = merge(vec![
            row(
                "e1",
                6001,
                json!({"enrichment": "{\"call.state\":\"unknown\"}"}),
            ),
            row(
                "r3",
                0,
                json!({"revises": "e1", "version": 3, "call_uid": "call-2", "enrichment": "{\"call.state\":\"live\"}"}),
            ),
            row(
                "r2",
                0,
                json!({"revises": "e1", "version": 2, "call_uid": "call-1", "enrichment": "{\"call.state\":\"none\"}"}),
            ),
            row(
                "f1",
                2004,
                json!({"rule_id": "rule", "ocsf": "{\"finding_info\":{\"related_events\":[{\"uid\":\"e1\"}]}}"}),
            ),
        ]);
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].call_uid.as_deref(), Some("call-2"));
        assert_eq!(events[0].facts.as_ref().unwrap()["call.state"], "live");
        assert_eq!(events[0].findings, ["rule"]);
    }

    #[test]
    fn that_there_was_no_call_takes_back_the_one_believed_at_first() {
        let of = |state: &str| {
            let events = merge(vec![
                row("e1", 6001, json!({"call_uid": "call-1"})),
                row(
                    "r2",
                    0,
                    json!({"revises": "e1", "version": 2, "call_state": state}),
                ),
            ]);
            events[0].call_uid.clone()
        };
        assert_eq!(of("none"), None);
        assert_eq!(of("unknown").as_deref(), Some("call-1"));
    }

    #[test]
    fn an_event_that_only_a_revision_names_is_fetched() {
        let rows = [
            row("r", 0, json!({"revises": "e9", "version": 2})),
            row("e1", 6001, json!({})),
            row("r1", 0, json!({"revises": "e1", "version": 2})),
        ];
        assert_eq!(missing(&rows), ["e9"]);
    }

    #[test]
    fn values_stay_values() {
        assert_eq!(
            Kind::Agent.condition("x' OR 'a'='a"),
            "agent = 'x'' OR ''a''=''a'"
        );
    }
}
