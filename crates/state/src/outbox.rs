//! Deliveries to webhooks, queued in the transaction of the change they tell.

use std::collections::BTreeMap;

use ringfence_crypto::SigningSecret;
use serde::{Deserialize, Serialize};

use crate::changes::AlertChange;
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::id::{new_id, new_ids};
use crate::limits::{Limits, millis};
use crate::list::{Page, PageRequest};
use crate::mail::DueItem;
use crate::names::clip;
use crate::open::State;
use crate::payload::{body, is_news, test_body};
use crate::scope::Scope;
use crate::settings::bump;
use crate::sql::{Row, Sql, Tx, bigint, query};
use crate::webhooks::{Kind, Stored, all, channel};

const CHUNK: usize = 200;
const MAX_ERROR: usize = 500;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waiting for its first or next attempt.
    Pending,
    /// Its receiver took it.
    Delivered,
    /// Given up; a person may replay it.
    Dead,
}

impl OutboxState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// A delivery to be attempted now.
#[derive(Debug, Clone)]
pub struct Due {
    /// Identifies the message to its receiver; the same at every attempt.
    pub id: String,
    /// The webhook.
    pub webhook_id: String,
    /// Where to.
    pub url: String,
    /// Signs it.
    pub secret: SigningSecret,
    /// The JSON body.
    pub payload: String,
    /// Attempts that failed.
    pub attempts: u32,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It arrived.
    Delivered,
    /// It is due again at a time.
    Retry {
        /// When.
        at_ms: i64,
        /// Why.
        error: String,
    },
    /// It is given up.
    Dead {
        /// Why.
        error: String,
    },
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// Its id.
    pub id: String,
    /// The webhook.
    pub webhook_id: String,
    /// The alert it tells about; empty for a test message.
    pub alert_id: String,
    /// Where it stands.
    pub state: OutboxState,
    /// Attempts that failed.
    pub attempts: u32,
    /// When the next attempt is due, while pending.
    pub next_attempt_ms: i64,
    /// When it was queued.
    pub created_ms: i64,
    /// When it was delivered or given up.
    pub settled_ms: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

impl State {
    /// Takes up to `limit` due deliveries, at most `per_webhook` of each webhook and none
    /// of those in `busy`, out of sight until they are settled or their lease ends.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn claim_due(
        &self,
        now_ms: i64,
        limit: usize,
        per_webhook: usize,
        busy: &[String],
    ) -> Result<Vec<Due>> {
        // Most polls find nothing, and must not make every other writer wait.
        if !self.anything_due(Kind::Http, now_ms).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let mut due = Vec::new();
        for webhook in all(&mut tx).await? {
            let room = limit.saturating_sub(due.len()).min(per_webhook);
            let id = &webhook.shown.id;
            let free = webhook.shown.disabled_ms.is_none() && !busy.contains(id);
            if room > 0 && free && webhook.kind == Kind::Http {
                due.extend(due_of(&mut tx, &webhook, now_ms, room).await?);
            }
        }
        if !due.is_empty() {
            let lease = millis(self.limits().outbox_lease);
            let mut sql = Sql::new("UPDATE outbox SET next_attempt_ms = ");
            sql.bind(now_ms.saturating_add(lease)).push(" WHERE id IN ");
            sql.list(due.iter().map(|due| due.id.clone()));
            sql.query().execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(due)
    }

    /// Records what an attempt came to. A delivery that was deleted meanwhile, with its
    /// webhook, is no error.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn settle(&self, id: &str, settlement: Settlement, now_ms: i64) -> Result<()> {
        let (state, at_ms, settled_ms, error) = match settlement {
            Settlement::Delivered => (OutboxState::Delivered, now_ms, Some(now_ms), None),
            Settlement::Retry { at_ms, error } => (OutboxState::Pending, at_ms, None, Some(error)),
            Settlement::Dead { error } => (OutboxState::Dead, now_ms, Some(now_ms), Some(error)),
        };
        let failed = i64::from(error.is_some());
        let mut tx = self.begin().await?;
        query(
            "UPDATE outbox SET state = $1, next_attempt_ms = $2, settled_ms = $3,
                 last_error = $4, attempts = attempts + $5
             WHERE id = $6 AND state = 'pending'",
        )
        .bind(state.as_str())
        .bind(at_ms)
        .bind(settled_ms)
        .bind(error.map(|error| clip(&error, MAX_ERROR).to_owned()))
        .bind(failed)
        .bind(id.to_owned())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Queues a test message for a webhook or a recipient of mail.
    ///
    /// # Errors
    /// When there is no such webhook within the caller's programs.
    pub async fn enqueue_test(
        &self,
        scope: &Scope,
        webhook_id: &str,
        now_ms: i64,
    ) -> Result<String> {
        let id = new_id(now_ms)?;
        let mut tx = self.begin().await?;
        channel(&mut tx, scope, webhook_id).await?;
        // Test messages tell no change; a negative number keeps them apart.
        let row = query("SELECT COALESCE(MIN(change_id), 0) AS low FROM outbox")
            .fetch_one(&mut tx)
            .await?;
        let number = row.try_get::<i64>("low")?.min(0) - 1;
        let rows = [(webhook_id, "", number, test_body(now_ms))];
        insert(&mut tx, &rows, std::iter::once(id.clone()), now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a dead or delivered message due again, as new. Its receiver sees the same
    /// message id.
    ///
    /// # Errors
    /// When there is none within the caller's programs.
    pub async fn replay_delivery(&self, scope: &Scope, id: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let row = query("SELECT webhook_id FROM outbox WHERE id = $1")
            .bind(id.to_owned())
            .fetch_optional(&mut tx)
            .await?
            .ok_or_else(|| Error::not_found("delivery", id))?;
        let webhook: String = row.try_get("webhook_id")?;
        channel(&mut tx, scope, &webhook)
            .await
            .map_err(|_| Error::not_found("delivery", id))?;
        query(
            "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_ms = $1,
                 settled_ms = NULL WHERE id = $2",
        )
        .bind(now_ms)
        .bind(id.to_owned())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// A webhook's deliveries, newest first.
    ///
    /// # Errors
    /// When there is no such webhook within the caller's programs.
    pub async fn list_outbox(
        &self,
        scope: &Scope,
        webhook_id: &str,
        state: Option<OutboxState>,
        page: &PageRequest,
    ) -> Result<Page<OutboxEntry>> {
        let known = self.channels(scope).await?;
        if !known.iter().any(|channel| channel.shown.id == webhook_id) {
            return Err(Error::not_found("webhook", webhook_id));
        }
        let shown = state.map_or("", OutboxState::as_str);
        let tag = Cursor::tag(&format!("outbox {webhook_id} {shown}"));
        let mut sql = Sql::new("SELECT * FROM outbox WHERE webhook_id = ");
        sql.bind(webhook_id.to_owned());
        if let Some(state) = state {
            sql.push(" AND state = ").bind(state.as_str());
        }
        if let Some(cursor) = page.after(tag)? {
            sql.push(" AND id < ").bind(cursor.id);
        }
        sql.push(" ORDER BY id DESC LIMIT ").bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(entries, |entry| Cursor {
            tag,
            key: 0,
            id: entry.id.clone(),
        }))
    }

    /// Deliveries that were not kept because too many waited for their webhook.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outbox_dropped(&self) -> Result<u64> {
        let row = query("SELECT value FROM counters WHERE name = 'outbox_dropped'")
            .fetch_one(self.reader())
            .await?;
        crate::sql::count(&row, "value")
    }

    pub(crate) async fn anything_due(&self, kind: Kind, now_ms: i64) -> Result<bool> {
        let found = query(
            "SELECT 1 FROM webhooks w WHERE w.disabled_ms IS NULL AND w.kind = $2 AND EXISTS (
                 SELECT 1 FROM outbox o WHERE o.webhook_id = w.id AND o.state = 'pending'
                 AND o.next_attempt_ms <= $1) LIMIT 1",
        )
        .bind(now_ms)
        .bind(kind.as_str())
        .fetch_optional(self.reader())
        .await?;
        Ok(found.is_some())
    }
}

/// Queues the changes that are news, for every webhook that wants them.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    limits: &Limits,
    changes: &[AlertChange],
    now_ms: i64,
) -> Result<()> {
    let news: Vec<_> = changes
        .iter()
        .filter(|change| is_news(change.kind))
        .collect();
    if news.is_empty() {
        return Ok(());
    }
    let mut bodies: BTreeMap<u64, String> = BTreeMap::new();
    let mut dropped = 0_i64;
    for stored in all(tx).await? {
        let wanted: Vec<_> = news.iter().filter(|change| stored.wants(change)).collect();
        let webhook = stored.shown;
        if wanted.is_empty() {
            continue;
        }
        let room = room(tx, limits, &webhook.id).await?;
        dropped = dropped.saturating_add(bigint(wanted.len().saturating_sub(room) as u64));
        let rows: Vec<_> = wanted
            .iter()
            .take(room)
            .map(|change| {
                let payload = bodies
                    .entry(change.id)
                    .or_insert_with(|| body(change))
                    .clone();
                (
                    webhook.id.as_str(),
                    change.alert.id.as_str(),
                    bigint(change.id),
                    payload,
                )
            })
            .collect();
        let mut ids = new_ids(now_ms, rows.len())?;
        for chunk in rows.chunks(CHUNK) {
            insert(tx, chunk, &mut ids, now_ms).await?;
        }
    }
    if dropped > 0 {
        bump(tx, "outbox_dropped", dropped).await?;
        tracing::warn!(
            dropped,
            "webhook deliveries not kept: too many are waiting already"
        );
    }
    Ok(())
}

