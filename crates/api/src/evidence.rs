//! The evidence log: who did what to whom, and the proof that it was not changed since.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, header};
use ringfence_crypto::to_base64;
use ringfence_state::{Evidence, EvidenceFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alerts::page_request;
use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    actor: Option<String>,
    target: Option<String>,
    kind: Option<String>,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of records.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    items: Vec<Item>,
    next: Option<String>,
    log: LogNow,
}

/// The log as it is now.
#[derive(Debug, Serialize)]
pub(crate) struct LogNow {
    /// The key that its checkpoints are checked with.
    key: String,
    size: u64,
}

/// A record, and what the log commits to.
#[derive(Debug, Serialize)]
pub(crate) struct Item {
    index: u64,
    time_ms: i64,
    kind: String,
    program: String,
    actor: String,
    target: String,
    /// What happened; nothing when it was erased.
    record: Option<Value>,
}

/// A record with all that is needed to check it against the log.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    item: Item,
    /// The record to the byte, as it was committed to.
    text: Option<String>,
    /// Base64.
    salt: Option<String>,
    /// C2SP tlog-proof; nothing for the second in which it is not in the log yet.
    proof: Option<String>,
    log: LogNow,
}

/// `GET /api/v1/evidence`.
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Listed>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let page = page_request(asked.limit, asked.cursor)?;
    let filter = EvidenceFilter {
        actor: asked.actor,
        target: asked.target,
        kind: asked.kind,
        from_ms: asked.from_ms,
        until_ms: asked.until_ms,
    };
    let page = app
        .state
        .list_evidence(person.scope(), &filter, &page)
        .await?;
    Ok(Json(Listed {
        items: page.items.iter().map(item).collect(),
        next: page.next,
        log: log_now(&app),
    }))
}

/// `GET /api/v1/evidence/{index}`.
pub(crate) async fn show(
    State(app): State<App>,
    person: Person,
    Path(index): Path<String>,
) -> Result<Json<Shown>, Problem> {
    let index = number(&index)?;
    let row = app.state.evidence(person.scope(), index).await?;
    let proof = app.inside.evidence().proof(index).await;
    Ok(Json(Shown {
        item: item(&row),
        salt: row.record.as_ref().map(|(salt, _)| to_base64(salt)),
        proof: proof.map_err(|error| Problem::internal(&error))?,
        log: log_now(&app),
        text: row.record.map(|(_, text)| text),
    }))
}

/// `GET /evidence/{*path}`: the log itself, for anybody.
pub(crate) async fn file(
    State(app): State<App>,
    Path(path): Path<String>,
) -> Result<([(HeaderName, HeaderValue); 2], Vec<u8>), Problem> {
    let none = || match path.as_str() {
        "checkpoint" => Problem::not_found(
            "no checkpoint of the evidence log has yet as many cosignatures as \
             `evidence.cosignatures` asks for",
        ),
        _ => Problem::not_found(format!("the evidence log has no file `{path}`")),
    };
    let read = app.inside.evidence().file(&path).await;
    let bytes = read.map_err(|error| Problem::internal(&error))?;
    let bytes = bytes.ok_or_else(none)?;
    // Tiles never change; the checkpoint is another one with each entry (C2SP tlog-tiles).
    let (kind, keep) = match path.as_str() {
        "checkpoint" => ("text/plain; charset=utf-8", "no-cache"),
        _ => (
            "application/octet-stream",
            "public, max-age=604800, immutable",
        ),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
    ];
    Ok((headers, bytes))
}

/// The number of an entry, out of an address.
pub(crate) fn number(text: &str) -> Result<u64, Problem> {
    let none = || {
        Problem::not_found(format!(
            "no entry of the evidence log has the number `{text}`"
        ))
    };
    text.parse().map_err(|_| none())
}

fn item(row: &Evidence) -> Item {
    let record = row.record.as_ref();
    Item {
        index: row.index,
        time_ms: row.time_ms,
        kind: row.kind.clone(),
        program: row.program.clone(),
        actor: row.actor.clone(),
        target: row.target.clone(),
        record: record.and_then(|(_, text)| serde_json::from_str(text).ok()),
    }
}

pub(crate) fn log_now(app: &App) -> LogNow {
    let log = app.inside.evidence();
    LogNow {
        key: log.key(),
        size: log.size(),
    }
}
