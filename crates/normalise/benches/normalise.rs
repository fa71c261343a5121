//! Events per second by kind of record, on one core: `cargo bench -p ringfence-normalise`.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench may stop at a broken assumption"
)]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use ringfence_event::{Name, Origin, RawRecord, Time};
use ringfence_normalise::{
    MappingSet, Normaliser, Settings, SipPacket, Skew, Transport, sip_event,
};

fn main() {
    divan::main();
}

const NOW: Time = Time(1_795_340_100_000);

const RECORDS: [(&str, &str); 7] = [
    (
        "ocsf",
        r#"{"class_uid":6001,"category_uid":6,"activity_id":2,"type_uid":600102,"severity_id":1,"time":1795339800000,"metadata":{"version":"1.8.0","uid":"crm-1","product":{"name":"CRM"}},"actor":{"user":{"uid":"4711"}},"web_resources":[{"type":"customer_record","uid":"C-1001"}]}"#,
    ),
    (
        "crm",
        r#"{"ts":"2026-11-22T09:30:00Z","user":"4711","action":"view","customer_id":"C-1001","ip":"10.0.0.9","host":"ws-17"}"#,
    ),
    (
        "call",
        r#"{"ts":1795339800,"event":"call.offered","call_id":"c-77","agent":"4711","caller":"+12125550100","direction":"in","queue":"sales"}"#,
    ),
    (
        "sshd",
        "<38>Nov 22 09:34:58 pbx sshd[812]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2",
    ),
    (
        "rfc5424",
        r#"<165>1 2026-11-22T09:30:00.003Z host app 12 ID47 [ex@32473 iut="3" src="App"] An event happened"#,
    ),
    (
        "cef",
        "<134>Nov 22 09:30:00 fw CEF:0|Sec|Wall|1.0|100|blocked|7|src=203.0.113.9 spt=5071 dst=10.0.0.2 dpt=5060 proto=UDP act=blocked",
    ),
    (
        "unmapped",
        r#"{"timestamp":"2026-11-22T09:30:00Z","msg":"hello","n":1,"user":"x"}"#,
    ),
];

fn origin() -> Origin {
    let n = |s| Name::new(s).unwrap();
    Origin::local(n("bench"), n("p"), n("s"))
}

#[divan::bench(args = RECORDS.map(|(name, _)| name))]
fn record(bencher: Bencher<'_, '_>, name: &str) {
    let (_, text) = RECORDS.into_iter().find(|(n, _)| *n == name).unwrap();
    let (origin, set) = (origin(), Arc::new(MappingSet::with_builtin(vec![])));
    let normaliser = Normaliser::new(set, Settings::default());
    let record = RawRecord {
        origin: &origin,
        received: NOW,
        peer: None,
        bytes: text.as_bytes(),
    };
    bencher
        .counter(ItemsCount::new(1usize))
        .bench(|| normaliser.normalise(&record).unwrap());
}

#[divan::bench]
fn ndjson_body(bencher: Bencher<'_, '_>) {
    let body = format!("{}\n", RECORDS[1].1).repeat(1000);
    let (origin, set) = (origin(), Arc::new(MappingSet::with_builtin(vec![])));
    let normaliser = Normaliser::new(set, Settings::default());
    let record = RawRecord {
        origin: &origin,
        received: NOW,
        peer: None,
        bytes: body.as_bytes(),
    };
    bencher
        .counter(ItemsCount::new(1000usize))
        .bench(|| normaliser.json_body(&record));
}

#[divan::bench]
fn sip(bencher: Bencher<'_, '_>) {
    let text = "REGISTER sip:pbx SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9:5071;branch=z9hG4bKabc\r\nFrom: <sip:1001@pbx>;tag=1\r\nTo: <sip:1001@pbx>\r\nCall-ID: abc@203.0.113.9\r\nCSeq: 2 REGISTER\r\nContact: <sip:1001@203.0.113.9:5071>\r\nUser-Agent: friendly-scanner\r\nAuthorization: Digest username=\"1001\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx\", response=\"0123456789abcdef0123456789abcdef\"\r\nContent-Length: 0\r\n\r\n";
    let origin = origin();
    let packet = SipPacket {
        time: Some(NOW),
        src: ([203, 0, 113, 9], 5071).into(),
        dst: ([10, 0, 0, 2], 5060).into(),
        transport: Transport::Udp,
        payload: text.as_bytes(),
    };
    bencher
        .counter(ItemsCount::new(1usize))
        .bench(|| sip_event(&origin, NOW, &packet, Skew::default()).unwrap());
}
