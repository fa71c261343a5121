//! How long to wait after a failure.

use std::time::Duration;

/// How often a connector asks, and how it slows down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two rounds in which nothing was left to fetch.
    pub every: Duration,
    /// After the first failure.
    pub first: Duration,
    /// Longest wait after failures.
    pub most: Duration,
}

/// A vendor that asks for more patience than this is asked again all the same.
const MOST_ASKED: Duration = Duration::from_secs(900);

impl Pace {
    /// A pace that asks every so often, and waits 1 s to 5 minutes after failures.
    #[must_use]
    pub const fn every(every: Duration) -> Self {
        Self {
            every,
            first: Duration::from_secs(1),
            most: Duration::from_secs(300),
        }
    }

    /// The wait after the nth failure in a row (from 1): doubles each time, half of it at random,
    /// so that many who failed together do not come back together. `random` is any number.
    #[must_use]
    pub fn after_failure(&self, nth: u32, random: u64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << nth.saturating_sub(1).min(16));
        spread(doubled.min(self.most), random)
    }

    /// The wait before the next round: a tenth of it at random.
    #[must_use]
    pub fn before_round(&self, random: u64) -> Duration {
        let tenth = self.every / 10;
        self.every - tenth + share(tenth, random)
    }

    /// The wait that a vendor asked for, bounded.
    #[must_use]
    pub fn asked(&self, wait: Duration) -> Duration {
        wait.min(MOST_ASKED)
    }
}

fn spread(whole: Duration, random: u64) -> Duration {
    whole / 2 + share(whole / 2, random)
}

/// `whole` times a random number from 0 to 1.
fn share(whole: Duration, random: u64) -> Duration {
    let permille = u32::try_from(random % 1_001).unwrap_or(0);
    whole * permille / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        let pace = Pace::every(Duration::from_secs(60));
        let at = |nth, random| pace.after_failure(nth, random).as_millis();
        assert_eq!((at(1, 0), at(1, 1_000)), (500, 1_000));
        assert_eq!((at(4, 0), at(4, 1_000)), (4_000, 8_000));
        assert_eq!((at(40, 0), at(40, 1_000)), (150_000, 300_000));
        assert_eq!(pace.before_round(0), Duration::from_secs(54));
        assert_eq!(pace.before_round(1_000), Duration::from_secs(60));
        assert_eq!(pace.asked(Duration::from_secs(7)), Duration::from_secs(7));
        assert_eq!(pace.asked(Duration::from_secs(86_400)), MOST_ASKED);
    }
}
