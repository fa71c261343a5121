//! Dormant principals, and roles that nobody needed: by the policies in force and what was used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ringfence_policy::{ACTIONS, Action, Assignment, Kind, Policies, Program, Role, Subject};
use serde::{Deserialize, Serialize};

use crate::assignments::Held;
use crate::error::Result;
use crate::open::State;
use crate::principals::Principal;
use crate::rights::{self, DAY_MS, Used, day_of};

/// How the rights of one role were used by whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleUse {
    /// Since when that is known, ms: uses before that say nothing.
    pub since_ms: i64,
    /// Rights that their other roles do not give, and that they used.
    pub used: Vec<String>,
    /// Rights that their other roles do not give, and that they did not use.
    pub unused: Vec<String>,
    /// Their other roles give all that it gives.
    pub superfluous: bool,
}

impl RoleUse {
    /// Nothing that only this role gives was used.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.used.is_empty()
    }
}

/// Somebody who was not let in for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dormant {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they are.
    pub kind: Kind,
    /// When they were made, ms.
    pub created_ms: i64,
    /// When they were last let in, ms; nothing when they never were.
    pub last_used_ms: Option<i64>,
}

/// A role of which nothing was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedRole {
    /// Id of whoever holds it.
    pub principal_id: String,
    /// Their name.
    pub name: String,
    /// What they are.
    pub kind: Kind,
    /// The role.
    #[serde(flatten)]
    pub held: Held,
    /// How its rights were used.
    pub rights: RoleUse,
}

/// What nobody needed for some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// How many days.
    pub days: u32,
    /// Since when uses are noted here, ms: a role of which less than the days is known is not listed.
    pub noted_since_ms: i64,
    /// Those who were not let in.
    pub dormant: Vec<Dormant>,
    /// Roles of which nothing was used.
    pub roles: Vec<UnusedRole>,
}

impl State {
    /// What nobody needed for `days`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unused(&self, policies: &Policies, days: u32, now_ms: i64) -> Result<Unused> {
        let noted_since_ms = self.rights_noted_since(now_ms).await?;
        let principals = self.list_principals().await?;
        let used = rights::all(self.reader()).await?;
        let before_ms = now_ms.saturating_sub(i64::from(days) * DAY_MS);
        let mut judge = Judge::new(policies, used, noted_since_ms, before_ms);
        let mut unused = Unused {
            days,
            noted_since_ms,
            dormant: Vec::new(),
            roles: Vec::new(),
        };
        for who in principals.iter().filter(|who| who.disabled_ms.is_none()) {
            if is_dormant(who, before_ms) {
                unused.dormant.push(Dormant {
                    id: who.id.clone(),
                    name: who.name.clone(),
                    kind: who.kind,
                    created_ms: who.created_ms,
                    last_used_ms: who.last_used_ms,
                });
            }
            let held = who.roles.iter().filter(|held| !held.reserve);
            for held in held.filter(|held| held.is_held_at(now_ms)) {
                let rights = judge.of(who, held, now_ms);
                // What is not known for long enough is not called unused.
                if rights.is_unused() && rights.since_ms <= before_ms {
                    unused.roles.push(UnusedRole {
                        principal_id: who.id.clone(),
                        name: who.name.clone(),
                        kind: who.kind,
                        held: held.clone(),
                        rights,
                    });
                }
            }
        }
        Ok(unused)
    }
}

/// Whether somebody was not let in since then.
pub(crate) fn is_dormant(who: &Principal, before_ms: i64) -> bool {
    who.last_used_ms.unwrap_or(who.created_ms) < before_ms
}

/// Judges roles by one set of policies and of uses.
pub(crate) struct Judge<'a> {
    policies: &'a Policies,
    used: HashMap<String, Used>,
    noted_since_ms: i64,
    before_ms: i64,
    /// What a role lets somebody of a kind do in a program: the same for all who hold it.
    rights: BTreeMap<(bool, Role, Program), BTreeSet<Action>>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        policies: &'a Policies,
        used: HashMap<String, Used>,
        noted_since_ms: i64,
        before_ms: i64,
    ) -> Self {
        Self {
            policies,
            used,
            noted_since_ms,
            before_ms,
            rights: BTreeMap::new(),
        }
    }

    /// How the rights of a role were used.
    pub(crate) fn of(&mut self, who: &Principal, held: &Held, now_ms: i64) -> RoleUse {
        let since_ms = held.granted_ms.max(self.noted_since_ms).max(self.before_ms);
        let all = self.rights(who.kind, &held.assignment());
        let mut own = all.clone();
        let there = |other: &&Held| other.program == "*" || other.program == held.program;
        let others = who.roles.iter().filter(|other| other.id != held.id);
        for other in others
            .filter(|other| other.is_held_at(now_ms))
            .filter(there)
        {
            for action in self.rights(who.kind, &other.assignment()) {
                own.remove(&action);
            }
        }
        let last = self.used.get(&who.id);
        let is_used = |action: &Action| {
            let day = last.and_then(|used| used.get(action));
            day.is_some_and(|day| *day >= day_of(since_ms))
        };
        let (used, unused): (Vec<_>, Vec<_>) = own.iter().partition(|action| is_used(action));
        let names = |actions: Vec<&Action>| actions.iter().map(|a| a.name().to_owned()).collect();
        RoleUse {
            since_ms,
            superfluous: own.is_empty() && !all.is_empty(),
            used: names(used),
            unused: names(unused),
        }
    }

    fn rights(&mut self, kind: Kind, held: &Assignment) -> BTreeSet<Action> {
        let key = (kind == Kind::Person, held.role, held.program.clone());
        let policies = self.policies;
        let of = || {
            let who = Subject {
                kind,
                id: "any".to_owned(),
                agent: None,
                roles: vec![held.clone()],
            };
            let may = |action: &&Action| policies.could_ever(&who, **action, &held.program);
            ACTIONS.iter().filter(may).copied().collect()
        };
        self.rights.entry(key).or_insert_with(of).clone()
    }
}
