//! What can be wrong with a log, each fault with the place that it is at.

use ringfence_tlog::{CheckpointError, NoteError, Tile};

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A file cannot be had.
    #[error("{tile}: {why}")]
    Unreadable {
        /// Which.
        tile: Tile,
        /// Why.
        why: String,
    },
    /// A file has another length than its width says: it was cut, or something was taken out of it.
    #[error("{tile} has another length than {} takes", .tile.width())]
    Length {
        /// Which.
        tile: Tile,
    },
    /// An entry is not the one whose hash is in the tree.
    #[error("entry {index} is not what was logged: it was changed, removed or moved")]
    Entry {
        /// Which, from 0.
        index: u64,
    },
    /// An entry that is there is none of an evidence log's.
    #[error("entry {index} is no entry of an evidence log")]
    Leaf {
        /// Which, from 0.
        index: u64,
    },
    /// A hash above the leaves is not that of what lies below it.
    #[error("the hash over entries {first} to {last} is not theirs ({tile})")]
    Node {
        /// The tile that it stands in.
        tile: Tile,
        /// First entry below it.
        first: u64,
        /// Last entry below it.
        last: u64,
    },
    /// The entries do not make the root that the checkpoint says.
    #[error("the entries do not make the root of the checkpoint of {size} entries")]
    Root {
        /// Of the checkpoint.
        size: u64,
    },
    /// A checkpoint that somebody remembers is larger than the log.
    #[error(
        "a checkpoint with {remembered} entries is remembered, and the log has {size}: it was rolled back"
    )]
    RolledBack {
        /// Entries of the remembered one.
        remembered: u64,
        /// Entries now.
        size: u64,
    },
    /// The first entries are not those of a checkpoint that somebody remembers.
    #[error(
        "the first {size} entries are not those of the checkpoint that is remembered: the log was rewritten"
    )]
    Rewritten {
        /// Of the remembered checkpoint.
        size: u64,
    },
    /// A checkpoint that somebody remembers cannot be held against this one.
    #[error(
        "the checkpoint of {remembered} entries that is remembered cannot be held against that of {size}: {why}"
    )]
    Uncompared {
        /// Entries of the remembered one.
        remembered: u64,
        /// Entries of this one.
        size: u64,
        /// Why.
        why: String,
    },
    /// Entries were asked for that the log has not.
    #[error("entries before {asked} were asked for, and the log has {size}")]
    NoEntries {
        /// The first that was not asked for.
        asked: u64,
        /// Entries of the log.
        size: u64,
    },
    /// An entry, or what proves it, cannot be read.
    #[error("entry {index} cannot be checked: {why}")]
    Unread {
        /// Which, from 0.
        index: u64,
        /// Why.
        why: String,
    },
    /// A checkpoint that somebody remembers was not signed by this log.
    #[error("a remembered checkpoint cannot be used: {0}")]
    Remembered(CheckpointError),
    /// The first entries are not those that witnesses cosigned.
    #[error(
        "the first {size} entries are not those that witnesses cosigned: the log was rewritten"
    )]
    CosignedOther {
        /// Of the cosigned checkpoint.
        size: u64,
    },
    /// Witnesses cosigned more entries than there are.
    #[error("witnesses cosigned {cosigned} entries, and the log has {size}: it was rolled back")]
    CosignedMore {
        /// Entries of the cosigned checkpoint.
        cosigned: u64,
        /// Entries now.
        size: u64,
    },
    /// The cosigned checkpoint was not signed by this log.
    #[error("the cosigned checkpoint cannot be used: {0}")]
    Cosigned(CheckpointError),
    /// A cosignature is not of this checkpoint and is of an older one.
    #[error(
        "the cosignature of `{witness}` is that of an older checkpoint, of {size} entries: it was replayed"
    )]
    Replayed {
        /// Whose.
        witness: String,
        /// Of the checkpoint that it is of.
        size: u64,
    },
    /// A cosignature of a witness that one knows is false.
    #[error("a witness: {0}")]
    Witness(NoteError),
    /// Too few witnesses.
    #[error("{got} of the {wanted} witnesses that have to have signed did")]
    Quorum {
        /// Who did.
        got: usize,
        /// Who has to.
        wanted: usize,
    },
    /// A record is not the one that was logged.
    #[error("the record of entry {index} is not the one that was logged")]
    Record {
        /// Which, from 0.
        index: u64,
    },
    /// There is no record, nor a word that it was erased.
    #[error("the record of entry {index} is missing")]
    NoRecord {
        /// Which, from 0.
        index: u64,
    },
}
