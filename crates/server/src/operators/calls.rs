//! The call join as a consumer: events in, facts out.

use std::sync::Arc;

use bytes::Bytes;
use ringfence_calls::{Join, JoinConfig};
use ringfence_event::{Enriched, Entry, EntryKind, FactsRevision};
use ringfence_spine::{Offset, SpineError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{OperatorError, RETRY_AFTER, SAVE_EVERY, more};
use crate::entries::Entries;
use crate::live::Live;

const NAME: &str = "calls";

/// Runs until `cancel`, then saves its state.
///
/// # Errors
/// When the saved state cannot be read.
pub async fn run(
    entries: Arc<Entries>,
    config: JoinConfig,
    live: Arc<Live>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let (mut join, mut next) = restore(&entries, config).await?;
    // Facts through here are on the spine already: pass over that part without saying them again.
    let said = said_through(&entries, next).await?;
    let mut save_at = Instant::now() + SAVE_EVERY;
    let mut saved = next;
    loop {
        if cancel.is_cancelled() || Instant::now() >= save_at {
            if next != saved && save(&entries, &join, next).await {
                saved = next;
            }
            save_at = Instant::now() + SAVE_EVERY;
            if cancel.is_cancelled() {
                return Ok(());
            }
        }
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
        let mut facts = Vec::new();
        let mut asked = false;
        for (offset, entry) in batch {
            if next < said && offset >= said {
                facts.clear();
                asked = false;
            }
            next = offset;
            asked |= matches!(&*entry, Entry::Event(_));
            step(&mut join, offset, &entry, &mut facts);
        }
        next = after;
        live.publish(&join);
        let news = next > said && (asked || !facts.is_empty());
        let enriched = Enriched {
            through: next,
            facts,
        };
        if news && !say(&entries, enriched, &cancel).await {
            // Not said means not saved either: after the restart it is computed again.
            return Ok(());
        }
    }
}

fn step(join: &mut Join, offset: u64, entry: &Entry, facts: &mut Vec<FactsRevision>) {
    match entry {
        Entry::Event(event) => join.on_event(offset, event, facts),
        Entry::Tick(tick) => join.on_tick(tick.now, facts),
        Entry::Enriched(_) | Entry::Finding(_) => {}
    }
}

/// Appends, and does not give up before the end: events wait for their facts.
async fn say(entries: &Entries, enriched: Enriched, cancel: &CancellationToken) -> bool {
    let payload = Bytes::from(Entry::Enriched(enriched).encode());
    loop {
        let entry = ringfence_spine::Entry::new(EntryKind::Enriched as u8, payload.clone());
        match entries.spine().append_relaxed(vec![entry]).await {
            Ok(()) => return true,
            Err(_) if cancel.is_cancelled() => return false,
            Err(error) => {
                tracing::error!(%error, operator = NAME, "facts cannot be written yet");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

async fn restore(entries: &Entries, config: JoinConfig) -> Result<(Join, u64), OperatorError> {
    let Some(position) = entries.spine().position(NAME).await? else {
        let tail = entries.spine().tail();
        entries.spine().commit_position(NAME, tail, None).await?;
        return Ok((Join::new(config), tail.0));
    };
    let join = match &position.state {
        None => Join::new(config),
        Some(state) => Join::restore(config, state).map_err(|e| OperatorError::Saved {
            operator: NAME,
            why: e.to_string(),
        })?,
    };
    Ok((join, position.offset.0))
}

/// The highest `through` on the spine from `from` on.
async fn said_through(entries: &Entries, from: u64) -> Result<u64, SpineError> {
    let (mut at, mut through) = (from, from);
    loop {
        let (batch, next) = entries.read(at).await?;
        if next == at {
            return Ok(through);
        }
        for (_, entry) in batch {
            if let Entry::Enriched(said) = &*entry {
                through = through.max(said.through);
            }
        }
        at = next;
    }
}

async fn save(entries: &Entries, join: &Join, next: u64) -> bool {
    let state = Bytes::from(join.snapshot());
    match entries
        .spine()
        .commit_position(NAME, Offset(next), Some(state))
        .await
    {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, operator = NAME, "the state cannot be saved yet");
            false
        }
    }
}
