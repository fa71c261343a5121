//! Break-glass: a role in reserve at once, and the review of that by another person.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use ringfence_state::{Emergency, Justified};
use serde::Deserialize;

use crate::acts;
use crate::app::App;
use crate::auth::Person;
use crate::manage::All;
use crate::object::{Body, read};
use crate::occasions::{self, Phase};
use crate::problem::Problem;
use crate::session::must_be_fresh;

/// `GET /api/v1/emergencies`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<All<Emergency>>, Problem> {
    let items = app.state.emergencies(None).await?;
    Ok(Json(All { items }))
}

/// Which role in reserve, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Glass {
    /// Id of the role in reserve.
    role: String,
    why: String,
}

/// `POST /api/v1/me/emergencies`. On the log before the answer; where the log cannot be written, the
/// server tells it as soon as it can.
pub(crate) async fn break_glass(
    State(app): State<App>,
    person: Person,
    body: Body<Glass>,
) -> Result<(StatusCode, Json<Emergency>), Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now();
    let glass = app
        .state
        .break_glass(person.id(), &asked.role, &asked.why, now.0);
    let glass = glass.await?;
    acts::tell(
        &app,
        &person,
        occasions::emergency(&glass, Phase::Began, now),
    )
    .await?;
    app.state.emergency_told(&glass.id, now.0).await?;
    Ok((StatusCode::CREATED, Json(glass)))
}

/// `DELETE /api/v1/me/emergencies`: what is in force ends now.
pub(crate) async fn end(
    State(app): State<App>,
    person: Person,
) -> Result<Json<All<Emergency>>, Problem> {
    let now = app.inside.now();
    let items = app.state.end_emergencies(person.id(), now.0).await?;
    for ended in &items {
        acts::tell(
            &app,
            &person,
            occasions::emergency(ended, Phase::Ended, now),
        )
        .await?;
    }
    Ok(Json(All { items }))
}

/// What a reviewer found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    verdict: Justified,
    note: String,
}

/// `POST /api/v1/emergencies/{id}/review`.
pub(crate) async fn review(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Found>,
) -> Result<Json<Emergency>, Problem> {
    must_be_fresh(&app, &person)?;
    let found = read(body)?;
    let now = app.inside.now();
    let (by, note) = (person.id(), &found.note);
    let done = app
        .state
        .review_emergency(&id, by, found.verdict, note, now.0);
    let done = done.await?;
    acts::tell(
        &app,
        &person,
        occasions::emergency(&done, Phase::Reviewed, now),
    )
    .await?;
    Ok(Json(done))
}
