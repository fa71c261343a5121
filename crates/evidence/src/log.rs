//! The one who appends: entries, tiles, checkpoint, in this order.

use std::io;

use ringfence_tlog::{
    Bundle, BundleError, Checkpoint, CheckpointError, Frontier, HASH, Hash, LogProof, Note,
    NoteError, Signer, Subtrees as _, Tile, Tiles, TilesError, WIDTH, above, inclusion, leaf,
};

use crate::Folder;
use crate::bundle::Seal;

/// Binary levels of a tile.
const HEIGHT: u8 = 8;
/// Levels of tiles above which no log grows.
const MOST_LEVEL: u8 = 8;

/// Why a log cannot be opened, appended to or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder.
    #[error("the evidence log: {0}")]
    Io(#[from] io::Error),
    /// The checkpoint is not one that this log's key signed.
    #[error("the evidence log's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Tiles without a checkpoint: it was removed, and nothing may take its place.
    #[error(
        "the evidence log has tiles and no checkpoint: it was removed; put it back or move the folder away"
    )]
    NoCheckpoint,
    /// A tile has another length than it takes.
    #[error("the evidence log: {0}")]
    Tile(TilesError<io::Error>),
    /// An entry that no bundle holds.
    #[error("the evidence log: {0}")]
    Bundle(#[from] BundleError),
    /// The tiles are not those of the checkpoint.
    #[error(
        "the evidence log's tiles are not those of its checkpoint of {0} entries: run `ringfence verify`"
    )]
    Root(u64),
    /// There is no such entry.
    #[error("the evidence log has {size} entries, and none at {index}")]
    NoSuchEntry {
        /// Which was asked for, from 0.
        index: u64,
        /// How many there are.
        size: u64,
    },
}

impl From<TilesError<io::Error>> for LogError {
    fn from(error: TilesError<io::Error>) -> Self {
        Self::Tile(error)
    }
}

impl From<NoteError> for LogError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// A log that grows. One at a time has a folder.
#[derive(Debug)]
pub struct Log {
    folder: Folder,
    signer: Signer,
    edge: Edge,
    checkpoint: Note,
}

/// What is not whole yet.
#[derive(Debug, Clone, Default)]
struct Edge {
    frontier: Frontier,
    bundle: Bundle,
    /// By level, the hashes of the tile that is not whole.
    rows: Vec<Vec<Hash>>,
}

impl Log {
    /// The log of a folder, as its last checkpoint says; a new one where there is none. What a crash left
    /// beyond the checkpoint is written over.
    ///
    /// # Errors
    /// When the checkpoint is not the signer's, or the tiles are not the checkpoint's.
    pub fn open(folder: Folder, signer: Signer) -> Result<Self, LogError> {
        let Some(bytes) = folder.checkpoint()? else {
            if folder.has_tiles()? {
                return Err(LogError::NoCheckpoint);
            }
            let edge = Edge::default();
            let checkpoint = signed(&signer, &edge.frontier)?;
            let mut log = Self {
                folder,
                signer,
                edge,
                checkpoint,
            };
            log.folder.publish(log.checkpoint.to_string().as_bytes())?;
            return Ok(log);
        };
        let note = Note::parse(&bytes)?;
        let key = signer.public();
        let checkpoint = Checkpoint::open(&note, key.name(), std::slice::from_ref(key))?;
        let edge = Edge::read(&folder, checkpoint.size)?;
        if edge.frontier.root() != checkpoint.root {
            return Err(LogError::Root(checkpoint.size));
        }
        Ok(Self {
            folder,
            signer,
            edge,
            checkpoint: note,
        })
    }

    /// Entries under the checkpoint.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.frontier.size()
    }

    /// What the log says it is, signed.
    #[must_use]
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// The files.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Signs the last line of a bundle. The name is the log's own, whatever stands in `seal`.
    ///
    /// # Errors
    /// When the name of the key can stand in no note.
    pub fn seal(&self, seal: Seal) -> Result<Note, LogError> {
        let log = self.signer.public().name().to_owned();
        let mut note = Note::new(Seal { log, ..seal }.to_string())?;
        note.sign(&self.signer);
        Ok(note)
    }

    /// Appends entries. When this comes back they are on disk, under the new checkpoint.
    ///
    /// # Errors
    /// When the disk cannot be written: then the log is what it was, and the same entries may be tried
    /// again.
    pub fn append<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<&Note, LogError> {
        if entries.is_empty() {
            return Ok(&self.checkpoint);
        }
        let old = self.size();
        let mut edge = self.edge.clone();
        for entry in entries {
            edge.push(entry.as_ref(), &mut self.folder)?;
        }
        edge.lay(&mut self.folder, old)?;
        let checkpoint = signed(&self.signer, &edge.frontier)?;
        self.folder.publish(checkpoint.to_string().as_bytes())?;
        for tile in Tile::added(old, edge.frontier.size()) {
            if tile.width() == WIDTH {
                self.folder.tidy(tile);
            }
        }
        self.edge = edge;
        self.checkpoint = checkpoint;
        Ok(&self.checkpoint)
    }
}

