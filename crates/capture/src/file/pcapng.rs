//! The block format (draft-ietf-opsawg-pcapng).

use super::{Found, MAX_RECORD, Step};
use crate::LinkType;
use crate::read::Endian;

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Block type, length, and the length again at the end.
const FRAME: usize = 12;
const MAX_INTERFACES: usize = 4096;

/// What holds for the current section.
#[derive(Debug, Default)]
pub(super) struct State {
    endian: Option<Endian>,
    interfaces: Vec<Interface>,
    last_time: u64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    snap_length: u32,
    /// Ticks a second.
    resolution: u64,
    /// Seconds added to every time.
    offset: i64,
}

impl State {
    pub(super) fn step(&mut self, data: &[u8]) -> Result<Step, &'static str> {
        // A section header reads the same in both byte orders, and sets the order.
        if data.starts_with(&SECTION.to_be_bytes()) {
            let endian = match (Endian::Big.u32(data, 8), Endian::Little.u32(data, 8)) {
                (Some(BYTE_ORDER), _) => Endian::Big,
                (_, Some(BYTE_ORDER)) => Endian::Little,
                (None, _) => return Ok(Step::NeedMore),
                _ => return Err("section header has no byte-order magic"),
            };
            self.endian = Some(endian);
            self.interfaces.clear();
        }
        let Some(endian) = self.endian else {
            return Err("file does not start with a section");
        };
        let (Some(kind), Some(length)) = (endian.u32(data, 0), endian.u32(data, 4)) else {
            return Ok(Step::NeedMore);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < FRAME || length % 4 != 0 {
            return Err("block length is not a multiple of four, or too small");
        }
        if length > MAX_RECORD {
            return Err("block is longer than 1 MiB");
        }
        let Some(block) = data.get(..length) else {
            return Ok(Step::NeedMore);
        };
        if endian
            .u32(block, length - 4)
            .and_then(|n| usize::try_from(n).ok())
            != Some(length)
        {
            return Err("the two lengths of a block differ");
        }
        let body = block.get(8..length - 4).unwrap_or_default();
        let packet = match kind {
            SECTION if endian.u16(body, 4) != Some(1) => return Err("section version is not 1.x"),
            INTERFACE => {
                self.add_interface(endian, body)?;
                None
            }
            ENHANCED_PACKET => Some(self.enhanced(endian, body)?),
            OLD_PACKET => Some(self.old(endian, body)?),
            SIMPLE_PACKET => Some(self.simple(endian, body)?),
            // Statistics, name resolution, secrets, custom: no packets in them.
            _ => None,
        };
        Ok(match packet {
            // Ranges count from the block's start, where 8 bytes of header stand.
            Some(found) => Step::Packet(
                length,
                Found {
                    start: found.start + 8,
                    end: found.end + 8,
                    ..found
                },
            ),
            None => Step::Skip(length),
        })
    }

    fn add_interface(&mut self, endian: Endian, body: &[u8]) -> Result<(), &'static str> {
        let (Some(link), Some(snap_length)) = (endian.u16(body, 0), endian.u32(body, 4)) else {
            return Err("interface block is too short");
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err("file has more than 4096 interfaces");
        }
        let mut interface = Interface {
            link: LinkType(link),
            snap_length,
            resolution: 1_000_000,
            offset: 0,
        };
        for (code, value) in options(endian, body.get(8..).unwrap_or_default()) {
            match (code, value) {
                // if_tsresol: a negative power of ten, or of two with the top bit set.
                (9, [power, ..]) => {
                    let exponent = u32::from(power & 0x7f);
                    let base: u64 = if power & 0x80 == 0 { 10 } else { 2 };
                    interface.resolution = base
                        .checked_pow(exponent)
                        .ok_or("time resolution is out of range")?;
                }
                // if_tsoffset
                (14, value) => interface.offset = endian.i64(value, 0).unwrap_or_default(),
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn interface(&self, index: u32) -> Result<Interface, &'static str> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.interfaces
            .get(index)
            .copied()
            .ok_or("packet names an interface that is not there")
    }

    fn enhanced(&mut self, endian: Endian, body: &[u8]) -> Result<Found, &'static str> {
        let index = endian.u32(body, 0).ok_or("packet block is too short")?;
        self.timed(endian, body, index)
    }

    /// The packet block of old files: as the enhanced one, with a 16-bit interface.
    fn old(&mut self, endian: Endian, body: &[u8]) -> Result<Found, &'static str> {
        let index = endian.u16(body, 0).ok_or("packet block is too short")?;
        self.timed(endian, body, index.into())
    }

    fn timed(&mut self, endian: Endian, body: &[u8], index: u32) -> Result<Found, &'static str> {
        let field = |at| endian.u32(body, at).ok_or("packet block is too short");
        let interface = self.interface(index)?;
        let ticks = u64::from(field(4)?) << 32 | u64::from(field(8)?);
        let captured = usize::try_from(field(12)?).unwrap_or(usize::MAX);
        let end = captured.saturating_add(20);
        if end > body.len() {
            return Err("packet is longer than its block");
        }
        self.last_time = interface.time_ns(ticks);
        let (time_ns, link) = (self.last_time, interface.link);
        Ok(Found {
            time_ns,
            link,
            start: 20,
            end,
            original_len: field(16)?,
        })
    }

    fn simple(&self, endian: Endian, body: &[u8]) -> Result<Found, &'static str> {
        let original_len = endian.u32(body, 0).ok_or("packet block is too short")?;
        let interface = self.interface(0)?;
        let snapped = match interface.snap_length {
            0 => original_len,
            limit => original_len.min(limit),
        };
        let end = usize::try_from(snapped)
            .unwrap_or(usize::MAX)
            .saturating_add(4);
        if end > body.len() {
            return Err("packet is longer than its block");
        }
        let (time_ns, link) = (self.last_time, interface.link);
        Ok(Found {
            time_ns,
            link,
            start: 4,
            end,
            original_len,
        })
    }
}

impl Interface {
    /// Times before 1970 become 1970, those past 2554 become 2554: no capture is from there.
    fn time_ns(&self, ticks: u64) -> u64 {
        let since = i128::from(ticks) * 1_000_000_000 / i128::from(self.resolution.max(1));
        let time = since + i128::from(self.offset) * 1_000_000_000;
        u64::try_from(time.max(0)).unwrap_or(u64::MAX)
    }
}

/// Option code and value, up to the end mark or the first that does not fit.
fn options(endian: Endian, mut data: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = endian.u16(data, 0).filter(|code| *code != 0)?;
        let length = usize::from(endian.u16(data, 2)?);
        let value = data.get(4..4 + length)?;
        data = data
            .get(4 + length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some((code, value))
    })
}
