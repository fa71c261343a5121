//! What the writer thread, readers and callers see of each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::watch;

use crate::disk::Disk;
use crate::hot::HotTail;
use crate::log::Segments;
use crate::metrics::Counters;
use crate::positions::Positions;
use crate::reader::Places;
use crate::{Block, Entry, Offset, SpineError};

pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segments: Segments,
    pub(crate) positions: Positions,
    pub(crate) counters: Counters,
    hot: RwLock<HotTail>,
    pub(crate) places: Mutex<Places>,
    head: AtomicU64,
    progress: watch::Sender<Progress>,
}

/// What others wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) durable: Offset,
    /// Why the last commit failed; gone with the next that succeeds.
    pub(crate) failure: Option<SpineError>,
    pub(crate) closed: bool,
}

impl Shared {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        segments: Segments,
        positions: Positions,
        head: Offset,
        hot_bytes: usize,
    ) -> Self {
        Self {
            disk,
            segments,
            positions,
            counters: Counters::default(),
            hot: RwLock::new(HotTail::new(hot_bytes)),
            places: Mutex::default(),
            head: AtomicU64::new(head.0),
            progress: watch::Sender::new(Progress {
                durable: head,
                failure: None,
                closed: false,
            }),
        }
    }

    pub(crate) fn head(&self) -> Offset {
        Offset(self.head.load(Ordering::Acquire))
    }

    pub(crate) fn durable(&self) -> Offset {
        self.progress.borrow().durable
    }

    pub(crate) fn tail(&self) -> Offset {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments
            .first()
            .map_or(Offset::ZERO, |segment| segment.header.first)
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(crate) fn assign(&self, head: Offset) {
        self.head.store(head.0, Ordering::Release);
    }

    /// Entries from `first` up to `durable` may be read from now on.
    pub(crate) fn publish(&self, first: Offset, entries: Vec<Entry>, durable: Offset) {
        // First into memory, so that a reader that wakes up finds them there.
        self.hot
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(first, entries);
        self.progress
            .send_modify(|progress| progress.durable = durable);
    }

    /// The entries of `from..until`, if memory still holds the first of them.
    pub(crate) fn read_memory(
        &self,
        from: Offset,
        until: Offset,
        max_bytes: usize,
    ) -> Option<Block> {
        let hot = self.hot.read().unwrap_or_else(PoisonError::into_inner);
        hot.read(from, until, max_bytes)
    }

    pub(crate) fn failed(&self, error: &SpineError) {
        self.progress
            .send_modify(|progress| progress.failure = Some(error.clone()));
    }

    pub(crate) fn recovered(&self) {
        self.progress
            .send_modify(|progress| progress.failure = None);
    }

    pub(crate) fn close(&self) {
        self.progress.send_modify(|progress| progress.closed = true);
    }
}
