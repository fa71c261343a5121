//! A source as one listener hears it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ringfence_event::{Origin, Time};

/// Nobody speaks at this moment: it stands for "not heard yet".
const NEVER: i64 = i64::MIN;

/// A source and when it was last heard.
#[derive(Debug)]
pub(crate) struct Speaker {
    origin: Arc<Origin>,
    last: AtomicI64,
}

impl Speaker {
    pub(crate) fn new(origin: Arc<Origin>) -> Arc<Self> {
        let last = AtomicI64::new(NEVER);
        Arc::new(Self { origin, last })
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    pub(crate) fn heard(&self, at: Time) {
        self.last.fetch_max(at.0, Ordering::Relaxed);
    }

    pub(crate) fn last_heard(&self) -> Option<Time> {
        Some(self.last.load(Ordering::Relaxed))
            .filter(|at| *at != NEVER)
            .map(Time)
    }
}
