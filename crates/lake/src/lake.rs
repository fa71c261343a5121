//! The lake itself: the tail, the snapshot and the step from one to the other.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arrow::record_batch::RecordBatch;

use crate::config::Config;
use crate::delta::{Action, DataFile, Log, Snapshot};
use crate::disk::{TEMPORARY, now_ms};
use crate::error::{Doing, LakeError, QueryError};
use crate::parquet_file::{self, PREFIX};
use crate::query::{Changes, Engine, Limits, QueryResult, Rows, Scope};
use crate::row::{Facts, Row};
use crate::tail::Tail;

/// Tries to append an entry before another writer's entries are blamed.
const APPEND_TRIES: usize = 16;

/// The table `events`: a folder of Parquet files, their log, and the rows not yet in them.
///
/// All methods take `&self`; share it in an `Arc`. [`push`](Self::push) is cheap,
/// [`commit`](Self::commit) blocks on the disk and belongs on a blocking thread.
#[derive(Debug)]
pub struct Lake {
    dir: PathBuf,
    config: Config,
    log: Log,
    /// What queries see. Held for moments only, never across I/O.
    shared: Mutex<Shared>,
    /// Held for the length of a commit, so that there is one at a time.
    writer: Mutex<Writer>,
    engine: Mutex<Option<Arc<Engine>>>,
    read_only: bool,
    /// Keeps other processes from writing; released by the system even after a crash.
    _lock: Option<File>,
}

struct Shared {
    tail: Tail,
    snapshot: Arc<Snapshot>,
    /// Highest offset pushed or committed.
    high: Option<u64>,
}

