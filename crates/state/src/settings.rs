//! Small facts about the installation, and whether it can be written at all.

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::sql::{Tx, query};

const INSTANCE_ID: &str = "instance_id";
const FIRST_START: &str = "first_start_ms";
const MAX_VALUE: usize = 64 * 1024;

impl State {
    /// A setting's value.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let row = query("SELECT value FROM settings WHERE name = $1")
            .bind(name.to_owned())
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| row.try_get("value")).transpose()
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// When the name is no plain word or the value longer than 64 KiB.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        names::word("name", name)?;
        if value.len() > MAX_VALUE {
            return Err(Error::invalid("value", "must not be longer than 64 KiB"));
        }
        let mut tx = self.begin().await?;
        put(&mut tx, name, value).await?;
        tx.commit().await
    }

    /// This installation's id, made at its first start and never changed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn instance_id(&self, now_ms: i64) -> Result<String> {
        self.set_once(INSTANCE_ID, &new_id(now_ms)?).await
    }

    /// When this installation was first started.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn first_start_ms(&self, now_ms: i64) -> Result<i64> {
        let text = self.set_once(FIRST_START, &now_ms.to_string()).await?;
        text.parse().map_err(|_| Error::Corrupt("first start time"))
    }

    /// Readiness: does a write reach the disk right now?
    ///
    /// # Errors
    /// Says why it does not.
    pub async fn check_writable(&self, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        put(&mut tx, "writable_check_ms", &now_ms.to_string()).await?;
        tx.commit().await
    }

    pub(crate) async fn set_once(&self, name: &'static str, value: &str) -> Result<String> {
        if let Some(known) = self.setting(name).await? {
            return Ok(known);
        }
        let mut tx = self.begin().await?;
        query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value.to_owned())
            .execute(&mut tx)
            .await?;
        let row = query("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_one(&mut tx)
            .await?;
        let value = row.try_get("value")?;
        tx.commit().await?;
        Ok(value)
    }
}

async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    query(
        "INSERT INTO settings (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name.to_owned())
    .bind(value.to_owned())
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves a counter and answers its new value.
pub(crate) async fn bump(tx: &mut Tx, name: &'static str, by: i64) -> Result<i64> {
    let row = query("UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value")
        .bind(by)
        .bind(name)
        .fetch_one(&mut *tx)
        .await?;
    row.try_get("value")
}
