//! Puts TCP segments in order (RFC 9293), one direction at a time.
//!
//! An observer cannot ask for a repeat, so it decides what a missing segment means: a hole is
//! waited for until later data fills the buffer or the packet clock says that no repeat will
//! come; then it is skipped, counted and reported with the bytes after it. **Overlap policy:**
//! the bytes that came first win.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::Counters;
use crate::read::{be16, be32};

/// A repeat that has not come by then was not captured.
const GAP_TIMEOUT_NS: u64 = 10_000_000_000;
/// Most bytes that wait behind a hole.
const MAX_WAITING: usize = 256 * 1024;
/// Most segments that wait behind a hole.
const MAX_SEGMENTS: usize = 512;
/// What a waiting segment costs besides its bytes, so that tiny segments are not free.
const OVERHEAD: usize = 64;
/// After so many segments in a row from elsewhere in the sequence space, the stream is not
/// where it was thought to be: a forged SYN moved it, or the ports were used again unseen.
const MAX_STRAYS: u32 = 3;
/// A segment further ahead than the largest useful window belongs to something else.
const MAX_AHEAD: u32 = 1 << 24;

/// One direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Flow {
    pub(crate) src: SocketAddr,
    pub(crate) dst: SocketAddr,
}

/// What reassembly tells: bytes after a gap of so many missing ones, or the end.
pub(crate) struct Chunk<'a> {
    pub(crate) flow: Flow,
    pub(crate) gap: u64,
    pub(crate) closed: bool,
    pub(crate) payload: &'a [u8],
}

#[derive(Debug)]
struct Stream {
    next: u32,
    last_ns: u64,
    /// When the oldest hole was noticed.
    hole_ns: u64,
    /// Segments behind a hole, by distance from `base`.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// Bytes handed out or skipped since the stream was first seen; the key space of `waiting`,
    /// which does not wrap.
    position: u64,
    /// Where FIN stands in that space.
    end: Option<u64>,
    /// Segments with payload out of the window, in a row.
    strays: u32,
}

/// All TCP streams being followed.
#[derive(Debug)]
pub(crate) struct Streams {
    streams: HashMap<Flow, Stream>,
    max_streams: usize,
    max_bytes: usize,
    waiting_bytes: usize,
}

/// A TCP segment's fields and payload.
pub(crate) struct Segment<'a> {
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
    seq: u32,
    syn: bool,
    fin: bool,
    rst: bool,
    payload: &'a [u8],
}

impl<'a> Segment<'a> {
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let header = usize::from(data.get(12)? >> 4) * 4;
        let flags = *data.get(13)?;
        if header < 20 {
            return None;
        }
        Some(Self {
            src_port: be16(data, 0)?,
            dst_port: be16(data, 2)?,
            seq: be32(data, 4)?,
            fin: flags & 1 != 0,
            syn: flags & 2 != 0,
            rst: flags & 4 != 0,
            payload: data.get(header..)?,
        })
    }
}

impl Streams {
    pub(crate) fn new(max_streams: usize, max_bytes: usize) -> Self {
        Self {
            streams: HashMap::new(),
            max_streams,
            max_bytes,
            waiting_bytes: 0,
        }
    }

