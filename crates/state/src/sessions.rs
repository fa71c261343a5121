//! Sessions of people: somebody proved who they are and has a cookie instead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ringfence_crypto::{Token, TokenHash, TokenKind};
use serde::Serialize;

use crate::certificate_lookup::Shown;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::limits::millis;
use crate::names::clip;
use crate::open::State;
use crate::people::links;
use crate::principals::{self, Principal};
use crate::source_lookup::hash;
use crate::sql::{Tx, query};
use crate::token_index::{TokenMap, TokenOwner, still};

/// Sessions that one person has at a time; a new one ends the oldest beyond that.
const MOST: i64 = 50;
/// Bytes that are kept of what a browser says it is.
const MOST_BROWSER: usize = 200;
/// The time of an activity is written at most so often.
const WRITE_EVERY_MS: i64 = 60_000;

/// Somebody at a browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id, which opens nothing.
    pub id: String,
    /// Who.
    pub principal: Arc<Principal>,
    /// What was shown at sign-in, such as `passkey` or `password,totp`.
    pub methods: String,
    /// Since when, ms.
    pub made_ms: i64,
    /// When the person proved who they are, ms; zero if nobody knows: a provider of sign-in may have had
    /// its proof long before.
    pub proved_ms: i64,
    /// Until when at most, ms.
    pub expires_ms: i64,
    /// The activity that the database knows of.
    active_ms: i64,
}

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What was shown, such as `passkey` or `password,totp`.
    pub methods: &'static str,
    /// Where from.
    pub address: String,
    /// What the browser says it is.
    pub browser: String,
    /// The cookie that the browser has, if any: signing in again ends that session.
    pub instead_of: Option<TokenHash>,
    /// The provider that vouched for them, if one did.
    pub vouch: Option<Vouch>,
}

/// A provider of sign-in that vouched for somebody.
#[derive(Debug, Clone)]
pub struct Vouch {
    /// Id of the link to their account there.
    pub link: String,
    /// Their session there, if it is named.
    pub session: Option<String>,
    /// When they proved who they are, ms; zero if nobody knows.
    pub proved_ms: i64,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSession {
    /// Its id, which opens nothing.
    pub id: String,
    /// What was shown at sign-in.
    pub methods: String,
    /// Since when, ms.
    pub made_ms: i64,
    /// When the person last did something in it, ms. Behind by up to a minute.
    pub active_ms: i64,
    /// Until when at most, ms.
    pub expires_ms: i64,
    /// Where from.
    pub address: String,
    /// What the browser said it is.
    pub browser: String,
}

/// What somebody was let in by: the digest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A token of their own.
    Token(TokenHash),
    /// A client certificate.
    Certificate(TokenHash),
    /// The cookie of a browser.
    Session(TokenHash),
}

/// When people last did something, by session: kept beside the sessions, which are loaded anew at
/// every change.
#[derive(Default)]
pub(crate) struct Activity(Mutex<HashMap<TokenHash, Active>>);

#[derive(Clone, Copy)]
struct Active {
    at_ms: i64,
    written_ms: i64,
}

impl Activity {
    /// When it was last, after `at_ms` was noted if there is one.
    fn note(&self, session: TokenHash, known_ms: i64, at_ms: Option<i64>) -> i64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at_ms) = at_ms else {
            let noted = all.get(&session).map(|active| active.at_ms);
            return noted.unwrap_or(known_ms).max(known_ms);
        };
        let active = all.entry(session).or_insert(Active {
            at_ms: known_ms,
            written_ms: known_ms,
        });
        active.at_ms = active.at_ms.max(at_ms);
        active.at_ms
    }

    fn due(&self) -> Vec<(TokenHash, i64)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = all
            .iter()
            .filter(|(_, active)| active.at_ms.saturating_sub(active.written_ms) >= WRITE_EVERY_MS);
        due.map(|(session, active)| (*session, active.at_ms))
            .collect()
    }

    fn written(&self, session: &TokenHash, at_ms: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(active) = all.get_mut(session) {
            active.written_ms = at_ms;
        }
    }

    /// Forgets sessions that there are not.
    fn keep(&self, map: &TokenMap<Session>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|session, _| map.contains_key(session));
    }
}

impl State {
    /// Opens a session for a person who proved who they are. Wrong guesses before are forgotten. The
    /// token is in the answer and nowhere else.
    ///
    /// # Errors
    /// When there is no such person who may sign in, or the database cannot be written.
    pub async fn open_session(
        &self,
        person: &str,
        new: NewSession,
        now_ms: i64,
    ) -> Result<(Token, Session)> {
        let token = Token::mint(TokenKind::Session)?;
        let mut tx = self.begin().await?;
        let session = open(&mut tx, self, person, &new, &token, now_ms).await?;
        tx.commit().await?;
        // Tokens are programs': a sign-in is no reason to read all of them again.
        self.session_index().invalidate();
        Ok((token, session))
    }

