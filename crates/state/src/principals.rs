//! Who may use the API: programs that hold a token, and the roles that each has where.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::{Token, TokenKind};
use ringfence_policy::{Kind, Role, Subject};
use serde::Serialize;

use crate::assignments::{self, Held, NewRole};
use crate::certificates::CertificateUse;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::rotation;
use crate::sql::{Row, Tx, query};
use crate::token_index::{TokenMap, owner};

/// The token of automation.
const FIRST_ADMIN: &str = "admin";

/// Who gives what is there from the start.
pub(crate) const FIRST: &str = "ringfence";

/// The time of a use is written at most so often.
const WRITE_EVERY_MS: i64 = 60_000;

/// Someone or something that may use the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The id that audit records name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How the telephony calls a person.
    pub agent: Option<String>,
    /// What it may do where. Some may be over: see [`Principal::subject`].
    pub roles: Vec<Held>,
    /// When it was made.
    pub created_ms: i64,
    /// When its token ends by itself.
    pub expires_ms: Option<i64>,
    /// When it was switched off, if it is.
    pub disabled_ms: Option<i64>,
    /// Whether a service is let in by its token alone.
    pub certificate: CertificateUse,
    /// When it was last let in. Behind by up to a minute.
    pub last_used_ms: Option<i64>,
    /// They are let in by a session that began with more than one factor.
    #[serde(skip)]
    pub mfa: bool,
}

impl Principal {
    /// Whether it is the token of automation, for scripts on the machine itself.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        self.id == FIRST_ADMIN
    }

    /// As policies see it at a moment: with the roles that it holds then.
    #[must_use]
    pub fn subject(&self, now_ms: i64) -> Subject {
        let held = self.roles.iter().filter(|held| held.is_held_at(now_ms));
        Subject {
            kind: self.kind,
            id: self.id.clone(),
            agent: self.agent.clone(),
            roles: held.map(Held::assignment).collect(),
        }
    }
}

/// What a user says about a service to be made.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What people call it.
    pub name: String,
    /// What it may do where.
    pub roles: Vec<NewRole>,
    /// When its token ends by itself.
    pub expires_ms: Option<i64>,
}

