use std::net::IpAddr;

use super::{HEADER, Hep, MAGIC, chunk};

/// The packet would not fit into the 64 KiB that its length field can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("packet of {0} bytes is longer than HEP3 can carry (65535)")]
pub struct EncodeError(pub usize);

/// Writes one HEP3 packet; the payload goes uncompressed.
///
/// # Errors
/// When it would be longer than 65535 bytes.
pub fn encode(hep: &Hep<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut out = Writer {
        bytes: Vec::with_capacity(hep.payload.len() + 160),
    };
    out.bytes.extend_from_slice(MAGIC);
    out.bytes.extend_from_slice(&[0, 0]);
    // Address families as Linux numbers them, which is what the specification shows.
    out.chunk(chunk::FAMILY, &[if hep.src.is_ipv4() { 2 } else { 10 }]);
    out.chunk(chunk::PROTOCOL, &[hep.ip_protocol]);
    out.address(chunk::SRC_V4, chunk::SRC_V6, hep.src);
    out.address(chunk::DST_V4, chunk::DST_V6, hep.dst);
    out.chunk(chunk::SRC_PORT, &hep.src_port.to_be_bytes());
    out.chunk(chunk::DST_PORT, &hep.dst_port.to_be_bytes());
    let seconds = u32::try_from(hep.time_ns / 1_000_000_000).unwrap_or(u32::MAX);
    let microseconds = u32::try_from(hep.time_ns % 1_000_000_000 / 1000).unwrap_or_default();
    out.chunk(chunk::SECONDS, &seconds.to_be_bytes());
    out.chunk(chunk::MICROSECONDS, &microseconds.to_be_bytes());
    out.chunk(chunk::PROTO_TYPE, &[hep.proto_type.0]);
    out.chunk(chunk::CAPTURE_ID, &hep.capture_id.to_be_bytes());
    out.bytes(chunk::AUTH_KEY, hep.auth_key.map(|key| key.expose()));
    out.bytes(chunk::CORRELATION_ID, hep.correlation_id);
    out.short(chunk::VLAN, hep.vlan);
    out.bytes(chunk::NODE, hep.node);
    let extra = &hep.extra;
    out.short(chunk::KEEP_ALIVE, extra.keep_alive);
    out.bytes(
        chunk::SRC_MAC,
        extra.src_mac.map(u64::to_be_bytes).as_ref().map(|m| &m[..]),
    );
    out.bytes(
        chunk::DST_MAC,
        extra.dst_mac.map(u64::to_be_bytes).as_ref().map(|m| &m[..]),
    );
    out.short(chunk::ETHER_TYPE, extra.ether_type);
    out.bytes(
        chunk::TCP_FLAGS,
        extra.tcp_flags.as_ref().map(std::slice::from_ref),
    );
    out.bytes(chunk::TOS, extra.tos.as_ref().map(std::slice::from_ref));
    out.short(chunk::MOS, extra.mos);
    out.short(chunk::R_FACTOR, extra.r_factor);
    out.bytes(chunk::GEO, extra.geo);
    out.bytes(
        chunk::JITTER,
        extra.jitter.map(u32::to_be_bytes).as_ref().map(|j| &j[..]),
    );
    out.bytes(chunk::TRANSACTION_TYPE, extra.transaction_type);
    out.bytes(chunk::JSON_KEYS, extra.json_keys);
    out.bytes(chunk::TAGS, extra.tags);
    out.short(chunk::TAG_TYPE, extra.tag_type);
    out.short(chunk::EVENT_TYPE, extra.event_type);
    out.bytes(chunk::GROUP_ID, extra.group_id);
    out.chunk(chunk::PAYLOAD, &hep.payload);
    out.finish()
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn chunk(&mut self, kind: u16, value: &[u8]) {
        let length = super::CHUNK_HEADER + value.len();
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        // A chunk that is too long makes the packet too long: `finish` refuses it.
        self.bytes
            .extend_from_slice(&u16::try_from(length).unwrap_or_default().to_be_bytes());
        self.bytes.extend_from_slice(value);
    }

    fn address(&mut self, v4: u16, v6: u16, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.chunk(v4, &address.octets()),
            IpAddr::V6(address) => self.chunk(v6, &address.octets()),
        }
    }

    fn bytes(&mut self, kind: u16, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.chunk(kind, value);
        }
    }

    fn short(&mut self, kind: u16, value: Option<u16>) {
        if let Some(value) = value {
            self.chunk(kind, &value.to_be_bytes());
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        let length = self.bytes.len();
        let total = u16::try_from(length).map_err(|_| EncodeError(length))?;
        if let Some(field) = self.bytes.get_mut(4..HEADER) {
            field.copy_from_slice(&total.to_be_bytes());
        }
        Ok(self.bytes)
    }
}
