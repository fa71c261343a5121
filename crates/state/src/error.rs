//! What can go wrong, sorted by who can do something about it.

use ringfence_crypto::RandomError;
use sqlx::postgres::PgDatabaseError;

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
    /// PostgreSQL is down, or the way to it. A write that ended so may have happened.
    #[error("the state database cannot be reached: {0}")]
    Unreachable(String),
    /// Two servers on one database would each count what the other did.
    #[error(
        "another Ringfence server uses this state database: stop it, or give this one a \
         database of its own"
    )]
    InUse,
    /// What the operator wrote about the database cannot be.
    #[error("{0}")]
    Unusable(String),
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
    /// A value that is one's only is somebody else's.
    #[error("{field}: {reason}")]
    Taken {
        /// Which part of the input.
        field: &'static str,
        /// Whose it is, as far as the caller may know.
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
        matches!(
            self,
            Self::Busy | Self::DiskFull | Self::ReadOnly | Self::Unreachable(_) | Self::InUse
        )
    }

    pub(crate) fn is_unique_violation(&self) -> bool {
        let database = match self {
            Self::Database(error) => error.as_database_error(),
            _ => None,
        };
        database.is_some_and(|error| error.is_unique_violation())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                let known = match database.try_downcast_ref::<PgDatabaseError>() {
                    Some(said) => from_postgres(&code, said.message()),
                    None => from_sqlite(&code),
                };
                known.unwrap_or(Self::Database(error))
            }
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(cause) => Self::Unreachable(cause.to_string()),
            sqlx::Error::Tls(cause) => Self::Unreachable(cause.to_string()),
            _ => Self::Database(error),
        }
    }
}

/// SQLite's primary result codes (sqlite.org/rescode.html); an extended code carries the
/// primary one in its low byte.
fn from_sqlite(code: &str) -> Option<Error> {
    match code.parse::<i64>().ok()? & 0xff {
        5 | 6 => Some(Error::Busy),
        8 | 14 => Some(Error::ReadOnly),
        13 => Some(Error::DiskFull),
        _ => None,
    }
}

/// PostgreSQL's error codes (its manual, appendix A); the first two characters are the class.
fn from_postgres(code: &str, said: &str) -> Option<Error> {
    match code {
        // Serialisation failure, deadlock, a lock or a statement that took too long.
        "40001" | "40P01" | "55P03" | "57014" => Some(Error::Busy),
        "53100" => Some(Error::DiskFull),
        // A server that became a standby.
        "25006" => Some(Error::ReadOnly),
        // Broken connections, sign-in, other lack of resources, a server that stops or starts,
        // a transaction that it ended by itself, a database that is gone.
        _ if ["08", "28", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Some(Error::Unreachable(said.to_owned()))
        }
        "25P02" | "25P03" | "3D000" => Some(Error::Unreachable(said.to_owned())),
        _ => None,
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
