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
use ringfence_sources::Format;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const OPTIONS: &[u8] = b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\n\r\n";

/// A HEP3 packet with a SIP message and a key, as a capture agent sends it.
fn packet(key: Option<&str>) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut chunk = |kind: u16, payload: &[u8]| {
        chunks.extend_from_slice(&[0, 0]);
        chunks.extend_from_slice(&kind.to_be_bytes());
        chunks.extend_from_slice(&u16::try_from(payload.len() + 6).unwrap().to_be_bytes());
        chunks.extend_from_slice(payload);
    };
    chunk(1, &[2]);
    chunk(2, &[17]);
    chunk(3, &[127, 0, 0, 1]);
    chunk(4, &[127, 0, 0, 2]);
    chunk(7, &5060_u16.to_be_bytes());
    chunk(8, &5060_u16.to_be_bytes());
    chunk(0x0b, &[1]);
    if let Some(key) = key {
        chunk(0x0e, key.as_bytes());
    }
    chunk(0x0f, OPTIONS);
    let mut out = b"HEP3".to_vec();
    out.extend_from_slice(&u16::try_from(chunks.len() + 6).unwrap().to_be_bytes());
    out.extend_from_slice(&chunks);
    out
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
    assert_eq!(r.next().await.record.bytes, good);
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
