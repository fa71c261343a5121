//! Alerts as a consumer: findings in, stories for people out.

use std::sync::Arc;

use ringfence_event::{Entry, Finding};
use ringfence_state::{Entity, NewFinding, Position, State};
use tokio_util::sync::CancellationToken;

use super::reader::{RETRY_AFTER, Reader, Step};
use super::{OperatorError, SAVE_EVERY};
use crate::clock;
use crate::entries::Entries;
use crate::gauges::Gauges;

const NAME: &str = "alerts";

/// Runs until `cancel`. Its position lives in the state store and moves in the same transaction
/// as the alerts, so that each finding counts once.
///
/// # Errors
/// When the position cannot be read, and waiting would not help.
pub async fn run(
    entries: Arc<Entries>,
    state: State,
    gauges: Arc<Gauges>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let mut next = loop {
        match state.position(NAME).await {
            Ok(known) => break known.unwrap_or(entries.spine().tail().0),
            Err(error) if error.is_transient() => {
                tracing::error!(%error, operator = NAME, "the position cannot be read yet");
                tokio::select! {
                    () = cancel.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY_AFTER) => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    };
    let mut kept = None;
    let mut reader = Reader::new(NAME, &entries, SAVE_EVERY, &cancel);
    // Registers it with the spine before anything can be deleted that it has not read.
    reader.save(next, None).await;
    loop {
        let (batch, after) = match reader.step(next).await {
            Step::Batch(batch, after) => (batch, after),
            end => {
                if kept != Some(next) && keep(&reader, &state, next).await {
                    kept = Some(next);
                }
                match end {
                    Step::End => return Ok(()),
                    _ => continue,
                }
            }
        };
        let found: Vec<NewFinding> = batch
            .iter()
            .filter_map(|(_, entry)| match &**entry {
                Entry::Finding(f) => Some(new_finding(f)),
                _ => None,
            })
            .collect();
        if !found.is_empty() {
            let position = Position {
                consumer: NAME,
                next_offset: after,
            };
            let now = clock::now().0;
            match state.apply_findings(&found, Some(position), now).await {
                Ok(applied) => gauges.findings(&found, applied.fresh, now),
                Err(error) => {
                    tracing::error!(%error, operator = NAME, "alerts cannot be written yet");
                    tokio::select! {
                        () = cancel.cancelled() => return Ok(()),
                        () = tokio::time::sleep(RETRY_AFTER) => {}
                    }
                    continue;
                }
            }
        }
        next = after;
    }
}

fn new_finding(f: &Finding) -> NewFinding {
    NewFinding {
        uid: f.uid.to_string(),
        rule_id: f.rule_id.clone(),
        rule_title: f.rule_title.clone(),
        severity_id: f.severity.id(),
        program: f.keys.program.to_string(),
        site: f.keys.site.to_string(),
        time_ms: f.time.0,
        received_ms: f.received.0,
        story_key: match f.alone {
            true => format!("{}:{}:{}", f.story.kind, f.story.value, f.uid),
            false => format!("{}:{}", f.story.kind, f.story.value),
        },
        story_entity: Entity {
            kind: f.story.kind.clone(),
            value: f.story.value.clone(),
        },
        message: f.message.clone(),
        reason: f.reason.clone(),
        event_ids: f.events.iter().map(ToString::to_string).collect(),
        tags: f.tags.clone(),
        first_steps: f.first_steps.clone(),
    }
}

/// The position that counts is the one in the state store; what the spine knows only keeps it from
/// deleting what was not read.
async fn keep(reader: &Reader<'_>, state: &State, next: u64) -> bool {
    let position = Position {
        consumer: NAME,
        next_offset: next,
    };
    if let Err(error) = state.set_position(position, clock::now().0).await {
        tracing::error!(%error, operator = NAME, "the position cannot be saved yet");
        return false;
    }
    reader.save(next, None).await
}
