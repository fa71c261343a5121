//! What a change of policies would do, before it is made: to the decisions of the last weeks, and to what
//! people and services may do.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use ringfence_access::{Replay, replayed};
use ringfence_policy::{ACTIONS, Action, Change, Kind, Policies, PolicyFile, Program};
use ringfence_state::Principal;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::rows::{ask, moment};
use crate::understand::{When, when};

const DAY_MS: i64 = 86_400_000;
/// Weeks are what people think in; a month is what there is to learn from.
const USUAL_DAYS: i64 = 30;
const MOST_DAYS: i64 = 366;
/// Different questions that are asked again.
const MOST_QUESTIONS: usize = 20_000;
/// Differences of an answer, of each kind.
const MOST_SHOWN: usize = 200;

/// Policies to be tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// They take the place of files of the same name; one without text takes its policies away.
    files: Vec<File>,
    days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    text: String,
}

/// What would be otherwise.
#[derive(Debug, Serialize)]
pub(crate) struct Preview {
    days: i64,
    /// Which policies would be others.
    policies: Vec<Change>,
    /// Decisions that there were, as far as they were asked again.
    decisions: u64,
    /// Different questions among them.
    questions: usize,
    /// There were more; the rarest were not asked again.
    truncated: bool,
    /// Decisions about somebody who is not there any more.
    left_out: u64,
    /// How many would be otherwise.
    otherwise: u64,
    changes: Vec<Otherwise>,
    rights: Vec<Moved>,
}

/// Decisions that would be otherwise.
#[derive(Debug, Serialize)]
struct Otherwise {
    /// As policies in force say.
    allowed: bool,
    /// As those would say that are tried.
    would_be: bool,
    /// Why, in words.
    reason: String,
    policies: Vec<String>,
    program: String,
    action: String,
    subject: String,
    name: Option<String>,
    resource: String,
    call_state: Option<String>,
    stated_reason: Option<String>,
    count: u64,
    last_ms: i64,
}

/// What somebody may do at another time than now.
#[derive(Debug, Serialize)]
struct Moved {
    id: String,
    name: String,
    kind: Kind,
    action: &'static str,
    words: &'static str,
    program: String,
    before: Option<When>,
    after: Option<When>,
}

/// A question as the log has it.
#[derive(Debug, Deserialize)]
struct Logged {
    program: String,
    action: Option<String>,
    asked: Option<String>,
    resources: Option<String>,
    count: u64,
    last_ms: i64,
}

/// `POST /api/v1/policies/preview`.
pub(crate) async fn preview(
    State(app): State<App>,
    person: Person,
    body: Body<Asked>,
) -> Result<Json<Preview>, Problem> {
    let asked = read(body)?;
    let days = asked.days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("days: 1 to {MOST_DAYS}")));
    }
    let files = asked.files.into_iter().map(|file| PolicyFile {
        name: file.name,
        text: file.text,
    });
    let (files, inside): (Vec<_>, _) = (files.collect(), app.inside.clone());
    let proposed = tokio::task::spawn_blocking(move || inside.propose(files)).await;
    let proposed = proposed.map_err(|e| Problem::internal(&e))?;
    let proposed = proposed.map_err(|mistakes| {
        let all: Vec<_> = mistakes.iter().take(20).map(ToString::to_string).collect();
        Problem::bad_request(all.join("\n"))
    })?;
    let now = app.inside.now().0;
    let logged = logged(&app, &person, now.saturating_sub(days * DAY_MS)).await?;
    let principals = app.state.list_principals().await?;
    let present = app.access.policies();
    // Thousands of decisions take a while.
    let work = move || compared(&present, &proposed, &principals, logged, days, now);
    let preview = tokio::task::spawn_blocking(work).await;
    Ok(Json(preview.map_err(|e| Problem::internal(&e))?))
}

