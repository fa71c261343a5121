//! What `ringfence map test` shows: which rule fits, what went where, what stayed.

use std::collections::BTreeSet;
use std::fmt;

use ringfence_event::{Event, Map, neutralise};
use serde::Serialize;
use serde_json::Value;

use super::Mapping;
use super::rule::{Condition, Refusal, Rule, Test};
use crate::Reject;
use crate::parsed::Parsed;

/// One value that a rule took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldTrace {
    /// Fields of the record; none for a constant.
    pub from: Vec<String>,
    /// OCSF path, `keys.…`, `time` or `message`.
    pub to: String,
    /// What it became.
    pub value: Value,
}

/// One rule and why it does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleTrace {
    /// Mapping.
    pub mapping: String,
    /// Rule.
    pub rule: String,
    /// Its line in the mapping file.
    pub line: usize,
    /// The first condition that fails; `None` for the rule that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl RuleTrace {
    pub(super) fn of(mapping: &Mapping, rule: &Rule, refusal: Option<Refusal<'_>>) -> Self {
        Self {
            mapping: mapping.name.clone(),
            rule: rule.name.clone(),
            line: rule.line,
            because: refusal.map(|refusal| match refusal {
                Refusal::Format(formats) => {
                    format!("it is for {}", formats.to_string().replace(" in ", " or "))
                }
                Refusal::Condition(condition) => describe(condition),
                Refusal::Empty(list) => format!("there is no list `{list}` with something in it"),
            }),
        }
    }
}

/// The way of one record through the mappings.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// What the record is, for example `json in syslog`.
    pub format: String,
    /// It is OCSF already and no mapping is asked.
    pub native: bool,
    /// The rule that fits; `None` makes a Base Event.
    pub matched: Option<RuleTrace>,
    /// Rules tried before it.
    pub tried: Vec<RuleTrace>,
    /// What the rule took.
    pub fields: Vec<FieldTrace>,
    /// Fields that it did not ask for; they stay in the record and rules see them.
    pub untouched: Vec<String>,
    /// What it asked for and did not get, or could not use.
    pub warnings: Vec<String>,
    /// The event as OCSF, as the API shows it; `None` if the record is refused.
    pub event: Option<Map>,
    /// Further events of the same record, where a rule has `each` or `continue`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Map>,
    /// Why the record is refused.
    pub reject: Option<Reject>,
}

/// What the rule that fits did.
pub(super) struct Done {
    pub chosen: RuleTrace,
    pub traces: Vec<FieldTrace>,
    pub warnings: Vec<String>,
}

type Made = Result<Vec<Event>, Reject>;

impl Explanation {
    pub(super) fn mapped(parsed: &Parsed, tried: Vec<RuleTrace>, done: Done, made: Made) -> Self {
        let used: BTreeSet<&str> = done
            .traces
            .iter()
            .flat_map(|trace| &trace.from)
            .map(|from| match parsed.fields.contains_key(from) {
                true => from.as_str(),
                false => from.split('.').next().unwrap_or(from),
            })
            .collect();
        let untouched = parsed
            .fields
            .keys()
            .filter(|name| !used.contains(name.as_str()));
        Self {
            untouched: untouched.cloned().collect(),
            tried,
            fields: done.traces.clone(),
            warnings: done.warnings,
            matched: Some(done.chosen),
            ..Self::bare(parsed, made)
        }
    }

    pub(super) fn unmapped(parsed: &Parsed, tried: Vec<RuleTrace>, made: Made) -> Self {
        Self {
            tried,
            untouched: parsed.fields.keys().cloned().collect(),
            ..Self::bare(parsed, made)
        }
    }

    pub(crate) fn native(parsed: &Parsed, made: Made) -> Self {
        Self {
            native: true,
            ..Self::bare(parsed, made)
        }
    }

    fn bare(parsed: &Parsed, made: Made) -> Self {
        let (mut events, reject) = match made {
            Ok(events) => (events.iter().map(Event::to_ocsf).collect(), None),
            Err(reject) => (Vec::new(), Some(reject)),
        };
        let more = events.split_off(events.len().min(1));
        Self {
            format: parsed.formats.to_string(),
            native: false,
            matched: None,
            tried: Vec::new(),
            fields: Vec::new(),
            untouched: Vec::new(),
            warnings: Vec::new(),
            event: events.pop(),
            more,
            reject,
        }
    }
}

fn describe(condition: &Condition) -> String {
    let field = &condition.field;
    match &condition.test {
        Test::Equals(wanted) => format!("`{field}` is not `{}`", wanted.join("` or `")),
        Test::Exists(true) => format!("there is no `{field}`"),
        Test::Exists(false) => format!("there is a `{field}`"),
        Test::Prefix(prefix) => format!("`{field}` does not begin with `{prefix}`"),
        Test::Regex(regex) => format!("`{field}` does not match `{regex}`"),
    }
}

impl fmt::Display for Explanation {
    /// Line by line, for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "record    {}", self.format)?;
        match (&self.matched, self.native) {
            (_, true) => writeln!(f, "rule      none needed: the record is OCSF")?,
            (Some(m), _) => writeln!(f, "rule      {} / {} (line {})", m.mapping, m.rule, m.line)?,
            (None, _) => writeln!(f, "rule      none fits: it becomes a Base Event")?,
        }
        if self.matched.is_none() {
            for t in &self.tried {
                let because = neutralise(t.because.as_deref().unwrap_or_default()).into_owned();
                writeln!(f, "  tried   {} / {}: {because}", t.mapping, t.rule)?;
            }
        }
        for field in &self.fields {
            let from = match field.from.is_empty() {
                true => "(constant)".to_owned(),
                false => field.from.join(", "),
            };
            let line = format!("{from} -> {} = {}", field.to, field.value);
            writeln!(f, "  {}", neutralise(&line))?;
        }
        if !self.untouched.is_empty() {
            writeln!(f, "kept      {}", neutralise(&self.untouched.join(", ")))?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning   {}", neutralise(warning))?;
        }
        match &self.reject {
            Some(reject) => writeln!(f, "refused   {reject}"),
            None => {
                for event in self.event.iter().chain(&self.more) {
                    let text = |name| event.get(name).and_then(Value::as_str).unwrap_or("-");
                    let (class, activity) = (text("class_name"), text("activity_name"));
                    writeln!(f, "event     {class}: {activity}")?;
                }
                Ok(())
            }
        }
    }
}
