//! Writing a backup, in either shape.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{BackupError, Result};
use crate::folder::FolderWriter;
use crate::manifest::{FileEntry, Manifest, Summary};
use crate::place;
use crate::tarball::TarWriter;

/// One file to be taken in.
#[derive(Debug)]
pub struct Source<'a, R> {
    /// Path inside the data folder, with `/`.
    pub path: &'a str,
    /// Bytes to take; the source may go on growing behind them.
    pub len: u64,
    /// Whether a file of this name and length never changes.
    pub sealed: bool,
    /// Opens it; not called when the archive has the file already.
    pub open: R,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The backup: a tar file or a manifest.
    pub place: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// Bytes that were written; less than all where a folder had some already.
    pub written: u64,
}

/// A backup that is being written. Dropped before [`Writer::finish`], it leaves nothing that
/// passes for one.
pub struct Writer {
    shape: Shape,
    files: Vec<FileEntry>,
    written: u64,
}

enum Shape {
    Tar(TarWriter),
    Folder(FolderWriter),
}

impl Writer {
    /// Begins a backup: into a folder where `out` is one or ends in `/`, else as one tar file.
    ///
    /// # Errors
    /// When there is a file of that name, another backup is under way there, or the place cannot
    /// be written.
    pub fn begin(out: &Path) -> Result<Self> {
        let folder = out.is_dir() || out.as_os_str().as_encoded_bytes().ends_with(b"/");
        let shape = if folder {
            Shape::Folder(FolderWriter::begin(out)?)
        } else {
            Shape::Tar(TarWriter::begin(out)?)
        };
        Ok(Self {
            shape,
            files: Vec::new(),
            written: 0,
        })
    }

    /// A file beside the backup for what has to be made before it can be taken in; empty, for its
    /// owner alone, and gone with the guard.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<Scratch> {
        let path = match &self.shape {
            Shape::Tar(tar) => place::beside(tar.out(), ".scratch.partial"),
            Shape::Folder(folder) => folder.root().join("scratch.partial"),
        };
        // The claim on the backup itself is held: what is here was left by a crash.
        let _ = std::fs::remove_file(&path);
        place::new_file(&path)?;
        Ok(Scratch(path))
    }

    /// Takes a file in.
    ///
    /// # Errors
    /// When it cannot be read or the backup cannot be written. [`io::ErrorKind::NotFound`] inside
    /// means that the source is gone.
    pub fn put<R: Read>(
        &mut self,
        source: Source<'_, impl FnOnce() -> io::Result<R>>,
    ) -> Result<()> {
        let path = source.path.to_owned();
        let (len, sealed) = (source.len, source.sealed);
        if sealed
            && let Shape::Folder(folder) = &self.shape
            && let Some(sha256) = folder.known(&path, len)
        {
            self.files.push(FileEntry {
                path,
                len,
                sha256,
                sealed,
            });
            return Ok(());
        }
        let reader = (source.open)().map_err(BackupError::io("read", Path::new(&path)))?;
        let reader = reader.take(len);
        let (got, sha256) = match &mut self.shape {
            Shape::Tar(tar) => tar.put(&path, len, reader)?,
            Shape::Folder(folder) => folder.put(reader)?,
        };
        if got != len {
            return Err(BackupError::Shrunk(path));
        }
        self.written = self.written.saturating_add(len);
        self.files.push(FileEntry {
            path,
            len,
            sha256,
            sealed,
        });
        Ok(())
    }

    /// Completes the backup and gives it its name.
    ///
    /// # Errors
    /// When it cannot be written; then there is none.
    pub fn finish(self, summary: Summary) -> Result<Finished> {
        let manifest = Manifest::new(summary, self.files);
        let place = match self.shape {
            Shape::Tar(tar) => tar.finish(&manifest)?,
            Shape::Folder(folder) => folder.finish(&manifest)?,
        };
        Ok(Finished {
            place,
            manifest,
            written: self.written,
        })
    }
}

/// A file that goes away by itself.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
