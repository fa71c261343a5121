//! No input makes the readers panic, lose their place or disagree with themselves.
#![allow(missing_docs, reason = "test code")]

use proptest::prelude::*;
use ringfence_sip::{fuzz_framing, fuzz_mask, fuzz_message};

const SEEDS: [&str; 4] = [
    "INVITE sip:+1;x=y:pw@h:5060;lr?a=b SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:1;branch=z9hG4bK-1,SIP/2.0/TCP x\r\n\
     To: \"a\\\"b\" <sip:a@b;c>;tag=1\r\nf: sip:c@d\r\nm: *\r\nRoute: <sip:p;lr>,<sip:q>\r\n\
     Authorization: Digest username=\"u\", response=\"r\"\r\nIdentity: e30.e30.c2ln;alg=x\r\n\
     Diversion: <tel:+1-2>;reason=x\r\nReason: Q.850;cause=16\r\nExpires: 60\r\nCSeq: 1 INVITE\r\n\
     c: application/sdp\r\nl: 79\r\n\r\nv=0\r\nc=IN IP4 1.2.3.4/1\r\nm=audio 1 RTP/SAVP 0\r\na=crypto:1 S inline:k|1\r\nk=clear:x\r\n",
    "INFO sip:a SIP/2.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\
     Content-Type: application/dtmf-relay\r\n\r\nSignal=1\r\n--b\r\nContent-Type: message/sip\r\n\r\n\
     SIP/2.0 200 OK\r\nl:1\r\n\r\nx\r\n--b\r\n\r\n4111 1111 1111 1111\r\n--b--\r\n",
    "NOTIFY sip:a SIP/2.0\r\nContent-Type: application/kpml-response+xml\r\nContent-Length: 24\r\n\r\n<kpml digits = '123\"4' /> \r\n\r\n",
    "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl:0\r\n\r\n",
];

fn all(data: &[u8]) {
    fuzz_message(data);
    fuzz_mask(data);
    fuzz_framing(data);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        all(&data);
    }

    #[test]
    fn changed_messages(
        seed in 0..SEEDS.len(),
        changes in proptest::collection::vec(
            (any::<proptest::sample::Index>(), prop_oneof![
                any::<u8>(),
                proptest::sample::select(&b"\r\n :;,=<>\"\\@?/.-0159aZ"[..]),
            ], 0_u8..3),
            0..12,
        ),
    ) {
        let mut data = SEEDS.get(seed).copied().unwrap_or_default().as_bytes().to_vec();
        for (index, byte, how) in changes {
            let at = index.index(data.len());
            match how {
                0 => data.insert(at, byte),
                1 if data.len() > 1 => { data.remove(at); }
                _ => if let Some(slot) = data.get_mut(at) { *slot = byte; },
            }
        }
        all(&data);
    }
}

#[test]
fn hostile_shapes_stay_cheap() {
    // Each would take minutes if anything were quadratic in it.
    for data in [
        "a".repeat(60_000),
        "INFO sip:a SIP/2.0\r\n\r\n".to_owned() + &"1 ".repeat(30_000),
        "INFO sip:a SIP/2.0\r\nc: a/xml\r\n\r\n".to_owned() + &"digits=\"".repeat(7_000),
        "INFO sip:a SIP/2.0\r\nc: multipart/x;boundary=-\r\n\r\n".to_owned()
            + &"---\n".repeat(14_000),
        "INVITE sip:a SIP/2.0\r\nTo: ".to_owned() + &"sip:sip:".repeat(1_900) + "\r\n\r\n",
        "INVITE sip:a SIP/2.0\r\nVia: ".to_owned() + &"\",<".repeat(5_000) + "\r\n\r\n",
    ] {
        all(data.as_bytes());
    }
}
