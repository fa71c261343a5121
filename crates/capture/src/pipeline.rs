use std::net::{IpAddr, SocketAddr};

use crate::counters::Counters;
use crate::fragment::Reassembler;
use crate::ip::{self, IpDrop};
use crate::link::{LinkDrop, ip_packet};
use crate::read::be16;
use crate::tcp::{Chunk, Flow, Segment, Streams};
use crate::{LinkType, Packet};

/// Memory bounds of a [`Pipeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of IP fragments waiting for the rest.
    pub fragment_bytes: usize,
    /// Most TCP streams (directions, not connections) followed at once.
    pub streams: usize,
    /// Most bytes of TCP segments waiting behind holes.
    pub stream_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fragment_bytes: 4 << 20,
            streams: 16_384,
            stream_bytes: 32 << 20,
        }
    }
}

/// Transport protocol of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proto {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// One datagram's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Time of the packet that completed it, nanoseconds since 1970.
    pub time_ns: u64,
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// Transport.
    pub proto: Proto,
    /// Payload.
    pub payload: &'a [u8],
}

/// The next bytes of one direction of a TCP connection, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamBytes<'a> {
    /// Time of the packet that made them available.
    pub time_ns: u64,
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// Bytes that were lost before these: a framer must find its place again.
    pub gap: u64,
    /// The stream is over or forgotten: drop what is kept for it.
    pub closed: bool,
    /// Payload; empty when only the end is told.
    pub payload: &'a [u8],
}

/// What comes out of a [`Pipeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// A UDP datagram.
    Datagram(Datagram<'a>),
    /// Bytes of a TCP stream.
    Stream(StreamBytes<'a>),
}

/// From captured packets to payloads. Fed in capture order; the packets' own times drive all
/// timeouts.
#[derive(Debug)]
pub struct Pipeline {
    fragments: Reassembler,
    streams: Streams,
    counters: Counters,
    /// Latest packet time, so that a step back in a merged capture stops no clock.
    now_ns: u64,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Pipeline {
    /// An empty pipeline.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            fragments: Reassembler::new(limits.fragment_bytes),
            streams: Streams::new(limits.streams, limits.stream_bytes),
            counters: Counters::default(),
            now_ns: 0,
        }
    }

    /// Takes one packet; what it completes goes to `sink`.
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(Output<'_>)) {
        self.frame(packet.time_ns, packet.link, packet.data, sink);
    }

    /// As [`Pipeline::packet`], for frames that come from elsewhere than a file.
    pub fn frame(
        &mut self,
        time_ns: u64,
        link: LinkType,
        data: &[u8],
        sink: &mut impl FnMut(Output<'_>),
    ) {
        self.counters.packets += 1;
        self.now_ns = self.now_ns.max(time_ns);
        let packet = match ip_packet(link, data) {
            Ok(packet) => packet,
            Err(drop) => {
                *match drop {
                    LinkDrop::Unknown => &mut self.counters.unknown_link,
                    LinkDrop::NotIp => &mut self.counters.not_ip,
                    LinkDrop::Malformed => &mut self.counters.bad_link,
                } += 1;
                return;
            }
        };
        let packet = match ip::parse(packet) {
            Ok(packet) => packet,
            Err(IpDrop::CutShort) => return self.counters.cut_short += 1,
            Err(IpDrop::Malformed) => return self.counters.bad_ip += 1,
        };
        let hosts = (packet.src, packet.dst);
        let Some(fragment) = packet.fragment else {
            return self.transport(time_ns, hosts, packet.protocol, packet.payload, sink);
        };
        let (counters, now_ns) = (&mut self.counters, self.now_ns);
        if let Some((protocol, payload)) = self.fragments.push(&packet, fragment, now_ns, counters)
        {
            self.transport(time_ns, hosts, protocol, &payload, sink);
        }
    }

    /// Hands out TCP bytes that still wait behind holes and forgets all state.
    pub fn finish(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        let time_ns = self.now_ns;
        self.fragments.finish(&mut self.counters);
        self.streams
            .finish(&mut self.counters, &mut |chunk| sink(chunk.output(time_ns)));
    }

    /// What became of the packets so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn transport(
        &mut self,
        time_ns: u64,
        (src, dst): (IpAddr, IpAddr),
        protocol: u8,
        data: &[u8],
        sink: &mut impl FnMut(Output<'_>),
    ) {
        match protocol {
            17 => {
                let Some((src_port, dst_port, payload)) = udp(data) else {
                    return self.counters.bad_transport += 1;
                };
                self.counters.datagrams += 1;
                let (src, dst) = ((src, src_port).into(), (dst, dst_port).into());
                let proto = Proto::Udp;
                sink(Output::Datagram(Datagram {
                    time_ns,
                    src,
                    dst,
                    proto,
                    payload,
                }));
            }
            6 => {
                let Some(segment) = Segment::parse(data) else {
                    return self.counters.bad_transport += 1;
                };
                let flow = Flow {
                    src: (src, segment.src_port).into(),
                    dst: (dst, segment.dst_port).into(),
                };
                let (counters, now_ns) = (&mut self.counters, self.now_ns);
                self.streams
                    .push(flow, &segment, now_ns, counters, &mut |chunk| {
                        sink(chunk.output(time_ns));
                    });
            }
            _ => self.counters.other_transport += 1,
        }
    }
}

impl<'a> Chunk<'a> {
    const fn output(self, time_ns: u64) -> Output<'a> {
        let Self {
            flow: Flow { src, dst },
            gap,
            closed,
            payload,
        } = self;
        Output::Stream(StreamBytes {
            time_ns,
            src,
            dst,
            gap,
            closed,
            payload,
        })
    }
}

/// RFC 768. A length of zero is a jumbogram or left to the network card.
fn udp(data: &[u8]) -> Option<(u16, u16, &[u8])> {
    let end = match usize::from(be16(data, 4)?) {
        0 => data.len(),
        length => length,
    };
    Some((be16(data, 0)?, be16(data, 2)?, data.get(8..end)?))
}

/// Feeds the bytes as frames of every link type; what comes out fits into what went in.
#[doc(hidden)]
pub fn fuzz_pipeline(data: &[u8]) {
    for link in [0, 1, 101, 108, 113, 276] {
        let mut pipeline = Pipeline::new(Limits {
            fragment_bytes: 64 * 1024,
            streams: 4,
            stream_bytes: 64 * 1024,
        });
        let mut bytes = 0;
        let mut sink = |output: Output<'_>| {
            bytes += match output {
                Output::Datagram(datagram) => datagram.payload.len(),
                Output::Stream(stream) => stream.payload.len(),
            };
        };
        // Frames of a length each names itself, so that several can hit the same state.
        let mut rest = data;
        let mut time_ns = 0;
        while let Some((length, after)) = rest.split_first() {
            let length = usize::from(*length).max(1);
            let frame = after.get(..length).unwrap_or(after);
            pipeline.frame(time_ns, LinkType(link), frame, &mut sink);
            rest = after.get(length..).unwrap_or_default();
            time_ns += 1_000_000_000;
        }
        pipeline.finish(&mut sink);
        assert!(bytes <= data.len(), "more bytes out than in");
        assert!(pipeline.counters().tcp_gaps <= pipeline.counters().packets);
    }
}