    /// The session of a presented cookie; `None` for an unknown one, one that is over or idle for too
    /// long, and one whose person was switched off. `active_ms` is when the person did something, if
    /// that is what the request says: a page that asks by itself is no activity.
    ///
    /// # Errors
    /// When the sessions are not in memory and the database cannot be read; the caller then lets
    /// nobody in.
    pub async fn session_by_token(
        &self,
        presented: &str,
        now_ms: i64,
        active_ms: Option<i64>,
    ) -> Result<Option<Arc<Session>>> {
        self.session(TokenHash::of(presented), now_ms, active_ms)
            .await
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
            Credential::Certificate(hash) => match self.by_certificate(hash, &[], now_ms).await? {
                Shown::Service(service) => Some(service),
                _ => None,
            },
            Credential::Session(hash) => self
                .session(hash, now_ms, None)
                .await?
                .map(|session| Arc::clone(&session.principal)),
        })
    }

    async fn session(
        &self,
        hash: TokenHash,
        now_ms: i64,
        active_ms: Option<i64>,
    ) -> Result<Option<Arc<Session>>> {
        let map = self.sessions().await?;
        let Some(session) = still(&*map, &hash, now_ms) else {
            return Ok(None);
        };
        let idle = millis(self.limits().sign_in.idle);
        let before = self.activity().note(hash, session.active_ms, None);
        if now_ms.saturating_sub(before) >= idle {
            return Ok(None);
        }
        if let Some(at_ms) = active_ms {
            self.activity()
                .note(hash, session.active_ms, Some(at_ms.min(now_ms)));
        }
        Ok(Some(session))
    }

    async fn sessions(&self) -> Result<Arc<TokenMap<Session>>> {
        let (loaded, generation) = self.session_index().get();
        if let Some(map) = loaded {
            return Ok(map);
        }
        let map = Arc::new(self.load_sessions().await?);
        self.activity().keep(&map);
        self.session_index().store(Arc::clone(&map), generation);
        Ok(map)
    }

    /// How long a person may do nothing before a session of theirs is over, ms.
    #[must_use]
    pub fn session_idle_ms(&self) -> i64 {
        millis(self.limits().sign_in.idle)
    }

    /// The sessions of a person that are not over, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sessions_of(&self, person: &str, now_ms: i64) -> Result<Vec<ShownSession>> {
        let idle = millis(self.limits().sign_in.idle);
        let rows = query(
            "SELECT * FROM sessions WHERE principal_id = $1 AND expires_ms > $2
             ORDER BY made_ms DESC, id",
        )
        .bind(person)
        .bind(now_ms)
        .fetch_all(self.reader())
        .await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(hash) = hash(row, "token_hash")? else {
                continue;
            };
            let active_ms = self.activity().note(hash, row.try_get("active_ms")?, None);
            if now_ms.saturating_sub(active_ms) >= idle {
                continue;
            }
            shown.push(ShownSession {
                id: row.try_get("id")?,
                methods: row.try_get("methods")?,
                made_ms: row.try_get("made_ms")?,
                active_ms,
                expires_ms: row.try_get("expires_ms")?,
                address: row.try_get("address")?,
                browser: row.try_get("browser")?,
            });
        }
        Ok(shown)
    }

    /// Ends a session. One that is not there has ended already.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_session(&self, presented: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        end(&mut tx, &TokenHash::of(presented)).await?;
        tx.commit().await?;
        self.session_index().invalidate();
        Ok(())
    }

    /// Ends a session of a person by its id.
    ///
    /// # Errors
    /// When they have none of this id.
    pub async fn end_session_of(&self, person: &str, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = query("DELETE FROM sessions WHERE principal_id = $1 AND id = $2")
            .bind(person)
            .bind(id)
            .execute(&mut tx)
            .await?;
        if done == 0 {
            return Err(Error::not_found("session", id));
        }
        tx.commit().await?;
        self.session_index().invalidate();
        Ok(())
    }

    /// Ends all sessions of a person but one, and answers how many those were.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_sessions_of(&self, person: &str, but: Option<&str>) -> Result<u64> {
        let mut tx = self.begin().await?;
        let done = end_all(&mut tx, person, but).await?;
        tx.commit().await?;
        self.session_index().invalidate();
        Ok(done)
    }

    /// Writes when people last did something, of each at most once a minute; called every few
    /// seconds. What was not written at the end of the process is lost.
    ///
    /// # Errors
    /// When the database cannot be written; the next call writes it.
    pub async fn touch_sessions(&self) -> Result<()> {
        let due = self.activity().due();
        if due.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (session, at_ms) in &due {
            query("UPDATE sessions SET active_ms = $1 WHERE token_hash = $2 AND active_ms < $1")
                .bind(*at_ms)
                .bind(session.to_hex())
                .execute(&mut tx)
                .await?;
            query(
                "UPDATE principals SET last_used_ms = $1 WHERE id =
                 (SELECT principal_id FROM sessions WHERE token_hash = $2) AND last_used_ms < $1",
            )
            .bind(*at_ms)
            .bind(session.to_hex())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        for (session, at_ms) in due {
            self.activity().written(&session, at_ms);
        }
        Ok(())
    }

    async fn load_sessions(&self) -> Result<TokenMap<Session>> {
        let roles = self.load_roles().await?;
        let rows = query(
            "SELECT s.token_hash AS session_hash, s.id AS session_id, s.methods, s.made_ms, s.proved_ms,
                    s.active_ms, s.expires_ms AS session_expires_ms, p.*
             FROM sessions s JOIN principals p ON p.id = s.principal_id WHERE p.disabled_ms IS NULL",
        )
        .fetch_all(self.reader())
        .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            if let Some(hash) = hash(row, "session_hash")? {
                let methods: String = row.try_get("methods")?;
                let mut principal = principals::read_with(row, &roles)?;
                principal.mfa = is_mfa(&methods);
                let session = Session {
                    id: row.try_get("session_id")?,
                    methods,
                    made_ms: row.try_get("made_ms")?,
                    proved_ms: row.try_get("proved_ms")?,
                    active_ms: row.try_get("active_ms")?,
                    expires_ms: row.try_get("session_expires_ms")?,
                    principal: Arc::new(principal),
                };
                let until_ms = Some(session.expires_ms);
                map.insert(hash, TokenOwner::new(Arc::new(session), until_ms));
            }
        }
        Ok(map)
    }
}

