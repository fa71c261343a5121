//! The same edit on many alerts.

use serde::{Deserialize, Serialize};

use crate::changes::record;
use crate::edit::{AlertEdit, check, edit_in};
use crate::error::{Error, Result};
use crate::filter::AlertFilter;
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Sql, bigint};

/// Alerts of one bulk action.
const MAX_ALERTS: usize = 10_000;
/// Alerts of one transaction: other writers get a turn in between.
const CHUNK: usize = 250;

/// Which alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkTarget {
    /// These.
    Ids(Vec<String>),
    /// All that match, up to 10,000.
    Filter(Box<AlertFilter>),
}

/// What the edit came to on one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BulkOutcome {
    /// It is as asked for now.
    Changed {
        /// The alert's new version.
        version: u64,
    },
    /// It was as asked for already.
    Unchanged,
    /// There is none within the caller's programs.
    NotFound,
    /// The step makes no sense from where this alert stands.
    Conflict {
        /// Why.
        reason: String,
    },
}

/// One alert of a bulk action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkItem {
    /// The alert.
    pub id: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: BulkOutcome,
}

/// A bulk action's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkResult {
    /// One item for each alert, in the order asked for.
    pub items: Vec<BulkItem>,
    /// The filter matches more: repeat the action for the rest.
    pub more: bool,
}

impl State {
    /// Edits many alerts. Each alert succeeds or fails by itself; a failure of the
    /// database ends the action, and repeating it then does what is left.
    ///
    /// # Errors
    /// When the edit is invalid whatever the alert, there are more than 10,000 ids, or
    /// the database fails.
    pub async fn bulk_edit(
        &self,
        scope: &Scope,
        target: &BulkTarget,
        edit: &AlertEdit,
        actor: &str,
        now_ms: i64,
    ) -> Result<BulkResult> {
        check(edit, actor)?;
        let (ids, more) = match target {
            BulkTarget::Ids(ids) if ids.len() > MAX_ALERTS => {
                return Err(Error::invalid(
                    "ids",
                    format!("at most {MAX_ALERTS} at a time"),
                ));
            }
            BulkTarget::Ids(ids) => (ids.clone(), false),
            BulkTarget::Filter(filter) => self.matching(scope, filter).await?,
        };
        let mut items = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            items.extend(self.bulk_chunk(scope, chunk, edit, actor, now_ms).await?);
        }
        Ok(BulkResult { items, more })
    }

    async fn bulk_chunk(
        &self,
        scope: &Scope,
        ids: &[String],
        edit: &AlertEdit,
        actor: &str,
        now_ms: i64,
    ) -> Result<Vec<BulkItem>> {
        let mut tx = self.begin().await?;
        let (mut items, mut changed) = (Vec::new(), Vec::new());
        for id in ids {
            let outcome = match edit_in(&mut tx, scope, id, edit, None, actor, now_ms).await {
                Ok((edited, Some(kind))) => {
                    let version = edited.alert.version;
                    changed.push((Some(kind), edited.alert));
                    BulkOutcome::Changed { version }
                }
                Ok((_, None)) => BulkOutcome::Unchanged,
                Err(Error::NotFound { .. }) => BulkOutcome::NotFound,
                Err(Error::Conflict(reason)) => BulkOutcome::Conflict { reason },
                Err(error) => return Err(error),
            };
            items.push(BulkItem {
                id: id.clone(),
                outcome,
            });
        }
        let changes = record(&mut tx, self.limits(), changed, now_ms).await?;
        self.commit(tx, &changes).await?;
        Ok(items)
    }

    /// The ids are fixed before the first edit: an edit may change what matches.
    async fn matching(&self, scope: &Scope, filter: &AlertFilter) -> Result<(Vec<String>, bool)> {
        let mut sql = Sql::new("SELECT id FROM alerts WHERE 1 = 1");
        filter.push(&mut sql, scope)?;
        sql.push(" ORDER BY id LIMIT ")
            .bind(bigint(MAX_ALERTS as u64 + 1));
        let rows = sql.query().fetch_all(self.reader()).await?;
        let ids: std::result::Result<Vec<String>, _> =
            rows.iter().map(|row| row.try_get("id")).collect();
        let mut ids = ids?;
        let more = ids.len() > MAX_ALERTS;
        ids.truncate(MAX_ALERTS);
        Ok((ids, more))
    }
}
