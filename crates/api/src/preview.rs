//! What a change of policies would do, before it is made: to the decisions of the last weeks, and to what
//! people and services may do.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use axum::Json;
use axum::extract::State;
use ringfence_access::{Replay, replayed};
use ringfence_policy::{
    ACTIONS, Action, Change, Kind, Policies, PolicyFile, Program, Role, Subject,
};
use ringfence_state::{Principal, Scope};
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
    /// There are more of them than are shown.
    rights_truncated: bool,
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
    let sources = app.state.list_sources(&Scope::All).await?;
    let programs = sources.iter().map(|source| source.program.as_str());
    let programs: BTreeSet<_> = programs.map(Program::from).collect();
    let present = app.access.policies();
    // Thousands of decisions take a while.
    let work = move || {
        let rights = moved(&present, &proposed, &principals, programs, now);
        compared(&present, &proposed, &principals, rights, logged, days, now)
    };
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
    (rights, rights_truncated): (Vec<Moved>, bool),
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
        rights,
        rights_truncated,
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
fn question(one: &Logged, known: impl Fn(&str) -> Option<Subject>) -> Option<Replay> {
    let action = Action::named(one.action.as_deref()?)?;
    let asked = serde_json::from_str(one.asked.as_deref()?).ok()?;
    let resources = serde_json::from_str(one.resources.as_deref()?).ok()?;
    replayed(&one.program, action, &asked, &resources, known)
}

/// What people and services could do by one set of policies and not, or at other times, by the other; and
/// whether there is more of it than is shown. Everybody is asked about in every program: a policy may name
/// somebody who holds no role there.
fn moved(
    present: &Policies,
    proposed: &Policies,
    principals: &[Principal],
    mut programs: BTreeSet<Program>,
    now_ms: i64,
) -> (Vec<Moved>, bool) {
    let mut all = Vec::new();
    if present.fingerprint() == proposed.fingerprint() {
        return (all, false);
    }
    programs.insert(Program::All);
    let held = principals.iter().flat_map(|who| &who.roles);
    programs.extend(held.map(|held| Program::from(held.program.as_str())));
    let mut differences = Differences::between(present, proposed);
    let mut there = Vec::new();
    for who in principals.iter().filter(|who| who.disabled_ms.is_none()) {
        let subject = who.subject(now_ms);
        there.push((who, differences.may_name(&subject), subject));
    }
    // What holds everywhere comes first: it is the last to be left out.
    for program in &programs {
        for (who, named, subject) in &there {
            let everywhere = differences.of(subject, *named, &Program::All);
            for one in differences.of(subject, *named, program).iter() {
                // What is so everywhere is told once.
                if *program != Program::All && everywhere.contains(one) {
                    continue;
                }
                if all.len() >= MOST_SHOWN {
                    return (all, true);
                }
                all.push(Moved {
                    id: who.id.clone(),
                    name: who.name.clone(),
                    kind: who.kind,
                    action: one.action.name(),
                    words: one.action.words(),
                    program: program.id().to_owned(),
                    before: one.before,
                    after: one.after,
                });
            }
        }
    }
    (all, false)
}

/// An action that somebody may at other times by the one set of policies than by the other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Difference {
    action: Action,
    before: Option<When>,
    after: Option<When>,
}

/// What policies can tell somebody by in a program.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    program: Program,
    kind: Kind,
    is_agent: bool,
    roles: Vec<Role>,
    /// Their id, where a policy may name it.
    id: Option<String>,
}

/// The differences between two sets of policies. All who are alike are asked about once: thousands of
/// people in dozens of programs would take minutes.
struct Differences<'a> {
    present: &'a Policies,
    proposed: &'a Policies,
    texts: Vec<&'a str>,
    known: HashMap<Alike, Rc<[Difference]>>,
}

impl<'a> Differences<'a> {
    fn between(present: &'a Policies, proposed: &'a Policies) -> Self {
        let laws = present.laws().chain(proposed.laws());
        Self {
            present,
            proposed,
            texts: laws.map(|law| law.text.as_str()).collect(),
            known: HashMap::new(),
        }
    }

    /// Whether a policy may mean this one and not another. Policies compare whole names, which then stand
    /// in their texts; but for patterns, and for letters that are written as escapes.
    fn may_name(&self, who: &Subject) -> bool {
        let names = [Some(who.id.as_str()), who.agent.as_deref()];
        let mut parts = ["\\", "like"]
            .into_iter()
            .chain(names.into_iter().flatten());
        parts.any(|part| self.texts.iter().any(|text| text.contains(part)))
    }

