//! Senders that can wait go at the pace of those who work on what they sent.
//!
//! Without this an overload would only show as alerts that come later and later, and consumers
//! that fell out of memory would cost more for each event just when there is too much to do.

use std::time::Duration;

use async_trait::async_trait;
use ringfence_sources::Pace;
use tokio::time::Instant;

use crate::entries::Entries;

/// Entries that the slowest consumer may be behind before senders wait: fewer than memory holds
/// decoded.
const FAR: u64 = 6_000;
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A consumer that does not move at all, because its disk is full for example, holds nobody up:
/// the log is there to wait for it.
const STUCK_AFTER: Duration = Duration::from_secs(1);
/// Nor does a long backlog, as after a restart, stop what comes in now: a body waits so long for
/// each [`FAR`] that there is to catch up with, …
const LONGEST: Duration = Duration::from_millis(100);
/// … and never longer than this.
const LONGEST_OF_ALL: Duration = Duration::from_secs(5);

#[async_trait]
impl Pace for Entries {
    async fn hold(&self) {
        let began = Instant::now();
        loop {
            let Some(at) = self.slowest() else { return };
            let behind = self.spine().durable().0.saturating_sub(at);
            if behind <= FAR || self.progress().stuck(at) {
                return;
            }
            let times = u32::try_from(behind / FAR).unwrap_or(u32::MAX);
            if began.elapsed() >= LONGEST.saturating_mul(times).min(LONGEST_OF_ALL) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Where the slowest consumer was last seen, and since when.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<(u64, Instant)>);

impl Progress {
    fn stuck(&mut self, at: u64) -> bool {
        match self.0 {
            Some((last, since)) if last == at => since.elapsed() >= STUCK_AFTER,
            _ => {
                self.0 = Some((at, Instant::now()));
                false
            }
        }
    }
}
