//! Access reviews (PCI DSS 7.2.4): from time to time everything that anybody holds is confirmed by
//! somebody else, or taken away.
//!
//! Items are copies of what was held at the opening, with what a reviewer needs to know. After its end
//! a review never changes: it is evidence.

mod decide;
mod end;
mod open;

use ringfence_policy::{Kind, Role};
use serde::{Deserialize, Serialize};

use crate::assignments;
use crate::error::{Error, Result};
use crate::open::State;
use crate::sql::{Row, Tx, count, json, query};
use crate::unused::RoleUse;

pub use end::ReviewStep;

/// Days after which what was not used counts as such.
pub(crate) const UNUSED_DAYS: i64 = 90;

/// An access review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Its id.
    pub id: String,
    /// In words, why it was opened.
    pub why: String,
    /// Id of whoever opened it; `ringfence` when it was due.
    pub opened_by: String,
    /// Their name.
    pub opened_by_name: Option<String>,
    /// When, ms.
    pub opened_ms: i64,
    /// When what is not confirmed is taken away, ms.
    pub due_ms: i64,
    /// Whole days before the end of the last reminder.
    #[serde(skip)]
    pub reminded: i64,
    /// Id of whoever signed it; `ringfence` when its time was over.
    pub ended_by: Option<String>,
    /// Their name.
    pub ended_by_name: Option<String>,
    /// When, ms.
    pub ended_ms: Option<i64>,
    /// `signed` or `lapsed`.
    pub outcome: Option<String>,
    /// What whoever signed said.
    pub note: String,
    /// How many items it has.
    pub items: u64,
    /// Of those, how many nobody decided yet.
    pub undecided: u64,
    /// How many were taken away, by somebody or at the end.
    pub taken: u64,
}

/// What a reviewer does with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A reviewer: it is right.
    Confirmed,
    /// A reviewer: it is not, and was taken.
    Taken,
    /// It was taken otherwise, or was over, before anybody decided.
    Gone,
    /// It was given anew after the opening, which is a decision of its own.
    Changed,
    /// Nobody confirmed it in time: it was taken.
    Revoked,
    /// Nobody confirmed it in time, and it is that of the last administrator who can sign in.
    Kept,
}

impl Decision {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Taken => "taken",
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Revoked => "revoked",
            Self::Kept => "kept",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Confirmed,
            Self::Taken,
            Self::Gone,
            Self::Changed,
            Self::Revoked,
            Self::Kept,
        ];
        all.into_iter().find(|decision| decision.name() == name)
    }
}

/// A role as it was held when a review was opened, and what became of it in that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewItem {
    /// Its id.
    pub id: String,
    /// Id of the role that is held.
    pub held_id: String,
    /// Id of whoever holds it.
    pub principal_id: String,
    /// What they are.
    pub kind: Kind,
    /// Their name.
    pub name: String,
    /// Which role.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// It is held in reserve.
    pub reserve: bool,
    /// Why it was given.
    pub why: String,
    /// By whom, by name.
    pub granted_by: String,
    /// Since when, ms.
    pub granted_ms: i64,
    /// Until when, if it ends by itself, ms.
    pub expires_ms: Option<i64>,
    /// Whoever holds it was switched off.
    pub disabled: bool,
    /// When they were last let in, ms.
    pub last_used_ms: Option<i64>,
    /// They were not for long.
    pub dormant: bool,
    /// How its rights were used; nothing for what is in reserve.
    pub rights: Option<RoleUse>,
    /// What became of it.
    pub decision: Option<Decision>,
    /// Id of whoever decided; `ringfence` when nobody did.
    pub decided_by: Option<String>,
    /// Their name.
    pub decided_by_name: Option<String>,
    /// When, ms.
    pub decided_ms: Option<i64>,
    /// What they said about it.
    pub note: String,
}

impl ReviewItem {
    /// As a log writes it: `analyst@bank`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}@{}", self.role, self.program)
    }
}

/// Reviews with their counts and names.
macro_rules! review {
    ($end:literal) => {
        concat!(
            "SELECT r.*, o.name AS opened_by_name, s.name AS ended_by_name,
             (SELECT COUNT(*) FROM review_items i WHERE i.review_id = r.id) AS items,
             (SELECT COUNT(*) FROM review_items i
              WHERE i.review_id = r.id AND i.decision IS NULL) AS undecided,
             (SELECT COUNT(*) FROM review_items i
              WHERE i.review_id = r.id AND i.decision IN ('taken', 'revoked')) AS taken
             FROM reviews r LEFT JOIN principals o ON o.id = r.opened_by
             LEFT JOIN principals s ON s.id = r.ended_by ",
            $end
        )
    };
}

/// Items with the name of whoever decided.
macro_rules! item {
    ($end:literal) => {
        concat!(
            "SELECT i.*, d.name AS decided_by_name FROM review_items i
             LEFT JOIN principals d ON d.id = i.decided_by ",
            $end
        )
    };
}

const ITEMS: &str =
    item!("WHERE i.review_id = $1 ORDER BY i.name, i.principal_id, i.role, i.program, i.id");

