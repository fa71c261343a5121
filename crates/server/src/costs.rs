//! What the rules in force cost, measured beside the work and only when somebody asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ringfence_detect::{Pack, costs};
use ringfence_event::{Entry, Event};

use crate::config::RulesConfig;
use crate::entries::Entries;
use crate::rules;

/// Entries of the log's end that rules are tried on.
const SAMPLE: u64 = 4_000;
/// Events among them that are used.
const MOST: usize = 1_000;

/// By rule, microseconds an event.
type ByRule = Arc<HashMap<String, f64>>;

/// Measures once for each pack.
pub(crate) struct Costs {
    entries: Arc<Entries>,
    config: RulesConfig,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The pack that was, or is being, measured.
    of: Option<Pack>,
    costs: ByRule,
}

impl Costs {
    pub(crate) fn new(entries: Arc<Entries>, config: RulesConfig) -> Self {
        Self {
            entries,
            config,
            known: Mutex::default(),
        }
    }

    /// What is known of this pack. Asked for the first time, it begins to measure.
    pub(crate) fn of(self: &Arc<Self>, pack: &Pack) -> ByRule {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.of.as_ref().is_none_or(|of| !of.is_same(pack)) {
            known.of = Some(pack.clone());
            known.costs = Arc::default();
            tokio::spawn(Arc::clone(self).measure(pack.clone()));
        }
        Arc::clone(&known.costs)
    }

    async fn measure(self: Arc<Self>, pack: Pack) {
        let from = self.entries.spine().durable().0.saturating_sub(SAMPLE);
        let from = from.max(self.entries.spine().tail().0);
        let Ok((batch, _)) = self.entries.apart(from).await else {
            return;
        };
        let events: Vec<Arc<Event>> = batch
            .iter()
            .filter_map(|(_, entry)| match &**entry {
                Entry::Event(event) => Some(Arc::clone(event)),
                _ => None,
            })
            .take(MOST)
            .collect();
        let config = self.config.clone();
        let nothing = events.is_empty();
        let started = Instant::now();
        let measured = tokio::task::spawn_blocking(move || {
            costs(&rules::sources(&config), &events, &mut || started.elapsed())
        });
        let Ok(measured) = measured.await else {
            return;
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.of.as_ref().is_some_and(|of| of.is_same(&pack)) {
            known.costs = Arc::new(measured);
            if nothing {
                // There was nothing to try them on: the next one who asks begins again.
                known.of = None;
            }
        }
    }
}
