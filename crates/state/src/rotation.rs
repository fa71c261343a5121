//! Tokens that follow one another: one mechanism for sources and services.

use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::Token;

use crate::error::Result;
use crate::limits::millis;
use crate::source_lookup::hash;
use crate::sql::{Row, Sql, Tx};
use crate::token_index::{TokenMap, TokenOwner};

/// Puts a token in the place of the one that `id` has, which stays good for `overlap`, so that a fleet
/// of senders can be moved over without a gap. Zero ends it now.
pub(crate) async fn rotate(
    tx: &mut Tx,
    table: &'static str,
    id: &str,
    token: &Token,
    overlap: Duration,
    now_ms: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE ");
    // The right-hand sides see the row as it was before this statement.
    sql.push(table)
        .push(" SET old_token_hash = token_hash, old_token_until_ms = ")
        .bind(now_ms.saturating_add(millis(overlap)))
        .push(", token_hash = ")
        .bind(token.hash().to_hex())
        .push(" WHERE id = ")
        .bind(id.to_owned());
    sql.query().execute(tx).await?;
    Ok(())
}

/// The tokens of a row: that of now, good until `until_ms` if it ends by itself, and the one before.
pub(crate) fn tokens<T>(
    map: &mut TokenMap<T>,
    row: &Row,
    value: Arc<T>,
    until_ms: Option<i64>,
    used_ms: Option<i64>,
) -> Result<()> {
    let owner = |until_ms| {
        let owner = TokenOwner::new(Arc::clone(&value), until_ms);
        if let Some(used_ms) = used_ms {
            owner.written(used_ms);
        }
        owner
    };
    if let Some(hash) = hash(row, "token_hash")? {
        map.insert(hash, owner(until_ms));
    }
    if let Some(hash) = hash(row, "old_token_hash")? {
        // Without an end it would live for ever: then it has ended already.
        let old_ms: Option<i64> = row.try_get("old_token_until_ms")?;
        let old_ms = old_ms.unwrap_or(0);
        let until_ms = until_ms.map_or(old_ms, |until_ms| until_ms.min(old_ms));
        map.entry(hash).or_insert_with(|| owner(Some(until_ms)));
    }
    Ok(())
}
