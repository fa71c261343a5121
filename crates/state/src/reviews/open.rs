//! Opening a review: everything that is held, as it is held now.

use std::collections::HashMap;

use ringfence_policy::{Kind, Policies};

use super::{Review, UNUSED_DAYS, one};
use crate::assignments::{self, Held};
use crate::error::{Error, Result};
use crate::id::{new_id, new_ids};
use crate::limits::millis;
use crate::names;
use crate::open::State;
use crate::principals::{Principal, read_with};
use crate::requests::MOST_TEXT;
use crate::rights::{self, DAY_MS};
use crate::sql::{Tx, query};
use crate::unused::{Judge, RoleUse, is_dormant};

impl State {
    /// Opens a review of all that people and services hold.
    ///
    /// # Errors
    /// When one is open already, or nobody says why.
    pub async fn open_review(
        &self,
        policies: &Policies,
        why: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Review> {
        names::said("why", why, MOST_TEXT)?;
        let noted_since_ms = self.rights_noted_since(now_ms).await?;
        let before_ms = now_ms.saturating_sub(UNUSED_DAYS * DAY_MS);
        let lasts = millis(self.limits().access.review_lasts);
        let mut tx = self.begin().await?;
        let open = query("SELECT id FROM reviews WHERE ended_ms IS NULL LIMIT 1")
            .fetch_optional(&mut tx)
            .await?;
        if open.is_some() {
            let reason = "a review is open already: finish it first";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let id = new_id(now_ms)?;
        query(
            "INSERT INTO reviews (id, why, opened_by, opened_ms, due_ms, reminded)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.clone())
        .bind(why)
        .bind(by)
        .bind(now_ms)
        .bind(now_ms.saturating_add(lasts))
        .bind(lasts / DAY_MS)
        .execute(&mut tx)
        .await?;
        let principals = principals(&mut tx).await?;
        let names: HashMap<_, _> = principals
            .iter()
            .map(|who| (who.id.as_str(), who.name.as_str()))
            .collect();
        let used = rights::all(&mut tx).await?;
        let mut judge = Judge::new(policies, used, noted_since_ms, before_ms);
        for who in principals.iter().filter(|who| may_come_back(who, now_ms)) {
            let in_question = |held: &&Held| held.reserve || held.is_held_at(now_ms);
            let held: Vec<_> = who.roles.iter().filter(in_question).collect();
            for (held, item) in held.iter().zip(new_ids(now_ms, held.len())?) {
                let rights = (!held.reserve).then(|| judge.of(who, held, now_ms));
                let by = names.get(held.granted_by.as_str());
                let copy = Copied {
                    review: &id,
                    item,
                    who,
                    held,
                    by: by.copied().unwrap_or(&held.granted_by),
                    dormant: is_dormant(who, before_ms),
                    rights,
                };
                insert(&mut tx, copy).await?;
            }
        }
        let review = one(&mut tx, &id).await?;
        tx.commit().await?;
        Ok(review)
    }
}

/// Whoever is switched off may be switched on; the token of a service that ended is no more.
fn may_come_back(who: &Principal, now_ms: i64) -> bool {
    match who.kind {
        Kind::Person => true,
        Kind::Service | Kind::Agent => {
            who.disabled_ms.is_none() && who.expires_ms.is_none_or(|until| now_ms < until)
        }
    }
}

async fn principals(tx: &mut Tx) -> Result<Vec<Principal>> {
    let roles = assignments::of_all(&mut *tx).await?;
    let rows = query("SELECT * FROM principals ORDER BY name, id")
        .fetch_all(tx)
        .await?;
    rows.iter().map(|row| read_with(row, &roles)).collect()
}

struct Copied<'a> {
    review: &'a str,
    item: String,
    who: &'a Principal,
    held: &'a Held,
    by: &'a str,
    dormant: bool,
    rights: Option<RoleUse>,
}

async fn insert(tx: &mut Tx, copy: Copied<'_>) -> Result<()> {
    let (who, held) = (copy.who, copy.held);
    let rights = serde_json::to_string(&copy.rights).map_err(|_| Error::Corrupt("rights"))?;
    query(
        "INSERT INTO review_items (id, review_id, held_id, principal_id, kind, name, role, program,
             reserve, why, granted_by, granted_ms, expires_ms, disabled, last_used_ms, dormant, rights)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(copy.item)
    .bind(copy.review)
    .bind(held.id.clone())
    .bind(who.id.clone())
    .bind(match who.kind {
        Kind::Person => "person",
        Kind::Service | Kind::Agent => "service",
    })
    .bind(who.name.clone())
    .bind(held.role.name())
    .bind(held.program.clone())
    .bind(i64::from(held.reserve))
    .bind(held.why.clone())
    .bind(copy.by)
    .bind(held.granted_ms)
    .bind(held.expires_ms)
    .bind(i64::from(who.disabled_ms.is_some()))
    .bind(who.last_used_ms)
    .bind(i64::from(copy.dormant))
    .bind(rights)
    .execute(tx)
    .await?;
    Ok(())
}
