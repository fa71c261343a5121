//! Webhooks: whom to tell about alerts.

use ringfence_crypto::SigningSecret;
use serde::{Deserialize, Serialize};

use crate::changes::AlertChange;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Row, Tx, query};

const MAX_WEBHOOKS: usize = 100;
const MAX_URL: usize = 2048;

/// What a user says about a webhook to be made. Whether the URL may be reached is the
/// caller's question (`ringfence_respond::Guard::check_url`).
#[derive(Debug, Clone, Deserialize)]
pub struct NewWebhook {
    /// What people call it.
    pub name: String,
    /// Where to.
    pub url: String,
    /// The programs whose alerts it is told.
    pub scope: Scope,
    /// Alerts below this severity are not told.
    pub min_severity_id: u8,
}

/// A webhook as stored. Its secret is not part of it, and of its URL only the origin is
/// shown: many receivers put their secret into the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The beginning of its URL: scheme, host and port.
    pub origin: String,
    /// The programs whose alerts it is told.
    pub scope: Scope,
    /// Alerts below this severity are not told.
    pub min_severity_id: u8,
    /// When it was made.
    pub created_ms: i64,
    /// When it was switched off, if it is.
    pub disabled_ms: Option<i64>,
}

/// A webhook and its secret, the only time that the secret can be seen.
#[derive(Debug)]
pub struct MintedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What its receiver checks signatures with.
    pub secret: SigningSecret,
}

/// What to change; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookChange {
    /// What people call it.
    pub name: Option<String>,
    /// Where to.
    pub url: Option<String>,
    /// The programs whose alerts it is told.
    pub scope: Option<Scope>,
    /// Alerts below this severity are not told.
    pub min_severity_id: Option<u8>,
    /// Switch it off or on again; what waits in the outbox waits on.
    pub disabled: Option<bool>,
}

impl State {
    /// Makes a webhook and its secret.
    ///
    /// # Errors
    /// When a field is invalid or its programs lie outside the caller's.
    pub async fn create_webhook(
        &self,
        scope: &Scope,
        new: NewWebhook,
        now_ms: i64,
    ) -> Result<MintedWebhook> {
        check(scope, &new)?;
        let secret = SigningSecret::mint()?;
        let id = new_id(now_ms)?;
        let mut tx = self.begin().await?;
        if all(&mut tx).await?.len() >= MAX_WEBHOOKS {
            return Err(Error::Conflict(format!(
                "there are {MAX_WEBHOOKS} webhooks already"
            )));
        }
        query(
            "INSERT INTO webhooks (id, name, url, secret, programs, min_severity_id, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id.clone())
        .bind(new.name)
        .bind(new.url)
        .bind(secret.reveal())
        .bind(new.scope.to_text())
        .bind(i64::from(new.min_severity_id))
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let webhook = one(&mut tx, scope, &id).await?.shown;
        tx.commit().await?;
        Ok(MintedWebhook { webhook, secret })
    }

    /// The webhooks whose programs all belong to the caller, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_webhooks(&self, scope: &Scope) -> Result<Vec<Webhook>> {
        let channels = self.channels(scope).await?;
        let webhooks = channels.into_iter().filter(|c| c.kind == Kind::Http);
        Ok(webhooks.map(|stored| stored.shown).collect())
    }

    /// Receivers of every kind whose programs all belong to the caller, oldest first.
    pub(crate) async fn channels(&self, scope: &Scope) -> Result<Vec<Stored>> {
        let rows = query("SELECT * FROM webhooks ORDER BY id")
            .fetch_all(self.reader())
            .await?;
        let mut all: Vec<_> = rows.iter().map(Stored::read).collect::<Result<_>>()?;
        all.retain(|stored| scope.covers(&stored.shown.scope));
        Ok(all)
    }

    /// Changes a webhook; its secret stays.
    ///
    /// # Errors
    /// When there is none within the caller's programs, or a field is invalid.
    pub async fn change_webhook(
        &self,
        scope: &Scope,
        id: &str,
        change: WebhookChange,
        now_ms: i64,
    ) -> Result<Webhook> {
        let mut tx = self.begin().await?;
        let old = one(&mut tx, scope, id).await?;
        let disabled_ms = match change.disabled {
            Some(true) => old.shown.disabled_ms.or(Some(now_ms)),
            Some(false) => None,
            None => old.shown.disabled_ms,
        };
        let new = NewWebhook {
            name: change.name.unwrap_or(old.shown.name),
            url: change.url.unwrap_or(old.url),
            scope: change.scope.unwrap_or(old.shown.scope),
            min_severity_id: change.min_severity_id.unwrap_or(old.shown.min_severity_id),
        };
        check(scope, &new)?;
        query(
            "UPDATE webhooks SET name = $1, url = $2, programs = $3, min_severity_id = $4,
                 disabled_ms = $5 WHERE id = $6",
        )
        .bind(new.name)
        .bind(new.url)
        .bind(new.scope.to_text())
        .bind(i64::from(new.min_severity_id))
        .bind(disabled_ms)
        .bind(id.to_owned())
        .execute(&mut tx)
        .await?;
        let webhook = one(&mut tx, scope, id).await?.shown;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Removes a webhook and everything that waits for it.
    ///
    /// # Errors
    /// When there is none within the caller's programs.
    pub async fn delete_webhook(&self, scope: &Scope, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        one(&mut tx, scope, id).await?;
        query("DELETE FROM webhooks WHERE id = $1")
            .bind(id.to_owned())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

/// How a receiver is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed request.
    Http,
    /// Mail.
    Mail,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Mail => "mail",
        }
    }
}

