//! Cost of reading a HEP3 packet and of taking a frame through the pipeline.
#![allow(clippy::unwrap_used, missing_docs, reason = "bench code")]

use divan::{Bencher, black_box};
use ringfence_capture::hep::{AuthKey, Extra, Hep, ProtoType, decode, encode};
use ringfence_capture::{LinkType, Pipeline};

fn main() {
    divan::main();
}

/// A HEP3 packet around a 664-byte SIP message.
fn packet() -> Vec<u8> {
    encode(&Hep {
        ip_protocol: 17,
        src: [192, 0, 2, 1].into(),
        dst: [192, 0, 2, 2].into(),
        src_port: 5060,
        dst_port: 5060,
        time_ns: 1_700_000_000_000_000_000,
        proto_type: ProtoType::SIP,
        capture_id: 2001,
        auth_key: Some(AuthKey::new(b"key")),
        payload: vec![b'x'; 664].into(),
        correlation_id: Some(b"a84b4c76e66710@192.0.2.10"),
        vlan: None,
        node: Some(b"edge1"),
        extra: Extra::default(),
        unknown: 0,
    })
    .unwrap()
}

#[divan::bench]
fn hep_decode(bencher: Bencher<'_, '_>) {
    let packet = packet();
    bencher.bench_local(|| decode(black_box(&packet)).unwrap().payload.len());
}

#[divan::bench]
fn hep_encode(bencher: Bencher<'_, '_>) {
    let packet = packet();
    let hep = decode(&packet).unwrap();
    bencher.bench_local(|| encode(black_box(&hep)).unwrap());
}

#[divan::bench]
fn ethernet_udp_frame(bencher: Bencher<'_, '_>) {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(692_u16.to_be_bytes());
    frame.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    frame.extend([0x13, 0xc4, 0x13, 0xc4]);
    frame.extend(672_u16.to_be_bytes());
    frame.extend([0; 666]);
    let mut pipeline = Pipeline::default();
    bencher.bench_local(|| {
        pipeline.frame(1, LinkType::ETHERNET, black_box(&frame), &mut |output| {
            black_box(output);
        });
    });
}
