//! What can go wrong, and what to do about it.

use std::io;
use std::sync::Arc;

use crate::Offset;

/// Why the log refused. Cheap to clone: one failed commit answers many callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpineError {
    /// No room in flight right now; the caller that cannot wait counts a loss.
    #[error("the log has no room for more appends right now: slow down and try again")]
    Full,
    /// The log reached its own size limit and nothing may be deleted.
    #[error(
        "the log reached its limit of {limit} bytes and keeps what consumer `{held_by}` has not \
         read: bring that consumer back or raise the limit"
    )]
    LogFull {
        /// The configured limit.
        limit: u64,
        /// The slowest consumer, or `none` when no consumer was ever registered.
        held_by: String,
    },
    /// The file system is full, or a quota is used up.
    #[error("no space left for the log in `{place}`: free some, appends then go on by themselves")]
    DiskFull {
        /// The folder.
        place: String,
    },
    /// The folder or file system cannot be written.
    #[error("the log folder `{place}` cannot be written: make it writable for this user")]
    ReadOnly {
        /// The folder.
        place: String,
    },
    /// The device failed.
    #[error("cannot {action} `{file}` in `{place}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        file: String,
        /// In which folder.
        place: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Durable bytes are not what was written.
    #[error(
        "`{file}` is damaged at byte {position}: {reason}; restore this file from a backup, or \
         move the folder away to start a new log"
    )]
    Corrupt {
        /// The damaged file.
        file: String,
        /// Where in it.
        position: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// Files of the log are missing.
    #[error(
        "entries {from} to {to} are missing before `{file}`: restore the missing segment files \
         from a backup"
    )]
    Missing {
        /// First missing offset.
        from: Offset,
        /// First offset that is there again.
        to: Offset,
        /// The file that follows the gap.
        file: String,
    },
    /// A consumer has read further than the log goes: durable entries are lost.
    #[error(
        "consumer `{consumer}` stands at {position}, outside of the log ({tail} to {end}): the \
         log lost files, restore them from a backup"
    )]
    PositionOutside {
        /// Whose position.
        consumer: String,
        /// Where it stands.
        position: Offset,
        /// Oldest entry there is.
        tail: Offset,
        /// One past the newest entry.
        end: Offset,
    },
    /// Written by a newer Ringfence.
    #[error("`{file}` has format version {version}, which this version cannot read: upgrade")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        version: u16,
    },
    /// Another process has the folder.
    #[error("the log folder `{place}` is in use by another process: stop it first")]
    Locked {
        /// The folder.
        place: String,
    },
    /// The entry was deleted by retention.
    #[error("entry {asked} is no longer kept: the oldest is {tail}")]
    Gone {
        /// What was asked for.
        asked: Offset,
        /// The oldest entry there is.
        tail: Offset,
    },
    /// The caller's batch is larger than one append may be.
    #[error("{bytes} bytes in one append are more than the limit of {limit}: send smaller batches")]
    TooLarge {
        /// What the batch costs.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The caller's consumer name.
    #[error("`{name}` is no consumer name: use 1 to 64 of a-z, 0-9, `-` and `_`")]
    ConsumerName {
        /// As given.
        name: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl SpineError {
    /// The stable code of the error's page.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full => "E-SPINE-001",
            Self::LogFull { .. } => "E-SPINE-002",
            Self::DiskFull { .. } => "E-SPINE-003",
            Self::ReadOnly { .. } => "E-SPINE-004",
            Self::Io { .. } => "E-SPINE-005",
            Self::Corrupt { .. } => "E-SPINE-006",
            Self::Missing { .. } => "E-SPINE-007",
            Self::PositionOutside { .. } => "E-SPINE-008",
            Self::Version { .. } => "E-SPINE-009",
            Self::Locked { .. } => "E-SPINE-010",
            Self::Gone { .. } => "E-SPINE-011",
            Self::TooLarge { .. } => "E-SPINE-012",
            Self::ConsumerName { .. } => "E-SPINE-013",
            Self::Closed => "E-SPINE-014",
        }
    }

    /// Whether the same append may succeed later without a change by the caller.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Full
                | Self::LogFull { .. }
                | Self::DiskFull { .. }
                | Self::ReadOnly { .. }
                | Self::Io { .. }
        )
    }

    /// Sorts what the system said into what an operator can do something about.
    pub(crate) fn io(place: &str, file: &str, action: &'static str, error: io::Error) -> Self {
        let place = place.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { place },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { place }
            }
            _ => Self::Io {
                action,
                file: file.to_owned(),
                place,
                source: Arc::new(error),
            },
        }
    }
}
