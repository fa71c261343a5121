//! Recipients of mail: receivers of alerts that the configuration names, in the webhooks' table
//! and outbox.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::limits::millis;
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Sql, query};
use crate::webhooks::{Kind, Stored, all};

const PREFIX: &str = "mail.";

/// A recipient as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecipient {
    /// What people call it; its id is `mail.NAME`.
    pub name: String,
    /// Mail addresses, checked by the caller.
    pub addresses: Vec<String>,
    /// The programs whose alerts it is told.
    pub scope: Scope,
    /// Alerts below this severity are not told.
    pub min_severity_id: u8,
    /// Only alerts of these rules; empty for all.
    pub rules: Vec<String>,
}

/// A recipient as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Mail addresses.
    pub addresses: Vec<String>,
    /// The programs whose alerts it is told.
    pub scope: Scope,
    /// Alerts below this severity are not told.
    pub min_severity_id: u8,
    /// Only alerts of these rules; empty for all.
    pub rules: Vec<String>,
}

/// What one recipient is to be told now.
#[derive(Debug, Clone)]
pub struct DueMail {
    /// Who.
    pub recipient: Recipient,
    /// Messages, oldest first.
    pub items: Vec<DueItem>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct DueItem {
    /// Its delivery id, the same at every attempt.
    pub id: String,
    /// The body that a webhook would be sent.
    pub payload: String,
    /// Attempts that failed.
    pub attempts: u32,
}

impl State {
    /// Makes the recipients those of the configuration. One that is not named any more is switched
    /// off and keeps what waits for it, in case it comes back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn declare_recipients(&self, named: &[NewRecipient], now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE webhooks SET disabled_ms = $1 WHERE kind = 'mail' AND disabled_ms IS NULL")
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        for recipient in named {
            let rules = serde_json::to_string(&recipient.rules)
                .map_err(|e| Error::invalid("rules", e.to_string()))?;
            query(
                "INSERT INTO webhooks (id, name, url, secret, programs, min_severity_id,
                     created_ms, kind, rules) VALUES ($1, $2, $3, '', $4, $5, $6, 'mail', $7)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url,
                     programs = excluded.programs, min_severity_id = excluded.min_severity_id,
                     rules = excluded.rules, disabled_ms = NULL",
            )
            .bind(format!("{PREFIX}{}", recipient.name))
            .bind(recipient.name.clone())
            .bind(format!("mailto:{}", recipient.addresses.join(",")))
            .bind(recipient.scope.to_text())
            .bind(i64::from(recipient.min_severity_id))
            .bind(now_ms)
            .bind(rules)
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await
    }

    /// The recipients in force whose programs all belong to the caller.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_recipients(&self, scope: &Scope) -> Result<Vec<Recipient>> {
        let channels = self.channels(scope).await?;
        let in_force = channels
            .into_iter()
            .filter(|c| c.kind == Kind::Mail && c.shown.disabled_ms.is_none());
        Ok(in_force.map(recipient).collect())
    }

    /// Takes up to `most` due messages of each recipient that is not in `busy`, out of sight until
    /// they are settled or their lease ends.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn claim_mail(
        &self,
        now_ms: i64,
        most: usize,
        busy: &[String],
    ) -> Result<Vec<DueMail>> {
        if !self.anything_due(Kind::Mail, now_ms).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let mut due = Vec::new();
        for channel in all(&mut tx).await? {
            let free = channel.shown.disabled_ms.is_none() && !busy.contains(&channel.shown.id);
            if channel.kind != Kind::Mail || !free {
                continue;
            }
            let items = crate::outbox::items_due(&mut tx, &channel.shown.id, now_ms, most).await?;
            if !items.is_empty() {
                let recipient = recipient(channel);
                due.push(DueMail { recipient, items });
            }
        }
        let ids = due
            .iter()
            .flat_map(|d| d.items.iter().map(|i| i.id.clone()));
        let ids: Vec<_> = ids.collect();
        if !ids.is_empty() {
            let lease = millis(self.limits().outbox_lease);
            let mut sql = Sql::new("UPDATE outbox SET next_attempt_ms = ");
            sql.bind(now_ms.saturating_add(lease)).push(" WHERE id IN ");
            sql.list(ids);
            sql.query().execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(due)
    }
}

fn recipient(stored: Stored) -> Recipient {
    let addresses = stored.url.strip_prefix("mailto:").unwrap_or_default();
    Recipient {
        addresses: addresses.split(',').map(str::to_owned).collect(),
        id: stored.shown.id,
        name: stored.shown.name,
        scope: stored.shown.scope,
        min_severity_id: stored.shown.min_severity_id,
        rules: stored.rules,
    }
}
