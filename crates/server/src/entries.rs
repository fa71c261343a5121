//! The spine, decoded once for all who read it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ringfence_event::Entry;
use ringfence_spine::{Offset, Spine, SpineError};
use tokio::sync::Mutex;

/// Bytes that one read takes from the spine.
const READ_BYTES: usize = 1 << 20;
/// Encoded bytes whose decoded form is kept for the consumers that follow.
const WINDOW_BYTES: usize = 4 << 20;

/// A decoded entry with its offset.
pub type Numbered = (u64, Arc<Entry>);

/// Reads the spine for all consumers. Those near the head share one decoding of each entry;
/// those far behind decode for themselves.
pub struct Entries {
    spine: Arc<dyn Spine>,
    window: Mutex<Window>,
    unreadable: AtomicU64,
}

#[derive(Default)]
struct Window {
    entries: VecDeque<(u64, usize, Arc<Entry>)>,
    bytes: usize,
}

impl Entries {
    /// Over a spine.
    #[must_use]
    pub fn new(spine: Arc<dyn Spine>) -> Self {
        Self {
            spine,
            window: Mutex::default(),
            unreadable: AtomicU64::new(0),
        }
    }

    /// The spine itself.
    #[must_use]
    pub fn spine(&self) -> &Arc<dyn Spine> {
        &self.spine
    }

    /// Entries on disk that could not be decoded and were passed over (and logged).
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Entries from `from` on; empty at the end of the log. Returns them with the offset at which
    /// to read on, because entries that cannot be decoded are left out.
    ///
    /// # Errors
    /// When the spine cannot be read.
    pub async fn read(&self, from: u64) -> Result<(Vec<Numbered>, u64), SpineError> {
        let mut window = self.window.lock().await;
        if let Some(found) = window.from(from) {
            let next = found.last().map_or(from, |(offset, _)| offset + 1);
            return Ok((found, next));
        }
        let at_front = window.entries.back().is_none_or(|(last, ..)| *last < from);
        let block = if at_front {
            // Held during the read, so that the others find it decoded.
            self.spine.read(Offset(from), READ_BYTES).await?
        } else {
            drop(window);
            let block = self.spine.read(Offset(from), READ_BYTES).await?;
            let next = block.last().map_or(from, |(offset, _)| offset.0 + 1);
            return Ok((
                block
                    .iter()
                    .filter_map(|(o, e)| self.decode(*o, e))
                    .collect(),
                next,
            ));
        };
        let next = block.last().map_or(from, |(offset, _)| offset.0 + 1);
        let mut out = Vec::with_capacity(block.len());
        for (offset, entry) in &block {
            if let Some((offset, decoded)) = self.decode(*offset, entry) {
                window.push(offset, entry.payload.len(), Arc::clone(&decoded));
                out.push((offset, decoded));
            }
        }
        Ok((out, next))
    }

    /// One entry; `None` when it is not kept any more or cannot be decoded.
    ///
    /// # Errors
    /// When the spine cannot be read.
    pub async fn one(&self, offset: u64) -> Result<Option<Arc<Entry>>, SpineError> {
        if Offset(offset) < self.spine.tail() {
            return Ok(None);
        }
        let block = self.spine.read(Offset(offset), 1).await?;
        let found = block.first().filter(|(o, _)| o.0 == offset);
        Ok(found
            .and_then(|(o, e)| self.decode(*o, e))
            .map(|(_, entry)| entry))
    }

    fn decode(&self, offset: Offset, entry: &ringfence_spine::Entry) -> Option<Numbered> {
        match Entry::decode(entry.kind, &entry.payload) {
            Ok(decoded) => Some((offset.0, Arc::new(decoded))),
            Err(error) => {
                self.unreadable.fetch_add(1, Ordering::Relaxed);
                tracing::error!(offset = offset.0, %error, "an entry of the event log cannot be read");
                None
            }
        }
    }
}

impl Window {
    /// What is held from `from` on, if it is held without a gap.
    fn from(&self, from: u64) -> Option<Vec<Numbered>> {
        let first = self.entries.front()?.0;
        let last = self.entries.back()?.0;
        if from < first || from > last {
            return None;
        }
        let start = self.entries.partition_point(|(offset, ..)| *offset < from);
        Some(
            self.entries
                .range(start..)
                .map(|(o, _, e)| (*o, Arc::clone(e)))
                .collect(),
        )
    }

    fn push(&mut self, offset: u64, bytes: usize, entry: Arc<Entry>) {
        // A consumer that jumped ahead would leave a hole: begin again after it.
        if self
            .entries
            .back()
            .is_some_and(|(last, ..)| offset != last + 1)
        {
            self.entries.clear();
            self.bytes = 0;
        }
        self.entries.push_back((offset, bytes, entry));
        self.bytes += bytes;
        while self.bytes > WINDOW_BYTES && self.entries.len() > 1 {
            if let Some((_, bytes, _)) = self.entries.pop_front() {
                self.bytes -= bytes;
            }
        }
    }
}
