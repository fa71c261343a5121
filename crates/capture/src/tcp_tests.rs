use super::*;

struct Bench {
    streams: Streams,
    counters: Counters,
    out: Vec<(u64, bool, Vec<u8>)>,
}

impl Bench {
    fn new() -> Self {
        let (counters, out) = Default::default();
        Self {
            streams: Streams::new(4, 1 << 20),
            counters,
            out,
        }
    }

    fn flow(port: u16) -> Flow {
        Flow {
            src: ([192, 0, 2, 1], port).into(),
            dst: ([192, 0, 2, 2], 5060).into(),
        }
    }

    fn send(&mut self, port: u16, seq: u32, flags: u8, payload: &[u8], now_ns: u64) {
        let mut data = vec![0; 20];
        data[4..8].copy_from_slice(&seq.to_be_bytes());
        data[12] = 0x50;
        data[13] = flags;
        data.extend_from_slice(payload);
        let segment = Segment::parse(&data).unwrap();
        let out = &mut self.out;
        self.streams.push(
            Self::flow(port),
            &segment,
            now_ns,
            &mut self.counters,
            &mut |chunk| {
                out.push((chunk.gap, chunk.closed, chunk.payload.to_vec()));
            },
        );
    }

    fn text(&self) -> String {
        self.out
            .iter()
            .map(|(_, _, bytes)| String::from_utf8_lossy(bytes))
            .collect()
    }
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const SECOND: u64 = 1_000_000_000;

#[test]
fn segments_come_out_in_order_and_once() {
    let mut bench = Bench::new();
    bench.send(1, 99, SYN, b"", 0);
    bench.send(1, 106, 0, b"world", 0);
    bench.send(1, 100, 0, b"hello ", 0);
    bench.send(1, 100, 0, b"HELLO ", 0);
    bench.send(1, 103, 0, b"LO WORLD!", 0);
    bench.send(1, 112, FIN, b"", 0);
    assert_eq!(bench.text(), "hello world!");
    assert!(bench.out.last().unwrap().1, "closed at the end");
    assert_eq!(bench.counters.tcp_repeated_bytes, 6 + 8);
    assert_eq!((bench.counters.tcp_gaps, bench.counters.midstream), (0, 0));
    assert!(bench.streams.streams.is_empty());
}

#[test]
fn sequence_numbers_wrap() {
    let mut bench = Bench::new();
    bench.send(1, u32::MAX - 3, SYN, b"", 0);
    bench.send(1, 1, 0, b"defg", 0);
    bench.send(1, u32::MAX - 2, 0, b"\0abc", 0);
    assert_eq!(bench.text(), "\0abcdefg");
}

#[test]
fn a_stream_is_picked_up_in_the_middle() {
    let mut bench = Bench::new();
    bench.send(1, 5000, 0, b"mid", 0);
    bench.send(1, 5003, 0, b"dle", 0);
    assert_eq!(
        (bench.text().as_str(), bench.counters.midstream),
        ("middle", 1)
    );
}

#[test]
fn a_hole_is_waited_for_then_reported() {
    let mut bench = Bench::new();
    bench.send(1, 1, 0, b"a", 0);
    bench.send(1, 12, 0, b"b", SECOND);
    bench.send(1, 13, 0, b"c", 2 * SECOND);
    assert_eq!(bench.text(), "a");
    bench.send(1, 14, 0, b"d", 11 * SECOND);
    assert_eq!(bench.text(), "abcd");
    assert_eq!(bench.out[1], (10, false, b"b".to_vec()));
    assert_eq!(
        (bench.counters.tcp_gaps, bench.counters.tcp_gap_bytes),
        (1, 10)
    );
}

#[test]
fn bytes_that_came_first_win() {
    let mut bench = Bench::new();
    bench.send(1, 1, 0, b"0", 0);
    bench.send(1, 4, 0, b"DEF", 0);
    bench.send(1, 2, 0, b"bcdefgh", 0);
    assert_eq!(bench.text(), "0bcDEFgh");
}

#[test]
fn a_reset_and_a_new_connection_end_the_old_one() {
    let mut bench = Bench::new();
    bench.send(1, 1, 0, b"old", 0);
    bench.send(1, 900, SYN, b"", 0);
    bench.send(1, 901, 0, b"new", 0);
    bench.send(1, 0x8000_0000, RST, b"", 0);
    bench.send(1, 904, RST, b"", 0);
    let ends: Vec<_> = bench.out.iter().map(|(_, closed, _)| *closed).collect();
    assert_eq!(ends, [false, true, false, true]);
}

#[test]
fn a_forged_syn_delays_but_does_not_blind() {
    let mut bench = Bench::new();
    bench.send(1, 1, 0, b"a", 0);
    bench.send(1, 0x8000_0000, SYN, b"", 0);
    for (seq, text) in (2..).zip(["b", "c", "d", "e", "f"]) {
        bench.send(1, seq, 0, text.as_bytes(), 0);
    }
    assert_eq!(bench.text(), "aef");
    assert_eq!(bench.counters.tcp_out_of_window, 4);
}

#[test]
fn a_flood_of_connections_and_holes_stays_within_memory() {
    let mut bench = Bench::new();
    for port in 0..1000 {
        bench.send(port, 1, SYN, b"", u64::from(port));
    }
    assert!(bench.streams.streams.len() <= 4);
    assert!(bench.counters.stream_evictions >= 990);
    let mut bench = Bench::new();
    bench.send(1, 0, 0, b"x", 0);
    for n in 0..2000_u32 {
        bench.send(1, 100 + n * 1000, 0, &[b'y'; 900], 0);
    }
    assert!(bench.streams.waiting_bytes <= MAX_WAITING + 1000);
    assert!(bench.counters.tcp_gaps > 1000);
}
