//! Entries to bytes.

use super::{ENTRY_IDENTITY, FLAG_ZSTD, HEADER_LEN, Header};
use crate::{Entry, Offset};

/// Below this a frame's own header eats what it saves.
const COMPRESS_FROM: usize = 512;

/// Writes blocks, keeping its buffers and compressor between them.
pub(crate) struct Encoder {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    raw: Vec<u8>,
    out: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(compress: bool) -> Self {
        // Without a compressor blocks are stored as they are: never a failure.
        let compressor = compress
            .then(|| zstd::bulk::Compressor::new(1).ok())
            .flatten();
        Self {
            compressor,
            raw: Vec::new(),
            out: Vec::new(),
        }
    }

    /// The bytes of a block. `entries` is not empty and within the hard limit.
    pub(crate) fn encode(
        &mut self,
        entries: &[&Entry],
        first: Offset,
        now_ms: u64,
        salt: u32,
    ) -> &[u8] {
        self.out.clear();
        self.out.resize(HEADER_LEN, 0);
        for entry in entries {
            let flags = if entry.identity.is_some() {
                ENTRY_IDENTITY
            } else {
                0
            };
            self.out.extend_from_slice(&[entry.kind, flags]);
            self.out
                .extend_from_slice(&(entry.payload.len() as u32).to_le_bytes());
        }
        for identity in entries.iter().filter_map(|entry| entry.identity) {
            self.out.extend_from_slice(&identity.to_le_bytes());
        }
        let index_end = self.out.len();
        let raw_len = entries
            .iter()
            .map(|entry| entry.payload.len())
            .sum::<usize>();
        let zipped = self.body(entries, raw_len);
        let (head, body) = self.out.split_at_mut_checked(index_end).unwrap_or_default();
        let (head, index) = head.split_at_mut_checked(HEADER_LEN).unwrap_or_default();
        let header = Header {
            flags: if zipped { FLAG_ZSTD } else { 0 },
            first,
            count: entries.len() as u32,
            index_len: index.len() as u32,
            stored_len: body.len() as u32,
            raw_len: raw_len as u32,
            index_crc: crc32c::crc32c_append(salt, index),
            body_crc: crc32c::crc32c_append(salt, body),
            written_ms: now_ms,
        };
        head.copy_from_slice(&header.encode(salt));
        &self.out
    }

    /// Appends the body to `out` and says whether it is a zstd frame.
    fn body(&mut self, entries: &[&Entry], raw_len: usize) -> bool {
        let (Some(compressor), COMPRESS_FROM..) = (&mut self.compressor, raw_len) else {
            self.out.reserve(raw_len);
            entries
                .iter()
                .for_each(|entry| self.out.extend_from_slice(&entry.payload));
            return false;
        };
        self.raw.clear();
        entries
            .iter()
            .for_each(|entry| self.raw.extend_from_slice(&entry.payload));
        match compressor.compress(&self.raw) {
            Ok(small) if small.len() < self.raw.len() => {
                self.out.extend_from_slice(&small);
                true
            }
            _ => {
                self.out.extend_from_slice(&self.raw);
                false
            }
        }
    }
}
