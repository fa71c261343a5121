//! A log, read as somebody does who trusts nobody.

use std::fmt;
use std::io;

use ringfence_tlog::{
    Bundle, Checkpoint, CheckpointError, Cosignature, EMPTY, Frontier, HASH, Hash, Note, Tile,
    TileSource, VerifierKey, WIDTH, above, leaf,
};

use crate::fault::Fault;
use crate::held::{self, Held, Whose, begin, cosignatures, quorum};
use crate::leaf::{Leaf, SALT, commit};

/// Faults that are named; of more there is no use.
const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the log says it is.
    pub checkpoint: Checkpoint,
    /// Witnesses that signed it, or the cosigned checkpoint.
    pub cosigned: Vec<Cosignature>,
    /// Entries of the checkpoint that they signed.
    pub witnessed: u64,
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
    let mut report = begin(checkpoint, key)?;
    let size = report.checkpoint.size;
    let mut remembered = remembered(held, key, size, &mut report);
    witnesses(checkpoint, held, key, &mut remembered, &mut report);

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

/// Counts cosignatures under the checkpoint, and under the cosigned one, which the log is held to.
fn witnesses(
    checkpoint: &Note,
    held: &Held,
    key: &VerifierKey,
    remembered: &mut Vec<Due>,
    report: &mut Report,
) {
    let size = report.checkpoint.size;
    report.cosigned = cosignatures(checkpoint, held, report);
    if let Some(note) = &held.cosigned {
        match Checkpoint::open(note, key.name(), std::slice::from_ref(key)) {
            Err(error) => report.fault(Fault::Cosigned(error)),
            Ok(old) if old.size > size => report.fault(Fault::CosignedMore {
                cosigned: old.size,
                size,
            }),
            Ok(old) => {
                let more = cosignatures(note, held, report);
                if more.len() >= report.cosigned.len() {
                    (report.cosigned, report.witnessed) = (more, old.size);
                }
                remembered.push((old.size, old.root, Whose::Witnesses));
                remembered.sort_unstable();
                remembered.reverse();
            }
        }
    }
    quorum(held, report);
}

/// A checkpoint that is due to be met: size, root, and who holds the log to it.
type Due = (u64, Hash, Whose);

/// Checkpoints that can be held against the log, the smallest last.
fn remembered(held: &Held, key: &VerifierKey, size: u64, report: &mut Report) -> Vec<Due> {
    let mut wanted = Vec::new();
    for known in held::remembered(held, key) {
        match known {
            Err(fault) => report.fault(fault),
            Ok(old) if old.size > size => report.fault(Fault::RolledBack {
                remembered: old.size,
                size,
            }),
            Ok(old) => wanted.push((old.size, old.root, Whose::Remembered)),
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
    fn meet(&self, remembered: &mut Vec<Due>, report: &mut Report) {
        let size = self.frontier.size();
        while let Some((at, root, whose)) = remembered.last()
            && *at == size
        {
            match (*root == self.frontier.root(), whose) {
                (true, Whose::Remembered) => report.follows.push(size),
                (true, Whose::Witnesses) => {}
                (false, Whose::Remembered) => report.fault(Fault::Rewritten { size }),
                (false, Whose::Witnesses) => report.fault(Fault::CosignedOther { size }),
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
