//! Roles for hours: somebody asks, another person answers, and what was granted ends by itself.

use ringfence_policy::Role;
use serde::Serialize;

use crate::assignments::{self, NewRole};
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::limits::millis;
use crate::names;
use crate::open::State;
use crate::principals::FIRST;
use crate::scope::Scope;
use crate::sql::{Row, Sql, Tx, count, query};

/// Longest text of why, and of an answer.
pub(crate) const MOST_TEXT: usize = 500;
/// A request that nobody answers lapses after this.
const LAPSES_MS: i64 = 24 * 3_600_000;
/// Shortest time that a role is granted for.
const LEAST_MINUTES: i64 = 5;
/// Requests of one person that may wait at a time.
const MOST_WAITING: u64 = 20;

/// A role that somebody asked for, and what became of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleRequest {
    /// Its id.
    pub id: String,
    /// Who asked.
    pub person_id: String,
    /// Their name.
    pub name: String,
    /// Which role.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// In words, why.
    pub why: String,
    /// For how long, minutes.
    pub minutes: i64,
    /// When they asked, ms.
    pub asked_ms: i64,
    /// When it lapses if nobody answers, ms.
    pub lapses_ms: i64,
    /// `waiting`, `granted`, `refused`, `withdrawn`, `lapsed` or `ended`.
    pub state: String,
    /// Id of whoever answered.
    pub answered_by: Option<String>,
    /// Their name.
    pub answered_by_name: Option<String>,
    /// When, ms.
    pub answered_ms: Option<i64>,
    /// What they said about it.
    pub note: String,
    /// Until when it was granted, ms.
    pub until_ms: Option<i64>,
    /// Id of whoever ended it; `ringfence` when its time was over.
    pub ended_by: Option<String>,
    /// When it ended, ms.
    pub ended_ms: Option<i64>,
}

impl RoleRequest {
    /// As a log writes what was asked for: `analyst@bank`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}@{}", self.role, self.program)
    }

    /// It can be answered at this moment.
    #[must_use]
    pub fn is_waiting_at(&self, now_ms: i64) -> bool {
        self.state == "waiting" && now_ms < self.lapses_ms
    }
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Which role.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// In words, why.
    pub why: String,
    /// For how long, minutes.
    pub minutes: i64,
}

/// Requests with the names of those who had to do with them.
macro_rules! request {
    ($end:literal) => {
        concat!(
            "SELECT r.*, p.name AS name, a.name AS answered_by_name FROM role_requests r
             JOIN principals p ON p.id = r.person_id
             LEFT JOIN principals a ON a.id = r.answered_by ",
            $end
        )
    };
}

impl State {
    /// Asks for a role.
    ///
    /// # Errors
    /// When a field is invalid, the role is held or asked for already, or too many requests wait.
    pub async fn ask_role(
        &self,
        person: &str,
        new: &NewRequest,
        now_ms: i64,
    ) -> Result<RoleRequest> {
        names::said("why", &new.why, MOST_TEXT)?;
        if new.program != "*" {
            names::name("program", &new.program)?;
        }
        assignments::is_for("person", new.role)?;
        let most = self.most_grant_minutes();
        if !(LEAST_MINUTES..=most).contains(&new.minutes) {
            let reason = format!("{LEAST_MINUTES} to {most}");
            return Err(Error::invalid("minutes", reason));
        }
        let mut tx = self.begin().await?;
        let held = assignments::held(&mut tx, person, new.role, &new.program).await?;
        if held.is_some_and(|held| held.is_held_at(now_ms)) {
            return Err(conflict("you hold this role there already"));
        }
        let waiting = query(
            "SELECT COUNT(*) AS n, COUNT(CASE WHEN role = $2 AND program = $3 THEN 1 END) AS same
             FROM role_requests WHERE person_id = $1 AND state = 'waiting' AND asked_ms > $4",
        )
        .bind(person)
        .bind(new.role.name())
        .bind(new.program.clone())
        .bind(now_ms.saturating_sub(LAPSES_MS))
        .fetch_one(&mut tx)
        .await?;
        if count(&waiting, "same")? > 0 {
            return Err(conflict("you asked for this role there already: it waits"));
        }
        if count(&waiting, "n")? >= MOST_WAITING {
            return Err(conflict("too many of your requests wait: withdraw one"));
        }
        let id = new_id(now_ms)?;
        query(
            "INSERT INTO role_requests (id, person_id, role, program, why, minutes, asked_ms, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting')",
        )
        .bind(id.clone())
        .bind(person)
        .bind(new.role.name())
        .bind(new.program.clone())
        .bind(new.why.clone())
        .bind(new.minutes)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let request = one(&mut tx, &id).await?;
        tx.commit().await?;
        Ok(request)
    }

