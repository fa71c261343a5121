//! The state in a PostgreSQL database.
//!
//! SQLite has one writer because the file has one lock. Here the one writer is a connection
//! that holds an advisory lock of the database: every write goes through it, so writes are in
//! one order and the numbers of changes have no gaps, and a server that lost the connection
//! has lost the right to write with it. A second server finds the lock taken and is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::migrate::{Migration, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqlSafeStr as _};

use crate::db::{Pool, Remote};
use crate::error::{Error, Result};
use crate::migrations;
use crate::open::{Pools, READERS};
use crate::store::PostgresStore;

/// The first of the two numbers of our lock: `RFst`. The second is the schema's, so that two
/// installations may share a database in schemas of their own.
const TAKE_LOCK: &str = "SELECT pg_advisory_lock(1380348788, hashtext(current_schema()))";
const LET_GO: &str = "SELECT pg_advisory_unlock(1380348788, hashtext(current_schema()))";
/// How long a server that starts waits for one that stops.
const LOCK_PATIENCE: &str = "5s";
/// PostgreSQL's code for a lock that was not to be had in that time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// How long a call waits for its turn to write, and for a connection to come back.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a reader waits for a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that is given back and does not answer for so long is closed.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);
/// The oldest release that its makers looked after when this was written.
const OLDEST: i32 = 140_000;

/// What holds for every session. The server ends by itself what would block others, and
/// notices within a minute that the machine at our end is gone, so that the lock comes free.
const SESSION: [(&str, &str); 6] = [
    ("statement_timeout", "30s"),
    ("lock_timeout", LOCK_PATIENCE),
    ("idle_in_transaction_session_timeout", "60s"),
    ("tcp_keepalives_idle", "20"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];

/// Connects, makes sure that nobody else does, and brings the tables up to date.
pub(crate) async fn open(store: &PostgresStore) -> Result<Pools> {
    let options = (*store.options).clone().options(SESSION);
    let options = options.application_name("ringfence");
    // By itself first: a pool goes on trying and cannot say why it gave up.
    let mut first = options.connect().await?;
    check_server(&mut first).await?;
    take_lock(&mut first).await?;
    migrate(&mut first).await?;
    sqlx::query(LET_GO).execute(&mut first).await?;
    first.close().await?;
    let write = writer(options.clone()).await?;
    let read = pool(READERS, READ_TIMEOUT)
        .connect_with(options.options([("default_transaction_read_only", "on")]))
        .await?;
    Ok(Pools {
        read: Pool::Postgres(Remote::new(read, Arc::default())),
        write: Pool::Postgres(write),
        lock: None,
    })
}

/// The one connection that writes. When it breaks, the next one takes the lock again before
/// it may write; where another server was faster, it stays without.
async fn writer(options: PgConnectOptions) -> Result<Remote> {
    let refused = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&refused);
    let pool = pool(1, WRITE_TIMEOUT).after_connect(move |connection, _| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            let taken = sqlx::query(TAKE_LOCK).execute(&mut *connection).await;
            seen.store(taken.is_err(), Ordering::Relaxed);
            taken?;
            // A database set to answer before the disk has it would make our answers untrue.
            let durable = "SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') = 'off'";
            sqlx::query(durable).execute(connection).await?;
            Ok(())
        })
    });
    let pool = pool.connect_with(options).await?;
    Ok(Remote::new(pool, refused))
}

async fn take_lock(connection: &mut PgConnection) -> Result<()> {
    match sqlx::query(TAKE_LOCK).execute(connection).await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error))
            if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            Err(Error::InUse)
        }
        Err(error) => Err(error.into()),
    }
}

/// What would only show later, and worse.
async fn check_server(connection: &mut PgConnection) -> Result<()> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int AS version,
             current_setting('server_encoding') AS encoding, current_schema() AS home",
    )
    .fetch_one(connection)
    .await?;
    let version: i32 = row.try_get("version")?;
    if version < OLDEST {
        let reason = format!(
            "the state database runs PostgreSQL {}: {} or later is needed",
            version / 10_000,
            OLDEST / 10_000
        );
        return Err(Error::Unusable(reason));
    }
    let encoding: String = row.try_get("encoding")?;
    if encoding != "UTF8" {
        let reason =
            format!("the state database keeps text as `{encoding}`: make one with ENCODING 'UTF8'");
        return Err(Error::Unusable(reason));
    }
    if row.try_get::<Option<String>, _>("home")?.is_none() {
        let reason = "the state database has no schema for us: check `search_path` and its rights";
        return Err(Error::Unusable(reason.to_owned()));
    }
    Ok(())
}

async fn migrate(connection: &mut PgConnection) -> Result<()> {
    // Building an index over a large table takes as long as it takes.
    sqlx::query("SET statement_timeout = 0")
        .execute(&mut *connection)
        .await?;
    let migrations = migrations::all().iter().map(rendered).collect();
    Ok(Migrator::with_migrations(migrations)
        .run(connection)
        .await?)
}

/// The same text, with one thing said that SQLite takes for granted: texts sort by their
/// bytes. In a database of some languages the ids would sort otherwise than by time.
fn rendered(migration: &Migration) -> Migration {
    let sql = migration
        .sql
        .as_str()
        .replace(" TEXT", " TEXT COLLATE \"C\"");
    Migration {
        sql: AssertSqlSafe(sql).into_sql_str(),
        ..migration.clone()
    }
}

/// A connection is not closed for its age: with the writer's the lock would go.
fn pool(connections: u32, patience: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| {
            Box::pin(async move {
                let whole = async {
                    // A rollback that is still queued is carried out first.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                };
                tokio::time::timeout(RELEASE_TIMEOUT, whole)
                    .await
                    .unwrap_or(Ok(false))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_sort_by_their_bytes() {
        let first = migrations::all().remove(0);
        let there = rendered(&first);
        assert!(
            there
                .sql
                .as_str()
                .contains("id TEXT COLLATE \"C\" NOT NULL PRIMARY KEY")
        );
        assert_eq!(there.checksum, first.checksum);
    }
}
