//! Puts IP fragments together.
//!
//! **Overlap policy.** A fragment that repeats another exactly is ignored. Any other overlap
//! discards the whole datagram, for IPv6 as RFC 5722 demands and for IPv4 alike: systems
//! disagree on which bytes win, so an attacker could show us one message and the server
//! another. A discarded datagram is counted, never handed out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::Counters;
use crate::ip::{Fragment, IpPacket};

/// RFC 791 §3.2 and RFC 8200 §4.5: a datagram not whole by then is given up.
const TIMEOUT_NS: u64 = 30_000_000_000;
/// Longest datagram.
const MAX_DATAGRAM: usize = 65_535;
/// What a piece costs besides its bytes, so that tiny fragments are not free.
const OVERHEAD: usize = 64;
/// Most pieces of one datagram; 64 KiB in the smallest legal Ethernet fragments.
const MAX_PIECES: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    protocol: u8,
    id: u32,
}

#[derive(Debug)]
struct Partial {
    first_ns: u64,
    /// Which of several datagrams with the same key; ids repeat.
    serial: u64,
    pieces: BTreeMap<usize, Vec<u8>>,
    bytes: usize,
    /// Known once the last fragment was seen.
    total: Option<usize>,
    /// For IPv6 only the first fragment's next header counts (RFC 8200 §4.5).
    protocol: u8,
    /// Overlapped: what still comes is swallowed until the timeout.
    poisoned: bool,
}

/// The datagrams that are not whole yet.
#[derive(Debug)]
pub(crate) struct Reassembler {
    partials: HashMap<Key, Partial>,
    /// Oldest first; entries whose serial is gone are skipped.
    order: VecDeque<(Key, u64)>,
    bytes: usize,
    serial: u64,
    max_bytes: usize,
}

impl Reassembler {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let (partials, order) = Default::default();
        Self {
            partials,
            order,
            bytes: 0,
            serial: 0,
            max_bytes,
        }
    }

    /// Takes a fragment; gives the protocol and payload of the datagram it completes.
    pub(crate) fn push(
        &mut self,
        packet: &IpPacket<'_>,
        fragment: Fragment,
        now_ns: u64,
        counters: &mut Counters,
    ) -> Option<(u8, Vec<u8>)> {
        counters.fragments += 1;
        self.expire(now_ns, counters);
        let IpPacket {
            src,
            dst,
            protocol,
            payload,
            ..
        } = *packet;
        // IPv6 fragments of one datagram may name different next headers: not in the key.
        let in_key = if src.is_ipv4() { protocol } else { 0 };
        let key = Key {
            src,
            dst,
            protocol: in_key,
            id: fragment.id,
        };
        let end = fragment.offset + payload.len();
        // All but the last are multiples of eight (RFC 791 §3.2).
        if payload.is_empty() || end > MAX_DATAGRAM || (fragment.more && payload.len() % 8 != 0) {
            counters.bad_ip += 1;
            return None;
        }
        if !self.partials.contains_key(&key) {
            self.serial += 1;
            self.order.push_back((key, self.serial));
        }
        let serial = self.serial;
        let partial = self.partials.entry(key).or_insert_with(|| Partial {
            first_ns: now_ns,
            serial,
            pieces: BTreeMap::new(),
            bytes: 0,
            total: None,
            protocol,
            poisoned: false,
        });
        match partial.insert(fragment, payload) {
            Insert::Repeated => return None,
            Insert::Conflict => {
                counters.fragment_conflicts += 1;
                self.bytes -= partial.cost();
                partial.bytes = 0;
                partial.pieces.clear();
                return None;
            }
            Insert::Added => self.bytes += payload.len() + OVERHEAD,
        }
        if fragment.offset == 0 {
            partial.protocol = protocol;
        }
        let whole = partial.total == Some(partial.bytes);
        self.evict(counters);
        if !whole {
            return None;
        }
        let partial = self.partials.remove(&key)?;
        self.bytes -= partial.cost();
        counters.reassembled += 1;
        Some((
            partial.protocol,
            partial.pieces.into_values().flatten().collect(),
        ))
    }

    /// Gives up all that waits: nothing more comes.
    pub(crate) fn finish(&mut self, counters: &mut Counters) {
        let waiting = self
            .partials
            .drain()
            .filter(|(_, partial)| !partial.poisoned)
            .count();
        counters.fragment_timeouts += waiting as u64;
        self.order.clear();
        self.bytes = 0;
    }

    fn expire(&mut self, now_ns: u64, counters: &mut Counters) {
        while let Some((key, serial)) = self.order.front() {
            match self
                .partials
                .get(key)
                .filter(|partial| partial.serial == *serial)
            {
                Some(partial) if now_ns.saturating_sub(partial.first_ns) < TIMEOUT_NS => return,
                Some(partial) => {
                    counters.fragment_timeouts += u64::from(!partial.poisoned);
                    self.remove_oldest();
                }
                None => {
                    self.order.pop_front();
                }
            }
        }
    }

    /// Gives up the oldest until the rest fits. The count is bounded too: a poisoned or tiny
    /// datagram holds few bytes but still an entry.
    fn evict(&mut self, counters: &mut Counters) {
        while self.bytes > self.max_bytes || self.order.len() > self.max_bytes / 512 {
            if self.order.is_empty() {
                return;
            }
            counters.fragment_evictions += u64::from(self.remove_oldest());
        }
    }

    fn remove_oldest(&mut self) -> bool {
        let Some((key, serial)) = self.order.pop_front() else {
            return false;
        };
        if self
            .partials
            .get(&key)
            .is_none_or(|partial| partial.serial != serial)
        {
            return false;
        }
        self.bytes -= self
            .partials
            .remove(&key)
            .map_or(0, |partial| partial.cost());
        true
    }
}

