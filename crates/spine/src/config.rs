//! What an operator can set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How blocks are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// zstd level 1, where it makes a block smaller.
    Zstd1,
}

/// Settings of a [`LocalSpine`](crate::LocalSpine).
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// Bytes after which a new segment file is begun. Default 64 MiB.
    pub segment_bytes: u64,
    /// Bytes of entries that end the collecting of one block. Default 4 MiB.
    pub batch_bytes: usize,
    /// How long a commit waits for as many appends as the last one had. An idle
    /// log never waits. Default 1 ms.
    pub window: Duration,
    /// Bytes of entries that may be under way before appends wait. Default 32 MiB.
    pub in_flight_bytes: usize,
    /// Bytes of entries in one append. Default 8 MiB, never above
    /// `in_flight_bytes` or 32 MiB.
    pub max_append_bytes: usize,
    /// Bytes of the newest entries, with what was read from them, held in memory for
    /// consumers that keep up. Default 40 MiB.
    pub hot_bytes: usize,
    /// How blocks are stored. Default zstd: on JSON events it costs one more
    /// microsecond of processor time an event and saves four fifths of the disk,
    /// at the same rate, which the disk's syncs decide.
    pub compression: Compression,
    /// How many of the most recent identities are recognised when they come
    /// again; 22 to 42 bytes of memory each, taken as they come. Default
    /// 1,000,000. Segments that hold them are kept, except when the log is over
    /// half of `max_bytes`: then the window after a restart may be shorter.
    pub dedup_identities: usize,
    /// Segments that every consumer has read are deleted once the log is larger
    /// than this. Default 2 GiB.
    pub keep_bytes: u64,
    /// Segments that every consumer has read are deleted once they are older than
    /// this. Default 7 days.
    pub keep_age: Duration,
    /// Bytes the log may take on disk; then appends are refused. Default 64 GiB.
    pub max_bytes: u64,
    /// How long entries that nobody waits for rest before a failed commit is
    /// tried again. Default 250 ms.
    pub retry: Duration,
    /// The wall clock, in milliseconds since 1970.
    pub clock: fn() -> u64,
}

impl LocalConfig {
    /// No block may cost more than this, whatever is configured: the decoder
    /// refuses blocks of twice as much.
    pub(crate) const HARD_APPEND_LIMIT: usize = 32 << 20;

    pub(crate) fn append_limit(&self) -> usize {
        self.max_append_bytes
            .min(self.in_flight_bytes)
            .min(Self::HARD_APPEND_LIMIT)
    }

    pub(crate) fn batch_limit(&self) -> usize {
        self.batch_bytes.min(Self::HARD_APPEND_LIMIT)
    }
}

impl Default for LocalConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            batch_bytes: 4 << 20,
            window: Duration::from_millis(1),
            in_flight_bytes: 32 << 20,
            max_append_bytes: 8 << 20,
            hot_bytes: 40 << 20,
            compression: Compression::Zstd1,
            dedup_identities: 1_000_000,
            keep_bytes: 2 << 30,
            keep_age: Duration::from_secs(7 * 24 * 3600),
            max_bytes: 64 << 30,
            retry: Duration::from_millis(250),
            clock: wall_clock,
        }
    }
}

fn wall_clock() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
