//! Who holds which role where, until when, and which only in reserve.
//!
//! What is held in reserve has a table of its own: it is in force only while an emergency of its holder
//! lasts (`emergencies.rs`), and nothing that asks what somebody holds can overlook that.

use std::collections::HashMap;

use ringfence_policy::{Assignment, Program, Role};
use serde::Serialize;

use crate::db::Reads;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::people::{administered, must_keep_administrator};
use crate::sql::{Row, Tx, query};
use crate::{emergencies, requests};

/// Longest text that says why a role was given.
const MAX_WHY: usize = 500;

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// Which.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// Since when.
    pub granted_ms: i64,
    /// Who gave it.
    pub granted_by: String,
    /// In words, why.
    pub why: String,
    /// Until when, if it ends by itself.
    pub expires_ms: Option<i64>,
    /// The group of the directory that has it, when it is held by being in that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// It is in force only while its holder breaks the glass.
    pub reserve: bool,
    /// Until when it is in force, when its holder broke the glass.
    pub in_force_until_ms: Option<i64>,
}

impl Held {
    /// Whether it lets its holder do anything: it is not over, nor only in reserve.
    #[must_use]
    pub fn is_held_at(&self, now_ms: i64) -> bool {
        match self.reserve {
            true => self.in_force_until_ms.is_some_and(|until| now_ms < until),
            false => self.expires_ms.is_none_or(|until| now_ms < until),
        }
    }

    /// Whether it would let its holder do something, if they broke the glass.
    #[must_use]
    pub fn is_in_reserve_at(&self, now_ms: i64) -> bool {
        self.reserve && !self.is_held_at(now_ms)
    }

    /// As a log writes it: `analyst@bank`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}@{}", self.role, self.program)
    }

    /// As policies see it.
    #[must_use]
    pub fn assignment(&self) -> Assignment {
        Assignment {
            role: self.role,
            program: Program::from(self.program.as_str()),
        }
    }

    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            role: role_of(row)?,
            program: row.try_get("program")?,
            granted_ms: row.try_get("granted_ms")?,
            granted_by: row.try_get("granted_by")?,
            why: row.try_get("why")?,
            expires_ms: row.try_get("expires_ms")?,
            through: row.try_get("through")?,
            reserve: row.try_get::<i64>("reserve")? != 0,
            in_force_until_ms: row.try_get("in_force_until_ms")?,
        })
    }
}

/// A role to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// Which.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// In words, why.
    pub why: String,
    /// Until when.
    pub expires_ms: Option<i64>,
}