    /// Grants a request: the role is held from now on, for as long as was asked.
    ///
    /// # Errors
    /// When it does not wait, whoever answers is whoever asked, or the role is held meanwhile.
    pub async fn grant_request(
        &self,
        id: &str,
        by: &str,
        note: &str,
        now_ms: i64,
    ) -> Result<RoleRequest> {
        let mut tx = self.begin().await?;
        let request = to_answer(&mut tx, id, by, note, now_ms).await?;
        let (person, program) = (&request.person_id, &request.program);
        let held = assignments::held(&mut tx, person, request.role, program).await?;
        if held.is_some_and(|held| held.is_held_at(now_ms)) {
            return Err(conflict("they hold this role there already"));
        }
        let until_ms = now_ms.saturating_add(request.minutes.saturating_mul(60_000));
        let role = NewRole {
            role: request.role,
            program: program.clone(),
            why: request.why.clone(),
            expires_ms: Some(until_ms),
        };
        assignments::give(&mut tx, person, &role, by, now_ms).await?;
        let held = assignments::held(&mut tx, person, request.role, program).await?;
        query(
            "UPDATE role_requests SET state = 'granted', answered_by = $1, answered_ms = $2,
             note = $3, until_ms = $4, assignment_id = $5 WHERE id = $6",
        )
        .bind(by)
        .bind(now_ms)
        .bind(note)
        .bind(until_ms)
        .bind(held.map(|held| held.id))
        .bind(id)
        .execute(&mut tx)
        .await?;
        let request = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(request)
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// When it does not wait, or whoever answers is whoever asked.
    pub async fn refuse_request(
        &self,
        id: &str,
        by: &str,
        note: &str,
        now_ms: i64,
    ) -> Result<RoleRequest> {
        let mut tx = self.begin().await?;
        to_answer(&mut tx, id, by, note, now_ms).await?;
        query(
            "UPDATE role_requests SET state = 'refused', answered_by = $1, answered_ms = $2, note = $3
             WHERE id = $4",
        )
        .bind(by)
        .bind(now_ms)
        .bind(note)
        .bind(id)
        .execute(&mut tx)
        .await?;
        let request = one(&mut tx, id).await?;
        tx.commit().await?;
        Ok(request)
    }

    /// Whoever asked needs it no longer: a request that waits is withdrawn, a role that was granted ends.
    ///
    /// # Errors
    /// When it is not theirs, or is over.
    pub async fn withdraw_request(
        &self,
        id: &str,
        person: &str,
        now_ms: i64,
    ) -> Result<RoleRequest> {
        let mut tx = self.begin().await?;
        let request = one(&mut tx, id).await?;
        if request.person_id != person {
            return Err(Error::not_found("request", id));
        }
        match request.state.as_str() {
            "waiting" => {
                query(
                    "UPDATE role_requests SET state = 'withdrawn', ended_by = $1, ended_ms = $2
                     WHERE id = $3",
                )
                .bind(person)
                .bind(now_ms)
                .bind(id)
                .execute(&mut tx)
                .await?;
            }
            "granted" => end(&mut tx, id, person, now_ms).await?,
            _ => return Err(conflict("it is over already")),
        }
        let request = one(&mut tx, id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(request)
    }

    /// Longest time that a role is granted for, minutes.
    #[must_use]
    pub fn most_grant_minutes(&self) -> i64 {
        millis(self.limits().access.grant) / 60_000
    }

    /// A request.
    ///
    /// # Errors
    /// When there is none.
    pub async fn role_request(&self, id: &str) -> Result<RoleRequest> {
        let row = query(request!("WHERE r.id = $1"))
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        read(&row.ok_or_else(|| Error::not_found("request", id))?)
    }

    /// Requests of one person, and those of some programs: first what waits or is in force, then the
    /// newest. What is left out is over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn role_requests(&self, person: &str, programs: &Scope) -> Result<Vec<RoleRequest>> {
        let mut sql = Sql::new(request!("WHERE (r.person_id = "));
        sql.bind(person);
        match programs {
            Scope::All => sql.push(" OR 1 = 1"),
            Scope::Programs(programs) => {
                sql.push(" OR r.program IN ").list(programs.iter().cloned())
            }
        };
        sql.push(
            ") ORDER BY CASE WHEN r.state IN ('waiting', 'granted') THEN 0 ELSE 1 END,
             r.asked_ms DESC, r.id DESC LIMIT 500",
        );
        let rows = sql.query().fetch_all(self.reader()).await?;
        rows.iter().map(read).collect()
    }

    /// Ends what had its time: requests that nobody answered, and roles that were granted. Answers which.
    ///
    /// # Errors
    /// When the database cannot be written; the next call does it.
    pub async fn settle_requests(&self, now_ms: i64) -> Result<Vec<RoleRequest>> {
        let due = query(request!(
            "WHERE (r.state = 'waiting' AND r.asked_ms <= $1)
             OR (r.state = 'granted' AND r.until_ms <= $2) ORDER BY r.asked_ms, r.id LIMIT 500"
        ))
        .bind(now_ms.saturating_sub(LAPSES_MS))
        .bind(now_ms)
        .fetch_all(self.reader())
        .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut settled = Vec::new();
        let mut tx = self.begin().await?;
        for row in &due {
            let known = read(row)?;
            // Somebody may have answered since.
            let request = one(&mut tx, &known.id).await?;
            if request.state != known.state {
                continue;
            }
            match request.state.as_str() {
                "granted" => end(&mut tx, &request.id, FIRST, now_ms).await?,
                _ => lapse(&mut tx, &request.id, now_ms).await?,
            }
            settled.push(one(&mut tx, &request.id).await?);
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(settled)
    }
}

/// A request that `by` may answer.
async fn to_answer(
    tx: &mut Tx,
    id: &str,
    by: &str,
    note: &str,
    now_ms: i64,
) -> Result<RoleRequest> {
    names::text_field("note", note, MOST_TEXT)?;
    let request = one(tx, id).await?;
    if request.person_id == by {
        return Err(conflict(
            "another person answers: nobody grants themselves a role",
        ));
    }
    if !request.is_waiting_at(now_ms) {
        return Err(conflict("it does not wait for an answer any longer"));
    }
    Ok(request)
}

/// Ends a role that was granted, if it is still the one that was.
async fn end(tx: &mut Tx, id: &str, by: &str, now_ms: i64) -> Result<()> {
    query(
        "DELETE FROM assignments WHERE id = (SELECT assignment_id FROM role_requests WHERE id = $1)
         AND expires_ms = (SELECT until_ms FROM role_requests WHERE id = $1)",
    )
    .bind(id)
    .execute(&mut *tx)
    .await?;
    query(
        "UPDATE role_requests SET state = 'ended', ended_by = $1, ended_ms = $2
         WHERE id = $3 AND state = 'granted'",
    )
    .bind(by)
    .bind(now_ms)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

async fn lapse(tx: &mut Tx, id: &str, now_ms: i64) -> Result<()> {
    query(
        "UPDATE role_requests SET state = 'lapsed', ended_by = $1, ended_ms = $2
         WHERE id = $3 AND state = 'waiting'",
    )
    .bind(FIRST)
    .bind(now_ms)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

/// A role was taken, or is held otherwise: what was granted of it is over.
pub(crate) async fn ended(tx: &mut Tx, assignment: &str, by: &str, now_ms: i64) -> Result<()> {
    query(
        "UPDATE role_requests SET state = 'ended', ended_by = $1, ended_ms = $2
         WHERE assignment_id = $3 AND state = 'granted'",
    )
    .bind(by)
    .bind(now_ms)
    .bind(assignment)
    .execute(tx)
    .await?;
    Ok(())
}

async fn one(tx: &mut Tx, id: &str) -> Result<RoleRequest> {
    let row = query(request!("WHERE r.id = $1"))
        .bind(id)
        .fetch_optional(tx)
        .await?;
    read(&row.ok_or_else(|| Error::not_found("request", id))?)
}

fn conflict(reason: &str) -> Error {
    Error::Conflict(reason.to_owned())
}

fn read(row: &Row) -> Result<RoleRequest> {
    let asked_ms: i64 = row.try_get("asked_ms")?;
    Ok(RoleRequest {
        id: row.try_get("id")?,
        person_id: row.try_get("person_id")?,
        name: row.try_get("name")?,
        role: assignments::role_of(row)?,
        program: row.try_get("program")?,
        why: row.try_get("why")?,
        minutes: row.try_get("minutes")?,
        asked_ms,
        lapses_ms: asked_ms.saturating_add(LAPSES_MS),
        state: row.try_get("state")?,
        answered_by: row.try_get("answered_by")?,
        answered_by_name: row.try_get("answered_by_name")?,
        answered_ms: row.try_get("answered_ms")?,
        note: row.try_get("note")?,
        until_ms: row.try_get("until_ms")?,
        ended_by: row.try_get("ended_by")?,
        ended_ms: row.try_get("ended_ms")?,
    })
}
