//! What can be wrong with a log, each with its name.

use ringfence_tlog::NoteError;
use ringfence_tlog::witness::Refusal;

use crate::fetch::FetchError;
use crate::store::StoreError;

/// Why a look at a log did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The server.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What the server calls a checkpoint is none.
    #[error("what the server shows is no checkpoint: {0}")]
    Malformed(String),
    /// The log's key did not sign it.
    #[error("the log's key did not sign the checkpoint: {0}")]
    WrongKey(NoteError),
    /// The log's key signed it, for another log.
    #[error("the server shows a checkpoint of another log, `{0}`")]
    OtherLog(String),
    /// A tile has another length than its width takes.
    #[error("a file of the log was cut: {0}")]
    Truncated(String),
    /// The tiles do not make the root that the checkpoint says.
    #[error("the log's files are not those of its checkpoint of {0} entries")]
    WrongTiles(u64),
    /// An older checkpoint than the server showed before.
    #[error("the log has {size} entries now, and had {remembered}: it was rolled back")]
    RolledBack {
        /// Entries that it had.
        remembered: u64,
        /// Entries that it has.
        size: u64,
    },
    /// Two checkpoints that cannot both be true.
    #[error("{0}")]
    Forked(String),
    /// For too long nothing valid came.
    #[error("for {secs} s the log has shown nothing valid; the last trouble: {last}")]
    Silent {
        /// How long.
        secs: u64,
        /// What went wrong last.
        last: String,
    },
    /// The witness's own folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Trouble {
    /// Its name in alarms.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.name(),
            Self::Malformed(_) => "malformed",
            Self::WrongKey(_) => "wrong-key",
            Self::OtherLog(_) => "other-log",
            Self::Truncated(_) => "truncated",
            Self::WrongTiles(_) => "wrong-tiles",
            Self::RolledBack { .. } => "rollback",
            Self::Forked(_) => FORK,
            Self::Silent { .. } => "silence",
            Self::Store(_) => "store",
        }
    }

    /// Whether somebody has to be told at once. What may pass by itself is told when it lasts, as silence.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        !matches!(
            self,
            Self::Fetch(
                FetchError::Unreachable(_)
                    | FetchError::Slow
                    | FetchError::Missing
                    | FetchError::Status(_)
            )
        )
    }
}

/// The alarm that ends by no better answer.
pub(crate) const FORK: &str = "fork";

/// Why somebody who asked for a cosignature gets none.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// As the specification has it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The log has two pasts.
    #[error("this log is not signed any more: {0}")]
    Forked(String),
    /// What is signed cannot be remembered.
    #[error("the witness cannot write its state, and signs nothing that it would not remember")]
    Store(#[from] StoreError),
}

impl NotSigned {
    /// Status of HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Forked(_) => 403,
            Self::Store(_) => 503,
        }
    }
}
