//! A log, read as somebody does who trusts nobody.

use std::fmt;
use std::io;

use ringfence_tlog::{
    Bundle, Checkpoint, CheckpointError, Cosignature, EMPTY, Frontier, HASH, Hash, Note, NoteError,
    Tile, TileSource, VerifierKey, WIDTH, above, leaf,
};

use crate::held::{self, Held, open};
use crate::leaf::{Leaf, SALT, commit};

/// Faults that are named; of more there is no use.
const MOST_FAULTS: usize = 100;

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

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the log says it is.
    pub checkpoint: Checkpoint,
    /// Witnesses that signed it.
    pub cosigned: Vec<Cosignature>,
    /// Sizes of remembered checkpoints that it follows from.
    pub follows: Vec<u64>,
    /// Records that are those that were logged.
    pub records: u64,
    /// Records that were erased.
    pub erased: u64,
    /// What is not as it was, at most a hundred.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing but the log itself speaks for it: who has its key could have written another.
    #[must_use]
    pub fn is_self_consistent_only(&self) -> bool {
        self.follows.is_empty() && self.cosigned.is_empty()
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// A record as the state store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Salt and text.
    Kept([u8; SALT], String),
    /// It was erased, with its salt.
    Erased,
}

/// Records in the order of the log, from the first entry on.
pub trait Rows {
    /// The record of the next entry; nothing when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn row(&mut self, index: u64) -> io::Result<Option<Row>>;
}

/// Reads all of a log.
///
/// # Errors
/// When the checkpoint is not one of this log's, so that nothing more can be said.
pub fn verify<S: TileSource<Error: fmt::Display>>(
    mut source: S,
    checkpoint: &Note,
    key: &VerifierKey,
    held: &Held,
    mut rows: Option<&mut dyn Rows>,
) -> Result<Report, CheckpointError> {
    let mut report = open(checkpoint, key, held)?;
    let size = report.checkpoint.size;
    let mut remembered = remembered(held, key, size, &mut report);

    let mut walk = Walk::default();
    walk.meet(&mut remembered, &mut report);
    let bundles = size.div_ceil(u64::from(WIDTH));
    for index in 0..bundles {
        let first = index * u64::from(WIDTH);
        let Some(tile) = Tile::bundle(first, size) else {
            break;
        };
        let width = usize::from(tile.width());
        let hashes = walk.hashes(&mut source, 0, index, size, &mut report);
        let bytes = read(&mut source, tile, &mut report);
        let entries = entries(&bytes, tile, &mut report);
        for at in 0..width {
            let n = first + at as u64;
            let entry = entries.get(at).copied();
            let logged = hashes.get(at).copied();
            let hash = entry.map(leaf);
            // Of a file that is not there nothing can be said but that.
            if !bytes.is_empty() && logged.is_some() && hash != logged {
                report.fault(Fault::Entry { index: n });
            }
            // What the tree says goes on, so that one changed entry is one fault.
            walk.push(
                logged.or(hash).unwrap_or(EMPTY),
                &mut source,
                size,
                &mut report,
            );
            if let Some(rows) = rows.as_deref_mut() {
                record(rows, n, entry, &mut report);
            }
            walk.meet(&mut remembered, &mut report);
        }
    }
    if walk.frontier.root() != report.checkpoint.root {
        report.fault(Fault::Root { size });
    }
    Ok(report)
}

/// Checkpoints that can be held against the log, the smallest first.
fn remembered(held: &Held, key: &VerifierKey, size: u64, report: &mut Report) -> Vec<(u64, Hash)> {
    let mut wanted = Vec::new();
    for known in held::remembered(held, key) {
        match known {
            Err(fault) => report.fault(fault),
            Ok(old) if old.size > size => report.fault(Fault::RolledBack {
                remembered: old.size,
                size,
            }),
            Ok(old) => wanted.push((old.size, old.root)),
        }
    }
    wanted.sort_unstable();
    wanted.reverse();
    wanted
}

/// The tree as it is built again, with the hashes that are due above it.
#[derive(Default)]
struct Walk {
    frontier: Frontier,
    /// By level from 1 on, the tile at hand and its index.
    at_hand: Vec<Option<(u64, Vec<Hash>)>>,
    /// By level, hashes of the tile that is being filled.
    rows: Vec<Vec<Hash>>,
}

impl Walk {
    fn push(
        &mut self,
        leaf: Hash,
        source: &mut impl TileSource<Error: fmt::Display>,
        size: u64,
        report: &mut Report,
    ) {
        self.frontier.push(leaf);
        let mut hash = leaf;
        let mut count = self.frontier.size();
        for level in 0.. {
            if self.rows.len() <= usize::from(level) {
                self.rows.push(Vec::new());
            }
            let Some(row) = self.rows.get_mut(usize::from(level)) else {
                return;
            };
            row.push(hash);
            if row.len() < usize::from(WIDTH) {
                return;
            }
            let bytes: Vec<u8> = row.iter().flat_map(|hash| hash.0).collect();
            row.clear();
            let Some(made) = above(&bytes) else { return };
            count /= u64::from(WIDTH);
            hash = self.compare(level + 1, count - 1, made, source, size, report);
        }
    }

