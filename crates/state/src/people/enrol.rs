//! Enrolment: a code that is good once, and what its owner sets up with it.

use std::time::Duration;

use ringfence_crypto::{PasswordHash, Token, TokenHash, TokenKind, from_base64url};
use ringfence_identity::Login;
use ringfence_identity::webauthn::Passkey;
use ringfence_policy::Role;

use crate::assignments::{self, NewRole};
use crate::error::{Error, Result};
use crate::limits::millis;
use crate::names;
use crate::open::State;
use crate::people::account::{self, Account, NewPerson};
use crate::people::{factors, password};
use crate::principals::FIRST;
use crate::sessions::end_all;
use crate::sql::{Tx, query};

/// The name that the first administrator has until they choose their own.
const NOBODY_YET: &str = "first-administrator";
/// The name of an administrator who was made on the machine, until they choose their own.
pub(super) const RECOVERED: &str = "recovered-administrator";

/// A code for somebody to set up how they sign in.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The code, which is nowhere else.
    pub code: Token,
    /// From when it is good, ms.
    pub not_before_ms: i64,
    /// Until when it is good, ms.
    pub expires_ms: i64,
}

/// Somebody who showed an enrolment code.
#[derive(Debug, Clone)]
pub struct Enrolling {
    /// Who.
    pub account: Account,
    /// Their WebAuthn user handle.
    pub handle: Vec<u8>,
    /// They are the first administrator, or one who was made on the machine, and choose their own name.
    pub is_first: bool,
}

/// A name that the first administrator chooses.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The name they sign in with.
    pub login: Login,
    /// What people call them.
    pub name: String,
}

/// What somebody sets up. It takes the place of all they had before.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Who they say they are; only the first administrator is asked.
    pub identity: Option<Identity>,
    /// A passkey with a name for it.
    pub passkey: Option<(Passkey, String)>,
    /// A password.
    pub password: Option<PasswordHash>,
    /// The sealed secret of one-time codes, the step of the code that proved it, and a name.
    pub one_time_codes: Option<(Vec<u8>, u64, String)>,
    /// Digests of recovery codes.
    pub recovery: Vec<[u8; 32]>,
}

impl State {
    /// A new enrolment code for somebody who has not enrolled yet; an earlier one is good no longer.
    ///
    /// # Errors
    /// When there is no such person, or they can sign in: then a reset is what they need.
    pub async fn invite_person(&self, id: &str, by: &str, now_ms: i64) -> Result<Invitation> {
        let mut tx = self.begin().await?;
        let account = account::one(&mut tx, id, now_ms).await?;
        if account.enrolled_ms.is_some() {
            let reason = "they have enrolled already: what they need is a reset";
            return Err(Error::Conflict(reason.to_owned()));
        }
        if account.principal.disabled_ms.is_some() {
            let reason = "they are switched off: switch them on first";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let lasts = self.limits().sign_in.invitation;
        let invitation = invite(&mut tx, id, by, now_ms, now_ms, lasts).await?;
        tx.commit().await?;
        Ok(invitation)
    }

    /// An enrolment code for the first administrator, as long as nobody who can sign in administers
    /// everything: that is the bootstrap. It ends when somebody does.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn bootstrap(&self, now_ms: i64) -> Result<Option<Invitation>> {
        let mut tx = self.begin().await?;
        if account::administered(&mut tx, now_ms).await? > account::Administered::ByNobody {
            return Ok(None);
        }
        let known = query("SELECT id FROM people WHERE login = $1 AND enrolled_ms IS NULL")
            .bind(NOBODY_YET)
            .fetch_optional(&mut tx)
            .await?;
        let id = match known {
            Some(row) => row.try_get("id")?,
            None => first(&mut tx, now_ms).await?,
        };
        let lasts = self.limits().sign_in.invitation;
        let invitation = invite(&mut tx, &id, FIRST, now_ms, now_ms, lasts).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(Some(invitation))
    }

