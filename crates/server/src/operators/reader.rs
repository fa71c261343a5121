//! What all consumers do alike: read on, wait, save now and then, append without giving up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringfence_spine::{Entry, Offset};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::entries::{Entries, Numbered};
use crate::pairing::{Pairing, Ready};

/// How long a consumer rests after an error of a disk before it tries again.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Entries after which a consumer pauses, so that a restart does not read much more than that
/// again.
const PAUSE_ENTRIES: u64 = 20_000;
/// But no sooner than this after the last pause, nor before so many times what that took: saving
/// costs the size of the state, whatever has happened since, and must stay a small part of the
/// work at any rate. On a machine that is busy with other things a save takes long without costing
/// much; what lies between two saves is what a restart after a crash reads again, so that it is
/// bounded all the same.
const PAUSE_APART: Duration = Duration::from_secs(2);
const PAUSE_SHARE: u32 = 30;
const PAUSE_MOST: Duration = Duration::from_secs(15);
/// Bytes of conclusions that go to the event log together; it takes no more than 8 MiB.
const APPEND_BYTES: usize = 2 << 20;
/// How long a consumer goes on after the end was asked for.
const MOST_REST: Duration = Duration::from_secs(5);

/// Reads the spine for one consumer.
pub(super) struct Reader<'a> {
    name: &'static str,
    entries: &'a Entries,
    cancel: &'a CancellationToken,
    every: Duration,
    pause_at: Instant,
    /// Where and when the last pause was.
    mark: Option<u64>,
    marked: Instant,
    apart: Duration,
    pausing: Option<Instant>,
    reached: Arc<AtomicU64>,
    /// When it stops in any case, once it was told to.
    end_by: Option<Instant>,
}

/// What a consumer has to do next.
pub(super) enum Step {
    /// Work on these; the next ones begin at the offset.
    Batch(Vec<Numbered>, u64),
    /// The time for saving has come.
    Pause,
    /// The end: save, and return.
    End,
}

impl<'a> Reader<'a> {
    /// For the consumer of this name, with a pause so often.
    pub fn new(
        name: &'static str,
        entries: &'a Entries,
        every: Duration,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            name,
            entries,
            cancel,
            every,
            pause_at: Instant::now() + every,
            mark: None,
            marked: Instant::now(),
            apart: PAUSE_APART,
            pausing: None,
            reached: entries.reached_by(name),
            end_by: None,
        }
    }

    /// Waits for something to do for a consumer that stands at `next`.
    pub async fn step(&mut self, next: u64) -> Step {
        // Counted from the end of what was done in the pause, however long that took: the next
        // step is work.
        if let Some(began) = self.pausing.take() {
            self.marked = Instant::now();
            let apart = (self.marked - began) * PAUSE_SHARE;
            self.apart = apart.clamp(PAUSE_APART, PAUSE_MOST);
            self.pause_at = self.marked + self.every.max(self.apart);
        }
        self.reached.store(next, Ordering::Relaxed);
        loop {
            if self.cancel.is_cancelled() {
                match self.rest(next).await {
                    Some(step) => return step,
                    None => continue,
                }
            }
            let mark = *self.mark.get_or_insert(next);
            let far =
                next.saturating_sub(mark) >= PAUSE_ENTRIES && self.marked.elapsed() >= self.apart;
            if far || Instant::now() >= self.pause_at {
                self.mark = Some(next);
                self.pausing = Some(Instant::now());
                return Step::Pause;
            }
            match self.entries.read(next).await {
                Ok((batch, after)) if after > next => return Step::Batch(batch, after),
                Ok(_) => self.more(next).await,
                Err(error) => {
                    tracing::error!(%error, operator = self.name, "the event log cannot be read");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// After the end was asked for: what is on the log is worked off first, by all consumers, so
    /// that a folder at rest tells what a running server told. `None`: look again.
    async fn rest(&mut self, next: u64) -> Option<Step> {
        let until = *self
            .end_by
            .get_or_insert_with(|| Instant::now() + MOST_REST);
        if Instant::now() >= until {
            return Some(Step::End);
        }
        match self.entries.read(next).await {
            Ok((batch, after)) if after > next => return Some(Step::Batch(batch, after)),
            Err(_) => return Some(Step::End),
            Ok(_) => {}
        }
        let done = || self.entries.lag().iter().all(|(_, lag)| *lag == 0);
        // What another one has just said may not be on the log yet, and whoever said it has
        // reached its end already.
        if done() && (self.entries.spine().flush().await.is_err() || done()) {
            return Some(Step::End);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        None
    }

    /// Waits until there is something at `next`, a pause is due, or the end.
    async fn more(&self, next: u64) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep_until(self.pause_at) => {}
            waited = self.entries.spine().wait(Offset(next)) => if let Err(error) = waited {
                tracing::error!(%error, operator = self.name, "waiting for the event log failed");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }

    /// Reads again what waited too long to be kept, and does not give up before the end. False
    /// when the end came first: then the consumer stands where it stood.
    pub async fn complete(&self, ready: &mut Vec<Ready>) -> bool {
        loop {
            match Pairing::complete(self.entries, ready).await {
                Ok(()) => return true,
                Err(_) if self.cancel.is_cancelled() => return false,
                Err(error) => {
                    tracing::error!(%error, operator = self.name, "the event log cannot be read");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Appends what the consumer concluded, and does not give up before the end. False when the
    /// end came first: then nothing may be saved, so that the restart concludes it again.
    pub async fn say(&self, conclusions: Vec<Entry>) -> bool {
        let mut rest = conclusions;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |entry: &&Entry| {
                bytes += entry.payload.len();
                bytes <= APPEND_BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let after = rest.split_off(count);
            if !self.say_at_once(rest).await {
                return false;
            }
            rest = after;
        }
        true
    }

    async fn say_at_once(&self, conclusions: Vec<Entry>) -> bool {
        loop {
            match self
                .entries
                .spine()
                .append_relaxed(conclusions.clone())
                .await
            {
                Ok(()) => return true,
                Err(_) if self.cancel.is_cancelled() => return false,
                Err(error) => {
                    tracing::error!(%error, operator = self.name, "conclusions cannot be written yet");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Saves where the consumer stands and the state that was packed there; false when that has
    /// to wait.
    pub async fn save_state(&self, at: u64, state: io::Result<Bytes>) -> bool {
        match state {
            Ok(state) => self.save(at, Some(state)).await,
            Err(error) => {
                tracing::error!(%error, operator = self.name, "the state cannot be saved");
                false
            }
        }
    }

    /// Saves where the consumer stands and its state there; false when that has to wait.
    pub async fn save(&self, at: u64, state: Option<Bytes>) -> bool {
        match self
            .entries
            .spine()
            .commit_position(self.name, Offset(at), state)
            .await
        {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, operator = self.name, "the position cannot be saved yet");
                false
            }
        }
    }
}
