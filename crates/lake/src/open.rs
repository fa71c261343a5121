//! Opening: the writer's lock, a first log entry, and what a crash left behind.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::path::Path;

use crate::delta::{Action, Log, Snapshot};
use crate::disk::{TEMPORARY, now_ms};
use crate::error::{Doing, LakeError};
use crate::parquet_file::PREFIX;

pub(crate) fn lock(dir: &Path) -> Result<File, LakeError> {
    let path = dir.join("_ringfence.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LakeError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(source).doing("lock", &path),
    }
}

/// Entry 0: what the table is. Two processes cannot both be here, so a taken number
/// means that another engine was faster with the same folder, and its entry is read.
pub(crate) fn create_table(log: &Log) -> Result<(), LakeError> {
    let now = now_ms();
    // The table's identity only has to differ from other tables' (Delta asks for a GUID);
    // the standard library's hash keys are random enough for that.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let id = random() << 64 | random();
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    let id = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-");
    let actions = [
        Action::commit_info("CREATE TABLE", now),
        Action::protocol(),
        Action::meta_data(&id, now),
    ];
    log.append(0, &actions).map(|_| ())
}

/// Removes what a crash left: temporary files, and files of ours that the log does not
/// name. Files that a compaction removed are kept while their tombstones are.
pub(crate) fn remove_orphans(dir: &Path, log: &Log, snapshot: &Snapshot) -> Result<(), LakeError> {
    for folder in fs::read_dir(dir).doing("list", dir)? {
        let folder = folder.doing("list", dir)?.path();
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if !name.starts_with("day=") {
            continue;
        }
        for file in fs::read_dir(&folder).doing("list", &folder)? {
            let file = file.doing("list", &folder)?;
            let file_name = file.file_name();
            let Some(file_name) = file_name.to_str().filter(|n| n.starts_with(PREFIX)) else {
                continue;
            };
            let path = format!("{name}/{file_name}");
            if !snapshot.files.contains_key(&path) && !snapshot.removed.contains_key(&path) {
                tracing::info!(path, "removed a file that no commit names");
                fs::remove_file(file.path()).doing("remove", &file.path())?;
            }
        }
    }
    for entry in fs::read_dir(log.dir()).doing("list", log.dir())? {
        let path = entry.doing("list", log.dir())?.path();
        if path.to_str().is_some_and(|path| path.ends_with(TEMPORARY)) {
            fs::remove_file(&path).doing("remove", &path)?;
        }
    }
    Ok(())
}
