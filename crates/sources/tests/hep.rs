//! HEP3 captures over datagrams and streams, with and without a key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::fs;

use common::*;
use ringfence_capture::hep::{AuthKey, Extra, Hep, ProtoType, decode, encode};
use ringfence_sources::Format;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const OPTIONS: &[u8] = b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\n\r\n";

/// A HEP3 packet with a SIP message and a key, as a capture agent sends it.
fn packet(key: Option<&str>) -> Vec<u8> {
    let key = key.map(|key| AuthKey::new(key.as_bytes()));
    encode(&Hep {
        ip_protocol: 17,
        src: [127, 0, 0, 1].into(),
        dst: [127, 0, 0, 2].into(),
        src_port: 5060,
        dst_port: 5060,
        time_ns: 1_795_339_800_250_000_000,
        proto_type: ProtoType::SIP,
        capture_id: 7,
        auth_key: key,
        payload: OPTIONS.into(),
        correlation_id: None,
        vlan: None,
        node: None,
        extra: Extra::default(),
        unknown: 0,
    })
    .unwrap()
}

/// A listener section, and the folder that its key file is in.
fn keyed(section: &str) -> (String, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    fs::write(&file, "opensesame\n").unwrap();
    let text = format!("{section}auth_key_file='{}'\n", file.display());
    (text, dir)
}

const UDP: &str = "[[hep_udp]]\nname='h'\nlisten='127.0.0.1:0'\nsource='proxy'\n\
    allow=['127.0.0.1']\nplain_udp=true\n";
const TCP: &str = "[[hep_tcp]]\nname='h'\nlisten='127.0.0.1:0'\nsource='proxy'\n";

#[tokio::test]
async fn packets_arrive_whole_from_datagrams() {
    let mut r = start(UDP).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&packet(None), r.addr()).await.unwrap();
    let got = r.next().await;
    assert_eq!(
        (got.format, &got.record.bytes[..]),
        (Format::Hep, &packet(None)[..])
    );
    assert_eq!(got.record.peer, Some(socket.local_addr().unwrap()));
    assert!(!got.origin.authority.authenticated);
}

#[tokio::test]
async fn a_datagram_with_a_wrong_key_is_refused_and_counted() {
    let (text, _dir) = keyed(UDP);
    let mut r = start(&text).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for bytes in [packet(None), packet(Some("guess-01")), b"junk".to_vec()] {
        socket.send_to(&bytes, r.addr()).await.unwrap();
    }
    r.until(|c| c.refused_key == 3).await;
    socket
        .send_to(&packet(Some("opensesame")), r.addr())
        .await
        .unwrap();
    let got = r.next().await;
    assert!(
        !got.origin.authority.authenticated,
        "a key in a datagram proves nothing"
    );
    assert_eq!(r.handle.counters().received, 1);
}

#[tokio::test]
async fn a_stream_with_the_key_is_believed_and_one_without_is_closed() {
    let (text, _dir) = keyed(TCP);
    let mut r = start(&text).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    let good = packet(Some("opensesame"));
    // Cut in the middle of a header: reads are not packets.
    let both = [&good[..], &good[..]].concat();
    stream.write_all(&both[..good.len() + 3]).await.unwrap();
    let got = r.next().await;
    assert!(got.origin.authority.authenticated && got.origin.authority.call_state);
    stream.write_all(&both[good.len() + 3..]).await.unwrap();
    let record = r.next().await.record;
    let read = decode(&record.bytes).unwrap();
    assert_eq!(read.payload, OPTIONS);
    assert_eq!(
        read.auth_key,
        Some(AuthKey::new(b"**********")),
        "keys are not stored"
    );
    stream.write_all(&packet(Some("guess-01"))).await.unwrap();
    assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    let counters = r.handle.counters();
    assert_eq!((counters.received, counters.refused_key), (2, 1));
}

#[tokio::test]
async fn a_cut_packet_goes_to_quarantine() {
    let mut r = start(&format!("{TCP}allow=['127.0.0.1']\n")).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    let whole = packet(None);
    stream.write_all(&whole[..40]).await.unwrap();
    drop(stream);
    assert_eq!(r.next().await.record.bytes, whole[..40]);
    assert_eq!(r.handle.counters().framing_errors, 1);
}
