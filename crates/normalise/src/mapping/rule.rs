//! A rule of a mapping file, ready to run, and whether it fits a record.

use regex::Regex;
use serde_json::Value;

use super::choose::Choice;
use super::take::Take;
use super::template::Template;
use super::view::{self, View};
use crate::parsed::{Formats, Parsed};
use crate::path::{self, Step};
use jiff::tz::TimeZone;
use ringfence_event::Severity;

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub name: String,
    pub line: usize,
    /// Path of a list: one event for each element that fits.
    pub each: Option<String>,
    /// Where it fits, the rules below it in the file are tried too.
    pub goes_on: bool,
    pub when: When,
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

/// What a record must be like.
#[derive(Debug, Clone, Default)]
pub(super) struct When {
    /// Formats it is for; all of them if `None`.
    pub formats: Option<Formats>,
    pub conditions: Vec<Condition>,
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

impl When {
    /// Why a record does not fit; `None` when it does.
    pub fn refusal(&self, view: View<'_>) -> Option<Refusal<'_>> {
        if let Some(formats) = self.formats
            && !formats.meets(view.parsed.formats)
        {
            return Some(Refusal::Format(formats));
        }
        let failed = self.conditions.iter().find(|c| !c.holds(view))?;
        Some(Refusal::Condition(failed))
    }
}

impl Rule {
    /// Calls `one` with the record, or with each element of its list that fits, until it answers
    /// false. Answers why nothing fits.
    pub fn visit<'r>(
        &'r self,
        parsed: &Parsed,
        one: &mut dyn FnMut(View<'_>) -> bool,
    ) -> Option<Refusal<'r>> {
        let Some(path) = &self.each else {
            let whole = View::whole(parsed);
            let refusal = self.when.refusal(whole);
            if refusal.is_none() {
                one(whole);
            }
            return refusal;
        };
        // Without a look at the lists: most records are not for this rule at all.
        if let Some(formats) = self.when.formats
            && !formats.meets(parsed.formats)
        {
            return Some(Refusal::Format(formats));
        }
        let mut first = Some(Refusal::Empty(path));
        let mut fits = false;
        view::each(parsed, path, &mut |view| match self.when.refusal(view) {
            Some(refusal) => {
                if !fits && matches!(first, Some(Refusal::Empty(_))) {
                    first = Some(refusal);
                }
                true
            }
            None => {
                fits = true;
                one(view)
            }
        });
        first.filter(|_| !fits)
    }
}

pub(super) enum Refusal<'r> {
    Format(Formats),
    Condition(&'r Condition),
    /// The list of `each` has no element.
    Empty(&'r str),
}

impl Condition {
    fn holds(&self, view: View<'_>) -> bool {
        let value = view.get(&self.field);
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
