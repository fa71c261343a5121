//! People, for whoever looks after accounts.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use ringfence_identity::Login;
use ringfence_policy::{Action, Role};
use ringfence_state::{
    Account, ChangePerson, Factor, Held, Invitation, Link, NewPerson, NewRole, Reset, ShownSession,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use crate::acts;
use crate::app::App;
use crate::auth::Person;
use crate::gate::granted;
use crate::manage::All;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::session::must_be_fresh;
use crate::sign_in::told::{self, Change};

const DAY_MS: i64 = 86_400_000;
/// Days that a role which ends by itself may last at most.
const MOST_DAYS: i64 = 3_650;

/// `GET /api/v1/people`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<All<Account>>, Problem> {
    let items = app.state.accounts(app.inside.now().0).await?;
    Ok(Json(All { items }))
}

/// Somebody with all that there is to know of how they sign in.
#[derive(Debug, Serialize)]
pub(crate) struct One {
    account: Account,
    factors: Vec<Factor>,
    /// Accounts of theirs at providers of sign-in.
    links: Vec<Link>,
    sessions: Vec<ShownSession>,
    resets: Vec<Reset>,
}

/// `GET /api/v1/people/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<One>, Problem> {
    let now = app.inside.now().0;
    Ok(Json(One {
        account: app.state.account(&id, now).await?,
        factors: app.state.factors(&id).await?,
        links: app.state.links(&id).await?,
        sessions: app.state.sessions_of(&id, now).await?,
        resets: app.state.resets(Some(&id)).await?,
    }))
}

/// A role to be given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedRole {
    role: Role,
    /// `*` is everywhere.
    program: String,
    why: String,
    /// When it ends by itself.
    days: Option<i64>,
    /// It is in force only while they break the glass.
    #[serde(default)]
    pub(crate) reserve: bool,
}

impl AskedRole {
    pub(crate) fn role(self, now_ms: i64) -> Result<NewRole, Problem> {
        if self
            .days
            .is_some_and(|days| !(1..=MOST_DAYS).contains(&days))
        {
            let detail = format!("days: 1 to {MOST_DAYS}, or none for a role without an end");
            return Err(Problem::bad_request(detail));
        }
        Ok(NewRole {
            role: self.role,
            program: self.program,
            why: self.why,
            expires_ms: self.days.map(|days| now_ms.saturating_add(days * DAY_MS)),
        })
    }
}

/// Somebody to be invited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invited {
    login: String,
    name: String,
    agent: Option<String>,
    #[serde(default)]
    roles: Vec<AskedRole>,
}

/// An enrolment code, shown this once.
#[derive(Debug, Serialize)]
pub(crate) struct Code {
    code: String,
    /// Where it is shown, with the code behind the `#`, which no server sees.
    url: String,
    not_before_ms: i64,
    expires_ms: i64,
}

impl Code {
    fn of(app: &App, invitation: &Invitation) -> Self {
        let code = invitation.code.reveal().to_owned();
        Self {
            url: format!("{}/enrol#{code}", app.inside.public_url()),
            code,
            not_before_ms: invitation.not_before_ms,
            expires_ms: invitation.expires_ms,
        }
    }
}

/// Somebody who was invited.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    account: Account,
    enrolment: Code,
}

/// `POST /api/v1/people`.
pub(crate) async fn create(
    State(app): State<App>,
    person: Person,
    body: Body<Invited>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    if !asked.roles.is_empty() && !granted(&app, &person.principal, Action::ROLE_ASSIGN).everywhere
    {
        return Err(Problem::forbidden("roles: you may not give roles"));
    }
    if asked.roles.iter().any(|role| role.reserve) {
        let detail = "roles: what is in reserve is given to somebody who is there already";
        return Err(Problem::bad_request(detail));
    }
    let roles = asked.roles.into_iter().map(|role| role.role(now));
    let new = NewPerson {
        login: login(&asked.login)?,
        name: asked.name,
        agent: asked.agent,
        roles: roles.collect::<Result<_, _>>()?,
    };
    let (account, invitation) = app.state.create_person(new, person.id(), now).await?;
    told(&app, Change::Create, &account, &person, "was invited").await?;
    let held: Vec<_> = account.principal.roles.iter().map(Held::text).collect();
    if !held.is_empty() {
        privileges(&app, &person, &account, 1, "was given roles", &held).await?;
    }
    let enrolment = Code::of(&app, &invitation);
    Ok((StatusCode::CREATED, Json(Made { account, enrolment })))
}

