//! How far each consumer of the spine has come.

use crate::error::Result;
use crate::names;
use crate::open::State;
use crate::sql::{Tx, bigint, query};

/// Where a consumer goes on once a batch is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    /// The consumer's name.
    pub consumer: &'a str,
    /// The first offset that lies *after* the batch.
    pub next_offset: u64,
}

impl State {
    /// Where a consumer goes on; `None` if it never applied anything.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn position(&self, consumer: &str) -> Result<Option<u64>> {
        let row = query("SELECT next_offset FROM positions WHERE consumer = $1")
            .bind(consumer.to_owned())
            .fetch_optional(self.reader())
            .await?;
        let offset: Option<i64> = row.map(|row| row.try_get("next_offset")).transpose()?;
        Ok(offset.and_then(|offset| u64::try_from(offset).ok()))
    }

    /// Moves a consumer forward; a position behind the stored one changes nothing.
    ///
    /// # Errors
    /// When the name is no plain word or the database cannot be written.
    pub async fn set_position(&self, position: Position<'_>, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        advance(&mut tx, position, now_ms).await?;
        tx.commit().await
    }
}

/// Moves forward within a transaction; `false` when the batch was applied before.
pub(crate) async fn advance(tx: &mut Tx, position: Position<'_>, now_ms: i64) -> Result<bool> {
    names::word("consumer", position.consumer)?;
    let done = query(
        "INSERT INTO positions (consumer, next_offset, updated_ms) VALUES ($1, $2, $3)
         ON CONFLICT (consumer) DO UPDATE
         SET next_offset = excluded.next_offset, updated_ms = excluded.updated_ms
         WHERE positions.next_offset < excluded.next_offset",
    )
    .bind(position.consumer.to_owned())
    .bind(bigint(position.next_offset))
    .bind(now_ms)
    .execute(tx)
    .await?;
    Ok(done > 0)
}
