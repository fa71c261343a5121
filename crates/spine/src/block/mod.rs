//! The unit of writing: entries that become durable together.
//!
//! ```text
//! header 56 | index | body
//! index   count × (kind u8, flags u8, payload length u32), then the identities,
//!         16 bytes each, of the entries that have one
//! body    the payloads one after the other, or that as one zstd frame
//! ```
//! All numbers are little endian. The index is never compressed: rebuilding the
//! dedup window reads headers and indexes and skips every body.
//!
//! Three CRC32C sums guard the three parts. Each starts from the salt of the
//! segment, a number that no sender knows, so that a payload that looks like a
//! block can never be taken for one when the end of a torn log is judged.

mod encode;
mod fuzz;

use bytes::Bytes;

pub(crate) use self::encode::Encoder;
pub use self::fuzz::fuzz_block;
use crate::{Entry, Offset};

pub(crate) const MAGIC: [u8; 4] = *b"RFB1";
pub(crate) const HEADER_LEN: usize = 56;
/// Larger blocks are refused by the decoder: they cannot be ours.
pub(crate) const MAX_PART: usize = 64 << 20;
const VERSION: u8 = 1;
const FLAG_ZSTD: u8 = 1;
const ENTRY_IDENTITY: u8 = 1;
const INDEX_ENTRY: usize = 6;
const IDENTITY: usize = 16;

/// Why bytes are not a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end before the block does.
    Short,
    /// There is no block here.
    NotABlock,
    /// A sum does not match.
    Checksum(&'static str),
    /// The sums match and the content makes no sense.
    Inconsistent(&'static str),
    /// Made by a later version.
    Version(u8),
}

impl Fault {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Short => "the block is cut short",
            Self::NotABlock => "no block begins here",
            Self::Checksum(what) | Self::Inconsistent(what) => what,
            Self::Version(_) => "the block has a later format version",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    flags: u8,
    pub(crate) first: Offset,
    pub(crate) count: u32,
    index_len: u32,
    stored_len: u32,
    raw_len: u32,
    index_crc: u32,
    body_crc: u32,
    written_ms: u64,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8], salt: u32) -> Result<Self, Fault> {
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Fault::Short)?;
        let (signed, sum) = bytes.split_last_chunk::<4>().ok_or(Fault::Short)?;
        if !signed.starts_with(&MAGIC) {
            return Err(Fault::NotABlock);
        }
        if crc32c::crc32c_append(salt, signed) != u32::from_le_bytes(*sum) {
            return Err(Fault::Checksum(
                "the checksum of the block header does not match",
            ));
        }
        let mut fields = Fields(signed.get(4..).unwrap_or_default());
        let version = fields.u8();
        if version != VERSION {
            return Err(Fault::Version(version));
        }
        let flags = fields.u8();
        let header_len = fields.u16();
        let header = Self {
            flags,
            first: Offset(fields.u64()),
            count: fields.u32(),
            index_len: fields.u32(),
            stored_len: fields.u32(),
            raw_len: fields.u32(),
            index_crc: fields.u32(),
            body_crc: fields.u32(),
            written_ms: fields.u64(),
        };
        let small = |len: u32| (len as usize) <= MAX_PART;
        let sound = usize::from(header_len) == HEADER_LEN
            && flags & !FLAG_ZSTD == 0
            && header.count > 0
            && header.index_len as usize >= header.count as usize * INDEX_ENTRY
            && [header.index_len, header.stored_len, header.raw_len]
                .into_iter()
                .all(small);
        if sound {
            Ok(header)
        } else {
            Err(Fault::Inconsistent("the block header makes no sense"))
        }
    }

    fn encode(&self, salt: u32) -> [u8; HEADER_LEN] {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[VERSION, self.flags]);
        out.extend_from_slice(&(HEADER_LEN as u16).to_le_bytes());
        out.extend_from_slice(&self.first.0.to_le_bytes());
        for field in [
            self.count,
            self.index_len,
            self.stored_len,
            self.raw_len,
            self.index_crc,
            self.body_crc,
        ] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&self.written_ms.to_le_bytes());
        out.resize(HEADER_LEN - 4, 0);
        out.extend_from_slice(&crc32c::crc32c_append(salt, &out).to_le_bytes());
        out.first_chunk().copied().unwrap_or([0; HEADER_LEN])
    }

    /// One past the last offset of the block.
    pub(crate) fn end(&self) -> Offset {
        self.first.plus(u64::from(self.count))
    }

    pub(crate) fn index_len(&self) -> usize {
        self.index_len as usize
    }

    pub(crate) fn body_len(&self) -> usize {
        self.stored_len as usize
    }

    /// Bytes from the start of the block to the start of the next.
    pub(crate) fn total_len(&self) -> u64 {
        HEADER_LEN as u64 + u64::from(self.index_len) + u64::from(self.stored_len)
    }
}

/// What a block holds, without the payloads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    entries: Vec<(u8, Option<u128>, u32)>,
}