/// The decisions since a moment, the same questions counted together, the most frequent first.
async fn logged(app: &App, person: &Person, from_ms: i64) -> Result<Vec<Logged>, Problem> {
    let from = moment(from_ms)?;
    let most = MOST_QUESTIONS + 1;
    let sql = format!(
        "SELECT program, ocsf_get(ocsf, 'api.operation') AS action, \
         ocsf_get(ocsf, 'decision') AS asked, ocsf_get(ocsf, 'resources') AS resources, \
         count(*) AS count, CAST(max(time) AS BIGINT) AS last_ms FROM events \
         WHERE class_uid = 6003 AND source = 'ringfence' AND time >= {from} \
         AND ocsf_get(ocsf, 'decision') IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY count DESC LIMIT {most}"
    );
    ask(app, person, sql, most).await
}

fn compared(
    present: &Policies,
    proposed: &Policies,
    principals: &[Principal],
    mut logged: Vec<Logged>,
    days: i64,
    now_ms: i64,
) -> Preview {
    let truncated = logged.len() > MOST_QUESTIONS;
    logged.truncate(MOST_QUESTIONS);
    let by_id: HashMap<_, _> = principals
        .iter()
        .map(|who| (who.id.as_str(), who))
        .collect();
    let mut preview = Preview {
        days,
        policies: proposed.changes_since(present),
        decisions: 0,
        questions: logged.len(),
        truncated,
        left_out: 0,
        otherwise: 0,
        changes: Vec::new(),
        rights: moved(present, proposed, principals, now_ms),
    };
    for one in logged {
        preview.decisions += one.count;
        let known = |id: &str| by_id.get(id).map(|who| who.subject(now_ms));
        let Some(replay) = question(&one, known) else {
            preview.left_out += one.count;
            continue;
        };
        let (before, after) = (replay.decide(present), replay.decide(proposed));
        if before.allowed == after.allowed {
            continue;
        }
        preview.otherwise += one.count;
        if preview.changes.len() < MOST_SHOWN {
            let subject = replay.subject().to_owned();
            preview.changes.push(Otherwise {
                allowed: before.allowed,
                would_be: after.allowed,
                reason: after.reason,
                policies: after.policies,
                program: one.program,
                action: one.action.unwrap_or_default(),
                name: by_id.get(subject.as_str()).map(|who| who.name.clone()),
                subject,
                resource: replay.resource().to_owned(),
                call_state: replay.call_state().map(str::to_owned),
                stated_reason: replay.stated_reason().map(str::to_owned),
                count: one.count,
                last_ms: one.last_ms,
            });
        }
    }
    preview
}

/// The question again, if whoever it was about is still known.
fn question(
    one: &Logged,
    known: impl Fn(&str) -> Option<ringfence_policy::Subject>,
) -> Option<Replay> {
    let action = Action::named(one.action.as_deref()?)?;
    let asked = serde_json::from_str(one.asked.as_deref()?).ok()?;
    let resources = serde_json::from_str(one.resources.as_deref()?).ok()?;
    replayed(&one.program, action, &asked, &resources, known)
}

/// What people and services could do by one set of policies and not, or at other times, by the other.
fn moved(
    present: &Policies,
    proposed: &Policies,
    principals: &[Principal],
    now_ms: i64,
) -> Vec<Moved> {
    let mut all = Vec::new();
    let there = principals.iter().filter(|who| who.disabled_ms.is_none());
    for who in there {
        let subject = who.subject(now_ms);
        let mut programs: Vec<&Program> = subject.roles.iter().map(|held| &held.program).collect();
        programs.sort();
        programs.dedup();
        for program in programs {
            for action in ACTIONS {
                let at = |policies| when(policies, &subject, *action, program);
                let (before, after) = (at(present), at(proposed));
                if before != after && all.len() < MOST_SHOWN {
                    all.push(Moved {
                        id: who.id.clone(),
                        name: who.name.clone(),
                        kind: who.kind,
                        action: action.name(),
                        words: action.words(),
                        program: program.id().to_owned(),
                        before,
                        after,
                    });
                }
            }
        }
    }
    all
}
