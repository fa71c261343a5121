//! Sessions of browsers: somebody showed a credential once and has a cookie instead.

use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::{Token, TokenHash, TokenKind};

use crate::error::Result;
use crate::open::State;
use crate::principals::{self, Principal};
use crate::source_lookup::hash;
use crate::sql::query;
use crate::token_index::{TokenMap, TokenOwner, owner, still};

/// How long a session lasts: a shift.
const LASTS: Duration = Duration::from_secs(12 * 3600);
/// Sessions that one principal has at a time; a new one ends the oldest beyond that.
const MOST: i64 = 50;

/// Somebody at a browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub principal: Arc<Principal>,
    /// Until when, ms.
    pub expires_ms: i64,
}

/// What somebody was let in by: the digest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A token of their own.
    Token(TokenHash),
    /// The cookie of a browser.
    Session(TokenHash),
}

impl State {
    /// Opens a session for whoever a credential belongs to; `None` if it is nobody's. The token is
    /// in the answer and nowhere else.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn open_session(
        &self,
        credential: &str,
        now_ms: i64,
    ) -> Result<Option<(Token, Session)>> {
        let Some(principal) = self.principal_by_token(credential, now_ms).await? else {
            return Ok(None);
        };
        let token = Token::mint(TokenKind::Session)?;
        let lasts = i64::try_from(LASTS.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = now_ms.saturating_add(lasts);
        let mut tx = self.begin().await?;
        query(
            "DELETE FROM sessions WHERE principal_id = $1 AND token_hash NOT IN
             (SELECT token_hash FROM sessions WHERE principal_id = $1 AND expires_ms > $2
              ORDER BY created_ms DESC, token_hash LIMIT $3)",
        )
        .bind(principal.id.clone())
        .bind(now_ms)
        .bind(MOST - 1)
        .execute(&mut tx)
        .await?;
        query(
            "INSERT INTO sessions (token_hash, principal_id, credential, created_ms, expires_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(token.hash().to_hex())
        .bind(principal.id.clone())
        .bind(TokenHash::of(credential).to_hex())
        .bind(now_ms)
        .bind(expires_ms)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.session_index().invalidate();
        let session = Session {
            principal,
            expires_ms,
        };
        Ok(Some((token, session)))
    }

    /// The session of a presented cookie; `None` for an unknown one, one that is over, and one
    /// whose principal was switched off or has another credential by now.
    ///
    /// # Errors
    /// When the sessions are not in memory and the database cannot be read; the caller then lets
    /// nobody in.
    pub async fn session_by_token(
        &self,
        presented: &str,
        now_ms: i64,
    ) -> Result<Option<Arc<Session>>> {
        let map = self.sessions().await?;
        Ok(owner(&map, presented, now_ms))
    }

    /// Whose a credential is, as they are now; `None` when it is good no longer. Whoever let somebody
    /// in for long, such as an open stream, asks again by it. Asking is no use of it.
    ///
    /// # Errors
    /// When the database cannot be read; the caller then goes on no longer.
    pub async fn still(
        &self,
        credential: Credential,
        now_ms: i64,
    ) -> Result<Option<Arc<Principal>>> {
        Ok(match credential {
            Credential::Token(hash) => still(&*self.principals().await?, &hash, now_ms),
            Credential::Session(hash) => still(&*self.sessions().await?, &hash, now_ms)
                .map(|session| Arc::clone(&session.principal)),
        })
    }

    async fn sessions(&self) -> Result<Arc<TokenMap<Session>>> {
        let (loaded, generation) = self.session_index().get();
        if let Some(map) = loaded {
            return Ok(map);
        }
        let map = Arc::new(self.load_sessions().await?);
        self.session_index().store(Arc::clone(&map), generation);
        Ok(map)
    }

    /// Ends a session. One that is not there has ended already.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_session(&self, presented: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(TokenHash::of(presented).to_hex())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.session_index().invalidate();
        Ok(())
    }

    async fn load_sessions(&self) -> Result<TokenMap<Session>> {
        let roles = self.load_roles().await?;
        let rows = query(
            "SELECT s.token_hash AS session_hash, s.expires_ms AS session_expires_ms, p.* FROM sessions s
             JOIN principals p ON p.id = s.principal_id AND p.token_hash = s.credential
             WHERE p.disabled_ms IS NULL",
        )
        .fetch_all(self.reader())
        .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            if let Some(hash) = hash(row, "session_hash")? {
                let expires_ms = row.try_get("session_expires_ms")?;
                let principal = principals::read_with(row, &roles)?;
                let expires_ms = principal
                    .expires_ms
                    .map_or(expires_ms, |own| own.min(expires_ms));
                let session = Session {
                    principal: Arc::new(principal),
                    expires_ms,
                };
                map.insert(hash, TokenOwner::new(Arc::new(session), Some(expires_ms)));
            }
        }
        Ok(map)
    }
}