impl State {
    /// All reviews, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reviews(&self) -> Result<Vec<Review>> {
        let rows = query(review!("ORDER BY r.opened_ms DESC, r.id DESC LIMIT 500"))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// A review with its items.
    ///
    /// # Errors
    /// When there is none.
    pub async fn review(&self, id: &str) -> Result<(Review, Vec<ReviewItem>)> {
        let row = query(review!("WHERE r.id = $1"))
            .bind(id)
            .fetch_optional(self.reader())
            .await?
            .ok_or_else(|| Error::not_found("review", id))?;
        let rows = query(ITEMS).bind(id).fetch_all(self.reader()).await?;
        let items = rows.iter().map(read_item).collect::<Result<_>>()?;
        Ok((read(&row)?, items))
    }

    /// The review that is open, if one is.
    pub(crate) async fn open_review_there_is(&self) -> Result<Option<Review>> {
        let row = query(review!(
            "WHERE r.ended_ms IS NULL ORDER BY r.opened_ms LIMIT 1"
        ))
        .fetch_optional(self.reader())
        .await?;
        row.as_ref().map(read).transpose()
    }
}

async fn one(tx: &mut Tx, id: &str) -> Result<Review> {
    let row = query(review!("WHERE r.id = $1"))
        .bind(id)
        .fetch_optional(tx)
        .await?;
    read(&row.ok_or_else(|| Error::not_found("review", id))?)
}

/// A review that is not over.
async fn open_one(tx: &mut Tx, id: &str) -> Result<Review> {
    let review = one(tx, id).await?;
    match review.ended_ms {
        None => Ok(review),
        Some(_) => Err(Error::Conflict(
            "this review has ended: it stays as it is".to_owned(),
        )),
    }
}

async fn items(tx: &mut Tx, review: &str) -> Result<Vec<ReviewItem>> {
    let rows = query(ITEMS).bind(review).fetch_all(tx).await?;
    rows.iter().map(read_item).collect()
}

/// Writes what became of an item that nobody decided, or that a reviewer confirmed.
async fn set(
    tx: &mut Tx,
    item: &str,
    decision: Decision,
    by: &str,
    note: &str,
    now_ms: i64,
) -> Result<()> {
    query(
        "UPDATE review_items SET decision = $1, decided_by = $2, decided_ms = $3, note = $4
         WHERE id = $5",
    )
    .bind(decision.name())
    .bind(by)
    .bind(now_ms)
    .bind(note)
    .bind(item)
    .execute(tx)
    .await?;
    Ok(())
}

/// Settles items that nobody decided and whose role is not what it was at the opening any longer.
async fn settle(tx: &mut Tx, review: &Review, now_ms: i64) -> Result<()> {
    let held = assignments::of_all(&mut *tx).await?;
    for item in items(tx, &review.id).await? {
        if item.decision.is_some() {
            continue;
        }
        let all = held.get(&item.principal_id).into_iter().flatten();
        let now = all.into_iter().find(|held| held.id == item.held_id);
        let became = match now {
            Some(held) if held.granted_ms != item.granted_ms => Decision::Changed,
            Some(held) if held.reserve || held.is_held_at(now_ms) => continue,
            _ => Decision::Gone,
        };
        set(tx, &item.id, became, crate::principals::FIRST, "", now_ms).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Review> {
    Ok(Review {
        id: row.try_get("id")?,
        why: row.try_get("why")?,
        opened_by: row.try_get("opened_by")?,
        opened_by_name: row.try_get("opened_by_name")?,
        opened_ms: row.try_get("opened_ms")?,
        due_ms: row.try_get("due_ms")?,
        reminded: row.try_get("reminded")?,
        ended_by: row.try_get("ended_by")?,
        ended_by_name: row.try_get("ended_by_name")?,
        ended_ms: row.try_get("ended_ms")?,
        outcome: row.try_get("outcome")?,
        note: row.try_get("note")?,
        items: count(row, "items")?,
        undecided: count(row, "undecided")?,
        taken: count(row, "taken")?,
    })
}

fn read_item(row: &Row) -> Result<ReviewItem> {
    let decision: Option<String> = row.try_get("decision")?;
    let named = |name: String| Decision::named(&name).ok_or(Error::Corrupt("decision"));
    Ok(ReviewItem {
        id: row.try_get("id")?,
        held_id: row.try_get("held_id")?,
        principal_id: row.try_get("principal_id")?,
        kind: match row.try_get::<String>("kind")?.as_str() {
            "person" => Kind::Person,
            _ => Kind::Service,
        },
        name: row.try_get("name")?,
        role: assignments::role_of(row)?,
        program: row.try_get("program")?,
        reserve: row.try_get::<i64>("reserve")? != 0,
        why: row.try_get("why")?,
        granted_by: row.try_get("granted_by")?,
        granted_ms: row.try_get("granted_ms")?,
        expires_ms: row.try_get("expires_ms")?,
        disabled: row.try_get::<i64>("disabled")? != 0,
        last_used_ms: row.try_get("last_used_ms")?,
        dormant: row.try_get::<i64>("dormant")? != 0,
        rights: json(row, "rights")?,
        decision: decision.map(named).transpose()?,
        decided_by: row.try_get("decided_by")?,
        decided_by_name: row.try_get("decided_by_name")?,
        decided_ms: row.try_get("decided_ms")?,
        note: row.try_get("note")?,
    })
}
