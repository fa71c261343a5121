//! Small durable steps: files and folders for their owner alone, digests while copying.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ringfence_crypto::{Sha256, to_hex};

use crate::error::{BackupError, Result};

/// Ending of what is not finished.
pub(crate) const PARTIAL: &str = ".partial";

/// `path` with an ending added to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Makes a folder (and those above it) for its owner alone; one that exists stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(BackupError::io("make the folder", path))
}

/// Makes a new file for its owner alone.
pub(crate) fn new_file(path: &Path) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(BackupError::io("create", path))
}

/// Opens what an interrupted backup may have left, for this one alone, and empties it.
pub(crate) fn claim(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(BackupError::io("create", path))?;
    if file.try_lock().is_err() {
        return Err(BackupError::Busy(path.to_owned()));
    }
    file.set_len(0).map_err(BackupError::io("empty", path))?;
    Ok(file)
}

/// Makes names that were created in or moved into a folder survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    let folder = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::io("sync", folder))
}

/// Moves a finished file to its name.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(BackupError::io("rename", from))?;
    sync_folder(to.parent().unwrap_or(Path::new("")))
}

/// A reader that remembers the digest and length of what went through.
pub(crate) struct Digesting<R> {
    inner: R,
    sha: Sha256,
    pub(crate) len: u64,
}

impl<R: Read> Digesting<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            sha: Sha256::new(),
            len: 0,
        }
    }

    pub(crate) fn hex(self) -> String {
        to_hex(&self.sha.finish())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.sha.update(buf.get(..n).unwrap_or_default());
        self.len = self.len.saturating_add(n as u64);
        Ok(n)
    }
}

/// Copies to the end and answers with length and digest.
pub(crate) fn copy(from: impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut from = Digesting::new(from);
    let mut chunk = vec![0; 256 << 10];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok((from.len, from.hex())),
            n => to.write_all(chunk.get(..n).unwrap_or_default())?,
        }
    }
}