struct Writer {
    /// Or when the lake was opened: a restart is no reason for a small file.
    last_commit: Instant,
    since_checkpoint: u64,
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
        Ok(Self::new(dir, config, log, snapshot, Some(lock)))
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
        Ok(Self::new(dir, Config::default(), log, snapshot, None))
    }

    fn new(dir: PathBuf, config: Config, log: Log, snapshot: Snapshot, lock: Option<File>) -> Self {
        let high = snapshot.committed();
        let shared = Shared {
            tail: Tail::default(),
            snapshot: Arc::new(snapshot),
            high,
        };
        Self {
            dir,
            config,
            log,
            shared: Mutex::new(shared),
            writer: Mutex::new(Writer {
                last_commit: Instant::now(),
                since_checkpoint: 0,
            }),
            engine: Mutex::new(None),
            read_only: lock.is_none(),
            _lock: lock,
        }
    }

    /// Adds rows to the hot tail, where queries see them at once, and says how many were
    /// new. A row below the highest offset seen, or at or below the committed one, is a
    /// replay and is skipped.
    pub fn push(&self, rows: &[Row]) -> Result<usize, LakeError> {
        self.writable()?;
        let mut shared = self.shared();
        let committed = shared.snapshot.committed();
        let mut new = 0;
        for row in rows {
            let seen = shared.high.is_some_and(|high| row.offset < high);
            if seen || committed.is_some_and(|committed| row.offset <= committed) {
                continue;
            }
            shared.tail.push(row)?;
            shared.high = Some(row.offset);
            new += 1;
        }
        Ok(new)
    }

    /// Adds late facts to the rows at `offset`. False when they are already written or
    /// being written: append a revision row then.
    pub fn revise(&self, offset: u64, facts: &Facts) -> bool {
        !self.read_only && self.shared().tail.revise(offset, facts)
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

    /// Writes the rows through `through` to files and commits them with that offset in
    /// one log entry. On an error nothing has changed and the rows stay in the tail.
    pub fn commit(&self, through: u64) -> Result<Committed, LakeError> {
        self.writable()?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut shared = self.shared();
        let (snapshot, committed) = match written {
            Ok(done) => done,
            Err(e) => {
                shared.tail.thaw();
                return Err(e);
            }
        };
        // Files appear and tail rows go in one step, so a query sees each row once.
        shared.tail.drop_frozen();
        shared.snapshot = Arc::clone(&snapshot);
        shared.high = shared.high.max(Some(through));
        drop(shared);
        writer.last_commit = Instant::now();
        writer.since_checkpoint += 1;
        if writer.since_checkpoint >= self.config.checkpoint_every {
            self.housekeeping(&snapshot, &mut writer);
        }
        Ok(committed)
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
    ) -> Result<(Arc<Snapshot>, Committed), LakeError> {
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
        let appended = self.append(actions, through);
        if appended.is_err() {
            self.discard(&files);
        }
        Ok((Arc::new(appended?), committed))
    }

    /// Appends an entry after the newest one. Another engine may have written (a user who
    /// compacts with Spark): appends do not conflict, so take its entries in and go on.
    fn append(&self, actions: Vec<Action>, through: u64) -> Result<Snapshot, LakeError> {
        let mut snapshot = Snapshot::clone(&self.shared().snapshot);
        for _ in 0..APPEND_TRIES {
            let version = snapshot.version.map_or(0, |version| version + 1);
            if self.log.append(version, &actions)? {
                for action in actions {
                    snapshot
                        .apply(action)
                        .map_err(|e| LakeError::log(self.log.dir(), e))?;
                }
                snapshot.version = Some(version);
                return Ok(snapshot);
            }
            self.log.catch_up(&mut snapshot, false)?;
            if snapshot.committed() >= Some(through) {
                return Err(LakeError::log(
                    self.log.dir(),
                    "another process commits as ringfence-lake",
                ));
            }
        }
        Err(LakeError::log(
            self.log.dir(),
            "other writers keep taking the next version",
        ))
    }

    /// Removes the files of a commit that failed, so that a full disk does not fill up
    /// with retries. A failure can hide that the entry was written after all, so this asks
    /// the log first; what stays is an orphan for the next open.
    fn discard(&self, files: &[DataFile]) {
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
    fn housekeeping(&self, snapshot: &Snapshot, writer: &mut Writer) {
        let config = &self.config;
        match self
            .log
            .checkpoint(snapshot, config.log_retention, config.file_retention)
        {
            Ok(()) => writer.since_checkpoint = 0,
            Err(error) => tracing::warn!(%error, "could not write a checkpoint of the lake"),
        }
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

    fn writable(&self) -> Result<(), LakeError> {
        if self.read_only {
            Err(LakeError::ReadOnly)
        } else {
            Ok(())
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
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

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("since_checkpoint", &self.since_checkpoint)
            .finish()
    }
}

fn lock(dir: &Path) -> Result<File, LakeError> {
    let path = dir.join("_ringfence.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LakeError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(source).doing("lock", &path),
    }
}

/// Entry 0: what the table is. Two processes cannot both be here, so a taken number
/// means that another engine was faster with the same folder, and its entry is read.
fn create_table(log: &Log) -> Result<(), LakeError> {
    let now = now_ms();
    // The table's identity only has to differ from other tables' (Delta asks for a GUID);
    // the standard library's hash keys are random enough for that.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let id = random() << 64 | random();
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    let id = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-");
    let actions = [
        Action::commit_info("CREATE TABLE", now),
        Action::protocol(),
        Action::meta_data(&id, now),
    ];
    log.append(0, &actions).map(|_| ())
}

/// Removes what a crash left: temporary files, and files of ours that the log does not
/// name. Files that a compaction removed are kept while their tombstones are.
fn remove_orphans(dir: &Path, log: &Log, snapshot: &Snapshot) -> Result<(), LakeError> {
    for folder in fs::read_dir(dir).doing("list", dir)? {
        let folder = folder.doing("list", dir)?.path();
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if !name.starts_with("day=") {
            continue;
        }
        for file in fs::read_dir(&folder).doing("list", &folder)? {
            let file = file.doing("list", &folder)?;
            let file_name = file.file_name();
            let Some(file_name) = file_name.to_str().filter(|n| n.starts_with(PREFIX)) else {
                continue;
            };
            let path = format!("{name}/{file_name}");
            if !snapshot.files.contains_key(&path) && !snapshot.removed.contains_key(&path) {
                tracing::info!(path, "removed a file that no commit names");
                fs::remove_file(file.path()).doing("remove", &file.path())?;
            }
        }
    }
    for entry in fs::read_dir(log.dir()).doing("list", log.dir())? {
        let path = entry.doing("list", log.dir())?.path();
        if path.to_str().is_some_and(|path| path.ends_with(TEMPORARY)) {
            fs::remove_file(&path).doing("remove", &path)?;
        }
    }
    Ok(())
}