/// A receiver with what only its delivery may see.
pub(crate) struct Stored {
    pub(crate) shown: Webhook,
    pub(crate) url: String,
    /// Made up anew at each look for receivers that are sent nothing signed.
    pub(crate) secret: SigningSecret,
    pub(crate) kind: Kind,
    /// Ids of the rules whose alerts it is told; empty for all.
    pub(crate) rules: Vec<String>,
}

impl Stored {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        let (url, secret): (String, String) = (row.try_get("url")?, row.try_get("secret")?);
        let severity: i64 = row.try_get("min_severity_id")?;
        let shown = Webhook {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            origin: origin(&url).to_owned(),
            scope: Scope::from_text(&row.try_get::<String>("programs")?),
            min_severity_id: u8::try_from(severity).unwrap_or(u8::MAX),
            created_ms: row.try_get("created_ms")?,
            disabled_ms: row.try_get("disabled_ms")?,
        };
        let kind = match row.try_get::<String>("kind")?.as_str() {
            "http" => Kind::Http,
            "mail" => Kind::Mail,
            _ => return Err(Error::Corrupt("webhook kind")),
        };
        let secret = match kind {
            Kind::Http => {
                SigningSecret::parse(&secret).map_err(|_| Error::Corrupt("webhook secret"))?
            }
            Kind::Mail => SigningSecret::mint()?,
        };
        let rules = serde_json::from_str(&row.try_get::<String>("rules")?)
            .map_err(|_| Error::Corrupt("webhook rules"))?;
        Ok(Self {
            shown,
            url,
            secret,
            kind,
            rules,
        })
    }

    /// Whether it is told of a change. Fails closed towards telling too little across programs.
    pub(crate) fn wants(&self, change: &AlertChange) -> bool {
        let (webhook, alert) = (&self.shown, &change.alert);
        webhook.disabled_ms.is_none()
            && alert.severity_id >= webhook.min_severity_id
            && webhook.scope.allows(&alert.program)
            && (self.rules.is_empty() || self.rules.contains(&alert.rule_id))
    }
}

/// Every receiver; there are few.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Stored>> {
    let rows = query("SELECT * FROM webhooks ORDER BY id")
        .fetch_all(&mut *tx)
        .await?;
    rows.iter().map(Stored::read).collect()
}

/// A webhook; other receivers are not found by its ways.
pub(crate) async fn one(tx: &mut Tx, scope: &Scope, id: &str) -> Result<Stored> {
    let found = channel(tx, scope, id).await?;
    match found.kind {
        Kind::Http => Ok(found),
        Kind::Mail => Err(Error::not_found("webhook", id)),
    }
}

/// A receiver of any kind.
pub(crate) async fn channel(tx: &mut Tx, scope: &Scope, id: &str) -> Result<Stored> {
    let row = query("SELECT * FROM webhooks WHERE id = $1")
        .bind(id.to_owned())
        .fetch_optional(&mut *tx)
        .await?;
    let stored = row.as_ref().map(Stored::read).transpose()?;
    stored
        .filter(|stored| scope.covers(&stored.shown.scope))
        .ok_or_else(|| Error::not_found("webhook", id))
}

fn check(scope: &Scope, new: &NewWebhook) -> Result<()> {
    names::name("name", &new.name)?;
    names::text_field("url", &new.url, MAX_URL)?;
    if origin(&new.url).is_empty() {
        return Err(Error::invalid("url", "must be a URL with scheme and host"));
    }
    if new.min_severity_id > 6 {
        return Err(Error::invalid("min_severity_id", "must be 0 to 6"));
    }
    if matches!(&new.scope, Scope::Programs(programs) if programs.is_empty()) {
        return Err(Error::invalid("scope", "must name at least one program"));
    }
    if !scope.covers(&new.scope) {
        return Err(Error::invalid("scope", "reaches beyond your programs"));
    }
    Ok(())
}

/// Scheme, host and port, without a user part; nothing when the text has no such shape.
fn origin(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "";
    };
    let host = rest
        .find(['/', '?', '#', '\\'])
        .and_then(|end| rest.get(..end))
        .unwrap_or(rest);
    if host.is_empty() || host.contains('@') {
        return "";
    }
    url.get(..scheme.len() + "://".len() + host.len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_of_a_url_is_shown() {
        assert_eq!(
            origin("https://hooks.example/T0/B0/secret?x=1"),
            "https://hooks.example"
        );
        assert_eq!(
            origin("https://hooks.example:8443"),
            "https://hooks.example:8443"
        );
        assert_eq!(origin("https://user:secret@hooks.example/"), "");
        assert_eq!(origin("hooks.example/x"), "");
    }
}
