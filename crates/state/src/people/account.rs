//! Accounts.

use std::collections::HashMap;

use ringfence_crypto::{random_array, to_base64url};
use ringfence_identity::Login;
use serde::Serialize;

use crate::assignments::{self, NewRole};
use crate::emergencies;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::people::enrol::{self, Invitation};
use crate::principals::{self, Principal};
use crate::sessions::end_all;
use crate::sql::{Row, Tx, count, query};

/// A person with what others may know of how they sign in.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Who they are here.
    #[serde(flatten)]
    pub principal: Principal,
    /// The name they sign in with.
    pub login: String,
    /// When they finished their first enrolment; nothing before.
    pub enrolled_ms: Option<i64>,
    /// When their password was set, if they have one.
    pub password_ms: Option<i64>,
    /// Until when their password is locked after wrong ones.
    pub locked_until_ms: Option<i64>,
    /// How many passkeys they have.
    pub passkeys: u64,
    /// How many devices with one-time codes they have.
    pub one_time_codes: u64,
    /// How many recovery codes are left.
    pub recovery_left: u64,
    /// Until when an enrolment code is open, if one is.
    pub invited_until_ms: Option<i64>,
    /// Since when a directory looks after them, if one does.
    pub directory_ms: Option<i64>,
    /// When the directory took them out; their sign-in name means nothing then.
    pub removed_ms: Option<i64>,
}

/// What a user says about a person to be invited.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The name they sign in with.
    pub login: Login,
    /// What people call them.
    pub name: String,
    /// How the telephony calls them, if they are an agent.
    pub agent: Option<String>,
    /// What they may do where.
    pub roles: Vec<NewRole>,
}

/// What is to change about a person; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ChangePerson {
    /// What people call them.
    pub name: Option<String>,
    /// The name they sign in with.
    pub login: Option<Login>,
    /// How the telephony calls them; an inner nothing takes it away.
    pub agent: Option<Option<String>>,
}