/// What is to change about somebody; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    name: Option<String>,
    login: Option<String>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "there")]
    agent: Option<Option<String>>,
    /// Whether they may sign in at all.
    enabled: Option<bool>,
    /// Whether the directory looks after them.
    directory: Option<bool>,
}

fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// `PATCH /api/v1/people/{id}`.
pub(crate) async fn change(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Changes>,
) -> Result<Json<Account>, Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    if asked.enabled == Some(false) && id == person.id() {
        let detail = "enabled: you would switch yourself off: let another administrator do it";
        return Err(Problem::forbidden(detail));
    }
    // Else somebody could become the agent whose calls open records.
    if asked.agent.is_some() && id == person.id() {
        return Err(Problem::forbidden("agent: another person sets yours"));
    }
    // Else somebody could give themselves an agent, and be in groups, by a program of theirs.
    if asked.directory.is_some() && id == person.id() {
        let detail = "directory: another person hands you over, or takes you back";
        return Err(Problem::forbidden(detail));
    }
    let changed = ChangePerson {
        name: asked.name,
        login: asked.login.as_deref().map(login).transpose()?,
        agent: asked.agent,
    };
    let mut account = app.state.change_person(&id, &changed, now).await?;
    if changed.name.is_some() || changed.login.is_some() || changed.agent.is_some() {
        told(&app, Change::Other, &account, &person, "has other names").await?;
    }
    if let Some(given) = asked.directory {
        app.state.give_to_directory(&id, given, now).await?;
        account = app.state.account(&id, now).await?;
        let what = match given {
            true => "was handed over to the directory",
            false => "was taken back from the directory",
        };
        told(&app, Change::Other, &account, &person, what).await?;
    }
    match asked.enabled {
        Some(true) => {
            account = app.state.enable_person(&id, now).await?;
            told(&app, Change::Enable, &account, &person, "was switched on").await?;
        }
        Some(false) => {
            account = app.state.disable_person(&id, now).await?;
            told(&app, Change::Disable, &account, &person, "was switched off").await?;
        }
        None => {}
    }
    Ok(Json(account))
}

