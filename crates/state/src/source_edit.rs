//! Changing a source, switching it off, and giving it a new token.

use std::collections::BTreeSet;
use std::time::Duration;

use ipnet::IpNet;
use ringfence_crypto::{Token, TokenKind};
use serde::Deserialize;

use crate::certificates::CertificateUse;
use crate::error::{Error, Result};
use crate::open::State;
use crate::rotation;
use crate::scope::Scope;
use crate::sources::{Classes, NewSource, Source, check, fetch, taken};
use crate::sql::{Tx, query};

/// Names of certificates that one source is known by.
const MOST_NAMES: usize = 32;

/// A source and its token, the only time that the token can be seen.
#[derive(Debug)]
pub struct MintedSource {
    /// The source.
    pub source: Source,
    /// Its new token.
    pub token: Token,
}

/// What to change; what is absent stays. Program and kind never change: events
/// already sent carry them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceChange {
    /// What people call it.
    pub name: Option<String>,
    /// The site of its further events.
    pub site: Option<String>,
    /// The OCSF classes it may send.
    pub classes: Option<Classes>,
    /// Rights beyond sending.
    pub grants: Option<BTreeSet<String>>,
    /// Networks it may send from.
    pub allowed_peers: Option<Vec<IpNet>>,
    /// Alarm after this many silent seconds; 0 goes back to the learned limit.
    pub expect_every_secs: Option<u32>,
    /// Switch it off or on again.
    pub disabled: Option<bool>,
    /// Whether a token alone lets it in.
    pub certificate: Option<CertificateUse>,
    /// By what certificates of other authorities it is known: `sha-256:…`, `dns:…`, `uri:…`.
    pub certificate_names: Option<Vec<String>>,
}

impl State {
    /// Changes a source; its token stays.
    ///
    /// # Errors
    /// When there is none within the caller's programs, or a field is invalid.
    pub async fn change_source(
        &self,
        scope: &Scope,
        id: &str,
        change: SourceChange,
        now_ms: i64,
    ) -> Result<Source> {
        let mut tx = self.begin().await?;
        let old = fetch(&mut tx, scope, id).await?;
        let disabled_ms = match change.disabled {
            Some(true) => old.disabled_ms.or(Some(now_ms)),
            Some(false) => None,
            None => old.disabled_ms,
        };
        let certificate = change.certificate.unwrap_or(old.certificate);
        let names = change.certificate_names.clone();
        let names = names.unwrap_or_else(|| old.certificate_names.clone());
        nobody_elses(&mut tx, id, &names).await?;
        let new = merged(old, change);
        check(&new)?;
        query(
            "UPDATE sources SET name = $1, site = $2, classes = $3, grants = $4,
                 allowed_peers = $5, expect_every_secs = $6, disabled_ms = $7,
                 certificate = $8, certificate_names = $9
             WHERE id = $10",
        )
        .bind(new.name.clone())
        .bind(new.site)
        .bind(serde_json::json!(new.classes).to_string())
        .bind(serde_json::json!(new.grants).to_string())
        .bind(serde_json::json!(new.allowed_peers).to_string())
        .bind(new.expect_every_secs.map(i64::from))
        .bind(disabled_ms)
        .bind(certificate.text())
        .bind(serde_json::json!(names).to_string())
        .bind(id.to_owned())
        .execute(&mut tx)
        .await
        .map_err(|error| taken(error, &new.name))?;
        let source = fetch(&mut tx, scope, id).await?;
        tx.commit().await?;
        self.sources_changed();
        Ok(source)
    }

    /// Gives a source a new token. The old one stays good for `overlap`, so that a
    /// fleet of senders can be moved over without a gap; zero ends it now.
    ///
    /// # Errors
    /// When there is no such source within the caller's programs.
    pub async fn rotate_source(
        &self,
        scope: &Scope,
        id: &str,
        overlap: Duration,
        now_ms: i64,
    ) -> Result<MintedSource> {
        let token = Token::mint(TokenKind::Source)?;
        let mut tx = self.begin().await?;
        let source = fetch(&mut tx, scope, id).await?;
        rotation::rotate(&mut tx, "sources", id, &token, overlap, now_ms).await?;
        tx.commit().await?;
        self.sources_changed();
        Ok(MintedSource { source, token })
    }
}

/// A certificate speaks for one source, in whichever program another one may be.
async fn nobody_elses(tx: &mut Tx, id: &str, names: &[String]) -> Result<()> {
    if names.len() > MOST_NAMES {
        let reason = format!("at most {MOST_NAMES} names");
        return Err(Error::invalid("certificate_names", reason));
    }
    if names.is_empty() {
        return Ok(());
    }
    let rows = query("SELECT * FROM sources WHERE id <> $1 AND certificate_names <> '[]'")
        .bind(id.to_owned())
        .fetch_all(&mut *tx)
        .await?;
    for row in &rows {
        let other = Source::read(row)?;
        let taken = names
            .iter()
            .find(|name| other.certificate_names.contains(name));
        if let Some(name) = taken {
            // Not of which source: it may be in a program that the caller must not know of.
            let reason = format!("`{name}` is a name of another source");
            return Err(Error::Conflict(reason));
        }
    }
    Ok(())
}

fn merged(old: Source, change: SourceChange) -> NewSource {
    let expect_every_secs = match change.expect_every_secs {
        Some(0) => None,
        Some(secs) => Some(secs),
        None => old.expect_every_secs,
    };
    NewSource {
        name: change.name.unwrap_or(old.name),
        kind: old.kind,
        program: old.program,
        site: change.site.unwrap_or(old.site),
        classes: change.classes.unwrap_or(old.classes),
        grants: change.grants.unwrap_or(old.grants),
        allowed_peers: change.allowed_peers.unwrap_or(old.allowed_peers),
        expect_every_secs,
    }
}
