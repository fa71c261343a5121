//! Roles for hours: whoever is signed in asks, another person answers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use ringfence_policy::{Action, Kind, Role};
use ringfence_state::{NewRequest, RoleRequest};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::gate::{granted, scope};
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::services::must_not_exceed;
use crate::session::must_be_fresh;
use crate::{acts, named, occasions};

/// A request as whoever asks may see and answer it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    request: RoleRequest,
    /// Whoever asks may answer it.
    answerable: bool,
}

/// Requests.
#[derive(Debug, Serialize)]
pub(crate) struct Requests {
    /// Longest time that a role is granted for, minutes.
    most_minutes: i64,
    items: Vec<Shown>,
}

/// `GET /api/v1/access/requests`: one's own, and those that one may answer.
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
) -> Result<Json<Requests>, Problem> {
    let now = app.inside.now().0;
    let gives = scope(&app, &person.principal, Action::ROLE_ASSIGN);
    let items = app.state.role_requests(person.id(), &gives).await?;
    let is_answerable = |request: &RoleRequest| {
        let is_own = request.person_id == person.id();
        request.is_waiting_at(now) && !is_own && gives.allows(&request.program)
    };
    let items = items.into_iter().map(|request| Shown {
        answerable: is_answerable(&request),
        request,
    });
    Ok(Json(Requests {
        most_minutes: app.state.most_grant_minutes(),
        items: items.collect(),
    }))
}

/// What somebody asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    role: Role,
    /// `*` is everywhere.
    program: String,
    why: String,
    minutes: i64,
}

/// `POST /api/v1/access/requests`.
pub(crate) async fn ask(
    State(app): State<App>,
    person: Person,
    body: Body<Asked>,
) -> Result<(StatusCode, Json<RoleRequest>), Problem> {
    let asked = read(body)?;
    named::is_program(&asked.program)?;
    let now = app.inside.now();
    let new = NewRequest {
        role: asked.role,
        program: asked.program,
        why: asked.why,
        minutes: asked.minutes,
    };
    let request = app.state.ask_role(person.id(), &new, now.0).await?;
    acts::tell(&app, &person, occasions::request(&request, now)).await?;
    Ok((StatusCode::CREATED, Json(request)))
}

/// What somebody answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    #[serde(default)]
    note: String,
}

/// `POST /api/v1/access/requests/{id}/approve`.
pub(crate) async fn approve(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Answer>,
) -> Result<Json<RoleRequest>, Problem> {
    let answer = read(body)?;
    let request = to_answer(&app, &person, &id).await?;
    let now = app.inside.now();
    // Who gives roles everywhere gives them here too; who gives them in a program gives what is theirs.
    let everywhere = granted(&app, &person.principal, Action::ROLE_ASSIGN).everywhere;
    let (role, program) = (request.role, request.program.as_str());
    if !everywhere {
        must_not_exceed(&app, &person, Kind::Person, role, program, now.0)?;
    }
    let granted = app
        .state
        .grant_request(&id, person.id(), &answer.note, now.0);
    let granted = granted.await?;
    acts::tell(&app, &person, occasions::request(&granted, now)).await?;
    Ok(Json(granted))
}

/// `POST /api/v1/access/requests/{id}/refuse`.
pub(crate) async fn refuse(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Answer>,
) -> Result<Json<RoleRequest>, Problem> {
    let answer = read(body)?;
    to_answer(&app, &person, &id).await?;
    let now = app.inside.now();
    let refused = app
        .state
        .refuse_request(&id, person.id(), &answer.note, now.0);
    let refused = refused.await?;
    acts::tell(&app, &person, occasions::request(&refused, now)).await?;
    Ok(Json(refused))
}

/// A request of the programs in which somebody gives roles; another one is not there for them.
async fn to_answer(app: &App, person: &Person, id: &str) -> Result<RoleRequest, Problem> {
    must_be_fresh(app, person)?;
    let request = app.state.role_request(id).await?;
    let gives = scope(app, &person.principal, Action::ROLE_ASSIGN);
    match gives.allows(&request.program) {
        true => Ok(request),
        false => Err(Problem::not_found(format!("no request `{id}`"))),
    }
}

/// `DELETE /api/v1/access/requests/{id}`: whoever asked needs it no longer.
pub(crate) async fn withdraw(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<RoleRequest>, Problem> {
    let now = app.inside.now();
    let request = app.state.withdraw_request(&id, person.id(), now.0).await?;
    acts::tell(&app, &person, occasions::request(&request, now)).await?;
    Ok(Json(request))
}
