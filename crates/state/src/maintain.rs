//! Forgetting what has had its time.

use crate::error::Result;
use crate::limits::millis;
use crate::open::State;
use crate::sql::query;

/// Rows of one statement: other writers get a turn in between.
const CHUNK: i64 = 2_000;
/// Statements of one call; what is left goes at the next.
const ROUNDS: usize = 50;

/// What a call of [`State::maintain`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Identities of old findings.
    pub findings_seen: u64,
    /// Closed alerts past their time, with everything around them.
    pub alerts: u64,
    /// Deliveries that were settled long ago.
    pub deliveries: u64,
    /// Sessions that were over.
    pub sessions: u64,
    /// Certificates that ended as long ago as closed alerts are kept.
    pub certificates: u64,
}

impl State {
    /// Removes what is older than its limit. Open alerts are never removed. Called about
    /// once an hour; each statement is a short transaction.
    ///
    /// # Errors
    /// When the database cannot be written; what was removed so far stays removed.
    pub async fn maintain(&self, now_ms: i64) -> Result<Maintained> {
        let before = |kept_for| now_ms.saturating_sub(millis(kept_for));
        let limits = self.limits();
        Ok(Maintained {
            findings_seen: self
                .remove(
                    "DELETE FROM findings_seen WHERE uid IN
                     (SELECT uid FROM findings_seen WHERE seen_ms < $1 LIMIT $2)",
                    before(limits.findings_seen_for),
                )
                .await?,
            alerts: self
                .remove(
                    "DELETE FROM alerts WHERE id IN
                     (SELECT id FROM alerts WHERE closed_ms < $1 LIMIT $2)",
                    before(limits.closed_alerts_for),
                )
                .await?,
            deliveries: self
                .remove(
                    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
                     WHERE state IN ('delivered', 'dead') AND settled_ms < $1 LIMIT $2)",
                    before(limits.outbox_settled_for),
                )
                .await?,
            sessions: self
                .remove(
                    "DELETE FROM sessions WHERE token_hash IN
                     (SELECT token_hash FROM sessions WHERE expires_ms < $1 LIMIT $2)",
                    now_ms,
                )
                .await?,
            certificates: self
                .remove(
                    "DELETE FROM certificates WHERE fingerprint IN
                     (SELECT fingerprint FROM certificates WHERE not_after_ms < $1 LIMIT $2)",
                    before(limits.closed_alerts_for),
                )
                .await?,
        })
    }

    async fn remove(&self, statement: &'static str, before_ms: i64) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let mut tx = self.begin().await?;
            let done = query(statement)
                .bind(before_ms)
                .bind(CHUNK)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
            removed += done;
            if done < CHUNK.unsigned_abs() {
                break;
            }
        }
        Ok(removed)
    }
}
