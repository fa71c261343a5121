//! Break-glass: a role in reserve is in force at once, for a short time, without anybody's leave. It
//! stays open until another person reviewed it, and is told again every day until then.

use ringfence_policy::Role;
use serde::{Deserialize, Serialize};

use crate::assignments;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::limits::millis;
use crate::names;
use crate::open::State;
use crate::principals::FIRST;
use crate::requests::MOST_TEXT;
use crate::sql::{Row, Tx, query};

/// What nobody reviewed is told again after this.
const TELL_AGAIN_MS: i64 = 24 * 3_600_000;
/// Whoever broke the glass puts that on the log themselves; what is not there after this, they could not.
const TELL_FOR_THEM_MS: i64 = 60_000;

/// A broken glass, or an administrator who was made on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Emergency {
    /// Its id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// Their name.
    pub name: String,
    /// `reserve`: somebody broke the glass; `recovery`: the machine made an administrator.
    pub kind: String,
    /// Which role.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub program: String,
    /// In their words, why.
    pub why: String,
    /// Since when, ms.
    pub began_ms: i64,
    /// Until when it is in force, ms; a recovery is for good.
    pub until_ms: Option<i64>,
    /// When it ended, ms.
    pub ended_ms: Option<i64>,
    /// Id of whoever ended it; `ringfence` when its time was over.
    pub ended_by: Option<String>,
    /// When it was last told, ms.
    #[serde(skip)]
    pub told_ms: Option<i64>,
    /// Id of whoever reviewed it.
    pub reviewed_by: Option<String>,
    /// Their name.
    pub reviewed_by_name: Option<String>,
    /// When, ms.
    pub reviewed_ms: Option<i64>,
    /// What they found.
    pub verdict: Option<Justified>,
    /// What they said about it.
    pub note: String,
}

/// What a reviewer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justified {
    /// It was right to do it.
    Justified,
    /// It was not.
    NotJustified,
}

impl Justified {
    /// As the API and the database write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not_justified",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Justified, Self::NotJustified];
        all.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl Emergency {
    /// As a log writes what it is about: `administrator@*`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}@{}", self.role, self.program)
    }

    /// Whether a broken glass gives its role at this moment.
    #[must_use]
    pub fn is_in_force_at(&self, now_ms: i64) -> bool {
        self.ended_ms.is_none() && self.until_ms.is_some_and(|until| now_ms < until)
    }
}

/// Emergencies with the names of those who had to do with them.
macro_rules! emergency {
    ($end:literal) => {
        concat!(
            "SELECT e.*, p.name AS name, v.name AS reviewed_by_name FROM emergencies e
             JOIN principals p ON p.id = e.person_id
             LEFT JOIN principals v ON v.id = e.reviewed_by ",
            $end
        )
    };
}

impl State {
    /// Breaks the glass: a role that somebody holds in reserve is in force, for the time of the limits.
    ///
    /// # Errors
    /// When it is not theirs or in force already, or no reason is stated.
    pub async fn break_glass(
        &self,
        person: &str,
        reserve: &str,
        why: &str,
        now_ms: i64,
    ) -> Result<Emergency> {
        names::said("why", why, MOST_TEXT)?;
        let mut tx = self.begin().await?;
        let all = assignments::of(&mut tx, person).await?;
        let held = all.iter().find(|held| held.id == reserve && held.reserve);
        let held = held.ok_or_else(|| Error::not_found("role in reserve", reserve))?;
        if held.is_held_at(now_ms) {
            return Err(Error::Conflict("it is in force already".to_owned()));
        }
        let until_ms = now_ms.saturating_add(millis(self.limits().access.emergency));
        let new = New {
            person,
            kind: "reserve",
            role: held.role,
            program: &held.program,
            reserve: Some(reserve),
            why,
            until_ms: Some(until_ms),
        };
        let id = begin(&mut tx, &new, now_ms).await?;
        let emergency = one(&mut tx, &id).await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(emergency)
    }

    /// How long a broken glass is in force, minutes.
    #[must_use]
    pub fn emergency_minutes(&self) -> i64 {
        millis(self.limits().access.emergency) / 60_000
    }