    pub(crate) fn push(
        &mut self,
        flow: Flow,
        segment: &Segment<'_>,
        now_ns: u64,
        counters: &mut Counters,
        sink: &mut impl FnMut(Chunk<'_>),
    ) {
        let closed = |flow| Chunk {
            flow,
            gap: 0,
            closed: true,
            payload: &[],
        };
        if segment.payload.is_empty() {
            counters.tcp_control += 1;
        }
        if segment.rst || segment.syn {
            // A reset ends what was there; so does a new connection between the same ports,
            // unless this is the same SYN again.
            let same = |stream: &Stream| {
                segment.syn && stream.position == 0 && stream.next == segment.seq.wrapping_add(1)
            };
            if self.streams.get(&flow).is_some_and(same) && segment.payload.is_empty() {
                return;
            }
            // RFC 5961 §3: a reset from outside of the window is forged or stale.
            let inside = |stream: &Stream| segment.seq.wrapping_sub(stream.next) <= MAX_AHEAD;
            if segment.rst && !self.streams.get(&flow).is_some_and(inside) {
                counters.tcp_out_of_window += 1;
                return;
            }
            if self.remove(flow).is_some() {
                sink(closed(flow));
            }
            if segment.rst {
                return;
            }
        }
        // SYN takes one sequence number of its own.
        let seq = segment.seq.wrapping_add(u32::from(segment.syn));
        if !self.streams.contains_key(&flow) {
            if segment.payload.is_empty() && !segment.syn {
                return;
            }
            counters.midstream += u64::from(!segment.syn);
            self.make_room(counters, sink);
            self.streams.insert(flow, Stream::new(seq, now_ns));
        }
        let full = self.waiting_bytes > self.max_bytes;
        let Some(stream) = self.streams.get_mut(&flow) else {
            return;
        };
        let before = stream.waiting_bytes;
        stream.push(seq, segment, now_ns, counters);
        if stream.strays > MAX_STRAYS {
            stream.drain(flow, now_ns, true, counters, sink);
            sink(closed(flow));
            *stream = Stream::new(seq, now_ns);
            counters.midstream += 1;
            stream.push(seq, segment, now_ns, counters);
        }
        // Out of memory for all streams together: this one stops waiting for its holes.
        stream.drain(flow, now_ns, full, counters, sink);
        let done = stream.end.is_some_and(|end| stream.position >= end);
        self.waiting_bytes = (self.waiting_bytes + stream.waiting_bytes).saturating_sub(before);
        if done && self.remove(flow).is_some() {
            sink(closed(flow));
        }
    }

    /// Hands out what still waits and forgets all streams.
    pub(crate) fn finish(&mut self, counters: &mut Counters, sink: &mut impl FnMut(Chunk<'_>)) {
        let mut rest: Vec<_> = self.streams.drain().collect();
        // The same input gives the same output, whatever order the map has.
        rest.sort_by_key(|(flow, stream)| (stream.last_ns, flow.src, flow.dst));
        self.waiting_bytes = 0;
        for (flow, mut stream) in rest {
            let now_ns = stream.last_ns;
            stream.drain(flow, now_ns, true, counters, sink);
            sink(Chunk {
                flow,
                gap: 0,
                closed: true,
                payload: &[],
            });
        }
    }

    fn remove(&mut self, flow: Flow) -> Option<Stream> {
        let stream = self.streams.remove(&flow)?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(stream.waiting_bytes);
        Some(stream)
    }

    /// Forgets the quarter that was silent longest. In batches, so that a flood of new
    /// connections costs a constant share each.
    fn make_room(&mut self, counters: &mut Counters, sink: &mut impl FnMut(Chunk<'_>)) {
        if self.streams.len() < self.max_streams {
            return;
        }
        let mut ages: Vec<_> = self
            .streams
            .iter()
            .map(|(flow, s)| (s.last_ns, flow.src, flow.dst))
            .collect();
        ages.sort_unstable();
        let batch = ages.len().div_ceil(4);
        for (last_ns, src, dst) in ages.into_iter().take(batch) {
            let flow = Flow { src, dst };
            if let Some(mut stream) = self.remove(flow) {
                counters.stream_evictions += 1;
                stream.drain(flow, last_ns, true, counters, sink);
                sink(Chunk {
                    flow,
                    gap: 0,
                    closed: true,
                    payload: &[],
                });
            }
        }
    }
}

impl Stream {
    const fn new(next: u32, now_ns: u64) -> Self {
        let waiting = BTreeMap::new();
        Self {
            next,
            last_ns: now_ns,
            hole_ns: 0,
            waiting,
            waiting_bytes: 0,
            position: 0,
            end: None,
            strays: 0,
        }
    }

    fn push(&mut self, seq: u32, segment: &Segment<'_>, now_ns: u64, counters: &mut Counters) {
        self.last_ns = now_ns;
        let mut payload = segment.payload;
        // RFC 9293 §3.4: sequence numbers are compared modulo 2**32.
        let ahead = seq.wrapping_sub(self.next);
        let behind = self.next.wrapping_sub(seq);
        let at = if ahead <= MAX_AHEAD {
            self.position + u64::from(ahead)
        } else if behind <= MAX_AHEAD {
            let known = usize::try_from(behind)
                .unwrap_or(usize::MAX)
                .min(payload.len());
            counters.tcp_repeated_bytes += known as u64;
            payload = payload.get(known..).unwrap_or_default();
            self.position
        } else {
            counters.tcp_out_of_window += 1;
            self.strays += u32::from(!payload.is_empty());
            return;
        };
        self.strays = 0;
        if segment.fin && ahead <= MAX_AHEAD {
            self.end = Some(at + payload.len() as u64);
        } else if segment.fin && behind as usize <= segment.payload.len() {
            self.end = Some(self.position + payload.len() as u64);
        }
        if !payload.is_empty() {
            self.keep(at, payload, now_ns, counters);
        }
    }

    /// Keeps those bytes of a segment that no earlier segment brought.
    fn keep(&mut self, at: u64, payload: &[u8], now_ns: u64, counters: &mut Counters) {
        if self.waiting.is_empty() {
            self.hole_ns = now_ns;
        }
        let end = at + payload.len() as u64;
        let mut pos = at;
        while pos < end {
            // A piece that covers `pos` wins; skip to its end.
            if let Some((start, piece)) = self.waiting.range(..=pos).next_back() {
                let covered = (start + piece.len() as u64).min(end);
                if covered > pos {
                    counters.tcp_repeated_bytes += covered - pos;
                    pos = covered;
                    continue;
                }
            }
            let stop = self
                .waiting
                .range(pos..end)
                .next()
                .map_or(end, |(start, _)| *start);
            let range = |from: u64| usize::try_from(from - at).unwrap_or(usize::MAX);
            let piece = payload.get(range(pos)..range(stop)).unwrap_or_default();
            self.waiting_bytes += piece.len() + OVERHEAD;
            self.waiting.insert(pos, piece.to_vec());
            pos = stop;
        }
    }

    /// Hands out what is in order, and past a hole once it is given up.
    fn drain(
        &mut self,
        flow: Flow,
        now_ns: u64,
        give_up: bool,
        counters: &mut Counters,
        sink: &mut impl FnMut(Chunk<'_>),
    ) {
        while let Some((at, _)) = self.waiting.first_key_value() {
            let gap = at.saturating_sub(self.position);
            let full = self.waiting_bytes > MAX_WAITING || self.waiting.len() > MAX_SEGMENTS;
            let late = now_ns.saturating_sub(self.hole_ns) >= GAP_TIMEOUT_NS;
            if gap > 0 && !(full || late || give_up) {
                return;
            }
            let Some((_, payload)) = self.waiting.pop_first() else {
                return;
            };
            if gap > 0 {
                counters.tcp_gaps += 1;
                counters.tcp_gap_bytes += gap;
            }
            self.waiting_bytes -= payload.len() + OVERHEAD;
            let moved = gap + payload.len() as u64;
            self.position += moved;
            // Modulo 2**32 on purpose: `next` is a sequence number.
            self.next = self.next.wrapping_add((moved & u64::from(u32::MAX)) as u32);
            counters.stream_bytes += payload.len() as u64;
            sink(Chunk {
                flow,
                gap,
                closed: false,
                payload: &payload,
            });
            self.hole_ns = now_ns;
        }
    }
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
