//! SIP messages become signalling events without their secrets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod support;

use ringfence_event::{Event, Flag, Origin, ext};
use ringfence_normalise::{Reject, RejectCode, SipPacket, Skew, Transport, fuzz_sip, sip_event};
use serde_json::json;
use support::{now, origin, schema};

fn event(origin: &Origin, payload: &[u8]) -> Result<Option<Event>, Reject> {
    let packet = SipPacket {
        time: Some(now() - 10),
        src: "203.0.113.9:5071".parse().unwrap(),
        dst: "[::ffff:10.0.0.2]:5060".parse().unwrap(),
        transport: Transport::Udp,
        payload,
    };
    sip_event(origin, now(), &packet, Skew::default())
}

const INVITE: &str = concat!(
    "INVITE sip:+12125550199@pbx.example SIP/2.0\r\n",
    "Via: SIP/2.0/UDP 203.0.113.9:5071;branch=z9hG4bKabc\r\n",
    "From: \"Ann\" <sip:1001:hunter2@pbx.example>;tag=1\r\n",
    "To: <sip:+12125550199@pbx.example>\r\n",
    "Call-ID: abc@203.0.113.9\r\n",
    "CSeq: 2 INVITE\r\n",
    "Contact: <sip:1001@203.0.113.9:5071>\r\n",
    "User-Agent: friendly-scanner\r\n",
    "Session-Expires: 1800;refresher=uac\r\n",
    "Authorization: Digest username=\"1001\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx\", response=\"0123456789abcdef0123456789abcdef\"\r\n",
    "Content-Type: application/sdp\r\n\r\n",
    "v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\r\n",
);

#[test]
fn an_invite_says_who_calls_whom_and_keeps_no_secret() {
    let e = event(&origin(), INVITE.as_bytes()).unwrap().unwrap();
    schema::assert_valid(&e);
    assert_eq!((e.class_uid, e.activity_id), (ext::SIGNALLING, 1));
    assert_eq!(e.keys.call.as_deref(), Some("abc@203.0.113.9"));
    assert_eq!(e.keys.caller.as_deref(), Some("+12125550199"));
    assert_eq!(e.keys.user.as_deref(), Some("1001"));
    assert_eq!(
        (e.keys.src_ip.as_deref(), e.keys.dst_ip.as_deref()),
        (Some("203.0.113.9"), Some("10.0.0.2"))
    );
    let sip = &e.ocsf["sip"];
    assert_eq!(sip["has_credentials"], true);
    assert_eq!(sip["session_expires"], 1800);
    assert_eq!(sip["marks"], json!(["tool-user-agent"]));
    assert_eq!(sip["media"][0]["suite"], "AES_CM_128_HMAC_SHA1_80");
    assert_eq!(sip["media"][0]["is_encrypted"], true);
    assert_eq!(
        e.message.as_deref(),
        Some("INVITE sip:+12125550199@pbx.example from 203.0.113.9")
    );
    assert!(e.flags.contains(&Flag::Masked));
    let all = serde_json::to_string(&e).unwrap();
    for secret in ["0123456789abcdef", "c2VjcmV0", "hunter2"] {
        assert!(!all.contains(secret), "{secret} is kept");
    }
}

#[test]
fn a_response_names_its_method() {
    let text = INVITE.replace(
        "INVITE sip:+12125550199@pbx.example SIP/2.0",
        "SIP/2.0 401 Unauthorized",
    );
    let e = event(&origin(), text.as_bytes()).unwrap().unwrap();
    schema::assert_valid(&e);
    assert_eq!(
        (e.activity_id, &e.ocsf["sip"]["status_code"]),
        (2, &json!(401))
    );
    assert_eq!(e.ocsf["sip"]["cseq_method"], "INVITE");
}

#[test]
fn what_is_no_sip_is_refused_where_it_breaks() {
    assert_eq!(event(&origin(), b"\r\n\r\n"), Ok(None));
    let e = event(&origin(), b"INVITE sip:x SIP/2.0\r\nFrom: a\r\n").unwrap_err();
    assert_eq!(e.code, RejectCode::Syntax);
    let mut narrow = origin();
    narrow.authority.classes = Some([6001].into());
    let e = event(&narrow, INVITE.as_bytes()).unwrap_err();
    assert_eq!(e.code, RejectCode::ClassNotAllowed);
}

#[test]
fn torture_messages_make_events_or_refusals() {
    for name in [
        "wsinv", "intmeth", "esc01", "mpart01", "unreason", "badinv01", "clerr", "scalar02",
        "regescrt", "sdp01",
    ] {
        let Some(bytes) = support::testdata(&format!("sip/torture/{name}.dat")) else {
            return;
        };
        if let Ok(Some(e)) = event(&origin(), &bytes) {
            schema::assert_valid(&e);
        }
        fuzz_sip(&bytes);
    }
    let wsinv = support::testdata("sip/torture/wsinv.dat").unwrap();
    assert!(event(&origin(), &wsinv).unwrap().is_some());
}

#[test]
fn text_that_moves_out_of_a_binary_body_is_masked_too() {
    // Each byte that is no text becomes three, so that the length no longer covers the last line.
    let mut data = b"INFO sip:x SIP/2.0\r\nContent-Length: 38\r\n\r\n".to_vec();
    data.extend([0xff; 12]);
    data.extend(b"\r\nIdentity: abcd.def.ghi\r\n");
    let e = event(&origin(), &data).unwrap().unwrap();
    let raw = e.raw.unwrap();
    assert!(raw.ends_with("Identity: masked\r\n"), "{raw}");
    fuzz_sip(&data);
}

proptest::proptest! {
    #[test]
    fn any_bytes(data: Vec<u8>) {
        fuzz_sip(&data);
    }

    #[test]
    fn near_messages(at in 0usize..900, byte: u8) {
        let mut data = INVITE.as_bytes().to_vec();
        if let Some(b) = data.get_mut(at) { *b = byte; }
        fuzz_sip(&data);
    }
}
