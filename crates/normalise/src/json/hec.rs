//! The envelope of Splunk's HTTP Event Collector.

use jiff::tz::TimeZone;
use ringfence_event::Map;
use serde_json::Value;

use crate::enveloped::{Enveloped, Inside};
use crate::when::TimeFormat;
use crate::{Position, Reject, RejectCode};

/// Takes an envelope apart.
pub(crate) fn unwrap(mut envelope: Map) -> Result<Enveloped, Reject> {
    let refuse = |code, reason| Err(Reject::new(code, Position::START, reason));
    let inside = match envelope.remove("event") {
        Some(Value::Object(map)) => Inside::Fields(map),
        Some(Value::String(text)) if text.trim().is_empty() => {
            return refuse(RejectCode::Empty, "field `event` has nothing in it");
        }
        Some(Value::String(text)) => Inside::Text(text),
        Some(Value::Number(n)) => Inside::Text(n.to_string()),
        Some(Value::Bool(b)) => Inside::Text(b.to_string()),
        Some(other) => Inside::Text(other.to_string()),
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
    Ok(Enveloped {
        inside,
        time,
        around,
        ..Enveloped::default()
    })
}