impl State {
    /// Gives a principal a role, or gives it until another time.
    ///
    /// # Errors
    /// When there is no such principal, or the role is not for it.
    pub async fn give_role(
        &self,
        principal: &str,
        role: &NewRole,
        by: &str,
        now_ms: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        give(&mut tx, principal, role, by, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }

    /// Gives a person a role in reserve. It ends when somebody takes it; an end of its own has only each
    /// time that it is used.
    ///
    /// # Errors
    /// When there is no such person, or the role is not for people.
    pub async fn give_reserve(
        &self,
        person: &str,
        role: &NewRole,
        by: &str,
        now_ms: i64,
    ) -> Result<()> {
        check(role, now_ms)?;
        if role.expires_ms.is_some() {
            let reason = "a role in reserve has no end of its own";
            return Err(Error::invalid("expires_ms", reason));
        }
        let mut tx = self.begin().await?;
        let kind = kind_of(&mut tx, person).await?;
        if kind != "person" {
            let reason = "only people hold a role in reserve: they say why they use it";
            return Err(Error::invalid("reserve", reason));
        }
        is_for(&kind, role.role)?;
        query(
            "INSERT INTO reserves (id, principal_id, role, program, granted_ms, granted_by, why)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (principal_id, role, program) DO UPDATE SET
                 granted_ms = excluded.granted_ms, granted_by = excluded.granted_by,
                 why = excluded.why",
        )
        .bind(new_id(now_ms)?)
        .bind(person)
        .bind(role.role.name())
        .bind(role.program.clone())
        .bind(now_ms)
        .bind(by)
        .bind(role.why.clone())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }

    /// Takes a role away, held or in reserve.
    ///
    /// # Errors
    /// When it is not held, or nobody who can sign in would be administrator any longer.
    pub async fn take_role(
        &self,
        principal: &str,
        assignment: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        take(&mut tx, principal, assignment, by, now_ms).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(())
    }
}

/// What holds of every role, whoever is given it.
pub(crate) fn check(new: &NewRole, now_ms: i64) -> Result<()> {
    names::text_field("why", &new.why, MAX_WHY)?;
    if new.program != "*" {
        names::name("program", &new.program)?;
    }
    match new.expires_ms {
        Some(at) if at <= now_ms => Err(Error::invalid("expires_ms", "must be in the future")),
        _ => Ok(()),
    }
}

/// Takes a role away with all that hangs on it: a grant for a time, an emergency.
pub(crate) async fn take(
    tx: &mut Tx,
    principal: &str,
    id: &str,
    by: &str,
    now_ms: i64,
) -> Result<()> {
    let had = administered(tx, now_ms).await?;
    let mut done = 0;
    for statement in [
        "DELETE FROM assignments WHERE id = $1 AND principal_id = $2",
        "DELETE FROM reserves WHERE id = $1 AND principal_id = $2",
    ] {
        done += query(statement)
            .bind(id)
            .bind(principal)
            .execute(&mut *tx)
            .await?;
    }
    if done == 0 {
        done = except(tx, principal, id, by, now_ms).await?;
    }
    if done == 0 {
        return Err(Error::not_found("role", id));
    }
    must_keep_administrator(tx, had, now_ms).await?;
    requests::ended(tx, id, by, now_ms).await?;
    emergencies::ended(tx, id, by, now_ms).await?;
    Ok(())
}

/// Takes a role from a member of a group, and leaves it to the others: the directory says who is in the
/// group, people here say who has its role.
async fn except(tx: &mut Tx, person: &str, role: &str, by: &str, now_ms: i64) -> Result<u64> {
    query(
        "INSERT INTO directory_exceptions (role_id, person_id, made_by, made_ms)
         SELECT d.id, m.person_id, $1, $2 FROM directory_roles d
         JOIN directory_members m ON m.group_id = d.group_id
         WHERE d.id = $3 AND m.person_id = $4 ON CONFLICT DO NOTHING",
    )
    .bind(by)
    .bind(now_ms)
    .bind(role)
    .bind(person)
    .execute(tx)
    .await
}

pub(crate) async fn give(
    tx: &mut Tx,
    principal: &str,
    new: &NewRole,
    by: &str,
    now_ms: i64,
) -> Result<()> {
    check(new, now_ms)?;
    let kind = kind_of(tx, principal).await?;
    is_for(&kind, new.role)?;
    if new.expires_ms.is_none() && new.role.must_expire() {
        let reason = format!("`{}` is given for a time: say until when", new.role);
        return Err(Error::invalid("expires_ms", reason));
    }
    let had = match new.role {
        Role::Administrator => Some(administered(tx, now_ms).await?),
        _ => None,
    };
    query(
        "INSERT INTO assignments
             (id, principal_id, role, program, granted_ms, granted_by, why, expires_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (principal_id, role, program) DO UPDATE SET granted_ms = excluded.granted_ms,
             granted_by = excluded.granted_by, why = excluded.why,
             expires_ms = excluded.expires_ms",
    )
    .bind(new_id(now_ms)?)
    .bind(principal.to_owned())
    .bind(new.role.name())
    .bind(new.program.clone())
    .bind(now_ms)
    .bind(by.to_owned())
    .bind(new.why.clone())
    .bind(new.expires_ms)
    .execute(&mut *tx)
    .await?;
    // The last role without an end is not given an end, either.
    if let Some(had) = had {
        must_keep_administrator(tx, had, now_ms).await?;
    }
    // What was granted for hours is held otherwise from now on.
    let id = held(tx, principal, new.role, &new.program).await?;
    if let Some(held) = &id {
        requests::ended(tx, &held.id, by, now_ms).await?;
    }
    Ok(())
}

/// The role that somebody holds in a program, be it over; never one in reserve.
pub(crate) async fn held(
    tx: &mut Tx,
    principal: &str,
    role: Role,
    program: &str,
) -> Result<Option<Held>> {
    let all = of(tx, principal).await?;
    let mut all = all.into_iter();
    Ok(all.find(|held| {
        held.role == role && held.program == program && !held.reserve && held.through.is_none()
    }))
}

async fn kind_of(tx: &mut Tx, principal: &str) -> Result<String> {
    query("SELECT kind FROM principals WHERE id = $1 AND disabled_ms IS NULL")
        .bind(principal)
        .fetch_optional(tx)
        .await?
        .ok_or_else(|| Error::not_found("principal", principal))?
        .try_get("kind")
}

/// Refuses a role that is not for people, or not for services.
pub(crate) fn is_for(kind: &str, role: Role) -> Result<()> {
    if kind == "person" && !role.is_for_people() {
        let reason = format!("`{role}` is for services: people have another role");
        return Err(Error::invalid("role", reason));
    }
    if kind == "service" && !role.is_for_services() {
        let reason = format!("`{role}` is for people: services have another role");
        return Err(Error::invalid("role", reason));
    }
    Ok(())
}

/// All that is held, by name or by being in a group of the directory, and all that is held in reserve.
/// Whoever gave a group a role has it not by that group: they might have joined afterwards.
macro_rules! held {
    ($end:literal) => {
        concat!(
            "SELECT * FROM (SELECT id, principal_id, role, program, granted_ms, granted_by, why,
                 expires_ms, CAST(0 AS BIGINT) AS reserve, CAST(NULL AS BIGINT) AS in_force_until_ms,
                 CAST(NULL AS TEXT) AS through
             FROM assignments
             UNION ALL
             SELECT d.id, m.person_id, d.role, d.program, d.granted_ms, d.granted_by, d.why,
                 CAST(NULL AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS BIGINT), g.name
             FROM directory_roles d JOIN directory_members m ON m.group_id = d.group_id
             JOIN directory_groups g ON g.id = d.group_id
             WHERE d.granted_by <> m.person_id
             AND NOT EXISTS (SELECT 1 FROM directory_exceptions x
                             WHERE x.role_id = d.id AND x.person_id = m.person_id)
             UNION ALL
             SELECT r.id, r.principal_id, r.role, r.program, r.granted_ms, r.granted_by, r.why,
                 CAST(NULL AS BIGINT), CAST(1 AS BIGINT),
                 (SELECT MAX(e.until_ms) FROM emergencies e
                  WHERE e.reserve_id = r.id AND e.ended_ms IS NULL), CAST(NULL AS TEXT)
             FROM reserves r) held ",
            $end
        )
    };
}

pub(crate) async fn of(from: impl Reads, principal: &str) -> Result<Vec<Held>> {
    let rows = query(held!(
        "WHERE principal_id = $1 ORDER BY role, program, reserve"
    ))
    .bind(principal.to_owned())
    .fetch_all(from)
    .await?;
    rows.iter().map(Held::read).collect()
}

pub(crate) async fn of_all(from: impl Reads) -> Result<HashMap<String, Vec<Held>>> {
    let rows = query(held!("ORDER BY principal_id, role, program, reserve"))
        .fetch_all(from)
        .await?;
    let mut all: HashMap<String, Vec<Held>> = HashMap::new();
    for row in &rows {
        let principal = row.try_get("principal_id")?;
        all.entry(principal).or_default().push(Held::read(row)?);
    }
    Ok(all)
}

/// The role in a row.
pub(crate) fn role_of(row: &Row) -> Result<Role> {
    let role: String = row.try_get("role")?;
    role.parse().map_err(|_| Error::Corrupt("role"))
}
