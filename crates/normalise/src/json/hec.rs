//! The envelope of Splunk's HTTP Event Collector.

use jiff::tz::TimeZone;
use ringfence_event::{Map, Time};
use serde_json::Value;

use crate::when::TimeFormat;
use crate::{Position, Reject, RejectCode};

/// What the envelope holds, and what it says about it.
pub(crate) struct Hec {
    /// Text, or the fields of an object.
    pub event: Result<Map, String>,
    /// `time`: when it happened.
    pub time: Option<Time>,
    /// `host`, `source`, `sourcetype`, `index`, and all of `fields`.
    pub around: Map,
}

/// Takes an envelope apart.
pub(crate) fn unwrap(mut envelope: Map) -> Result<Hec, Reject> {
    let refuse = |code, reason| Err(Reject::new(code, Position::START, reason));
    let event = match envelope.remove("event") {
        Some(Value::Object(map)) => Ok(map),
        Some(Value::String(text)) if text.trim().is_empty() => {
            return refuse(RejectCode::Empty, "field `event` has nothing in it");
        }
        Some(Value::String(text)) => Err(text),
        Some(Value::Number(n)) => Err(n.to_string()),
        Some(Value::Bool(b)) => Err(b.to_string()),
        Some(other) => Err(other.to_string()),
        None => return refuse(RejectCode::Syntax, "field `event` is missing"),
    };
    let time = match envelope.remove("time") {
        None | Some(Value::Null) => None,
        // Seconds as a number or as text, with a fraction; some senders use milliseconds.
        Some(time) => match TimeFormat::Epoch.read(&time, &TimeZone::UTC) {
            Some(time) => Some(time),
            None => {
                return refuse(
                    RejectCode::FieldType,
                    "field `time` must be seconds since 1970",
                );
            }
        },
    };
    let mut around = Map::new();
    for name in ["host", "source", "sourcetype", "index"] {
        if let Some(value @ Value::String(_)) = envelope.remove(name) {
            around.insert(name.to_owned(), value);
        }
    }
    match envelope.remove("fields") {
        None | Some(Value::Null) => {}
        Some(Value::Object(fields)) => around.extend(fields),
        Some(_) => return refuse(RejectCode::FieldType, "field `fields` must be an object"),
    }
    Ok(Hec {
        event,
        time,
        around,
    })
}
