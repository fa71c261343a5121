use std::borrow::Cow;
use std::io::Read;
use std::net::IpAddr;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::{AuthKey, CHUNK_HEADER, Extra, HEADER, Hep, MAGIC, ProtoType, chunk};
use crate::read::{array, be16, be32};

/// Largest payload that a compressed one may become: what an uncompressed one could be.
const MAX_INFLATED: u64 = 64 * 1024;
/// A sound packet has some twenty chunks.
const MAX_CHUNKS: usize = 256;

/// Why a packet is no HEP3 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {reason}")]
pub struct HepError {
    /// Offset in the packet.
    pub offset: usize,
    /// What is wrong, and for old versions what to do.
    pub reason: &'static str,
}

const fn error(offset: usize, reason: &'static str) -> HepError {
    HepError { offset, reason }
}

/// Reads one HEP3 packet.
///
/// # Errors
/// When the frame or a known chunk is malformed, or addresses or payload are missing.
pub fn decode(data: &[u8]) -> Result<Hep<'_>, HepError> {
    if !data.starts_with(MAGIC) {
        return Err(error(0, refusal(data)));
    }
    let total = usize::from(be16(data, 4).ok_or(error(4, "packet ends inside its header"))?);
    if total < HEADER {
        return Err(error(4, "total length is smaller than the header"));
    }
    // Bytes after the total length do not belong to the packet.
    let data = data
        .get(..total)
        .ok_or(error(4, "packet is shorter than its total length"))?;
    let mut parts = Parts::default();
    let mut at = HEADER;
    for _ in 0..MAX_CHUNKS {
        if at >= data.len() {
            return parts.build(at);
        }
        let (Some(vendor), Some(kind), Some(length)) =
            (be16(data, at), be16(data, at + 2), be16(data, at + 4))
        else {
            return Err(error(at, "packet ends inside a chunk header"));
        };
        let length = usize::from(length);
        let value = data.get(at + CHUNK_HEADER..at + length).ok_or(error(
            at + 4,
            "chunk length is too small or past the packet's end",
        ))?;
        if vendor == 0 {
            parts
                .take(kind, value)
                .map_err(|reason| error(at, reason))?;
        } else {
            parts.unknown += 1;
        }
        at += length;
    }
    Err(error(at, "packet has more than 256 chunks"))
}

/// HEP1 and HEP2 start with their version and header length.
fn refusal(data: &[u8]) -> &'static str {
    match data {
        [] => "packet is empty",
        [1, 16 | 40, ..] => "HEP version 1 is not supported: set the agent to HEP version 3",
        [2, 16 | 28 | 40 | 52, ..] => {
            "HEP version 2 is not supported: set the agent to HEP version 3"
        }
        _ => "packet does not start with `HEP3`",
    }
}

/// The chunks seen so far. A chunk that comes twice: the later one counts.
#[derive(Default)]
struct Parts<'a> {
    ip_protocol: u8,
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    src_port: u16,
    dst_port: u16,
    seconds: u32,
    microseconds: u32,
    proto_type: u8,
    capture_id: u32,
    auth_key: Option<&'a [u8]>,
    payload: Option<Cow<'a, [u8]>>,
    correlation_id: Option<&'a [u8]>,
    vlan: Option<u16>,
    node: Option<&'a [u8]>,
    extra: Extra<'a>,
    unknown: u32,
}

