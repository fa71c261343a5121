//! Writes the passing of time to the spine, so that whatever depends on it is a function of the
//! log.

use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{Entry, Tick};
use ringfence_sources::spine_entry;
use ringfence_spine::{Spine, SpineError};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// While anything happens.
const BUSY: Duration = Duration::from_secs(1);
/// An idle log grows by one tick in so many seconds.
const IDLE_EVERY: u32 = 10;
/// Ticks at full pace after the last other entry: what settles late still settles in time.
const LINGER: u32 = 30;

/// Runs until `cancel`.
pub async fn run(spine: Arc<dyn Spine>, cancel: CancellationToken) {
    let mut every = tokio::time::interval(BUSY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut last, mut idle) = (spine.head(), 0u32);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = every.tick() => {}
        }
        let head = spine.head();
        idle = if head == last {
            idle.saturating_add(1)
        } else {
            0
        };
        last = head;
        if idle > LINGER && idle % IDLE_EVERY != 0 {
            continue;
        }
        let entry = Entry::Tick(Tick { now: clock::now() });
        match spine.try_append(vec![spine_entry(entry, None)]) {
            // Its own tick does not count as something that happened.
            Ok(()) => last = last.plus(1),
            Err(SpineError::Full) => {}
            Err(error) => tracing::debug!(%error, "no tick was written"),
        }
    }
}
