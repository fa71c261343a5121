//! The files that a tree is kept in (C2SP tlog-tiles, “Merkle Tree” and “Log entries”).

use std::fmt;

/// Hashes of a whole tile, and entries of a whole bundle.
pub const WIDTH: u16 = 256;
/// Binary levels of a tile.
pub(crate) const HEIGHT: u8 = 8;
/// The highest level that the path of a tile may name.
const MOST_LEVEL: u8 = 63;

/// One file of a log. A tile of width below [`WIDTH`] is partial: what a tree of some size ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tile {
    /// Hashes: of leaves on level 0, of whole tiles of the level below on each other.
    Hashes {
        /// From the leaves, 0 to 63.
        level: u8,
        /// Place in the level, from 0.
        index: u64,
        /// Hashes in it, 1 to 256.
        width: u16,
    },
    /// Entries, as many as the tile of the same place on level 0 has hashes.
    Entries {
        /// Place, from 0.
        index: u64,
        /// Entries in it, 1 to 256.
        width: u16,
    },
}

/// Why a path names no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the path of a tile: `tile/LEVEL/INDEX` or `tile/entries/INDEX`, with `.p/WIDTH` when partial"
)]
pub struct TileError;

impl Tile {
    /// The tile of a level that holds place `at` of it, as a tree of `size` entries has it; nothing when the
    /// tree is not so large.
    #[must_use]
    pub fn holding(level: u8, at: u64, size: u64) -> Option<Self> {
        let index = at >> HEIGHT;
        let width = width_of(level, index, size)?;
        Some(Self::Hashes {
            level,
            index,
            width,
        })
    }

    /// The bundle that holds an entry, as a tree of `size` entries has it.
    #[must_use]
    pub fn bundle(entry: u64, size: u64) -> Option<Self> {
        let index = entry >> HEIGHT;
        let width = width_of(0, index, size)?;
        Some(Self::Entries { index, width })
    }

    /// Every file that a tree of `new` entries has and one of `old` has not, bundles first, levels upwards.
    pub fn added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        let bundles = changed(0, old, new);
        let bundles = bundles.map(|(index, width)| Self::Entries { index, width });
        let tiles = (0..=7_u8).flat_map(move |level| {
            changed(level, old, new).map(move |(index, width)| Self::Hashes {
                level,
                index,
                width,
            })
        });
        bundles.chain(tiles)
    }

    /// Hashes or entries in it.
    #[must_use]
    pub fn width(self) -> u16 {
        match self {
            Self::Hashes { width, .. } | Self::Entries { width, .. } => width,
        }
    }

    /// The whole tile of the same place.
    #[must_use]
    pub fn whole(self) -> Self {
        match self {
            Self::Hashes { level, index, .. } => Self::Hashes {
                level,
                index,
                width: WIDTH,
            },
            Self::Entries { index, .. } => Self::Entries {
                index,
                width: WIDTH,
            },
        }
    }

    /// From its path below the log's prefix.
    ///
    /// # Errors
    /// When there is any other way to write that path, or no such tile.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let rest = path.strip_prefix("tile/").ok_or(TileError)?;
        let (kind, rest) = rest.split_once('/').ok_or(TileError)?;
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => (place, decimal(width).ok_or(TileError)?),
            None => (rest, u64::from(WIDTH)),
        };
        let partial = rest.len() != place.len();
        let width = u16::try_from(width).map_err(|_| TileError)?;
        if partial && !(1..WIDTH).contains(&width) {
            return Err(TileError);
        }
        let index = place_of(place).ok_or(TileError)?;
        if kind == "entries" {
            return Ok(Self::Entries { index, width });
        }
        let level = decimal(kind).ok_or(TileError)?;
        let level = u8::try_from(level).map_err(|_| TileError)?;
        match level <= MOST_LEVEL {
            true => Ok(Self::Hashes {
                level,
                index,
                width,
            }),
            false => Err(TileError),
        }
    }
}

