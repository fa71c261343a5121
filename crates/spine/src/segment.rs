//! One file of the log: a header, then blocks.
//!
//! The header is synced before the first block is written, and it names the
//! segment before it, so that a file that vanished is noticed at open without
//! reading the others. It has room for the data key of the segment (wrapped, with
//! its scheme), which the erasure of a person will need; scheme 0 is "no key".

use std::io;

use bytes::Bytes;

use crate::block::{self, Fault, Index};
use crate::disk::{Disk, DiskFile};
use crate::{Entry, Offset, SpineError};

pub(crate) const HEADER_LEN: usize = 128;
const MAGIC: [u8; 8] = *b"RFSEG\0\r\n";
const VERSION: u16 = 1;
const NO_KEY: u16 = 0;
const CHUNK: usize = 64 << 10;
const SUFFIX: &str = ".seg";

/// Where a segment begins and how it is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) first: Offset,
    /// The segment before, none for the first of a log.
    pub(crate) previous: Option<Offset>,
    pub(crate) created_ms: u64,
    /// Where every checksum of the segment starts.
    pub(crate) salt: u32,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(HEADER_LEN as u16).to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.first.0.to_le_bytes());
        out.extend_from_slice(
            &self
                .previous
                .map_or(u64::MAX, |first| first.0)
                .to_le_bytes(),
        );
        out.extend_from_slice(&self.created_ms.to_le_bytes());
        out.extend_from_slice(&NO_KEY.to_le_bytes());
        out.resize(HEADER_LEN - 4, 0);
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    fn parse(bytes: &[u8], file: &str) -> Result<Self, SpineError> {
        let damaged = |reason| SpineError::Corrupt {
            file: file.to_owned(),
            position: 0,
            reason,
        };
        let bytes: &[u8; HEADER_LEN] = bytes
            .first_chunk()
            .ok_or_else(|| damaged("the segment header is cut short"))?;
        let (signed, sum) = bytes.split_last_chunk::<4>().unwrap_or((&[], &[0; 4]));
        if !signed.starts_with(&MAGIC) || crc32c::crc32c(signed) != u32::from_le_bytes(*sum) {
            return Err(damaged("the segment header is damaged"));
        }
        let number = |at: usize| {
            let field = signed.get(at..).and_then(|rest| rest.first_chunk::<8>());
            field.map_or(0, |field| u64::from_le_bytes(*field))
        };
        let version = number(8) as u16;
        let key_scheme = number(40) as u16;
        if version != VERSION || key_scheme != NO_KEY {
            return Err(SpineError::Version {
                file: file.to_owned(),
                version,
            });
        }
        Ok(Self {
            salt: (number(8) >> 32) as u32,
            first: Offset(number(16)),
            previous: Some(number(24))
                .filter(|&first| first != u64::MAX)
                .map(Offset),
            created_ms: number(32),
        })
    }
}

/// The file that begins with this offset; names sort like offsets.
pub(crate) fn name(first: Offset) -> String {
    format!("{:020}{SUFFIX}", first.0)
}

pub(crate) fn parse_name(name: &str) -> Option<Offset> {
    let digits = name
        .strip_suffix(SUFFIX)
        .filter(|digits| digits.len() == 20)?;
    digits.parse().ok().map(Offset)
}

/// What stands at a cursor.
pub(crate) enum Step {
    /// A block that continues the log and lies within the file as a whole.
    Block(block::Header),
    /// The file ends here, cleanly.
    End,
    /// Neither.
    Bad(Fault),
}

/// Walks the blocks of one segment file.
pub(crate) struct Cursor {
    file: Box<dyn DiskFile>,
    name: String,
    place: String,
    pub(crate) header: SegmentHeader,
    /// Where the next block begins.
    pub(crate) position: u64,
    /// The offset it has to have.
    pub(crate) next: Offset,
    chunk: Vec<u8>,
    chunk_at: u64,
}

impl Cursor {
    /// At the first block of a segment.
    pub(crate) fn open(disk: &dyn Disk, first: Offset) -> Result<Self, SpineError> {
        let (name, place) = (name(first), disk.place());
        let file = disk
            .open_read(&name)
            .map_err(|error| SpineError::io(&place, &name, "open", error))?;
        Self::over(file, first, place)
    }

