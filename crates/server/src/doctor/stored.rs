//! The picture that a data folder gives by itself, with or without a server on it.

use std::path::Path;
use std::sync::Arc;

use ringfence_lake::{Lake, Limits};
use ringfence_state::{OutboxState, PageRequest, Scope, State};
use serde_json::{Value, json};

use super::Picture;
use super::picture::PICTURE_SQL;
use crate::backup::CopyError;
use crate::clock;

/// How far back it looks at what sources send.
const RECENT_MS: i64 = 24 * 3_600_000;

/// Reads a copy of the state store and the lake's files; nothing in the folder is changed.
/// `scratch` is a place for the copy. With the state in PostgreSQL (`state_elsewhere`), a database
/// that lies in the folder is an old one and is not believed.
///
/// # Errors
/// When the state store cannot be copied.
pub async fn stored(
    data: &Path,
    state_elsewhere: bool,
    scratch: &Path,
) -> Result<Picture, CopyError> {
    let now_ms = clock::now().0;
    let mut picture = Picture {
        now_ms,
        ..Picture::default()
    };
    let database = data.join("state.db");
    if database.exists() && !state_elsewhere {
        ringfence_state::copy_database(&database, scratch).await?;
        let state = State::open(scratch).await?;
        read_state(&state, &mut picture).await?;
        state.close().await;
    }
    let lake = data.join("lake");
    let opened = tokio::task::spawn_blocking(move || Lake::open_read_only(lake));
    if let Ok(Ok(lake)) = opened.await {
        picture.recent = recent(&Arc::new(lake), now_ms).await;
    }
    Ok(picture)
}

async fn read_state(state: &State, picture: &mut Picture) -> Result<(), ringfence_state::Error> {
    let sources = state.list_sources(&Scope::All).await?;
    picture.sources = sources.iter().map(|s| json!(s)).collect();
    let principals = state.list_principals().await?;
    picture.principals = principals
        .iter()
        .map(|p| json!({"name": p.name, "created_ms": p.created_ms, "disabled_ms": p.disabled_ms}))
        .collect();
    let ending = state.ending_soon(picture.now_ms).await?;
    picture.ending = ending.iter().map(|one| json!(one)).collect();
    picture.quarantine = json!(state.quarantine_stats().await?);
    for webhook in state.list_webhooks(&Scope::All).await? {
        let page = PageRequest::default();
        let dead = Some(OutboxState::Dead);
        let given_up = state
            .list_outbox(&Scope::All, &webhook.id, dead, &page)
            .await?;
        picture
            .webhooks
            .push((json!(webhook), given_up.items.len() as u64));
    }
    Ok(())
}

async fn recent(lake: &Arc<Lake>, now_ms: i64) -> Vec<Value> {
    let since = ringfence_event::Time(now_ms.saturating_sub(RECENT_MS)).to_string();
    let sql = PICTURE_SQL.replace("{since}", since.trim_end_matches('Z'));
    let answer = lake
        .query(&sql, ringfence_lake::Scope::All, Limits::default())
        .await;
    match answer {
        Ok(result) => result.rows.into_iter().map(Value::Object).collect(),
        Err(error) => {
            tracing::debug!(%error, "the lake could not be asked");
            Vec::new()
        }
    }
}
