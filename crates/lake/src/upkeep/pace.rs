//! How fast upkeep may go, and when it has to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::LakeError;

/// Longest rest at a time, so that stopping does not wait for it.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The pace of an upkeep job: which share of one processor it takes, and a way to stop it.
///
/// Upkeep rests between small pieces of work instead of relying on the system's
/// priorities: on a machine with two cores a job that never rests halves what is left for
/// intake, however low its priority.
#[derive(Clone, Debug)]
pub struct Pace {
    share: f64,
    stop: Arc<AtomicBool>,
}

impl Pace {
    /// As fast as it goes.
    #[must_use]
    pub fn full() -> Self {
        Self::share(1.0)
    }

    /// A share of one processor, between a hundredth and all of it.
    #[must_use]
    pub fn share(share: f64) -> Self {
        Self {
            share: share.clamp(0.01, 1.0),
            stop: Arc::default(),
        }
    }

    /// Makes every job of this pace end before its next piece of work. What it has not
    /// committed is done again another time.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Rests after a piece of work that began at `since`.
    pub(crate) fn rest(&self, since: Instant) -> Result<(), LakeError> {
        let mut left = since.elapsed().mul_f64(1.0 / self.share - 1.0);
        loop {
            self.go_on()?;
            if left.is_zero() {
                return Ok(());
            }
            let now = left.min(LONGEST_REST);
            std::thread::sleep(now);
            left -= now;
        }
    }

    pub(crate) fn go_on(&self) -> Result<(), LakeError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(LakeError::Stopped);
        }
        Ok(())
    }
}
