//! The contract of a durable log, whoever keeps it.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Block, Entry, Offset, Outcome, Position, SpineError};

/// A durable, ordered, replayable log of opaque entries.
///
/// The unit of work is a batch: callers append batches, the log stores blocks,
/// consumers read blocks. That is what lets a networked log (NATS JetStream, one
/// message a block, one durable consumer a partition) stand in for the local one
/// without a round trip for each entry.
///
/// Offsets are dense; all bounds are half open: an entry `o` is kept if
/// `tail() <= o`, readable if `o < durable()`, and assigned if `o < head()`.
#[async_trait]
pub trait Spine: Send + Sync {
    /// Appends a batch and returns when all of it is durable: one outcome for
    /// each entry, in order. Waits while the log has no room.
    ///
    /// After an error none of the batch is acknowledged, but a part may still
    /// come to light after a crash: retry with identities. Dropping the future
    /// does not take the batch back.
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, SpineError>;

    /// Appends derived records without waiting for them to be durable. They keep
    /// their order with everything else from the same caller and are durable with
    /// a following commit; a failing disk delays them and never drops them (a
    /// crash may). Waits while the log has no room. Duplicates are left out.
    async fn append_relaxed(&self, entries: Vec<Entry>) -> Result<(), SpineError>;

    /// Like [`Spine::append_relaxed`] for callers that cannot wait:
    /// [`SpineError::Full`] when there is no room, and the caller counts the loss.
    fn try_append(&self, entries: Vec<Entry>) -> Result<(), SpineError>;

    /// Returns when everything that was accepted before is durable.
    async fn flush(&self) -> Result<(), SpineError>;

    /// One past the newest assigned offset.
    fn head(&self) -> Offset;

    /// One past the newest durable offset.
    fn durable(&self) -> Offset;

    /// The oldest offset that is kept.
    fn tail(&self) -> Offset;

    /// Durable entries from `from` on, up to about `max_bytes` but at least one
    /// if there is one. Never waits for more: empty at the end of the log.
    async fn read(&self, from: Offset, max_bytes: usize) -> Result<Block, SpineError>;

    /// Returns when the entry at `beyond` is durable. Safe to cancel.
    async fn wait(&self, beyond: Offset) -> Result<(), SpineError>;

    /// Where a consumer stands and the state it left there; `None` if it never
    /// committed a position.
    async fn position(&self, consumer: &str) -> Result<Option<Position>, SpineError>;

    /// Remembers, atomically, where a consumer stands and its state there. The
    /// first commit registers the consumer: from then on nothing that it has not
    /// read is deleted. Everything the consumer appended before is made durable
    /// first, so that a restart from the snapshot never misses its own output.
    async fn commit_position(
        &self,
        consumer: &str,
        offset: Offset,
        state: Option<Bytes>,
    ) -> Result<(), SpineError>;

    /// Forgets a consumer, so that it no longer holds the log.
    async fn forget_consumer(&self, consumer: &str) -> Result<(), SpineError>;
}