    pub(crate) fn over(
        file: Box<dyn DiskFile>,
        first: Offset,
        place: String,
    ) -> Result<Self, SpineError> {
        let name = name(first);
        let mut bytes = vec![0; HEADER_LEN];
        let got = file
            .read_at(&mut bytes, 0)
            .map_err(|error| SpineError::io(&place, &name, "read", error))?;
        bytes.truncate(got);
        let header = SegmentHeader::parse(&bytes, &name)?;
        if header.first != first {
            let reason = "the segment was renamed: its header has another offset than its name";
            return Err(SpineError::Corrupt {
                file: name,
                position: 0,
                reason,
            });
        }
        Ok(Self {
            file,
            name,
            place,
            header,
            position: HEADER_LEN as u64,
            next: first,
            chunk: Vec::new(),
            chunk_at: 0,
        })
    }

    /// Goes on where an earlier cursor over the same file was.
    pub(crate) fn seek(&mut self, position: u64, next: Offset) {
        self.position = position;
        self.next = next;
    }

    pub(crate) fn peek(&mut self) -> Result<Step, SpineError> {
        let (position, next, salt) = (self.position, self.next, self.header.salt);
        let size = self
            .file
            .size()
            .map_err(|error| self.failed("read", error))?;
        let bytes = self.bytes(position, block::HEADER_LEN)?;
        if bytes.is_empty() {
            return Ok(Step::End);
        }
        Ok(match block::Header::parse(bytes, salt) {
            Ok(header) if header.first != next => Step::Bad(Fault::Inconsistent(
                "the block has another offset than the log",
            )),
            Ok(header) if size.saturating_sub(position) < header.total_len() => {
                Step::Bad(Fault::Short)
            }
            Ok(header) => Step::Block(header),
            Err(fault) => Step::Bad(fault),
        })
    }

    pub(crate) fn index(
        &mut self,
        header: &block::Header,
    ) -> Result<Result<Index, Fault>, SpineError> {
        let at = self.position + block::HEADER_LEN as u64;
        let salt = self.header.salt;
        let bytes = self.bytes(at, header.index_len())?;
        Ok(Index::parse(header, bytes, salt))
    }

    pub(crate) fn entries(
        &mut self,
        header: &block::Header,
    ) -> Result<Result<Vec<Entry>, Fault>, SpineError> {
        let index = match self.index(header)? {
            Ok(index) => index,
            Err(fault) => return Ok(Err(fault)),
        };
        let at = self.position + (block::HEADER_LEN + header.index_len()) as u64;
        let salt = self.header.salt;
        let body = Bytes::copy_from_slice(self.bytes(at, header.body_len())?);
        Ok(index.entries(header, body, salt))
    }

    pub(crate) fn skip(&mut self, header: &block::Header) {
        self.position += header.total_len();
        self.next = header.end();
    }

    /// Goes to the end of the last whole block. What is wrong with what follows, if anything does:
    /// a torn end, or damage.
    pub(crate) fn pass_whole_blocks(&mut self) -> Result<Option<Fault>, SpineError> {
        loop {
            let header = match self.peek()? {
                Step::End => return Ok(None),
                Step::Bad(fault) => return Ok(Some(fault)),
                Step::Block(header) => header,
            };
            if let Err(fault) = self.entries(&header)? {
                return Ok(Some(fault));
            }
            self.skip(&header);
        }
    }

    /// Whether a genuine block header stands anywhere behind the cursor. One
    /// block is written and synced at a time, so if there is one, the block at
    /// the cursor was durable once and is not a torn end but damage.
    pub(crate) fn block_follows(&mut self) -> Result<bool, SpineError> {
        let finder = memchr::memmem::Finder::new(&block::MAGIC);
        let (salt, next) = (self.header.salt, self.next);
        let mut at = self.position + 1;
        loop {
            let bytes = self.bytes(at, CHUNK)?;
            let genuine = finder
                .find_iter(bytes)
                .filter_map(|found| bytes.get(found..))
                .filter_map(|rest| block::Header::parse(rest, salt).ok())
                .any(|header| header.first >= next);
            if genuine {
                return Ok(true);
            }
            if bytes.len() < CHUNK {
                return Ok(false);
            }
            // Overlap, so that a header across two chunks is seen whole.
            at += (CHUNK - block::HEADER_LEN) as u64;
        }
    }