    /// Whose an enrolment code is, if it is good.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn enrolling(&self, code: &TokenHash, now_ms: i64) -> Result<Option<Enrolling>> {
        let row = query(CODE)
            .bind(code.to_hex())
            .bind(now_ms)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: String = row.try_get("person_id")?;
        let account = self.account(&id, now_ms).await?;
        let is_first = is_first(&account);
        let handle: String = row.try_get("handle")?;
        Ok(Some(Enrolling {
            account,
            handle: from_base64url(&handle).map_err(|_| Error::Corrupt("handle"))?,
            is_first,
        }))
    }

    /// Sets up how somebody signs in, by their code, which is used up by that. Whatever they had
    /// before is gone: factors, recovery codes and sessions.
    ///
    /// # Errors
    /// When the code is not good (any more), or a chosen name is taken.
    pub async fn enrol(&self, code: &TokenHash, setup: &Setup, now_ms: i64) -> Result<Account> {
        if setup.passkey.is_none() && setup.one_time_codes.is_none() {
            let reason = "a passkey, or a password with one-time codes";
            return Err(Error::invalid("factor", reason));
        }
        let mut tx = self.begin().await?;
        let row = query(CODE)
            .bind(code.to_hex())
            .bind(now_ms)
            .fetch_optional(&mut tx)
            .await?
            .ok_or_else(|| Error::not_found("enrolment code", "of this kind"))?;
        let id: String = row.try_get("person_id")?;
        let before = account::one(&mut tx, &id, now_ms).await?;
        if let Some(identity) = setup.identity.as_ref().filter(|_| is_first(&before)) {
            become_somebody(&mut tx, &id, identity).await?;
        }
        forget(&mut tx, &id).await?;
        if let Some((passkey, name)) = &setup.passkey {
            factors::add_passkey(&mut tx, &id, passkey, name, now_ms).await?;
        }
        if let Some((sealed, step, name)) = &setup.one_time_codes {
            factors::add_one_time_codes(&mut tx, &id, sealed, *step, name, now_ms).await?;
        }
        factors::set_recovery(&mut tx, &id, &setup.recovery).await?;
        if let Some(hash) = &setup.password {
            password::set(&mut tx, &id, hash, now_ms).await?;
        }
        query(
            "UPDATE people SET enrolled_ms = COALESCE(enrolled_ms, $1), wrong = 0,
             locked_until_ms = NULL WHERE id = $2",
        )
        .bind(now_ms)
        .bind(id.clone())
        .execute(&mut tx)
        .await?;
        query(
            "UPDATE resets SET ended_ms = $1, outcome = 'done', ended_by = person_id
             WHERE person_id = $2 AND ended_ms IS NULL",
        )
        .bind(now_ms)
        .bind(id.clone())
        .execute(&mut tx)
        .await?;
        let after = account::one(&mut tx, &id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(after)
    }
}

/// A code that is good: `$1` its digest, `$2` now.
const CODE: &str = "SELECT e.person_id, h.handle FROM enrolments e
     JOIN people h ON h.id = e.person_id JOIN principals p ON p.id = e.person_id
     WHERE e.token_hash = $1 AND e.expires_ms > $2 AND e.not_before_ms <= $2
     AND p.disabled_ms IS NULL";

fn is_first(account: &Account) -> bool {
    [NOBODY_YET, RECOVERED].contains(&account.login.as_str()) && account.enrolled_ms.is_none()
}

/// Gives somebody a code instead of any they had.
pub(super) async fn invite(
    tx: &mut Tx,
    person: &str,
    by: &str,
    now_ms: i64,
    not_before_ms: i64,
    lasts: Duration,
) -> Result<Invitation> {
    let code = Token::mint(TokenKind::Enrolment)?;
    let expires_ms = not_before_ms.saturating_add(millis(lasts));
    query("DELETE FROM enrolments WHERE person_id = $1")
        .bind(person)
        .execute(&mut *tx)
        .await?;
    query(
        "INSERT INTO enrolments (token_hash, person_id, made_ms, made_by, not_before_ms, expires_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(code.hash().to_hex())
    .bind(person)
    .bind(now_ms)
    .bind(by)
    .bind(not_before_ms)
    .bind(expires_ms)
    .execute(tx)
    .await?;
    Ok(Invitation {
        code,
        not_before_ms,
        expires_ms,
    })
}

/// An account of somebody who chooses their name when they enrol.
pub(super) async fn nameless(tx: &mut Tx, login: &str, name: &str, now_ms: i64) -> Result<String> {
    let new = NewPerson {
        login: Login::parse(login).map_err(|_| Error::Corrupt("name"))?,
        name: name.to_owned(),
        agent: None,
        roles: Vec::new(),
    };
    account::insert(tx, &new, now_ms).await
}

/// The account that waits for the first administrator. It may also search: whoever is alone needs to.
async fn first(tx: &mut Tx, now_ms: i64) -> Result<String> {
    let id = nameless(tx, NOBODY_YET, "First administrator", now_ms).await?;
    for role in [Role::Administrator, Role::Analyst] {
        let role = NewRole {
            role,
            program: "*".to_owned(),
            why: "first administrator".to_owned(),
            expires_ms: None,
        };
        assignments::give(tx, &id, &role, FIRST, now_ms).await?;
    }
    Ok(id)
}

async fn become_somebody(tx: &mut Tx, id: &str, identity: &Identity) -> Result<()> {
    names::name("name", &identity.name)?;
    if [NOBODY_YET, RECOVERED].contains(&identity.login.as_str()) {
        return Err(Error::invalid("login", "choose another name"));
    }
    query("UPDATE principals SET name = $1 WHERE id = $2")
        .bind(identity.name.clone())
        .bind(id)
        .execute(&mut *tx)
        .await?;
    query("UPDATE people SET login = $1 WHERE id = $2")
        .bind(identity.login.as_str())
        .bind(id)
        .execute(tx)
        .await
        .map_err(|e| account::taken(e, "login", "somebody else signs in with this name"))?;
    Ok(())
}

/// Nothing that somebody signed in with before is good any longer.
async fn forget(tx: &mut Tx, id: &str) -> Result<()> {
    for statement in [
        "DELETE FROM factors WHERE person_id = $1",
        "DELETE FROM identities WHERE person_id = $1",
        "DELETE FROM recovery_codes WHERE person_id = $1",
        "DELETE FROM enrolments WHERE person_id = $1",
    ] {
        query(statement).bind(id).execute(&mut *tx).await?;
    }
    password::forget(tx, id).await?;
    end_all(tx, id, None).await?;
    Ok(())
}