impl<'a> Parts<'a> {
    fn take(&mut self, kind: u16, value: &'a [u8]) -> Result<(), &'static str> {
        let extra = &mut self.extra;
        match kind {
            // The addresses say which family it is.
            chunk::FAMILY => match byte(value)? {
                2 | 10 | 24 | 28 | 30 => {}
                _ => return Err("IP family is neither IPv4 nor IPv6"),
            },
            chunk::PROTOCOL => self.ip_protocol = byte(value)?,
            chunk::SRC_V4 => self.src = Some(exact::<4>(value)?.into()),
            chunk::DST_V4 => self.dst = Some(exact::<4>(value)?.into()),
            chunk::SRC_V6 => self.src = Some(exact::<16>(value)?.into()),
            chunk::DST_V6 => self.dst = Some(exact::<16>(value)?.into()),
            chunk::SRC_PORT => self.src_port = short(value)?,
            chunk::DST_PORT => self.dst_port = short(value)?,
            chunk::SECONDS => self.seconds = long(value)?,
            chunk::MICROSECONDS => self.microseconds = long(value)?,
            chunk::PROTO_TYPE => self.proto_type = byte(value)?,
            chunk::CAPTURE_ID => self.capture_id = long(value)?,
            chunk::KEEP_ALIVE => extra.keep_alive = Some(short(value)?),
            chunk::AUTH_KEY => self.auth_key = Some(value),
            chunk::PAYLOAD => self.payload = Some(Cow::Borrowed(value)),
            chunk::COMPRESSED => self.payload = Some(Cow::Owned(inflate(value)?)),
            chunk::CORRELATION_ID => self.correlation_id = Some(value),
            chunk::VLAN => self.vlan = Some(short(value)?),
            chunk::NODE => self.node = Some(value),
            chunk::SRC_MAC => extra.src_mac = Some(mac(value)?),
            chunk::DST_MAC => extra.dst_mac = Some(mac(value)?),
            chunk::ETHER_TYPE => extra.ether_type = Some(short(value)?),
            chunk::TCP_FLAGS => extra.tcp_flags = Some(byte(value)?),
            chunk::TOS => extra.tos = Some(byte(value)?),
            chunk::MOS => extra.mos = Some(short(value)?),
            chunk::R_FACTOR => extra.r_factor = Some(short(value)?),
            chunk::GEO => extra.geo = Some(value),
            chunk::JITTER => extra.jitter = Some(long(value)?),
            chunk::TRANSACTION_TYPE => extra.transaction_type = Some(value),
            chunk::JSON_KEYS => extra.json_keys = Some(value),
            chunk::TAGS => extra.tags = Some(value),
            chunk::TAG_TYPE => extra.tag_type = Some(short(value)?),
            chunk::EVENT_TYPE => extra.event_type = Some(short(value)?),
            chunk::GROUP_ID => extra.group_id = Some(value),
            _ => self.unknown += 1,
        }
        Ok(())
    }

    fn build(self, end: usize) -> Result<Hep<'a>, HepError> {
        let (Some(src), Some(dst)) = (self.src, self.dst) else {
            return Err(error(end, "packet has no source or no destination address"));
        };
        if src.is_ipv4() != dst.is_ipv4() {
            return Err(error(
                end,
                "source and destination are of different IP families",
            ));
        }
        let payload = self.payload.ok_or(error(end, "packet has no payload"))?;
        if self.microseconds >= 1_000_000 {
            return Err(error(end, "microseconds are a second or more"));
        }
        Ok(Hep {
            ip_protocol: self.ip_protocol,
            src,
            dst,
            src_port: self.src_port,
            dst_port: self.dst_port,
            time_ns: u64::from(self.seconds) * 1_000_000_000 + u64::from(self.microseconds) * 1000,
            proto_type: ProtoType(self.proto_type),
            capture_id: self.capture_id,
            auth_key: self.auth_key.map(AuthKey::new),
            payload,
            correlation_id: self.correlation_id,
            vlan: self.vlan,
            node: self.node,
            extra: self.extra,
            unknown: self.unknown,
        })
    }
}

fn exact<const N: usize>(value: &[u8]) -> Result<[u8; N], &'static str> {
    value
        .try_into()
        .map_err(|_| "chunk has a wrong length for its type")
}

fn byte(value: &[u8]) -> Result<u8, &'static str> {
    exact(value).map(u8::from_be_bytes)
}

fn short(value: &[u8]) -> Result<u16, &'static str> {
    exact(value).map(u16::from_be_bytes)
}

fn long(value: &[u8]) -> Result<u32, &'static str> {
    exact(value).map(u32::from_be_bytes)
}

/// Eight bytes by the specification; some agents send the six of the address.
fn mac(value: &[u8]) -> Result<u64, &'static str> {
    match (value.len(), array::<2>(value, 0), be32(value, 2)) {
        (6, Some(high), Some(low)) => {
            Ok(u64::from(u16::from_be_bytes(high)) << 32 | u64::from(low))
        }
        _ => exact(value).map(u64::from_be_bytes),
    }
}

/// zlib or gzip, as the specification leaves open. Bounded, so that a small packet cannot
/// become a large one.
fn inflate(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    let read = if value.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(value)
            .take(MAX_INFLATED + 1)
            .read_to_end(&mut out)
    } else {
        ZlibDecoder::new(value)
            .take(MAX_INFLATED + 1)
            .read_to_end(&mut out)
    };
    match read {
        Err(_) => Err("compressed payload is damaged"),
        Ok(length) if length as u64 > MAX_INFLATED => {
            Err("compressed payload is longer than 64 KiB")
        }
        Ok(_) => Ok(out),
    }
}
