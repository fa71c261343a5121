//! Capture files of every form are read, and broken ones say where they break.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use ringfence_capture::{CaptureError, CaptureReader, FileKind, LinkType, detect};

/// Packets as (time, link, bytes), and how the file ended.
type Read = (Vec<(u64, LinkType, Vec<u8>)>, Result<(), CaptureError>);

fn read(file: &[u8]) -> Read {
    let (mut reader, mut packets) = (CaptureReader::new(), Vec::new());
    assert_eq!(reader.push(file), file.len());
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => packets.push((packet.time_ns, packet.link, packet.data.to_vec())),
            Ok(None) => return (packets, reader.finish()),
            Err(error) => return (packets, Err(error)),
        }
    }
}

/// Writes numbers in either byte order.
#[derive(Clone, Copy)]
struct Writer {
    big: bool,
}

impl Writer {
    fn u16(self, n: u16) -> [u8; 2] {
        if self.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    }

    fn u32(self, n: u32) -> [u8; 4] {
        if self.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    }

    fn pcap(self, magic: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        let fields = [magic, 0, 0, 0, 65_535, 1, 7, fraction, length, length];
        let mut file: Vec<u8> = fields.iter().flat_map(|n| self.u32(*n)).collect();
        file[4..8].copy_from_slice(&[self.u16(2), self.u16(4)].concat());
        file.extend(data);
        file
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let length = self.u32(u32::try_from(body.len() + 12).unwrap());
        [&self.u32(kind)[..], &length, body, &length].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [
            &self.u32(0x1a2b_3c4d)[..],
            &self.u16(1),
            &self.u16(0),
            &[0xff; 8],
        ];
        self.block(0x0a0d_0d0a, &body.concat())
    }

    fn interface(self, link: u16, options: &[u8]) -> Vec<u8> {
        let body = [&self.u16(link)[..], &self.u16(0), &self.u32(0), options].concat();
        self.block(1, &body)
    }

    fn enhanced(self, interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        let mut body: Vec<u8> = [interface, high, low, length, length]
            .iter()
            .flat_map(|n| self.u32(*n))
            .collect();
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        self.block(6, &body)
    }
}

#[test]
fn classic_files_of_both_orders_and_precisions() {
    for big in [true, false] {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 5_000), (0xa1b2_3c4d, 5)] {
            let file = Writer { big }.pcap(magic, 5, b"abc");
            assert_eq!(detect(&file), Some(FileKind::Pcap));
            let expected = (
                7_000_000_000 + nanoseconds,
                LinkType::ETHERNET,
                b"abc".to_vec(),
            );
            assert_eq!(read(&file), (vec![expected], Ok(())));
        }
    }
}

#[test]
fn block_files_with_their_own_clocks_and_sections() {
    for big in [true, false] {
        let w = Writer { big };
        // if_tsresol 10^-9 and 2^-10; if_tsoffset 100 s; then the end mark.
        let nanoseconds = [&w.u16(9)[..], &w.u16(1), &[9, 0, 0, 0], &w.u32(0)].concat();
        let offset = if big {
            100_i64.to_be_bytes()
        } else {
            100_i64.to_le_bytes()
        };
        let binary = [
            &w.u16(9)[..],
            &w.u16(1),
            &[0x8a, 0, 0, 0],
            &w.u16(14),
            &w.u16(8),
            &offset,
        ]
        .concat();
        let other = Writer { big: !big };
        let file = [
            w.section(),
            w.interface(1, &[]),
            w.interface(101, &nanoseconds),
            w.interface(113, &binary),
            w.enhanced(0, 2_000_000, b"us"),
            w.block(5, &[0; 8]),
            w.enhanced(1, 3_000_000_001, b"ns"),
            w.enhanced(2, 512, b"half"),
            w.block(3, &[&w.u32(3)[..], b"sim\0"].concat()),
            other.section(),
            other.interface(101, &[]),
            other.enhanced(0, 1, b"new section"),
        ]
        .concat();
        let (packets, end) = read(&file);
        assert_eq!(end, Ok(()));
        let expected = [
            (2_000_000_000, LinkType::ETHERNET, &b"us"[..]),
            (3_000_000_001, LinkType::RAW, b"ns"),
            (100_500_000_000, LinkType::LINUX_SLL, b"half"),
            (100_500_000_000, LinkType::ETHERNET, b"sim"),
            (1000, LinkType::RAW, b"new section"),
        ];
        let packets: Vec<_> = packets.iter().map(|(t, l, d)| (*t, *l, &d[..])).collect();
        assert_eq!(packets, expected);
    }
}

#[test]
fn a_file_that_breaks_off_says_where_and_keeps_what_came_before() {
    let w = Writer { big: false };
    let whole = w.pcap(0xa1b2_c3d4, 0, b"abc");
    let record = &whole[24..];
    let cut = [&whole[..], &record[..10]].concat();
    let reason = "file is cut off inside this record";
    assert_eq!(read(&cut).0.len(), 1);
    assert_eq!(
        read(&cut).1,
        Err(CaptureError {
            offset: whole.len() as u64,
            reason
        })
    );
    let reason = "file ends inside its header";
    assert_eq!(
        read(&whole[..20]).1,
        Err(CaptureError { offset: 0, reason })
    );
    assert_eq!(
        read(b"").1,
        Err(CaptureError {
            offset: 0,
            reason: "file is empty"
        })
    );
}

#[test]
fn broken_files_are_refused_with_a_reason() {
    let w = Writer { big: false };
    let section = w.section();
    let start = section.len() as u64;
    let mut lengths = w.interface(1, &[]);
    let end = lengths.len() - 1;
    lengths[end] = 9;
    for (file, offset, reason) in [
        (b"PK\x03\x04".to_vec(), 0, "file is neither pcap nor pcapng"),
        (
            w.pcap(0xa1b2_c3d4, 0, b"")[..32]
                .iter()
                .copied()
                .chain([0xff; 8])
                .collect(),
            24,
            "packet is longer than 1 MiB",
        ),
        (
            [&section[..], &[6, 0, 0, 0, 13, 0, 0, 0]].concat(),
            start,
            "block length is not a multiple of four, or too small",
        ),
        (
            [&section[..], &[6, 0, 0, 0, 0, 0, 0, 1]].concat(),
            start,
            "block is longer than 1 MiB",
        ),
        (
            [&section[..], &lengths].concat(),
            start,
            "the two lengths of a block differ",
        ),
        (
            [section.clone(), w.enhanced(0, 0, b"")].concat(),
            start,
            "packet names an interface that is not there",
        ),
    ] {
        assert_eq!(read(&file).1, Err(CaptureError { offset, reason }));
    }
}
