//! What an event of our own is as a record: who, what, when, with what result, from where, to whom
//! (PCI DSS 4.0.1, 10.2.2).

use std::borrow::Cow;

use ringfence_event::{Event, mask_cards};
use ringfence_state::NewEvidence;
use serde_json::{Map, Value, json};

use crate::lifecycle;

/// The version of what stands in a record.
const SCHEMA: &str = "ringfence evidence record v1";
/// A record is cut to the event's identity and its line above so many bytes.
const MOST_BYTES: usize = 256 << 10;

/// Who did something, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub who: String,
    pub target: String,
    pub origin: String,
    pub result: &'static str,
}

/// The part of the product that an event of our own is of, as the log writes kinds; nothing for an event of
/// somebody else.
pub(super) fn kind(event: &Event) -> Option<String> {
    let kind = event.logsource.category.as_deref()?;
    event.own.then(|| kind.replace('_', "-"))
}

/// Whether Ringfence says with it that it started.
pub(super) fn is_start(event: &Event) -> bool {
    event.own && event.class_uid == lifecycle::CLASS && event.activity_id == lifecycle::START
}

/// The request that it is of.
pub(super) fn request(event: &Event) -> Option<&str> {
    event.ocsf.get("http_request")?.get("uid")?.as_str()
}

/// Reads the facts out of an event.
pub(super) fn facts(event: &Event) -> Facts {
    let ocsf = Value::Object(event.ocsf.clone());
    let text = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|p| ocsf.pointer(p)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let user = text(&["/user/uid", "/user/name"]);
    let subject = text(&["/decision/subject/id"]);
    let who = text(&["/actor/user/uid", "/actor/user/name"]);
    // Whoever signs in acts for themselves; a decision is about whom it was asked for.
    let who = [who, subject, user.clone()]
        .into_iter()
        .find(|who| !who.is_empty());
    let target = [text(&["/resources/0/uid", "/policy/uid"]), user];
    let target = target.into_iter().find(|target| !target.is_empty());
    let result = match event.ocsf.get("status_id").and_then(Value::as_u64) {
        Some(2) => "failure",
        _ => "success",
    };
    let origin = text(&["/src_endpoint/ip", "/actor/app_name"]);
    Facts {
        who: who.unwrap_or_else(|| "ringfence".to_owned()),
        target: target.unwrap_or_default(),
        origin: match origin.is_empty() {
            true => "ringfence".to_owned(),
            false => origin,
        },
        result,
    }
}

/// The record of one event.
pub(super) fn of(offset: u64, kind: &str, event: &Event, facts: &Facts) -> NewEvidence {
    let mut record = begin(event, kind, facts);
    let ocsf = Value::Object(event.to_ocsf());
    if ocsf.to_string().len() <= MOST_BYTES {
        record.insert("ocsf".to_owned(), ocsf);
    }
    new(offset, 0, event, kind, facts, record)
}

/// The record of what was begun, and of which nothing was told before the server ended.
pub(super) fn broken_off(offset: u64, kind: &str, event: &Event) -> NewEvidence {
    let facts = Facts {
        result: "unknown",
        ..facts(event)
    };
    of(offset, kind, event, &facts)
}

/// The record of what came again after `event`.
pub(super) fn repeats(
    offset: u64,
    kind: &str,
    event: &Event,
    facts: &Facts,
    (count, until): (u64, i64),
) -> NewEvidence {
    let mut record = begin(event, kind, facts);
    let repeats = json!({ "of": event.id.to_string(), "count": count, "until": until });
    record.insert("repeats".to_owned(), repeats);
    new(offset, 1, event, kind, facts, record)
}

/// The record of what came in one minute beyond those that have records of their own.
pub(super) fn others(
    offset: u64,
    kind: &str,
    result: &'static str,
    event: &Event,
    (count, until): (u64, i64),
) -> NewEvidence {
    let facts = Facts {
        who: String::new(),
        target: String::new(),
        origin: String::new(),
        result,
    };
    let mut record = begin(event, kind, &facts);
    record.insert("what".to_owned(), json!("more of the kind in this minute"));
    let others = json!({ "from": event.id.to_string(), "count": count, "until": until });
    record.insert("others".to_owned(), others);
    new(offset, 2, event, kind, &facts, record)
}

fn begin(event: &Event, kind: &str, facts: &Facts) -> Map<String, Value> {
    let what = event.message.as_deref().unwrap_or_default();
    let record = json!({
        "schema": SCHEMA,
        "event": event.id.to_string(),
        "kind": kind,
        "type_uid": event.type_uid(),
        "program": event.keys.program.as_str(),
        "who": facts.who,
        "what": what,
        "when": event.time.0,
        "result": facts.result,
        "origin": facts.origin,
        "target": facts.target,
        "clock": event.ocsf.get("clock"),
    });
    match record {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}

fn new(
    spine: u64,
    part: u8,
    event: &Event,
    kind: &str,
    facts: &Facts,
    record: Map<String, Value>,
) -> NewEvidence {
    let mut record = Value::Object(record);
    without_cards(&mut record);
    let word = |text: &str| mask_cards(text).into_owned();
    NewEvidence {
        spine,
        part,
        time_ms: event.time.0,
        kind: kind.to_owned(),
        program: event.keys.program.to_string(),
        actor: word(&facts.who),
        target: word(&facts.target),
        record: record.to_string(),
    }
}

/// People type card numbers into names and reasons: what is kept for years and shown to auditors has none.
fn without_cards(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask_cards(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_cards),
        Value::Object(fields) => fields.values_mut().for_each(without_cards),
        _ => {}
    }
}
