//! Checking a backup as a whole, then restoring it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::{BackupError, Result};
use crate::manifest::Manifest;
use crate::{folder, place, tarball};

/// In a folder whose restoring has begun and not ended.
const MARK: &str = ".restoring";

/// Whether a folder holds only a part of what was to be restored there.
#[must_use]
pub fn is_half_restored(data: &Path) -> bool {
    data.join(MARK).exists()
}

/// A backup of which every digest was compared.
#[derive(Debug)]
pub struct Stored {
    shape: Shape,
    manifest: Manifest,
}

#[derive(Debug)]
enum Shape {
    Tar(PathBuf),
    Folder(PathBuf),
}

impl Stored {
    /// Reads a whole backup and compares every digest. `from` is a tar file, a manifest in a folder
    /// of backups, or such a folder, of which the newest backup is meant.
    ///
    /// # Errors
    /// Says what is missing, damaged or too much.
    pub fn open(from: &Path) -> Result<Self> {
        let named = match from.is_dir() {
            true => folder::newest(from)?.ok_or_else(|| BackupError::None(from.to_owned()))?,
            false => from.to_owned(),
        };
        if folder::is_manifest(&named) {
            let root = named.parent().unwrap_or(Path::new("")).to_owned();
            let manifest = folder::read(&named)?;
            let mut seen = Seen::default();
            folder::walk(&root, &manifest, |path, file| seen.look(from, path, file))?;
            seen.compare(from, &manifest)?;
            return Ok(Self {
                shape: Shape::Folder(root),
                manifest,
            });
        }
        let mut seen = Seen::default();
        let manifest = tarball::walk(&named, |path, file| seen.look(from, path, file))?;
        seen.compare(from, &manifest)?;
        Ok(Self {
            shape: Shape::Tar(named),
            manifest,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Refuses another backup than the one with this digest.
    ///
    /// # Errors
    /// When it is another.
    pub fn expect(&self, digest: &str) -> Result<()> {
        if self.manifest.digest().eq_ignore_ascii_case(digest.trim()) {
            return Ok(());
        }
        Err(BackupError::NotExpected {
            found: self.manifest.digest().to_owned(),
        })
    }

    /// Writes all files into an empty or new folder. Files belong to whom the folder belongs to,
    /// so that root can restore for the user of the service.
    ///
    /// # Errors
    /// When the folder is not empty or cannot be written. What was begun is marked, and the server
    /// refuses to start on it.
    pub fn extract(&self, data: &Path) -> Result<()> {
        if fs::read_dir(data).is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(BackupError::NotEmpty(data.to_owned()));
        }
        place::make_folder(data)?;
        let owner = fs::metadata(data).map_err(BackupError::io("read", data))?;
        let owner = (owner.uid(), owner.gid());
        let mark = data.join(MARK);
        place::new_file(&mark)?;
        place::sync_folder(data)?;
        let by_path = self.manifest.by_path();
        let mut folders = BTreeSet::new();
        let mut write = |path: &str, from: &mut dyn Read| {
            let target = data.join(path);
            let parents = Path::new(path).ancestors().skip(1);
            for folder in parents.filter(|p| !p.as_os_str().is_empty()) {
                folders.insert(data.join(folder));
            }
            if let Some(folder) = target.parent() {
                place::make_folder(folder)?;
            }
            let mut file = place::new_file(&target)?;
            let (len, sha256) = place::copy(from, &mut file)
                .and_then(|done| file.sync_all().map(|()| done))
                .map_err(BackupError::io("write", &target))?;
            own(&target, owner)?;
            // The archive may have changed since it was checked.
            let same = by_path
                .get(path)
                .is_some_and(|f| f.len == len && f.sha256 == sha256);
            match same {
                true => Ok(()),
                false => Err(BackupError::damaged(
                    Path::new(path),
                    "it changed meanwhile",
                )),
            }
        };
        match &self.shape {
            Shape::Tar(archive) => {
                tarball::walk(archive, &mut write)?;
            }
            Shape::Folder(root) => folder::walk(root, &self.manifest, &mut write)?,
        }
        for folder in &folders {
            own(folder, owner)?;
            place::sync_folder(folder)?;
        }
        place::sync_folder(data)?;
        fs::remove_file(&mark).map_err(BackupError::io("remove", &mark))?;
        place::sync_folder(data)
    }
}

/// Removes all but the newest backups of a folder and answers how many.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn prune(root: &Path, keep: usize) -> Result<usize> {
    folder::prune(root, keep)
}

/// Only root can give files away; for everybody else they belong to the right one already.
fn own(path: &Path, (uid, gid): (u32, u32)) -> Result<()> {
    let now = fs::metadata(path).map_err(BackupError::io("read", path))?;
    if (now.uid(), now.gid()) == (uid, gid) {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(uid), Some(gid))
        .map_err(BackupError::io("give to the folder's owner", path))
}

/// What an archive really holds.
#[derive(Default)]
struct Seen(Vec<(String, u64, String)>);

impl Seen {
    fn look(&mut self, archive: &Path, path: &str, file: &mut dyn Read) -> Result<()> {
        let (len, sha256) = place::copy(file, &mut std::io::sink())
            .map_err(|e| BackupError::damaged(archive, format!("`{path}`: {e}")))?;
        self.0.push((path.to_owned(), len, sha256));
        Ok(())
    }

    fn compare(mut self, archive: &Path, manifest: &Manifest) -> Result<()> {
        let damaged = |why: String| Err(BackupError::damaged(archive, why));
        self.0.sort();
        if self.0.len() != manifest.files.len() {
            return damaged("files are missing, or there are too many".to_owned());
        }
        for ((path, len, sha256), wanted) in self.0.iter().zip(&manifest.files) {
            if *path != wanted.path {
                return damaged(format!("`{}` is missing", wanted.path));
            }
            if *len != wanted.len || *sha256 != wanted.sha256 {
                return damaged(format!("`{path}` is not what was saved"));
            }
        }
        Ok(())
    }
}
