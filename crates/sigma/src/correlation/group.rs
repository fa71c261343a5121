//! One group of a correlation: what happened lately for one set of group-by values.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Correlation, Join};

/// Events named in a match.
const MOST_IDS: usize = 100;

/// A match of an input rule, on its way into a group.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub time_ms: i64,
    pub received_ms: i64,
    pub event: u128,
    /// Which input of the correlation matched.
    pub position: usize,
    /// The counted value, for `value_count`.
    pub value: Option<String>,
}

/// A remembered match. What two entries may not share is their mark: the counted
/// value, or the rule that matched.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub event: u128,
    pub mark: Option<Arc<str>>,
}

/// What a group knows when its correlation fires.
#[derive(Debug)]
pub(crate) struct Firing {
    pub count: u64,
    pub events: Vec<u128>,
    pub first_ms: i64,
    pub last_ms: i64,
}

/// About 100 bytes for each entry, 200 for the group itself.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// By time, then by order of arrival.
    pub entries: BTreeMap<(i64, u64), Seen>,
    newest: HashMap<Arc<str>, (i64, u64)>,
    /// For `temporal_ordered`: by position, the youngest chain that ends there.
    pub chains: Vec<Vec<(i64, u128)>>,
    pub quiet_until: Option<i64>,
    /// When the newest hit happened: the window ends there.
    pub latest_ms: i64,
    /// When the last hit was received: the group is forgotten by it.
    pub received_ms: i64,
    arrivals: u64,
}

impl Group {
    /// Takes a hit. Fires if the condition now holds and the group is not quiet.
    ///
    /// Time is that of the newest hit: an older one still counts if the window that
    /// ends there reaches back to it. Having fired, the group stays quiet for one
    /// timespan, so that an attack of ten thousand events makes a handful of findings;
    /// it goes on counting meanwhile and fires again if the attack goes on.
    pub fn add(&mut self, correlation: &Correlation, hit: &Hit) -> Option<Firing> {
        self.latest_ms = match self.entries.is_empty() && self.chains.is_empty() {
            true => hit.time_ms,
            false => self.latest_ms.max(hit.time_ms),
        };
        self.received_ms = self.received_ms.max(hit.received_ms);
        let start = self.latest_ms.saturating_sub(correlation.span_ms);
        let firing = if correlation.join == Join::TemporalOrdered {
            self.extend_chain(correlation, hit, start)
        } else {
            self.forget_before(start);
            if hit.time_ms > start && !self.has(hit) {
                self.remember(correlation, hit);
            }
            let count = self.entries.len() as u64;
            correlation.fires(count).then(|| self.firing(count))
        };
        if self.quiet_until.is_some_and(|until| self.latest_ms < until) {
            return None;
        }
        if firing.is_some() {
            self.quiet_until = Some(self.latest_ms.saturating_add(correlation.span_ms));
        }
        firing
    }

    /// Whether this event counts already: one is judged again when more is known about it.
    fn has(&self, hit: &Hit) -> bool {
        let same_time = (hit.time_ms, 0)..=(hit.time_ms, u64::MAX);
        let unmarked = |seen: &Seen| seen.mark.is_none() && seen.event == hit.event;
        self.entries
            .range(same_time)
            .any(|(_, seen)| unmarked(seen))
    }

    fn remember(&mut self, correlation: &Correlation, hit: &Hit) {
        let mark: Option<Arc<str>> = match correlation.join {
            Join::ValueCount => hit.value.as_deref().map(Arc::from),
            Join::Temporal => Some(Arc::from(hit.position.to_string())),
            Join::EventCount | Join::TemporalOrdered => None,
        };
        self.insert(
            hit.time_ms,
            Seen {
                event: hit.event,
                mark,
            },
        );
        while self.entries.len() > correlation.capacity() {
            self.pop_oldest();
        }
    }

    /// Puts an entry in; one with the same mark gives way to the later of the two.
    pub fn insert(&mut self, time_ms: i64, seen: Seen) {
        self.arrivals += 1;
        let at = (time_ms, self.arrivals);
        if let Some(mark) = &seen.mark {
            match self.newest.get(mark) {
                Some((old, _)) if *old > time_ms => return,
                Some(old) => {
                    self.entries.remove(old);
                }
                None => {}
            }
            self.newest.insert(Arc::clone(mark), at);
        }
        self.entries.insert(at, seen);
    }

    fn forget_before(&mut self, start: i64) {
        while self
            .entries
            .first_key_value()
            .is_some_and(|((time, _), _)| *time <= start)
        {
            self.pop_oldest();
        }
    }

    fn pop_oldest(&mut self) {
        if let Some((
            _,
            Seen {
                mark: Some(mark), ..
            },
        )) = self.entries.pop_first()
        {
            self.newest.remove(&mark);
        }
    }

    fn firing(&self, count: u64) -> Firing {
        let skip = self.entries.len().saturating_sub(MOST_IDS);
        let time = |entry: Option<(&(i64, u64), &Seen)>| entry.map_or(0, |((time, _), _)| *time);
        Firing {
            count,
            events: self
                .entries
                .values()
                .skip(skip)
                .map(|seen| seen.event)
                .collect(),
            first_ms: time(self.entries.first_key_value()),
            last_ms: time(self.entries.last_key_value()),
        }
    }

    /// For each position it is enough to keep the chain that began last: if any chain
    /// can still be finished inside the window, that one can.
    fn extend_chain(&mut self, correlation: &Correlation, hit: &Hit, start: i64) -> Option<Firing> {
        self.chains.resize_with(correlation.inputs.len(), Vec::new);
        let mut chain = match hit.position.checked_sub(1) {
            None => Vec::new(),
            Some(previous) => {
                let before = self.chains.get(previous)?.clone();
                let (first, last) = (before.first()?, before.last()?);
                // One event cannot be two steps, and no step comes before the last one.
                if first.0 <= start || last.0 > hit.time_ms || last.1 == hit.event {
                    return None;
                }
                before
            }
        };
        chain.push((hit.time_ms, hit.event));
        let complete = chain.len() == correlation.inputs.len();
        let firing = complete.then(|| Firing {
            count: chain.len() as u64,
            events: chain
                .iter()
                .take(MOST_IDS)
                .map(|(_, event)| *event)
                .collect(),
            first_ms: chain.first().map_or(hit.time_ms, |(time, _)| *time),
            last_ms: hit.time_ms,
        });
        if let Some(slot) = self.chains.get_mut(hit.position) {
            *slot = chain;
        }
        firing
    }

    /// What the group weighs against the correlation's budget.
    pub fn weight(&self) -> usize {
        1 + self.entries.len() + self.chains.iter().map(Vec::len).sum::<usize>()
    }
}
