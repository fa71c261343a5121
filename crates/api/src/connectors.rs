//! Connectors: how they stand, fetching again, and what vendors send by themselves.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ringfence_connectors::{PushError, PushRequest, ReplayError, Status};
use ringfence_event::Time;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Person;
use crate::body;
use crate::object::{Body as JsonBody, read};
use crate::problem::Problem;
use crate::trail::{self, Said};

/// Headers that are handed on; a vendor sends some twenty.
const MOST_HEADERS: usize = 100;

/// The connectors of a person's programs.
#[derive(Debug, Serialize)]
pub(crate) struct All {
    items: Vec<Status>,
}

/// Since when to fetch again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// RFC 3339.
    since: String,
}

/// `GET /api/v1/connectors`.
pub(crate) async fn list(AxumState(app): AxumState<App>, person: Person) -> Json<All> {
    let mut items = app.connectors.list();
    items.retain(|c| person.scope().allows(&c.program));
    Json(All { items })
}

/// `POST /api/v1/connectors/{name}/replay`: answers when the cursors are set back.
pub(crate) async fn replay(
    AxumState(app): AxumState<App>,
    Path(name): Path<String>,
    body: JsonBody<Since>,
) -> Result<StatusCode, Problem> {
    let since = Time::parse_rfc3339(&read(body)?.since)
        .map_err(|_| Problem::bad_request("`since` is a time such as `2026-11-22T09:30:00Z`"))?;
    if since > app.inside.now() {
        return Err(Problem::bad_request("`since` lies in the future"));
    }
    match app.connectors.replay(&name, since).await {
        Ok(()) => {
            let said = Said::new(format!(
                "connector {name} fetches again what came since {since}"
            ));
            trail::say(said.to(&name, &name));
            Ok(StatusCode::NO_CONTENT)
        }
        Err(error @ ReplayError::Unknown(_)) => Err(Problem::not_found(error.to_string())),
        Err(error @ ReplayError::OnlyPush(_)) => Err(Problem::bad_request(error.to_string())),
        Err(error @ ReplayError::Failed(_)) => Err(Problem::unavailable(error.to_string())),
    }
}

/// `POST /api/v1/connectors/{name}/push`: no token of ours, but the vendor's own proof. Answers
/// when everything is durable.
pub(crate) async fn push(
    AxumState(app): AxumState<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let request = PushRequest {
        query: query.unwrap_or_default(),
        body: body::read(&headers, body, &app.limits).await?,
        headers: headers
            .iter()
            .take(MOST_HEADERS)
            .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
            .collect(),
    };
    match app.connectors.push(&name, &request).await {
        Ok(None) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(Some((kind, body))) => Ok(([(header::CONTENT_TYPE, kind)], body).into_response()),
        Err(error @ PushError::Unknown) => Err(Problem::not_found(error.to_string())),
        Err(error @ PushError::Unproven) => Err(Problem::forbidden(error.to_string())),
        Err(error @ PushError::Shape(_)) => Err(Problem::bad_request(error.to_string())),
        Err(error @ (PushError::Secret(_) | PushError::Sink(_))) => {
            tracing::error!(connector = name, %error, "what a vendor sent could not be taken");
            Err(Problem::unavailable("send it again later"))
        }
    }
}
