//! What is recorded about whoever asks: what happened to their account, what they did here, and how much
//! there is of their work. What somebody found about them is not theirs to see.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ringfence_policy::Role;
use ringfence_state::{Principal, Scope};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::rows::{ask, literal, moment};

const DAY_MS: i64 = 86_400_000;
const USUAL_DAYS: i64 = 90;
const MOST_DAYS: i64 = 3_650;
/// Newest events of an answer.
const MOST: usize = 500;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    days: Option<i64>,
}

/// What is recorded about somebody.
#[derive(Debug, Serialize)]
pub(crate) struct Recorded {
    days: i64,
    /// The newest first.
    items: Vec<Item>,
    truncated: bool,
    /// What the telephony and other applications say of them as an agent, by kind.
    as_agent: Vec<Kind>,
}

/// Something that happened.
#[derive(Debug, Deserialize, Serialize)]
struct Item {
    time_ms: i64,
    class_uid: u32,
    class_name: Option<String>,
    message: Option<String>,
    /// They did it themselves.
    #[serde(default)]
    by_me: Option<bool>,
    address: Option<String>,
}

/// Events of a kind.
#[derive(Debug, Deserialize, Serialize)]
struct Kind {
    class_uid: u32,
    class_name: Option<String>,
    count: u64,
    first_ms: i64,
    last_ms: i64,
}

/// `GET /api/v1/me/records`.
pub(crate) async fn about_me(
    State(app): State<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Recorded>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let days = asked.days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("days: 1 to {MOST_DAYS}")));
    }
    let now = app.inside.now().0;
    let from = moment(now.saturating_sub(days * DAY_MS).max(0))?;
    // What is asked is about nobody else, in whatever program it stands.
    let everywhere = Person {
        scope: Scope::All,
        ..person.clone()
    };
    let me = literal(person.id());
    let by_me = format!("COALESCE(ocsf_get(ocsf, 'actor.user.uid'), '') = {me}");
    let sql = format!(
        "SELECT CAST(time AS BIGINT) AS time_ms, class_uid, class_name, message, \
         {by_me} AS by_me, src_ip AS address FROM events \
         WHERE source = 'ringfence' AND class_uid IN (3001, 3002, 3005, 6003) AND time >= {from} \
         AND ({by_me} OR ocsf_get(ocsf, 'user.uid') = {me} OR user_name = {me}) \
         ORDER BY time DESC LIMIT {}",
        MOST + 1
    );
    let mut items: Vec<Item> = ask(&app, &everywhere, sql, MOST + 1).await?;
    let truncated = items.len() > MOST;
    items.truncate(MOST);
    let as_agent = match (&person.principal.agent, agent_in(&person.principal, now)) {
        (Some(agent), Some(scope)) => {
            let there = Person {
                scope,
                ..person.clone()
            };
            // Alerts and findings are left out, and so are rows that only add facts.
            let sql = format!(
                "SELECT class_uid, class_name, count(*) AS count, \
                 CAST(min(time) AS BIGINT) AS first_ms, CAST(max(time) AS BIGINT) AS last_ms \
                 FROM events WHERE agent = {} AND time >= {from} AND class_uid <> 0 \
                 AND category_uid <> 2 GROUP BY 1, 2 ORDER BY count DESC LIMIT 50",
                literal(agent)
            );
            ask(&app, &there, sql, 50).await?
        }
        _ => Vec::new(),
    };
    Ok(Json(Recorded {
        days,
        items,
        truncated,
        as_agent,
    }))
}

/// The programs in which somebody is an agent. An agent is one of a program: another one calls somebody
/// else the same.
fn agent_in(who: &Principal, now_ms: i64) -> Option<Scope> {
    let held = who.roles.iter();
    let held = held.filter(|held| held.role == Role::Agent && held.is_held_at(now_ms));
    let programs: BTreeSet<_> = held.map(|held| held.program.clone()).collect();
    match programs.contains("*") {
        true => Some(Scope::All),
        false => (!programs.is_empty()).then_some(Scope::Programs(programs)),
    }
}
