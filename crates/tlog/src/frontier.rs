//! What an appender has to remember of a tree: the roots of its perfect subtrees, at most 64.

use crate::hash::{EMPTY, Hash, node};

/// The right edge of a tree that grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    /// Roots of the perfect subtrees from the largest to the smallest, one for each set bit of `size`.
    roots: Vec<Hash>,
    size: u64,
}

impl Frontier {
    /// The edge of a tree of which these are the perfect subtrees, the largest first; nothing when there
    /// are not as many as a tree of that size has.
    #[must_use]
    pub fn of(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let fits = roots.len() == size.count_ones() as usize;
        fits.then_some(Self { roots, size })
    }

    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // As many subtrees are completed by a leaf as the size ends in set bits.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            hash = node(&left, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.roots.iter().rev();
        let Some(smallest) = from_right.next() else {
            return EMPTY;
        };
        from_right.fold(*smallest, |right, left| node(left, &right))
    }
}
