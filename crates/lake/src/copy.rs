//! The files of the table at one version, for a backup beside a running server.
//!
//! Data files and log entries never change once they have their names, so a list of them is a
//! consistent copy. Later commits and compactions add others; what this version names stays on
//! disk until the vacuum's delay has passed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::delta::Log;
use crate::error::{Doing, LakeError};

/// Tries to see the log and its pointer at one moment.
const TRIES: usize = 8;

/// One immutable file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// Path inside the lake's folder.
    pub path: String,
    /// Bytes.
    pub len: u64,
}

/// The table at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCopy {
    /// The version of the Delta log.
    pub version: u64,
    /// The spine offset that is committed, inclusive.
    pub committed: Option<u64>,
    /// Data files and log entries.
    pub files: Vec<TableFile>,
    /// `_last_checkpoint`, if there is one: the one file that changes.
    pub pointer: Option<(String, Vec<u8>)>,
}

/// Lists what makes up the table now; nothing where there is no table yet.
///
/// # Errors
/// When the log cannot be read.
pub fn table_copy(lake: &Path) -> Result<Option<TableCopy>, LakeError> {
    let log = Log::new(lake);
    if !log.dir().exists() {
        return Ok(None);
    }
    let pointer = log.dir().join("_last_checkpoint");
    let mut last = Ok(None);
    for _ in 0..TRIES {
        let before = read(&pointer)?;
        // A checkpoint that moves under the reader takes entries away that it still wanted.
        match log.read(false) {
            Ok(snapshot) if read(&pointer)? == before => {
                let Some(version) = snapshot.version else {
                    return Ok(None);
                };
                let mut files: Vec<_> = snapshot
                    .files
                    .values()
                    .map(|f| TableFile {
                        path: f.path.clone(),
                        len: f.size,
                    })
                    .collect();
                files.extend(log_files(&log, version, before.is_some())?);
                let name = "_delta_log/_last_checkpoint".to_owned();
                return Ok(Some(TableCopy {
                    version,
                    committed: snapshot.committed(),
                    files,
                    pointer: before.map(|bytes| (name, bytes)),
                }));
            }
            Ok(_) => {}
            Err(error) => last = Err(error),
        }
    }
    last
}

/// Entries and checkpoints through a version. Those before the newest checkpoint are of no use to
/// a reader, and may be removed while they are copied.
fn log_files(log: &Log, version: u64, checkpointed: bool) -> Result<Vec<TableFile>, LakeError> {
    let mut found = Vec::new();
    let mut newest_checkpoint = 0;
    for entry in fs::read_dir(log.dir()).doing("list", log.dir())? {
        let entry = entry.doing("list", log.dir())?;
        let name = entry.file_name();
        let Some((name, at)) = name.to_str().and_then(|n| Some((n, version_of(n)?))) else {
            continue;
        };
        if at > version {
            continue;
        }
        if checkpointed && name.ends_with(".checkpoint.parquet") {
            newest_checkpoint = newest_checkpoint.max(at);
        }
        let len = entry.metadata().doing("read", &entry.path())?.len();
        let path = format!("_delta_log/{name}");
        found.push((at, TableFile { path, len }));
    }
    found.retain(|(at, _)| *at >= newest_checkpoint);
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

/// The version that a finished log entry or checkpoint is for.
fn version_of(name: &str) -> Option<u64> {
    let (digits, ending) = name.split_once('.')?;
    let known = matches!(ending, "json" | "checkpoint.parquet") && digits.len() == 20;
    known.then(|| digits.parse().ok())?
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, LakeError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some).doing("read", path),
    }
}
