use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;

fn sample() -> Hep<'static> {
    Hep {
        ip_protocol: 17,
        src: [212, 202, 0, 1].into(),
        dst: [82, 116, 0, 211].into(),
        src_port: 12_010,
        dst_port: 5060,
        time_ns: 1_313_440_459_120_000_000,
        proto_type: ProtoType::SIP,
        capture_id: 228,
        auth_key: None,
        payload: Cow::Borrowed(b"INVITE sip:bob"),
        correlation_id: None,
        vlan: None,
        node: None,
        extra: Extra::default(),
        unknown: 0,
    }
}

/// Appends a chunk and corrects the total length.
fn with_chunk(mut packet: Vec<u8>, vendor: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    packet.extend(vendor.to_be_bytes());
    packet.extend(kind.to_be_bytes());
    packet.extend(u16::try_from(value.len() + 6).unwrap().to_be_bytes());
    packet.extend(value);
    let total = u16::try_from(packet.len()).unwrap().to_be_bytes();
    packet[4..6].copy_from_slice(&total);
    packet
}

#[test]
fn the_example_of_the_specification_is_read() {
    // Revision 37, "Example HEP3 packet".
    let packet = b"HEP3\x00\x71\
        \x00\x00\x00\x01\x00\x07\x02\x00\x00\x00\x02\x00\x07\x11\
        \x00\x00\x00\x03\x00\x0a\xd4\xca\x00\x01\x00\x00\x00\x04\x00\x0a\x52\x74\x00\xd3\
        \x00\x00\x00\x07\x00\x08\x2e\xea\x00\x00\x00\x08\x00\x08\x13\xc4\
        \x00\x00\x00\x09\x00\x0a\x4e\x49\x82\xcb\x00\x00\x00\x0a\x00\x0a\x00\x01\xd4\xc0\
        \x00\x00\x00\x0b\x00\x07\x01\x00\x00\x00\x0c\x00\x0a\x00\x00\x00\xe4\
        \x00\x00\x00\x0f\x00\x14INVITE sip:bob";
    assert_eq!(decode(packet), Ok(sample()));
    assert_eq!(encode(&sample()).unwrap(), packet);
}

#[test]
fn every_chunk_survives_a_round_trip() {
    let hep = Hep {
        src: std::net::Ipv6Addr::LOCALHOST.into(),
        dst: std::net::Ipv6Addr::LOCALHOST.into(),
        auth_key: Some(AuthKey::new(b"hush")),
        correlation_id: Some(b"call@h"),
        vlan: Some(5),
        node: Some(b"edge1"),
        extra: Extra {
            keep_alive: Some(1),
            src_mac: Some(2),
            dst_mac: Some(3),
            ether_type: Some(0x800),
            tcp_flags: Some(0x18),
            tos: Some(4),
            mos: Some(430),
            r_factor: Some(90),
            geo: Some(b"x"),
            jitter: Some(6),
            transaction_type: Some(b"call"),
            json_keys: Some(b"k"),
            tags: Some(b"t"),
            tag_type: Some(7),
            event_type: Some(1),
            group_id: Some(b"g"),
        },
        ..sample()
    };
    assert_eq!(decode(&encode(&hep).unwrap()), Ok(hep));
}

#[test]
fn the_key_is_there_and_cannot_be_printed() {
    let packet = with_chunk(encode(&sample()).unwrap(), 0, chunk::AUTH_KEY, b"hush");
    let hep = decode(&packet).unwrap();
    assert_eq!(hep.auth_key.unwrap().expose(), b"hush");
    assert!(format!("{hep:?}").contains("AuthKey(masked)"));
    assert!(!format!("{hep:?}").contains("104, 117, 115, 104"));
}

#[test]
fn unknown_chunks_are_passed_over_and_counted() {
    let packet = with_chunk(encode(&sample()).unwrap(), 7, 1, b"theirs");
    let packet = with_chunk(packet, 0, 0x99, b"new");
    assert_eq!(
        decode(&packet),
        Ok(Hep {
            unknown: 2,
            ..sample()
        })
    );
}

#[test]
fn compressed_payloads_are_inflated_within_bounds() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(b"BYE sip:bob").unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"BYE sip:bob").unwrap();
    for value in [zlib.finish().unwrap(), gzip.finish().unwrap()] {
        let packet = with_chunk(encode(&sample()).unwrap(), 0, chunk::COMPRESSED, &value);
        assert_eq!(&*decode(&packet).unwrap().payload, b"BYE sip:bob");
    }
    let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 1 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let packet = with_chunk(encode(&sample()).unwrap(), 0, chunk::COMPRESSED, &bomb);
    assert_eq!(
        decode(&packet).unwrap_err().reason,
        "compressed payload is longer than 64 KiB"
    );
    let packet = with_chunk(encode(&sample()).unwrap(), 0, chunk::COMPRESSED, b"junk");
    assert_eq!(
        decode(&packet).unwrap_err().reason,
        "compressed payload is damaged"
    );
}

#[test]
fn what_is_refused_says_why() {
    let sound = encode(&sample()).unwrap();
    for (packet, offset, reason) in [
        (
            &b"\x01\x10\x02\x11"[..],
            0,
            "HEP version 1 is not supported: set the agent to HEP version 3",
        ),
        (
            b"\x02\x1c\x02\x11",
            0,
            "HEP version 2 is not supported: set the agent to HEP version 3",
        ),
        (b"INVITE", 0, "packet does not start with `HEP3`"),
        (b"HEP3\x00", 4, "packet ends inside its header"),
        (
            b"HEP3\x00\x05",
            4,
            "total length is smaller than the header",
        ),
        (
            b"HEP3\x00\x06",
            6,
            "packet has no source or no destination address",
        ),
        (
            b"HEP3\x00\x0c\x00\x00\x00\x01\x00\x05",
            10,
            "chunk length is too small or past the packet's end",
        ),
        (&sound[..60], 4, "packet is shorter than its total length"),
        (
            &with_chunk(sound.clone(), 0, chunk::VLAN, b"abc"),
            113,
            "chunk has a wrong length for its type",
        ),
    ] {
        assert_eq!(decode(packet), Err(HepError { offset, reason }));
    }
    let payload = Cow::Owned(vec![0; 65_536]);
    assert!(
        encode(&Hep {
            payload,
            ..sample()
        })
        .is_err()
    );
}
