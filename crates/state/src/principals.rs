//! Who may use the API. Today that is whoever holds an administrator's token; people
//! with sign-in, groups and roles join this table when their issue comes.

use std::sync::Arc;

use ringfence_crypto::{Token, TokenKind};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::scope::Scope;
use crate::source_lookup::hash;
use crate::sql::{Row, Tx, query};
use crate::token_index::{TokenMap, TokenOwner, owner};

/// The one that the first start makes.
const FIRST_ADMIN: &str = "admin";

/// The time of a use is written at most so often.
const WRITE_EVERY_MS: i64 = 60_000;

/// Someone or something that may use the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The id that audit records name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `token` for now; `person` and `service` when sign-in comes.
    pub kind: String,
    /// What it may do, such as `admin`.
    pub role: String,
    /// Whose data it sees.
    pub scope: Scope,
    /// When it was made.
    pub created_ms: i64,
    /// When it was switched off, if it is.
    pub disabled_ms: Option<i64>,
    /// When it was last let in. Behind by up to a minute.
    pub last_used_ms: Option<i64>,
}

/// What a user says about a principal to be made.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// Whose data it sees.
    pub scope: Scope,
}

/// How the first administrator came to be.
#[derive(Debug)]
pub enum FirstAdmin {
    /// First start: here is the token, shown once.
    Minted(Token),
    /// The operator's token is in force.
    Preset,
    /// There is an administrator already.
    Existing,
}

impl State {
    /// Makes sure that there is an administrator. With a preset token, that token is in
    /// force from now on (and one preset earlier no longer); without one, a token is
    /// made at the very first start and returned this once.
    ///
    /// # Errors
    /// When the preset token is in use by another principal.
    pub async fn ensure_first_admin(
        &self,
        preset: Option<&Token>,
        now_ms: i64,
    ) -> Result<FirstAdmin> {
        let mut tx = self.begin().await?;
        let found = query("SELECT token_hash FROM principals WHERE id = $1")
            .bind(FIRST_ADMIN)
            .fetch_optional(&mut tx)
            .await?;
        let (token, first) = match (preset, found) {
            (None, Some(_)) => return Ok(FirstAdmin::Existing),
            (Some(token), _) => (token.clone(), FirstAdmin::Preset),
            (None, None) => {
                let token = Token::mint(TokenKind::Admin)?;
                (token.clone(), FirstAdmin::Minted(token))
            }
        };
        let new = NewPrincipal {
            name: "First administrator".to_owned(),
            role: "admin".to_owned(),
            scope: Scope::All,
        };
        insert(&mut tx, FIRST_ADMIN, &new, &token, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(first)
    }

    /// Makes a principal with a token, which is in the answer and nowhere else.
    ///
    /// # Errors
    /// When a field is invalid.
    pub async fn create_principal(
        &self,
        new: NewPrincipal,
        now_ms: i64,
    ) -> Result<(Principal, Token)> {
        names::name("name", &new.name)?;
        names::word("role", &new.role)?;
        let (id, token) = (new_id(now_ms)?, Token::mint(TokenKind::Admin)?);
        let mut tx = self.begin().await?;
        insert(&mut tx, &id, &new, &token, now_ms).await?;
        let row = query("SELECT * FROM principals WHERE id = $1")
            .bind(id)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        self.principals_changed();
        Ok((read(&row)?, token))
    }

    /// All principals, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_principals(&self) -> Result<Vec<Principal>> {
        let rows = query("SELECT * FROM principals ORDER BY created_ms, id")
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Switches a principal off for good.
    ///
    /// # Errors
    /// When there is none, or it is the last administrator of all programs.
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
        let left = query(
            "SELECT COUNT(*) AS n FROM principals
             WHERE disabled_ms IS NULL AND role = 'admin' AND programs = '*'",
        )
        .fetch_one(&mut tx)
        .await?;
        if left.try_get::<i64>("n")? == 0 {
            let reason = "this is the last administrator: make another one first";
            return Err(Error::Conflict(reason.to_owned()));
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
        let (loaded, generation) = self.principal_index().get();
        let map = match loaded {
            Some(map) => map,
            None => {
                let map = Arc::new(self.load_principal_tokens().await?);
                self.principal_index().store(Arc::clone(&map), generation);
                map
            }
        };
        Ok(owner(&map, presented, now_ms))
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
    fn principals_changed(&self) {
        self.principal_index().invalidate();
        self.session_index().invalidate();
    }

    async fn load_principal_tokens(&self) -> Result<TokenMap<Principal>> {
        let rows = query("SELECT * FROM principals WHERE disabled_ms IS NULL")
            .fetch_all(self.reader())
            .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            if let Some(hash) = hash(row, "token_hash")? {
                let owner = TokenOwner::new(Arc::new(read(row)?), None);
                if let Some(known) = owner.value.last_used_ms {
                    owner.written(known);
                }
                map.insert(hash, owner);
            }
        }
        Ok(map)
    }
}

/// An operator who presets a token for a disabled first administrator wants it back.
async fn insert(
    tx: &mut Tx,
    id: &str,
    new: &NewPrincipal,
    token: &Token,
    now_ms: i64,
) -> Result<()> {
    query(
        "INSERT INTO principals (id, name, kind, role, programs, token_hash, created_ms)
         VALUES ($1, $2, 'token', $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, disabled_ms = NULL",
    )
    .bind(id.to_owned())
    .bind(new.name.clone())
    .bind(new.role.clone())
    .bind(new.scope.to_text())
    .bind(token.hash().to_hex())
    .bind(now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Result<Principal> {
    Ok(Principal {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        role: row.try_get("role")?,
        scope: Scope::from_text(&row.try_get::<String>("programs")?),
        created_ms: row.try_get("created_ms")?,
        disabled_ms: row.try_get("disabled_ms")?,
        last_used_ms: row.try_get("last_used_ms")?,
    })
}
