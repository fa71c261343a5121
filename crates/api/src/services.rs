//! Services: programs that use the API with a token of their own.

use std::str::FromStr as _;

use axum::Json;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use ringfence_event::Name;
use ringfence_policy::{Action, Assignment, Kind, Program, Role, Subject};
use ringfence_state::{Held, NewRole, NewService, Principal};
use serde::{Deserialize, Serialize};

use crate::acts::{self, Act};
use crate::app::App;
use crate::auth::Person;
use crate::gate::granted;
use crate::manage::All;
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
    if asked.program != "*" {
        Name::new(&asked.program).map_err(|e| Problem::bad_request(format!("program: {e}")))?;
    }
    if !(1..=MOST_DAYS).contains(&asked.days) {
        return Err(Problem::bad_request(format!("days: 1 to {MOST_DAYS}")));
    }
    let now = app.inside.now().0;
    // Who gives roles to people gives them to services too, and proves again that it is them.
    if granted(&app, &person.principal, Action::ROLE_ASSIGN).everywhere {
        must_be_fresh(&app, &person)?;
    } else if let Some(action) = exceeds(&app, &person, Kind::Service, role, &asked.program, now) {
        let words = action.words();
        let detail =
            format!("`{role}` lets {words}, which you may not: nobody gives more than they have");
        return Err(Problem::forbidden(detail));
    }
    let expires_ms = Some(now.saturating_add(i64::from(asked.days) * DAY_MS));
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
    let all = app.state.list_principals().await?;
    let Some(service) = all.iter().find(|p| p.id == id && p.kind == Kind::Service) else {
        return Err(Problem::not_found(format!("no service `{id}`")));
    };
    app.state.disable_principal(&id, app.inside.now().0).await?;
    let privileges: Vec<_> = service.roles.iter().map(Held::text).collect();
    let whom = (service.id.as_str(), service.name.as_str());
    acts::record(&app, &person, Act::Took, whom, &privileges).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a role would let somebody do that whoever gives it may not: else a token that may make tokens
/// could make one that may everything.
pub(crate) fn exceeds(
    app: &App,
    maker: &Person,
    kind: Kind,
    role: Role,
    program: &str,
    now_ms: i64,
) -> Option<Action> {
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
    app.access.exceeds(&made, &maker, mfa, &program)
}
