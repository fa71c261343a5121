//! A finding on its way into an alert, cut to a size that a row may have.

use std::borrow::Cow;

use ringfence_crypto::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::clip;

const MAX_UID: usize = 128;
const MAX_KEY: usize = 256;
const MAX_MESSAGE: usize = 2048;
const MAX_REASON: usize = 16 * 1024;
const MAX_EVENTS: usize = 100;
pub(crate) const MAX_TAGS: usize = 32;
const MAX_STEPS: usize = 16;

/// What a story is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Such as `agent`, `caller`, `source`.
    pub kind: String,
    /// Which one.
    pub value: String,
}

/// What a rule concluded, ready to be grouped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewFinding {
    /// Deterministic: the same rule over the same events gives the same uid.
    pub uid: String,
    /// The rule.
    pub rule_id: String,
    /// What people call the rule.
    pub rule_title: String,
    /// OCSF severity.
    pub severity_id: u8,
    /// Whose it is.
    pub program: String,
    /// Where it happened.
    pub site: String,
    /// When it happened: meaning.
    pub time_ms: i64,
    /// When it was received: progress. Grouping goes by this one.
    pub received_ms: i64,
    /// What findings of one story have in common, such as `agent:4711`.
    pub story_key: String,
    /// What the story is about.
    pub story_entity: Entity,
    /// The one line that matters.
    pub message: String,
    /// Matched fields; threshold and what happened.
    pub reason: Value,
    /// The events behind it.
    pub event_ids: Vec<String>,
    /// Tags of the rule.
    pub tags: Vec<String>,
    /// What to look at first.
    pub first_steps: Vec<String>,
}

impl NewFinding {
    /// The finding's identity as stored. One that cannot be stored as it is, being too long
    /// or with a NUL in it, is hashed: two uids that begin alike are two findings.
    pub(crate) fn stored_uid(&self) -> Cow<'_, str> {
        if self.uid.len() <= MAX_UID && !self.uid.contains('\0') {
            Cow::Borrowed(&self.uid)
        } else {
            Cow::Owned(format!("sha256:{}", sha256_hex(self.uid.as_bytes())))
        }
    }

    /// A copy within bounds. Nothing is refused: a finding that cannot be stored would
    /// stop its consumer for ever, and one with a shorter text still tells its story.
    pub(crate) fn bounded(&self) -> Self {
        let key = |text: &str| clip(text, MAX_KEY).to_owned();
        let line = |text: &str| clip(text, MAX_MESSAGE).to_owned();
        let list = |texts: &[String], most: usize| -> Vec<String> {
            texts.iter().take(most).map(|text| key(text)).collect()
        };
        Self {
            uid: self.stored_uid().into_owned(),
            rule_id: key(&self.rule_id),
            rule_title: key(&self.rule_title),
            // 99 is OCSF's "other", which has no place in an order; it counts as unknown.
            severity_id: if self.severity_id <= 6 {
                self.severity_id
            } else {
                0
            },
            program: key(&self.program),
            site: key(&self.site),
            time_ms: self.time_ms,
            received_ms: self.received_ms,
            story_key: self.bounded_story_key(),
            story_entity: Entity {
                kind: key(&self.story_entity.kind),
                value: key(&self.story_entity.value),
            },
            message: line(&self.message),
            reason: self.bounded_reason(),
            event_ids: list(&self.event_ids, MAX_EVENTS),
            tags: list(&self.tags, MAX_TAGS),
            first_steps: self
                .first_steps
                .iter()
                .take(MAX_STEPS)
                .map(|step| line(step))
                .collect(),
        }
    }

    fn bounded_story_key(&self) -> String {
        if self.story_key.len() <= MAX_KEY {
            self.story_key.clone()
        } else {
            format!("sha256:{}", sha256_hex(self.story_key.as_bytes()))
        }
    }

    fn bounded_reason(&self) -> Value {
        let text = self.reason.to_string();
        if text.len() <= MAX_REASON {
            return self.reason.clone();
        }
        serde_json::json!({ "truncated": true, "beginning": clip(&text, MAX_REASON / 2) })
    }
}