    fn of(&mut self, who: &Subject, named: bool, program: &Program) -> Rc<[Difference]> {
        let held = who.roles.iter();
        let there = held.filter(|held| [&Program::All, program].contains(&&held.program));
        let mut roles: Vec<_> = there.map(|held| held.role).collect();
        roles.sort();
        roles.dedup();
        let alike = Alike {
            program: program.clone(),
            kind: who.kind,
            is_agent: who.agent.is_some(),
            roles,
            id: named.then(|| who.id.clone()),
        };
        let (present, proposed) = (self.present, self.proposed);
        let compare = || {
            let all = ACTIONS.iter().map(|action| Difference {
                action: *action,
                before: when(present, who, *action, program),
                after: when(proposed, who, *action, program),
            });
            all.filter(|one| one.before != one.after).collect()
        };
        self.known.entry(alike).or_insert_with(compare).clone()
    }
}

#[cfg(test)]
mod tests {
    use ringfence_policy::builtin;
    use ringfence_state::CertificateUse;

    use super::*;

    fn policies(more: &str) -> Policies {
        let mut files = builtin::files();
        files.push(PolicyFile {
            name: "more.cedar".to_owned(),
            text: more.to_owned(),
        });
        Policies::load(&files).unwrap()
    }

    /// Somebody without a role.
    fn person(id: &str) -> Principal {
        Principal {
            id: id.to_owned(),
            name: id.to_owned(),
            kind: Kind::Person,
            agent: None,
            roles: Vec::new(),
            created_ms: 0,
            expires_ms: None,
            disabled_ms: None,
            certificate: CertificateUse::default(),
            last_used_ms: None,
            mfa: false,
        }
    }

    fn changes(more: &str, people: &[Principal]) -> (Vec<Moved>, bool) {
        let bank = BTreeSet::from([Program::from("bank")]);
        moved(&policies(""), &policies(more), people, bank, 0)
    }

    #[test]
    fn whoever_a_policy_names_is_asked_about_with_no_role_and_everywhere() {
        let people = [person("ann"), person("ben")];
        let all = "@id(\"all\") @says(\"ben does everything\") permit (principal == \
            Ringfence::Person::\"ben\", action, resource);";
        let (rights, truncated) = changes(all, &people);
        assert!(!rights.is_empty() && !truncated);
        assert!(rights.iter().all(|right| right.id == "ben"));
        assert!(rights.iter().all(|right| right.program == "*"), "told once");
        let there = "@id(\"there\") @says(\"ann sees alerts of the bank\") permit (principal == \
            Ringfence::Person::\"ann\", action == Ringfence::Action::\"alert:read\", \
            resource == Ringfence::Program::\"bank\");";
        let (rights, _) = changes(there, &people);
        let told: Vec<_> = rights
            .iter()
            .map(|right| (right.id.as_str(), right.action, right.program.as_str()))
            .collect();
        assert_eq!(told, [("ann", "alert:read", "bank")]);
        assert!(changes("", &people).0.is_empty());
    }

    #[test]
    fn what_is_left_out_is_said() {
        let people: Vec<_> = (0..50).map(|n| person(&format!("p{n}"))).collect();
        let all = "@id(\"all\") @says(\"x\") permit (principal, action, resource);";
        let (rights, truncated) = changes(all, &people);
        assert_eq!((rights.len(), truncated), (MOST_SHOWN, true));
    }

    #[test]
    fn only_those_whom_a_policy_may_mean_are_told_apart() {
        let (present, named) = (
            policies(""),
            "@id(\"x\") @says(\"x\") forbid (principal == \
            Ringfence::Person::\"ben\", action, resource);",
        );
        let proposed = policies(named);
        let differences = Differences::between(&present, &proposed);
        assert!(differences.may_name(&person("ben").subject(0)));
        assert!(!differences.may_name(&person("xaver").subject(0)));
        let pattern = "@id(\"x\") @says(\"x\") forbid (principal is Ringfence::Person, action, \
            resource) when { principal has agent && principal.agent like \"47*\" };";
        let proposed = policies(pattern);
        assert!(Differences::between(&present, &proposed).may_name(&person("xaver").subject(0)));
    }
}
