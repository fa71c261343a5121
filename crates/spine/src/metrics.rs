//! What the log counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::cpu::CpuMeter;

/// Upper bounds of [`Metrics::commit_seconds`] in microseconds; the last bucket
/// has none.
pub const COMMIT_BUCKETS_US: [u64; 11] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000,
];

/// Upper bounds of [`Metrics::batch_entries`]; the last bucket has none.
pub const BATCH_BUCKETS: [u64; 7] = [1, 4, 16, 64, 256, 1_024, 4_096];

/// A snapshot of the counters since the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Entries made durable.
    pub entries: u64,
    /// Bytes of blocks made durable, as stored.
    pub bytes: u64,
    /// Blocks made durable; one write and one sync each.
    pub commits: u64,
    /// Commits that failed.
    pub failures: u64,
    /// Entries answered as duplicates.
    pub duplicates: u64,
    /// Entries refused because nothing could be written or there was no room.
    pub refused: u64,
    /// Bytes of entries under way now.
    pub in_flight_bytes: u64,
    /// Identities in the dedup window now.
    pub identities: u64,
    /// Segments deleted by retention.
    pub segments_deleted: u64,
    /// Bytes of all segments now.
    pub log_bytes: u64,
    /// Commits by the time that write and sync took, see [`COMMIT_BUCKETS_US`].
    pub commit_seconds: [u64; 12],
    /// The sum of those times in microseconds.
    pub commit_us: u64,
    /// Processor time of the thread that writes.
    pub cpu: Duration,
    /// Commits by the entries in them, see [`BATCH_BUCKETS`].
    pub batch_entries: [u64; 8],
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) entries: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) identities: AtomicU64,
    pub(crate) segments_deleted: AtomicU64,
    pub(crate) log_bytes: AtomicU64,
    commit_seconds: [AtomicU64; 12],
    commit_us: AtomicU64,
    pub(crate) cpu: CpuMeter,
    batch_entries: [AtomicU64; 8],
}

impl Counters {
    pub(crate) fn committed(&self, entries: usize, bytes: u64, took: Duration) {
        let entries = entries as u64;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.entries.fetch_add(entries, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.commits.fetch_add(1, Relaxed);
        self.commit_us.fetch_add(micros, Relaxed);
        observe(&self.commit_seconds, &COMMIT_BUCKETS_US, micros);
        observe(&self.batch_entries, &BATCH_BUCKETS, entries);
    }

    pub(crate) fn snapshot(&self, in_flight_bytes: u64) -> Metrics {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        Metrics {
            entries: read(&self.entries),
            bytes: read(&self.bytes),
            commits: read(&self.commits),
            failures: read(&self.failures),
            duplicates: read(&self.duplicates),
            refused: read(&self.refused),
            in_flight_bytes,
            identities: read(&self.identities),
            segments_deleted: read(&self.segments_deleted),
            log_bytes: read(&self.log_bytes),
            commit_seconds: self.commit_seconds.each_ref().map(read),
            commit_us: read(&self.commit_us),
            cpu: self.cpu.total(),
            batch_entries: self.batch_entries.each_ref().map(read),
        }
    }
}

fn observe(buckets: &[AtomicU64], bounds: &[u64], value: u64) {
    let place = bounds.partition_point(|&bound| bound < value);
    if let Some(bucket) = buckets.get(place) {
        bucket.fetch_add(1, Relaxed);
    }
}
