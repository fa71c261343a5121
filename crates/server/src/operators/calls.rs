//! The call join as a consumer: events in, facts out.

use std::sync::Arc;

use ringfence_calls::{Join, JoinConfig, SnapshotError};
use ringfence_event::{Enriched, Entry, FactsRevision};
use ringfence_sources::spine_entry;
use ringfence_spine::SpineError;
use tokio_util::sync::CancellationToken;

use super::reader::{Reader, Step};
use super::saved::{pack, unpack};
use super::{OperatorError, SAVE_EVERY};
use crate::entries::Entries;
use crate::gauges::Gauges;
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
    gauges: Arc<Gauges>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let (mut join, mut next) = restore(&entries, config).await?;
    live.share(&join);
    // Facts through here are on the spine already: pass over that part without saying them again.
    let said = said_through(&entries, next).await?;
    let mut saved = next;
    let mut reader = Reader::new(NAME, &entries, SAVE_EVERY, &cancel);
    loop {
        let (batch, after) = match reader.step(next).await {
            Step::Batch(batch, after) => (batch, after),
            end => {
                if next != saved {
                    let state = gauges.snapshot_cpu.run(|| pack(|to| join.snapshot(to)));
                    if reader.save_state(next, state).await {
                        saved = next;
                    }
                }
                match end {
                    Step::End => return Ok(()),
                    _ => continue,
                }
            }
        };
        let mut facts = Vec::new();
        let mut asked = false;
        gauges.calls_cpu.run(|| {
            for (offset, entry) in batch {
                if next < said && offset >= said {
                    facts.clear();
                    asked = false;
                }
                next = offset;
                asked |= matches!(&*entry, Entry::Event(_));
                step(&mut join, offset, &entry, &mut facts);
            }
            live.publish(&join);
        });
        next = after;
        if next > said && (asked || !facts.is_empty()) {
            let said = gauges.calls_cpu.run(|| {
                let parts = Enriched::in_parts(next, facts).into_iter();
                let entry = |part| spine_entry(Entry::Enriched(part), None);
                parts.map(entry).collect()
            });
            if !reader.say(said).await {
                return Ok(());
            }
        }
    }
}

fn step(join: &mut Join, offset: u64, entry: &Entry, facts: &mut Vec<FactsRevision>) {
    match entry {
        Entry::Event(event) => join.on_event(offset, event, facts),
        Entry::Tick(tick) => join.on_tick(tick.now, facts),
        Entry::Enriched(_) | Entry::Finding(_) | Entry::Intent(_) => {}
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
        Some(state) => {
            let saved = |e: SnapshotError| OperatorError::Saved {
                operator: NAME,
                why: e.to_string(),
            };
            Join::restore(config, &unpack(NAME, state)?).map_err(saved)?
        }
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
            // An answer that broke off is said again from its first part.
            if let Entry::Enriched(said) = &*entry
                && !said.more
            {
                through = through.max(said.through);
            }
        }
        at = next;
    }
}
