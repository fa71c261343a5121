//! Figures that operators leave for `/metrics` and `status`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ringfence_detect::DetectorStats;
use ringfence_event::Finding;
use ringfence_spine::CpuMeter;
use ringfence_state::NewFinding;

/// Upper bounds of the latency buckets, milliseconds.
pub const LATENCY_MS: [u64; 10] = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 30_000];

/// All of it. Each figure is written by one operator and read by anyone.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Findings that became part of an alert.
    pub findings: AtomicU64,
    /// By bucket of [`LATENCY_MS`]: receive time of the completing event to visible alert.
    pub latency: [AtomicU64; LATENCY_MS.len() + 1],
    /// Sum of these latencies, milliseconds.
    pub latency_sum_ms: AtomicU64,
    /// Groups that correlations hold.
    pub groups: AtomicUsize,
    /// Correlation groups given up early.
    pub groups_evicted: AtomicU64,
    /// Events that wait for later facts.
    pub open: AtomicUsize,
    /// Events whose later facts were not judged.
    pub open_dropped: AtomicU64,
    /// Events that wait for their first facts.
    pub waiting: AtomicUsize,
    /// Findings since the start, by rule.
    hits: Mutex<HashMap<String, u64>>,
    /// Processor time of the call join.
    pub calls_cpu: CpuMeter,
    /// Of detection.
    pub detect_cpu: CpuMeter,
    /// Of saving what the call join and detection remember.
    pub snapshot_cpu: CpuMeter,
    /// Of rows for the hot tail.
    pub tail_cpu: CpuMeter,
    /// Of files of the lake.
    pub files_cpu: CpuMeter,
}

impl Gauges {
    /// After a batch of detection.
    pub fn detector(&self, stats: DetectorStats, waiting: usize) {
        self.groups.store(stats.engine.groups, Ordering::Relaxed);
        self.groups_evicted
            .store(stats.engine.evicted, Ordering::Relaxed);
        self.open.store(stats.open, Ordering::Relaxed);
        self.open_dropped
            .store(stats.dropped_open, Ordering::Relaxed);
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Detection found something.
    pub fn found(&self, findings: &[Finding]) {
        let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in findings {
            match hits.get_mut(&finding.rule_id) {
                Some(n) => *n += 1,
                None => drop(hits.insert(finding.rule_id.clone(), 1)),
            }
        }
    }

    /// Findings since the start, by rule.
    pub fn hits(&self) -> HashMap<String, u64> {
        let hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        hits.clone()
    }

    /// After findings became alerts.
    pub fn findings(&self, batch: &[NewFinding], fresh: usize, now_ms: i64) {
        self.findings.fetch_add(fresh as u64, Ordering::Relaxed);
        for finding in batch {
            let ms = u64::try_from(now_ms.saturating_sub(finding.received_ms)).unwrap_or(0);
            let bucket = LATENCY_MS.iter().position(|bound| ms <= *bound);
            if let Some(count) = self.latency.get(bucket.unwrap_or(LATENCY_MS.len())) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            self.latency_sum_ms.fetch_add(ms, Ordering::Relaxed);
        }
    }
}