    /// Compares a hash above the leaves with the one that the tree has there, and goes on with that one.
    fn compare(
        &mut self,
        level: u8,
        at: u64,
        made: Hash,
        source: &mut impl TileSource<Error: fmt::Display>,
        size: u64,
        report: &mut Report,
    ) -> Hash {
        let (index, place) = (at / u64::from(WIDTH), (at % u64::from(WIDTH)) as usize);
        let slot = usize::from(level);
        if self.at_hand.len() <= slot {
            self.at_hand.resize(slot + 1, None);
        }
        let known = self.at_hand.get(slot).and_then(Option::as_ref);
        if known.is_none_or(|(known, _)| *known != index) {
            let hashes = self.hashes(source, level, index, size, report);
            if let Some(slot) = self.at_hand.get_mut(slot) {
                *slot = Some((index, hashes));
            }
        }
        let row = self.at_hand.get(slot).and_then(Option::as_ref);
        let there = row.and_then(|(_, row)| row.get(place)).copied();
        if let Some(there) = there
            && there != made
            && let Some(tile) = Tile::holding(level, at, size)
        {
            let below = u64::from(WIDTH).pow(u32::from(level));
            report.fault(Fault::Node {
                tile,
                first: at * below,
                last: at * below + below - 1,
            });
        }
        made
    }

    fn hashes(
        &self,
        source: &mut impl TileSource<Error: fmt::Display>,
        level: u8,
        index: u64,
        size: u64,
        report: &mut Report,
    ) -> Vec<Hash> {
        let Some(tile) = Tile::holding(level, index * u64::from(WIDTH), size) else {
            return Vec::new();
        };
        let bytes = read(source, tile, report);
        let (hashes, rest) = bytes.as_chunks::<HASH>();
        let (wanted, whole) = (usize::from(tile.width()), usize::from(WIDTH));
        let fits = rest.is_empty() && (hashes.len() == wanted || hashes.len() == whole);
        if !bytes.is_empty() && !fits {
            report.fault(Fault::Length { tile });
        }
        hashes.iter().take(wanted).map(|hash| Hash(*hash)).collect()
    }

    /// Whether the tree of this size is the one that somebody remembers.
    fn meet(&self, remembered: &mut Vec<(u64, Hash)>, report: &mut Report) {
        let size = self.frontier.size();
        while let Some((at, root)) = remembered.last()
            && *at == size
        {
            match *root == self.frontier.root() {
                true => report.follows.push(size),
                false => report.fault(Fault::Rewritten { size }),
            }
            remembered.pop();
        }
    }
}

/// The bytes of a tile; none, with a fault, when it cannot be had.
fn read(
    source: &mut impl TileSource<Error: fmt::Display>,
    tile: Tile,
    report: &mut Report,
) -> Vec<u8> {
    match source.tile(tile) {
        Ok(bytes) if !bytes.is_empty() => bytes,
        Ok(_) => {
            report.fault(Fault::Length { tile });
            Vec::new()
        }
        Err(error) => {
            let why = error.to_string();
            report.fault(Fault::Unreadable { tile, why });
            Vec::new()
        }
    }
}

/// The entries of a bundle; what can be read of one that is cut, with a fault.
fn entries<'a>(bytes: &'a [u8], tile: Tile, report: &mut Report) -> Vec<&'a [u8]> {
    let width = usize::from(tile.width());
    let read = Bundle::parse(bytes, width).or_else(|_| Bundle::parse(bytes, usize::from(WIDTH)));
    if let Ok(mut entries) = read {
        entries.truncate(width);
        return entries;
    }
    if !bytes.is_empty() {
        report.fault(Fault::Length { tile });
    }
    let mut entries = Vec::new();
    let mut rest = bytes;
    while entries.len() < width
        && let Some((length, after)) = rest.split_first_chunk::<2>()
        && let Some((entry, after)) =
            after.split_at_checked(usize::from(u16::from_be_bytes(*length)))
    {
        entries.push(entry);
        rest = after;
    }
    entries
}

/// Holds a record against what its entry says.
pub(crate) fn record(rows: &mut dyn Rows, index: u64, entry: Option<&[u8]>, report: &mut Report) {
    let row = rows.row(index);
    let leaf = entry.map(Leaf::parse);
    match (row, leaf) {
        (_, Some(Err(_))) => report.fault(Fault::Leaf { index }),
        (Ok(Some(Row::Erased)), _) => report.erased += 1,
        (Ok(Some(Row::Kept(salt, text))), Some(Ok(leaf))) => {
            match commit(&salt, &text) == leaf.commitment {
                true => report.records += 1,
                false => report.fault(Fault::Record { index }),
            }
        }
        (Ok(Some(Row::Kept(..))), None) => report.fault(Fault::Record { index }),
        (Ok(None) | Err(_), _) => report.fault(Fault::NoRecord { index }),
    }
}
