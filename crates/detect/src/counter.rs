//! Counts what rules match, without saying findings: for hunts over many files.

use std::collections::HashMap;
use std::sync::Arc;

use ringfence_event::Event;
use ringfence_sigma::{Engine, Limits};

use crate::pack::Pack;
use crate::subject::{Subject, reference};

/// Hits by rule.
#[derive(Debug)]
pub struct Counter {
    engine: Engine,
    hits: HashMap<String, u64>,
}

impl Counter {
    /// Over the rules of a pack.
    #[must_use]
    pub fn new(pack: &Pack) -> Self {
        let engine = Engine::new(Arc::clone(&pack.rules), Limits::default());
        Self {
            engine,
            hits: HashMap::new(),
        }
    }

    /// Judges one event.
    pub fn event(&mut self, event: &Event) {
        let subject = Subject { event, facts: None };
        for found in self
            .engine
            .evaluate(subject.logsource(), &subject, reference(event))
        {
            *self.hits.entry(found.rule.key().to_owned()).or_default() += 1;
        }
    }

    /// Rule and hits, most hits first, then by rule.
    #[must_use]
    pub fn hits(&self) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self.hits.iter().map(|(k, n)| (k.clone(), *n)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }
}
