//! Which IP addresses the outside world may be asked to make us talk to.
//!
//! The IANA special-purpose registries (RFC 6890) are the source. IPv6 works the
//! other way round from IPv4: only what is known to be global unicast passes, so a
//! range assigned tomorrow is refused until someone decides otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 127.0.0.0/8, ::1.
    #[error("a loopback address")]
    Loopback,
    /// RFC 1918, RFC 4193 (fc00::/7), and site-local fec0::/10.
    #[error("a private address")]
    Private,
    /// 169.254.0.0/16, fe80::/10.
    #[error("a link-local address")]
    LinkLocal,
    /// 100.64.0.0/10 (RFC 6598).
    #[error("a carrier-grade NAT address")]
    SharedNat,
    /// 224.0.0.0/4, ff00::/8, and broadcast.
    #[error("a multicast or broadcast address")]
    Multicast,
    /// 0.0.0.0/8, ::.
    #[error("an unspecified address")]
    Unspecified,
    /// Documentation, benchmarking, protocol assignments, everything not global.
    #[error("a reserved address")]
    Reserved,
    /// IPv4-mapped, NAT64, 6to4, Teredo or ISATAP around something refused.
    #[error("an IPv6 address that hides an IPv4 address")]
    Embedded,
    /// Where clouds hand credentials to whoever asks from the machine itself.
    #[error("a cloud metadata address")]
    Metadata,
}

/// Cloud metadata and host-agent services. No allow-list entry opens these: no
/// webhook receiver lives there, and an answer would be credentials.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254), // EC2, Azure, Google, OpenStack, …
    Ipv4Addr::new(169, 254, 170, 2),   // ECS task credentials
    Ipv4Addr::new(168, 63, 129, 16),   // Azure host agent: a public address
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // EC2
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
];

/// Whether a webhook may be sent to `address`; fails closed.
///
/// # Errors
/// Says what kind of address it is.
pub fn check_address(address: IpAddr) -> Result<(), Refusal> {
    match address {
        IpAddr::V4(v4) => check_v4(v4),
        IpAddr::V6(v6) => check_v6(v6),
    }
}

fn check_v4(address: Ipv4Addr) -> Result<(), Refusal> {
    if METADATA_V4.contains(&address) {
        return Err(Refusal::Metadata);
    }
    match address.octets() {
        [0, ..] => Err(Refusal::Unspecified),
        [127, ..] => Err(Refusal::Loopback),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => Err(Refusal::Private),
        [169, 254, ..] => Err(Refusal::LinkLocal),
        [100, 64..=127, ..] => Err(Refusal::SharedNat),
        [224..=239, ..] | [255, 255, 255, 255] => Err(Refusal::Multicast),
        // Protocol assignments, documentation, 6to4 relays, benchmarking, class E.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => Err(Refusal::Reserved),
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Err(Refusal::Reserved),
        [240..=255, ..] => Err(Refusal::Reserved),
        _ => Ok(()),
    }
}

fn check_v6(address: Ipv6Addr) -> Result<(), Refusal> {
    if METADATA_V6.contains(&address) {
        return Err(Refusal::Metadata);
    }
    if let Some(inner) = embedded_v4(address) {
        return match check_v4(inner) {
            Err(Refusal::Metadata) => Err(Refusal::Metadata),
            Err(_) => Err(Refusal::Embedded),
            Ok(()) => Ok(()),
        };
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Err(Refusal::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Err(Refusal::Loopback),
        [0xff00..=0xffff, ..] => Err(Refusal::Multicast),
        [0xfe80..=0xfebf, ..] => Err(Refusal::LinkLocal),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Err(Refusal::Private),
        // Teredo carries two IPv4 addresses, one of them scrambled; ISATAP one at
        // the end. Both are dead: refused whole rather than taken apart.
        [0x2001, 0, ..] | [.., 0 | 0x200, 0x5efe, _, _] => Err(Refusal::Embedded),
        // RFC 2928 protocol assignments, documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => {
            Err(Refusal::Reserved)
        }
        [0x2000..=0x3fff, ..] => Ok(()),
        _ => Err(Refusal::Reserved),
    }
}

/// The IPv4 address that a translating host would make of `address`.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        // ::1 and :: are addresses of their own, not IPv4-compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        // IPv4-compatible and IPv4-mapped (RFC 4291 2.5.5), translated (RFC 2765).
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low] => (high, low),
        // NAT64, well-known prefix (RFC 6052). The local-use one, 64:ff9b:1::/48,
        // leads wherever its operator likes and falls through to reserved.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_address_is_named_for_what_it_is() {
        let table = [
            ("127.0.0.1", Refusal::Loopback),
            ("127.255.255.254", Refusal::Loopback),
            ("::1", Refusal::Loopback),
            ("0.0.0.0", Refusal::Unspecified),
            ("0.1.2.3", Refusal::Unspecified),
            ("::", Refusal::Unspecified),
            ("10.0.0.1", Refusal::Private),
            ("172.16.0.1", Refusal::Private),
            ("172.31.255.255", Refusal::Private),
            ("192.168.1.1", Refusal::Private),
            ("fc00::1", Refusal::Private),
            ("fdff::1", Refusal::Private),
            ("fec0::1", Refusal::Private),
            ("169.254.1.1", Refusal::LinkLocal),
            ("fe80::1", Refusal::LinkLocal),
            ("febf::1", Refusal::LinkLocal),
            ("100.64.0.1", Refusal::SharedNat),
            ("100.127.255.255", Refusal::SharedNat),
            ("224.0.0.1", Refusal::Multicast),
            ("255.255.255.255", Refusal::Multicast),
            ("ff02::1", Refusal::Multicast),
            ("192.0.0.170", Refusal::Reserved),
            ("192.0.2.1", Refusal::Reserved),
            ("198.18.0.1", Refusal::Reserved),
            ("198.51.100.7", Refusal::Reserved),
            ("203.0.113.7", Refusal::Reserved),
            ("240.0.0.1", Refusal::Reserved),
            ("2001:db8::1", Refusal::Reserved),
            ("3fff::1", Refusal::Reserved),
            ("100::1", Refusal::Reserved),
            ("4000::1", Refusal::Reserved),
            ("64:ff9b:1::a00:1", Refusal::Reserved),
            ("::ffff:127.0.0.1", Refusal::Embedded),
            ("::ffff:0:10.0.0.1", Refusal::Embedded),
            ("::127.0.0.1", Refusal::Embedded),
            ("64:ff9b::10.0.0.1", Refusal::Embedded),
            ("2002:7f00:1::", Refusal::Embedded),
            ("2002:c0a8:101::1", Refusal::Embedded),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Refusal::Embedded),
            ("2a00:1450::5efe:a00:1", Refusal::Embedded),
            ("169.254.169.254", Refusal::Metadata),
            ("168.63.129.16", Refusal::Metadata),
            ("100.100.100.200", Refusal::Metadata),
            ("::ffff:169.254.169.254", Refusal::Metadata),
            ("fd00:ec2::254", Refusal::Metadata),
        ];
        for (text, refusal) in table {
            assert_eq!(check_address(text.parse().unwrap()), Err(refusal), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ];
        for text in public {
            assert_eq!(check_address(text.parse().unwrap()), Ok(()), "{text}");
        }
    }
}