enum Insert {
    Added,
    Repeated,
    Conflict,
}

impl Partial {
    fn cost(&self) -> usize {
        self.bytes + self.pieces.len() * OVERHEAD
    }

    fn insert(&mut self, fragment: Fragment, payload: &[u8]) -> Insert {
        if self.poisoned {
            return Insert::Repeated;
        }
        let (start, end) = (fragment.offset, fragment.offset + payload.len());
        if self
            .pieces
            .get(&start)
            .is_some_and(|piece| piece == payload)
        {
            return Insert::Repeated;
        }
        let before = self.pieces.range(..=start).next_back();
        let overlaps_before = before.is_some_and(|(at, piece)| at + piece.len() > start);
        let overlaps_after = self.pieces.range(start..end).next().is_some();
        let last_end = self
            .pieces
            .last_key_value()
            .map_or(0, |(at, piece)| at + piece.len());
        let contradicts = match (self.total, fragment.more) {
            (Some(total), true) => end > total,
            (Some(total), false) => end != total,
            (None, false) => last_end > end,
            (None, true) => false,
        };
        if overlaps_before || overlaps_after || contradicts || self.pieces.len() >= MAX_PIECES {
            self.poisoned = true;
            return Insert::Conflict;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        self.bytes += payload.len();
        self.pieces.insert(start, payload.to_vec());
        Insert::Added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        reassembler: Reassembler,
        counters: Counters,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                reassembler: Reassembler::new(1 << 20),
                counters: Counters::default(),
            }
        }

        fn push(
            &mut self,
            id: u32,
            at: usize,
            more: bool,
            data: &[u8],
            now: u64,
        ) -> Option<Vec<u8>> {
            let (src, dst) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
            let fragment = Fragment {
                id,
                offset: at,
                more,
            };
            let packet = IpPacket {
                src,
                dst,
                protocol: 17,
                fragment: None,
                payload: data,
            };
            let whole = self
                .reassembler
                .push(&packet, fragment, now, &mut self.counters);
            whole.map(|(_, payload)| payload)
        }
    }

    #[test]
    fn order_and_repeats_do_not_matter() {
        let mut bench = Bench::new();
        assert_eq!(bench.push(1, 16, false, b"end", 0), None);
        assert_eq!(bench.push(1, 8, true, b"22222222", 0), None);
        assert_eq!(bench.push(1, 8, true, b"22222222", 0), None);
        assert_eq!(bench.push(2, 0, true, b"otherone", 0), None);
        assert_eq!(
            bench.push(1, 0, true, b"11111111", 0).unwrap(),
            b"1111111122222222end"
        );
        assert_eq!(
            (
                bench.counters.reassembled,
                bench.counters.fragment_conflicts
            ),
            (1, 0)
        );
    }

    #[test]
    fn an_overlap_discards_the_datagram() {
        for (at, data) in [(0, &b"XXXXXXXX"[..]), (8, b"YYYYYYYYZZZZZZZZ")] {
            let mut bench = Bench::new();
            bench.push(1, 0, true, b"1111111122222222", 0);
            assert_eq!(bench.push(1, at, true, data, 0), None);
            assert_eq!(bench.push(1, 16, false, b"end", 0), None);
            assert_eq!(bench.counters.fragment_conflicts, 1);
            assert_eq!(bench.reassembler.bytes, 0);
        }
    }

    #[test]
    fn what_does_not_come_in_time_is_given_up() {
        let mut bench = Bench::new();
        bench.push(1, 0, true, b"11111111", 0);
        assert_eq!(bench.push(1, 8, false, b"end", TIMEOUT_NS), None);
        assert_eq!(bench.counters.fragment_timeouts, 1);
    }

    #[test]
    fn a_flood_of_fragments_stays_within_memory() {
        let mut bench = Bench::new();
        for id in 0..100_000 {
            bench.push(id, 0, true, &[0; 800], 0);
        }
        assert!(bench.reassembler.bytes <= 1 << 20);
        assert!(bench.reassembler.partials.len() <= bench.reassembler.order.len());
        assert!(bench.counters.fragment_evictions > 90_000);
    }
}
