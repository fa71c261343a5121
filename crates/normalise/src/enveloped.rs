//! Records inside an envelope: what Splunk's collector, Elasticsearch's bulk requests and OTLP have
//! in common. The record inside comes first; what is around it fills in what it leaves open.

use jiff::tz::TimeZone;
use ringfence_event::{Event, Flag, Map, RawRecord, Severity, Time};
use serde_json::Value;

use crate::parsed::{Format, Formats, Parsed};
use crate::when::TimeFormat;
use crate::{Normaliser, Reject, base, json, reserved};

/// What an envelope holds, and what it says about it.
#[derive(Debug, Default)]
pub(crate) struct Enveloped {
    /// The record.
    pub inside: Inside,
    /// When it happened, where the envelope says so.
    pub time: Option<Time>,
    /// How severe it is, where the envelope says so.
    pub severity: Option<Severity>,
    /// Its identity, where the envelope carries one.
    pub uid: Option<String>,
    /// What else the envelope says.
    pub around: Map,
}

/// The record in an envelope.
#[derive(Debug)]
pub(crate) enum Inside {
    /// Fields.
    Fields(Map),
    /// A line of any kind: syslog, CEF, LEEF, JSON, `key=value` or text.
    Text(String),
}

impl Default for Inside {
    fn default() -> Self {
        Self::Fields(Map::new())
    }
}

/// Where shippers that read lines put the line: most of them, and Fluent Bit.
const LINES: [&str; 2] = ["message", "log"];

impl Normaliser {
    /// One document of an Elasticsearch bulk request. Where its `message` (or `log`) is a record
    /// of its own, as shippers make of a line that they have read, that is what is looked at.
    ///
    /// # Errors
    /// As [`Normaliser::normalise`].
    pub fn document(&self, record: &RawRecord<'_>) -> Result<Vec<Event>, Reject> {
        let fields = json::object(record.bytes, &self.settings().limits)?;
        let named = LINES.into_iter().find_map(|name| {
            let text = fields.get(name).and_then(Value::as_str)?;
            Some((name, text))
        });
        let inner = named
            .filter(|_| !json::is_ocsf(&fields))
            .and_then(|(name, text)| {
                let inner = self.read_text(record, text).ok()?;
                inner.formats.meets(forms()).then_some((name, inner))
            });
        let Some((name, mut inner)) = inner else {
            return self.finish(record, written_by_syslog(fields));
        };
        let mut fields = fields;
        if inner.formats.has(Format::Json) {
            // All of a JSON line stands in its fields; any other line is kept as it is.
            fields.shift_remove(name);
        }
        let stripped = reserved::strip(&mut fields);
        inner.masked |= base::scrub_map(&mut fields);
        // Objects of the shipper's own (`host`, `agent`) are not what a rule for the line means by
        // these names: they are kept, and the rule does not see them.
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_object()) {
            inner.fill(field, value.clone());
        }
        keep_line(&mut inner);
        let mut events = self.finish(record, inner)?;
        for event in &mut events {
            if stripped {
                event.flag(Flag::ReservedStripped);
            }
            if let Some(kept) = &mut event.record {
                for (field, value) in fields.iter().filter(|(_, value)| value.is_object()) {
                    kept.entry(field).or_insert_with(|| value.clone());
                }
            }
        }
        Ok(events)
    }

    /// Opens an envelope and makes events of what is inside.
    pub(crate) fn open(
        &self,
        record: &RawRecord<'_>,
        envelope: Enveloped,
    ) -> Result<Vec<Event>, Reject> {
        let mut parsed = match envelope.inside {
            Inside::Fields(fields) => Parsed::json(fields),
            Inside::Text(text) => self.read_text(record, &text)?,
        };
        // An OCSF event is complete: the envelope's words are no attributes of it.
        if !json::is_ocsf(&parsed.fields) {
            parsed.time = envelope.time.or(parsed.time);
            parsed.severity = parsed.severity.or(envelope.severity);
            parsed.uid = parsed.uid.or(envelope.uid);
            if !envelope.around.is_empty() {
                keep_line(&mut parsed);
            }
            for (name, value) in envelope.around {
                parsed.fill(&name, value);
            }
        }
        self.finish(record, parsed)
    }
}

/// Puts the text of a line among its fields. Where there is a text, it alone is stored as what was
/// received; what an envelope says beside it would be lost.
fn keep_line(parsed: &mut Parsed) {
    if let Some(line) = parsed.raw.take() {
        let has = parsed
            .fields
            .get("message")
            .is_some_and(|m| *m == *line.trim());
        if !has {
            parsed.fill("event.original", line);
        }
    }
}

/// The fields of a document. Those of a syslog message under the names that Ringfence itself gives
/// them, as templates of syslog servers write them, are one.
fn written_by_syslog(fields: Map) -> Parsed {
    let text = |name: &str| fields.get(name).is_some_and(Value::is_string);
    let syslog = text("appname") && text("hostname") && text("message");
    let time = ["@timestamp", "timestamp"]
        .into_iter()
        .filter_map(|name| fields.get(name).filter(|_| syslog))
        .find_map(|value| TimeFormat::Auto.read(value, &TimeZone::UTC));
    let mut parsed = Parsed::json(fields);
    if syslog {
        parsed.formats.add(Format::Syslog);
        parsed.time = time;
    }
    parsed
}

/// What makes a line a record of its own. Words that look like `key=value` do not: people write
/// them in sentences.
fn forms() -> Formats {
    let mut forms = Formats::from(Format::Json);
    for format in [Format::Syslog, Format::Cef, Format::Leef] {
        forms.add(format);
    }
    forms
}
