//! For those who watch the process, not the contact center.

use axum::Json;
use axum::extract::State as AxumState;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;

/// The contract.
static OPENAPI: &str = include_str!("../openapi.json");

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can take events in and show them.
pub(crate) async fn readyz(AxumState(app): AxumState<App>) -> Response {
    let readiness = app.inside.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

/// `GET /metrics`: Prometheus text. Figures tell about the business: a token is needed.
pub(crate) async fn metrics(AxumState(app): AxumState<App>) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, app.inside.metrics()).into_response()
}

/// `GET /api/v1/status`.
pub(crate) async fn status(AxumState(app): AxumState<App>) -> Json<serde_json::Value> {
    let mut status = app.inside.status();
    // That the state store does not answer is what the rest of the status tells.
    let ending = app.state.ending_soon(app.inside.now().0).await;
    let ending = ending.unwrap_or_else(|error| {
        tracing::warn!(%error, "credentials that end could not be looked for");
        Vec::new()
    });
    if let Some(status) = status.as_object_mut() {
        status.insert("ending".to_owned(), json!(ending));
    }
    Json(status)
}

/// `GET /api/v1/openapi.json`.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
