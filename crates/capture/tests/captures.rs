//! Real captures give the messages that tshark counts in them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ringfence_capture::{CaptureReader, Counters, FileKind, Output, Pipeline, detect};

/// What a file held.
#[derive(Default)]
struct Seen {
    packets: u64,
    datagrams: Vec<Vec<u8>>,
    streams: BTreeMap<(SocketAddr, SocketAddr), Vec<u8>>,
    gaps: u64,
    closed: usize,
    first_ns: u64,
    counters: Counters,
}

fn read(file: &[u8]) -> Seen {
    let (mut reader, mut pipeline, mut seen) =
        (CaptureReader::new(), Pipeline::default(), Seen::default());
    let sink = |output: Output<'_>, seen: &mut Seen| match output {
        Output::Datagram(datagram) => seen.datagrams.push(datagram.payload.to_vec()),
        Output::Stream(bytes) => {
            seen.streams
                .entry((bytes.src, bytes.dst))
                .or_default()
                .extend(bytes.payload);
            seen.gaps += bytes.gap;
            seen.closed += usize::from(bytes.closed);
        }
    };
    for mut piece in file.chunks(1000) {
        while !piece.is_empty() {
            piece = &piece[reader.push(piece)..];
            while let Some(packet) = reader.next_packet().expect("sound file") {
                if seen.packets == 0 {
                    seen.first_ns = packet.time_ns;
                }
                seen.packets += 1;
                pipeline.packet(&packet, &mut |output| sink(output, &mut seen));
            }
        }
    }
    pipeline.finish(&mut |output| sink(output, &mut seen));
    seen.counters = *pipeline.counters();
    reader.finish().expect("whole file");
    seen
}

fn is_sip(payload: &[u8]) -> bool {
    let line = payload
        .split(|b| *b == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii_end();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

/// `messages` is what `tshark -r FILE -Y sip | wc -l` says.
fn scanner_capture(name: &str, messages: usize, first_ns: u64) {
    let Some(file) = support::test_data(&format!("sip/captures/{name}.pcap")) else {
        return;
    };
    assert_eq!(detect(&file), Some(FileKind::PcapNg));
    let seen = read(&file);
    assert_eq!(
        seen.datagrams
            .iter()
            .filter(|payload| is_sip(payload))
            .count(),
        messages
    );
    assert_eq!(
        (seen.packets, seen.counters.datagrams),
        (messages as u64, messages as u64)
    );
    // tshark -T fields -e frame.time_epoch
    assert_eq!(seen.first_ns, first_ns);
}

macro_rules! scanner_captures {
    ($($name:ident $messages:literal $first_ns:literal)+) => {
        $(#[test] fn $name() { scanner_capture(stringify!($name), $messages, $first_ns); })+
    };
}

scanner_captures! {
    svcrack     804 1795298393881368764
    svcrack_qop 804 1795298546606690657
    svmap         2 1795298376668211845
    svmap_ua      1 1795298446222865453
    svwar       604 1795298384242961522
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/../../samples/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

#[test]
fn fragments_are_put_together_and_overlaps_are_not() {
    let seen = read(&sample("sip-fragmented.pcap"));
    let sizes: Vec<_> = seen.datagrams.iter().map(Vec::len).collect();
    assert!(seen.datagrams.iter().all(|payload| is_sip(payload)));
    assert_eq!(sizes, [2663, 265, 2663]);
    let Counters {
        reassembled,
        fragment_conflicts,
        fragment_timeouts,
        ..
    } = seen.counters;
    // Given up: a repeat that came after its datagram was whole, and a first without a rest.
    assert_eq!(
        (reassembled, fragment_conflicts, fragment_timeouts),
        (2, 1, 2)
    );
}

#[test]
fn a_tcp_stream_is_whole_whatever_the_order_of_its_segments() {
    let seen = read(&sample("sip-tcp.pcapng"));
    let client = &seen.streams[&(addr("192.0.2.10:40000"), addr("192.0.2.20:5060"))];
    let text = String::from_utf8(client.clone()).unwrap();
    let starts: Vec<_> = text
        .lines()
        .filter(|line| line.ends_with(" SIP/2.0"))
        .map(|l| l.split(' ').next())
        .collect();
    assert_eq!(starts, [Some("INVITE"), Some("ACK"), Some("BYE")]);
    let server = &seen.streams[&(addr("192.0.2.20:5060"), addr("192.0.2.10:40000"))];
    assert_eq!(
        String::from_utf8(server.clone())
            .unwrap()
            .matches("SIP/2.0 200 OK")
            .count(),
        2
    );
    assert_eq!(seen.closed, 3);
}

#[test]
fn a_hole_in_a_stream_is_told() {
    let seen = read(&sample("sip-tcp.pcapng"));
    let Counters {
        midstream,
        tcp_gaps,
        tcp_gap_bytes,
        ..
    } = seen.counters;
    assert_eq!((midstream, tcp_gaps), (1, 1));
    assert_eq!((tcp_gap_bytes, seen.gaps), (282, 282));
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