impl State {
    /// Puts the operator's token of automation in force, instead of one preset earlier. Answers whether
    /// its role was given, at first or again.
    ///
    /// # Errors
    /// When the token is in use by another principal.
    pub async fn preset_automation(&self, token: &Token, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        insert(&mut tx, FIRST_ADMIN, "Automation", None, token, now_ms).await?;
        let role = NewRole {
            role: Role::Automation,
            program: "*".to_owned(),
            why: "token of the operator".to_owned(),
            expires_ms: None,
        };
        // Held already, it is not given anew: a review would never come to an end with it.
        let held = assignments::held(&mut tx, FIRST_ADMIN, role.role, &role.program).await?;
        if held.is_none() {
            assignments::give(&mut tx, FIRST_ADMIN, &role, FIRST, now_ms).await?;
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(held.is_none())
    }

    /// Makes a service with a token, which is in the answer and nowhere else.
    ///
    /// # Errors
    /// When a field is invalid, a name is taken, or a role is for people only.
    pub async fn create_service(
        &self,
        new: NewService,
        by: &str,
        now_ms: i64,
    ) -> Result<(Principal, Token)> {
        names::name("name", &new.name)?;
        if new.expires_ms.is_some_and(|at| at <= now_ms) {
            return Err(Error::invalid("expires_ms", "must be in the future"));
        }
        let (id, token) = (new_id(now_ms)?, Token::mint(TokenKind::Service)?);
        let mut tx = self.begin().await?;
        let taken = query("SELECT id FROM principals WHERE name = $1 AND disabled_ms IS NULL")
            .bind(new.name.clone())
            .fetch_optional(&mut tx)
            .await?;
        if taken.is_some() {
            let reason = "there is a principal of this name already: choose another";
            return Err(Error::Conflict(reason.to_owned()));
        }
        insert(&mut tx, &id, &new.name, new.expires_ms, &token, now_ms).await?;
        for role in &new.roles {
            assignments::give(&mut tx, &id, role, by, now_ms).await?;
        }
        let made = one(&mut tx, &id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok((made, token))
    }

    /// Gives a service a new token. The old one stays good for `overlap`, but not longer than it was
    /// to be. With `expires_ms` the service, and the roles that were to end with it, end then.
    ///
    /// # Errors
    /// When there is no such service, it ended or it was switched off.
    pub async fn rotate_service(
        &self,
        id: &str,
        expires_ms: Option<i64>,
        overlap: Duration,
        now_ms: i64,
    ) -> Result<(Principal, Token)> {
        let token = Token::mint(TokenKind::Service)?;
        let mut tx = self.begin().await?;
        let old = service(&mut tx, id).await?;
        // What ended was in no review since.
        if old.expires_ms.is_some_and(|end| end <= now_ms) {
            return Err(Error::Conflict("it ended: make a new one".to_owned()));
        }
        // An old token does not get the new one's time.
        let left = old.expires_ms.map(|at| at.saturating_sub(now_ms).max(0));
        let left = left.map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let overlap = left.map_or(overlap, |left| left.min(overlap));
        rotation::rotate(&mut tx, "principals", id, &token, overlap, now_ms).await?;
        if let Some(expires_ms) = expires_ms {
            query(
                "UPDATE assignments SET expires_ms = $1
                 WHERE principal_id = $2 AND expires_ms = $3",
            )
            .bind(expires_ms)
            .bind(id.to_owned())
            .bind(old.expires_ms)
            .execute(&mut tx)
            .await?;
            query("UPDATE principals SET expires_ms = $1, warned_ms = NULL WHERE id = $2")
                .bind(expires_ms)
                .bind(id.to_owned())
                .execute(&mut tx)
                .await?;
        }
        let service = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok((service, token))
    }

    /// Says whether a service is let in by its token alone.
    ///
    /// # Errors
    /// When there is no such service, or it was switched off.
    pub async fn change_service(&self, id: &str, certificate: CertificateUse) -> Result<Principal> {
        let mut tx = self.begin().await?;
        service(&mut tx, id).await?;
        query("UPDATE principals SET certificate = $1 WHERE id = $2")
            .bind(certificate.text())
            .bind(id.to_owned())
            .execute(&mut tx)
            .await?;
        let service = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(service)
    }

    /// All principals, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_principals(&self) -> Result<Vec<Principal>> {
        let roles = self.load_roles().await?;
        let rows = query("SELECT * FROM principals ORDER BY created_ms, id")
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(|row| read_with(row, &roles)).collect()
    }

    /// A person or a service.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn principal(&self, id: &str) -> Result<Principal> {
        let row = query("SELECT * FROM principals WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?
            .ok_or_else(|| Error::not_found("person or service", id))?;
        read(&row, assignments::of(self.reader(), id).await?)
    }

    /// Switches a principal off for good.
    ///
    /// # Errors
    /// When there is none.
    pub async fn disable_principal(&self, id: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let done =
            query("UPDATE principals SET disabled_ms = COALESCE(disabled_ms, $1) WHERE id = $2")
                .bind(now_ms)
                .bind(id.to_owned())
                .execute(&mut tx)
                .await?;
        if done == 0 {
            return Err(Error::not_found("principal", id));
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }

    /// The principal that a presented token belongs to; `None` for an unknown token
    /// and for one that was switched off.
    ///
    /// # Errors
    /// When the tokens are not in memory and the database cannot be read; the caller
    /// then lets nobody in.
    pub async fn principal_by_token(
        &self,
        presented: &str,
        now_ms: i64,
    ) -> Result<Option<Arc<Principal>>> {
        let map = self.principals().await?;
        Ok(owner(&map, presented, now_ms))
    }

    pub(crate) async fn principals(&self) -> Result<Arc<TokenMap<Principal>>> {
        let (loaded, generation) = self.principal_index().get();
        if let Some(map) = loaded {
            return Ok(map);
        }
        let map = Arc::new(self.load_principal_tokens().await?);
        self.principal_index().store(Arc::clone(&map), generation);
        Ok(map)
    }

    /// Notes when principals were last let in; called every few seconds, and writes the time
    /// of one at most once a minute. What was not written at the end of the process is lost.
    ///
    /// # Errors
    /// When the database cannot be written; the next call writes it.
    pub async fn touch_principals(&self) -> Result<()> {
        let (Some(map), _) = self.principal_index().get() else {
            return Ok(());
        };
        let mut due = Vec::new();
        for owner in map.values() {
            if let Some(used_ms) = owner.used_ms()
                && owner.written_ms() <= used_ms.saturating_sub(WRITE_EVERY_MS)
            {
                due.push((owner, used_ms));
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (owner, used_ms) in &due {
            query(
                "UPDATE principals SET last_used_ms = $1
                 WHERE id = $2 AND (last_used_ms IS NULL OR last_used_ms < $1)",
            )
            .bind(*used_ms)
            .bind(owner.value.id.clone())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        for (owner, used_ms) in due {
            owner.written(used_ms);
        }
        Ok(())
    }

    /// Nobody is let in, nor stays in, by what was so before.
    pub(crate) fn principals_changed(&self) {
        self.principal_index().invalidate();
        self.session_index().invalidate();
        self.certificate_index().invalidate();
    }

    /// The roles of all principals.
    pub(crate) async fn load_roles(&self) -> Result<HashMap<String, Vec<Held>>> {
        assignments::of_all(self.reader()).await
    }

    async fn load_principal_tokens(&self) -> Result<TokenMap<Principal>> {
        let roles = self.load_roles().await?;
        let rows = query("SELECT * FROM principals WHERE disabled_ms IS NULL")
            .fetch_all(self.reader())
            .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            let principal = Arc::new(read_with(row, &roles)?);
            let (until_ms, used_ms) = (principal.expires_ms, principal.last_used_ms);
            rotation::tokens(&mut map, row, principal, until_ms, used_ms)?;
        }
        Ok(map)
    }
}

/// An operator who presets a token for a disabled first administrator wants it back.
async fn insert(
    tx: &mut Tx,
    id: &str,
    name: &str,
    expires_ms: Option<i64>,
    token: &Token,
    now_ms: i64,
) -> Result<()> {
    query(
        "INSERT INTO principals (id, name, kind, token_hash, created_ms, expires_ms)
         VALUES ($1, $2, 'service', $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash,
             old_token_hash = NULL, disabled_ms = NULL",
    )
    .bind(id.to_owned())
    .bind(name.to_owned())
    .bind(token.hash().to_hex())
    .bind(now_ms)
    .bind(expires_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// A principal with its roles, out of those of some or all.
pub(crate) fn read_with(row: &Row, roles: &HashMap<String, Vec<Held>>) -> Result<Principal> {
    let id: String = row.try_get("id")?;
    read(row, roles.get(&id).cloned().unwrap_or_default())
}

/// A service that is not switched off, as a transaction sees it.
async fn service(tx: &mut Tx, id: &str) -> Result<Principal> {
    let found = one(tx, id).await?;
    if found.kind != Kind::Service || found.is_of_this_machine() {
        return Err(Error::not_found("service", id));
    }
    match found.disabled_ms {
        Some(_) => Err(Error::Conflict("it is switched off".to_owned())),
        None => Ok(found),
    }
}

/// A principal as a transaction sees it.
pub(crate) async fn one(tx: &mut Tx, id: &str) -> Result<Principal> {
    let row = query("SELECT * FROM principals WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::not_found("principal", id))?;
    read(&row, assignments::of(tx, id).await?)
}

/// A principal with its roles.
pub(crate) fn read(row: &Row, roles: Vec<Held>) -> Result<Principal> {
    Ok(Principal {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        kind: match row.try_get::<String>("kind")?.as_str() {
            "person" => Kind::Person,
            "service" => Kind::Service,
            _ => return Err(Error::Corrupt("kind of a principal")),
        },
        agent: row.try_get("agent")?,
        roles,
        created_ms: row.try_get("created_ms")?,
        expires_ms: row.try_get("expires_ms")?,
        disabled_ms: row.try_get("disabled_ms")?,
        certificate: CertificateUse::read(row)?,
        last_used_ms: row.try_get("last_used_ms")?,
        mfa: false,
    })
}
