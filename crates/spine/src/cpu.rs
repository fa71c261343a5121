//! Where the processor's time goes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time that one stage of an event's way has used so far, over all threads.
#[derive(Debug, Default)]
pub struct CpuMeter(AtomicU64);

impl CpuMeter {
    /// Runs `work`, and counts what it uses of this thread's processor time: two reads of a clock,
    /// so for batches and not for single events.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = thread_ns();
        let done = work();
        let used = thread_ns().saturating_sub(before);
        self.0.fetch_add(used, Relaxed);
        done
    }

    /// What was used.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}

fn thread_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let secs = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_counts_and_waiting_does_not() {
        let meter = CpuMeter::default();
        let sum = meter.run(|| (0..3_000_000_u64).fold(0, |a, b| a ^ b.wrapping_mul(a | 1)));
        let worked = meter.total();
        assert!(std::hint::black_box(sum) < u64::MAX && worked > Duration::ZERO);
        meter.run(|| std::thread::sleep(Duration::from_millis(300)));
        assert!(meter.total() - worked < Duration::from_millis(150));
    }
}
