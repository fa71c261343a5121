//! Intake over HTTP: our own, and Splunk's HTTP Event Collector.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ringfence_sources::{Format, Incoming, Naming, Receipt};
use serde_json::json;

use crate::app::App;
use crate::auth::{Peer, Sender};
use crate::body;
use crate::problem::Problem;

/// Longest idempotency key.
const MOST_KEY: usize = 200;
/// Rejections listed in an answer; the counts are always whole.
const MOST_LISTED: usize = 1_000;

/// `POST /api/v1/events`: NDJSON, a JSON array or one object; `text/csv` for tables. Answers when all that was accepted
/// is durable.
pub(crate) async fn post(
    AxumState(app): AxumState<App>,
    sender: Sender,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let receipt = take(&app, &sender, peer, &headers, body, format(&headers)).await?;
    // Nothing in it could be used: say so in the status, for senders that look no further.
    let refused = receipt.accepted + receipt.duplicates == 0 && !receipt.rejected.is_empty();
    let status = if refused {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let listed = receipt
        .rejected
        .get(..MOST_LISTED)
        .unwrap_or(&receipt.rejected);
    let answer = json!({
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "rejected": receipt.rejected.len(),
        "rejections": listed,
    });
    Ok((status, Json(answer)).into_response())
}

/// `POST /services/collector/event`: answers as Splunk does (`code` 0 Success, 6 Invalid data
/// format).
pub(crate) async fn hec(
    AxumState(app): AxumState<App>,
    sender: Sender,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let receipt = take(&app, &sender, peer, &headers, body, Format::Hec).await?;
    Ok(match receipt.rejected.first() {
        None if receipt.accepted + receipt.duplicates == 0 => (
            StatusCode::BAD_REQUEST,
            Json(json!({"text": "No data", "code": 5})),
        )
            .into_response(),
        None => Json(json!({"text": "Success", "code": 0})).into_response(),
        Some(first) => {
            let answer = json!({
                "text": format!("Invalid data format: {}", first.reason),
                "code": 6,
                "invalid-event-number": first.index,
            });
            (StatusCode::BAD_REQUEST, Json(answer)).into_response()
        }
    })
}

/// `GET /services/collector/health`.
pub(crate) async fn hec_health() -> Json<serde_json::Value> {
    Json(json!({"text": "HEC is healthy", "code": 17}))
}

/// Hands a whole body to the intake.
pub(crate) async fn take(
    app: &App,
    sender: &Sender,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
    body: Body,
    format: Format,
) -> Result<Receipt, Problem> {
    let naming = naming(headers)?;
    let bytes = body::read(headers, body, &app.limits).await?;
    let incoming = Incoming {
        bytes,
        received: app.inside.now(),
        peer: peer.map(|Extension(peer)| peer.address),
        flow: None,
        naming,
        line: 0,
    };
    Ok(app
        .sink
        .submit(&sender.origin, format, vec![incoming])
        .await?)
}

/// Tables are sent as `text/csv`: with a header line, or Asterisk's call detail records without.
fn format(headers: &HeaderMap) -> Format {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    match kind.map(|k| k.trim().to_ascii_lowercase()) {
        Some(kind) if kind.starts_with("text/csv") => Format::Cdr,
        _ => Format::Json,
    }
}

/// How records without an identity of their own are named: by the sender's idempotency key.
pub(crate) fn naming(headers: &HeaderMap) -> Result<Naming, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(Naming::Arrival);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|k| (1..=MOST_KEY).contains(&k.len()) && k.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| {
            Problem::bad_request("the idempotency key is 1 to 200 visible ASCII characters")
        })?;
    Ok(Naming::Key(Arc::from(key), 0))
}