impl State {
    /// Makes an account and an enrolment code for it, which is in the answer and nowhere else.
    ///
    /// # Errors
    /// When a field is invalid, a name is taken, or a role is not for people.
    pub async fn create_person(
        &self,
        new: NewPerson,
        by: &str,
        now_ms: i64,
    ) -> Result<(Account, Invitation)> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, &new, now_ms).await?;
        for role in &new.roles {
            assignments::give(&mut tx, &id, role, by, now_ms).await?;
        }
        let limits = &self.limits().sign_in;
        let invitation = enrol::invite(&mut tx, &id, by, now_ms, now_ms, limits.invitation).await?;
        let account = one(&mut tx, &id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok((account, invitation))
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn accounts(&self, now_ms: i64) -> Result<Vec<Account>> {
        let roles = self.load_roles().await?;
        let rows = query(ALL).bind(now_ms).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| read(row, principals::read_with(row, &roles)?))
            .collect()
    }

    /// An account.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn account(&self, id: &str, now_ms: i64) -> Result<Account> {
        let row = query(ONE)
            .bind(now_ms)
            .bind(id)
            .fetch_optional(self.reader())
            .await?
            .ok_or_else(|| Error::not_found("person", id))?;
        let held = assignments::of(self.reader(), id).await?;
        let roles = HashMap::from([(id.to_owned(), held)]);
        read(&row, principals::read_with(&row, &roles)?)
    }

    /// Changes what is known of a person.
    ///
    /// # Errors
    /// When a field is invalid or taken, or there is no such person.
    pub async fn change_person(
        &self,
        id: &str,
        change: &ChangePerson,
        now_ms: i64,
    ) -> Result<Account> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id, now_ms).await?;
        let names = change.name.is_some() || change.login.is_some() || change.agent.is_some();
        if before.directory_ms.is_some() && names {
            let reason = "the directory says how they are called: change it there";
            return Err(Error::Conflict(reason.to_owned()));
        }
        if let Some(name) = &change.name {
            names::name("name", name)?;
            set(
                &mut tx,
                "UPDATE principals SET name = $1 WHERE id = $2",
                id,
                Some(name),
            )
            .await?;
        }
        if let Some(login) = &change.login {
            let login = login.as_str();
            if login != before.login {
                let update = "UPDATE people SET login = $1 WHERE id = $2";
                let done = set(&mut tx, update, id, Some(login)).await;
                done.map_err(|e| taken(e, "login", "somebody else signs in with this name"))?;
            }
        }
        if let Some(agent) = &change.agent {
            check_agent(agent.as_deref())?;
            let update = "UPDATE principals SET agent = $1 WHERE id = $2";
            let done = set(&mut tx, update, id, agent.as_deref()).await;
            done.map_err(|e| taken(e, "agent", "somebody else is this agent"))?;
        }
        let after = one(&mut tx, id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(after)
    }

    /// Switches a person off: their sessions and enrolment codes end with it (PCI DSS 8.2.5).
    ///
    /// # Errors
    /// When there is none, or they are the last administrator who can sign in.
    pub async fn disable_person(&self, id: &str, now_ms: i64) -> Result<Account> {
        let mut tx = self.begin().await?;
        one(&mut tx, id, now_ms).await?;
        let had = administered(&mut tx, now_ms).await?;
        switch_off(&mut tx, id, now_ms).await?;
        must_keep_administrator(&mut tx, had, now_ms).await?;
        let after = one(&mut tx, id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(after)
    }

    /// Lets a person who was switched off in again, with what they signed in with before.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn enable_person(&self, id: &str, now_ms: i64) -> Result<Account> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id, now_ms).await?;
        if before.removed_ms.is_some() {
            let reason = "the directory took them out: it makes them again, or invite them anew";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let off = query("SELECT id FROM people WHERE id = $1 AND directory_off_ms IS NOT NULL")
            .bind(id)
            .fetch_optional(&mut tx)
            .await?;
        if off.is_some() {
            let reason = "the directory switched them off: switch them on there, or take them back";
            return Err(Error::Conflict(reason.to_owned()));
        }
        query("UPDATE people SET off_ms = NULL WHERE id = $1")
            .bind(id)
            .execute(&mut tx)
            .await?;
        // Else they would be dormant at the next look.
        query("UPDATE principals SET disabled_ms = NULL, last_used_ms = $1 WHERE id = $2")
            .bind(now_ms)
            .bind(id)
            .execute(&mut tx)
            .await?;
        let after = one(&mut tx, id, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(after)
    }
}

/// Accounts with the figures of how they sign in; `$1` is now.
macro_rules! accounts {
    ($end:literal) => {
        concat!(
            "SELECT p.*, h.login, h.directory_ms, h.removed_ms, h.enrolled_ms, h.password_ms, h.locked_until_ms,
             (SELECT COUNT(*) FROM factors f WHERE f.person_id = h.id AND f.kind = 'passkey') AS passkeys,
             (SELECT COUNT(*) FROM factors f WHERE f.person_id = h.id AND f.kind = 'totp') AS codes,
             (SELECT COUNT(*) FROM recovery_codes c WHERE c.person_id = h.id AND c.used_ms IS NULL)
                 AS recovery,
             (SELECT MAX(e.expires_ms) FROM enrolments e
              WHERE e.person_id = h.id AND e.expires_ms > $1) AS invited
             FROM people h JOIN principals p ON p.id = h.id ",
            $end
        )
    };
}

const ALL: &str = accounts!("ORDER BY p.created_ms, p.id");
const ONE: &str = accounts!("WHERE p.id = $2");

/// An account as a transaction sees it.
pub(super) async fn one(tx: &mut Tx, id: &str, now_ms: i64) -> Result<Account> {
    let row = query(ONE)
        .bind(now_ms)
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::not_found("person", id))?;
    read(&row, principals::one(tx, id).await?)
}

