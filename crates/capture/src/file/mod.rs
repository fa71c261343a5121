//! Capture files, read as they arrive.

mod pcap;
mod pcapng;

use crate::{CaptureError, LinkType};

/// Longest record or block taken; the largest snap length in use is 256 KiB.
const MAX_RECORD: usize = 1 << 20;
/// Most bytes held: one record and what was pushed after it.
const MAX_BUFFER: usize = 2 * MAX_RECORD;

/// A kind of capture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The classic format, microseconds or nanoseconds, either byte order.
    Pcap,
    /// The block format.
    PcapNg,
}

/// Says what kind of capture file starts like this, by content; `None` if it is neither, or
/// if fewer than four bytes are given.
#[must_use]
pub fn detect(start: &[u8]) -> Option<FileKind> {
    if start.starts_with(&pcapng::SECTION.to_be_bytes()) {
        Some(FileKind::PcapNg)
    } else if pcap::Magic::read(start).is_some() {
        Some(FileKind::Pcap)
    } else {
        None
    }
}

/// One captured packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Nanoseconds since 1970. A pcapng simple packet has no time: it takes the one of the
    /// packet before it.
    pub time_ns: u64,
    /// What the packet starts with.
    pub link: LinkType,
    /// The bytes captured.
    pub data: &'a [u8],
    /// How long the packet was on the wire.
    pub original_len: u32,
    /// Where its record starts in the file.
    pub offset: u64,
}

/// Reads a capture file that is pushed in pieces of any size.
///
/// ```
/// use ringfence_capture::CaptureReader;
/// # fn read(file: &[u8]) -> Result<(), ringfence_capture::CaptureError> {
/// let mut reader = CaptureReader::new();
/// for mut piece in file.chunks(65_536) {
///     while !piece.is_empty() {
///         let taken = reader.push(piece);
///         piece = piece.get(taken..).unwrap_or_default();
///         while let Some(_packet) = reader.next_packet()? {}
///     }
/// }
/// reader.finish()
/// # }
/// ```
#[derive(Debug, Default)]
pub struct CaptureReader {
    buffer: Vec<u8>,
    consumed: usize,
    /// Offset of `buffer`'s start in the file.
    offset: u64,
    format: Option<Format>,
    failed: Option<CaptureError>,
}

#[derive(Debug)]
enum Format {
    Pcap(pcap::Header),
    PcapNg(pcapng::State),
}

/// What the start of the unread bytes turned out to be.
enum Step {
    /// Not all there yet.
    NeedMore,
    /// So many bytes without a packet.
    Skip(usize),
    /// So many bytes with a packet.
    Packet(usize, Found),
}

/// A packet, its data as a range counted from the record's start.
struct Found {
    time_ns: u64,
    link: LinkType,
    start: usize,
    end: usize,
    original_len: u32,
}

impl CaptureReader {
    /// A reader at the start of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes and says how many; fewer than given when packets must be taken first.
    pub fn push(&mut self, data: &[u8]) -> usize {
        if self.consumed > 0 {
            self.buffer.drain(..self.consumed.min(self.buffer.len()));
            self.offset += self.consumed as u64;
            self.consumed = 0;
        }
        let room = MAX_BUFFER.saturating_sub(self.buffer.len());
        let taken = data.get(..room).unwrap_or(data);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// The next packet; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// When the file breaks its format. The same error then comes back every time: nothing
    /// after a broken record can be found reliably.
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.advance() {
            Ok(Some((start, found))) => {
                let data = self.buffer.get(start + found.start..start + found.end);
                Ok(Some(Packet {
                    time_ns: found.time_ns,
                    link: found.link,
                    data: data.unwrap_or_default(),
                    original_len: found.original_len,
                    offset: self.offset + start as u64,
                }))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// Checks that the file ended where a record ended.
    ///
    /// # Errors
    /// When it broke off inside one; the offset is where that record starts.
    pub const fn finish(&self) -> Result<(), CaptureError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let reason = match self.format {
            None if self.buffer.is_empty() => "file is empty",
            None => "file ends inside its header",
            Some(_) if self.consumed < self.buffer.len() => "file is cut off inside this record",
            Some(_) => return Ok(()),
        };
        Err(CaptureError {
            offset: self.offset + self.consumed as u64,
            reason,
        })
    }

    /// Which kind of file this is, once enough was pushed to tell.
    #[must_use]
    pub const fn kind(&self) -> Option<FileKind> {
        match self.format {
            Some(Format::Pcap(_)) => Some(FileKind::Pcap),
            Some(Format::PcapNg(_)) => Some(FileKind::PcapNg),
            None => None,
        }
    }

    fn advance(&mut self) -> Result<Option<(usize, Found)>, CaptureError> {
        loop {
            let rest = self.buffer.get(self.consumed..).unwrap_or_default();
            let offset = self.offset + self.consumed as u64;
            let at = |reason| CaptureError { offset, reason };
            let step = match &mut self.format {
                None => match detect(rest) {
                    _ if rest.len() < 4 => Step::NeedMore,
                    None => return Err(at("file is neither pcap nor pcapng")),
                    Some(FileKind::PcapNg) => {
                        self.format = Some(Format::PcapNg(pcapng::State::default()));
                        Step::Skip(0)
                    }
                    Some(FileKind::Pcap) => match pcap::Header::read(rest).map_err(at)? {
                        None => Step::NeedMore,
                        Some(header) => {
                            self.format = Some(Format::Pcap(header));
                            Step::Skip(pcap::HEADER_LENGTH)
                        }
                    },
                },
                Some(Format::Pcap(header)) => header.step(rest).map_err(at)?,
                Some(Format::PcapNg(state)) => state.step(rest).map_err(at)?,
            };
            match step {
                Step::NeedMore => return Ok(None),
                Step::Skip(length) => self.consumed += length,
                Step::Packet(length, found) => {
                    let start = self.consumed;
                    self.consumed += length;
                    return Ok(Some((start, found)));
                }
            }
        }
    }
}

/// However the file is cut into pieces, the same packets come out.
#[doc(hidden)]
pub fn fuzz_capture(data: &[u8]) {
    let run = |piece: usize| {
        let mut reader = CaptureReader::new();
        let mut packets = Vec::new();
        let mut rest = data;
        loop {
            let taken = reader.push(rest.get(..piece).unwrap_or(rest));
            rest = rest.get(taken..).unwrap_or_default();
            assert!(reader.buffer.len() <= MAX_BUFFER);
            loop {
                match reader.next_packet() {
                    Ok(Some(packet)) => {
                        assert!(packet.offset < data.len() as u64);
                        packets.push((packet.time_ns, packet.link, packet.data.to_vec()));
                    }
                    Ok(None) => break,
                    Err(error) => return (packets, Err(error)),
                }
            }
            if rest.is_empty() {
                return (packets, reader.finish());
            }
        }
    };
    assert_eq!(run(usize::MAX), run(11));
}
