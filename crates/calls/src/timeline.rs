//! What was true when: a short list of changes, sorted by event time.

use ringfence_event::Time;
use serde::{Deserialize, Serialize};

/// The last `CAP` changes. Arrival order does not matter as long as all fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline<T, const CAP: usize>(Vec<(Time, T)>);

impl<T, const CAP: usize> Default for Timeline<T, CAP> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq + Ord, const CAP: usize> Timeline<T, CAP> {
    /// Adds a change; the same change twice is one.
    pub(crate) fn add(&mut self, at: Time, value: T) {
        // Two changes in one millisecond are ordered by value, so that arrival cannot matter.
        let place = self.0.partition_point(|x| *x < (at, value));
        if self.0.get(place) == Some(&(at, value)) {
            return;
        }
        self.0.insert(place, (at, value));
        if self.0.len() > CAP {
            self.0.remove(0);
        }
    }

    /// Becomes the part of another that says what was true at `since` and later.
    pub(crate) fn follow(&mut self, of: &Self, since: Time) {
        let from = of.0.partition_point(|(at, _)| *at <= since);
        self.0.clear();
        let part = of.0.get(from.saturating_sub(1)..);
        self.0.extend_from_slice(part.unwrap_or_default());
    }

    /// The value at `t` and since when.
    pub(crate) fn at(&self, t: Time) -> Option<(Time, T)> {
        let after = self.0.partition_point(|(at, _)| *at <= t);
        after.checked_sub(1).and_then(|i| self.0.get(i)).copied()
    }

    /// The latest change.
    pub(crate) fn last(&self) -> Option<(Time, T)> {
        self.0.last().copied()
    }

    /// Changes after `t`, in order.
    pub(crate) fn after(&self, t: Time) -> impl Iterator<Item = (Time, T)> {
        let from = self.0.partition_point(|(at, _)| *at <= t);
        self.0.iter().skip(from).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_arrival_does_not_matter() {
        let mut a = Timeline::<u8, 4>::default();
        let mut b = a.clone();
        let changes = [(Time(5), 1), (Time(9), 2), (Time(2), 3), (Time(5), 4)];
        changes.iter().for_each(|(t, v)| a.add(*t, *v));
        changes.iter().rev().for_each(|(t, v)| b.add(*t, *v));
        b.add(Time(9), 2);
        assert_eq!(a, b);
        assert_eq!(a.at(Time(4)), Some((Time(2), 3)));
        assert_eq!(a.at(Time(1)), None);
        assert_eq!(a.after(Time(5)).count(), 1);
    }
}
