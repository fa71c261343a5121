//! Opening the state, wherever it lives.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::certificate_lookup::Stands;
use crate::changes::AlertChange;
use crate::db::Pool;
use crate::error::Result;
use crate::limits::Limits;
use crate::principals::Principal;
use crate::rights::Uses;
use crate::sessions::{Activity, Session};
use crate::sources::Source;
use crate::sql::{Tx, query};
use crate::store::Store;
use crate::token_index::TokenIndex;
use crate::{postgres, sqlite};

/// How long a call waits for its turn to write.
pub(crate) const TURN_TIMEOUT: Duration = Duration::from_secs(15);
pub(crate) const READERS: u32 = 4;

/// The state database; cheap to clone.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

/// The connections of a database: one that writes, some that cannot.
pub(crate) struct Pools {
    pub(crate) read: Pool,
    pub(crate) write: Pool,
    /// Held until the last user of a database file is gone.
    pub(crate) lock: Option<File>,
}

struct Inner {
    read: Pool,
    write: Pool,
    lock: Mutex<Option<File>>,
    limits: Limits,
    last_change: watch::Sender<i64>,
    /// A commit whose answer never came may have made changes that nobody was told of.
    unannounced: AtomicBool,
    sources: TokenIndex<Source>,
    principals: TokenIndex<Principal>,
    certificates: TokenIndex<Stands>,
    sessions: TokenIndex<Session>,
    activity: Activity,
    uses: Uses,
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
        Self::with_pools(sqlite::open(path, &limits).await?, limits).await
    }

    /// Opens the state where the configuration says that it lives, and brings it up to date.
    ///
    /// # Errors
    /// As [`State::open`]; for PostgreSQL when it cannot be reached, or another server uses
    /// the same database.
    pub async fn open_in(store: &Store, limits: Limits) -> Result<Self> {
        let pools = match store {
            Store::File(path) => sqlite::open(path, &limits).await?,
            Store::Postgres(database) => postgres::open(database).await?,
        };
        Self::with_pools(pools, limits).await
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
        Self::with_pools(sqlite::open_memory(&limits).await?, limits).await
    }

    /// Why the database cannot be used just now, as the last call that wanted to found out.
    /// It comes back by itself: nothing has to be opened again.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.inner
            .write
            .trouble()
            .or_else(|| self.inner.read.trouble())
    }

    /// Writes what is buffered and lets go of the database.
    pub async fn close(&self) {
        self.inner.read.close().await;
        self.inner.write.close().await;
        let mut lock = self
            .inner
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lock.take();
    }

    async fn with_pools(pools: Pools, limits: Limits) -> Result<Self> {
        let row = query(LAST_CHANGE).fetch_one(&pools.read).await?;
        let (last_change, _) = watch::channel(row.try_get("value")?);
        let inner = Inner {
            read: pools.read,
            write: pools.write,
            lock: Mutex::new(pools.lock),
            limits,
            last_change,
            unannounced: AtomicBool::new(false),
            sources: TokenIndex::default(),
            principals: TokenIndex::default(),
            certificates: TokenIndex::default(),
            sessions: TokenIndex::default(),
            activity: Activity::default(),
            uses: Uses::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.inner.read
    }

    /// A transaction that no other writer is in the middle of, so that what it reads is
    /// still true when it writes.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let mut tx = self.inner.write.begin().await?;
        if self.inner.unannounced.load(Ordering::Acquire) {
            let row = query(LAST_CHANGE).fetch_one(&mut tx).await?;
            self.last_change_is(row.try_get("value")?);
            self.inner.unannounced.store(false, Ordering::Release);
        }
        Ok(tx)
    }

    /// Commits changes and tells the streams.
    pub(crate) async fn commit(&self, tx: Tx, changes: &[AlertChange]) -> Result<()> {
        let done = tx.commit().await;
        match (&done, changes.last()) {
            (_, None) => {}
            (Ok(()), Some(last)) => self.last_change_is(crate::sql::bigint(last.id)),
            (Err(_), Some(_)) => self.inner.unannounced.store(true, Ordering::Release),
        }
        done
    }

    fn last_change_is(&self, number: i64) {
        self.inner.last_change.send_if_modified(|known| {
            let newer = number > *known;
            *known = number.max(*known);
            newer
        });
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn source_index(&self) -> &TokenIndex<Source> {
        &self.inner.sources
    }

    pub(crate) fn certificate_index(&self) -> &TokenIndex<Stands> {
        &self.inner.certificates
    }

    pub(crate) fn session_index(&self) -> &TokenIndex<Session> {
        &self.inner.sessions
    }

    pub(crate) fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.inner.uses
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

const LAST_CHANGE: &str = "SELECT value FROM counters WHERE name = 'change'";
