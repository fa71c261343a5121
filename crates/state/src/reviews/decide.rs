//! Reviewers decide, and sign.

use std::collections::BTreeSet;

use super::end::standing;
use super::{Decision, Review, ReviewItem, items, one, open_one, set, settle};
use crate::assignments;
use crate::error::{Error, Result};
use crate::names;
use crate::open::State;
use crate::requests::MOST_TEXT;
use crate::sql::query;

/// Items of one decision.
const MOST: usize = 500;

impl State {
    /// A reviewer confirms roles (`take` is false) or takes them away: all of them or none. Answers
    /// those that this decided; what was settled before stays as it was, but for what somebody confirmed
    /// and another takes.
    ///
    /// # Errors
    /// When the review is over, an item is not of it or the reviewer's own, or one would take the role
    /// of the last administrator who can sign in.
    pub async fn decide_review(
        &self,
        review: &str,
        wanted: &[String],
        take: bool,
        note: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Vec<ReviewItem>> {
        names::text_field("note", note, MOST_TEXT)?;
        if wanted.is_empty() || wanted.len() > MOST {
            return Err(Error::invalid("items", format!("1 to {MOST}")));
        }
        let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        let mut tx = self.begin().await?;
        let review = open_one(&mut tx, review).await?;
        settle(&mut tx, &review, now_ms).await?;
        let all = items(&mut tx, &review.id).await?;
        let chosen: Vec<_> = all
            .into_iter()
            .filter(|item| wanted.contains(item.id.as_str()))
            .collect();
        if chosen.len() != wanted.len() {
            return Err(Error::invalid(
                "items",
                "not all of them are of this review",
            ));
        }
        if let Some(own) = chosen.iter().find(|item| item.principal_id == by) {
            let reason = format!("`{}` is yours: another person decides about it", own.text());
            return Err(Error::Conflict(reason));
        }
        let mut decided = BTreeSet::new();
        for item in &chosen {
            let open = match item.decision {
                None => true,
                Some(Decision::Confirmed) => take,
                Some(_) => false,
            };
            if !open {
                continue;
            }
            let decision = if take {
                // It was confirmed, and went or was given anew since: that is another decision.
                if standing(&mut tx, item, now_ms).await?.is_some() {
                    continue;
                }
                let (who, held) = (&item.principal_id, &item.held_id);
                assignments::take(&mut tx, who, held, by, now_ms).await?;
                Decision::Taken
            } else {
                Decision::Confirmed
            };
            set(&mut tx, &item.id, decision, by, note, now_ms).await?;
            decided.insert(item.id.as_str());
        }
        let mut after = items(&mut tx, &review.id).await?;
        after.retain(|item| decided.contains(item.id.as_str()));
        tx.commit().await?;
        self.principals_changed();
        Ok(after)
    }

    /// Signs a review in which everything is decided. That ends it.
    ///
    /// # Errors
    /// When it is over, or something is not decided.
    pub async fn sign_review(
        &self,
        review: &str,
        note: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Review> {
        names::text_field("note", note, MOST_TEXT)?;
        let mut tx = self.begin().await?;
        let before = open_one(&mut tx, review).await?;
        settle(&mut tx, &before, now_ms).await?;
        let left = one(&mut tx, review).await?.undecided;
        if left > 0 {
            let reason = format!("{left} of its roles are not decided yet");
            return Err(Error::Conflict(reason));
        }
        query(
            "UPDATE reviews SET ended_by = $1, ended_ms = $2, outcome = 'signed', note = $3
             WHERE id = $4",
        )
        .bind(by)
        .bind(now_ms)
        .bind(note)
        .bind(review)
        .execute(&mut tx)
        .await?;
        let after = one(&mut tx, review).await?;
        tx.commit().await?;
        Ok(after)
    }
}
