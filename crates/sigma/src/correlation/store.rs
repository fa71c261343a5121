//! All groups of one correlation, bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Correlation;
use super::group::{Firing, Group, Hit};

/// Bounds on what correlations remember. Both hold for each correlation by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Distinct sets of group-by values. The one longest without an event goes first.
    pub groups: usize,
    /// Remembered events over all groups, at about 100 bytes each; groups count as
    /// one more each. The group longest without an event goes first.
    pub entries: usize,
}

impl Default for Limits {
    /// At most about 25 MB for a correlation under attack.
    fn default() -> Self {
        Self {
            groups: 20_000,
            entries: 200_000,
        }
    }
}

/// Values of the group-by fields, in their order.
pub(crate) type GroupKey = Arc<[String]>;

#[derive(Debug, Default)]
pub(crate) struct Store {
    groups: HashMap<GroupKey, Kept>,
    /// Groups by their last event; the number only keeps equal times apart.
    by_age: BTreeMap<(i64, u64), GroupKey>,
    touches: u64,
    weight: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Kept {
    group: Group,
    age: (i64, u64),
}

impl Store {
    /// Takes a hit into its group, and lets groups go that are over or too many.
    pub fn add(
        &mut self,
        correlation: &Correlation,
        limits: &Limits,
        key: &GroupKey,
        hit: &Hit,
    ) -> Option<Firing> {
        let mut group = self.remove(key).unwrap_or_default();
        let firing = group.add(correlation, hit);
        self.insert(Arc::clone(key), group);
        // By this hit and not by its group, which may be dated ahead since our clock was.
        self.expire(hit.received_ms.saturating_sub(correlation.span_ms));
        while self.groups.len() > limits.groups.max(1)
            || (self.weight > limits.entries && self.groups.len() > 1)
        {
            self.pop_oldest();
            self.evicted += 1;
        }
        firing
    }

    /// Groups without an event since `start`: their windows are empty.
    fn expire(&mut self, start: i64) {
        while self
            .by_age
            .first_key_value()
            .is_some_and(|((time, _), _)| *time <= start)
        {
            self.pop_oldest();
        }
    }

    fn pop_oldest(&mut self) {
        if let Some((_, key)) = self.by_age.pop_first()
            && let Some(kept) = self.groups.remove(&key)
        {
            self.weight -= kept.group.weight();
        }
    }

    pub fn remove(&mut self, key: &GroupKey) -> Option<Group> {
        let kept = self.groups.remove(key)?;
        self.by_age.remove(&kept.age);
        self.weight -= kept.group.weight();
        Some(kept.group)
    }

    pub fn insert(&mut self, key: GroupKey, group: Group) {
        self.touches += 1;
        let age = (group.received_ms, self.touches);
        self.weight += group.weight();
        self.by_age.insert(age, Arc::clone(&key));
        self.groups.insert(key, Kept { group, age });
    }

    /// Groups, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&GroupKey, &Group)> {
        self.by_age
            .values()
            .filter_map(|key| Some((key, &self.groups.get(key)?.group)))
    }

    pub fn len(&self) -> usize {
        self.groups.len()
    }

    pub fn weight(&self) -> usize {
        self.weight
    }

    pub fn evicted(&self) -> u64 {
        self.evicted
    }
}