async fn room(tx: &mut Tx, limits: &Limits, webhook_id: &str) -> Result<usize> {
    let row = query("SELECT COUNT(*) AS n FROM outbox WHERE webhook_id = $1 AND state = 'pending'")
        .bind(webhook_id.to_owned())
        .fetch_one(&mut *tx)
        .await?;
    let waiting = usize::try_from(row.try_get::<i64>("n")?).unwrap_or(usize::MAX);
    let most = usize::try_from(limits.outbox_pending).unwrap_or(usize::MAX);
    Ok(most.saturating_sub(waiting))
}

async fn insert(
    tx: &mut Tx,
    rows: &[(&str, &str, i64, String)],
    ids: impl Iterator<Item = String>,
    now_ms: i64,
) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO outbox (id, webhook_id, alert_id, change_id, payload, state, attempts,
             next_attempt_ms, created_ms) VALUES ",
    );
    for (index, ((webhook_id, alert_id, change_id, payload), id)) in
        rows.iter().zip(ids).enumerate()
    {
        sql.push(if index == 0 { "(" } else { ", (" });
        sql.bind(id)
            .push(", ")
            .bind((*webhook_id).to_owned())
            .push(", ");
        sql.bind((*alert_id).to_owned())
            .push(", ")
            .bind(*change_id)
            .push(", ");
        sql.bind(payload.clone()).push(", 'pending', 0, ");
        sql.bind(now_ms).push(", ").bind(now_ms).push(")");
    }
    sql.push(" ON CONFLICT (webhook_id, change_id) DO NOTHING");
    sql.query().execute(tx).await?;
    Ok(())
}

