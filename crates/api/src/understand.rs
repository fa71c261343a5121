//! Who may do what, seen from people instead of from rules: what somebody may do, and who may do
//! something.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use ringfence_policy::{ACTIONS, Action, Kind, Policies, Program, Subject};
use ringfence_state::{Held, Principal, Unused};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::named;
use crate::problem::Problem;

/// When somebody may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// Whenever they are signed in.
    Always,
    /// On a call, in its wrap-up or with a stated reason.
    Sometimes,
    /// Not now: after breaking the glass.
    InReserve,
}

/// When, if ever, by the policies in force. People are asked about as if they showed both factors.
pub(crate) fn when(
    policies: &Policies,
    who: &Subject,
    action: Action,
    program: &Program,
) -> Option<When> {
    if !policies.could_ever(who, action, program) {
        return None;
    }
    Some(match policies.may_always(who, action, program, true) {
        true => When::Always,
        false => When::Sometimes,
    })
}

/// When somebody may, what they hold in reserve included.
fn when_ever(
    policies: &Policies,
    known: &Principal,
    now_ms: i64,
    action: Action,
    program: &Program,
) -> Option<When> {
    let now = when(policies, &known.subject(now_ms), action, program);
    now.or_else(|| {
        let could = with_reserve(known, now_ms)?;
        when(policies, &could, action, program).map(|_| When::InReserve)
    })
}

/// Somebody as if they broke the glass, when they hold something in reserve.
fn with_reserve(known: &Principal, now_ms: i64) -> Option<Subject> {
    let mut who = known.subject(now_ms);
    let held = who.roles.len();
    let reserve = known.roles.iter();
    let reserve = reserve.filter(|held| held.is_in_reserve_at(now_ms));
    who.roles.extend(reserve.map(Held::assignment));
    (who.roles.len() > held).then_some(who)
}

/// Something that somebody may do in a program.
#[derive(Debug, Serialize)]
pub(crate) struct Can {
    action: &'static str,
    words: &'static str,
    /// `*` is everywhere.
    program: String,
    when: When,
}

/// What somebody may do.
#[derive(Debug, Serialize)]
pub(crate) struct Theirs {
    /// SHA-256 of the policies that say so.
    fingerprint: String,
    /// Roles that are not over, those in reserve among them.
    roles: Vec<Held>,
    items: Vec<Can>,
}

/// `GET /api/v1/access/of/{id}`: what a person or a service may do, and where.
pub(crate) async fn of(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Theirs>, Problem> {
    let found = app.state.principal(&id).await?;
    let now = app.inside.now().0;
    let policies = app.access.policies();
    let mut programs: Vec<_> = held(&found, now).map(|held| held.program.clone()).collect();
    programs.sort();
    programs.dedup();
    let mut items = Vec::new();
    // Whoever is switched off may nothing, whatever they hold.
    for program in programs.iter().filter(|_| found.disabled_ms.is_none()) {
        let scope = Program::from(program.as_str());
        items.extend(ACTIONS.iter().filter_map(|action| {
            Some(Can {
                action: action.name(),
                words: action.words(),
                program: program.clone(),
                when: when_ever(&policies, &found, now, *action, &scope)?,
            })
        }));
    }
    Ok(Json(Theirs {
        fingerprint: policies.fingerprint().to_string(),
        roles: held(&found, now).cloned().collect(),
        items,
    }))
}

/// What is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    action: String,
    program: String,
}

/// Somebody who may.
#[derive(Debug, Serialize)]
pub(crate) struct Who {
    id: String,
    name: String,
    kind: Kind,
    when: When,
    /// Roles that hold there.
    roles: Vec<Held>,
    last_used_ms: Option<i64>,
}

/// Those who may.
#[derive(Debug, Serialize)]
pub(crate) struct Those {
    /// SHA-256 of the policies that say so.
    fingerprint: String,
    words: &'static str,
    items: Vec<Who>,
}

/// `GET /api/v1/access/who`: who may do something in a program.
pub(crate) async fn who(
    State(app): State<App>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Those>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let action = named::action(&asked.action)?;
    named::is_program(&asked.program)?;
    let program = Program::from(asked.program.as_str());
    let now = app.inside.now().0;
    let policies = app.access.policies();
    let all = app.state.list_principals().await?;
    let items = all.into_iter().filter(|known| known.disabled_ms.is_none());
    let items = items.filter_map(|known| {
        let when = when_ever(&policies, &known, now, action, &program)?;
        let there = |role: &&Held| role.program == "*" || role.program == asked.program;
        Some(Who {
            roles: held(&known, now).filter(there).cloned().collect(),
            id: known.id,
            name: known.name,
            kind: known.kind,
            when,
            last_used_ms: known.last_used_ms,
        })
    });
    Ok(Json(Those {
        fingerprint: policies.fingerprint().to_string(),
        words: action.words(),
        items: items.collect(),
    }))
}

fn held(who: &Principal, now_ms: i64) -> impl Iterator<Item = &Held> {
    let there = move |held: &&Held| held.is_held_at(now_ms) || held.reserve;
    who.roles.iter().filter(there)
}

/// For how many days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    #[serde(default = "ninety")]
    days: u32,
}

fn ninety() -> u32 {
    90
}

/// `GET /api/v1/access/unused`: who was not let in for long, and which roles nobody needed.
pub(crate) async fn unused(
    State(app): State<App>,
    asked: Result<Query<Days>, QueryRejection>,
) -> Result<Json<Unused>, Problem> {
    let Query(Days { days }) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    if !(1..=3_650).contains(&days) {
        return Err(Problem::bad_request("days: 1 to 3650"));
    }
    let policies = app.access.policies();
    let now = app.inside.now().0;
    Ok(Json(app.state.unused(&policies, days, now).await?))
}