impl Edge {
    /// The edge of the first `size` entries, out of tiles that are not believed yet.
    fn read(folder: &Folder, size: u64) -> Result<Self, LogError> {
        let mut tiles = Tiles::new(folder, size);
        let mut roots = Vec::new();
        let mut done = 0_u64;
        for level in (0..u64::BITS as u8).rev().filter(|l| size >> l & 1 == 1) {
            roots.push(tiles.subtree(level, done >> level)?);
            done += 1 << level;
        }
        let frontier = Frontier::of(size, roots).ok_or(LogError::Root(size))?;
        let mut rows = Vec::new();
        for level in 0..MOST_LEVEL {
            let width = size >> (level * HEIGHT);
            let first = width - width % u64::from(WIDTH);
            let row: Result<Vec<_>, _> = (first..width)
                .map(|at| tiles.subtree(level * HEIGHT, at))
                .collect();
            rows.push(row?);
        }
        let mut bundle = Bundle::default();
        let width = size % u64::from(WIDTH);
        if width > 0 {
            let tile = Tile::bundle(size - 1, size).ok_or(LogError::Root(size))?;
            let bytes = folder.tile(tile)?;
            let width = usize::from(tile.width());
            // After a crash the place of a partial bundle may already have the whole one.
            let entries = Bundle::parse(&bytes, width)
                .or_else(|_| Bundle::parse(&bytes, usize::from(WIDTH)))?;
            for entry in entries.into_iter().take(width) {
                bundle.push(entry)?;
            }
        }
        let edge = Self {
            frontier,
            bundle,
            rows,
        };
        match edge.is_whole() {
            true => Ok(edge),
            false => Err(LogError::Root(size)),
        }
    }

    /// Whether the entries of the last bundle are those of the last hashes.
    fn is_whole(&self) -> bool {
        let row = self.rows.first().map_or(&[][..], Vec::as_slice);
        let entries = Bundle::parse(self.bundle.bytes(), row.len());
        let same = |entries: Vec<&[u8]>| entries.iter().zip(row).all(|(e, hash)| leaf(e) == *hash);
        entries.is_ok_and(same)
    }

    fn push(&mut self, entry: &[u8], folder: &mut Folder) -> Result<(), LogError> {
        self.bundle.push(entry)?;
        let at = self.frontier.size();
        let mut hash = leaf(entry);
        self.frontier.push(hash);
        let mut index = at >> HEIGHT;
        for level in 0..MOST_LEVEL {
            let place = usize::from(level);
            if self.rows.len() <= place {
                self.rows.push(Vec::new());
            }
            let Some(row) = self.rows.get_mut(place) else {
                break;
            };
            row.push(hash);
            if row.len() < usize::from(WIDTH) {
                break;
            }
            let bytes = bytes_of(row);
            row.clear();
            let width = WIDTH;
            if level == 0 {
                folder.lay(Tile::Entries { index, width }, self.bundle.bytes())?;
                self.bundle = Bundle::default();
            }
            let tile = Tile::Hashes {
                level,
                index,
                width,
            };
            folder.lay(tile, &bytes)?;
            hash = above(&bytes).ok_or(LogError::Root(at))?;
            index >>= HEIGHT;
        }
        Ok(())
    }

    /// Writes the partial tiles that a tree of `old` entries had not.
    fn lay(&self, folder: &mut Folder, old: u64) -> Result<(), LogError> {
        for tile in Tile::added(old, self.frontier.size()) {
            if tile.width() == WIDTH {
                continue;
            }
            match tile {
                Tile::Entries { .. } => folder.lay(tile, self.bundle.bytes())?,
                Tile::Hashes { level, .. } => {
                    let row = self.rows.get(usize::from(level));
                    folder.lay(tile, &bytes_of(row.map_or(&[], Vec::as_slice)))?;
                }
            }
        }
        Ok(())
    }
}

/// The proof that an entry is in the log, as a file that is checked without it (C2SP tlog-proof).
///
/// # Errors
/// When the checkpoint has no such entry or a tile cannot be read.
pub fn prove(
    folder: &Folder,
    checkpoint: &Note,
    index: u64,
    extra: Option<Vec<u8>>,
) -> Result<LogProof, LogError> {
    let size = Checkpoint::parse(checkpoint.text())?.size;
    if index >= size {
        return Err(LogError::NoSuchEntry { index, size });
    }
    let path = inclusion(&mut Tiles::new(folder, size), index, size)?;
    Ok(LogProof {
        extra,
        index,
        path,
        checkpoint: checkpoint.clone(),
    })
}

fn signed(signer: &Signer, frontier: &Frontier) -> Result<Note, LogError> {
    let checkpoint = Checkpoint {
        origin: signer.public().name().to_owned(),
        size: frontier.size(),
        root: frontier.root(),
        extensions: Vec::new(),
    };
    let mut note = checkpoint.note()?;
    note.sign(signer);
    Ok(note)
}

fn bytes_of(row: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(row.len() * HASH);
    for hash in row {
        bytes.extend(hash.0);
    }
    bytes
}
