//! Why a backup was not made, or not restored.

use std::io;
use std::path::{Path, PathBuf};

/// The result of every call of this crate.
pub(crate) type Result<T> = std::result::Result<T, BackupError>;

/// Why a backup was not made, or not restored. Nothing half done passes for whole after any.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// There is something already.
    #[error("`{}` exists: a backup never replaces another, choose a new name", .0.display())]
    Exists(PathBuf),
    /// Two at a time.
    #[error("another backup is being written to `{}`: wait for it", .0.display())]
    Busy(PathBuf),
    /// A file changed its length while it was read.
    #[error("`{0}` became shorter while it was read: try again")]
    Shrunk(String),
    /// It is not a backup, or broken off, or damaged.
    #[error("E-BACKUP-002: `{}` is not a whole backup: {why}", .path.display())]
    Damaged {
        /// Which archive.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// Another backup than the one that was meant.
    #[error("E-BACKUP-003: the manifest's digest is {found}, not the one that was expected")]
    NotExpected {
        /// The digest of this backup.
        found: String,
    },
    /// It was written by a later release.
    #[error(
        "E-BACKUP-004: the backup has format {0}, which a later release wrote: restore with it"
    )]
    Newer(u32),
    /// There is something where the files should go.
    #[error("E-BACKUP-001: `{}` is not empty: restore into an empty or new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A folder without a backup.
    #[error("there is no backup in `{}`", .0.display())]
    None(PathBuf),
}

impl BackupError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}
