//! Services: programs that use the API with a token of their own.

use std::str::FromStr as _;

use axum::Json;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use ringfence_policy::{Action, Assignment, Kind, Program, Role, Subject};
use ringfence_state::{CertificateUse, Held, NewRole, NewService, Principal};
use serde::{Deserialize, Serialize};

use crate::acts::{self, Act};
use crate::app::App;
use crate::auth::Person;
use crate::gate::granted;
use crate::manage::{self, All};
use crate::named;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::session::must_be_fresh;

const DAY_MS: i64 = 86_400_000;
/// A token that nobody renews ends after this, unless it says less.
const MOST_DAYS: u32 = 366;

/// A service to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    name: String,
    role: String,
    program: String,
    days: u32,
    #[serde(default)]
    why: String,
}

/// A service and its token, shown once.
#[derive(Debug, Serialize)]
pub(crate) struct WithToken {
    service: Principal,
    token: String,
}

/// `GET /api/v1/services`.
pub(crate) async fn list(AxumState(app): AxumState<App>) -> Result<Json<All<Principal>>, Problem> {
    let mut items = app.state.list_principals().await?;
    items.retain(|principal| principal.kind == Kind::Service);
    Ok(Json(All { items }))
}

/// `POST /api/v1/services`.
pub(crate) async fn create(
    AxumState(app): AxumState<App>,
    person: Person,
    body: Body<Asked>,
) -> Result<(StatusCode, Json<WithToken>), Problem> {
    let asked = read(body)?;
    let role =
        Role::from_str(&asked.role).map_err(|e| Problem::bad_request(format!("role: {e}")))?;
    named::is_program(&asked.program)?;
    let now = app.inside.now().0;
    let expires_ms = Some(end_after(asked.days, now)?);
    may_give(
        &app,
        &person,
        std::iter::once((role, asked.program.as_str())),
    )?;
    let new = NewService {
        name: asked.name,
        roles: vec![NewRole {
            role,
            program: asked.program,
            why: asked.why,
            expires_ms,
        }],
        expires_ms,
    };
    let (service, token) = app.state.create_service(new, person.name(), now).await?;
    let privileges: Vec<_> = service.roles.iter().map(Held::text).collect();
    let whom = (service.id.as_str(), service.name.as_str());
    acts::record(&app, &person, Act::Gave, whom, &privileges).await?;
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(WithToken { service, token })))
}

/// How a service's token is replaced.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Minutes for which the old token stays good; 0 ends it now.
    overlap_minutes: Option<u32>,
    /// Days from now on for which the service, its roles and the new token are good; without them,
    /// they end when they were to end.
    days: Option<u32>,
}

/// `POST /api/v1/services/{id}/rotate`.
pub(crate) async fn rotate(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Rotation>,
) -> Result<Json<WithToken>, Problem> {
    let Rotation {
        overlap_minutes,
        days,
    } = read(body)?;
    let overlap = manage::overlap(overlap_minutes)?;
    let service = one(&app, &id).await?;
    must_have_as_much(&app, &person, &service)?;
    let now = app.inside.now().0;
    let expires_ms = days.map(|days| end_after(days, now)).transpose()?;
    let rotated = app.state.rotate_service(&id, expires_ms, overlap, now);
    let (service, token) = rotated.await?;
    let whom = ("Service", service.id.as_str(), service.name.as_str());
    acts::rotated(&app, &person, whom, "", overlap).await?;
    let token = token.reveal().to_owned();
    Ok(Json(WithToken { service, token }))
}

/// What changes about a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Whether its token alone lets it in.
    certificate: CertificateUse,
}

/// `PATCH /api/v1/services/{id}`.
pub(crate) async fn change(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Change>,
) -> Result<Json<Principal>, Problem> {
    let asked = read(body)?;
    let service = one(&app, &id).await?;
    must_have_as_much(&app, &person, &service)?;
    let service = app.state.change_service(&id, asked.certificate).await?;
    let what = match asked.certificate {
        CertificateUse::Required => "is let in with its certificate only",
        CertificateUse::Accepted => "is let in by its token alone",
    };
    let whom = ("Service", service.id.as_str(), service.name.as_str());
    acts::changed(&app, &person, whom, "", what).await?;
    Ok(Json(service))
}

/// A service that there is.
pub(crate) async fn one(app: &App, id: &str) -> Result<Principal, Problem> {
    let found = app.state.principal(id).await?;
    if found.kind != Kind::Service || found.is_of_this_machine() {
        return Err(Problem::not_found(format!("no service `{id}`")));
    }
    Ok(found)
}

/// Refuses whoever would get more from a service's credential than they have themselves; who gives
/// roles to people proves again that it is them.
pub(crate) fn must_have_as_much(
    app: &App,
    person: &Person,
    service: &Principal,
) -> Result<(), Problem> {
    let roles = service.roles.iter();
    may_give(
        app,
        person,
        roles.map(|held| (held.role, held.program.as_str())),
    )
}

fn may_give<'r>(
    app: &App,
    person: &Person,
    roles: impl Iterator<Item = (Role, &'r str)>,
) -> Result<(), Problem> {
    if granted(app, &person.principal, Action::ROLE_ASSIGN).everywhere {
        return must_be_fresh(app, person);
    }
    let now = app.inside.now().0;
    for (role, program) in roles {
        must_not_exceed(app, person, Kind::Service, role, program, now)?;
    }
    Ok(())
}

fn end_after(days: u32, now_ms: i64) -> Result<i64, Problem> {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("days: 1 to {MOST_DAYS}")));
    }
    Ok(now_ms.saturating_add(i64::from(days) * DAY_MS))
}

/// `DELETE /api/v1/services/{id}`: its token is good for nothing from now on.
pub(crate) async fn end(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if id == person.id() {
        let detail = "you would switch yourself off: let another administrator do it";
        return Err(Problem::forbidden(detail));
    }
    let service = app.state.principal(&id).await?;
    if service.kind != Kind::Service {
        return Err(Problem::not_found(format!("no service `{id}`")));
    }
    app.state.disable_principal(&id, app.inside.now().0).await?;
    let privileges: Vec<_> = service.roles.iter().map(Held::text).collect();
    let whom = (service.id.as_str(), service.name.as_str());
    acts::record(&app, &person, Act::Took, whom, &privileges).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses to give a role that lets somebody do what whoever gives it may not: else a token that may make
/// tokens could make one that may everything.
pub(crate) fn must_not_exceed(
    app: &App,
    maker: &Person,
    kind: Kind,
    role: Role,
    program: &str,
    now_ms: i64,
) -> Result<(), Problem> {
    let program = Program::from(program);
    let made = Subject {
        kind,
        id: "new".to_owned(),
        agent: None,
        roles: vec![Assignment {
            role,
            program: program.clone(),
        }],
    };
    let mfa = maker.principal.mfa;
    let maker = maker.principal.subject(now_ms);
    let Some(action) = app.access.exceeds(&made, &maker, mfa, &program) else {
        return Ok(());
    };
    let words = action.words();
    let detail =
        format!("`{role}` lets {words}, which you may not: nobody gives more than they have");
    Err(Problem::forbidden(detail))
}
