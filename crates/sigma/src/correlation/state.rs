//! Correlation state as it is kept across restarts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Correlation;
use super::group::{Group, Seen};
use super::store::Store;

/// Everything an engine remembers between events, ready for any serde format.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    pub(crate) correlations: Vec<CorrelationState>,
}

/// What [`crate::Engine::restore`] could use of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Correlations that go on where they were.
    pub kept: usize,
    /// Correlations whose rule is gone or changed; they start empty.
    pub dropped: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CorrelationState {
    /// The rule's id, name or title.
    pub rule: String,
    pub fingerprint: String,
    pub groups: Vec<GroupState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupState {
    key: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<EntryState>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chains: Vec<Vec<(i64, Id)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_until: Option<i64>,
    latest_ms: i64,
    #[serde(default)]
    received_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EntryState(i64, Id, Option<String>);

/// An event id as 32 hexadecimal digits: JSON readers lose digits of large numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Id(String);

impl Id {
    fn new(id: u128) -> Self {
        Self(format!("{id:032x}"))
    }

    fn read(&self) -> Option<u128> {
        u128::from_str_radix(&self.0, 16).ok()
    }
}

impl CorrelationState {
    pub fn of(rule: &str, correlation: &Correlation, store: &Store) -> Self {
        let groups = store.iter().map(|(key, group)| GroupState {
            key: key.to_vec(),
            entries: group
                .entries
                .iter()
                .map(|((time, _), seen)| {
                    EntryState(
                        *time,
                        Id::new(seen.event),
                        seen.mark.as_deref().map(str::to_owned),
                    )
                })
                .collect(),
            chains: group
                .chains
                .iter()
                .map(|chain| {
                    chain
                        .iter()
                        .map(|(time, id)| (*time, Id::new(*id)))
                        .collect()
                })
                .collect(),
            quiet_until: group.quiet_until,
            latest_ms: group.latest_ms,
            received_ms: group.received_ms,
        });
        Self {
            rule: rule.to_owned(),
            fingerprint: format!("{:016x}", correlation.fingerprint),
            groups: groups.collect(),
        }
    }

    pub fn is_of(&self, rule: &str, correlation: &Correlation) -> bool {
        self.rule == rule && self.fingerprint == format!("{:016x}", correlation.fingerprint)
    }

    pub fn into_store(self, correlation: &Correlation) -> Store {
        let mut store = Store::default();
        for state in self.groups {
            let key: Arc<[String]> = state.key.into();
            // A damaged state file must not list a group twice.
            store.remove(&key);
            store.insert(
                key,
                Group::from(state.entries, state.chains, correlation).with_times(
                    state.quiet_until,
                    state.latest_ms,
                    state.received_ms,
                ),
            );
        }
        store
    }
}

impl Group {
    fn from(
        entries: Vec<EntryState>,
        chains: Vec<Vec<(i64, Id)>>,
        correlation: &Correlation,
    ) -> Self {
        let mut group = Self::default();
        for EntryState(time, id, mark) in entries.into_iter().take(correlation.capacity()) {
            if let Some(event) = id.read() {
                group.insert(
                    time,
                    Seen {
                        event,
                        mark: mark.map(Arc::from),
                    },
                );
            }
        }
        let steps = correlation.inputs.len();
        group.chains = chains
            .into_iter()
            .take(steps)
            .map(|chain| {
                let step = |(time, id): (i64, Id)| Some((time, id.read()?));
                chain.into_iter().take(steps).filter_map(step).collect()
            })
            .collect();
        group
    }

    fn with_times(mut self, quiet_until: Option<i64>, latest_ms: i64, received_ms: i64) -> Self {
        (self.quiet_until, self.latest_ms) = (quiet_until, latest_ms);
        self.received_ms = received_ms;
        self
    }
}
