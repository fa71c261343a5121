//! One face for the two databases: pools, transactions, rows.
//!
//! Everything above this file is written once. A statement is text with `$1` placeholders and
//! a list of whole numbers and texts, which both databases take alike; here, and nowhere
//! else, it is decided which driver gets it. `sqlx::Any` promises the same, but knows no
//! `BEGIN IMMEDIATE` and hides whose error codes it hands out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Database, Decode, Encode, IntoArguments, Row as _,
    Transaction, Type, TypeInfo as _,
};

use crate::error::{Error, Result};
use crate::sql::{Query, Value};

/// After so long without an answer a connection to PostgreSQL is given up. The server ends
/// slow statements earlier by itself: this is for one that nobody answers any more.
const NO_ANSWER: Duration = Duration::from_secs(40);

/// Connections to one database.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(Remote),
}

impl Pool {
    /// A transaction that sees no other writer's work in progress. On SQLite it takes the
    /// write lock at once; on PostgreSQL the one connection that writes is the lock.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let open = match self {
            Self::Sqlite(pool) => Open::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(remote) => Open::Postgres(remote.get(remote.pool.begin()).await?),
        };
        Ok(Tx {
            open,
            failed: false,
        })
    }

    /// Why nothing can be done just now, as far as is known.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(remote) => {
                let trouble = remote.trouble.lock();
                trouble.unwrap_or_else(PoisonError::into_inner).clone()
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(remote) => remote.pool.close().await,
        }
    }
}

/// Connections to PostgreSQL, which come and go with the network.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) pool: PgPool,
    /// Another server has the lock that the newest connection wanted.
    pub(crate) refused: Arc<AtomicBool>,
    /// Why the last work found no connection; nothing if it did.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Remote {
    pub(crate) fn new(pool: PgPool, refused: Arc<AtomicBool>) -> Self {
        Self {
            pool,
            refused,
            trouble: Arc::default(),
        }
    }

    /// Waits for work that takes a connection first, and says why there was none.
    async fn get<T>(&self, work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
        let done = match answered(work).await {
            Err(Error::Busy) if self.refused.load(Ordering::Relaxed) => Err(Error::InUse),
            // Without any connection the wait was for no queue.
            Err(Error::Busy) if self.pool.size() == 0 => {
                Err(Error::Unreachable("no connection can be made".to_owned()))
            }
            done => done,
        };
        let trouble = match &done {
            Err(error @ (Error::InUse | Error::Unreachable(_))) => Some(error.to_string()),
            _ => None,
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        done
    }
}

/// A transaction. Dropped without [`Tx::commit`] it leaves nothing.
pub(crate) struct Tx {
    open: Open,
    failed: bool,
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes it true. An [`Error::Unreachable`] leaves open whether it is.
    pub(crate) async fn commit(self) -> Result<()> {
        match self.open {
            // PostgreSQL answers the commit of a failed transaction with a silent rollback.
            _ if self.failed => Err(Error::Busy),
            Open::Sqlite(tx) => Ok(tx.commit().await?),
            Open::Postgres(tx) => answered(tx.commit()).await,
        }
    }

    /// Runs a statement and answers how many rows it touched.
    pub(crate) async fn execute(&mut self, query: Query) -> Result<u64> {
        let done = self.open.execute(query).await;
        self.failed |= done.is_err();
        done
    }
}

impl Open {
    async fn execute(&mut self, query: Query) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => prepare(query)?.execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => answered(prepare(query)?.execute(&mut **tx))
                .await?
                .rows_affected(),
        })
    }

    async fn rows(&mut self, query: Query) -> Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(tx) => Row::all(prepare(query)?.fetch_all(&mut **tx).await?, Row::Sqlite),
            Self::Postgres(tx) => Row::all(
                answered(prepare(query)?.fetch_all(&mut **tx)).await?,
                Row::Postgres,
            ),
        })
    }
}

/// What rows can be read from: the readers, or a transaction.
pub(crate) trait Reads {
    fn rows(self, query: Query) -> impl Future<Output = Result<Vec<Row>>> + Send;
}

impl Reads for &Pool {
    async fn rows(self, query: Query) -> Result<Vec<Row>> {
        Ok(match self {
            Pool::Sqlite(pool) => Row::all(prepare(query)?.fetch_all(pool).await?, Row::Sqlite),
            Pool::Postgres(remote) => {
                let rows = prepare(query)?.fetch_all(&remote.pool);
                Row::all(remote.get(rows).await?, Row::Postgres)
            }
        })
    }
}

impl Reads for &mut Tx {
    async fn rows(self, query: Query) -> Result<Vec<Row>> {
        let rows = self.open.rows(query).await;
        self.failed |= rows.is_err();
        rows
    }
}

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column can be read as.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// A column by its name.
    pub(crate) fn try_get<T: Column>(&self, column: &str) -> Result<T> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// The names of its columns.
    pub(crate) fn columns(&self) -> Vec<String> {
        match self {
            Self::Sqlite(row) => names(row),
            Self::Postgres(row) => names(row),
        }
    }

    /// A column as it would be bound to a statement.
    pub(crate) fn value(&self, column: &str) -> Result<Value> {
        let is_text = match self {
            Self::Sqlite(row) => row.try_column(column)?.type_info().name() == "TEXT",
            Self::Postgres(row) => row.try_column(column)?.type_info().name() == "TEXT",
        };
        Ok(if is_text {
            self.try_get::<Option<String>>(column)?.into()
        } else {
            self.try_get::<Option<i64>>(column)?.into()
        })
    }

    fn all<R>(rows: Vec<R>, wrap: fn(R) -> Self) -> Vec<Self> {
        rows.into_iter().map(wrap).collect()
    }
}

fn names(row: &impl sqlx::Row) -> Vec<String> {
    let columns = row.columns().iter();
    columns.map(|column| column.name().to_owned()).collect()
}

/// The statement as a driver takes it.
fn prepare<D>(query: Query) -> Result<sqlx::query::Query<'static, D, D::Arguments>>
where
    D: Database,
    D::Arguments: IntoArguments<D>,
    Option<i64>: Encode<'static, D> + Type<D>,
    Option<String>: Encode<'static, D> + Type<D>,
{
    let mut arguments = D::Arguments::default();
    for value in query.values {
        match value {
            Value::Number(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    // `Query` takes text only as literals; values are arguments.
    Ok(sqlx::query_with(
        AssertSqlSafe(query.text.into_owned()),
        arguments,
    ))
}

/// Waits for PostgreSQL, but not for ever: when the network swallows the answer, nothing
/// else would end the wait.
async fn answered<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match tokio::time::timeout(NO_ANSWER, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Error::Unreachable("it does not answer".to_owned())),
    }
}
