//! Resets: nobody at a help desk can let somebody in alone, nor at once.
//!
//! One person asks after calling the owner back on a number that is on file, another confirms, and
//! then the owner has time to object before the code is good.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::limits::millis;
use crate::names;
use crate::open::State;
use crate::people::account;
use crate::people::enrol::{self, Invitation};
use crate::sql::{Row, Tx, query};

/// Longest text of why, and of how somebody was called back.
const MOST_TEXT: usize = 500;

/// A reset of how somebody signs in.
#[derive(Debug, Clone, Serialize)]
pub struct Reset {
    /// Its id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// In words, why.
    pub why: String,
    /// In words, how the owner was called back: when, on which number on file, by which call.
    pub called_back: String,
    /// Id of whoever asked.
    pub asked_by: String,
    /// When, ms.
    pub asked_ms: i64,
    /// Id of whoever confirmed.
    pub confirmed_by: Option<String>,
    /// When, ms.
    pub confirmed_ms: Option<i64>,
    /// From when the code is good, ms.
    pub not_before_ms: Option<i64>,
    /// When it was used, refused or given up, ms.
    pub ended_ms: Option<i64>,
    /// Id of whoever ended it.
    pub ended_by: Option<String>,
    /// `done` or `refused`.
    pub outcome: Option<String>,
}

impl State {
    /// Asks for a reset.
    ///
    /// # Errors
    /// When there is no such person, one is under way, or a field is invalid.
    pub async fn ask_reset(
        &self,
        person: &str,
        why: &str,
        called_back: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Reset> {
        for (field, text) in [("why", why), ("called_back", called_back)] {
            names::said(field, text, MOST_TEXT)?;
        }
        if person == by {
            let reason = "nobody asks for a reset of their own sign-in";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let mut tx = self.begin().await?;
        let account = account::one(&mut tx, person, now_ms).await?;
        if account.enrolled_ms.is_none() || account.principal.disabled_ms.is_some() {
            let reason = "they cannot sign in at all: a reset is for somebody who could";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let open = query("SELECT id FROM resets WHERE person_id = $1 AND ended_ms IS NULL")
            .bind(person)
            .fetch_optional(&mut tx)
            .await?;
        if open.is_some() {
            let reason = "a reset of theirs is under way: end that one first";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let id = new_id(now_ms)?;
        query(
            "INSERT INTO resets (id, person_id, why, called_back, asked_by, asked_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.clone())
        .bind(person)
        .bind(why)
        .bind(called_back)
        .bind(by)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let reset = one(&mut tx, &id).await?;
        tx.commit().await?;
        Ok(reset)
    }

    /// Confirms a reset; the code is good after the time that the owner has to object.
    ///
    /// # Errors
    /// When it is not open, or whoever confirms is whoever asked, or its owner.
    pub async fn confirm_reset(
        &self,
        id: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<(Reset, Invitation)> {
        let limits = &self.limits().sign_in;
        let mut tx = self.begin().await?;
        let reset = one(&mut tx, id).await?;
        if reset.ended_ms.is_some() || reset.confirmed_ms.is_some() {
            return Err(Error::Conflict("it is not waiting for that".to_owned()));
        }
        if reset.asked_by == by || reset.person_id == by {
            let reason = "another person confirms: neither whoever asked nor the owner";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let not_before_ms = now_ms.saturating_add(millis(limits.reset_wait));
        let lasts = limits.invitation;
        let invitation =
            enrol::invite(&mut tx, &reset.person_id, by, now_ms, not_before_ms, lasts).await?;
        query(
            "UPDATE resets SET confirmed_by = $1, confirmed_ms = $2, not_before_ms = $3
             WHERE id = $4",
        )
        .bind(by)
        .bind(now_ms)
        .bind(not_before_ms)
        .bind(id)
        .execute(&mut tx)
        .await?;
        let reset = one(&mut tx, id).await?;
        tx.commit().await?;
        Ok((reset, invitation))
    }

    /// Ends a reset; its code is good for nothing. Its owner may, too.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn refuse_reset(&self, id: &str, by: &str, now_ms: i64) -> Result<Reset> {
        let mut tx = self.begin().await?;
        let reset = one(&mut tx, id).await?;
        if reset.ended_ms.is_some() {
            return Err(Error::Conflict("it has ended already".to_owned()));
        }
        query("DELETE FROM enrolments WHERE person_id = $1")
            .bind(reset.person_id)
            .execute(&mut tx)
            .await?;
        query("UPDATE resets SET ended_ms = $1, ended_by = $2, outcome = 'refused' WHERE id = $3")
            .bind(now_ms)
            .bind(by)
            .bind(id)
            .execute(&mut tx)
            .await?;
        let reset = one(&mut tx, id).await?;
        tx.commit().await?;
        Ok(reset)
    }

    /// All resets, newest first; of one person if one is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resets(&self, person: Option<&str>) -> Result<Vec<Reset>> {
        let rows = query(
            "SELECT * FROM resets WHERE $1 IS NULL OR person_id = $1
             ORDER BY asked_ms DESC, id DESC LIMIT 500",
        )
        .bind(person)
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(read).collect()
    }
}

async fn one(tx: &mut Tx, id: &str) -> Result<Reset> {
    let row = query("SELECT * FROM resets WHERE id = $1")
        .bind(id)
        .fetch_optional(tx)
        .await?
        .ok_or_else(|| Error::not_found("reset", id))?;
    read(&row)
}

fn read(row: &Row) -> Result<Reset> {
    Ok(Reset {
        id: row.try_get("id")?,
        person_id: row.try_get("person_id")?,
        why: row.try_get("why")?,
        called_back: row.try_get("called_back")?,
        asked_by: row.try_get("asked_by")?,
        asked_ms: row.try_get("asked_ms")?,
        confirmed_by: row.try_get("confirmed_by")?,
        confirmed_ms: row.try_get("confirmed_ms")?,
        not_before_ms: row.try_get("not_before_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        ended_by: row.try_get("ended_by")?,
        outcome: row.try_get("outcome")?,
    })
}
