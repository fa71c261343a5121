//! Which rights are used: by principal and action, the day of the last use.
//!
//! Every request that is let through is noted, so noting costs a look into memory; only the first use
//! of a day is written.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError, RwLock};

use ringfence_policy::{Action, Role};

use crate::assignments;
use crate::db::Reads;
use crate::error::{Error, Result};
use crate::open::State;
use crate::sql::{Tx, query};

/// Since when uses are noted in this installation.
const SINCE: &str = "rights_noted_ms";
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Beyond so many all are forgotten, and noted anew.
const MOST: usize = 50_000;

/// Days of last use, by action.
pub(crate) type Used = HashMap<Action, i64>;

/// A program, and what its telephony calls somebody.
type Agent = (String, String);

/// What was used, since the start of the process.
#[derive(Default)]
pub(crate) struct Uses {
    principals: Noted<String>,
    /// By what the telephony calls them: their account, if they have one, is found when it is written.
    agents: Noted<Agent>,
}

#[derive(Default)]
struct Noted<Who> {
    days: RwLock<HashMap<Who, Used>>,
    /// What is not written yet.
    due: Mutex<Vec<(Who, Action, i64)>>,
}

impl<Who: Hash + Eq> Noted<Who> {
    fn note<Q>(&self, who: &Q, action: Action, day: i64)
    where
        Who: Borrow<Q>,
        Q: ToOwned<Owned = Who> + Hash + Eq + ?Sized,
    {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        if days.get(who).and_then(|used| used.get(&action)) == Some(&day) {
            return;
        }
        drop(days);
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        if days.len() >= MOST && !days.contains_key(who) {
            days.clear();
        }
        let before = days.entry(who.to_owned()).or_default().insert(action, day);
        if before != Some(day) {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            due.push((who.to_owned(), action, day));
        }
    }

    fn take(&self) -> Vec<(Who, Action, i64)> {
        std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, due: Vec<(Who, Action, i64)>) {
        let mut kept = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(due);
    }
}

impl State {
    /// Notes that somebody was let do something. Waits for nothing but memory.
    pub fn note_right(&self, principal: &str, action: Action, now_ms: i64) {
        self.uses()
            .principals
            .note(principal, action, day_of(now_ms));
    }

    /// Notes that an application was told that an agent of a program may do something.
    pub fn note_right_of_agent(&self, program: &str, agent: &str, action: Action, now_ms: i64) {
        let agent = (program.to_owned(), agent.to_owned());
        self.uses().agents.note(&agent, action, day_of(now_ms));
    }

    /// Writes what was used since the last call; called every few seconds. What was not written at the
    /// end of the process is lost.
    ///
    /// # Errors
    /// When the database cannot be written; the next call writes it.
    pub async fn touch_rights(&self) -> Result<()> {
        let (principals, agents) = (self.uses().principals.take(), self.uses().agents.take());
        if principals.is_empty() && agents.is_empty() {
            return Ok(());
        }
        let done = self.write_rights(&principals, &agents).await;
        if done.is_err() {
            self.uses().principals.put_back(principals);
            self.uses().agents.put_back(agents);
        }
        done
    }

    async fn write_rights(
        &self,
        principals: &[(String, Action, i64)],
        agents: &[(Agent, Action, i64)],
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        for (who, action, day) in principals {
            write(&mut tx, who, *action, *day).await?;
        }
        for (agent, action, day) in agents {
            if let Some(who) = account_of(&mut tx, agent, *day).await? {
                write(&mut tx, &who, *action, *day).await?;
            }
        }
        tx.commit().await
    }

    /// Since when uses of rights are noted here: what is from before is not known.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn rights_noted_since(&self, now_ms: i64) -> Result<i64> {
        let text = self.set_once(SINCE, &now_ms.to_string()).await?;
        text.parse()
            .map_err(|_| Error::Corrupt("time of first notes"))
    }
}

async fn write(tx: &mut Tx, who: &str, action: Action, day: i64) -> Result<()> {
    query(
        "INSERT INTO rights_used (principal_id, action, day)
         SELECT id, $2, $3 FROM principals WHERE id = $1
         ON CONFLICT (principal_id, action) DO UPDATE SET day = excluded.day",
    )
    .bind(who)
    .bind(action.name())
    .bind(day)
    .execute(tx)
    .await?;
    Ok(())
}

/// The account of an agent, if it is one of an agent there: another program calls somebody else the same.
async fn account_of(tx: &mut Tx, (program, agent): &Agent, day: i64) -> Result<Option<String>> {
    let row = query("SELECT id FROM principals WHERE agent = $1")
        .bind(agent.clone())
        .fetch_optional(&mut *tx)
        .await?;
    let id = row.map(|row| row.try_get::<String>("id")).transpose()?;
    let Some(id) = id else {
        return Ok(None);
    };
    let held = assignments::of(tx, &id).await?;
    // A role that ended in the course of the day was one at its beginning.
    let is_agent = held.iter().any(|held| {
        held.role == Role::Agent
            && (held.program == "*" || held.program == *program)
            && held.is_held_at(day.saturating_mul(DAY_MS))
    });
    Ok(is_agent.then_some(id))
}

/// Days from 1970 in UTC.
pub(crate) fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// The days of last use of all principals.
pub(crate) async fn all(from: impl Reads) -> Result<HashMap<String, Used>> {
    let rows = query("SELECT * FROM rights_used").fetch_all(from).await?;
    let mut all: HashMap<String, Used> = HashMap::new();
    for row in &rows {
        let (who, action): (String, String) =
            (row.try_get("principal_id")?, row.try_get("action")?);
        // An action of a later or an earlier release says nothing here.
        if let Some(action) = Action::named(&action) {
            all.entry(who)
                .or_default()
                .insert(action, row.try_get("day")?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_due_once_a_day() {
        let noted = Noted::<String>::default();
        for _ in 0..3 {
            noted.note("ann", Action::ALERT_READ, 5);
        }
        noted.note("ann", Action::ALERT_READ, 6);
        noted.note("ben", Action::ALERT_READ, 6);
        let due = noted.take();
        let text: Vec<_> = due
            .iter()
            .map(|(who, _, day)| (who.as_str(), *day))
            .collect();
        assert_eq!(text, [("ann", 5), ("ann", 6), ("ben", 6)]);
        assert!(noted.take().is_empty());
        noted.put_back(due);
        assert_eq!(noted.take().len(), 3);
    }

    #[test]
    fn days_begin_at_midnight_in_utc() {
        assert_eq!((day_of(-1), day_of(0), day_of(DAY_MS)), (-1, 0, 1));
    }
}
