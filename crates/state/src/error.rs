//! What can go wrong, sorted by who can do something about it.

use ringfence_crypto::RandomError;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call did not happen. None of them leaves anything half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another writer held the database for too long; the same call may succeed later.
    #[error("the state database is busy: try again")]
    Busy,
    /// The operator has to make room.
    #[error("the disk that holds the state database is full: free space and try again")]
    DiskFull,
    /// The operator has to make the folder writable.
    #[error("the state database cannot be written: check its folder's owner and mount")]
    ReadOnly,
    /// No such row, or none within the caller's programs.
    #[error("no {what} `{id}`")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The caller's picture is out of date, or the step makes no sense from here.
    #[error("{0}")]
    Conflict(String),
    /// The caller's input is at fault.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which part of the input.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A stored row does not read back; the database was edited or damaged.
    #[error("the state database holds an unreadable {0}")]
    Corrupt(&'static str),
    /// Nothing secret can be made.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database's folder or file.
    #[error("cannot prepare `{path}`: {cause}")]
    File {
        /// Which file or folder.
        path: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file was written by a newer release, or its migrations were changed.
    #[error(
        "E-START-001: the state database does not match this release, probably a later one wrote it: {0}"
    )]
    Migration(sqlx::migrate::MigrateError),
    /// Anything else the database said.
    #[error("the state database failed: {0}")]
    Database(sqlx::Error),
}

impl Error {
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            reason: reason.into(),
        }
    }

    pub(crate) fn not_found(what: &'static str, id: &str) -> Self {
        Self::NotFound {
            what,
            id: id.to_owned(),
        }
    }

    /// Whether the same call may succeed later without anyone changing it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::DiskFull | Self::ReadOnly)
    }
}

// SQLite's primary result codes (sqlite.org/rescode.html).
const SQLITE_BUSY: i64 = 5;
const SQLITE_LOCKED: i64 = 6;
const SQLITE_READONLY: i64 = 8;
const SQLITE_FULL: i64 = 13;
const SQLITE_CANTOPEN: i64 = 14;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // The extended code carries the primary one in its low byte.
        let code = error
            .as_database_error()
            .and_then(|database| database.code()?.parse::<i64>().ok())
            .map(|code| code & 0xff);
        match code {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
            Some(SQLITE_FULL) => Self::DiskFull,
            Some(SQLITE_READONLY | SQLITE_CANTOPEN) => Self::ReadOnly,
            _ if matches!(error, sqlx::Error::PoolTimedOut) => Self::Busy,
            _ => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            other => Self::Migration(other),
        }
    }
}
