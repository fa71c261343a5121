//! Logs that a stranger can trigger, at a bounded rate.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ringfence_event::Time;

/// One line in this many milliseconds.
const INTERVAL: i64 = 10_000;

/// Lets one occurrence through an interval and counts the others.
#[derive(Debug)]
pub(super) struct LogGate {
    next: AtomicI64,
    held_back: AtomicU64,
}

impl LogGate {
    pub(super) const fn new() -> Self {
        Self {
            next: AtomicI64::new(i64::MIN),
            held_back: AtomicU64::new(0),
        }
    }

    /// How many were held back before this one, when this one may be logged.
    pub(super) fn open(&self, now: Time) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let passes = now.0 >= next
            && self
                .next
                .compare_exchange(
                    next,
                    now.0.saturating_add(INTERVAL),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok();
        if passes {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_interval_and_nothing_uncounted() {
        let gate = LogGate::new();
        assert_eq!(gate.open(Time(0)), Some(0));
        assert_eq!(gate.open(Time(1)), None);
        assert_eq!(gate.open(Time(INTERVAL - 1)), None);
        assert_eq!(gate.open(Time(INTERVAL)), Some(2));
    }
}
