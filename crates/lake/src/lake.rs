//! The lake itself: the tail, the snapshot and the step from one to the other.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arrow::record_batch::RecordBatch;

use crate::config::Config;
use crate::delta::{Action, DataFile, Log, Snapshot};
use crate::disk::now_ms;
use crate::error::{Doing, LakeError, QueryError};
use crate::open::{create_table, lock, remove_orphans};
use crate::parquet_file;
use crate::query::{Changes, Engine, Limits, QueryResult, Rows, Scope};
use crate::row::{Facts, Row};
use crate::tail::Tail;
use crate::upkeep::Erasures;

/// Tries to append an entry before another writer's entries are blamed.
const APPEND_TRIES: usize = 16;

/// The table `events`: a folder of Parquet files, their log, and the rows not yet in them.
///
/// All methods take `&self`; share it in an `Arc`. [`push`](Self::push) is cheap,
/// [`commit`](Self::commit) blocks on the disk and belongs on a blocking thread.
#[derive(Debug)]
pub struct Lake {
    pub(crate) dir: PathBuf,
    pub(crate) config: Config,
    log: Log,
    /// What queries see. Held for moments only, never across I/O.
    shared: Mutex<Shared>,
    /// Held for the length of a commit of the tail, so that there is one at a time.
    writer: Mutex<Writer>,
    /// Held for the length of a job that replaces files, so that there is one at a time.
    pub(crate) upkeep: Mutex<()>,
    /// Held while an entry is appended and shown: commits and upkeep take turns, and what
    /// queries see never goes back to an older version. Commits since the last checkpoint.
    entries: Mutex<u64>,
    engine: Mutex<Option<Arc<Engine>>>,
    read_only: bool,
    /// Keeps other processes from writing; released by the system even after a crash.
    _lock: Option<File>,
}

pub(crate) struct Shared {
    pub(crate) tail: Tail,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Highest offset pushed or committed.
    pub(crate) high: Option<u64>,
    /// What was erased: rows of it that come again are not taken.
    pub(crate) erasures: Arc<Erasures>,
}

#[derive(Debug)]
pub(crate) struct Writer {
    /// Or when the lake was opened: a restart is no reason for a small file.
    last_commit: Instant,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows written.
    pub rows: u64,
    /// Files written.
    pub files: usize,
    /// Bytes written.
    pub bytes: u64,
}

/// The lake at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Rows in files.
    pub file_rows: u64,
    /// Files of the table.
    pub files: usize,
    /// Bytes of the files.
    pub file_bytes: u64,
    /// Rows in the hot tail.
    pub tail_rows: usize,
    /// Bytes of the hot tail, about.
    pub tail_bytes: usize,
    /// Version of the Delta log.
    pub version: Option<u64>,
}

/// What one query works on: files and rows that do not change under it.
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) tail: Vec<RecordBatch>,
}

impl Lake {
    /// Opens the lake in `dir` for writing, and makes it when there is none. What a crash
    /// left behind (temporary files, files that no log entry names) is removed.
    pub fn open(dir: impl Into<PathBuf>, config: Config) -> Result<Self, LakeError> {
        let dir = dir.into();
        let log = Log::new(&dir);
        fs::create_dir_all(log.dir()).doing("create", log.dir())?;
        let lock = lock(&dir)?;
        let mut snapshot = log.read(true)?;
        if snapshot.version.is_none() {
            create_table(&log)?;
            snapshot = log.read(false)?;
        }
        remove_orphans(&dir, &log, &snapshot)?;
        let erasures = Erasures::read(&dir)?;
        Ok(Self::new(dir, config, log, snapshot, erasures, Some(lock)))
    }

    /// Opens the lake for queries only, beside a process that may be writing it. It shows
    /// the table as of now; open again to see later commits.
    pub fn open_read_only(dir: impl Into<PathBuf>) -> Result<Self, LakeError> {
        let dir = dir.into();
        let log = Log::new(&dir);
        let snapshot = log.read(false)?;
        if snapshot.version.is_none() {
            return Err(LakeError::log(
                log.dir(),
                "it has no entries, so there is no lake here",
            ));
        }
        let none = Erasures::default();
        Ok(Self::new(dir, Config::default(), log, snapshot, none, None))
    }

    fn new(
        dir: PathBuf,
        config: Config,
        log: Log,
        snapshot: Snapshot,
        erasures: Erasures,
        lock: Option<File>,
    ) -> Self {
        let high = snapshot.committed();
        let shared = Shared {
            tail: Tail::default(),
            snapshot: Arc::new(snapshot),
            high,
            erasures: Arc::new(erasures),
        };
        Self {
            dir,
            config,
            log,
            shared: Mutex::new(shared),
            writer: Mutex::new(Writer {
                last_commit: Instant::now(),
            }),
            upkeep: Mutex::new(()),
            entries: Mutex::new(0),
            engine: Mutex::new(None),
            read_only: lock.is_none(),
            _lock: lock,
        }
    }

