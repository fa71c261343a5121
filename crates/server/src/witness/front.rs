//! What a witness answers over HTTP (C2SP tlog-witness, and a little for people).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ringfence_tlog::witness::Refusal;
use ringfence_witness::{NotSigned, Witness};

use crate::clock;

/// A note of 64 KiB, and 63 hashes.
const MOST_BODY: usize = (64 + 4) << 10;
const TEXT: &str = "text/plain; charset=utf-8";
/// The size that a witness signed last, by the specification.
const SIZE: &str = "text/x.tlog.size";

pub(super) fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/checkpoint/{id}", get(checkpoint))
        .route("/status", get(status))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .with_state(witness)
}

async fn add(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    // What is signed is written first, and that waits for the disk.
    let work = move || witness.add(&body, clock::now().0);
    let Ok(done) = tokio::task::spawn_blocking(work).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let refused = match done {
        Ok(line) => return text(StatusCode::OK, TEXT, format!("{line}\n")),
        Err(refused) => refused,
    };
    tracing::warn!(%refused, "a checkpoint was not signed");
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refused {
        NotSigned::Refused(Refusal::Conflict(size)) => text(status, SIZE, format!("{size}\n")),
        other => text(status, TEXT, format!("{other}\n")),
    }
}

async fn checkpoint(State(witness): State<Arc<Witness>>, Path(id): Path<String>) -> Response {
    match witness.checkpoint(&id) {
        Some(note) => text(StatusCode::OK, TEXT, note),
        None => text(
            StatusCode::NOT_FOUND,
            TEXT,
            "nothing was signed of such a log\n".to_owned(),
        ),
    }
}

async fn status(State(witness): State<Arc<Witness>>) -> Response {
    Json(witness.status()).into_response()
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (status, headers, body).into_response()
}
