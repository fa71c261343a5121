//! What a connector has done and how it stands, for people and for metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ringfence_event::Time;
use ringfence_sources::Receipt;
use serde::Serialize;

use crate::cursor::Cursor;

/// How a connector stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its name, which is its source's name too.
    pub name: String,
    /// Vendor, as the configuration writes it.
    pub vendor: &'static str,
    /// Program of its records.
    pub program: String,
    /// Site of its records.
    pub site: String,
    /// It takes what the vendor sends at `/api/v1/connectors/{name}/push`.
    pub push: bool,
    /// When a page, or something sent, was last durable, ms; absent before the first.
    pub last_success_ms: Option<i64>,
    /// The last failure, whether or not it is over.
    pub last_error: Option<LastError>,
    /// Failures in a row until now; 0 when it works.
    pub failing: u32,
    /// How far each stream has come.
    pub streams: Vec<StreamStatus>,
    /// What it has done since the start.
    pub counters: Counters,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// When, ms.
    pub at_ms: i64,
    /// What was wrong; holds no secret and no address.
    pub what: String,
}

/// How far a stream has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamStatus {
    /// Its name.
    pub name: String,
    /// Everything of before is durable, ms.
    pub since_ms: i64,
    /// A window is being fetched page by page.
    pub in_window: bool,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Pages asked for with success, and messages taken.
    pub pages: u64,
    /// Records on the event log.
    pub accepted: u64,
    /// Records that were there already.
    pub duplicates: u64,
    /// Records in quarantine.
    pub rejected: u64,
    /// Failures.
    pub errors: u64,
    /// Requests to slow down.
    pub throttled: u64,
    /// Messages refused because their sender did not prove who it is.
    pub refused: u64,
}

/// The same while it changes.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pages: AtomicU64,
    accepted: AtomicU64,
    duplicates: AtomicU64,
    rejected: AtomicU64,
    errors: AtomicU64,
    throttled: AtomicU64,
    refused: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Clone, Default)]
struct Told {
    last_success_ms: Option<i64>,
    last_error: Option<LastError>,
    failing: u32,
    streams: BTreeMap<&'static str, Cursor>,
}

impl Progress {
    /// Notes where a stream stands.
    pub fn stands(&self, stream: &'static str, cursor: &Cursor) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.streams.insert(stream, cursor.clone());
    }

    /// Notes records that are durable.
    pub fn durable(&self, receipt: &Receipt) {
        let add = |counter: &AtomicU64, n: u64| counter.fetch_add(n, Ordering::Relaxed);
        add(&self.accepted, receipt.accepted);
        add(&self.duplicates, receipt.duplicates);
        add(&self.rejected, receipt.rejected.len() as u64);
    }

    /// Notes records that were seen before.
    pub fn known(&self, count: u64) {
        self.duplicates.fetch_add(count, Ordering::Relaxed);
    }

    /// Notes a page that is done with.
    pub fn page(&self, now: Time) {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.last_success_ms = Some(now.0);
        told.failing = 0;
    }

    /// Notes a failure; answers how many there were in a row.
    pub fn failed(&self, now: Time, what: String, throttled: bool) -> u32 {
        if throttled {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        } else {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.last_error = Some(LastError { at_ms: now.0, what });
        told.failing = told.failing.saturating_add(1);
        told.failing
    }

    /// Notes a message whose sender did not prove who it is.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Fills in what changes.
    pub fn fill(&self, status: &mut Status) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        status.counters = Counters {
            pages: get(&self.pages),
            accepted: get(&self.accepted),
            duplicates: get(&self.duplicates),
            rejected: get(&self.rejected),
            errors: get(&self.errors),
            throttled: get(&self.throttled),
            refused: get(&self.refused),
        };
        let told = self
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        status.last_success_ms = told.last_success_ms;
        status.last_error = told.last_error;
        status.failing = told.failing;
        let streams = told.streams.into_iter();
        status.streams = streams
            .map(|(name, cursor)| StreamStatus {
                name: name.to_owned(),
                since_ms: cursor.since,
                in_window: cursor.until.is_some(),
            })
            .collect();
    }
}
