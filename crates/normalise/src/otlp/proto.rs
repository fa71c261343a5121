//! OTLP as Protocol Buffers (`opentelemetry/proto/logs/v1/logs.proto`).
//!
//! Messages that hold messages are walked through in place, so that a body of empty records costs
//! no more memory than a full one. Only what carries values is decoded, one at a time.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use ringfence_event::Map;
use serde_json::Value;

use super::value::{float, hex};
use super::{Broken, Log, Shared, Take, shared, too_many};
use crate::{Limits, Position, Reject, RejectCode};

/// Field numbers: `ExportLogsServiceRequest.resource_logs`, then of `ResourceLogs` the resource
/// and the scopes, then of `ScopeLogs` the scope and the records.
const RESOURCE_LOGS: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPE_LOGS: u32 = 2;
const SCOPE: u32 = 1;
const LOG_RECORDS: u32 = 2;

/// Hands each record of a request to `take`.
pub(super) fn walk(body: &[u8], limits: &Limits, take: &mut dyn Take) -> Result<(), Broken> {
    let mut records = 0;
    for group in Fields::of(body, 0..body.len(), RESOURCE_LOGS) {
        let group = group?;
        let (resource, resource_bytes) = match Fields::of(body, group.clone(), RESOURCE).last() {
            None => (Resource::default(), 0),
            Some(span) => decode::<Resource>(body, span?, limits)?,
        };
        let resource = object(resource.attributes, limits.depth);
        for scoped in Fields::of(body, group, SCOPE_LOGS) {
            let scoped = scoped?;
            let (scope, scope_bytes) = match Fields::of(body, scoped.clone(), SCOPE).last() {
                None => (Scope::default(), 0),
                Some(span) => decode::<Scope>(body, span?, limits)?,
            };
            let attributes = object(scope.attributes, limits.depth);
            let bytes = resource_bytes + scope_bytes;
            let shared: Shared = shared(
                resource.clone(),
                attributes,
                &scope.name,
                &scope.version,
                bytes,
            );
            for span in Fields::of(body, scoped, LOG_RECORDS) {
                let span = span?;
                records += 1;
                if records > limits.records {
                    return Err(too_many(span, body, limits));
                }
                let log = decode::<LogRecord>(body, span.clone(), limits);
                let log = log.map_err(|(_, reject)| reject);
                let log = log.and_then(|(record, _)| record.into_log(limits));
                take.record(span, log, &shared);
            }
        }
    }
    Ok(())
}

/// A message of bounded size, and how large it was. Positions count from its beginning.
fn decode<M: Message + Default>(
    body: &[u8],
    span: Range<usize>,
    limits: &Limits,
) -> Result<(M, usize), Broken> {
    let bytes = body.get(span.clone()).unwrap_or_default();
    let refuse = |code, reason: String| (span.clone(), Reject::new(code, Position::START, reason));
    if bytes.len() > limits.record {
        let reason = format!("record is longer than {} bytes", limits.record);
        return Err(refuse(RejectCode::TooLong, reason));
    }
    let message = M::decode(bytes).map_err(|e| refuse(RejectCode::Syntax, e.to_string()))?;
    Ok((message, bytes.len()))
}

/// The places of one length-delimited field in a message; other fields are passed over.
struct Fields<'a> {
    body: &'a [u8],
    at: usize,
    end: usize,
    wanted: u32,
}

impl<'a> Fields<'a> {
    fn of(body: &'a [u8], message: Range<usize>, wanted: u32) -> Self {
        Self {
            body,
            at: message.start,
            end: message.end,
            wanted,
        }
    }

