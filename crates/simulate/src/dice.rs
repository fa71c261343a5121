//! Chance from a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chances of its own for each part of a story, so that adding one event to a part
/// does not change all the others.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Evenly from 0 up to and without `n`; 0 for none.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // The bias is n / 2^64.
        self.0.next_u64().checked_rem(n).unwrap_or(0)
    }

    /// Evenly from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = to.saturating_sub(from).max(0).unsigned_abs();
        from + i64::try_from(self.below(width + 1)).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A waiting time with this mean, as of arrivals at random, cut at eight times the mean.
    pub(crate) fn wait(&mut self, mean: i64) -> i64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "at most eight times a mean of minutes"
        )]
        let ms = (-(1.0 - self.unit()).ln() * mean as f64).min(8.0 * mean as f64) as i64;
        ms
    }

    /// A handle time: skewed to the right as such times are, around this median.
    pub(crate) fn handle_time(&mut self, median: i64) -> i64 {
        // The sum of twelve even chances is nearly normal.
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "at most e^3.6 times a median of minutes"
        )]
        let ms = (median as f64 * (0.6 * normal).exp()) as i64;
        ms
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let i = usize::try_from(self.below(from.len() as u64)).ok()?;
        from.get(i)
    }

    fn unit(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit a double")]
        let unit = (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        unit
    }
}