    pub(crate) fn damaged(&self, fault: Fault) -> SpineError {
        let file = self.name.clone();
        match fault {
            Fault::Version(version) => SpineError::Version {
                file,
                version: version.into(),
            },
            fault => SpineError::Corrupt {
                file,
                position: self.position,
                reason: fault.reason(),
            },
        }
    }

    pub(crate) fn size(&self) -> Result<u64, SpineError> {
        self.file.size().map_err(|error| self.failed("read", error))
    }

    /// Up to `len` bytes at `at`, short only at the end of the file.
    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8], SpineError> {
        let held = usize::try_from(at.saturating_sub(self.chunk_at)).unwrap_or(usize::MAX);
        let cached = at >= self.chunk_at && held.saturating_add(len) <= self.chunk.len();
        if !cached {
            let mut chunk = std::mem::take(&mut self.chunk);
            chunk.resize(len.max(CHUNK), 0);
            let got = self
                .file
                .read_at(&mut chunk, at)
                .map_err(|error| self.failed("read", error))?;
            chunk.truncate(got);
            self.chunk = chunk;
            self.chunk_at = at;
        }
        let start = if cached { held } else { 0 };
        let rest = self.chunk.get(start..).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }

    fn failed(&self, action: &'static str, error: io::Error) -> SpineError {
        SpineError::io(&self.place, &self.name, action, error)
    }
}

/// Fuzz entry: arbitrary bytes, also with a forged sum, never panic, and what is
/// read comes back when it is written.
#[doc(hidden)]
pub fn fuzz_segment(data: &[u8]) {
    let _ = SegmentHeader::parse(data, "fuzz");
    let mut forged = data.to_vec();
    forged.resize(HEADER_LEN - 4, 0);
    forged.splice(
        ..MAGIC.len() + 2,
        MAGIC.into_iter().chain(VERSION.to_le_bytes()),
    );
    let sum = crc32c::crc32c(&forged);
    forged.extend_from_slice(&sum.to_le_bytes());
    if let Ok(header) = SegmentHeader::parse(&forged, "fuzz") {
        let again = SegmentHeader::parse(&header.encode(), "fuzz");
        assert_eq!(again.ok(), Some(header), "encode and parse are inverse");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_are_safe(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_segment(&data);
        }

        #[test]
        fn any_numbers_are_safe(data in proptest::collection::vec(any::<u8>(), 40)) {
            fuzz_segment(&data);
        }
    }

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_found() {
        for previous in [None, Some(Offset(3))] {
            let header = SegmentHeader {
                first: Offset(9),
                previous,
                created_ms: 77,
                salt: 0xFEED_0001,
            };
            let bytes = header.encode();
            assert_eq!(SegmentHeader::parse(&bytes, "x").unwrap(), header);
            for position in 0..HEADER_LEN {
                let mut bad = bytes.clone();
                bad[position] ^= 4;
                assert!(SegmentHeader::parse(&bad, "x").is_err(), "byte {position}");
            }
        }
    }

    #[test]
    fn a_later_version_is_named_and_not_called_damage() {
        let header = SegmentHeader {
            first: Offset(0),
            previous: None,
            created_ms: 0,
            salt: 0,
        };
        let mut bytes = header.encode();
        bytes[8] = 2;
        let sum = crc32c::crc32c(&bytes[..HEADER_LEN - 4]).to_le_bytes();
        bytes[HEADER_LEN - 4..].copy_from_slice(&sum);
        let error = SegmentHeader::parse(&bytes, "x").unwrap_err();
        assert!(
            matches!(error, SpineError::Version { version: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn names_sort_like_offsets() {
        assert_eq!(parse_name(&name(Offset(12))), Some(Offset(12)));
        assert!(name(Offset(9)) < name(Offset(10)));
        assert!(name(Offset(10)) < name(Offset(u64::MAX)));
        assert_eq!(parse_name("12.seg"), None);
        assert_eq!(parse_name("position-lake"), None);
    }
}
