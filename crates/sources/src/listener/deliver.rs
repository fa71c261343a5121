//! Records to the spine, tried until it takes them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::Origin;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Counters;
use crate::{Format, Incoming, Sink, SinkError};

/// Waiting times between attempts.
const RETRY: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(5);

/// Ringfence stops before the records were taken.
pub(crate) struct Stopped;

/// Submits until it is on disk. What is not by the time of the stop is counted as lost; a sender
/// that can be asked again loses nothing by that.
pub(crate) async fn deliver(
    sink: &dyn Sink,
    origin: &Arc<Origin>,
    format: Format,
    records: Vec<Incoming>,
    counters: &Counters,
    cancel: &CancellationToken,
) -> Result<(), Stopped> {
    let mut pause = *RETRY.start();
    loop {
        // Cloned for another attempt: reference counts, not bytes.
        match sink.submit(origin, format, records.clone()).await {
            Ok(receipt) => {
                counters.queued(receipt.accepted + receipt.duplicates);
                counters.rejected(receipt.rejected.len());
                return Ok(());
            }
            Err(SinkError::Stopping) => {
                counters.lost(records.len());
                return Err(Stopped);
            }
            Err(error) => counters.sink_failed(&error),
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                counters.lost(records.len());
                return Err(Stopped);
            }
            () = sleep(pause) => pause = (pause * 2).min(*RETRY.end()),
        }
    }
}
