//! Changing a source, switching it off, and giving it a new token.

use std::collections::BTreeSet;
use std::time::Duration;

use ipnet::IpNet;
use ringfence_crypto::{Token, TokenKind};
use serde::Deserialize;

use crate::error::Result;
use crate::limits::millis;
use crate::open::State;
use crate::scope::Scope;
use crate::sources::{Classes, NewSource, Source, check, fetch, taken};
use crate::sql::query;

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
        let new = merged(old, change);
        check(&new)?;
        query(
            "UPDATE sources SET name = $1, site = $2, classes = $3, grants = $4,
                 allowed_peers = $5, expect_every_secs = $6, disabled_ms = $7
             WHERE id = $8",
        )
        .bind(new.name.clone())
        .bind(new.site)
        .bind(serde_json::json!(new.classes).to_string())
        .bind(serde_json::json!(new.grants).to_string())
        .bind(serde_json::json!(new.allowed_peers).to_string())
        .bind(new.expect_every_secs.map(i64::from))
        .bind(disabled_ms)
        .bind(id.to_owned())
        .execute(&mut tx)
        .await
        .map_err(|error| taken(error, &new.name))?;
        let source = fetch(&mut tx, scope, id).await?;
        tx.commit().await?;
        self.source_index().invalidate();
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
        // The right-hand sides see the row as it was before this statement.
        query(
            "UPDATE sources SET old_token_hash = token_hash, old_token_until_ms = $1,
                 token_hash = $2 WHERE id = $3",
        )
        .bind(now_ms.saturating_add(millis(overlap)))
        .bind(token.hash().to_hex())
        .bind(id.to_owned())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.source_index().invalidate();
        Ok(MintedSource { source, token })
    }
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