/// `POST /api/v1/people/{id}/invite`: another code for somebody who has not enrolled.
pub(crate) async fn invite(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<Code>, Problem> {
    must_be_fresh(&app, &person)?;
    let now = app.inside.now().0;
    let invitation = app.state.invite_person(&id, person.id(), now).await?;
    let account = app.state.account(&id, now).await?;
    told(
        &app,
        Change::Other,
        &account,
        &person,
        "was given another enrolment code",
    )
    .await?;
    Ok(Json(Code::of(&app, &invitation)))
}

/// `DELETE /api/v1/people/{id}/sessions`.
pub(crate) async fn end_sessions(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let account = app.state.account(&id, app.inside.now().0).await?;
    app.state.end_sessions_of(&id, None).await?;
    told(
        &app,
        Change::Other,
        &account,
        &person,
        "all sessions were ended",
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/people/{id}/links/{link}`. Their sessions by it end.
pub(crate) async fn unlink(
    State(app): State<App>,
    person: Person,
    Path((id, link)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    must_be_fresh(&app, &person)?;
    let account = app.state.account(&id, app.inside.now().0).await?;
    let gone = app
        .state
        .unlink(&id, &link, false, app.inside.now().0)
        .await?;
    let what = format!("an account of {} was unlinked", gone.issuer);
    told(&app, Change::FactorDisable, &account, &person, &what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/people/{id}/roles`.
pub(crate) async fn give_role(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<AskedRole>,
) -> Result<Json<Account>, Problem> {
    must_be_fresh(&app, &person)?;
    must_be_another(&person, &id)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    let reserve = asked.reserve;
    let role = asked.role(now)?;
    // Services are looked after elsewhere.
    app.state.account(&id, now).await?;
    let words = if reserve {
        app.state.give_reserve(&id, &role, person.id(), now).await?;
        "was given a role in reserve"
    } else {
        app.state.give_role(&id, &role, person.id(), now).await?;
        "was given a role"
    };
    let account = app.state.account(&id, now).await?;
    let held = format!("{}@{}", role.role, role.program);
    privileges(&app, &person, &account, 1, words, &[held]).await?;
    Ok(Json(account))
}

/// `DELETE /api/v1/people/{id}/roles/{role}`.
pub(crate) async fn take_role(
    State(app): State<App>,
    person: Person,
    Path((id, role)): Path<(String, String)>,
) -> Result<Json<Account>, Problem> {
    must_be_fresh(&app, &person)?;
    must_be_another(&person, &id)?;
    let now = app.inside.now().0;
    let before = app.state.account(&id, now).await?;
    let held = before.principal.roles.iter().find(|held| held.id == role);
    let held = held.ok_or_else(|| Problem::not_found(format!("no role `{role}` of theirs")))?;
    app.state.take_role(&id, &role, person.id(), now).await?;
    privileges(&app, &person, &before, 2, "lost a role", &[held.text()]).await?;
    Ok(Json(app.state.account(&id, now).await?))
}

/// A reset to be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedReset {
    why: String,
    called_back: String,
}

/// `POST /api/v1/people/{id}/resets`.
pub(crate) async fn ask_reset(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<AskedReset>,
) -> Result<(StatusCode, Json<Reset>), Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    let by = person.id();
    let reset = app
        .state
        .ask_reset(&id, &asked.why, &asked.called_back, by, now);
    let reset = reset.await?;
    let account = app.state.account(&id, now).await?;
    let what = format!(
        "a reset was asked for after a call-back ({})",
        reset.called_back
    );
    told(&app, Change::Reset, &account, &person, &what).await?;
    Ok((StatusCode::CREATED, Json(reset)))
}

/// A reset with its code, which is good after the wait.
#[derive(Debug, Serialize)]
pub(crate) struct Confirmed {
    reset: Reset,
    enrolment: Code,
}

/// `POST /api/v1/resets/{id}/confirm`.
pub(crate) async fn confirm_reset(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<Confirmed>, Problem> {
    must_be_fresh(&app, &person)?;
    let now = app.inside.now().0;
    let (reset, invitation) = app.state.confirm_reset(&id, person.id(), now).await?;
    let account = app.state.account(&reset.person_id, now).await?;
    let what = "a reset was confirmed by a second person";
    told(&app, Change::Reset, &account, &person, what).await?;
    let enrolment = Code::of(&app, &invitation);
    Ok(Json(Confirmed { reset, enrolment }))
}

/// `DELETE /api/v1/resets/{id}`.
pub(crate) async fn refuse_reset(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<Reset>, Problem> {
    let now = app.inside.now().0;
    let reset = app.state.refuse_reset(&id, person.id(), now).await?;
    let account = app.state.account(&reset.person_id, now).await?;
    told(
        &app,
        Change::Reset,
        &account,
        &person,
        "a reset was refused",
    )
    .await?;
    Ok(Json(reset))
}

/// `GET /api/v1/resets`.
pub(crate) async fn resets(State(app): State<App>) -> Result<Json<All<Reset>>, Problem> {
    let items = app.state.resets(None).await?;
    Ok(Json(All { items }))
}

async fn told(
    app: &App,
    change: Change,
    who: &Account,
    by: &Person,
    what: &str,
) -> Result<(), Problem> {
    told::account(app, change, &who.principal, Some(&by.principal), what).await
}

/// Roles that were given (`activity` 1) or taken (2).
async fn privileges(
    app: &App,
    by: &Person,
    whom: &Account,
    activity: u8,
    words: &str,
    held: &[String],
) -> Result<(), Problem> {
    let own = acts::begun(app, acts::USER_ACCESS, activity)
        .message(format!("{} {words}", whom.principal.name))
        .with("user", told::user(&whom.principal))
        .with("privileges", json!(held));
    acts::tell(app, by, own).await
}

/// Nobody gives themselves a role, nor keeps somebody from taking theirs by taking another's first.
fn must_be_another(person: &Person, id: &str) -> Result<(), Problem> {
    match person.id() == id {
        true => Err(Problem::forbidden(
            "another person gives and takes your roles",
        )),
        false => Ok(()),
    }
}

fn login(text: &str) -> Result<Login, Problem> {
    Login::parse(text).map_err(|e| Problem::bad_request(format!("login: {e}")))
}
