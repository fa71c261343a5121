//! What every feed works with.

use std::sync::Arc;
use std::time::Duration;

use ringfence_event::Name;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::listener::{Counters, Speaker, Stopped, deliver};
use crate::{Format, Incoming, Sink};

/// A feed's source, its way to the spine, and what it counts.
pub(super) struct Desk {
    /// Owner of its bookmarks.
    pub(super) owner: String,
    pub(super) name: Name,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) counters: Arc<Counters>,
    pub(super) speaker: Arc<Speaker>,
    pub(super) cancel: CancellationToken,
}

impl Desk {
    /// Hands records over until they are on disk.
    pub(super) async fn deliver(
        &self,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<(), Stopped> {
        let Some(first) = records.first() else {
            return Ok(());
        };
        self.speaker.heard(first.received);
        let bytes = records.iter().map(|r| r.bytes.len()).sum();
        self.counters.received(records.len(), bytes);
        let origin = self.speaker.origin();
        deliver(
            &*self.sink,
            origin,
            format,
            records,
            &self.counters,
            &self.cancel,
        )
        .await
    }

    /// Waits; false when it is time to stop.
    pub(super) async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => false,
            () = sleep(pause) => true,
        }
    }
}
