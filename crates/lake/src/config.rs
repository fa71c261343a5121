//! How a lake is tuned.

use std::time::Duration;

/// Settings of a [`Lake`](crate::Lake). The defaults suit one machine with two cores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Least time between two commits. Default 60 s.
    pub commit_every: Duration,
    /// Size of the hot tail, in bytes, at which a commit is due at once. Default 64 MiB.
    pub tail_bytes: usize,
    /// zstd level of files that compaction writes, which stay, 1 to 22. Default 3.
    pub zstd_level: i32,
    /// zstd level of files of rows that have just come, which compaction soon replaces: written
    /// while events arrive, so quickly. Default 1.
    pub fresh_zstd_level: i32,
    /// Most rows of a Parquet row group. Default 131,072.
    pub row_group_rows: usize,
    /// Commits between two checkpoints of the Delta log. Default 30.
    pub checkpoint_every: u64,
    /// How long log entries that a checkpoint has made superfluous are kept. Default 1 day.
    pub log_retention: Duration,
    /// Size that compaction makes files grow to. Default 128 MiB.
    pub compact_bytes: u64,
    /// How long a file that a compaction, retention or erasure replaced is kept for readers
    /// that still use it, and so for how long erased rows stay on the disk. Default 1 hour.
    pub file_retention: Duration,
    /// Threads that run queries. Default 1, so that intake keeps a core.
    pub query_threads: usize,
    /// Queries that run at the same time; more wait. Default 4.
    pub concurrent_queries: usize,
    /// Most bytes of decoded Parquet footers kept between queries. Default 16 MiB.
    pub footer_cache_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            commit_every: Duration::from_secs(60),
            tail_bytes: 64 << 20,
            zstd_level: 3,
            fresh_zstd_level: 1,
            row_group_rows: 128 << 10,
            checkpoint_every: 30,
            log_retention: Duration::from_secs(24 * 3600),
            compact_bytes: 128 << 20,
            file_retention: Duration::from_secs(3600),
            query_threads: 1,
            concurrent_queries: 4,
            footer_cache_bytes: 16 << 20,
        }
    }
}
