//! Judges events in the order of the spine.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use ringfence_crypto::sha256_128;
use ringfence_event::{CallFacts, Event, EventId, FactsRevision, Finding, Story};
use ringfence_sigma::{Engine, EngineStats, Limits, Match, Restored, State};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use thiserror::Error;

use crate::pack::{Pack, Telling};
use crate::subject::{Subject, reference};

/// Events whose facts may still change, kept to be judged again. A call center of 200 agents
/// whose calls are known only at hang-up has about 10,000 open at a time.
const MOST_OPEN: usize = 50_000;

/// A saved detector state that cannot be read.
#[derive(Debug, Error)]
#[error("detector state: {0}")]
pub struct DetectorError(#[from] serde_json::Error);

/// Figures about a detector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DetectorStats {
    /// What correlations hold.
    pub engine: EngineStats,
    /// Events that wait for later facts.
    pub open: usize,
    /// Events whose later facts were not judged, because too many were open.
    pub dropped_open: u64,
}

/// An event that will be judged again, and the rules that it need not be judged by.
#[derive(Debug, Serialize, Deserialize)]
struct Open {
    offset: u64,
    /// As JSON: a fifth of the memory, and thousands of them wait.
    event: Box<RawValue>,
    matched: Vec<String>,
}

/// What [`Saved`] reads.
#[derive(Serialize)]
struct Saving<'a> {
    engine: State,
    open: Vec<&'a Open>,
    dropped_open: u64,
}

#[derive(Deserialize)]
struct Saved {
    engine: State,
    open: Vec<Open>,
    dropped_open: u64,
}

/// Rules and what they remember. A function of what it was given: the same entries in the same
/// order give the same findings.
#[derive(Debug)]
pub struct Detector {
    pack: Pack,
    engine: Engine,
    open: BTreeMap<u64, Open>,
    dropped_open: u64,
}

impl Detector {
    /// With nothing remembered.
    #[must_use]
    pub fn new(pack: Pack) -> Self {
        let engine = Engine::new(Arc::clone(&pack.rules), Limits::default());
        Self {
            pack,
            engine,
            open: BTreeMap::new(),
            dropped_open: 0,
        }
    }

    /// Judges an event by its first facts.
    pub fn on_event(
        &mut self,
        offset: u64,
        event: &Event,
        facts: Option<&CallFacts>,
        out: &mut Vec<Finding>,
    ) {
        let matches = self.evaluate(event, facts);
        // An event can always be written as JSON (see `Entry::encode`).
        let waits = facts.is_some_and(|f| !f.settled);
        if let Some(event) = waits.then(|| to_raw_value(event).ok()).flatten() {
            let matched = matches.iter().map(|m| m.rule.key().to_owned()).collect();
            let open = Open {
                offset,
                event,
                matched,
            };
            self.open.insert(offset, open);
            if self.open.len() > MOST_OPEN {
                self.open.pop_first();
                self.dropped_open += 1;
            }
        }
        self.tell(event, facts, &matches, out);
    }

    /// Judges an event again by later facts. Rules that it matched before stay silent.
    pub fn on_revision(&mut self, revision: &FactsRevision, out: &mut Vec<Finding>) {
        let Some(open) = self.open.get(&revision.offset) else {
            return;
        };
        let Ok(event) = serde_json::from_str::<Event>(open.event.get()) else {
            return;
        };
        let mut matches = self.evaluate(&event, Some(&revision.facts));
        if let Some(open) = self.open.get_mut(&revision.offset) {
            matches.retain(|m| !open.matched.iter().any(|known| known == m.rule.key()));
            open.matched
                .extend(matches.iter().map(|m| m.rule.key().to_owned()));
        }
        if revision.facts.settled {
            self.open.remove(&revision.offset);
        }
        self.tell(&event, Some(&revision.facts), &matches, out);
    }

    /// Puts other rules in force; what unchanged correlations remember stays.
    pub fn swap(&mut self, pack: Pack) -> Restored {
        let restored = self.engine.swap(Arc::clone(&pack.rules));
        self.pack = pack;
        restored
    }

    /// Writes everything remembered, to be restored after a restart. It comes in many small pieces.
    ///
    /// # Errors
    /// When `to` does not take it.
    pub fn snapshot(&self, to: impl io::Write) -> io::Result<()> {
        let saved = Saving {
            engine: self.engine.snapshot(),
            open: self.open.values().collect(),
            dropped_open: self.dropped_open,
        };
        Ok(serde_json::to_writer(to, &saved)?)
    }

