//! No input makes the readers panic, grow without bound or disagree with themselves.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "test code"
)]

use proptest::prelude::*;
use ringfence_capture::hep::{Hep, ProtoType, encode, fuzz_hep};
use ringfence_capture::{fuzz_capture, fuzz_pipeline};

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/../../samples/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn hep() -> Vec<u8> {
    encode(&Hep {
        ip_protocol: 17,
        src: [192, 0, 2, 1].into(),
        dst: [192, 0, 2, 2].into(),
        src_port: 1,
        dst_port: 2,
        time_ns: 3_000_000_000,
        proto_type: ProtoType::SIP,
        capture_id: 4,
        auth_key: None,
        payload: b"BYE sip:a SIP/2.0\r\n\r\n".into(),
        correlation_id: Some(b"call"),
        vlan: Some(6),
        node: None,
        extra: Default::default(),
        unknown: 0,
    })
    .unwrap()
}

/// Frames in the form that the pipeline's fuzz function takes: a length byte, then the frame.
fn frames() -> Vec<u8> {
    let mut udp = vec![
        0x45, 0, 0, 31, 0, 1, 0, 0, 64, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
    ];
    udp.extend(b"\0\x01\0\x02\0\x0b\0\0abc");
    let mut fragment = udp.clone();
    fragment[6] = 0x20;
    let mut tcp = vec![
        0x45, 0, 0, 43, 0, 1, 0, 0, 64, 6, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
    ];
    tcp.extend(b"\0\x01\0\x02\0\0\0\x09\0\0\0\0\x50\x18\0\0\0\0\0\0abc");
    [udp, fragment.clone(), fragment, tcp.clone(), tcp]
        .iter()
        .flat_map(|frame| {
            let ethernet = [&[0; 12][..], &[8, 0], frame].concat();
            [frame.clone(), ethernet]
        })
        .flat_map(|frame| [vec![u8::try_from(frame.len()).unwrap()], frame].concat())
        .collect()
}

fn all(data: &[u8]) {
    fuzz_capture(data);
    fuzz_pipeline(data);
    fuzz_hep(data);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        all(&data);
    }

    #[test]
    fn changed_inputs(
        seed in 0_usize..4,
        changes in proptest::collection::vec(
            (any::<proptest::sample::Index>(), any::<u8>(), 0_u8..4),
            0..8,
        ),
    ) {
        let mut data = match seed {
            0 => sample("sip-fragmented.pcap"),
            1 => sample("sip-tcp.pcapng"),
            2 => frames(),
            _ => hep(),
        };
        for (index, byte, how) in changes {
            let at = index.index(data.len());
            match how {
                0 => data.insert(at, byte),
                1 if data.len() > 1 => { data.remove(at); }
                _ => data[at] = byte,
            }
        }
        all(&data);
    }
}
