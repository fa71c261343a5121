//! What can go wrong, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::query::Limits;

/// Why the lake could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The disk's fault: full, read-only, or gone.
    #[error("could not {action} `{}`: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another process writes this lake.
    #[error(
        "the lake in `{}` is already open for writing: stop the other process, or open it read-only",
        .0.display()
    )]
    Locked(PathBuf),
    /// A read-only open of a folder that holds no lake, or a damaged one.
    #[error("the Delta log in `{}` cannot be used: {reason}", path.display())]
    Log {
        /// The log entry or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A data file that cannot be rewritten: damaged, or another engine's.
    #[error("the file `{}` cannot be rewritten: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Another writer changed the same files first; nothing was changed.
    #[error("other writers changed the same files first: try again")]
    Conflict,
    /// An upkeep job was told to stop; what it had not committed is as before.
    #[error("the job was stopped")]
    Stopped,
    /// A write through a read-only handle.
    #[error("this lake is open read-only")]
    ReadOnly,
    /// A row that cannot be ordered: the caller's fault.
    #[error("commit through offset {through} is below the committed offset {committed}")]
    Backwards {
        /// What the caller asked for.
        through: u64,
        /// What the log already holds.
        committed: u64,
    },
    /// Encoding or decoding Parquet failed.
    #[error("could not write or read Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Building columns failed.
    #[error("could not build columns: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A query that was refused or failed.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Why a query gave no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is not SQL: the asker's fault.
    #[error("the query is not valid SQL: {0}")]
    Syntax(String),
    /// The statement is not one that the lake answers: the asker's fault.
    #[error("{what} is not allowed here{}: the lake answers a single SELECT over `events`", at(.line, .column))]
    Refused {
        /// What was found.
        what: String,
        /// Line, from 1; 0 when not known.
        line: u64,
        /// Column, from 1; 0 when not known.
        column: u64,
    },
    /// The text is too long, too deep or has too many operators: the asker's fault.
    #[error("the query is too large: {0}")]
    TooLarge(String),
    /// The query names what is not there or mixes types: the asker's fault.
    #[error("the query cannot be planned: {0}")]
    Plan(String),
    /// Out of time.
    #[error("the query took longer than {0} ms and was stopped: narrow it by `time` or a join key")]
    Timeout(u64),
    /// Out of memory.
    #[error(
        "the query needs more memory than {0} bytes: narrow it by `time`, or group by fewer values"
    )]
    Memory(usize),
    /// It failed while running.
    #[error("the query failed: {0}")]
    Failed(String),
    /// The query engine, a process of its own, ended over it.
    #[error(
        "the query engine ended while it worked on this query ({0}): narrow the query, or make it simpler"
    )]
    Crashed(String),
    /// No engine to ask, or no turn: it may work later.
    #[error("the query cannot be answered now: {0}")]
    Unavailable(String),
}

fn at(line: &u64, column: &u64) -> String {
    if *line == 0 {
        String::new()
    } else {
        format!(" (line {line}, column {column})")
    }
}

impl QueryError {
    pub(crate) fn timeout(limits: &Limits) -> Self {
        Self::Timeout(u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX))
    }
}

impl LakeError {
    pub(crate) fn log(path: &Path, reason: impl ToString) -> Self {
        Self::Log {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Says what was being done to which path when an I/O call failed.
pub(crate) trait Doing<T> {
    fn doing(self, action: &'static str, path: &Path) -> Result<T, LakeError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, action: &'static str, path: &Path) -> Result<T, LakeError> {
        self.map_err(|source| LakeError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}