async fn due_of(tx: &mut Tx, webhook: &Stored, now_ms: i64, room: usize) -> Result<Vec<Due>> {
    let items = items_due(tx, &webhook.shown.id, now_ms, room).await?;
    let due = items.into_iter().map(|item| Due {
        id: item.id,
        webhook_id: webhook.shown.id.clone(),
        url: webhook.url.clone(),
        secret: webhook.secret.clone(),
        payload: item.payload,
        attempts: item.attempts,
    });
    Ok(due.collect())
}

/// The first `room` messages that are due for one receiver.
pub(crate) async fn items_due(
    tx: &mut Tx,
    receiver: &str,
    now_ms: i64,
    room: usize,
) -> Result<Vec<DueItem>> {
    let rows = query(
        "SELECT id, payload, attempts FROM outbox
         WHERE webhook_id = $1 AND state = 'pending' AND next_attempt_ms <= $2
         ORDER BY next_attempt_ms, id LIMIT $3",
    )
    .bind(receiver.to_owned())
    .bind(now_ms)
    .bind(bigint(room as u64))
    .fetch_all(&mut *tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DueItem {
                id: row.try_get("id")?,
                payload: row.try_get("payload")?,
                attempts: u32::try_from(row.try_get::<i64>("attempts")?).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

fn entry(row: &Row) -> Result<OutboxEntry> {
    let state: String = row.try_get("state")?;
    let state = [
        OutboxState::Pending,
        OutboxState::Delivered,
        OutboxState::Dead,
    ]
    .into_iter()
    .find(|known| known.as_str() == state)
    .ok_or(Error::Corrupt("delivery state"))?;
    Ok(OutboxEntry {
        id: row.try_get("id")?,
        webhook_id: row.try_get("webhook_id")?,
        alert_id: row.try_get("alert_id")?,
        state,
        attempts: u32::try_from(row.try_get::<i64>("attempts")?).unwrap_or(u32::MAX),
        next_attempt_ms: row.try_get("next_attempt_ms")?,
        created_ms: row.try_get("created_ms")?,
        settled_ms: row.try_get("settled_ms")?,
        last_error: row.try_get("last_error")?,
    })
}