    /// From a snapshot. Correlations whose rule changed since begin anew.
    ///
    /// # Errors
    /// When the bytes are not a snapshot.
    pub fn restore(pack: Pack, snapshot: &[u8]) -> Result<Self, DetectorError> {
        let saved: Saved = serde_json::from_slice(snapshot)?;
        let mut detector = Self::new(pack);
        detector.engine.restore(saved.engine);
        detector.open = saved.open.into_iter().map(|o| (o.offset, o)).collect();
        detector.dropped_open = saved.dropped_open;
        Ok(detector)
    }

    /// Figures.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        DetectorStats {
            engine: self.engine.stats(),
            open: self.open.len(),
            dropped_open: self.dropped_open,
        }
    }

    fn evaluate(&mut self, event: &Event, facts: Option<&CallFacts>) -> Vec<Match> {
        let subject = Subject { event, facts };
        self.engine
            .evaluate(subject.logsource(), &subject, reference(event))
    }

    fn tell(
        &self,
        event: &Event,
        facts: Option<&CallFacts>,
        matches: &[Match],
        out: &mut Vec<Finding>,
    ) {
        let subject = Subject { event, facts };
        out.extend(matches.iter().map(|m| {
            let telling = self.pack.telling.get(m.rule.key());
            finding(&subject, m, telling)
        }));
    }
}

fn finding(subject: &Subject<'_>, m: &Match, telling: Option<&Telling>) -> Finding {
    let event = subject.event;
    let group = m.correlation.as_ref().map_or(&[][..], |c| &c.group);
    let value = |name: &str| match (&m.correlation, name) {
        (Some(c), "count") => Some(c.count.to_string()),
        (Some(c), "threshold") => Some(c.threshold.to_string()),
        (Some(c), "minutes") => Some(minutes(c.last_ms.saturating_sub(c.first_ms))),
        (Some(_), "group") => Some(
            group
                .iter()
                .map(|(_, v)| v.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        ),
        _ => group
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .or_else(|| subject.text(name)),
    };
    let message = telling
        .and_then(|t| t.message.as_ref())
        .map_or_else(|| m.rule.title.clone(), |t| t.fill(&value));
    let story = telling
        .and_then(|t| {
            t.story.iter().find_map(|kind| {
                let found = if kind == "rule" {
                    Some(m.rule.key().to_owned())
                } else {
                    value(&format!("rf.{kind}"))
                };
                found.map(|value| Story {
                    kind: kind.clone(),
                    value,
                })
            })
        })
        .unwrap_or_else(|| Story {
            kind: "rule".into(),
            value: m.rule.key().to_owned(),
        });
    let events = match &m.correlation {
        Some(c) => c.events.iter().map(|id| EventId(*id)).collect(),
        None => vec![event.id],
    };
    Finding {
        uid: uid(m, event),
        rule_id: m.rule.key().to_owned(),
        rule_title: m.rule.title.clone(),
        severity: telling.map_or(ringfence_event::Severity::Medium, |t| t.severity),
        keys: event.keys.clone(),
        time: event.time,
        received: event.received,
        story,
        alone: telling.is_some_and(|t| t.alone),
        message,
        reason: reason(m),
        events,
        tags: m.rule.tags.clone(),
        first_steps: telling.map(|t| t.first_steps.clone()).unwrap_or_default(),
    }
}

/// The rule, the event that completed it, and the group: one event can complete a correlation for
/// one group only, but a rule and a correlation of the same id must stay apart.
fn uid(m: &Match, event: &Event) -> EventId {
    let mut text = format!("finding\0{}\0{}", m.rule.key(), event.id);
    for (name, value) in m.correlation.iter().flat_map(|c| &c.group) {
        text.push('\0');
        text.push_str(name);
        text.push('\0');
        text.push_str(value);
    }
    EventId(sha256_128(text.as_bytes()))
}

fn reason(m: &Match) -> Value {
    match &m.correlation {
        Some(c) => json!({
            "group": c.group.iter().map(|(n, v)| (n.clone(), Value::from(v.clone())))
                .collect::<serde_json::Map<_, _>>(),
            "count": c.count,
            "threshold": c.threshold,
            "first_time": c.first_ms,
            "last_time": c.last_ms,
        }),
        None => json!({
            "matched": m.fields.iter().map(|f| json!({
                "field": f.name, "value": f.value, "test": f.predicate,
            })).collect::<Vec<_>>(),
        }),
    }
}

/// Whole minutes for a sentence: `in 7 min`, `in <1 min`.
fn minutes(ms: i64) -> String {
    match ms / 60_000 {
        ..=0 => "<1".to_owned(),
        whole => whole.to_string(),
    }
}
