//! Accounts that nobody uses are switched off (PCI DSS 8.2.6).

use crate::error::Result;
use crate::limits::millis;
use crate::open::State;
use crate::people::account::{administered, switch_off};
use crate::sql::query;

impl State {
    /// Switches off every person who did not sign in for the time that the limits name, and answers
    /// who that was, as id and name. The last administrator stays: nobody could let anybody in again.
    ///
    /// # Errors
    /// When the database cannot be written; the next call does it.
    pub async fn disable_dormant(&self, now_ms: i64) -> Result<Vec<(String, String)>> {
        let before = now_ms.saturating_sub(millis(self.limits().sign_in.dormant));
        let rows = query(
            "SELECT id, name FROM principals WHERE kind = 'person' AND disabled_ms IS NULL
             AND COALESCE(last_used_ms, created_ms) < $1 ORDER BY created_ms, id",
        )
        .bind(before)
        .fetch_all(self.reader())
        .await?;
        let mut done = Vec::new();
        for row in &rows {
            let (id, name): (String, String) = (row.try_get("id")?, row.try_get("name")?);
            let mut tx = self.begin().await?;
            let had = administered(&mut tx, now_ms).await?;
            switch_off(&mut tx, &id, now_ms).await?;
            if administered(&mut tx, now_ms).await? < had {
                continue;
            }
            tx.commit().await?;
            done.push((id, name));
        }
        if !done.is_empty() {
            self.principals_changed();
        }
        Ok(done)
    }
}