fn read(row: &Row, principal: Principal) -> Result<Account> {
    Ok(Account {
        principal,
        login: row.try_get("login")?,
        enrolled_ms: row.try_get("enrolled_ms")?,
        password_ms: row.try_get("password_ms")?,
        locked_until_ms: row.try_get("locked_until_ms")?,
        passkeys: count(row, "passkeys")?,
        one_time_codes: count(row, "codes")?,
        recovery_left: count(row, "recovery")?,
        invited_until_ms: row.try_get("invited")?,
        directory_ms: row.try_get("directory_ms")?,
        removed_ms: row.try_get("removed_ms")?,
    })
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewPerson, now_ms: i64) -> Result<String> {
    names::name("name", &new.name)?;
    check_agent(new.agent.as_deref())?;
    let id = new_id(now_ms)?;
    query(
        "INSERT INTO principals (id, name, kind, agent, created_ms)
         VALUES ($1, $2, 'person', $3, $4)",
    )
    .bind(id.clone())
    .bind(new.name.clone())
    .bind(new.agent.clone())
    .bind(now_ms)
    .execute(&mut *tx)
    .await
    .map_err(|e| taken(e, "agent", "somebody else is this agent"))?;
    query("INSERT INTO people (id, login, handle) VALUES ($1, $2, $3)")
        .bind(id.clone())
        .bind(new.login.as_str())
        .bind(to_base64url(&random_array::<32>()?))
        .execute(&mut *tx)
        .await
        .map_err(|e| taken(e, "login", "somebody else signs in with this name"))?;
    Ok(id)
}

/// Switches a person off, whatever follows from that.
pub(crate) async fn disable(tx: &mut Tx, id: &str, now_ms: i64) -> Result<()> {
    query("UPDATE principals SET disabled_ms = COALESCE(disabled_ms, $1) WHERE id = $2")
        .bind(now_ms)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    query("DELETE FROM enrolments WHERE person_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    emergencies::ended_of(tx, id, now_ms).await?;
    end_all(tx, id, None).await?;
    Ok(())
}

/// Switches somebody off as people here do, which the directory cannot undo.
pub(crate) async fn switch_off(tx: &mut Tx, id: &str, now_ms: i64) -> Result<()> {
    query("UPDATE people SET off_ms = COALESCE(off_ms, $1) WHERE id = $2")
        .bind(now_ms)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    disable(tx, id, now_ms).await
}

/// Whether somebody administers all programs: neither in reserve, nor by a request for some hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Administered {
    /// Nobody who can sign in.
    ByNobody,
    /// Somebody whose role ends by itself.
    ForATime,
    /// Somebody whose role does not end.
    ForGood,
}

/// Who administers all programs and has something to sign in with.
pub(crate) async fn administered(tx: &mut Tx, now_ms: i64) -> Result<Administered> {
    let rows = query(
        "SELECT a.expires_ms FROM principals p JOIN people h ON h.id = p.id
         JOIN assignments a ON a.principal_id = p.id
         WHERE p.disabled_ms IS NULL AND h.enrolled_ms IS NOT NULL AND a.role = 'administrator'
         AND a.program = '*' AND (a.expires_ms IS NULL OR a.expires_ms > $1)
         AND NOT EXISTS (SELECT 1 FROM role_requests r
                         WHERE r.assignment_id = a.id AND r.state = 'granted')
         AND (EXISTS (SELECT 1 FROM factors f WHERE f.person_id = h.id
                      AND (f.kind = 'passkey' OR h.password_hash IS NOT NULL))
              OR EXISTS (SELECT 1 FROM identities i WHERE i.person_id = h.id))",
    )
    .bind(now_ms)
    .fetch_all(tx)
    .await?;
    let mut found = Administered::ByNobody;
    for row in &rows {
        let until: Option<i64> = row.try_get("expires_ms")?;
        found = found.max(match until {
            None => Administered::ForGood,
            Some(_) => Administered::ForATime,
        });
    }
    Ok(found)
}

/// Refuses what would leave nobody to let people in, now or when a role ends by itself.
pub(crate) async fn must_keep_administrator(
    tx: &mut Tx,
    had: Administered,
    now_ms: i64,
) -> Result<()> {
    if administered(tx, now_ms).await? < had {
        let reason = "this is the last administrator who can sign in: make another one first";
        return Err(Error::Conflict(reason.to_owned()));
    }
    Ok(())
}

async fn set(tx: &mut Tx, update: &'static str, id: &str, value: Option<&str>) -> Result<()> {
    query(update).bind(value).bind(id).execute(tx).await?;
    Ok(())
}

fn check_agent(agent: Option<&str>) -> Result<()> {
    agent.map_or(Ok(()), |agent| names::name("agent", agent))
}

/// A unique column refused a value.
pub(crate) fn taken(error: Error, field: &'static str, reason: &str) -> Error {
    match error.is_unique_violation() {
        true => Error::Taken {
            field,
            reason: reason.to_owned(),
        },
        false => error,
    }
}
