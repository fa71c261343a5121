//! The folder that a log is kept in: the files of C2SP tlog-tiles, at their paths.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ringfence_tlog::{Tile, TileSource};

/// The name of the checkpoint.
const CHECKPOINT: &str = "checkpoint";
/// The name of the newest checkpoint that enough witnesses cosigned.
const COSIGNED: &str = "cosigned";
/// Above so many files the whole file system is synced at once, which costs one wait.
const MOST_SYNCED: usize = 16;
/// A file that claims to be larger is none of a log's: a bundle has 256 entries of 64 KiB at most.
const MOST_BYTES: u64 = 256 * (2 + 65_535);

/// Files of a log.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    /// Written, and not synced yet.
    open: BTreeSet<PathBuf>,
}

impl Folder {
    /// A folder that may not be there yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            open: BTreeSet::new(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bytes of the checkpoint; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        found(read(&self.root.join(CHECKPOINT)))
    }

    /// The bytes of the newest checkpoint that enough witnesses cosigned; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cosigned(&self) -> io::Result<Option<Vec<u8>>> {
        found(read(&self.root.join(COSIGNED)))
    }

    /// Puts a cosigned checkpoint in the place of the last one, durably.
    ///
    /// # Errors
    /// When it cannot be written: then the last one is still there.
    pub fn keep_cosigned(&self, note: &[u8]) -> io::Result<()> {
        self.replace(COSIGNED, note)
    }

    /// The bytes of a tile, or of the whole one that took its place.
    ///
    /// # Errors
    /// When there is neither, or it cannot be read.
    pub fn tile(&self, tile: Tile) -> io::Result<Vec<u8>> {
        let of = |tile: Tile| read(&self.root.join(tile.to_string()));
        match found(of(tile))? {
            Some(bytes) => Ok(bytes),
            None => of(tile.whole()),
        }
    }

    /// The bytes of a tile of exactly this width.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn exactly(&self, tile: Tile) -> io::Result<Vec<u8>> {
        read(&self.root.join(tile.to_string()))
    }

    /// Whether there is anything of a log.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn has_tiles(&self) -> io::Result<bool> {
        self.root.join("tile").try_exists()
    }

    /// Writes a tile, which lasts from [`Folder::sync`] on.
    pub(crate) fn lay(&mut self, tile: Tile, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(tile.to_string());
        self.make_parents(&path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o644);
        options.open(&path)?.write_all(bytes)?;
        self.open.insert(path);
        Ok(())
    }

    /// Makes what was written last.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.open.len() > MOST_SYNCED {
            rustix::fs::syncfs(File::open(&self.root)?)?;
        } else {
            for path in &self.open {
                File::open(path)?.sync_all()?;
            }
        }
        self.open.clear();
        Ok(())
    }

    /// Puts a checkpoint in the place of the last one, durably.
    pub(crate) fn publish(&mut self, checkpoint: &[u8]) -> io::Result<()> {
        self.make_parents(&self.root.join(CHECKPOINT))?;
        self.sync()?;
        self.replace(CHECKPOINT, checkpoint)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = self.root.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o644);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.root.join(name))?;
        File::open(&self.root)?.sync_all()
    }

    /// Removes the partial tiles whose place a whole one took. What cannot be removed does no harm.
    pub(crate) fn tidy(&self, whole: Tile) {
        let mut partial = self.root.join(whole.to_string()).into_os_string();
        partial.push(".p");
        let _ = fs::remove_dir_all(partial);
    }

    /// Folders on the way to a file; their names have to last as well.
    fn make_parents(&mut self, file: &Path) -> io::Result<()> {
        let Some(parent) = file.parent() else {
            return Ok(());
        };
        if !parent.try_exists()? {
            self.make_parents(parent)?;
            fs::DirBuilder::new().mode(0o755).create(parent)?;
        }
        self.open.insert(parent.to_owned());
        Ok(())
    }
}

impl TileSource for Folder {
    type Error = io::Error;

    fn tile(&mut self, tile: Tile) -> io::Result<Vec<u8>> {
        Folder::tile(self, tile)
    }
}

impl TileSource for &Folder {
    type Error = io::Error;

    fn tile(&mut self, tile: Tile) -> io::Result<Vec<u8>> {
        Folder::tile(self, tile)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::metadata(path)?.len();
    match bytes > MOST_BYTES {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("`{}` is too large for a file of a log", path.display()),
        )),
        false => fs::read(path),
    }
}

fn found(read: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
