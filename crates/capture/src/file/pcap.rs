//! The classic format (draft-ietf-opsawg-pcap).

use super::{Found, MAX_RECORD, Step};
use crate::LinkType;
use crate::read::{Endian, array};

pub(super) const HEADER_LENGTH: usize = 24;
const RECORD_HEADER: usize = 16;

/// What the first four bytes say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Magic {
    endian: Endian,
    /// Nanoseconds that one unit of a record's sub-second field is worth.
    unit: u64,
}

impl Magic {
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let (endian, unit) = match array(data, 0)? {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Endian::Big, 1_000),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Endian::Big, 1),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Endian::Little, 1_000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Endian::Little, 1),
            _ => return None,
        };
        Some(Self { endian, unit })
    }
}

#[derive(Debug)]
pub(super) struct Header {
    magic: Magic,
    link: LinkType,
}

impl Header {
    pub(super) fn read(data: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some(data) = data.get(..HEADER_LENGTH) else {
            return Ok(None);
        };
        let magic = Magic::read(data).ok_or("file is not pcap")?;
        let major = magic.endian.u16(data, 4).unwrap_or_default();
        if major != 2 {
            return Err("pcap version is not 2.x");
        }
        // The upper bits say how long the frame check sequence is; trailing bytes after the
        // IP packet are ignored anyway.
        let link = magic.endian.u32(data, 20).unwrap_or_default() & 0xffff;
        let link = LinkType(u16::try_from(link).unwrap_or_default());
        Ok(Some(Self { magic, link }))
    }

    pub(super) fn step(&self, data: &[u8]) -> Result<Step, &'static str> {
        let Magic { endian, unit } = self.magic;
        let field = |at| endian.u32(data, at);
        let (Some(seconds), Some(fraction), Some(captured), Some(original_len)) =
            (field(0), field(4), field(8), field(12))
        else {
            return Ok(Step::NeedMore);
        };
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > MAX_RECORD {
            return Err("packet is longer than 1 MiB");
        }
        let end = RECORD_HEADER + captured;
        if data.len() < end {
            return Ok(Step::NeedMore);
        }
        let time_ns = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * unit;
        let (link, start) = (self.link, RECORD_HEADER);
        Ok(Step::Packet(
            end,
            Found {
                time_ns,
                link,
                start,
                end,
                original_len,
            },
        ))
    }
}