/// Its path below the log's prefix.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes {
                level,
                index,
                width,
            } => {
                write!(f, "tile/{level}/")?;
                (*index, *width)
            }
            Self::Entries { index, width } => {
                write!(f, "tile/entries/")?;
                (*index, *width)
            }
        };
        let groups = (1..7)
            .take_while(|group| index >= 1000_u64.pow(*group))
            .count();
        for group in (1..=groups as u32).rev() {
            write!(f, "x{:03}/", index / 1000_u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", index % 1000)?;
        match width < WIDTH {
            true => write!(f, ".p/{width}"),
            false => Ok(()),
        }
    }
}

/// Places of a level in a tree of `size` entries: 256 to the power of the level fit in each.
fn places(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(HEIGHT))
        .unwrap_or(0)
}

fn width_of(level: u8, index: u64, size: u64) -> Option<u16> {
    let begin = index.checked_mul(u64::from(WIDTH))?;
    let width = places(level, size)
        .saturating_sub(begin)
        .min(u64::from(WIDTH));
    u16::try_from(width).ok().filter(|width| *width > 0)
}

/// Index and width of the tiles of a level that are new or wider in the larger tree.
fn changed(level: u8, old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let (old, all) = (places(level, old), places(level, new));
    let first = old >> HEIGHT;
    let end = match all > old {
        true => all.div_ceil(u64::from(WIDTH)),
        false => first,
    };
    (first..end).filter_map(move |index| Some((index, width_of(level, index, new)?)))
}

/// Digits without leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

/// `x001/x234/067` is 1234067.
fn place_of(path: &str) -> Option<u64> {
    let mut groups = path.split('/').peekable();
    let mut index = 0_u64;
    let mut first = true;
    while let Some(group) = groups.next() {
        let last = groups.peek().is_none();
        let digits = if last {
            group
        } else {
            group.strip_prefix('x')?
        };
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // A number has one path: no group of zeros leads.
        if first && !last && digits == "000" {
            return None;
        }
        first = false;
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_path() {
        for (tile, path) in [
            (
                Tile::Hashes {
                    level: 0,
                    index: 0,
                    width: 256,
                },
                "tile/0/000",
            ),
            (
                Tile::Hashes {
                    level: 2,
                    index: 1_234_067,
                    width: 17,
                },
                "tile/2/x001/x234/067.p/17",
            ),
            (
                Tile::Entries {
                    index: 1_000,
                    width: 256,
                },
                "tile/entries/x001/000",
            ),
            (
                Tile::Entries {
                    index: u64::MAX >> 8,
                    width: 1,
                },
                "tile/entries/x072/x057/x594/x037/x927/935.p/1",
            ),
        ] {
            assert_eq!(tile.to_string(), path);
            assert_eq!(Tile::parse(path), Ok(tile));
        }
        for wrong in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/000.p/256",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
            "tile/0/../000",
            "/tile/0/000",
            "tile/+1/000",
            "tile/data/000",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(wrong), Err(TileError), "{wrong}");
        }
    }

    #[test]
    fn the_example_of_the_specification_has_its_tiles() {
        let tiles: Vec<_> = Tile::added(0, 70_000).collect();
        let count = |level: u8, whole: bool| {
            let on = |tile: &&Tile| matches!(tile, Tile::Hashes { level: l, width, .. } if *l == level && (*width == WIDTH) == whole);
            tiles.iter().filter(on).count()
        };
        assert_eq!([count(0, true), count(0, false)], [273, 1]);
        assert_eq!([count(1, true), count(1, false)], [1, 1]);
        assert_eq!([count(2, true), count(2, false)], [0, 1]);
        assert!(tiles.contains(&Tile::Hashes {
            level: 0,
            index: 273,
            width: 112
        }));
        assert!(tiles.contains(&Tile::Hashes {
            level: 1,
            index: 1,
            width: 17
        }));
        assert!(tiles.contains(&Tile::Hashes {
            level: 2,
            index: 0,
            width: 1
        }));
        let small: Vec<_> = Tile::added(255, 256).map(|tile| tile.to_string()).collect();
        assert_eq!(small, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    }
}
