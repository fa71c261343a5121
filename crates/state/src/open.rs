//! Opening the database: file modes, pragmas, migrations, one writer.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Row as _};
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::principals::Principal;
use crate::sources::Source;
use crate::sql::Tx;
use crate::token_index::TokenIndex;

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for its turn to write.
const TURN_TIMEOUT: Duration = Duration::from_secs(15);
const READERS: u32 = 4;
const PAGE_SIZE: u64 = 4096;

/// The state database; cheap to clone.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    read: SqlitePool,
    write: SqlitePool,
    limits: Limits,
    last_change: watch::Sender<i64>,
    sources: TokenIndex<Source>,
    principals: TokenIndex<Principal>,
}

impl State {
    /// Opens or creates the database file and brings it up to date. A missing folder
    /// is made for its owner only (0700), and so is the file (0600).
    ///
    /// # Errors
    /// When folder or file cannot be made, or the file belongs to a newer release.
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Limits::default()).await
    }

    /// As [`State::open`] with bounds of the caller's.
    ///
    /// # Errors
    /// As [`State::open`].
    pub async fn open_with(path: &Path, limits: Limits) -> Result<Self> {
        prepare_file(path).map_err(|cause| Error::File {
            path: path.display().to_string(),
            cause,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A change that was answered for survives a power cut.
            .synchronous(SqliteSynchronous::Full);
        let options = common(options, &limits);
        // One connection is the single writer; the queue for it is fair.
        let write = whole(pool(1)).connect_with(options.clone()).await?;
        migrate(&write).await?;
        // Readers could not write even if a statement tried.
        let read = pool(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Self::with_pools(read, write, limits).await
    }

    /// A database that lives as long as the value: for tests and replays.
    ///
    /// # Errors
    /// When memory cannot be had.
    pub async fn open_memory() -> Result<Self> {
        Self::open_memory_with(Limits::default()).await
    }

    /// As [`State::open_memory`] with bounds of the caller's.
    ///
    /// # Errors
    /// As [`State::open_memory`].
    pub async fn open_memory_with(limits: Limits) -> Result<Self> {
        let options = common(SqliteConnectOptions::from_str("sqlite::memory:")?, &limits);
        // Each connection to `:memory:` is a database of its own, so there is one.
        let only = pool(1).connect_with(options).await?;
        migrate(&only).await?;
        Self::with_pools(only.clone(), only, limits).await
    }

    /// Writes what is buffered and lets go of the file.
    pub async fn close(&self) {
        self.inner.read.close().await;
        self.inner.write.close().await;
    }

    async fn with_pools(read: SqlitePool, write: SqlitePool, limits: Limits) -> Result<Self> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'change'")
            .fetch_one(&read)
            .await?;
        let (last_change, _) = watch::channel(row.try_get("value")?);
        let (sources, principals) = (TokenIndex::default(), TokenIndex::default());
        let inner = Inner {
            read,
            write,
            limits,
            last_change,
            sources,
            principals,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.inner.read
    }

    /// A transaction that holds the write lock from its first statement, so that what
    /// it reads is still true when it writes.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(self.inner.write.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn source_index(&self) -> &TokenIndex<Source> {
        &self.inner.sources
    }

    pub(crate) fn principal_index(&self) -> &TokenIndex<Principal> {
        &self.inner.principals
    }

    pub(crate) fn last_change(&self) -> &watch::Sender<i64> {
        &self.inner.last_change
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("limits", self.limits())
            .finish_non_exhaustive()
    }
}

/// The journal's files take their mode from the database file.
fn prepare_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let mode = std::fs::metadata(path)?.permissions().mode();
            if mode & 0o077 != 0 {
                std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn common(options: SqliteConnectOptions, limits: &Limits) -> SqliteConnectOptions {
    let options = options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT);
    match limits.max_bytes {
        Some(bytes) => options.pragma("max_page_count", (bytes / PAGE_SIZE).max(1).to_string()),
        None => options,
    }
}

/// Connections are never closed for age: closing the last one to a memory database
/// would lose it, and reopening a file costs the page cache.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(connections.min(1))
        .max_connections(connections)
        .acquire_timeout(TURN_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Gives a connection up that believes to be in a transaction when nobody holds it: SQLite rolls
/// back by itself when the disk is full, the driver does not notice, and every later transaction
/// on the connection would be refused.
fn whole(options: SqlitePoolOptions) -> SqlitePoolOptions {
    options.after_release(|connection, _| {
        Box::pin(async move {
            // A rollback that is still queued is carried out first.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}

async fn migrate(pool: &SqlitePool) -> Result<()> {
    Ok(sqlx::migrate!("./migrations").run(pool).await?)
}
