//! Access reviews.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use ringfence_state::{Review, ReviewItem};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::session::must_be_fresh;
use crate::{acts, occasions};

/// All reviews.
#[derive(Debug, Serialize)]
pub(crate) struct Reviews {
    /// When the next one opens by itself, ms; nothing while one is open.
    next_ms: Option<i64>,
    items: Vec<Review>,
}

/// `GET /api/v1/reviews`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Reviews>, Problem> {
    Ok(Json(Reviews {
        next_ms: app.state.next_review_ms().await?,
        items: app.state.reviews().await?,
    }))
}

/// A review with what it is about.
#[derive(Debug, Serialize)]
pub(crate) struct One {
    review: Review,
    items: Vec<ReviewItem>,
}

/// `GET /api/v1/reviews/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<One>, Problem> {
    let (review, items) = app.state.review(&id).await?;
    Ok(Json(One { review, items }))
}

/// A review to be opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    why: String,
}

/// `POST /api/v1/reviews`.
pub(crate) async fn open(
    State(app): State<App>,
    person: Person,
    body: Body<Asked>,
) -> Result<(StatusCode, Json<Review>), Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now();
    let policies = app.access.policies();
    let opened = app
        .state
        .open_review(&policies, &asked.why, person.id(), now.0);
    let opened = opened.await?;
    acts::tell(&app, &person, occasions::review_opened(&opened, now)).await?;
    Ok((StatusCode::CREATED, Json(opened)))
}

/// What is decided.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It is right.
    Confirm,
    /// It is taken away.
    Take,
}

/// A decision about some of the roles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    verdict: Verdict,
    /// Ids of items.
    items: Vec<String>,
    #[serde(default)]
    note: String,
}

/// `POST /api/v1/reviews/{id}/decide`.
pub(crate) async fn decide(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Decided>,
) -> Result<Json<One>, Problem> {
    must_be_fresh(&app, &person)?;
    let decided = read(body)?;
    let now = app.inside.now();
    let take = decided.verdict == Verdict::Take;
    let (items, note) = (&decided.items, &decided.note);
    let done = app
        .state
        .decide_review(&id, items, take, note, person.id(), now.0);
    let done = done.await?;
    let (review, items) = app.state.review(&id).await?;
    if take {
        for item in &done {
            acts::tell(&app, &person, occasions::review_item(&review, item, now)).await?;
        }
    } else if !done.is_empty() {
        let own = occasions::review_confirmed(&review, &done, now);
        acts::tell(&app, &person, own).await?;
    }
    Ok(Json(One { review, items }))
}

/// What whoever signs says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    #[serde(default)]
    note: String,
}

/// `POST /api/v1/reviews/{id}/sign`.
pub(crate) async fn sign(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Signed>,
) -> Result<Json<Review>, Problem> {
    must_be_fresh(&app, &person)?;
    let signed = read(body)?;
    let now = app.inside.now();
    let review = app.state.sign_review(&id, &signed.note, person.id(), now.0);
    let review = review.await?;
    acts::tell(&app, &person, occasions::review_ended(&review, None, now)).await?;
    Ok(Json(review))
}
