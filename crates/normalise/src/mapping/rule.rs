//! A rule of a mapping file, ready to run, and whether it fits a record.

use regex::Regex;
use serde_json::Value;

use super::choose::Choice;
use super::take::Take;
use super::template::Template;
use crate::parsed::{Formats, Parsed};
use crate::path::{self, Step};
use jiff::tz::TimeZone;
use ringfence_event::Severity;

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub name: String,
    pub line: usize,
    /// Formats it is for; all of them if `None`.
    pub formats: Option<Formats>,
    pub conditions: Vec<Condition>,
    pub class: u32,
    pub activity: Choice<u8>,
    pub severity: Option<Choice<Severity>>,
    pub time: Option<Take>,
    /// Zone of time stamps without one; the source's if `None`.
    pub zone: Option<TimeZone>,
    pub message: Option<Template>,
    pub uid: Option<Template>,
    pub keys: Vec<(&'static str, Take)>,
    pub ocsf: Vec<(String, Vec<Step>, Take)>,
    pub logsource: Option<Source>,
    pub logsource_from_record: bool,
}

/// Where Sigma rules look the event up.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub product: Option<Take>,
    pub service: Option<Take>,
    pub category: Option<Take>,
}

/// One condition on a field of a record.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub field: String,
    pub test: Test,
}

#[derive(Debug, Clone)]
pub(super) enum Test {
    Equals(Vec<String>),
    Exists(bool),
    Prefix(String),
    Regex(Regex),
}

impl Rule {
    /// Why it does not fit the record; `None` when it does.
    pub fn refusal(&self, parsed: &Parsed) -> Option<Refusal<'_>> {
        if let Some(formats) = self.formats
            && !formats.meets(parsed.formats)
        {
            return Some(Refusal::Format(formats));
        }
        let failed = self.conditions.iter().find(|c| !c.holds(parsed))?;
        Some(Refusal::Condition(failed))
    }
}

pub(super) enum Refusal<'r> {
    Format(Formats),
    Condition(&'r Condition),
}

impl Condition {
    fn holds(&self, parsed: &Parsed) -> bool {
        let value = path::get(&parsed.fields, &self.field);
        if let Test::Exists(wanted) = self.test {
            return value.is_some_and(|v| !v.is_null() && v != "") == wanted;
        }
        // Of a list, one element is enough.
        match value {
            Some(Value::Array(items)) => items.iter().take(64).any(|v| self.test.fits(v)),
            Some(value) => self.test.fits(value),
            None => false,
        }
    }
}

impl Test {
    fn fits(&self, value: &Value) -> bool {
        let Some(text) = path::text(value) else {
            return false;
        };
        match self {
            Self::Equals(wanted) => wanted.iter().any(|w| w.eq_ignore_ascii_case(&text)),
            Self::Exists(wanted) => *wanted,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Regex(regex) => regex.is_match(&text),
        }
    }
}
