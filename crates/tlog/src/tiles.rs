//! Subtrees out of tiles.

use std::collections::BTreeMap;

use crate::bundle::{Bundle, BundleError};
use crate::hash::{HASH, Hash, node};
use crate::proof::Subtrees;
use crate::tile::{HEIGHT, Tile, WIDTH};

/// Tiles that are remembered while proofs are made: about 2 MiB.
const MOST_KEPT: usize = 256;

/// Where files of a log come from. What comes may be forged: whoever asks checks what follows from it.
pub trait TileSource {
    /// Why there is none.
    type Error;

    /// The bytes of a tile, or of the whole tile of that place.
    ///
    /// # Errors
    /// When it cannot be had.
    fn tile(&mut self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

/// Why a subtree cannot be had out of tiles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TilesError<E> {
    /// The tile cannot be had.
    #[error(transparent)]
    Source(E),
    /// It has another length than its width says.
    #[error("{tile} has {got} bytes, and its width takes {wanted}")]
    Length {
        /// Which.
        tile: Tile,
        /// Bytes that are there.
        got: usize,
        /// Bytes that it takes.
        wanted: usize,
    },
    /// The entries of a bundle cannot be told apart.
    #[error("{tile}: {error}")]
    Bundle {
        /// Which.
        tile: Tile,
        /// Why.
        error: BundleError,
    },
    /// The tree has no such subtree, or no such entry.
    #[error("a tree of {size} entries has no such part")]
    Beyond {
        /// Of the tree.
        size: u64,
    },
}

/// A tree of some size, read out of its tiles.
#[derive(Debug)]
pub struct Tiles<S> {
    source: S,
    size: u64,
    kept: BTreeMap<Tile, Vec<Hash>>,
    /// The bundle that was read last, with its entries.
    bundle: Option<(Tile, Vec<Vec<u8>>)>,
}

impl<S: TileSource> Tiles<S> {
    /// The tree of the first `size` entries.
    pub fn new(source: S, size: u64) -> Self {
        Self {
            source,
            size,
            kept: BTreeMap::new(),
            bundle: None,
        }
    }

    /// Entries of the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// An entry as its bundle has it; whoever asks checks that it is the one of the tree.
    ///
    /// # Errors
    /// When there is none, or its bundle cannot be had.
    pub fn entry(&mut self, index: u64) -> Result<&[u8], TilesError<S::Error>> {
        let beyond = TilesError::Beyond { size: self.size };
        let tile = match Tile::bundle(index, self.size) {
            Some(tile) if index < self.size => tile,
            _ => return Err(beyond),
        };
        if self.bundle.as_ref().is_none_or(|(read, _)| *read != tile) {
            let bytes = self.source.tile(tile).map_err(TilesError::Source)?;
            let (width, whole) = (tile.width(), tile.whole().width());
            let entries = Bundle::parse(&bytes, usize::from(width))
                .or_else(|error| Bundle::parse(&bytes, usize::from(whole)).map_err(|_| error))
                .map_err(|error| TilesError::Bundle { tile, error })?;
            let entries = entries.into_iter().map(<[u8]>::to_vec).collect();
            self.bundle = Some((tile, entries));
        }
        let entries = self.bundle.as_ref().map(|(_, entries)| entries);
        let at = usize::from(u8::try_from(index % u64::from(WIDTH)).unwrap_or(u8::MAX));
        let entry = entries.and_then(|entries| entries.get(at));
        entry.map(Vec::as_slice).ok_or(beyond)
    }

    /// What a tile says, checked for its length and nothing else.
    fn hashes(&mut self, tile: Tile) -> Result<&[Hash], TilesError<S::Error>> {
        if !self.kept.contains_key(&tile) {
            let bytes = self.source.tile(tile).map_err(TilesError::Source)?;
            let width = usize::from(tile.width());
            let (hashes, rest) = bytes.as_chunks::<HASH>();
            // The whole tile begins with what the partial one has.
            let fits = rest.is_empty()
                && (hashes.len() == width || hashes.len() == usize::from(tile.whole().width()));
            if !fits {
                let (got, wanted) = (bytes.len(), width * HASH);
                return Err(TilesError::Length { tile, got, wanted });
            }
            if self.kept.len() >= MOST_KEPT {
                self.kept.clear();
            }
            let hashes = hashes.iter().take(width).map(|hash| Hash(*hash)).collect();
            self.kept.insert(tile, hashes);
        }
        Ok(self.kept.get(&tile).map_or(&[], Vec::as_slice))
    }
}

impl<S: TileSource> Subtrees for Tiles<S> {
    type Error = TilesError<S::Error>;

    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let size = self.size;
        let beyond = || TilesError::Beyond { size };
        // The tile whose hashes are at or just below that level.
        let (of, within) = (level / HEIGHT, level % HEIGHT);
        let first = index.checked_shl(u32::from(within)).ok_or_else(beyond)?;
        let tile = Tile::holding(of, first, size).ok_or_else(beyond)?;
        let hashes = self.hashes(tile)?;
        let at = usize::try_from(first & 0xff).map_err(|_| beyond())?;
        let row = hashes.get(at..at + (1 << within)).ok_or_else(beyond)?;
        perfect(row.to_vec()).ok_or_else(beyond)
    }
}

/// The hash that a whole tile has in the level above; nothing when these are not its bytes.
#[must_use]
pub fn above(whole: &[u8]) -> Option<Hash> {
    let (hashes, rest) = whole.as_chunks::<HASH>();
    let fits = rest.is_empty() && hashes.len() == usize::from(WIDTH);
    fits.then(|| perfect(hashes.iter().map(|hash| Hash(*hash)).collect()))?
}

/// The root of a row whose length is a power of two.
fn perfect(mut row: Vec<Hash>) -> Option<Hash> {
    while row.len() > 1 {
        let pairs = row.as_chunks::<2>().0;
        row = pairs
            .iter()
            .map(|[left, right]| node(left, right))
            .collect();
    }
    row.first().copied()
}
