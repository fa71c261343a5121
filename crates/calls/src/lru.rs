//! A bounded map that forgets what was used least recently.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Use is counted in touches, not in time, so that the same log always forgets the same entries.
/// The hash map is never walked; what needs an order follows the queue.
#[derive(Debug, Clone)]
pub(crate) struct Lru<K, V> {
    clock: u64,
    map: HashMap<K, Slot<V>>,
    /// Oldest first. An entry whose stamp is not its slot's is stale.
    queue: VecDeque<(u64, K)>,
    pub(crate) evicted: u64,
}

#[derive(Debug, Clone)]
struct Slot<V> {
    stamp: u64,
    /// Apart from the table, which has twice as many places as entries and moves them when it grows.
    value: Box<V>,
}

impl<K, V> Default for Lru<K, V> {
    fn default() -> Self {
        Self {
            clock: 0,
            map: HashMap::new(),
            queue: VecDeque::new(),
            evicted: 0,
        }
    }
}

impl<K: Hash + Eq + Clone, V> Lru<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.get(key).map(|s| &*s.value)
    }

    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.get_mut(key).map(|s| &mut *s.value)
    }

    pub(crate) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.remove(key).map(|s| *s.value)
    }

    /// Notes a use. A quarter of the map may be used more recently before an entry moves in the
    /// queue: nearly the same order for far fewer writes.
    pub(crate) fn touch<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        let lazy = self.map.len() as u64 / 4;
        if let Some(slot) = self.map.get_mut(key)
            && self.clock - slot.stamp > lazy
        {
            self.clock += 1;
            slot.stamp = self.clock;
            self.queue.push_back((self.clock, K::from(key)));
            self.compact();
        }
    }

    /// Puts an entry in; returns what had to go for it.
    pub(crate) fn insert(&mut self, cap: usize, key: K, value: V) -> Option<(K, V)> {
        self.clock += 1;
        let stamp = self.clock;
        self.queue.push_back((stamp, key.clone()));
        let value = Box::new(value);
        self.map.insert(key, Slot { stamp, value });
        self.compact();
        if self.map.len() <= cap.max(1) {
            return None;
        }
        while let Some((stamp, key)) = self.queue.pop_front() {
            if self.map.get(&key).is_some_and(|s| s.stamp == stamp) {
                self.evicted += 1;
                return self.map.remove(&key).map(|s| (key, *s.value));
            }
        }
        None
    }

    /// Entries, least recently used first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.queue.iter().filter_map(|(stamp, key)| {
            let slot = self.map.get(key)?;
            (slot.stamp == *stamp).then_some((key, &*slot.value))
        })
    }

    fn compact(&mut self) {
        if self.queue.len() > 2 * self.map.len() + 16 {
            let map = &self.map;
            self.queue
                .retain(|(stamp, key)| map.get(key).is_some_and(|s| s.stamp == *stamp));
        }
    }
}

impl<K: Hash + Eq + Clone + Serialize, V: Serialize> Serialize for Lru<K, V> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let entries: Vec<_> = self
            .queue
            .iter()
            .filter_map(|(stamp, key)| {
                let slot = self.map.get(key)?;
                (slot.stamp == *stamp).then_some((stamp, key, &slot.value))
            })
            .collect();
        (self.clock, self.evicted, entries).serialize(s)
    }
}

impl<'de, K, V> Deserialize<'de> for Lru<K, V>
where
    K: Hash + Eq + Clone + Deserialize<'de>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (clock, evicted, entries): (u64, u64, Vec<(u64, K, V)>) = Deserialize::deserialize(d)?;
        let mut lru = Self {
            clock,
            evicted,
            ..Self::default()
        };
        for (stamp, key, value) in entries {
            if stamp > clock {
                return Err(serde::de::Error::custom("a stamp is ahead of its clock"));
            }
            lru.queue.push_back((stamp, key.clone()));
            let value = Box::new(value);
            lru.map.insert(key, Slot { stamp, value });
        }
        Ok(lru)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru: Lru<Arc<str>, u8> = Lru::default();
        for (i, k) in ["a", "b", "c"].into_iter().enumerate() {
            assert!(lru.insert(3, k.into(), i as u8).is_none());
        }
        lru.touch("a");
        assert_eq!(lru.insert(3, "d".into(), 9).unwrap().0.as_ref(), "b");
        assert_eq!((lru.len(), lru.evicted), (3, 1));
    }

    #[test]
    fn the_queue_stays_short() {
        let mut lru: Lru<Arc<str>, u8> = Lru::default();
        for _ in 0..10_000 {
            for k in ["a", "b"] {
                lru.insert(4, k.into(), 1);
                lru.touch(k);
            }
        }
        assert!(lru.queue.len() <= 2 * lru.len() + 17);
        let text = serde_json::to_string(&lru).unwrap();
        let again: Lru<Arc<str>, u8> = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}
