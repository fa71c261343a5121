//! Syslog from real senders and rude ones arrives once, whole, under the right source.
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

use std::path::Path;

use common::*;
use ringfence_sources::{Format, SinkError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

#[tokio::test]
async fn logger_sends_datagrams_of_both_formats() {
    if !have("logger") {
        return;
    }
    let mut r = start(SYSLOG_UDP).await;
    let port = r.port();
    for format in ["--rfc5424", "--rfc3164"] {
        ran(
            "logger",
            &[
                "-n",
                "127.0.0.1",
                "-P",
                &port,
                "-d",
                format,
                "-t",
                "pbx",
                "call up",
            ],
        )
        .await;
        let got = r.next().await;
        assert!(
            got.text().starts_with("<13>") && got.text().ends_with("call up"),
            "{got:?}"
        );
        assert_eq!(got.format, Format::Syslog);
        assert_eq!(got.origin.program.as_str(), "retail");
        assert!(!got.origin.authority.authenticated && !got.origin.authority.call_state);
    }
    let counters = r.handle.counters();
    assert_eq!((counters.received, counters.queued), (2, 2));
    assert!(r.handle.last_heard()[0].1.is_some());
    assert!(r.drain().await.is_empty());
}

#[tokio::test]
async fn logger_sends_streams_of_both_framings() {
    if !have("logger") {
        return;
    }
    let mut r = start(SYSLOG_TCP).await;
    let port = r.port();
    let base = ["-n", "127.0.0.1", "-P", &port, "-T", "-t", "pbx"];
    for extra in [
        &["--rfc5424", "--octet-count"][..],
        &["--rfc5424"],
        &["--rfc3164", "--octet-count"],
        &["--rfc3164"],
    ] {
        let args = [&base[..], extra, &["call up"]].concat();
        ran("logger", &args).await;
        let got = r.next().await;
        assert!(
            got.text().starts_with("<13>") && got.text().ends_with("call up"),
            "{got:?}"
        );
    }
    r.until(|c| c.open == 0).await;
    assert_eq!(r.handle.counters().connections, 4);
    assert_eq!(r.handle.counters().framing_errors, 0);
}

#[tokio::test]
async fn many_lines_of_one_read_are_one_submission() {
    let mut r = start(SYSLOG_TCP).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    let text: String = (0..2_500).map(|i| format!("<13>line {i}\n")).collect();
    stream.write_all(text.as_bytes()).await.unwrap();
    drop(stream);
    let mut largest = 0;
    for i in 0..2_500 {
        let got = r.next().await;
        assert_eq!(got.text(), format!("<13>line {i}"));
        largest = largest.max(got.batch);
    }
    assert!((100..=1_000).contains(&largest), "{largest}");
}

#[tokio::test]
async fn nothing_is_read_while_the_event_log_is_busy() {
    let mut r = start_with(SYSLOG_TCP, Path::new("/nowhere"), 1).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    stream.write_all(b"<13>one\n").await.unwrap();
    assert_eq!(r.next().await.text(), "<13>one");
    // Far more than the kernel holds: the sender must wait, and nothing is lost.
    let sender = tokio::spawn(async move {
        let line = format!("<13>{}\n", "x".repeat(1_019));
        for _ in 0..32_768 {
            stream.write_all(line.as_bytes()).await.unwrap();
        }
    });
    r.until(|c| c.received > 1).await;
    let waiting = r.handle.counters();
    assert!(
        waiting.received < 1_100 && waiting.queued == 1,
        "{waiting:?}"
    );
    assert!(!sender.is_finished());
    r.sink.gate.add_permits(1 << 20);
    for _ in 0..32_768 {
        r.next().await;
    }
    sender.await.unwrap();
    assert_eq!(r.handle.counters().queued, 32_769);
}

#[tokio::test]
async fn a_failing_event_log_is_tried_again() {
    let mut r = start(SYSLOG_TCP).await;
    *r.sink.failures.lock().unwrap() = vec![SinkError::Spine("disk full".into())];
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    stream.write_all(b"<13>one\n").await.unwrap();
    assert_eq!(r.next().await.text(), "<13>one");
    assert_eq!(r.handle.counters().lost, 0);
}

#[tokio::test]
async fn a_full_event_log_loses_datagrams_and_counts_them() {
    let r = start_with(SYSLOG_UDP, Path::new("/nowhere"), 0).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..3 {
        socket.send_to(b"<13>gone", r.addr()).await.unwrap();
    }
    r.until(|c| c.lost == 3).await;
    assert_eq!(r.handle.counters().received, 3);
}

#[tokio::test]
async fn the_kernels_own_losses_are_counted() {
    let small = format!("{SYSLOG_UDP}receive_buffer_bytes=65536\n");
    let r = start(&small).await;
    // One thread: the listener cannot read while this loop does not wait.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..2_000 {
        socket.send_to(&[b'x'; 1_000], r.addr()).unwrap();
    }
    r.until(|c| c.kernel_dropped > 0 && c.received + c.kernel_dropped == 2_000)
        .await;
}

