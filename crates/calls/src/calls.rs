//! The calls of a site: found by the sources' ids, kept within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use ringfence_event::Time;
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::call::Call;
use crate::lru::Lru;

/// A source that uses an id again this long after the call ended means another call.
const REUSED_AFTER: i64 = 30_000;
const HOUR: i64 = 3_600_000;

/// Calls that anyone on the network can make live in a pool of their own, so that a flood of
/// `INVITE`s pushes out other strangers and never a call of an agent.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Calls {
    next: u64,
    established: Lru<Serial, Call>,
    strangers: Lru<Serial, Call>,
    #[serde(skip)]
    ids: HashMap<Arc<str>, u64>,
    /// Agents who were on calls that are no longer known; for whom they are shown to.
    #[serde(skip)]
    pub(crate) lost: Vec<Arc<str>>,
}

/// Number of a call within its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Serial(pub(crate) u64);

impl From<&Self> for Serial {
    fn from(s: &Self) -> Self {
        *s
    }
}

impl Calls {
    pub(crate) fn serial_of(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    pub(crate) fn get(&self, serial: u64) -> Option<&Call> {
        let key = Serial(serial);
        self.established
            .get(&key)
            .or_else(|| self.strangers.get(&key))
    }

    pub(crate) fn get_mut(&mut self, serial: u64) -> Option<&mut Call> {
        let key = Serial(serial);
        self.established.touch(&key);
        match self.established.get_mut(&key) {
            Some(call) => Some(call),
            None => self.strangers.get_mut(&key),
        }
    }

    /// The call with this id, made if there is none. `starts` says that the evidence is of a
    /// call's beginning, so that an id that is used again means a new call.
    pub(crate) fn open(
        &mut self,
        wall: &str,
        id: &str,
        t: Time,
        starts: bool,
        limits: &Limits,
    ) -> u64 {
        let mut before = None;
        if let Some(serial) = self.serial_of(id) {
            before = self.get(serial);
            let over = before.is_none_or(|c| c.ended().is_some_and(|end| t > end + REUSED_AFTER));
            if !(starts && over) {
                return serial;
            }
        }
        let uid = mint(wall, id, t, before.map_or("", |call| &call.uid));
        self.next += 1;
        let serial = self.next;
        let id: Arc<str> = id.into();
        let call = Call::new(uid, id.clone(), t);
        self.ids.insert(id, serial);
        let gone = self
            .strangers
            .insert(limits.strangers, Serial(serial), call);
        self.forget(gone);
        serial
    }

    /// Moves a call out of the strangers' pool.
    pub(crate) fn establish(&mut self, serial: u64, limits: &Limits) {
        if let Some(mut call) = self.strangers.remove(&Serial(serial)) {
            call.established = true;
            let gone = self.established.insert(limits.calls, Serial(serial), call);
            self.forget(gone);
        }
    }

    /// Says that `id` names the same conversation; merges what was known under it. Returns the
    /// call that was merged away.
    pub(crate) fn join(&mut self, serial: u64, id: &str) -> Option<u64> {
        let known = self.serial_of(id);
        if known == Some(serial) {
            return None;
        }
        let merged = known.and_then(|known| {
            let key = Serial(known);
            let call = self.strangers.remove(&key);
            let call = call.or_else(|| self.established.remove(&key))?;
            for id in &call.ids {
                self.ids.insert(id.clone(), serial);
            }
            self.lost.extend_from_slice(&call.assigned);
            self.get_mut(serial)?.absorb(call);
            Some(known)
        });
        let id: Arc<str> = id.into();
        if merged.is_none() && self.get_mut(serial).is_some_and(|c| c.add_id(id.clone())) {
            self.ids.insert(id, serial);
        }
        merged
    }

    pub(crate) fn established(&self) -> impl Iterator<Item = (u64, &Call)> {
        self.established.iter().map(|(s, c)| (s.0, c))
    }

    pub(crate) fn len(&self) -> (usize, usize) {
        (self.established.len(), self.strangers.len())
    }

    pub(crate) fn evicted(&self) -> (u64, u64) {
        (self.established.evicted, self.strangers.evicted)
    }

    /// Builds what a snapshot leaves out.
    pub(crate) fn index(&mut self) {
        let all = self.strangers.iter().chain(self.established.iter());
        let mut ids: HashMap<Arc<str>, u64> = HashMap::new();
        for (serial, call) in all {
            for id in &call.ids {
                // Of two calls with one id, the later is meant.
                let latest = ids.entry(id.clone()).or_insert(serial.0);
                *latest = (*latest).max(serial.0);
            }
        }
        self.ids = ids;
    }

    fn forget(&mut self, gone: Option<(Serial, Call)>) {
        if let Some((serial, call)) = gone {
            self.lost.extend(call.assigned);
            for id in call.ids {
                if self.ids.get(&id) == Some(&serial.0) {
                    self.ids.remove(&id);
                }
            }
        }
    }
}

/// A call's uid: 128-bit FNV-1a of where it is, what the source calls it, the hour in which it was
/// first heard of (PBXs count from 1 again after a restart), and the uid of the call that had the
/// id before, if that is still known (two calls of one hour are two). Written on each of the call's
/// events, so given once, with the first sign to arrive, and kept whatever earlier sign follows: it
/// tells calls apart, the same in every replay of a log. Not secret, and no decision rests on its
/// being hard to guess.
fn mint(wall: &str, id: &str, t: Time, before: &str) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hour = t.0.div_euclid(HOUR).to_be_bytes();
    let bytes = wall.bytes().chain([0]).chain(id.bytes()).chain([0]);
    let bytes = bytes.chain(hour).chain(before.bytes());
    let hash = bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    });
    format!("call-{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(strangers: usize) -> Limits {
        Limits {
            strangers,
            calls: 4,
            ..Limits::default()
        }
    }

    #[test]
    fn an_id_that_is_used_again_is_another_call() {
        let mut calls = Calls::default();
        let first = calls.open("w", "7", Time(0), true, &limits(9));
        calls.get_mut(first).unwrap().finish(Time(10_000), true);
        assert_eq!(calls.open("w", "7", Time(20_000), true, &limits(9)), first);
        assert_eq!(calls.open("w", "7", Time(90_000), false, &limits(9)), first);
        assert_ne!(calls.open("w", "7", Time(90_000), true, &limits(9)), first);
    }

    #[test]
    fn each_use_of_an_id_within_an_hour_has_a_uid_of_its_own() {
        let mut calls = Calls::default();
        let mut uids: Vec<String> = Vec::new();
        for i in 0..5 {
            let t = Time(i * 60_000);
            let serial = calls.open("w", "7", t, true, &limits(9));
            calls.get_mut(serial).unwrap().finish(t + 1_000, true);
            uids.push(calls.get(serial).unwrap().uid.clone());
        }
        let one = uids.clone();
        uids.sort();
        uids.dedup();
        assert_eq!(uids.len(), 5, "{one:?}");
    }

    #[test]
    fn a_flood_of_strangers_pushes_out_no_agent() {
        let mut calls = Calls::default();
        let ours = calls.open("w", "ours", Time(0), true, &limits(8));
        calls.establish(ours, &limits(8));
        for i in 0..1_000 {
            calls.open("w", &format!("x{i}"), Time(i), true, &limits(8));
        }
        assert_eq!(calls.serial_of("ours"), Some(ours));
        assert_eq!(calls.len(), (1, 8));
        assert_eq!(calls.ids.len(), 9, "ids of forgotten calls are forgotten");
        assert_eq!(calls.evicted(), (0, 992));
    }

    #[test]
    fn two_names_of_one_conversation_meet() {
        let mut calls = Calls::default();
        let a = calls.open("w", "dialer-1", Time(0), true, &limits(8));
        let b = calls.open("w", "sip-1", Time(0), true, &limits(8));
        calls.get_mut(b).unwrap().finish(Time(9), true);
        assert_eq!(calls.join(a, "sip-1"), Some(b));
        assert_eq!(calls.serial_of("sip-1"), Some(a));
        assert_eq!(calls.get(a).unwrap().ended(), Some(Time(9)));
        assert!(calls.get(b).is_none());
    }
}
