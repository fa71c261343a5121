//! Who asks, and how much they may take.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The programs whose rows a query can see. There is no default: every caller says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Every program: for administrators and offline tools.
    All,
    /// These programs only; an empty set sees nothing.
    Programs(BTreeSet<String>),
}

/// What a query may take before it is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most rows of the answer; more are cut off and the answer says so. Default 10,000.
    pub rows: usize,
    /// Most bytes of the answer's columns, treated in the same way. Default 64 MiB.
    pub answer_bytes: usize,
    /// Most bytes for sorting, grouping and joining. Default 256 MiB.
    pub memory_bytes: usize,
    /// Longest time, waiting for a turn included. Default 30 s.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 10_000,
            answer_bytes: 64 << 20,
            memory_bytes: 256 << 20,
            time: Duration::from_secs(30),
        }
    }
}
