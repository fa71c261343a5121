//! Proofs of inclusion and of consistency (RFC 6962, section 2.1; checked as in RFC 9162, section 2.1).

use crate::hash::{EMPTY, Hash, node};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such entry in a tree of that size.
    #[error("entry {index} is not among the {size} of the checkpoint")]
    NoSuchEntry {
        /// Of the entry, from 0.
        index: u64,
        /// Of the tree.
        size: u64,
    },
    /// The second tree is the smaller one: the log was rolled back.
    #[error("the log has {new} entries now and had {old} before: it was rolled back")]
    RolledBack {
        /// Entries before.
        old: u64,
        /// Entries now.
        new: u64,
    },
    /// A proof for these sizes has another number of hashes.
    #[error("the proof has {got} hashes, and one for these sizes has {wanted}")]
    Length {
        /// Hashes that are there.
        got: usize,
        /// Hashes that it takes.
        wanted: usize,
    },
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the checkpoint's root")]
    Root,
    /// The hashes lead to the new root and not to the root of the older tree: what was there was changed.
    /// Of two signed checkpoints this proves that the log has two pasts.
    #[error("what was in the log at size {old} is not what is there now")]
    Forked {
        /// Of the older tree.
        old: u64,
    },
}

/// Where hashes of perfect subtrees come from.
pub trait Subtrees {
    /// Why there is none.
    type Error;

    /// The root of entries `index * 2^level` up to the next such multiple.
    ///
    /// # Errors
    /// When it cannot be had.
    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the first `size` entries.
///
/// # Errors
/// When a subtree cannot be had.
pub fn root<S: Subtrees>(of: &mut S, size: u64) -> Result<Hash, S::Error> {
    range(of, 0, size)
}

/// The path from entry `index` up to the root of the first `size`, the leaf's sibling first (RFC 6962,
/// section 2.1.1). Empty where there is no such entry.
///
/// # Errors
/// When a subtree cannot be had.
pub fn inclusion<S: Subtrees>(of: &mut S, index: u64, size: u64) -> Result<Vec<Hash>, S::Error> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    if index >= size {
        return Ok(path);
    }
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range(of, middle, to)?);
            to = middle;
        } else {
            path.push(range(of, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// What shows that the first `new` entries begin with the first `old` ones (RFC 6962, section 2.1.2).
/// Empty where nothing has to be shown, and where `old` is the larger.
///
/// # Errors
/// When a subtree cannot be had.
pub fn consistency<S: Subtrees>(of: &mut S, old: u64, new: u64) -> Result<Vec<Hash>, S::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut from, mut to) = (0, new);
    // Down to the subtree that ends where the old tree ended; what is passed on the way is the proof.
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range(of, middle, to)?);
            to = middle;
        } else {
            path.push(range(of, from, middle)?);
            from = middle;
        }
    }
    // A subtree that starts the tree is the old root itself, which whoever checks has.
    if from != 0 {
        path.push(range(of, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that an entry with this hash has this place under a root.
///
/// # Errors
/// Says what does not fit.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchEntry { index, size });
    }
    // Below where the ways to this leaf and to the last one part, the path has a hash for each level;
    // above, one for each time the way turns right.
    let inner = (u64::BITS - (index ^ (size - 1)).leading_zeros()) as usize;
    let border = index.checked_shr(inner as u32).unwrap_or(0).count_ones() as usize;
    if path.len() != inner + border {
        return Err(ProofError::Length {
            got: path.len(),
            wanted: inner + border,
        });
    }
    let mut hash = *leaf;
    for (level, sibling) in path.iter().enumerate() {
        let right_child = level >= inner || index >> level & 1 == 1;
        hash = match right_child {
            true => node(sibling, &hash),
            false => node(&hash, sibling),
        };
    }
    match hash == *root {
        true => Ok(()),
        false => Err(ProofError::Root),
    }
}

/// Checks that the tree of the new root begins with that of the old one.
///
/// # Errors
/// Says what does not fit.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::RolledBack { old, new });
    }
    let nothing_to_show = old == 0 || old == new;
    if nothing_to_show && !path.is_empty() {
        let got = path.len();
        return Err(ProofError::Length { got, wanted: 0 });
    }
    if old == 0 {
        let empty = *old_root == EMPTY && (new != 0 || *new_root == EMPTY);
        return if empty {
            Ok(())
        } else {
            Err(ProofError::Forked { old })
        };
    }
    if old == new {
        return if old_root == new_root {
            Ok(())
        } else {
            Err(ProofError::Forked { old })
        };
    }
    follow((old, old_root), (new, new_root), path)
}

/// Both roots from one path: what stands left belongs to both trees, what stands right to the new one.
fn follow(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    // The subtree that ends the old tree: its level, and the number of its place there.
    let shift = old.trailing_zeros();
    let (mut place, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let starts = place == 0;
    let wanted = length(old, new);
    if path.len() != wanted {
        let got = path.len();
        return Err(ProofError::Length { got, wanted });
    }
    let mut rest = path.iter();
    let seed = match starts {
        true => *old_root,
        false => *rest.next().ok_or(ProofError::Root)?,
    };
    let (mut before, mut after) = (seed, seed);
    for hash in rest {
        if place & 1 == 1 || place == last {
            before = node(hash, &before);
            after = node(hash, &after);
            // Up past the levels where the last subtree has no sibling yet.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    // The new root first: hashes that do not lead there prove nothing of the old tree either.
    if after != *new_root {
        return Err(ProofError::Root);
    }
    match before == *old_root {
        true => Ok(()),
        false => Err(ProofError::Forked { old }),
    }
}

/// Hashes of a proof of consistency between two sizes, of which the first is above 0 and below the second.
fn length(old: u64, new: u64) -> usize {
    let (mut from, mut to, mut count) = (0, new, 0);
    while to != old {
        let middle = from + split(to - from);
        match old <= middle {
            true => to = middle,
            false => from = middle,
        }
        count += 1;
    }
    count + usize::from(from != 0)
}

/// The largest power of two below `n`, which is above 1.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The root of entries `from` up to `to`, where `from` is a multiple of a power of two that is no
/// smaller than the range: what the tree itself consists of.
fn range<S: Subtrees>(of: &mut S, from: u64, to: u64) -> Result<Hash, S::Error> {
    let count = to - from;
    if count == 0 {
        return Ok(EMPTY);
    }
    if count.is_power_of_two() {
        let level = count.ilog2();
        return of.subtree(u8::try_from(level).unwrap_or(u8::MAX), from >> level);
    }
    let middle = from + split(count);
    let left = range(of, from, middle)?;
    Ok(node(&left, &range(of, middle, to)?))
}
