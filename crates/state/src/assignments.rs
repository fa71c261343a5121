//! Who holds which role where, until when.

use std::collections::HashMap;

use ringfence_policy::{Assignment, Program, Role};
use serde::Serialize;

use crate::db::Reads;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::people::has_administrator;
use crate::sql::{Row, Tx, query};

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
}

impl Held {
    /// Whether it is not over.
    #[must_use]
    pub fn is_held_at(&self, now_ms: i64) -> bool {
        self.expires_ms.is_none_or(|until| now_ms < until)
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
        let role: String = row.try_get("role")?;
        Ok(Self {
            id: row.try_get("id")?,
            role: role.parse().map_err(|_| Error::Corrupt("role"))?,
            program: row.try_get("program")?,
            granted_ms: row.try_get("granted_ms")?,
            granted_by: row.try_get("granted_by")?,
            why: row.try_get("why")?,
            expires_ms: row.try_get("expires_ms")?,
            through: row.try_get("through")?,
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

    /// Takes a role away.
    ///
    /// # Errors
    /// When it is not held, or nobody who can sign in would be administrator any longer.
    pub async fn take_role(&self, principal: &str, assignment: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let had = has_administrator(&mut tx, now_ms).await?;
        let done = query("DELETE FROM assignments WHERE id = $1 AND principal_id = $2")
            .bind(assignment.to_owned())
            .bind(principal.to_owned())
            .execute(&mut tx)
            .await?;
        if done == 0 {
            return Err(Error::not_found("role", assignment));
        }
        if had && !has_administrator(&mut tx, now_ms).await? {
            let reason = "this is the last administrator who can sign in: make another one first";
            return Err(Error::Conflict(reason.to_owned()));
        }
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

pub(crate) async fn give(
    tx: &mut Tx,
    principal: &str,
    new: &NewRole,
    by: &str,
    now_ms: i64,
) -> Result<()> {
    check(new, now_ms)?;
    let kind = query("SELECT kind FROM principals WHERE id = $1 AND disabled_ms IS NULL")
        .bind(principal.to_owned())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::not_found("principal", principal))?
        .try_get::<String>("kind")?;
    if kind == "person" && !new.role.is_for_people() {
        let reason = format!("`{}` is for services: people have another role", new.role);
        return Err(Error::invalid("role", reason));
    }
    if kind == "service" && !new.role.is_for_services() {
        let reason = format!("`{}` is for people: services have another role", new.role);
        return Err(Error::invalid("role", reason));
    }
    if new.expires_ms.is_none() && new.role.must_expire() {
        let reason = format!("`{}` is given for a time: say until when", new.role);
        return Err(Error::invalid("expires_ms", reason));
    }
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
    .execute(tx)
    .await?;
    Ok(())
}

/// Roles with whose they are: those given by name, and those of groups. `$1` is the principal, or nothing
/// for all.
const HELD: &str = "
    SELECT principal_id, id, role, program, granted_ms, granted_by, why, expires_ms,
           CAST(NULL AS TEXT) AS through
    FROM assignments WHERE $1 IS NULL OR principal_id = $1
    UNION ALL
    SELECT m.person_id, r.id, r.role, r.program, r.granted_ms, r.granted_by, r.why,
           CAST(NULL AS BIGINT), g.name
    FROM directory_roles r JOIN directory_members m ON m.group_id = r.group_id
    JOIN directory_groups g ON g.id = r.group_id WHERE $1 IS NULL OR m.person_id = $1
    ORDER BY 1, 3, 4, 2";

pub(crate) async fn of(from: impl Reads, principal: &str) -> Result<Vec<Held>> {
    let rows = query(HELD).bind(principal).fetch_all(from).await?;
    rows.iter().map(Held::read).collect()
}

pub(crate) async fn of_all(from: impl Reads) -> Result<HashMap<String, Vec<Held>>> {
    let rows = query(HELD).bind(None::<&str>).fetch_all(from).await?;
    let mut all: HashMap<String, Vec<Held>> = HashMap::new();
    for row in &rows {
        let principal = row.try_get("principal_id")?;
        all.entry(principal).or_default().push(Held::read(row)?);
    }
    Ok(all)
}
