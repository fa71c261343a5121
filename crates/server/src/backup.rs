//! Backup and restore of a data folder, beside a running server.
//!
//! The order makes the copy consistent. Each store remembers how far it has read the event log, so
//! the log has to reach at least that far: its segments are held open first, so that none is
//! deleted; everything that holds a position is copied next; the log comes last. What the log has
//! beyond the positions is read again after a restore, as after a crash.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ringfence_backup::{BackupError, Finished, Source, Summary, Writer};
use ringfence_event::Entry;
use ringfence_spine::{Copied, Offset, Pinned, ReadOnlySpine};
use thiserror::Error;

use crate::clock;

/// Copies that are begun anew because something vanished under them.
const TRIES: usize = 3;
/// Bytes of the log's end that are looked through at a time for the newest event.
const LOOK_BACK: usize = 4 << 20;

/// Remembers in the data folder when it was last backed up.
const NOTE: &str = "last-backup.json";
/// Parts of a data folder that have a way of their own, or are of no use in a copy.
const NOT_COPIED: &[&str] = &[
    CHECKPOINT,
    COSIGNED,
    "spine",
    "lake",
    "state.db",
    "state.db-wal",
    "state.db-shm",
    "state.db.lock",
];

/// What the evidence log says it is. It is copied before the log's tiles and the state store's records, so
/// that these reach at least as far.
const CHECKPOINT: &str = "evidence/checkpoint";
/// What witnesses cosigned of it: no more than that, so it is copied before.
const COSIGNED: &str = "evidence/cosigned";

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The archive, or a file that was to go into it.
    #[error(transparent)]
    Archive(#[from] BackupError),
    /// The event log.
    #[error(transparent)]
    Spine(#[from] ringfence_spine::SpineError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] ringfence_lake::LakeError),
    /// The state store.
    #[error(transparent)]
    State(#[from] ringfence_state::Error),
    /// There is no data folder.
    #[error("`{}` is no data folder of Ringfence: it has no event log", .0.display())]
    NoData(PathBuf),
    /// A folder of the data folder.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A position in the copy lies outside of the copied log.
    #[error("the copy of `{0}` does not fit the copy of the event log: try again")]
    Apart(String),
}

impl CopyError {
    /// Whether a second look may find everything in its place.
    fn is_passing(&self) -> bool {
        match self {
            Self::Apart(_) | Self::Archive(BackupError::Shrunk(_)) => true,
            Self::Archive(BackupError::Io { source, .. }) => {
                source.kind() == io::ErrorKind::NotFound
            }
            Self::Lake(_) | Self::Spine(_) => true,
            _ => false,
        }
    }
}

/// Copies the data folder `data` into a backup at `out`. `state_elsewhere` says that the state
/// store lives in PostgreSQL, where `pg_dump` has to copy it before this begins.
///
/// # Errors
/// When something cannot be read or written; then there is no backup at `out`.
pub async fn backup(data: &Path, out: &Path, state_elsewhere: bool) -> Result<Finished, CopyError> {
    if !data.join("spine").is_dir() {
        return Err(CopyError::NoData(data.to_owned()));
    }
    let mut tries = 1;
    loop {
        match attempt(data, out, state_elsewhere).await {
            Err(error) if error.is_passing() && tries < TRIES => {
                tracing::warn!(%error, "the backup begins anew");
                tries += 1;
            }
            done => return done,
        }
    }
}

async fn attempt(data: &Path, out: &Path, state_elsewhere: bool) -> Result<Finished, CopyError> {
    let mut writer = Writer::begin(out)?;
    let log = data.join("spine");
    let pinned = Pinned::hold(&log)?;
    let mut summary = Summary {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_ms: clock::now().0,
        ..Summary::default()
    };

    for path in [COSIGNED, CHECKPOINT] {
        let file = data.join(path);
        if file.is_file() {
            put_file(&mut writer, path, &file, false)?;
        }
    }
    other_files(data, &mut writer)?;

    let scratch = writer.scratch()?;
    let mut positions = BTreeMap::new();
    if !state_elsewhere {
        let copied = ringfence_state::copy_database(&data.join("state.db"), scratch.path()).await?;
        summary.instance = copied.instance;
        summary.state = true;
        positions.extend(copied.positions);
        put_file(&mut writer, "state.db", scratch.path(), false)?;
    }
    drop(scratch);

    let lake = ringfence_lake::table_copy(&data.join("lake"))?;
    if let Some(table) = &lake {
        summary.lake_version = Some(table.version);
        if let Some(committed) = table.committed {
            positions.insert("lake".to_owned(), committed.saturating_add(1));
        }
    }

    let copied = pinned.copy()?;
    fits(&copied, &positions)?;
    summary.log_end = copied.head.0;
    summary.newest_event_ms = newest_event(&log, copied.tail, copied.head)?;
    put_log(&mut writer, copied)?;

    // The largest part last: its files do not change any more.
    if let Some(table) = lake {
        for file in &table.files {
            let path = format!("lake/{}", file.path);
            put_sealed(&mut writer, &path, &data.join(&path), file.len)?;
        }
        if let Some((path, bytes)) = table.pointer {
            put_bytes(&mut writer, &format!("lake/{path}"), &bytes)?;
        }
    }
    let finished = writer.finish(summary)?;
    // Only for `last`: a folder that cannot be written can be backed up all the same.
    let note = serde_json::json!({"made_ms": finished.manifest.summary.made_ms}).to_string();
    if let Err(error) = fs::write(data.join(NOTE), note) {
        tracing::warn!(%error, "the time of this backup cannot be noted in the data folder");
    }
    Ok(finished)
}

/// When the last backup of a data folder was made, in milliseconds since 1970.
#[must_use]
pub fn last(data: &Path) -> Option<i64> {
    let note: serde_json::Value = serde_json::from_slice(&fs::read(data.join(NOTE)).ok()?).ok()?;
    note.get("made_ms")?.as_i64()
}

/// The server refuses a log that a consumer stands outside of; so does the backup of one.
fn fits(copied: &Copied, positions: &BTreeMap<String, u64>) -> Result<(), CopyError> {
    let of_log = copied.consumers.iter().map(|(name, at)| (name, at.0));
    let all = of_log.chain(positions.iter().map(|(name, at)| (name, *at)));
    for (name, at) in all {
        if !(copied.tail.0..=copied.head.0).contains(&at) {
            return Err(CopyError::Apart(name.clone()));
        }
    }
    Ok(())
}

/// Certificates, offsets of watched files, and whatever else lies in the folder. They are read
/// before the log: an offset of a source must not be ahead of what the log has of it.
fn other_files(data: &Path, writer: &mut Writer) -> Result<(), CopyError> {
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| CopyError::Read {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let Some(inside) = path.strip_prefix(data).ok().and_then(Path::to_str) else {
                continue;
            };
            let kind = entry.file_type().map_err(failed)?;
            let passing =
                inside.ends_with(".tmp") || inside == ".writable" || inside == ".restoring";
            if NOT_COPIED.contains(&inside) || passing {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                put_file(writer, inside, &path, false)?;
            }
        }
    }
    Ok(())
}

fn put_log(writer: &mut Writer, copied: Copied) -> Result<(), CopyError> {
    for (name, bytes) in copied.positions {
        put_bytes(writer, &format!("spine/{name}"), &bytes)?;
    }
    for segment in copied.segments {
        let path = format!("spine/{}", segment.name);
        writer.put(Source {
            path: &path,
            len: segment.len,
            sealed: segment.sealed,
            open: || Ok(segment.file),
        })?;
    }
    Ok(())
}

fn put_file(writer: &mut Writer, path: &str, file: &Path, sealed: bool) -> Result<(), CopyError> {
    let len = fs::metadata(file)
        .map_err(|source| CopyError::Read {
            path: file.to_owned(),
            source,
        })?
        .len();
    Ok(writer.put(Source {
        path,
        len,
        sealed,
        open: || File::open(file),
    })?)
}

fn put_sealed(writer: &mut Writer, path: &str, file: &Path, len: u64) -> Result<(), CopyError> {
    Ok(writer.put(Source {
        path,
        len,
        sealed: true,
        open: || File::open(file),
    })?)
}

fn put_bytes(writer: &mut Writer, path: &str, bytes: &[u8]) -> Result<(), CopyError> {
    Ok(writer.put(Source {
        path,
        len: bytes.len() as u64,
        sealed: false,
        open: || Ok(bytes),
    })?)
}

/// When the newest event before `head` was received. Ticks and conclusions may stand behind it.
fn newest_event(log: &Path, tail: Offset, head: Offset) -> Result<Option<i64>, CopyError> {
    let spine = ReadOnlySpine::open(log)?;
    let (mut end, mut step) = (head.0, 1_000);
    while end > tail.0 {
        let from = end.saturating_sub(step).max(tail.0);
        let mut at = from;
        let mut newest = None;
        while at < end {
            let block = spine.read(Offset(at), LOOK_BACK)?;
            if block.is_empty() {
                break;
            }
            at = at.saturating_add(block.len() as u64);
            for (_, entry) in &block {
                if let Ok(Entry::Event(event)) = Entry::decode(entry.kind, &entry.payload) {
                    newest = newest.max(Some(event.received.0));
                }
            }
        }
        if newest.is_some() {
            return Ok(newest);
        }
        (end, step) = (from, step.saturating_mul(4));
    }
    Ok(None)
}
