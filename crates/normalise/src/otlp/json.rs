//! OTLP as JSON: the names of the messages' fields in `lowerCamelCase`, 64-bit numbers as text,
//! trace and span ids as hexadecimal digits (OTLP specification, "JSON Protobuf Encoding").
//!
//! One level is cut apart at a time and nothing of it is read twice into memory.

use std::fmt;
use std::ops::Range;

use ringfence_event::Map;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::value::float;
use super::{Broken, Log, Take, shared, too_many};
use crate::{Limits, Reject, RejectCode, json};

/// Most resources of a body, scopes of a resource and records of a scope.
const MOST: usize = 100_000;

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(rename = "resourceLogs", default, borrow)]
    resource_logs: Pieces<'a>,
}

#[derive(Deserialize)]
struct ResourceLogs<'a> {
    #[serde(default, borrow)]
    resource: Option<&'a RawValue>,
    #[serde(rename = "scopeLogs", default, borrow)]
    scope_logs: Pieces<'a>,
}

#[derive(Deserialize)]
struct ScopeLogs<'a> {
    #[serde(default, borrow)]
    scope: Option<&'a RawValue>,
    #[serde(rename = "logRecords", default, borrow)]
    log_records: Pieces<'a>,
}

/// Hands each record of a request to `take`.
pub(super) fn walk(body: &[u8], limits: &Limits, take: &mut dyn Take) -> Result<(), Broken> {
    let mut records = 0;
    let request: Export<'_> = read(body, body)?;
    for group in request.resource_logs.0 {
        let group: ResourceLogs<'_> = read(body, group.get().as_bytes())?;
        let (resource, resource_bytes) = described(body, group.resource, limits)?;
        for scoped in group.scope_logs.0 {
            let scoped: ScopeLogs<'_> = read(body, scoped.get().as_bytes())?;
            let (scope, scope_bytes) = described(body, scoped.scope, limits)?;
            let shared = shared(
                attributes(&resource),
                attributes(&scope),
                text(&scope, "name"),
                text(&scope, "version"),
                resource_bytes + scope_bytes,
            );
            for record in scoped.log_records.0 {
                let bytes = record.get().as_bytes();
                let span = span(body, bytes);
                records += 1;
                if records > limits.records {
                    return Err(too_many(span, body, limits));
                }
                let log = json::object(bytes, limits).map(|record| log(&record));
                take.record(span, log, &shared);
            }
        }
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(body: &[u8], piece: &'a [u8]) -> Result<T, Broken> {
    // A struct would take a list for its fields in their order.
    let object = piece.trim_ascii_start().starts_with(b"{");
    let read = match serde_json::from_slice(piece) {
        Ok(_) if !object => Err("not an object".to_owned()),
        read => read.map_err(|error| error.to_string()),
    };
    read.map_err(|reason| {
        let whole = span(body, piece);
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let reason = format!("no OTLP request: {reason}");
        let reject = Reject::at(RejectCode::Syntax, body, whole.start, reason);
        (whole, reject)
    })
}

/// A resource or scope, and how large it was.
fn described(
    body: &[u8],
    piece: Option<&RawValue>,
    limits: &Limits,
) -> Result<(Map, usize), Broken> {
    let Some(bytes) = piece.map(|p| p.get().as_bytes()).filter(|b| *b != b"null") else {
        return Ok((Map::new(), 0));
    };
    let map = json::object(bytes, limits).map_err(|reject| (span(body, bytes), reject))?;
    Ok((map, bytes.len()))
}

/// Where a piece of the body stands in it.
fn span(body: &[u8], piece: &[u8]) -> Range<usize> {
    let start = (piece.as_ptr().addr()).saturating_sub(body.as_ptr().addr());
    let start = start.min(body.len());
    start..start.saturating_add(piece.len()).min(body.len())
}

fn log(record: &Map) -> Log {
    Log {
        time: whole(record.get("timeUnixNano")),
        observed: whole(record.get("observedTimeUnixNano")),
        severity_number: i64::try_from(whole(record.get("severityNumber"))).unwrap_or_default(),
        severity_text: text(record, "severityText").to_owned(),
        body: record.get("body").map(any),
        attributes: attributes(record),
        trace_id: text(record, "traceId").to_ascii_lowercase(),
        span_id: text(record, "spanId").to_ascii_lowercase(),
        event_name: text(record, "eventName").to_owned(),
    }
}

fn text<'m>(map: &'m Map, name: &str) -> &'m str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn whole(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        Some(Value::Number(n)) => n.as_u64().unwrap_or_default(),
        _ => 0,
    }
}

fn attributes(of: &Map) -> Map {
    pairs(of.get("attributes"))
}

/// A list of `{"key": …, "value": …}`.
fn pairs(list: Option<&Value>) -> Map {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|pair| {
            let key = pair.get("key")?.as_str()?;
            Some((key.to_owned(), pair.get("value").map_or(Value::Null, any)))
        })
        .collect()
}

/// Depth is bounded by the reader of the record.
fn any(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inner) {
        ("stringValue" | "bytesValue", Value::String(text)) => Value::String(text.clone()),
        ("boolValue", Value::Bool(b)) => Value::Bool(*b),
        ("intValue", Value::Number(_)) => inner.clone(),
        ("intValue", Value::String(text)) => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => Value::Null,
        },
        ("doubleValue", Value::Number(n)) => n.as_f64().map_or(Value::Null, float),
        ("doubleValue", Value::String(text)) => Value::String(text.clone()),
        ("arrayValue", list) => {
            let items = list.get("values").and_then(Value::as_array);
            items.into_iter().flatten().map(any).collect()
        }
        ("kvlistValue", list) => Value::Object(pairs(list.get("values"))),
        _ => Value::Null,
    }
}

/// Pieces of a JSON array, not read yet; at most [`MOST`].
#[derive(Default)]
struct Pieces<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Pieces<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Cut;
        impl<'de> Visitor<'de> for Cut {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(piece) = seq.next_element::<&'de RawValue>()? {
                    if out.len() >= MOST {
                        return Err(A::Error::custom("a list has more than 100000 items"));
                    }
                    out.push(piece);
                }
                Ok(out)
            }
        }
        from.deserialize_any(Cut).map(Pieces)
    }
}