impl Index {
    pub(crate) fn parse(header: &Header, bytes: &[u8], salt: u32) -> Result<Self, Fault> {
        let bytes = bytes.get(..header.index_len()).ok_or(Fault::Short)?;
        if crc32c::crc32c_append(salt, bytes) != header.index_crc {
            return Err(Fault::Checksum(
                "the checksum of the block index does not match",
            ));
        }
        let fixed = header.count as usize * INDEX_ENTRY;
        let (heads, identities) = bytes.split_at_checked(fixed).ok_or(Fault::Short)?;
        let mut identities = Fields(identities);
        let mut raw_len = 0_u64;
        let mut entries = Vec::with_capacity(header.count as usize);
        for head in heads.chunks_exact(INDEX_ENTRY) {
            let mut head = Fields(head);
            let (kind, flags, len) = (head.u8(), head.u8(), head.u32());
            let identity = match flags {
                0 => None,
                ENTRY_IDENTITY if identities.0.len() >= IDENTITY => Some(identities.u128()),
                _ => return Err(Fault::Inconsistent("the block index makes no sense")),
            };
            raw_len += u64::from(len);
            entries.push((kind, identity, len));
        }
        if raw_len != u64::from(header.raw_len) || !identities.0.is_empty() {
            return Err(Fault::Inconsistent("the block index makes no sense"));
        }
        Ok(Self { entries })
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = u128> {
        self.entries.iter().filter_map(|(_, identity, _)| *identity)
    }

    /// The entries, given the body as stored. Payloads share one buffer.
    pub(crate) fn entries(
        &self,
        header: &Header,
        body: Bytes,
        salt: u32,
    ) -> Result<Vec<Entry>, Fault> {
        if body.len() != header.body_len() {
            return Err(Fault::Short);
        }
        if crc32c::crc32c_append(salt, &body) != header.body_crc {
            return Err(Fault::Checksum(
                "the checksum of the block body does not match",
            ));
        }
        let raw_len = header.raw_len as usize;
        let mut body = if header.flags & FLAG_ZSTD == 0 {
            body
        } else {
            zstd::bulk::decompress(&body, raw_len)
                .map_err(|_| Fault::Inconsistent("the block body does not decompress"))?
                .into()
        };
        if body.len() != raw_len {
            return Err(Fault::Inconsistent(
                "the block body has another length than it says",
            ));
        }
        let entry = |&(kind, identity, len): &(u8, Option<u128>, u32)| {
            // The lengths add up to `raw_len`: `Index::parse` made sure.
            let payload = body.split_to(body.len().min(len as usize));
            let mut entry = Entry::new(kind, payload);
            entry.identity = identity;
            entry
        };
        Ok(self.entries.iter().map(entry).collect())
    }
}

/// One whole block from the start of `bytes`.
pub(crate) fn decode(bytes: &[u8], salt: u32) -> Result<(Header, Vec<Entry>), Fault> {
    let header = Header::parse(bytes, salt)?;
    let rest = bytes.get(HEADER_LEN..).ok_or(Fault::Short)?;
    let index = Index::parse(&header, rest, salt)?;
    let body_end = header.index_len() + header.body_len();
    let body = rest.get(header.index_len()..body_end).ok_or(Fault::Short)?;
    let entries = index.entries(&header, Bytes::copy_from_slice(body), salt)?;
    Ok((header, entries))
}

/// Reads numbers off the front. Past the end it yields zeros: the callers check
/// lengths before, so that no read can be short.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((chunk, rest)) => {
                self.0 = rest;
                *chunk
            }
            None => [0; N],
        }
    }

    fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }
    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }
    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }
    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
    fn u128(&mut self) -> u128 {
        u128::from_le_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(payloads: &[&[u8]], salt: u32) -> Vec<u8> {
        let entries = payloads
            .iter()
            .map(|p| Entry::new(1, p.to_vec()).with_identity(3))
            .collect::<Vec<_>>();
        Encoder::new(false)
            .encode(&entries.iter().collect::<Vec<_>>(), Offset(5), 1, salt)
            .to_vec()
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let good = block(&[b"one", b"two"], 77);
        assert!(decode(&good, 77).is_ok());
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 0x10;
            assert!(decode(&bad, 77).is_err(), "byte {position}");
        }
    }

    #[test]
    fn every_cut_is_found() {
        let good = block(&[b"one", b"two"], 0);
        for len in 0..good.len() {
            assert!(decode(&good[..len], 0).is_err(), "length {len}");
        }
    }

    #[test]
    fn a_payload_that_looks_like_a_block_is_not_one_under_another_salt() {
        let forged = block(&[b"evil"], 0);
        assert!(Header::parse(&forged, 0).is_ok());
        assert!(matches!(
            Header::parse(&forged, 0x5EED),
            Err(Fault::Checksum(_))
        ));
    }

    #[test]
    fn compression_is_used_only_where_it_helps() {
        let text = vec![b'a'; 4000];
        let entry = Entry::new(1, text);
        let small = Encoder::new(true).encode(&[&entry], Offset(0), 0, 0).len();
        assert!(small < 300, "{small}");
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .take(4000);
        let entry = Entry::new(1, noise.collect::<Vec<_>>());
        let large = Encoder::new(true).encode(&[&entry], Offset(0), 0, 0).len();
        assert_eq!(large, HEADER_LEN + INDEX_ENTRY + 4000);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_safe(data in proptest::collection::vec(any::<u8>(), 0..3000)) {
            fuzz_block(&data);
        }

        #[test]
        fn mutated_blocks_are_safe(at in 0..70_usize, byte in any::<u8>()) {
            let mut bytes = block(&[b"first payload", b"second"], 0);
            let len = bytes.len();
            bytes[at % len] = byte;
            fuzz_block(&bytes);
        }
    }
}