    fn step(&mut self) -> Result<Option<Range<usize>>, String> {
        let unreadable = |error: prost::DecodeError| error.to_string();
        let mut rest = self.body.get(self.at..self.end).unwrap_or_default();
        let all = rest.len();
        let (field, kind) = decode_key(&mut rest).map_err(unreadable)?;
        if field != self.wanted || kind != WireType::LengthDelimited {
            skip_field(kind, field, &mut rest, DecodeContext::default()).map_err(unreadable)?;
            self.at += all - rest.len();
            return Ok(None);
        }
        let length = decode_varint(&mut rest).map_err(unreadable)?;
        let start = self.at + all - rest.len();
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| start.checked_add(length))
            .filter(|end| *end <= self.end)
            .ok_or("a field is longer than what it is in")?;
        self.at = end;
        Ok(Some(start..end))
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Range<usize>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.end {
            match self.step() {
                Ok(Some(span)) => return Some(Ok(span)),
                Ok(None) => {}
                Err(error) => {
                    let at = self.at;
                    let reason = format!("no OTLP request: {error}");
                    let reject = Reject::at(RejectCode::Syntax, self.body, at, reason);
                    self.at = self.end;
                    return Some(Err((at..self.body.len(), reject)));
                }
            }
        }
        None
    }
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LogRecord {
    #[prost(fixed64, tag = "1")]
    pub time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    pub severity_number: i32,
    #[prost(string, tag = "3")]
    pub severity_text: String,
    #[prost(message, optional, tag = "5")]
    pub body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    pub attributes: Vec<KeyValue>,
    #[prost(bytes = "vec", tag = "9")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    pub span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    pub observed_time_unix_nano: u64,
    #[prost(string, tag = "12")]
    pub event_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    Fields(KeyValueList),
    #[prost(bytes = "vec", tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<KeyValue>,
}

impl LogRecord {
    fn into_log(self, limits: &Limits) -> Result<Log, Reject> {
        let too_deep = || {
            let reason = format!("nested deeper than {} levels", limits.depth);
            Reject::new(RejectCode::TooDeep, Position::START, reason)
        };
        let body = match self.body {
            None => None,
            Some(body) => Some(json(body, limits.depth).ok_or_else(too_deep)?),
        };
        let mut attributes = Map::new();
        for pair in self.attributes {
            let value = pair
                .value
                .map_or(Some(Value::Null), |v| json(v, limits.depth));
            attributes.insert(pair.key, value.ok_or_else(too_deep)?);
        }
        Ok(Log {
            time: self.time_unix_nano,
            observed: self.observed_time_unix_nano,
            severity_number: self.severity_number.into(),
            severity_text: self.severity_text,
            body,
            attributes,
            trace_id: hex(&self.trace_id),
            span_id: hex(&self.span_id),
            event_name: self.event_name,
        })
    }
}

/// Attributes of a resource or scope. One that nests too deep is left out as null: it must not
/// cost the records.
fn object(pairs: Vec<KeyValue>, depth: usize) -> Map {
    pairs
        .into_iter()
        .map(|pair| {
            let value = pair.value.and_then(|v| json(v, depth));
            (pair.key, value.unwrap_or(Value::Null))
        })
        .collect()
}

/// `None` when it nests deeper than `depth` levels. Recursion is bounded by it.
fn json(value: AnyValue, depth: usize) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    Some(match value.value {
        None => Value::Null,
        Some(Any::Text(text)) => Value::String(text),
        Some(Any::Bool(b)) => Value::Bool(b),
        Some(Any::Int(n)) => Value::from(n),
        Some(Any::Double(n)) => float(n),
        Some(Any::Bytes(bytes)) => Value::String(STANDARD.encode(bytes)),
        Some(Any::Array(list)) => {
            let items = list.values.into_iter().map(|item| json(item, deeper));
            Value::Array(items.collect::<Option<_>>()?)
        }
        Some(Any::Fields(list)) => {
            let pairs = list.values.into_iter().map(|pair| {
                let value = pair.value.map_or(Some(Value::Null), |v| json(v, deeper));
                Some((pair.key, value?))
            });
            Value::Object(pairs.collect::<Option<_>>()?)
        }
    })
}