    /// Ends what a person has in force by a broken glass, and answers what that was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_emergencies(&self, person: &str, now_ms: i64) -> Result<Vec<Emergency>> {
        let all = self.emergencies(Some(person)).await?;
        let mut tx = self.begin().await?;
        let mut ended = Vec::new();
        for known in all.iter().filter(|known| known.is_in_force_at(now_ms)) {
            if end(&mut tx, &known.id, person, now_ms).await? {
                ended.push(one(&mut tx, &known.id).await?);
            }
        }
        tx.commit().await?;
        self.principals_changed();
        Ok(ended)
    }

    /// All emergencies, those that wait for a review before the others and then the newest first; of one
    /// person if one is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn emergencies(&self, person: Option<&str>) -> Result<Vec<Emergency>> {
        let rows = query(emergency!(
            "WHERE $1 IS NULL OR e.person_id = $1
             ORDER BY CASE WHEN e.reviewed_ms IS NULL THEN 0 ELSE 1 END, e.began_ms DESC, e.id DESC
             LIMIT 500"
        ))
        .bind(person)
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Another person says whether it was right. That closes it.
    ///
    /// # Errors
    /// When it is in force or reviewed already, or whoever reviews is whose it is.
    pub async fn review_emergency(
        &self,
        id: &str,
        by: &str,
        verdict: Justified,
        note: &str,
        now_ms: i64,
    ) -> Result<Emergency> {
        names::said("note", note, MOST_TEXT)?;
        let mut tx = self.begin().await?;
        let emergency = one(&mut tx, id).await?;
        let wrong = if emergency.person_id == by {
            Some("another person reviews it")
        } else if emergency.reviewed_ms.is_some() {
            Some("it was reviewed already")
        } else if emergency.is_in_force_at(now_ms) {
            Some("it is still in force: it is reviewed when it is over")
        } else {
            None
        };
        if let Some(reason) = wrong {
            return Err(Error::Conflict(reason.to_owned()));
        }
        query(
            "UPDATE emergencies SET reviewed_by = $1, reviewed_ms = $2, verdict = $3, note = $4
             WHERE id = $5",
        )
        .bind(by)
        .bind(now_ms)
        .bind(verdict.name())
        .bind(note)
        .bind(id)
        .execute(&mut tx)
        .await?;
        let emergency = one(&mut tx, id).await?;
        tx.commit().await?;
        Ok(emergency)
    }

    /// Marks what had its time as ended, and answers what that was.
    ///
    /// # Errors
    /// When the database cannot be written; the next call does it.
    pub async fn settle_emergencies(&self, now_ms: i64) -> Result<Vec<Emergency>> {
        let due = query(emergency!("WHERE e.ended_ms IS NULL AND e.until_ms <= $1"))
            .bind(now_ms)
            .fetch_all(self.reader())
            .await?;
        let mut ended = Vec::new();
        for row in &due {
            let known = read(row)?;
            let until_ms = known.until_ms.unwrap_or(now_ms);
            let mut tx = self.begin().await?;
            if end(&mut tx, &known.id, FIRST, until_ms).await? {
                ended.push(one(&mut tx, &known.id).await?);
            }
            tx.commit().await?;
        }
        Ok(ended)
    }

    /// What has to be told: what never was, such as what happened while the server was stopped, and
    /// every day what nobody reviewed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn untold_emergencies(&self, now_ms: i64) -> Result<Vec<Emergency>> {
        let rows = query(emergency!(
            "WHERE (e.told_ms IS NULL AND (e.kind = 'recovery' OR e.began_ms <= $1))
             OR (e.reviewed_ms IS NULL AND e.told_ms <= $2) ORDER BY e.began_ms, e.id"
        ))
        .bind(now_ms.saturating_sub(TELL_FOR_THEM_MS))
        .bind(now_ms.saturating_sub(TELL_AGAIN_MS))
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// An emergency is on the log.
    ///
    /// # Errors
    /// When the database cannot be written: it will be told once more.
    pub async fn emergency_told(&self, id: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE emergencies SET told_ms = $1 WHERE id = $2")
            .bind(now_ms)
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

/// An emergency that begins.
pub(crate) struct New<'a> {
    pub(crate) person: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) role: Role,
    pub(crate) program: &'a str,
    pub(crate) reserve: Option<&'a str>,
    pub(crate) why: &'a str,
    pub(crate) until_ms: Option<i64>,
}

pub(crate) async fn begin(tx: &mut Tx, new: &New<'_>, now_ms: i64) -> Result<String> {
    let id = new_id(now_ms)?;
    query(
        "INSERT INTO emergencies
             (id, person_id, kind, role, program, reserve_id, why, began_ms, until_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id.clone())
    .bind(new.person)
    .bind(new.kind)
    .bind(new.role.name())
    .bind(new.program)
    .bind(new.reserve)
    .bind(new.why)
    .bind(now_ms)
    .bind(new.until_ms)
    .execute(tx)
    .await?;
    Ok(id)
}

async fn end(tx: &mut Tx, id: &str, by: &str, at_ms: i64) -> Result<bool> {
    let done = query(
        "UPDATE emergencies SET ended_ms = $1, ended_by = $2 WHERE id = $3 AND ended_ms IS NULL",
    )
    .bind(at_ms)
    .bind(by)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(done > 0)
}

/// A role in reserve was taken: what is in force of it is over.
pub(crate) async fn ended(tx: &mut Tx, reserve: &str, by: &str, now_ms: i64) -> Result<()> {
    query(
        "UPDATE emergencies SET ended_ms = $1, ended_by = $2
         WHERE reserve_id = $3 AND ended_ms IS NULL",
    )
    .bind(now_ms)
    .bind(by)
    .bind(reserve)
    .execute(tx)
    .await?;
    Ok(())
}

/// A person is switched off: what they have in force is over.
pub(crate) async fn ended_of(tx: &mut Tx, person: &str, now_ms: i64) -> Result<()> {
    query(
        "UPDATE emergencies SET ended_ms = $1, ended_by = $2
         WHERE person_id = $3 AND kind = 'reserve' AND ended_ms IS NULL",
    )
    .bind(now_ms)
    .bind(FIRST)
    .bind(person)
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn one(tx: &mut Tx, id: &str) -> Result<Emergency> {
    let row = query(emergency!("WHERE e.id = $1"))
        .bind(id)
        .fetch_optional(tx)
        .await?;
    read(&row.ok_or_else(|| Error::not_found("emergency", id))?)
}

fn read(row: &Row) -> Result<Emergency> {
    let verdict: Option<String> = row.try_get("verdict")?;
    let named = |name: String| Justified::named(&name).ok_or(Error::Corrupt("verdict"));
    Ok(Emergency {
        id: row.try_get("id")?,
        person_id: row.try_get("person_id")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        role: assignments::role_of(row)?,
        program: row.try_get("program")?,
        why: row.try_get("why")?,
        began_ms: row.try_get("began_ms")?,
        until_ms: row.try_get("until_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        ended_by: row.try_get("ended_by")?,
        told_ms: row.try_get("told_ms")?,
        reviewed_by: row.try_get("reviewed_by")?,
        reviewed_by_name: row.try_get("reviewed_by_name")?,
        reviewed_ms: row.try_get("reviewed_ms")?,
        verdict: verdict.map(named).transpose()?,
        note: row.try_get("note")?,
    })
}
