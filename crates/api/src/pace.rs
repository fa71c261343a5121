//! How fast one account may ask: nobody takes everything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use ringfence_policy::Kind;

use crate::problem::Problem;

/// What somebody did not ask for, they may make up for in this time at most.
const BURST: Duration = Duration::from_secs(5);
/// Accounts that are remembered. One that is back at its full burst is forgotten, so that only those
/// count that asked within the last seconds.
const MOST: usize = 16_384;

/// Requests a second of one account; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of a person.
    pub person: u32,
    /// Of a service.
    pub service: u32,
    /// Of a source.
    pub source: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            person: 50,
            service: 1_000,
            source: 5_000,
        }
    }
}

/// Who asked how much of late: a leaky bucket an account, as the moment at which it will be empty.
#[derive(Debug)]
pub struct Paces {
    rates: Rates,
    empty_at: Mutex<HashMap<String, Instant>>,
}

impl Paces {
    /// Nobody asked yet.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        let empty_at = Mutex::default();
        Self { rates, empty_at }
    }

    pub(crate) fn account(&self, kind: Kind, id: &str) -> Result<(), Problem> {
        let rate = match kind {
            Kind::Person => self.rates.person,
            Kind::Service | Kind::Agent => self.rates.service,
        };
        self.take(rate, id, Instant::now())
    }

    pub(crate) fn source(&self, id: &str) -> Result<(), Problem> {
        self.take(self.rates.source, id, Instant::now())
    }

    /// Fails closed: who cannot be counted waits.
    fn take(&self, rate: u32, id: &str, now: Instant) -> Result<(), Problem> {
        if rate == 0 {
            return Ok(());
        }
        let one = Duration::from_secs(1) / rate;
        let mut all = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(empty_at) = all.get_mut(id) {
            let next = (*empty_at).max(now) + one;
            let ahead = next.saturating_duration_since(now);
            if ahead > BURST {
                return Err(too_fast(rate, ahead - BURST));
            }
            *empty_at = next;
            return Ok(());
        }
        if all.len() >= MOST {
            all.retain(|_, empty_at| *empty_at > now);
        }
        if all.len() >= MOST {
            return Err(too_fast(rate, one));
        }
        all.insert(id.to_owned(), now + one);
        Ok(())
    }
}

fn too_fast(rate: u32, wait: Duration) -> Problem {
    let detail = format!("an account may make {rate} requests a second, and more for 5 seconds");
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-fast",
        "Too many requests",
        detail,
    );
    problem.after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let paces = Paces::new(Rates::default());
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let taken = |id: &str, ms| paces.take(10, id, at(ms)).is_ok();
        assert_eq!((0..100).filter(|_| taken("a", 0)).count(), 50);
        assert!(taken("b", 0), "another account");
        // A second later there is room for ten, and after a long while for no more than a burst.
        assert_eq!((0..100).filter(|_| taken("a", 1_000)).count(), 10);
        assert_eq!((0..100).filter(|_| taken("a", 600_000)).count(), 50);
        assert!((0..10_000).all(|_| paces.take(0, "a", begin).is_ok()));
    }

    #[test]
    fn memory_is_bounded() {
        let paces = Paces::new(Rates::default());
        let begin = Instant::now();
        for n in 0..MOST {
            paces.take(10, &n.to_string(), begin).unwrap();
        }
        assert!(paces.take(10, "one more", begin).is_err());
        let later = begin + Duration::from_secs(1);
        assert!(paces.take(10, "one more", later).is_ok());
        assert_eq!(paces.empty_at.lock().unwrap().len(), 1);
    }
}
