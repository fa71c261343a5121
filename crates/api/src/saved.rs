//! Views and queries that somebody keeps.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use ringfence_state::{NewSaved, Saved, SavedKind};
use serde::Deserialize;

use crate::app::App;
use crate::auth::Person;
use crate::manage::All;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::trail::{self, Said};

/// Query parameters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    kind: Option<SavedKind>,
}

/// `GET /api/v1/saved`: one's own.
pub(crate) async fn list(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<All<Saved>>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let items = app.state.list_saved(person.id(), asked.kind).await?;
    Ok(Json(All { items }))
}

/// `POST /api/v1/saved`.
pub(crate) async fn create(
    AxumState(app): AxumState<App>,
    person: Person,
    body: Body<NewSaved>,
) -> Result<(StatusCode, Json<Saved>), Problem> {
    let new = read(body)?;
    let now = app.inside.now().0;
    let saved = app.state.keep_saved(person.id(), &new, now).await?;
    let said = Said::new(format!("{} was saved", saved.name));
    trail::say(said.to(&saved.id, &saved.name));
    Ok((StatusCode::CREATED, Json(saved)))
}

/// `DELETE /api/v1/saved/{id}`.
pub(crate) async fn forget(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.state.forget_saved(person.id(), &id).await?;
    trail::say(Said::new("what was saved was removed").to(&id, ""));
    Ok(StatusCode::NO_CONTENT)
}
