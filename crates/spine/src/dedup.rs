//! The identities that are recognised when they come again.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// A bounded window over the most recent identities.
///
/// Identities stand once, in a ring, 16 bytes each; the table beside it holds
/// 4-byte places in the ring (5 with hashbrown's tag, at a load of ½ to ⅞). That
/// makes 22 to 26 bytes an identity, up to 42 right after the ring grew: a third
/// less than a set and a queue. Identities can come from senders, so the hash is
/// keyed.
pub(crate) struct Window {
    limit: usize,
    ring: VecDeque<u128>,
    /// Counts identities ever inserted, modulo 2³²; a place in the table is the
    /// low part of that count, which stays right while the ring moves.
    inserted: u32,
    table: HashTable<u32>,
    hasher: RandomState,
}

impl Window {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit: limit.clamp(1, 1 << 30),
            ring: VecDeque::new(),
            inserted: 0,
            table: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn contains(&self, identity: u128) -> bool {
        let start = self.start();
        let hash = self.hasher.hash_one(identity);
        self.table
            .find(hash, |&place| {
                at(&self.ring, start, place) == Some(identity)
            })
            .is_some()
    }

    /// Takes in an identity that is not in the window, forgetting the oldest if
    /// the window is full.
    pub(crate) fn insert(&mut self, identity: u128) {
        if self.contains(identity) {
            return;
        }
        if self.ring.len() >= self.limit {
            self.forget_oldest();
        }
        let place = self.inserted;
        self.ring.push_back(identity);
        self.inserted = self.inserted.wrapping_add(1);
        let start = self.start();
        let (ring, hasher) = (&self.ring, &self.hasher);
        let rehash = |&place: &u32| hasher.hash_one(at(ring, start, place).unwrap_or_default());
        self.table
            .insert_unique(hasher.hash_one(identity), place, rehash);
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    fn forget_oldest(&mut self) {
        let start = self.start();
        if let Some(oldest) = self.ring.front() {
            let hash = self.hasher.hash_one(oldest);
            if let Ok(found) = self.table.find_entry(hash, |&place| place == start) {
                found.remove();
            }
        }
        self.ring.pop_front();
    }

    /// The place of the oldest identity.
    fn start(&self) -> u32 {
        // The ring is never longer than 2³⁰.
        self.inserted.wrapping_sub(self.ring.len() as u32)
    }
}

fn at(ring: &VecDeque<u128>, start: u32, place: u32) -> Option<u128> {
    ring.get(place.wrapping_sub(start) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn remembers_exactly_the_most_recent(
            limit in 1..40_usize,
            identities in proptest::collection::vec(0..80_u128, 0..400),
            // Start close to the wrap of the counter.
            begin in (u32::MAX - 200)..=u32::MAX,
        ) {
            let mut window = Window::new(limit);
            window.inserted = begin;
            let mut model: VecDeque<u128> = VecDeque::new();
            for identity in identities {
                prop_assert_eq!(window.contains(identity), model.contains(&identity));
                window.insert(identity);
                if !model.contains(&identity) {
                    model.push_back(identity);
                    if model.len() > limit {
                        model.pop_front();
                    }
                }
                prop_assert_eq!(window.len(), model.len());
                prop_assert_eq!(window.table.len(), model.len());
            }
        }
    }
}
