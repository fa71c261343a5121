//! The evidence log as a consumer: what Ringfence did, as records and as entries of the log.

use std::sync::Arc;
use std::time::Duration;

use ringfence_state::{Position, State};
use tokio_util::sync::CancellationToken;

use super::OperatorError;
use super::reader::{RETRY_AFTER, Reader, Step};
use crate::clock;
use crate::entries::{Entries, Numbered};
use crate::evidence::{EvidenceError, EvidenceLog, Fold};

const NAME: &str = "evidence";
/// How often it saves where it is.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// Runs until `cancel`. Records and position change in one transaction of the state store; the log follows
/// the records, and catches up with them after a crash.
///
/// Where nothing may be appended any more it goes on reading, so that nobody waits for it, and keeps its
/// place: what it passes over is logged once somebody has put things right and started the server again.
pub async fn run(
    entries: Arc<Entries>,
    state: State,
    log: Arc<EvidenceLog>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let mut reader = Reader::new(NAME, &entries, SAVE_EVERY, &cancel);
    let mut next = entries.spine().tail().0;
    if let Err(error) = work(&mut reader, &mut next, &state, &log, &cancel).await {
        tracing::error!(%error, operator = NAME, "nothing goes into the evidence log any more");
        log.note(Some(error.to_string()));
        loop {
            match reader.step(next).await {
                Step::Batch(_, after) => next = after,
                Step::Pause => {}
                Step::End => break,
            }
        }
    }
    Ok(())
}

/// Until the end, or until nothing may be appended any more.
async fn work(
    reader: &mut Reader<'_>,
    next: &mut u64,
    state: &State,
    log: &Arc<EvidenceLog>,
    cancel: &CancellationToken,
) -> Result<(), EvidenceError> {
    let Some(begin) = begin(state, log, cancel).await? else {
        return Ok(());
    };
    *next = begin;
    let mut fold = Fold::default();
    reader.save(begin, None).await;
    log.reached(begin);
    let mut saved = begin;
    loop {
        let (batch, after) = match reader.step(*next).await {
            Step::Batch(batch, after) => (batch, after),
            end => {
                let at = fold.resume_at(*next);
                if at != saved && keep(reader, state, at).await {
                    saved = at;
                }
                match end {
                    Step::End => return Ok(()),
                    _ => continue,
                }
            }
        };
        let records = fold_all(&mut fold, &batch);
        if !records.is_empty() {
            let position = Position {
                consumer: NAME,
                next_offset: fold.resume_at(after),
            };
            // What was folded is written before anything else is read.
            loop {
                let now = clock::now().0;
                let done = match state.add_evidence(&records, position, now).await {
                    Ok(_) => log.catch_up(state).await,
                    Err(error) => Err(error.into()),
                };
                match done {
                    Ok(()) => break log.note(None),
                    Err(error) => told(log, error)?,
                }
                tokio::select! {
                    () = cancel.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY_AFTER) => {}
                }
            }
        }
        *next = after;
        log.reached(after);
    }
}

fn fold_all(fold: &mut Fold, batch: &[Numbered]) -> Vec<ringfence_state::NewEvidence> {
    let mut records = Vec::new();
    for (offset, entry) in batch {
        fold.take(*offset, entry, &mut records);
    }
    records
}

/// Brings log and records together, and says where to read on; nothing when the end came first.
async fn begin(
    state: &State,
    log: &Arc<EvidenceLog>,
    cancel: &CancellationToken,
) -> Result<Option<u64>, EvidenceError> {
    loop {
        let known = match log.catch_up(state).await {
            Ok(()) => state.position(NAME).await.map_err(EvidenceError::from),
            Err(error) => Err(error),
        };
        match known {
            // What was there before the first start with an evidence log is not in it.
            Ok(known) => {
                log.note(None);
                return Ok(Some(known.unwrap_or(log.begins())));
            }
            Err(error) => told(log, error)?,
        }
        tokio::select! {
            () = cancel.cancelled() => return Ok(None),
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
    }
}

/// Says what is wrong; an error where waiting would not help.
fn told(log: &EvidenceLog, error: EvidenceError) -> Result<(), EvidenceError> {
    tracing::error!(%error, operator = NAME, "the evidence log cannot be written");
    log.note(Some(error.to_string()));
    let passing = matches!(
        error,
        EvidenceError::State(_) | EvidenceError::Log(ringfence_evidence::LogError::Io(_))
    );
    match passing {
        true => Ok(()),
        false => Err(error),
    }
}

async fn keep(reader: &Reader<'_>, state: &State, at: u64) -> bool {
    let position = Position {
        consumer: NAME,
        next_offset: at,
    };
    if let Err(error) = state.set_position(position, clock::now().0).await {
        tracing::error!(%error, operator = NAME, "the position cannot be saved yet");
        return false;
    }
    reader.save(at, None).await
}
