//! Groups of the directory and the roles that people here give them.

use axum::Json;
use axum::extract::{Path, State};
use ringfence_state::{GroupRole, Held};
use serde_json::json;

use crate::acts;
use crate::app::App;
use crate::auth::Person;
use crate::manage::All;
use crate::object::{Body, read};
use crate::people::AskedRole;
use crate::problem::Problem;
use crate::session::must_be_fresh;

/// `GET /api/v1/groups`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<All<GroupRole>>, Problem> {
    let items = app.state.group_roles().await?;
    Ok(Json(All { items }))
}

/// `POST /api/v1/groups/{id}/roles`: all that are in it, and all that will be, have the role.
pub(crate) async fn give_role(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<AskedRole>,
) -> Result<Json<GroupRole>, Problem> {
    must_be_fresh(&app, &person)?;
    must_not_be_in(&app, &person, &id).await?;
    let now = app.inside.now().0;
    let asked = read(body)?;
    if asked.reserve {
        let detail = "reserve: a group holds nothing in reserve: give it to each person";
        return Err(Problem::bad_request(detail));
    }
    let role = asked.role(now)?;
    let given = app.state.give_group_role(&id, &role, person.id(), now);
    given.await?;
    let group = one(&app, &id).await?;
    let held = format!("{}@{}", role.role, role.program);
    privileges(&app, &person, &group, 1, "was given a role", &held).await?;
    Ok(Json(group))
}

/// `DELETE /api/v1/groups/{id}/roles/{role}`.
pub(crate) async fn take_role(
    State(app): State<App>,
    person: Person,
    Path((id, role)): Path<(String, String)>,
) -> Result<Json<GroupRole>, Problem> {
    must_be_fresh(&app, &person)?;
    must_not_be_in(&app, &person, &id).await?;
    let held: Held = app.state.take_group_role(&id, &role).await?;
    let group = one(&app, &id).await?;
    privileges(&app, &person, &group, 2, "lost a role", &held.text()).await?;
    Ok(Json(group))
}

async fn one(app: &App, id: &str) -> Result<GroupRole, Problem> {
    let all = app.state.group_roles().await?;
    let found = all.into_iter().find(|group| group.id == id);
    found.ok_or_else(|| Problem::not_found(format!("no group `{id}`")))
}

/// Nobody gives themselves a role, by way of a group either.
async fn must_not_be_in(app: &App, person: &Person, group: &str) -> Result<(), Problem> {
    let group = app.state.directory_group(group).await?;
    match group.members.contains_key(person.id()) {
        true => Err(Problem::forbidden(
            "you are in this group: another person gives and takes its roles",
        )),
        false => Ok(()),
    }
}

async fn privileges(
    app: &App,
    by: &Person,
    group: &GroupRole,
    activity: u8,
    words: &str,
    held: &str,
) -> Result<(), Problem> {
    let own = acts::begun(app, acts::USER_ACCESS, activity)
        .message(format!("group {} {words}", group.name))
        .with("group", json!({"uid": group.id, "name": group.name}))
        .with("privileges", json!([held]));
    acts::tell(app, by, own).await
}