#[tokio::test]
async fn strangers_are_refused_and_counted() {
    let r = start(&SYSLOG_UDP.replace("127.0.0.0/8", "127.0.0.9")).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<13>let me in", r.addr()).await.unwrap();
    r.until(|c| c.refused_peer == 1).await;
    assert!(r.drain().await.is_empty());

    let r = start(&SYSLOG_TCP.replace("127.0.0.0/8", "127.0.0.9")).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    let _ = stream.write_all(b"<13>let me in\n").await;
    assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    r.until(|c| c.refused_peer == 1).await;
    assert!(r.drain().await.is_empty());
}

#[tokio::test]
async fn a_connection_too_many_is_closed_and_counted() {
    let mut r = start(&format!("{SYSLOG_TCP}max_connections=1\n")).await;
    let mut first = TcpStream::connect(r.addr()).await.unwrap();
    first.write_all(b"<13>one\n").await.unwrap();
    r.next().await;
    let mut second = TcpStream::connect(r.addr()).await.unwrap();
    assert!(matches!(second.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert_eq!(r.handle.counters().refused_full, 1);
    drop(first);
    r.until(|c| c.open == 0).await;
    let mut third = TcpStream::connect(r.addr()).await.unwrap();
    third.write_all(b"<13>three\n").await.unwrap();
    assert_eq!(r.next().await.text(), "<13>three");
}

#[tokio::test]
async fn a_record_that_never_ends_is_cut_off() {
    let mut r = start(&format!("{SYSLOG_TCP}stall_secs=1\n")).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    stream.write_all(b"100 <13>and then").await.unwrap();
    // What it sent goes to quarantine by way of the sink.
    assert_eq!(r.next().await.text(), "100 <13>and then");
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    let counters = r.handle.counters();
    assert_eq!((counters.timeouts, counters.framing_errors), (1, 1));
}

#[tokio::test]
async fn broken_framing_ends_the_connection_and_keeps_the_bytes() {
    let mut r = start(SYSLOG_TCP).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    stream
        .write_all(b"7 <13>oneGET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(r.next().await.text(), "<13>one");
    assert_eq!(r.next().await.text(), "GET / HTTP/1.1\r\n\r\n");
    assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert_eq!(r.handle.counters().framing_errors, 1);
}

#[tokio::test]
async fn a_drain_takes_what_has_arrived() {
    let r = start(SYSLOG_TCP).await;
    let mut stream = TcpStream::connect(r.addr()).await.unwrap();
    stream.write_all(b"<13>one\n<13>two").await.unwrap();
    r.until(|c| c.received == 1).await;
    let texts: Vec<_> = r.drain().await.iter().map(Got::text).collect();
    assert_eq!(texts, ["<13>one", "<13>two"]);
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);

    let r = start(SYSLOG_UDP).await;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..100 {
        socket.send_to(b"<13>in the kernel", r.addr()).unwrap();
    }
    assert_eq!(r.drain().await.len(), 100);
}

#[tokio::test]
async fn an_address_in_use_is_told_plainly() {
    let r = start(SYSLOG_TCP).await;
    let text = SYSLOG_TCP.replace(":0'", &format!(":{}'", r.port()));
    let listener = build(&text, Path::new("/nowhere"));
    let door = std::sync::Arc::clone(&r.sink) as _;
    let error = ringfence_sources::run(listener, door, r.cancel.clone())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("is in use"), "{error}");
}
