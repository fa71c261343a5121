//! The state in a file of its own, which is the default: file modes, pragmas, one writer.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::db::Pool;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::migrations;
use crate::open::{Pools, READERS, TURN_TIMEOUT};

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const PAGE_SIZE: u64 = 4096;

/// Opens or creates the file and brings it up to date.
pub(crate) async fn open(path: &Path, limits: &Limits) -> Result<Pools> {
    let failed = |cause| Error::File {
        path: path.display().to_string(),
        cause,
    };
    prepare_file(path).map_err(failed)?;
    let lock = take_lock(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A change that was answered for survives a power cut.
        .synchronous(SqliteSynchronous::Full);
    let options = common(options, limits);
    // One connection is the single writer; the queue for it is fair.
    let write = whole(pool(1)).connect_with(options.clone()).await?;
    Migrator::with_migrations(migrations::all())
        .run(&write)
        .await?;
    // Readers could not write even if a statement tried.
    let read = pool(READERS)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(pools(read, write, Some(lock)))
}

/// Opens a file that a server may be using, for reading alone.
pub(crate) async fn read_only(path: &Path) -> Result<Pool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON");
    Ok(Pool::Sqlite(pool(1).connect_with(options).await?))
}

/// Opens a database that lives in memory.
pub(crate) async fn open_memory(limits: &Limits) -> Result<Pools> {
    let options = common(SqliteConnectOptions::from_str("sqlite::memory:")?, limits);
    // Each connection to `:memory:` is a database of its own, so there is one.
    let only = pool(1).connect_with(options).await?;
    Migrator::with_migrations(migrations::all())
        .run(&only)
        .await?;
    Ok(pools(only.clone(), only, None))
}

fn pools(read: SqlitePool, write: SqlitePool, lock: Option<File>) -> Pools {
    Pools {
        lock,
        read: Pool::Sqlite(read),
        write: Pool::Sqlite(write),
    }
}

/// Keeps a second server away for as long as the file returned is open. SQLite's own locks
/// come and go with each statement. It is a file beside the database: to close one on the
/// database itself would let go of SQLite's locks in this process.
fn take_lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |cause| Error::File {
        path: name.display().to_string(),
        cause,
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
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