/// Opens a session within a transaction.
pub(crate) async fn open(
    tx: &mut Tx,
    state: &State,
    person: &str,
    new: &NewSession,
    token: &Token,
    now_ms: i64,
) -> Result<Session> {
    if let Some(before) = &new.instead_of {
        end(tx, before).await?;
    }
    if let Some(vouch) = &new.vouch {
        links::used(tx, person, &vouch.link, now_ms).await?;
    }
    // Whoever was away for long enough to be switched off comes no nearer by signing in.
    let seen = query(
        "UPDATE principals SET last_used_ms = $1 WHERE id = $2 AND disabled_ms IS NULL
         AND id IN (SELECT id FROM people WHERE enrolled_ms IS NOT NULL)",
    )
    .bind(now_ms)
    .bind(person)
    .execute(&mut *tx)
    .await?;
    if seen == 0 {
        return Err(Error::not_found("person who may sign in", person));
    }
    query("UPDATE people SET wrong = 0, locked_until_ms = NULL WHERE id = $1")
        .bind(person)
        .execute(&mut *tx)
        .await?;
    query(
        "DELETE FROM sessions WHERE principal_id = $1 AND token_hash NOT IN
         (SELECT token_hash FROM sessions WHERE principal_id = $1 AND expires_ms > $2
          ORDER BY made_ms DESC, token_hash LIMIT $3)",
    )
    .bind(person)
    .bind(now_ms)
    .bind(MOST - 1)
    .execute(&mut *tx)
    .await?;
    let id = new_id(now_ms)?;
    let expires_ms = now_ms.saturating_add(millis(state.limits().sign_in.session));
    let vouch = new.vouch.as_ref();
    let proved_ms = vouch.map_or(now_ms, |vouch| vouch.proved_ms.min(now_ms));
    query(
        "INSERT INTO sessions
             (token_hash, id, principal_id, methods, made_ms, active_ms, expires_ms, address, browser,
              identity_id, provider_session, proved_ms)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(token.hash().to_hex())
    .bind(id.clone())
    .bind(person)
    .bind(new.methods)
    .bind(now_ms)
    .bind(expires_ms)
    .bind(new.address.clone())
    .bind(clip(&new.browser, MOST_BROWSER))
    .bind(vouch.map(|vouch| vouch.link.as_str()))
    .bind(vouch.and_then(|vouch| vouch.session.as_deref()))
    .bind(proved_ms)
    .execute(&mut *tx)
    .await?;
    let mut principal = principals::one(tx, person).await?;
    principal.mfa = is_mfa(new.methods);
    Ok(Session {
        id,
        principal: Arc::new(principal),
        methods: new.methods.to_owned(),
        made_ms: now_ms,
        proved_ms,
        expires_ms,
        active_ms: now_ms,
    })
}

/// A passkey is shown with a PIN or a finger; everything else is one factor a word.
fn is_mfa(methods: &str) -> bool {
    methods == "passkey" || methods.contains(',')
}

async fn end(tx: &mut Tx, session: &TokenHash) -> Result<u64> {
    query("DELETE FROM sessions WHERE token_hash = $1")
        .bind(session.to_hex())
        .execute(tx)
        .await
}

pub(crate) async fn end_all(tx: &mut Tx, person: &str, but: Option<&str>) -> Result<u64> {
    query("DELETE FROM sessions WHERE principal_id = $1 AND id <> $2")
        .bind(person)
        .bind(but.unwrap_or_default())
        .execute(tx)
        .await
}
