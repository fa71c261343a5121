//! What the evidence log has about whoever asks: what they did, and what others did to them.
//!
//! Of their own acts they see the whole record. Of what somebody else did to them: who, when, what, and that
//! it was logged. The rest of such a record is about whoever did it, from which address and why; the entry
//! commits to it, and an auditor can open it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use ringfence_crypto::to_base64;
use ringfence_state::Evidence;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alerts::page_request;
use crate::app::App;
use crate::auth::Person;
use crate::evidence::{LogNow, log_now, number};
use crate::problem::Problem;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of entries.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    items: Vec<Item>,
    next: Option<String>,
    log: LogNow,
}

/// What somebody may see of an entry that is about them.
#[derive(Debug, Serialize)]
struct Item {
    index: u64,
    time_ms: i64,
    kind: String,
    /// They did it, or somebody who used their name.
    by_me: bool,
    actor: String,
    /// As they were called then.
    actor_name: Option<String>,
    /// Nothing when the record was erased.
    what: Option<String>,
    result: Option<String>,
}

/// An entry with its proof.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    item: Item,
    /// What the log has; nothing for the second in which it is not there yet.
    entry: Option<String>,
    /// The record to the byte, and its salt: of their own acts.
    text: Option<String>,
    salt: Option<String>,
    /// C2SP tlog-proof.
    proof: Option<String>,
    log: LogNow,
}

/// `GET /api/v1/me/evidence`.
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Listed>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let page = page_request(asked.limit, asked.cursor)?;
    let page = app.state.evidence_about(person.id(), &page).await?;
    Ok(Json(Listed {
        items: page.items.iter().map(|row| item(row, &person)).collect(),
        next: page.next,
        log: log_now(&app),
    }))
}

/// `GET /api/v1/me/evidence/{index}`.
pub(crate) async fn show(
    State(app): State<App>,
    person: Person,
    Path(index): Path<String>,
) -> Result<Json<Shown>, Problem> {
    let index = number(&index)?;
    let row = app.state.evidence_about_one(person.id(), index).await?;
    let evidence = app.inside.evidence();
    let failed = |error| Problem::internal(&error);
    let entry = evidence.entry(index).await.map_err(failed)?;
    let proof = evidence.proof(index).await.map_err(failed)?;
    let item = item(&row, &person);
    let record = row.record.filter(|_| item.by_me);
    let (salt, text) = record.unzip();
    Ok(Json(Shown {
        item,
        entry,
        text,
        salt: salt.map(|salt| to_base64(&salt)),
        proof,
        log: log_now(&app),
    }))
}

fn item(row: &Evidence, person: &Person) -> Item {
    let record = row.record.as_ref();
    let record = record.and_then(|(_, text)| serde_json::from_str::<Value>(text).ok());
    let text = |pointer: &str| {
        let found = record.as_ref()?.pointer(pointer)?.as_str()?;
        Some(found.to_owned())
    };
    Item {
        index: row.index,
        time_ms: row.time_ms,
        kind: row.kind.clone(),
        by_me: row.actor == person.id(),
        actor: row.actor.clone(),
        actor_name: text("/ocsf/actor/user/name"),
        what: text("/what"),
        result: text("/result"),
    }
}