    /// Adds rows to the hot tail, where queries see them at once, and says how many were
    /// new. A row below the highest offset seen, or at or below the committed one, is a
    /// replay and is skipped.
    pub fn push(&self, rows: &[Row<'_>]) -> Result<usize, LakeError> {
        self.writable()?;
        let mut shared = self.shared();
        let committed = shared.snapshot.committed();
        let mut new = 0;
        for row in rows {
            let seen = shared.high.is_some_and(|high| row.offset < high);
            if seen || committed.is_some_and(|committed| row.offset <= committed) {
                continue;
            }
            shared.high = Some(row.offset);
            if shared.erasures.cover(row) {
                continue;
            }
            shared.tail.push(row)?;
            new += 1;
        }
        Ok(new)
    }

    /// Adds late facts to the rows at `offset`. False when they are already written or
    /// being written: append a revision row then.
    pub fn revise(&self, offset: u64, facts: &Facts) -> bool {
        if self.read_only {
            return false;
        }
        let mut shared = self.shared();
        let found = shared.tail.revise(offset, facts);
        // The facts may name an erased call.
        let erasures = Arc::clone(&shared.erasures);
        if found && erasures.reach(offset) {
            let erased = shared.tail.erase(&|batch| erasures.matches(batch));
            if let Err(error) = erased {
                tracing::error!(%error, "revised rows of the lake could not be checked for erasures");
            }
        }
        found
    }

    /// Whether a row is one that somebody had erased: a row made anew of an old event, such
    /// as for facts that came late, must not bring it back.
    pub fn erased(&self, row: &Row<'_>) -> bool {
        self.shared().erasures.cover(row)
    }

    /// Whether the policy asks for a commit now: the interval has passed and there is
    /// something to write, or the tail has grown past its bound.
    pub fn commit_due(&self) -> bool {
        let (rows, bytes) = {
            let shared = self.shared();
            (shared.tail.rows(), shared.tail.bytes())
        };
        let Ok(writer) = self.writer.try_lock() else {
            return false;
        };
        let waited = writer.last_commit.elapsed() >= self.config.commit_every;
        bytes >= self.config.tail_bytes || (rows > 0 && waited)
    }

    /// Whether the tail has grown to twice its bound, because rows come in faster than they are
    /// written: whoever pushes should wait for a commit.
    pub fn is_overfull(&self) -> bool {
        self.shared().tail.bytes() >= self.config.tail_bytes.saturating_mul(2)
    }

    /// Writes the rows through `through` to files and commits them with that offset in
    /// one log entry. On an error nothing has changed and the rows stay in the tail.
    pub fn commit(&self, through: u64) -> Result<Committed, LakeError> {
        self.writable()?;
        let mut writer = self.writer();
        let batches = {
            let mut shared = self.shared();
            match shared.snapshot.committed() {
                Some(committed) if through < committed => {
                    return Err(LakeError::Backwards { through, committed });
                }
                Some(committed) if through == committed => return Ok(Committed::default()),
                _ => shared.tail.freeze(through)?,
            }
        };
        // No lock is held while files are written: pushes and queries go on.
        let written = self.write_and_append(through, &batches);
        if written.is_err() {
            self.shared().tail.thaw();
        }
        writer.last_commit = Instant::now();
        written
    }

    /// The spine offset through which everything is in files: replay from the next one.
    pub fn committed_offset(&self) -> Option<u64> {
        self.shared().snapshot.committed()
    }

    /// Counts for status pages and metrics.
    pub fn status(&self) -> Status {
        let shared = self.shared();
        let files = shared.snapshot.files.values();
        Status {
            file_rows: files.clone().map(|file| file.rows).sum(),
            files: files.len(),
            file_bytes: files.map(|file| file.size).sum(),
            tail_rows: shared.tail.rows(),
            tail_bytes: shared.tail.bytes(),
            version: shared.snapshot.version,
        }
    }

    /// The table's files as absolute paths, for engines that do not read a Delta log.
    pub fn files(&self) -> Vec<PathBuf> {
        self.shared()
            .snapshot
            .files
            .keys()
            .map(|path| self.dir.join(path))
            .collect()
    }

    /// Answers one `SELECT` over `events` with all its rows (up to the limits).
    pub async fn query(
        &self,
        sql: &str,
        scope: Scope,
        limits: Limits,
    ) -> Result<QueryResult, LakeError> {
        self.query_stream(sql, scope, limits).await?.collect().await
    }

    /// The same, a batch of rows at a time. Dropping the stream stops the query.
    pub async fn query_stream(
        &self,
        sql: &str,
        scope: Scope,
        limits: Limits,
    ) -> Result<Rows, LakeError> {
        let engine = self.engine()?;
        let view = {
            let mut shared = self.shared();
            View {
                tail: shared.tail.batches()?,
                snapshot: Arc::clone(&shared.snapshot),
            }
        };
        Ok(engine.start(sql.to_owned(), view, scope, limits).await?)
    }

    /// What a query sees now, as the difference to what a query engine elsewhere knows: files
    /// and rows of one moment, so that it finds each row once.
    pub(crate) fn changes(&self, known: &HashMap<u64, u64>) -> Result<Changes, LakeError> {
        let mut shared = self.shared();
        Ok(Changes {
            chunks: shared.tail.changes(known)?,
            snapshot: Arc::clone(&shared.snapshot),
        })
    }

    fn write_and_append(
        &self,
        through: u64,
        batches: &[RecordBatch],
    ) -> Result<Committed, LakeError> {
        let files =
            parquet_file::write(&self.dir, &format!("{through:020}"), batches, &self.config)?;
        let committed = Committed {
            rows: files.iter().map(|file| file.rows).sum(),
            files: files.len(),
            bytes: files.iter().map(|file| file.size).sum(),
        };
        let now = now_ms();
        let mut actions = vec![Action::commit_info("WRITE", now), Action::txn(through, now)];
        actions.extend(files.iter().map(|file| Action::add(file, true)));
        let ours_alone = |newest: &Snapshot| {
            if newest.committed() >= Some(through) {
                let reason = "another process commits as ringfence-lake";
                return Err(LakeError::log(self.log.dir(), reason));
            }
            Ok(())
        };
        // Files appear and tail rows go in one step, so a query sees each row once.
        let shown = self.publish(actions, ours_alone, |shared| {
            shared.tail.drop_frozen();
            shared.high = shared.high.max(Some(through));
        });
        if shown.is_err() {
            self.discard(&files);
        }
        shown.map(|()| committed)
    }

    /// Appends an entry after the newest one and shows what it makes of the table. `fits`
    /// is asked with what the table is just before, `with` changes the tail in the same
    /// moment. Another engine may have written (a user who compacts with Spark): its
    /// entries are taken in first, and `fits` says whether ours still goes with them.
    pub(crate) fn publish(
        &self,
        actions: Vec<Action>,
        fits: impl Fn(&Snapshot) -> Result<(), LakeError>,
        with: impl FnOnce(&mut Shared),
    ) -> Result<(), LakeError> {
        let mut since_checkpoint = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = Snapshot::clone(&self.shared().snapshot);
        let mut tries = 0..APPEND_TRIES;
        loop {
            fits(&snapshot)?;
            let version = snapshot.version.map_or(0, |version| version + 1);
            if self.log.append(version, &actions)? {
                snapshot.version = Some(version);
                break;
            }
            if tries.next().is_none() {
                let reason = "other writers keep taking the next version";
                return Err(LakeError::log(self.log.dir(), reason));
            }
            self.log.catch_up(&mut snapshot, false)?;
        }
        for action in actions {
            let applied = snapshot.apply(action);
            applied.map_err(|e| LakeError::log(self.log.dir(), e))?;
        }
        let snapshot = Arc::new(snapshot);
        let mut shared = self.shared();
        with(&mut shared);
        shared.snapshot = Arc::clone(&snapshot);
        drop(shared);
        *since_checkpoint += 1;
        if *since_checkpoint >= self.config.checkpoint_every && self.housekeeping(&snapshot) {
            *since_checkpoint = 0;
        }
        Ok(())
    }

    /// Lets go of tombstones whose files are no more.
    pub(crate) fn forget_removed(&self, paths: &[String]) {
        let _turn = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = Snapshot::clone(&self.shared().snapshot);
        snapshot.removed.retain(|path, _| !paths.contains(path));
        self.shared().snapshot = Arc::new(snapshot);
    }

    /// Removes the files of a commit that failed, so that a full disk does not fill up
    /// with retries. A failure can hide that the entry was written after all, so this asks
    /// the log first; what stays is an orphan for the next open.
    pub(crate) fn discard(&self, files: &[DataFile]) {
        let mut newest = Snapshot::clone(&self.shared().snapshot);
        if self.log.catch_up(&mut newest, false).is_ok() {
            for file in files
                .iter()
                .filter(|file| !newest.files.contains_key(&file.path))
            {
                let _ = fs::remove_file(self.dir.join(&file.path));
            }
        }
    }

    /// Checkpoint and expiry. A failure costs only the time of a later open, so it is
    /// logged and tried again at the next commit.
    fn housekeeping(&self, snapshot: &Snapshot) -> bool {
        let config = &self.config;
        let done = self
            .log
            .checkpoint(snapshot, config.log_retention, config.file_retention);
        if let Err(error) = &done {
            tracing::warn!(%error, "could not write a checkpoint of the lake");
        }
        done.is_ok()
    }

    fn engine(&self) -> Result<Arc<Engine>, LakeError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*engine {
            return Ok(Arc::clone(engine));
        }
        let new = Engine::new(&self.dir, &self.config, usize::MAX)
            .map_err(|e| LakeError::from(QueryError::Failed(e)))?;
        Ok(Arc::clone(engine.insert(Arc::new(new))))
    }

    pub(crate) fn writable(&self) -> Result<(), LakeError> {
        if self.read_only {
            Err(LakeError::ReadOnly)
        } else {
            Ok(())
        }
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("tail_rows", &self.tail.rows())
            .finish_non_exhaustive()
    }
}
