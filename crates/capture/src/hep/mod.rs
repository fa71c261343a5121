//! HEP3, the Homer encapsulation protocol (revision 37 of its specification).
//!
//! SIP servers mirror each message with its addresses and time in a packet of typed chunks.
//! Chunks that are not known are passed over and counted. HEP versions 1 and 2 are refused:
//! they carry no length of their own and no authentication.

mod decode;
mod encode;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

pub use decode::{HepError, decode};
pub use encode::{EncodeError, encode};

/// One HEP3 packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hep<'a> {
    /// IP protocol number: 17 UDP, 6 TCP, …; 0 if the sender left it out.
    pub ip_protocol: u8,
    /// Sender of the captured message.
    pub src: IpAddr,
    /// Its receiver.
    pub dst: IpAddr,
    /// Sender's port; 0 for protocols without ports.
    pub src_port: u16,
    /// Receiver's port.
    pub dst_port: u16,
    /// When it was captured, nanoseconds since 1970; HEP knows microseconds.
    pub time_ns: u64,
    /// What the payload is.
    pub proto_type: ProtoType,
    /// Number of the capture agent.
    pub capture_id: u32,
    /// The agent's shared secret.
    pub auth_key: Option<AuthKey<'a>>,
    /// The captured message; inflated if it came compressed.
    pub payload: Cow<'a, [u8]>,
    /// Correlation id; SIP's Call-ID as a rule.
    pub correlation_id: Option<&'a [u8]>,
    /// VLAN.
    pub vlan: Option<u16>,
    /// Name of the capture agent.
    pub node: Option<&'a [u8]>,
    /// Less common chunks.
    pub extra: Extra<'a>,
    /// Chunks that were not understood: other vendors', unknown types.
    pub unknown: u32,
}

/// The generic chunks that few agents send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extra<'a> {
    /// Keep-alive timer in seconds.
    pub keep_alive: Option<u16>,
    /// Source MAC address.
    pub src_mac: Option<u64>,
    /// Destination MAC address.
    pub dst_mac: Option<u64>,
    /// Ethernet type.
    pub ether_type: Option<u16>,
    /// TCP flags.
    pub tcp_flags: Option<u8>,
    /// IP type of service.
    pub tos: Option<u8>,
    /// Mean opinion score times 100.
    pub mos: Option<u16>,
    /// R-factor.
    pub r_factor: Option<u16>,
    /// Geographic location.
    pub geo: Option<&'a [u8]>,
    /// Jitter.
    pub jitter: Option<u32>,
    /// `call`, `registration`, …
    pub transaction_type: Option<&'a [u8]>,
    /// JSON keys of the payload.
    pub json_keys: Option<&'a [u8]>,
    /// Values of tags.
    pub tags: Option<&'a [u8]>,
    /// Type of tag.
    pub tag_type: Option<u16>,
    /// Event: recording, interception.
    pub event_type: Option<u16>,
    /// Group id.
    pub group_id: Option<&'a [u8]>,
}

/// The secret that an agent proves itself with. Cannot be printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthKey<'a>(&'a [u8]);

impl<'a> AuthKey<'a> {
    /// Wraps a key.
    #[must_use]
    pub const fn new(key: &'a [u8]) -> Self {
        Self(key)
    }

    /// The key, to be compared in constant time and never stored.
    #[must_use]
    pub const fn expose(&self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for AuthKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(masked)")
    }
}

/// What a HEP payload is (chunk 0x000b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtoType(pub u8);

impl ProtoType {
    /// SIP.
    pub const SIP: Self = Self(0x01);
    /// SDP.
    pub const SDP: Self = Self(0x03);
    /// RTP.
    pub const RTP: Self = Self(0x04);
    /// RTCP as JSON.
    pub const RTCP_JSON: Self = Self(0x05);
    /// A quality report as JSON.
    pub const MOS_FULL: Self = Self(0x22);
    /// SIP as JSON.
    pub const SIP_JSON: Self = Self(0x32);
    /// A call detail record.
    pub const CDR: Self = Self(0x3c);
}

/// Chunk types of vendor 0.
mod chunk {
    pub(super) const FAMILY: u16 = 0x01;
    pub(super) const PROTOCOL: u16 = 0x02;
    pub(super) const SRC_V4: u16 = 0x03;
    pub(super) const DST_V4: u16 = 0x04;
    pub(super) const SRC_V6: u16 = 0x05;
    pub(super) const DST_V6: u16 = 0x06;
    pub(super) const SRC_PORT: u16 = 0x07;
    pub(super) const DST_PORT: u16 = 0x08;
    pub(super) const SECONDS: u16 = 0x09;
    pub(super) const MICROSECONDS: u16 = 0x0a;
    pub(super) const PROTO_TYPE: u16 = 0x0b;
    pub(super) const CAPTURE_ID: u16 = 0x0c;
    pub(super) const KEEP_ALIVE: u16 = 0x0d;
    pub(super) const AUTH_KEY: u16 = 0x0e;
    pub(super) const PAYLOAD: u16 = 0x0f;
    pub(super) const COMPRESSED: u16 = 0x10;
    pub(super) const CORRELATION_ID: u16 = 0x11;
    pub(super) const VLAN: u16 = 0x12;
    pub(super) const NODE: u16 = 0x13;
    pub(super) const SRC_MAC: u16 = 0x14;
    pub(super) const DST_MAC: u16 = 0x15;
    pub(super) const ETHER_TYPE: u16 = 0x16;
    pub(super) const TCP_FLAGS: u16 = 0x17;
    pub(super) const TOS: u16 = 0x18;
    pub(super) const MOS: u16 = 0x20;
    pub(super) const R_FACTOR: u16 = 0x21;
    pub(super) const GEO: u16 = 0x22;
    pub(super) const JITTER: u16 = 0x23;
    pub(super) const TRANSACTION_TYPE: u16 = 0x24;
    pub(super) const JSON_KEYS: u16 = 0x25;
    pub(super) const TAGS: u16 = 0x26;
    pub(super) const TAG_TYPE: u16 = 0x27;
    pub(super) const EVENT_TYPE: u16 = 0x28;
    pub(super) const GROUP_ID: u16 = 0x29;
}

/// `HEP3`, then the total length.
const MAGIC: &[u8; 4] = b"HEP3";
const HEADER: usize = 6;
/// Vendor, type and length.
const CHUNK_HEADER: usize = 6;

/// What decodes, encodes and decodes to the same.
#[doc(hidden)]
pub fn fuzz_hep(data: &[u8]) {
    let Ok(mut hep) = decode(data) else { return };
    hep.unknown = 0;
    // Decoding may inflate a payload past what one packet can hold.
    if let Ok(bytes) = encode(&hep) {
        assert_eq!(decode(&bytes).as_ref(), Ok(&hep));
    }
}

#[cfg(test)]
mod tests;
