//! Reading and appending log entries on a local disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::action::Action;
use super::checkpoint;
use super::snapshot::Snapshot;
use crate::disk::{self, now_ms};
use crate::error::{Doing, LakeError};

/// An entry larger than this is not ours and is refused before it is read.
const MAX_ENTRY_BYTES: u64 = 256 << 20;

/// The folder `_delta_log`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    dir: PathBuf,
}

/// `_last_checkpoint` (Delta protocol, "Last Checkpoint File").
#[derive(Deserialize)]
struct LastCheckpoint {
    version: u64,
}

impl Log {
    pub(crate) fn new(lake: &Path) -> Self {
        Self {
            dir: lake.join("_delta_log"),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Replays the log. With `repair`, a torn newest entry is set aside: it can only be
    /// a commit that never finished, and the spine replays what it carried.
    pub(crate) fn read(&self, repair: bool) -> Result<Snapshot, LakeError> {
        let mut snapshot = self.read_checkpoint()?;
        self.catch_up(&mut snapshot, repair)?;
        if snapshot.version.is_some() && snapshot.protocol.is_none() {
            return Err(LakeError::log(&self.dir, "no entry states the protocol"));
        }
        Ok(snapshot)
    }

    /// Applies the entries after the snapshot's version.
    pub(crate) fn catch_up(&self, snapshot: &mut Snapshot, repair: bool) -> Result<(), LakeError> {
        let next = snapshot.version.map_or(0, |version| version + 1);
        let entries: Vec<u64> = self.entries()?.into_iter().filter(|v| *v >= next).collect();
        for (version, expected) in entries.iter().zip(next..) {
            if *version != expected {
                let path = self.entry(expected);
                return Err(LakeError::log(&path, "this entry is missing"));
            }
            let path = self.entry(*version);
            let actions = match read_entry(&path)? {
                Ok(actions) => actions,
                Err(reason) if entries.last() == Some(version) => {
                    tracing::warn!(path = %path.display(), reason, "torn log entry set aside");
                    if repair {
                        let aside = path.with_extension("json.torn");
                        fs::rename(&path, &aside).doing("set aside", &path)?;
                        disk::sync_dir(&self.dir)?;
                    }
                    break;
                }
                Err(reason) => return Err(LakeError::log(&path, reason)),
            };
            for action in actions {
                snapshot
                    .apply(action)
                    .map_err(|reason| LakeError::log(&path, reason))?;
            }
            snapshot.version = Some(*version);
        }
        Ok(())
    }

    /// Appends an entry atomically: false when that version exists already.
    ///
    /// A hard link either makes the complete, synced file visible under its number or
    /// fails because the number is taken. A rename would replace another writer's entry.
    pub(crate) fn append(&self, version: u64, actions: &[Action]) -> Result<bool, LakeError> {
        let mut text = Vec::new();
        for action in actions {
            serde_json::to_writer(&mut text, action).map_err(|e| LakeError::log(&self.dir, e))?;
            text.push(b'\n');
        }
        let path = self.entry(version);
        let temporary = self
            .dir
            .join(format!(".{version:020}.{}.tmp", std::process::id()));
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .doing("write", &temporary);
        let linked = written.and_then(|()| match fs::hard_link(&temporary, &path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
            other => other.map(|()| true).doing("link", &path),
        });
        // Its content is under its number now, or is of no use.
        let _ = fs::remove_file(&temporary);
        let linked = linked?;
        if linked && let Err(error) = disk::sync_dir(&self.dir) {
            // Not known to be durable, so it must not be seen either.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(linked)
    }

    /// Writes a checkpoint of the snapshot and removes entries that it replaces and that
    /// are older than `retention`. `keep_removed` is how long tombstones are carried on.
    pub(crate) fn checkpoint(
        &self,
        snapshot: &Snapshot,
        retention: Duration,
        keep_removed: Duration,
    ) -> Result<(), LakeError> {
        let Some(version) = snapshot.version else {
            return Ok(());
        };
        let keep = i64::try_from(keep_removed.as_millis()).unwrap_or(i64::MAX);
        let actions = snapshot.actions(now_ms().saturating_sub(keep));
        let path = self.dir.join(format!("{version:020}.checkpoint.parquet"));
        let bytes = checkpoint::encode(&actions)?;
        disk::write_whole(&path, &bytes)?;
        let last = serde_json::json!({"version": version, "size": actions.len()}).to_string();
        disk::write_whole(&self.dir.join("_last_checkpoint"), last.as_bytes())?;
        self.expire(version, retention)
    }

    fn expire(&self, checkpoint: u64, retention: Duration) -> Result<(), LakeError> {
        let oldest = SystemTime::now()
            .checked_sub(retention)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        for entry in fs::read_dir(&self.dir).doing("list", &self.dir)? {
            let entry = entry.doing("list", &self.dir)?;
            let name = entry.file_name();
            let replaced = name
                .to_str()
                .and_then(version_of)
                .is_some_and(|v| v < checkpoint);
            let old = || {
                entry
                    .metadata()
                    .and_then(|m| m.modified())
                    .is_ok_and(|time| time <= oldest)
            };
            if replaced && old() {
                fs::remove_file(entry.path()).doing("remove", &entry.path())?;
            }
        }
        Ok(())
    }

    fn read_checkpoint(&self) -> Result<Snapshot, LakeError> {
        let mut snapshot = Snapshot::default();
        let pointer = self.dir.join("_last_checkpoint");
        let text = match fs::read(&pointer) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(snapshot),
            Err(e) => return Err(e).doing("read", &pointer),
        };
        let last: LastCheckpoint =
            serde_json::from_slice(&text).map_err(|e| LakeError::log(&pointer, e))?;
        let path = self
            .dir
            .join(format!("{:020}.checkpoint.parquet", last.version));
        let file = File::open(&path).doing("open", &path)?;
        for action in checkpoint::decode(file).map_err(|e| LakeError::log(&path, e))? {
            snapshot
                .apply(action)
                .map_err(|reason| LakeError::log(&path, reason))?;
        }
        snapshot.version = Some(last.version);
        Ok(snapshot)
    }

    /// Versions that have an entry, in order.
    fn entries(&self) -> Result<Vec<u64>, LakeError> {
        let mut versions = Vec::new();
        for entry in fs::read_dir(&self.dir).doing("list", &self.dir)? {
            let name = entry.doing("list", &self.dir)?.file_name();
            let Some(name) = name.to_str().filter(|name| name.len() == 25) else {
                continue;
            };
            versions.extend(name.strip_suffix(".json").and_then(version_of));
        }
        versions.sort_unstable();
        Ok(versions)
    }

    fn entry(&self, version: u64) -> PathBuf {
        self.dir.join(format!("{version:020}.json"))
    }
}

/// The twenty digits that a log file's name begins with.
fn version_of(name: &str) -> Option<u64> {
    let digits = name.get(..20)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// The actions of an entry; the inner error says why its content is no entry.
fn read_entry(path: &Path) -> Result<Result<Vec<Action>, String>, LakeError> {
    let size = fs::metadata(path).doing("read", path)?.len();
    if size > MAX_ENTRY_BYTES {
        return Err(LakeError::log(path, format!("it is {size} bytes large")));
    }
    Ok(parse_entry(&fs::read(path).doing("read", path)?))
}

fn parse_entry(bytes: &[u8]) -> Result<Vec<Action>, String> {
    // Other writers may leave out the last newline; an empty file is a torn one.
    let lines = bytes
        .split(|b| *b == b'\n')
        .enumerate()
        .filter(|(_, l)| !l.trim_ascii().is_empty());
    let actions: Result<Vec<Action>, _> = lines
        .map(|(i, line)| serde_json::from_slice(line).map_err(|e| format!("line {}: {e}", i + 1)))
        .collect();
    actions.and_then(|a| {
        if a.is_empty() {
            Err("it is empty".to_owned())
        } else {
            Ok(a)
        }
    })
}

/// Parses arbitrary bytes as a log entry; what parses must survive a round trip.
#[doc(hidden)]
pub fn fuzz_log_entry(data: &[u8]) {
    let Ok(actions) = parse_entry(data) else {
        return;
    };
    let mut snapshot = Snapshot::default();
    for action in actions {
        if snapshot.apply(action).is_err() {
            return;
        }
    }
    let mut again = Snapshot::default();
    for action in snapshot.actions(i64::MIN) {
        let text = serde_json::to_vec(&action).unwrap_or_default();
        for action in parse_entry(&text).unwrap_or_default() {
            let _ = again.apply(action);
        }
    }
    assert!(
        snapshot.files.keys().eq(again.files.keys()),
        "files survive a checkpoint"
    );
    assert_eq!(
        snapshot.committed(),
        again.committed(),
        "the position survives a checkpoint"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn random_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz_log_entry(&data);
        }

        #[test]
        fn mutated_entries_never_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            let mut entry = br#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"add":{"path":"day=2026-01-01/a.parquet","partitionValues":{"day":"2026-01-01"},"size":3,"modificationTime":1,"dataChange":true,"stats":"{\"numRecords\":3}"}}
{"txn":{"appId":"ringfence-lake","version":77}}
"#.to_vec();
            if let Some(b) = entry.get_mut(at) {
                *b = byte;
            }
            entry.truncate(cut);
            fuzz_log_entry(&entry);
        }
    }
}
