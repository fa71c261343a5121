//! How one set of policies differs from the one before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Policies;

/// A policy that is another one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The policy.
    pub id: String,
    /// What became of it.
    pub verb: Verb,
    /// As it was; absent when it is new, or when only a [`Trace`] of it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// As it is; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What became of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// There was none of this id.
    Added,
    /// It has another text.
    Changed,
    /// There is none of this id any more.
    Removed,
}

impl Verb {
    /// As a sentence says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What a set of policies leaves behind, so that a later run can tell what changed: no texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// SHA-256 of all texts.
    pub fingerprint: String,
    /// SHA-256 of each text, by id.
    pub laws: BTreeMap<String, String>,
}

impl Policies {
    /// What differs from an earlier set.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let text = |id: &str| before.law(id).map(|law| law.text.clone());
        let ids = before.laws().map(|law| law.id.as_str());
        let mut changes = self.changes(ids, |id, now| text(id).as_deref() == Some(now));
        for change in &mut changes {
            change.before = text(&change.id);
        }
        changes
    }

    /// What differs from a set of which only this is known.
    #[must_use]
    pub fn changes_since_trace(&self, before: &Trace) -> Vec<Change> {
        let ids = before.laws.keys().map(String::as_str);
        self.changes(ids, |id, now| {
            before.laws.get(id).is_some_and(|was| *was == digest(now))
        })
    }

    /// What a later run needs to tell what changed.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let laws = self.laws().map(|law| (law.id.clone(), digest(&law.text)));
        Trace {
            fingerprint: self.fingerprint().to_string(),
            laws: laws.collect(),
        }
    }

    fn changes<'a>(
        &self,
        before: impl Iterator<Item = &'a str>,
        is_as_before: impl Fn(&str, &str) -> bool,
    ) -> Vec<Change> {
        let before: BTreeSet<&str> = before.collect();
        let now = self.laws().map(|law| law.id.as_str());
        let ids: BTreeSet<&str> = before.iter().copied().chain(now).collect();
        let change = |id: &str| {
            let law = self.law(id);
            let verb = match law {
                None => Verb::Removed,
                Some(_) if !before.contains(id) => Verb::Added,
                Some(law) if !is_as_before(id, &law.text) => Verb::Changed,
                Some(_) => return None,
            };
            Some(Change {
                id: id.to_owned(),
                verb,
                before: None,
                after: law.map(|law| law.text.clone()),
            })
        };
        ids.into_iter().filter_map(change).collect()
    }
}

fn digest(text: &str) -> String {
    ringfence_crypto::sha256_hex(text.as_bytes())
}
