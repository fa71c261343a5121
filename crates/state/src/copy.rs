//! A copy of the database beside a running server, for a backup.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::error::{Error, Result};

/// What a copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseCopy {
    /// The installation that it belongs to.
    pub instance: Option<String>,
    /// Where consumers stand on the spine, by name.
    pub positions: Vec<(String, u64)>,
}

/// Copies the SQLite database `from`, which a server may be using, to the new file `to` (0600), as
/// it is at one moment. Writers do not wait for it. A database in PostgreSQL is copied by
/// `pg_dump`.
///
/// # Errors
/// When either file cannot be used.
pub async fn copy_database(from: &Path, to: &Path) -> Result<DatabaseCopy> {
    let prepared = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to);
    prepared.map_err(|cause| Error::File {
        path: to.display().to_string(),
        cause,
    })?;
    let name = to
        .to_str()
        .ok_or_else(|| Error::invalid("to", "the path of a database copy must be valid UTF-8"))?;
    let mut source = open(from).await?;
    sqlx::query("VACUUM INTO $1")
        .bind(name.to_owned())
        .execute(&mut source)
        .await?;
    source.close().await?;
    let mut copy = open(to).await?;
    let told = tell(&mut copy).await;
    copy.close().await?;
    told
}

/// What the copy holds, not what the source holds by now.
async fn tell(copy: &mut SqliteConnection) -> Result<DatabaseCopy> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = 'instance_id'")
        .fetch_optional(&mut *copy)
        .await?;
    let instance = row.map(|row| row.try_get("value")).transpose()?;
    let rows = sqlx::query("SELECT consumer, next_offset FROM positions")
        .fetch_all(&mut *copy)
        .await?;
    let mut positions = Vec::with_capacity(rows.len());
    for row in rows {
        let at: i64 = row.try_get("next_offset")?;
        positions.push((row.try_get("consumer")?, at.unsigned_abs()));
    }
    Ok(DatabaseCopy {
        instance,
        positions,
    })
}

async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(std::time::Duration::from_secs(5));
    Ok(options.connect().await?)
}
