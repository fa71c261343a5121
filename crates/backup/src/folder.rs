//! A folder of backups: what they have in common lies there once, under its digest.
//!
//! ```text
//! objects/ab/abcdef…            a file's bytes, named by their SHA-256
//! 20261122T033236Z.manifest.json  one backup
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{BackupError, Result};
use crate::manifest::{self, FileEntry, Manifest};
use crate::place;

const OBJECTS: &str = "objects";
const ENDING: &str = ".manifest.json";

pub(crate) struct FolderWriter {
    root: PathBuf,
    /// Sealed files of the newest backup here, by path.
    known: BTreeMap<String, FileEntry>,
    /// Held so that there is one writer at a time.
    _claim: File,
}

impl FolderWriter {
    pub(crate) fn begin(root: &Path) -> Result<Self> {
        place::make_folder(&root.join(OBJECTS))?;
        let claim = place::claim(&root.join("lock.partial"))?;
        // A damaged manifest only costs reading again.
        let newest = newest(root)?.and_then(|path| read(&path).ok());
        let known = newest.map(|m| m.files).unwrap_or_default();
        let sealed = known.into_iter().filter(|f| f.sealed);
        Ok(Self {
            root: root.to_owned(),
            known: sealed.map(|f| (f.path.clone(), f)).collect(),
            _claim: claim,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The digest of a sealed file that is here already.
    pub(crate) fn known(&self, path: &str, len: u64) -> Option<String> {
        let file = self.known.get(path).filter(|f| f.len == len)?;
        let there = fs::metadata(object(&self.root, &file.sha256)).ok()?;
        (there.len() == len).then(|| file.sha256.clone())
    }

    pub(crate) fn put(&mut self, reader: impl Read) -> Result<(u64, String)> {
        let partial = self.root.join("object.partial");
        let _ = fs::remove_file(&partial);
        let mut file = BufWriter::with_capacity(1 << 20, place::new_file(&partial)?);
        let (len, sha256) = place::copy(reader, &mut file)
            .and_then(|done| {
                file.flush()?;
                file.get_ref().sync_all()?;
                Ok(done)
            })
            .map_err(BackupError::io("write", &partial))?;
        let path = object(&self.root, &sha256);
        if let Some(folder) = path.parent() {
            place::make_folder(folder)?;
        }
        place::publish(&partial, &path)?;
        Ok((len, sha256))
    }

    pub(crate) fn finish(self, manifest: &Manifest) -> Result<PathBuf> {
        let mut at = manifest.summary.made_ms;
        let path = loop {
            let path = self.root.join(format!("{}{ENDING}", stamp(at)));
            if !path.exists() {
                break path;
            }
            at = at.saturating_add(1_000);
        };
        let partial = place::beside(&path, place::PARTIAL);
        let _ = fs::remove_file(&partial);
        let mut file = place::new_file(&partial)?;
        file.write_all(&manifest.to_json())
            .and_then(|()| file.sync_all())
            .map_err(BackupError::io("write", &partial))?;
        place::publish(&partial, &path)?;
        Ok(path)
    }
}

/// Removes all but the newest `keep` backups of a folder, and what none of those needs. Answers
/// with the number of backups removed.
///
/// # Errors
/// When a manifest that stays cannot be read: nothing is removed then.
pub(crate) fn prune(root: &Path, keep: usize) -> Result<usize> {
    let _claim = place::claim(&root.join("lock.partial"))?;
    let all = manifests(root)?;
    let (old, kept) = all.split_at(all.len().saturating_sub(keep.max(1)));
    let mut needed = BTreeSet::new();
    for path in kept {
        needed.extend(read(path)?.files.into_iter().map(|f| f.sha256));
    }
    for path in old {
        fs::remove_file(path).map_err(BackupError::io("remove", path))?;
    }
    let objects = root.join(OBJECTS);
    for folder in list(&objects)? {
        for object in list(&folder)? {
            let name = object.file_name().and_then(|n| n.to_str()).unwrap_or("");
            if !needed.contains(name) {
                fs::remove_file(&object).map_err(BackupError::io("remove", &object))?;
            }
        }
    }
    Ok(old.len())
}

/// The newest backup of a folder.
pub(crate) fn newest(root: &Path) -> Result<Option<PathBuf>> {
    Ok(manifests(root)?.pop())
}

/// Whether this is the name of one backup in a folder of them.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str());
    name.is_some_and(|n| n.ends_with(ENDING))
}

pub(crate) fn read(path: &Path) -> Result<Manifest> {
    let len = fs::metadata(path)
        .map_err(BackupError::io("read", path))?
        .len();
    if len > manifest::MAX_BYTES {
        return Err(BackupError::damaged(path, "its manifest is too large"));
    }
    let text = fs::read(path).map_err(BackupError::io("read", path))?;
    Manifest::parse(&text, path)
}

/// Gives every file of a backup to `each`.
pub(crate) fn walk(
    root: &Path,
    manifest: &Manifest,
    mut each: impl FnMut(&str, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    for entry in &manifest.files {
        let path = object(root, &entry.sha256);
        let mut file = File::open(&path).map_err(BackupError::io("open", &path))?;
        each(&entry.path, &mut file)?;
    }
    Ok(())
}

/// Digests come from manifests; only hexadecimal digits ever become part of a path.
fn object(root: &Path, sha256: &str) -> PathBuf {
    let digits: String = sha256.chars().filter(char::is_ascii_hexdigit).collect();
    let shelf: String = digits.chars().take(2).collect();
    root.join(OBJECTS).join(shelf).join(digits)
}

/// All backups of a folder, oldest first: their names sort by time.
fn manifests(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = list(root)?;
    found.retain(|path| is_manifest(path));
    Ok(found)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || BackupError::io("list", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        found.push(entry.map_err(failed())?.path());
    }
    found.sort();
    Ok(found)
}

/// `20261122T033236Z`.
fn stamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time() {
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(951_782_399_999), "20000228T235959Z");
        assert_eq!(stamp(1_709_164_800_000), "20240229T000000Z");
    }
}
