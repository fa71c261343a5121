//! Connectors inside the server: their cursors in the state store, their sources, and how late
//! the call join has to expect them.

use std::sync::Arc;

use async_trait::async_trait;
use ringfence_connectors::{Connector, ConnectorConfig, Connectors, Cursor, Cursors};
use ringfence_sources::{Intake, Sink};
use ringfence_state::State;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::{Config, SourceConfig};
use crate::server::ServerError;

/// Owner of the bookmarks.
const OWNER: &str = "connectors";

/// Cursors as bookmarks of the state store.
struct StateCursors(State);

#[async_trait]
impl Cursors for StateCursors {
    async fn load(&self, name: &str) -> Result<Option<Cursor>, String> {
        let marks = self.0.bookmarks(OWNER).await.map_err(|e| e.to_string())?;
        let Some((_, text)) = marks.into_iter().find(|(n, _)| n == name) else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            format!(
                "the bookmark `{name}` cannot be read: set it with `ringfence connectors replay`"
            )
        })
    }

    async fn save(&self, name: &str, cursor: &Cursor) -> Result<(), String> {
        let text = serde_json::to_string(cursor).map_err(|e| e.to_string())?;
        let mark = [(name.to_owned(), Some(text))];
        let saved = self.0.set_bookmarks(OWNER, &mark, clock::now().0).await;
        saved.map_err(|e| e.to_string())
    }
}

/// The connectors of a configuration, ready to run.
pub(crate) fn build(config: &Config) -> Result<Vec<Connector>, ServerError> {
    let (mut connectors, mut wrong) = (Vec::new(), Vec::new());
    for connector in &config.connectors {
        match connector.build() {
            Ok(connector) => connectors.push(connector),
            Err(mistakes) => {
                let line = |m: &_| format!("connector `{}`: {m}", connector.name);
                wrong.extend(mistakes.iter().map(line));
            }
        }
    }
    if wrong.is_empty() {
        Ok(connectors)
    } else {
        Err(ServerError::Config(wrong))
    }
}

/// Starts them.
pub(crate) fn start(
    connectors: Vec<Connector>,
    state: &State,
    intake: &Arc<Intake>,
    cancel: &CancellationToken,
) -> (Connectors, JoinSet<()>) {
    let sink = Arc::clone(intake) as Arc<dyn Sink>;
    let cursors = Arc::new(StateCursors(state.clone())) as Arc<dyn Cursors>;
    Connectors::start(connectors, &sink, &cursors, cancel)
}

/// The source that a connector speaks as.
pub(crate) fn source(connector: &ConnectorConfig) -> SourceConfig {
    SourceConfig {
        name: connector.name.clone(),
        program: connector.program(),
        site: connector.site(),
        classes: connector.classes.clone(),
        grants: connector.grants.clone(),
        expect_every_secs: connector.expect_every_secs,
    }
}

/// Settings of the call join, with how late each connector's calls may come.
pub(crate) fn join_config(config: &Config) -> ringfence_calls::JoinConfig {
    let mut calls = config.calls.clone();
    for connector in &config.connectors {
        if let Some(late) = connector.delivery_ms() {
            let key = format!("{}/{}", connector.program(), connector.name);
            // What a person wrote there stands.
            calls.delivery_ms.entry(key).or_insert(late);
        }
    }
    calls
}
