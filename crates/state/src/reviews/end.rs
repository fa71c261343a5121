//! What becomes of reviews by time: they open when they are due, remind, and end.

use ringfence_policy::{Policies, Role};

use super::{Decision, Review, ReviewItem, items, one, set, settle};
use crate::assignments;
use crate::error::{Error, Result};
use crate::limits::millis;
use crate::open::State;
use crate::principals::FIRST;
use crate::rights::DAY_MS;
use crate::sql::{Tx, query};

/// Days before the end at which reviewers are reminded.
const REMIND: [i64; 3] = [1, 3, 7];
/// Why a review is opened by itself.
const DUE: &str = "due by time";

/// Something that time did to a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewStep {
    /// It was due, and is open now.
    Opened(Review),
    /// So many days are left: to be told, and then noted by [`State::review_reminded`].
    Reminder(Review, i64),
    /// Its time was over. What nobody confirmed was taken, or kept: to be told, and then ended by
    /// [`State::end_lapsed_review`].
    Lapsed(Review, Vec<ReviewItem>),
}

impl State {
    /// Does what time asks of reviews, and answers what that was. Called every minute or so.
    ///
    /// # Errors
    /// When the database cannot be written; the next call goes on.
    pub async fn step_reviews(
        &self,
        policies: &Policies,
        now_ms: i64,
    ) -> Result<Option<ReviewStep>> {
        let Some(open) = self.open_review_there_is().await? else {
            let due = self.next_review_ms().await?;
            if due.is_none_or(|due| now_ms < due) {
                return Ok(None);
            }
            let opened = self.open_review(policies, DUE, FIRST, now_ms).await;
            return opened.map(|review| Some(ReviewStep::Opened(review)));
        };
        let left = open.due_ms.saturating_sub(now_ms);
        let reminder = REMIND.into_iter().find(|days| left <= days * DAY_MS);
        if let Some(days) = reminder.filter(|days| *days < open.reminded) {
            return self.remind(open, days, now_ms).await.map(Some);
        }
        if left <= 0 {
            return self.lapse(&open, now_ms).await.map(Some);
        }
        Ok(None)
    }

    /// When the next review is due: some months after the last, the first some months after somebody
    /// administers this installation; nothing while one is open.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_review_ms(&self) -> Result<Option<i64>> {
        if self.open_review_there_is().await?.is_some() {
            return Ok(None);
        }
        let row = query(
            "SELECT COALESCE((SELECT MAX(opened_ms) FROM reviews),
                             (SELECT MIN(enrolled_ms) FROM people)) AS last",
        )
        .fetch_one(self.reader())
        .await?;
        let last: Option<i64> = row.try_get("last")?;
        let every = millis(self.limits().access.review_every);
        Ok(last.map(|last| last.saturating_add(every)))
    }

    /// Nothing is taken away of which nobody was told a day before: after the server was stopped for
    /// long, the end is moved.
    async fn remind(&self, open: Review, days: i64, now_ms: i64) -> Result<ReviewStep> {
        let left = open.due_ms.saturating_sub(now_ms);
        let is_late = left <= 0 || left < DAY_MS && is_untold(&open);
        if days > 1 || !is_late {
            return Ok(ReviewStep::Reminder(open, days));
        }
        let mut tx = self.begin().await?;
        query("UPDATE reviews SET due_ms = $1 WHERE id = $2")
            .bind(now_ms.saturating_add(DAY_MS))
            .bind(open.id.clone())
            .execute(&mut tx)
            .await?;
        let open = one(&mut tx, &open.id).await?;
        tx.commit().await?;
        Ok(ReviewStep::Reminder(open, days))
    }

    /// Reviewers were reminded.
    ///
    /// # Errors
    /// When the database cannot be written: they will be reminded once more.
    pub async fn review_reminded(&self, review: &str, days: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE reviews SET reminded = $1 WHERE id = $2")
            .bind(days)
            .bind(review)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Takes what nobody confirmed. Of administrators, whoever was here last is the last in question.
    async fn lapse(&self, open: &Review, now_ms: i64) -> Result<ReviewStep> {
        let mut tx = self.begin().await?;
        settle(&mut tx, open, now_ms).await?;
        let mut all = items(&mut tx, &open.id).await?;
        tx.commit().await?;
        all.retain(|item| item.decision.is_none());
        all.sort_by_key(|item| (item.role == Role::Administrator, item.last_used_ms));
        for item in &all {
            self.revoke(item, now_ms).await?;
        }
        let (review, mut items) = self.review(&open.id).await?;
        let by_time = [Some(Decision::Revoked), Some(Decision::Kept)];
        items.retain(|item| by_time.contains(&item.decision));
        Ok(ReviewStep::Lapsed(review, items))
    }

    /// A transaction of its own: the role of the last administrator undoes nothing else. What somebody
    /// decided, took or gave anew since the items were read stays as it is.
    async fn revoke(&self, item: &ReviewItem, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        if is_decided(&mut tx, &item.id).await? {
            return Ok(());
        }
        let (who, held) = (&item.principal_id, &item.held_id);
        let became = match standing(&mut tx, item, now_ms).await? {
            Some(settled) => settled,
            None => match assignments::take(&mut tx, who, held, FIRST, now_ms).await {
                Ok(()) => Decision::Revoked,
                Err(Error::NotFound { .. }) => Decision::Gone,
                Err(Error::Conflict(_)) => {
                    drop(tx);
                    tx = self.begin().await?;
                    // Somebody may have decided in between.
                    if is_decided(&mut tx, &item.id).await? {
                        return Ok(());
                    }
                    Decision::Kept
                }
                Err(error) => return Err(error),
            },
        };
        set(&mut tx, &item.id, became, FIRST, "", now_ms).await?;
        let done = tx.commit().await;
        // Whatever becomes of the other items, and though the answer was lost: what is taken is in force
        // nowhere.
        self.principals_changed();
        done
    }

    /// A review whose time was over has been told of: it ends.
    ///
    /// # Errors
    /// When the database cannot be written: it will be told of once more.
    pub async fn end_lapsed_review(&self, review: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        query(
            "UPDATE reviews SET ended_by = $1, ended_ms = $2, outcome = 'lapsed'
             WHERE id = $3 AND ended_ms IS NULL",
        )
        .bind(FIRST)
        .bind(now_ms)
        .bind(review)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }
}

/// Nobody was reminded yet: the days of the last reminder are still those from the opening to the end.
fn is_untold(open: &Review) -> bool {
    let [.., first] = REMIND;
    open.reminded > first || open.reminded == open.due_ms.saturating_sub(open.opened_ms) / DAY_MS
}

async fn is_decided(tx: &mut Tx, item: &str) -> Result<bool> {
    let row = query("SELECT decision FROM review_items WHERE id = $1")
        .bind(item)
        .fetch_one(tx)
        .await?;
    let decision: Option<String> = row.try_get("decision")?;
    Ok(decision.is_some())
}

/// What became of the role of an item since the opening; nothing when it is held as it was then.
pub(super) async fn standing(
    tx: &mut Tx,
    item: &ReviewItem,
    now_ms: i64,
) -> Result<Option<Decision>> {
    let held = assignments::of(tx, &item.principal_id).await?;
    let now = held.iter().find(|held| held.id == item.held_id);
    Ok(match now {
        Some(held) if held.granted_ms != item.granted_ms => Some(Decision::Changed),
        Some(held) if held.reserve || held.is_held_at(now_ms) => None,
        _ => Some(Decision::Gone),
    })
}
