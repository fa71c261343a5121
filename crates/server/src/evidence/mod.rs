//! The evidence log of a running server: what of the event log goes into it, and whoever waits for that.

mod cosign;
mod cosigned;
mod fold;
mod read;
mod record;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringfence_evidence::{Folder, KeyFile, KeyFileError, Leaf, Log, LogError, commit};
use ringfence_state::{Evidence as Row, State};
use ringfence_tlog::{KeyKind, Note, VerifierKey};
use thiserror::Error;
use tokio::sync::watch;

use crate::config::EvidenceConfig;

pub(crate) use cosign::Cosigner;
pub(crate) use cosigned::Cosigned;
pub(crate) use fold::Fold;

/// The folder of the log in the data folder; all of it may be shown to anybody.
pub(crate) const FOLDER: &str = "evidence";
/// The key that signs its checkpoints.
pub(crate) const KEY: &str = "evidence.key";
/// Records that are caught up with at a time.
const CATCH_UP: u32 = 5_000;

/// Why the evidence log cannot go on.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The log itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be opened.
    #[error("E-EVIDENCE-003: {0}")]
    Closed(String),
    /// The key that signs.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The state store.
    #[error(transparent)]
    State(#[from] ringfence_state::Error),
    /// Records were removed, or an older state store was put in the place of this one.
    #[error(
        "E-EVIDENCE-001: the evidence log has {log} entries and the state store {records} records: \
         records were removed, or one of them is older than the other; run `ringfence verify`"
    )]
    Fewer {
        /// Entries of the log.
        log: u64,
        /// Records of the state store.
        records: u64,
    },
    /// A record that is to be appended is not there.
    #[error("E-EVIDENCE-001: record {0} was removed before it was in the evidence log")]
    Missing(u64),
    /// A kind that the log cannot write.
    #[error("`{0}` is no kind of record")]
    Kind(String),
    /// A record that is to be appended has lost its text.
    #[error("E-EVIDENCE-002: record {0} is not in the evidence log yet, and its text is gone")]
    Erased(u64),
}

/// The log, open.
pub(crate) struct EvidenceLog {
    /// Or why there is none: events are taken all the same.
    log: Arc<Mutex<Result<Log, String>>>,
    folder: PathBuf,
    size: AtomicU64,
    key: VerifierKey,
    /// Everything before this offset of the event log is in it.
    through: watch::Sender<u64>,
    trouble: Mutex<Option<String>>,
    /// Where a new log begins to read the event log.
    begins: u64,
    /// What witnesses said of it.
    cosigned: Cosigned,
}

impl EvidenceLog {
    /// Opens the log of a data folder; `host` names a new one, which begins at an offset of the event log.
    pub(crate) fn open(
        data: &Path,
        host: &str,
        begins: u64,
        config: &EvidenceConfig,
    ) -> Result<Self, EvidenceError> {
        let signer = KeyFile::at(&data.join(KEY)).open(KeyKind::Log, host, FOLDER)?;
        let key = signer.public().clone();
        let folder = data.join(FOLDER);
        let log = Log::open(Folder::new(&folder), signer);
        let size = log.as_ref().ok().map(Log::size);
        Ok(Self {
            cosigned: Cosigned::open(Folder::new(&folder), &key, size, config),
            folder,
            size: AtomicU64::new(size.unwrap_or(0)),
            trouble: Mutex::new(log.as_ref().err().map(ToString::to_string)),
            log: Arc::new(Mutex::new(log.map_err(|error| error.to_string()))),
            key,
            through: watch::Sender::new(0),
            begins,
        })
    }

    /// What witnesses said of it.
    pub(crate) fn cosigned(&self) -> &Cosigned {
        &self.cosigned
    }

    /// What the log says of itself, signed by nobody else; nothing while it cannot be opened.
    fn newest(&self) -> Option<Note> {
        self.lock()
            .as_ref()
            .ok()
            .map(|log| log.checkpoint().clone())
    }

    /// Where a log that has nothing yet begins to read the event log.
    pub(crate) fn begins(&self) -> u64 {
        self.begins
    }

    pub(crate) fn note(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Says how far the log has come.
    pub(crate) fn reached(&self, through: u64) {
        self.through.send_if_modified(|at| {
            let further = through > *at;
            *at = through.max(*at);
            further
        });
    }

    /// Appends the records that the log has not yet: those that were taken down before a crash, too.
    pub(crate) async fn catch_up(self: &Arc<Self>, state: &State) -> Result<(), EvidenceError> {
        if let Err(why) = &*self.lock() {
            return Err(EvidenceError::Closed(why.clone()));
        }
        loop {
            let log = self.size.load(Ordering::Acquire);
            let records = state.evidence_size().await?;
            if records < log {
                return Err(EvidenceError::Fewer { log, records });
            }
            let rows = state.evidence_from(log, CATCH_UP).await?;
            if rows.is_empty() {
                return Ok(());
            }
            // The number of a record is that of its entry.
            if let Some((missing, _)) = (log..).zip(&rows).find(|(n, row)| *n != row.index) {
                return Err(EvidenceError::Missing(missing));
            }
            self.append(rows).await?;
        }
    }

    /// Appends records that follow what the log has.
    pub(crate) async fn append(self: &Arc<Self>, rows: Vec<Row>) -> Result<(), EvidenceError> {
        let this = Arc::clone(self);
        let work = move || {
            let leaves: Result<Vec<_>, _> = rows.iter().map(entry).collect();
            if let Ok(log) = &mut *this.lock() {
                log.append(&leaves?)?;
                this.size.store(log.size(), Ordering::Release);
            }
            Ok(())
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|broken| Err(LogError::from(std::io::Error::other(broken)).into()))
    }

    fn lock(&self) -> MutexGuard<'_, Result<Log, String>> {
        locked(&self.log)
    }
}

/// What was appended before a panic is there.
fn locked(log: &Mutex<Result<Log, String>>) -> MutexGuard<'_, Result<Log, String>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the log says of a record.
fn entry(row: &Row) -> Result<String, EvidenceError> {
    let (salt, text) = row
        .record
        .as_ref()
        .ok_or(EvidenceError::Erased(row.index))?;
    let leaf = Leaf {
        time: row.time_ms,
        kind: row.kind.clone(),
        commitment: commit(salt, text),
    };
    let entry = leaf.to_string();
    // What nobody could read again must not get in.
    match Leaf::parse(entry.as_bytes()) {
        Ok(_) => Ok(entry),
        Err(_) => Err(EvidenceError::Kind(row.kind.clone())),
    }
}
