//! From the captured frame to the IP packet in it.

use crate::read::{array, be16};

/// A link-layer type, by the number that capture files use (tcpdump.org/linktypes.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback, host byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IP without a link header.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback, network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: Self = Self(113);
    /// IPv4 without a link header.
    pub const IPV4: Self = Self(228);
    /// IPv6 without a link header.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// Why a frame yields no IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkDrop {
    Unknown,
    NotIp,
    Malformed,
}

/// Service VLAN, customer VLAN, and two more that some switches stack.
const MAX_VLAN_TAGS: usize = 4;

/// The IP packet in a frame; its version nibble says which IP.
pub(crate) fn ip_packet(link: LinkType, data: &[u8]) -> Result<&[u8], LinkDrop> {
    match link {
        LinkType::ETHERNET => ethernet(data.get(12..).ok_or(LinkDrop::Malformed)?),
        // Packet type, ARPHRD, address length and address, then as Ethernet.
        LinkType::LINUX_SLL => ethernet(data.get(14..).ok_or(LinkDrop::Malformed)?),
        LinkType::LINUX_SLL2 => {
            let kind = be16(data, 0).ok_or(LinkDrop::Malformed)?;
            by_ether_type(kind, data.get(20..).ok_or(LinkDrop::Malformed)?, 0)
        }
        LinkType::NULL | LinkType::LOOP => loopback(data),
        // 12 and 14 are what DLT_RAW is on BSDs.
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 | LinkType(12 | 14) => Ok(data),
        _ => Err(LinkDrop::Unknown),
    }
}

/// From the type field on.
fn ethernet(data: &[u8]) -> Result<&[u8], LinkDrop> {
    let kind = be16(data, 0).ok_or(LinkDrop::Malformed)?;
    by_ether_type(kind, data.get(2..).unwrap_or_default(), 0)
}

fn by_ether_type(kind: u16, data: &[u8], tags: usize) -> Result<&[u8], LinkDrop> {
    match kind {
        0x0800 | 0x86dd => Ok(data),
        // 802.1Q, 802.1ad, and what was used for QinQ before it.
        0x8100 | 0x88a8 | 0x9100 if tags < MAX_VLAN_TAGS => {
            let inner = be16(data, 2).ok_or(LinkDrop::Malformed)?;
            by_ether_type(inner, data.get(4..).unwrap_or_default(), tags + 1)
        }
        0x8100 | 0x88a8 | 0x9100 => Err(LinkDrop::Malformed),
        // PPPoE session: six bytes of header, then the PPP protocol.
        0x8864 => match be16(data, 6).ok_or(LinkDrop::Malformed)? {
            0x0021 | 0x0057 => Ok(data.get(8..).unwrap_or_default()),
            _ => Err(LinkDrop::NotIp),
        },
        _ => Err(LinkDrop::NotIp),
    }
}

/// Four bytes of address family in either byte order; IPv6 has three numbers on BSDs.
fn loopback(data: &[u8]) -> Result<&[u8], LinkDrop> {
    let family = array::<4>(data, 0).ok_or(LinkDrop::Malformed)?;
    match u32::from_be_bytes(family).min(u32::from_le_bytes(family)) {
        2 | 10 | 24 | 28 | 30 => Ok(data.get(4..).unwrap_or_default()),
        _ => Err(LinkDrop::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: &[u8] = b"\x45rest";

    fn framed(head: &[u8]) -> Vec<u8> {
        [head, IP].concat()
    }

    #[test]
    fn every_link_layer_leads_to_the_same_packet() {
        let mac = [0; 12];
        for (link, head) in [
            (LinkType::ETHERNET, [&mac[..], &[8, 0]].concat()),
            (
                LinkType::ETHERNET,
                [&mac[..], &[0x81, 0, 0, 5, 8, 0]].concat(),
            ),
            (
                LinkType::ETHERNET,
                [&mac[..], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]].concat(),
            ),
            (
                LinkType::ETHERNET,
                [&mac[..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 7, 0, 0x21]].concat(),
            ),
            (LinkType::LINUX_SLL, [&[0; 14][..], &[8, 0]].concat()),
            (LinkType::LINUX_SLL2, [&[8, 0][..], &[0; 18]].concat()),
            (LinkType::NULL, vec![2, 0, 0, 0]),
            (LinkType::LOOP, vec![0, 0, 0, 30]),
            (LinkType::RAW, vec![]),
        ] {
            assert_eq!(ip_packet(link, &framed(&head)), Ok(IP), "{link:?} {head:?}");
        }
    }

    #[test]
    fn what_is_no_ip_says_why() {
        let arp = [&[0; 12][..], &[8, 6]].concat();
        assert_eq!(
            ip_packet(LinkType::ETHERNET, &framed(&arp)),
            Err(LinkDrop::NotIp)
        );
        assert_eq!(
            ip_packet(LinkType::ETHERNET, &[0; 13]),
            Err(LinkDrop::Malformed)
        );
        assert_eq!(ip_packet(LinkType(147), &[0; 13]), Err(LinkDrop::Unknown));
        let tags = [&[0; 12][..], &[0x81, 0, 0, 1].repeat(9)].concat();
        assert_eq!(
            ip_packet(LinkType::ETHERNET, &framed(&tags)),
            Err(LinkDrop::Malformed)
        );
    }
}
