//! Detection as a consumer: events and facts in, findings out.

use std::sync::Arc;

use bytes::Bytes;
use ringfence_detect::{Detector, Pack};
use ringfence_event::{Entry, EntryKind, Finding};
use ringfence_spine::Offset;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{OperatorError, RETRY_AFTER, SAVE_EVERY, more};
use crate::entries::Entries;
use crate::gauges::Gauges;
use crate::pairing::{Pairing, Ready};

const NAME: &str = "detect";

/// Runs until `cancel`, then saves its state. A new pack is taken up between two batches, so that
/// no event is judged by half of it and none is left out.
///
/// # Errors
/// When the saved state cannot be read.
pub async fn run(
    entries: Arc<Entries>,
    mut packs: watch::Receiver<Pack>,
    gauges: Arc<Gauges>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let pack = packs.borrow_and_update().clone();
    let (mut detector, start) = restore(&entries, pack).await?;
    let mut pairing = Pairing::resume(start);
    let mut save_at = Instant::now() + SAVE_EVERY;
    let mut saved = start;
    loop {
        if cancel.is_cancelled() || Instant::now() >= save_at {
            let at = pairing.resume_at();
            if at != saved && save(&entries, &detector, at).await {
                saved = at;
            }
            save_at = Instant::now() + SAVE_EVERY;
            if cancel.is_cancelled() {
                return Ok(());
            }
        }
        if packs.has_changed().unwrap_or(false) {
            let restored = detector.swap(packs.borrow_and_update().clone());
            tracing::info!(
                kept = restored.kept,
                dropped = restored.dropped,
                "new rules are in force"
            );
        }
        let next = pairing.next();
        let (batch, after) = match entries.read(next).await {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, operator = NAME, "the event log cannot be read");
                tokio::time::sleep(RETRY_AFTER).await;
                continue;
            }
        };
        if after == next {
            more(&entries, next, save_at, &cancel).await;
            continue;
        }
        let mut ready = Vec::new();
        for (offset, entry) in &batch {
            pairing.push(*offset, entry, &mut ready);
        }
        pairing.skip_to(after);
        let mut found = Vec::new();
        for item in &ready {
            judge(&mut detector, item, &mut found);
        }
        gauges.detector(detector.stats(), pairing.waiting());
        if !found.is_empty() && !say(&entries, found, &cancel).await {
            // Not said means not saved either: after the restart it is found again.
            return Ok(());
        }
    }
}

fn judge(detector: &mut Detector, item: &Ready, found: &mut Vec<Finding>) {
    match item {
        Ready::Entry {
            offset,
            entry,
            facts,
        } => {
            if let Entry::Event(event) = &**entry {
                detector.on_event(*offset, event, facts.as_ref(), found);
            }
        }
        Ready::Revision { revision, .. } => detector.on_revision(revision, found),
    }
}

/// Appends, and does not give up before the end. A finding's uid is its identity on the spine: what
/// is found again after a restart is recognised there.
async fn say(entries: &Entries, found: Vec<Finding>, cancel: &CancellationToken) -> bool {
    let encode = |f: Finding| (f.uid.0, Bytes::from(Entry::Finding(Box::new(f)).encode()));
    let payloads: Vec<(u128, Bytes)> = found.into_iter().map(encode).collect();
    loop {
        let batch = payloads
            .iter()
            .map(|(uid, payload)| {
                ringfence_spine::Entry::new(EntryKind::Finding as u8, payload.clone())
                    .with_identity(*uid)
            })
            .collect();
        match entries.spine().append_relaxed(batch).await {
            Ok(()) => return true,
            Err(_) if cancel.is_cancelled() => return false,
            Err(error) => {
                tracing::error!(%error, operator = NAME, "findings cannot be written yet");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

async fn restore(entries: &Entries, pack: Pack) -> Result<(Detector, u64), OperatorError> {
    let Some(position) = entries.spine().position(NAME).await? else {
        let tail = entries.spine().tail();
        entries.spine().commit_position(NAME, tail, None).await?;
        return Ok((Detector::new(pack), tail.0));
    };
    let detector = match &position.state {
        None => Detector::new(pack),
        Some(state) => Detector::restore(pack, state).map_err(|e| OperatorError::Saved {
            operator: NAME,
            why: e.to_string(),
        })?,
    };
    Ok((detector, position.offset.0))
}

async fn save(entries: &Entries, detector: &Detector, at: u64) -> bool {
    let state = Bytes::from(detector.snapshot());
    match entries
        .spine()
        .commit_position(NAME, Offset(at), Some(state))
        .await
    {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, operator = NAME, "the state cannot be saved yet");
            false
        }
    }
}
