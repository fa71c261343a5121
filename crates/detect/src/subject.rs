//! An event with its facts, as the rule engine asks for it.

use ringfence_event::{CallFacts, Event, Flag, Looked, each_text, lookup};
use ringfence_sigma::{EventRef, LogSource, Record, Value};

/// What a rule judges.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The event.
    pub event: &'a Event,
    /// What the call join said about it.
    pub facts: Option<&'a CallFacts>,
}

/// How the engine counts an event: at its own time, for a backlog that arrives in one minute is
/// not one minute's work; but never later than it was received, nor by a date that is not usable.
pub(crate) fn reference(event: &Event) -> EventRef {
    let time = match event.flags.contains(&Flag::TimeSkewed) {
        true => event.received,
        false => event.time.min(event.received),
    };
    EventRef {
        id: event.id.0,
        time_ms: time.0,
        received_ms: event.received.0,
    }
}

impl Subject<'_> {
    /// Where rules look it up.
    #[must_use]
    pub fn logsource(&self) -> LogSource<'_> {
        let ls = &self.event.logsource;
        LogSource {
            product: ls.product.as_deref(),
            service: ls.service.as_deref(),
            category: ls.category.as_deref(),
        }
    }

    /// The text of a field, for messages; lists and objects as JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let found = lookup(self.event, self.facts, name)?;
        Some(match found.to_json() {
            serde_json::Value::Null => return None,
            serde_json::Value::String(s) => s,
            // `7.0 min` reads worse than `7 min`, and nobody reads the second decimal.
            serde_json::Value::Number(n) => match n.as_f64() {
                Some(f) if n.is_f64() => format!("{f:.1}").trim_end_matches(".0").to_owned(),
                _ => n.to_string(),
            },
            other => other.to_string(),
        })
    }
}

impl Record for Subject<'_> {
    fn get(&self, name: &str) -> Option<Value<'_>> {
        Some(match lookup(self.event, self.facts, name)? {
            Looked::Json(v) => Value::from_json(v),
            Looked::Text(s) => Value::Str(s),
            Looked::Int(n) => Value::Int(n),
            Looked::Float(f) => Value::Float(f),
            Looked::Bool(b) => Value::Bool(b),
        })
    }

    fn each_text(&self, f: &mut dyn FnMut(&str) -> bool) {
        each_text(self.event, f);
    }
}
