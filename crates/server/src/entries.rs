//! The spine, decoded once for all who read it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use ringfence_event::Entry;
use ringfence_sources::read_entry;
use ringfence_spine::{Offset, Spine, SpineError};
use tokio::sync::Mutex;

use crate::pace::Progress;

/// Bytes that one read takes from the spine.
const READ_BYTES: usize = 1 << 20;
/// Bytes that are read at once where only some of the entries are wanted.
const AGAIN_BYTES: usize = 256 << 10;
/// Encoded bytes read back from disk whose decoded form is kept for the consumers that follow.
const WINDOW_BYTES: usize = 4 << 20;

/// A decoded entry with its offset.
pub type Numbered = (u64, Arc<Entry>);

/// Reads the spine for all consumers. Near the head nothing is decoded: who appended an entry left
/// it as it was. Consumers that read back from disk together, as after a restart, share one
/// decoding of each entry; one that is far behind the others decodes for itself.
pub struct Entries {
    spine: Arc<dyn Spine>,
    window: Mutex<Window>,
    unreadable: AtomicU64,
    decoded: AtomicU64,
    reached: std::sync::Mutex<BTreeMap<&'static str, Arc<AtomicU64>>>,
    progress: std::sync::Mutex<Progress>,
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
            decoded: AtomicU64::new(0),
            reached: std::sync::Mutex::default(),
            progress: std::sync::Mutex::default(),
        }
    }

    /// Where a consumer says how far it has worked; it owns the number.
    pub(crate) fn reached_by(&self, consumer: &'static str) -> Arc<AtomicU64> {
        let mut all = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(consumer).or_default())
    }

    /// How far all consumers have worked; `None` before there is one.
    pub(crate) fn slowest(&self) -> Option<u64> {
        let all = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().map(|at| at.load(Ordering::Relaxed)).min()
    }

    /// What those know of the slowest consumer who wait for it.
    pub(crate) fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By consumer, the entries that it has not worked on yet.
    #[must_use]
    pub fn lag(&self) -> Vec<(&'static str, u64)> {
        let durable = self.spine.durable().0;
        let all = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, at)| (*name, durable.saturating_sub(at.load(Ordering::Relaxed))))
            .collect()
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

    /// Entries that a consumer found no longer in memory and read from disk.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
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
            return self.apart(from).await;
        };
        let next = block.last().map_or(from, |(offset, _)| offset.0 + 1);
        let mut out = Vec::with_capacity(block.len());
        for (offset, entry) in &block {
            if let Some((offset, decoded)) = self.decode(*offset, entry) {
                // What is in memory anyway needs no second place there.
                if entry.value::<Entry>().is_none() {
                    window.push(offset, entry.payload.len(), Arc::clone(&decoded));
                }
                out.push((offset, decoded));
            }
        }
        Ok((out, next))
    }

    /// As [`Self::read`] for who is far from the consumers: nobody follows there.
    ///
    /// # Errors
    /// When the spine cannot be read.
    pub async fn apart(&self, from: u64) -> Result<(Vec<Numbered>, u64), SpineError> {
        let block = self.spine.read(Offset(from), READ_BYTES).await?;
        let next = block.last().map_or(from, |(offset, _)| offset.0 + 1);
        let entries = block.iter().filter_map(|(o, e)| self.decode(*o, e));
        Ok((entries.collect(), next))
    }

    /// Entries that were passed before, in ascending order; those that are not kept any more or
    /// cannot be decoded are left out. What lies together is read together.
    ///
    /// # Errors
    /// When the spine cannot be read.
    pub async fn again(&self, offsets: &BTreeSet<u64>) -> Result<Vec<Numbered>, SpineError> {
        let mut out = Vec::with_capacity(offsets.len());
        let mut from = self.spine.tail().0;
        while let Some(wanted) = offsets.range(from..).next() {
            let block = self.spine.read(Offset(*wanted), AGAIN_BYTES).await?;
            let Some((last, _)) = block.last() else {
                return Ok(out);
            };
            from = last.0.saturating_add(1);
            let known = block.iter().filter(|(o, _)| offsets.contains(&o.0));
            out.extend(known.filter_map(|(o, e)| self.decode(*o, e)));
        }
        Ok(out)
    }

    fn decode(&self, offset: Offset, entry: &ringfence_spine::Entry) -> Option<Numbered> {
        if entry.value::<Entry>().is_none() {
            self.decoded.fetch_add(1, Ordering::Relaxed);
        }
        match read_entry(entry) {
            Ok(decoded) => Some((offset.0, decoded)),
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
