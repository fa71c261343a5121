//! Who may guess, and how much work guesses may make.
//!
//! A guess is turned away before Argon2 is spent: when its address guessed wrong too often of late, and
//! when too many wait already. Browsers in which somebody signed in before have a lane of their own, so
//! that a flood of strangers keeps nobody out who was here before; passkeys need no lane at all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::auth::network_of;

const MINUTE_MS: i64 = 60_000;
/// Wrong guesses of one address in a minute: a whole floor may share one.
const GUESSES: u32 = 30;
/// Addresses that are remembered; when there are more, all are forgotten.
const ADDRESSES: usize = 50_000;
/// Password hashes at a time in each lane; one takes 20 MiB and some 30 ms.
const HASHING: usize = 1;
/// Guesses under way at a time in each lane, waiting ones included.
const WAITING: usize = 24;

/// How long somebody waits who is turned away. One connection guesses no faster than that, so a flood costs
/// what its connections cost and takes the processors from nobody.
const AWAY_TAKES: Duration = Duration::from_secs(1);
/// How many wait at a time to be turned away; beyond that they are told at once.
const AWAY: usize = 8_192;

/// Who guessed wrong of late.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<IpAddr, (i64, u32)>>);

impl Guesses {
    pub(crate) fn too_many(&self, address: Option<IpAddr>, now_ms: i64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        address
            .and_then(|address| known.get(&network_of(address)))
            .is_some_and(|(since, n)| *n >= GUESSES && now_ms - since < MINUTE_MS)
    }

    pub(crate) fn count(&self, address: Option<IpAddr>, now_ms: i64) {
        let Some(address) = address else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES {
            known.clear();
        }
        let entry = known.entry(network_of(address)).or_insert((now_ms, 0));
        if now_ms - entry.0 >= MINUTE_MS {
            *entry = (now_ms, 0);
        }
        entry.1 += 1;
    }
}

/// The two lanes to Argon2.
#[derive(Debug)]
pub(crate) struct Lanes {
    strangers: Lane,
    known: Lane,
    away: Semaphore,
}

#[derive(Debug)]
struct Lane {
    hashing: Semaphore,
    under_way: AtomicUsize,
}

impl Default for Lanes {
    fn default() -> Self {
        let lane = || Lane {
            hashing: Semaphore::new(HASHING),
            under_way: AtomicUsize::new(0),
        };
        Self {
            strangers: lane(),
            known: lane(),
            away: Semaphore::new(AWAY),
        }
    }
}

/// A place in a lane, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Lane);

impl Lanes {
    /// A place, if there is one. It is taken before anything is known of who guesses, and given back
    /// when the answer goes out, so it says nothing about whether an account is there.
    pub(crate) fn enter(&self, is_known: bool) -> Option<Place<'_>> {
        let lane = if is_known {
            &self.known
        } else {
            &self.strangers
        };
        let taken = lane
            .under_way
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < WAITING).then_some(n + 1)
            });
        // A place that is dropped is given back: none is made where there is none.
        taken.is_ok().then(|| Place(lane))
    }

    /// Comes back when somebody who is turned away may be told so.
    pub(crate) async fn turn_away(&self) {
        if let Ok(_place) = self.away.try_acquire() {
            tokio::time::sleep(AWAY_TAKES).await;
        }
    }
}

impl Place<'_> {
    /// Waits for its turn to hash.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.hashing.acquire().await.ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_guessed_too_often_waits_and_others_do_not() {
        let guesses = Guesses::default();
        let one = Some("192.0.2.1".parse().unwrap());
        let other = Some("192.0.2.2".parse().unwrap());
        for _ in 0..GUESSES {
            assert!(!guesses.too_many(one, 0));
            guesses.count(one, 0);
        }
        assert!(guesses.too_many(one, 0) && !guesses.too_many(other, 0));
        assert!(!guesses.too_many(one, MINUTE_MS));
    }

    #[test]
    fn a_whole_network_of_ipv6_is_one_guesser_and_a_mapped_address_is_itself() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_full_lane_turns_away_and_the_other_does_not() {
        let lanes = Lanes::default();
        let places: Vec<_> = (0..WAITING).map(|_| lanes.enter(false).unwrap()).collect();
        assert!(lanes.enter(false).is_none() && lanes.enter(true).is_some());
        drop(places);
        assert!(lanes.enter(false).is_some());
    }
}
