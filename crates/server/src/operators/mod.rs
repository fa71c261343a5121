//! The consumers of the spine. Each keeps its own position and can be killed at any moment: what
//! it appended before the kill it recognises afterwards and does not append again.

mod alerts;
mod calls;
mod detect;
mod lake;
mod tick;

pub use alerts::run as alerts;
pub use calls::run as calls;
pub use detect::run as detect;
pub use lake::run as lake;
pub use tick::run as tick;

use std::time::Duration;

use ringfence_spine::{Offset, SpineError};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::entries::Entries;

/// How often an operator saves where it is. A restart reads at most this much again.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// How long an operator rests after an error of the disk before it tries again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Why an operator stopped.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// The event log.
    #[error("event log: {0}")]
    Spine(#[from] SpineError),
    /// The lake.
    #[error("lake: {0}")]
    Lake(#[from] ringfence_lake::LakeError),
    /// The state store.
    #[error("state: {0}")]
    State(#[from] ringfence_state::Error),
    /// A saved state that cannot be read.
    #[error("the saved state of `{operator}` cannot be read: {why}; remove it to compute it again")]
    Saved {
        /// Which operator.
        operator: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Waits until there is something at `next`, the time for saving has come, or the end.
/// Returns `false` at the end.
async fn more(
    entries: &Entries,
    next: u64,
    until: tokio::time::Instant,
    cancel: &CancellationToken,
) -> bool {
    tokio::select! {
        () = cancel.cancelled() => false,
        () = tokio::time::sleep_until(until) => true,
        waited = entries.spine().wait(Offset(next)) => {
            if let Err(error) = waited {
                tracing::error!(%error, "waiting for the event log failed");
                tokio::time::sleep(RETRY_AFTER).await;
            }
            true
        }
    }
}
