//! OpenTelemetry's protocol for logs, version 1: the body of `POST /v1/logs` in both encodings.
//!
//! A request nests log records in scopes and scopes in resources. Each record becomes one event.
//! What it says comes first, under its own names; then its attributes, those of its scope, and
//! those of its resource.

mod json;
mod proto;
mod value;

use std::ops::Range;

use ringfence_event::{Map, RawRecord, Severity, Time};
use serde_json::Value;

use crate::enveloped::{Enveloped, Inside};
use crate::{Batch, Limits, Normaliser, Position, Reject, RejectCode};

/// Bytes of resources and scopes that the records of one body may repeat. Without a bound, a
/// small body would name one large resource for a hundred thousand records.
const MAX_REPEATED: usize = 32 << 20;

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtlpEncoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`, as OTLP writes it.
    Json,
}

/// One log record in neither encoding.
#[derive(Debug, Clone, Default, PartialEq)]
struct Log {
    /// Nanoseconds since 1970; 0 unknown.
    time: u64,
    /// When the collector saw it.
    observed: u64,
    severity_number: i64,
    severity_text: String,
    body: Option<Value>,
    attributes: Map,
    trace_id: String,
    span_id: String,
    event_name: String,
}

/// What the records of one scope share, and how many bytes it took.
#[derive(Debug, Clone, Default, PartialEq)]
struct Shared {
    fields: Map,
    bytes: usize,
}

/// Takes the records of a body one after the other.
trait Take {
    fn record(&mut self, span: Range<usize>, log: Result<Log, Reject>, shared: &Shared);
}

impl Normaliser {
    /// The log records of an OTLP request.
    #[must_use]
    pub fn otlp_body(&self, record: &RawRecord<'_>, encoding: OtlpEncoding) -> Batch {
        let mut reading = Reading {
            normaliser: self,
            record,
            batch: Batch::default(),
            repeated: 0,
        };
        let limits = &self.settings().limits;
        let whole = match encoding {
            OtlpEncoding::Protobuf => proto::walk(record.bytes, limits, &mut reading),
            OtlpEncoding::Json => json::walk(record.bytes, limits, &mut reading),
        };
        let mut batch = reading.batch;
        if let Err((span, reject)) = whole {
            batch.push(span, Err(reject));
        }
        batch
    }
}

/// Where a body cannot be read any further, and why.
type Broken = (Range<usize>, Reject);

fn too_many(span: Range<usize>, body: &[u8], limits: &Limits) -> Broken {
    let reason = format!("more than {} log records in one body", limits.records);
    let reject = Reject::at(RejectCode::TooMany, body, span.start, reason);
    (span.start..body.len(), reject)
}

struct Reading<'a> {
    normaliser: &'a Normaliser,
    record: &'a RawRecord<'a>,
    batch: Batch,
    repeated: usize,
}

impl Take for Reading<'_> {
    fn record(&mut self, span: Range<usize>, log: Result<Log, Reject>, shared: &Shared) {
        self.repeated = self.repeated.saturating_add(shared.bytes);
        let result = log.and_then(|log| {
            let limits = &self.normaliser.settings().limits;
            let refuse = |code, reason: String| Err(Reject::new(code, Position::START, reason));
            if self.repeated > MAX_REPEATED {
                let reason = "resources repeat more than 32 MiB in one body: send smaller ones";
                return refuse(RejectCode::TooMany, reason.to_owned());
            }
            if log.attributes.len() + shared.fields.len() > limits.fields {
                let reason = format!("more than {} fields", limits.fields);
                return refuse(RejectCode::TooMany, reason);
            }
            let item = RawRecord {
                bytes: self.record.bytes.get(span.clone()).unwrap_or_default(),
                ..self.record.clone()
            };
            self.normaliser.open(&item, log.enveloped(shared))
        });
        let body = self.record.bytes;
        let result = result.map_err(|reject| reject.within(Position::of(body, span.start)));
        self.batch.push(span, result);
    }
}

impl Log {
    fn enveloped(self, shared: &Shared) -> Enveloped {
        let time = [self.time, self.observed].into_iter().find(|t| *t > 0);
        let severity = self.severity();
        let mut around = self.attributes;
        let uid = match around.get("log.record.uid") {
            Some(Value::String(uid)) if uid.len() <= crate::keys::MAX_KEY && !uid.is_empty() => {
                Some(uid.clone())
            }
            _ => None,
        };
        let inside = match self.body {
            Some(Value::Object(fields)) => Inside::Fields(fields),
            Some(Value::String(text)) if !text.trim().is_empty() => Inside::Text(text),
            None | Some(Value::Null | Value::String(_)) => Inside::default(),
            Some(other) => Inside::Fields(Map::from_iter([("body".to_owned(), other)])),
        };
        for (name, value) in [
            ("severity_text", self.severity_text),
            ("event_name", self.event_name),
            ("trace_id", self.trace_id),
            ("span_id", self.span_id),
        ] {
            if !value.is_empty() {
                around.entry(name).or_insert(Value::String(value));
            }
        }
        if self.severity_number > 0 {
            let number = Value::from(self.severity_number);
            around.entry("severity_number").or_insert(number);
        }
        for (name, value) in &shared.fields {
            if !around.contains_key(name) {
                around.insert(name.clone(), value.clone());
            }
        }
        Enveloped {
            inside,
            time: time.map(|ns| Time(i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX))),
            severity,
            uid,
            around,
        }
    }

    /// Ranges of the specification's table "Meaning of `SeverityNumber`", else the word.
    fn severity(&self) -> Option<Severity> {
        Some(match self.severity_number {
            1..=12 => Severity::Informational,
            13..=16 => Severity::Medium,
            17..=20 => Severity::High,
            21..=24 => Severity::Critical,
            _ => match self.severity_text.to_ascii_lowercase().as_str() {
                "trace" | "debug" | "info" => Severity::Informational,
                "warn" | "warning" => Severity::Medium,
                "error" => Severity::High,
                "fatal" => Severity::Critical,
                _ => return None,
            },
        })
    }
}

/// Fields that a scope adds, under the names that OpenTelemetry gives them outside of OTLP.
fn shared(resource: Map, scope: Map, name: &str, version: &str, bytes: usize) -> Shared {
    let mut fields = scope;
    for (key, value) in [("otel.scope.name", name), ("otel.scope.version", version)] {
        if !value.is_empty() {
            fields.entry(key).or_insert(value.into());
        }
    }
    for (key, value) in resource {
        fields.entry(key).or_insert(value);
    }
    Shared { fields, bytes }
}

#[doc(hidden)]
pub fn fuzz_otlp(data: &[u8]) {
    /// Counts records and holds them to their bounds.
    struct Count<'a>(&'a [u8], usize);
    impl Take for Count<'_> {
        fn record(&mut self, span: Range<usize>, log: Result<Log, Reject>, _: &Shared) {
            assert!(span.start <= span.end && span.end <= self.0.len());
            self.1 += 1;
            if let Ok(log) = log {
                let enveloped = log.enveloped(&Shared::default());
                assert!(enveloped.time.is_none_or(|t| t.0 >= 0));
            }
        }
    }
    let limits = Limits {
        records: 50,
        ..Limits::default()
    };
    for walk in [proto::walk, json::walk] {
        let mut count = Count(data, 0);
        if let Err((span, _)) = walk(data, &limits, &mut count) {
            assert!(span.start <= span.end && span.end <= data.len());
        }
        assert!(count.1 <= limits.records);
    }
}

#[cfg(test)]
mod tests;
