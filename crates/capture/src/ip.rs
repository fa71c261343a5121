//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

use std::net::IpAddr;

use crate::read::{array, be16, be32};

/// An IP packet without its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpPacket<'a> {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    /// What the payload is.
    pub(crate) protocol: u8,
    /// Set when the payload is one fragment of it.
    pub(crate) fragment: Option<Fragment>,
    pub(crate) payload: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    pub(crate) offset: usize,
    pub(crate) more: bool,
}

/// Why a packet yields no payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpDrop {
    Malformed,
    /// The capture kept only the beginning.
    CutShort,
}

/// Extension headers looked through; real packets have one or two.
const MAX_EXTENSIONS: usize = 8;

pub(crate) fn parse(data: &[u8]) -> Result<IpPacket<'_>, IpDrop> {
    match data.first().map(|b| b >> 4) {
        Some(4) => parse_v4(data).ok_or(IpDrop::Malformed)?,
        Some(6) => parse_v6(data),
        _ => Err(IpDrop::Malformed),
    }
}

fn parse_v4(data: &[u8]) -> Option<Result<IpPacket<'_>, IpDrop>> {
    let header_length = usize::from(data.first()? & 0x0f) * 4;
    let total = match usize::from(be16(data, 2)?) {
        // Segmentation offload leaves the length to the network card.
        0 => data.len(),
        total => total,
    };
    if header_length < 20 || header_length > total {
        return None;
    }
    let flags = be16(data, 6)?;
    let (offset, more) = (usize::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
    let fragment = (more || offset > 0).then_some(Fragment {
        id: be16(data, 4)?.into(),
        offset,
        more,
    });
    let src = IpAddr::from(array::<4>(data, 12)?);
    let dst = IpAddr::from(array::<4>(data, 16)?);
    let protocol = *data.get(9)?;
    // Ethernet pads short packets: the total length, not the frame, ends the payload.
    Some(match data.get(header_length..total) {
        Some(payload) => Ok(IpPacket {
            src,
            dst,
            protocol,
            fragment,
            payload,
        }),
        None => Err(IpDrop::CutShort),
    })
}

fn parse_v6(data: &[u8]) -> Result<IpPacket<'_>, IpDrop> {
    let malformed = IpDrop::Malformed;
    let src = IpAddr::from(array::<16>(data, 8).ok_or(malformed)?);
    let dst = IpAddr::from(array::<16>(data, 24).ok_or(malformed)?);
    let mut protocol = *data.get(6).ok_or(malformed)?;
    let mut payload = data.get(40..).ok_or(malformed)?;
    match usize::from(be16(data, 4).ok_or(malformed)?) {
        // Jumbogram or offload.
        0 => {}
        length => payload = payload.get(..length).ok_or(IpDrop::CutShort)?,
    }
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        let length = match protocol {
            // Hop-by-hop, routing, destination options, mobility.
            0 | 43 | 60 | 135 => 8 + usize::from(*payload.get(1).ok_or(malformed)?) * 8,
            // Authentication header (RFC 4302 §2.2).
            51 => 8 + usize::from(*payload.get(1).ok_or(malformed)?) * 4,
            44 if fragment.is_none() => {
                let flags = be16(payload, 2).ok_or(malformed)?;
                let (offset, more) = (usize::from(flags & 0xfff8), flags & 1 != 0);
                let id = be32(payload, 4).ok_or(malformed)?;
                // RFC 6946: an atomic fragment is a whole packet.
                fragment = (more || offset > 0).then_some(Fragment { id, offset, more });
                8
            }
            _ => break,
        };
        protocol = *payload.first().ok_or(malformed)?;
        payload = payload.get(length..).ok_or(malformed)?;
        if fragment.is_some() {
            // What follows is cut anywhere; it is read once it is whole.
            break;
        }
    }
    Ok(IpPacket {
        src,
        dst,
        protocol,
        fragment,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(total: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0];
        packet.extend(total.to_be_bytes());
        packet.extend([0, 9]);
        packet.extend(flags.to_be_bytes());
        packet.extend([64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        packet.extend(payload);
        packet
    }

    #[test]
    fn padding_is_cut_and_missing_bytes_are_noticed() {
        let packet = v4(23, 0, b"abcpadding");
        let parsed = parse(&packet).expect("valid");
        assert_eq!((parsed.protocol, parsed.payload), (17, &b"abc"[..]));
        assert_eq!(parsed.src.to_string(), "192.0.2.1");
        assert_eq!(parse(&v4(40, 0, b"abc")), Err(IpDrop::CutShort));
        assert_eq!(parse(&v4(10, 0, b"abc")), Err(IpDrop::Malformed));
    }

    #[test]
    fn fragments_say_where_they_belong() {
        let packet = v4(23, 0x2001, b"abc");
        let fragment = parse(&packet).expect("valid").fragment;
        assert_eq!(
            fragment,
            Some(Fragment {
                id: 9,
                offset: 8,
                more: true
            })
        );
        assert_eq!(
            parse(&v4(23, 0x4000, b"abc")).expect("valid").fragment,
            None
        );
    }

    #[test]
    fn ipv6_extensions_are_passed_over() {
        let mut packet = vec![0x60, 0, 0, 0, 0, 19, 0, 64];
        packet.extend([0; 32]);
        packet.extend([44, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend([17, 0, 0, 0x11, 0, 0, 0, 7]);
        packet.extend(b"abc");
        let parsed = parse(&packet).expect("valid");
        assert_eq!((parsed.protocol, parsed.payload), (17, &b"abc"[..]));
        assert_eq!(
            parsed.fragment,
            Some(Fragment {
                id: 7,
                offset: 16,
                more: true
            })
        );
    }
}
