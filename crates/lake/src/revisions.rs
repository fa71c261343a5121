//! Which rows of a chunk late facts have reached, so that a copy of the chunk can be brought up to
//! date by those rows alone.

use std::ops::Range;

/// Most revisions remembered for a chunk. A copy that is further behind gets every row.
const MOST: usize = 8192;

/// The places that were revised, in the order in which it happened.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    forgotten: u64,
    rows: Vec<u32>,
}

impl Revisions {
    pub(crate) fn note(&mut self, rows: Range<usize>) {
        if self.rows.len() + rows.len() > MOST {
            self.forgotten += self.rows.len() as u64;
            self.rows.clear();
        }
        self.rows
            .extend(rows.map(|row| u32::try_from(row).unwrap_or(u32::MAX)));
    }

    /// How many there were.
    pub(crate) fn now(&self) -> u64 {
        self.forgotten + self.rows.len() as u64
    }

    /// The places revised after the first `seen`, each once; all `of` them when that is no
    /// longer known.
    pub(crate) fn since(&self, seen: u64, of: usize) -> Vec<u32> {
        let known = seen.checked_sub(self.forgotten);
        let from = known.and_then(|from| self.rows.get(usize::try_from(from).ok()?..));
        let Some(later) = from else {
            return (0..u32::try_from(of).unwrap_or(u32::MAX)).collect();
        };
        let mut rows = later.to_vec();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_of_later_places_once() {
        let mut revisions = Revisions::default();
        revisions.note(3..5);
        let seen = revisions.now();
        revisions.note(7..8);
        revisions.note(4..5);
        revisions.note(7..8);
        assert_eq!(revisions.since(seen, 10), [4, 7]);
        assert_eq!(revisions.since(0, 10), [3, 4, 7]);
        assert!(revisions.since(revisions.now(), 10).is_empty());
    }

    #[test]
    fn a_copy_that_is_far_behind_is_told_of_all() {
        let mut revisions = Revisions::default();
        let seen = revisions.now();
        for _ in 0..=MOST {
            revisions.note(1..2);
        }
        assert_eq!(revisions.since(seen, 3), [0, 1, 2]);
        assert_eq!(revisions.now(), MOST as u64 + 1);
    }
}
