//! What must hold for any bytes.

use bytes::Bytes;

use super::{Encoder, HEADER_LEN, Header, INDEX_ENTRY, decode};
use crate::{Entry, Offset};

/// Fuzz entry: arbitrary bytes never panic the decoder, forged sums do not get it
/// further than its own checks allow, and what decodes encodes to the same bytes.
#[doc(hidden)]
pub fn fuzz_block(data: &[u8]) {
    let _ = decode(data, 0);
    let mut forged = data.to_vec();
    if forged.len() >= HEADER_LEN {
        forge(&mut forged);
        if let Ok((header, entries)) = decode(&forged, 0) {
            assert_eq!(
                entries.len(),
                header.count as usize,
                "an entry for each index entry"
            );
        }
    }
    let entries = entries_from(data);
    if entries.is_empty() {
        return;
    }
    let refs = entries.iter().collect::<Vec<_>>();
    let salt = data.len() as u32;
    for compress in [false, true] {
        let bytes = Encoder::new(compress)
            .encode(&refs, Offset(7), 9, salt)
            .to_vec();
        let (header, back) = decode(&bytes, salt).unwrap_or_else(|_| (no_header(), Vec::new()));
        assert_eq!(back, entries, "a block holds what was put in");
        assert_eq!(
            header.total_len(),
            bytes.len() as u64,
            "a block knows its length"
        );
        let refs = back.iter().collect::<Vec<_>>();
        let again = Encoder::new(compress)
            .encode(&refs, header.first, 9, salt)
            .to_vec();
        assert_eq!(again, bytes, "decode and encode are inverse");
    }
}

/// Gives hostile bytes valid sums, so that the checks behind them are reached.
fn forge(bytes: &mut [u8]) {
    let Some((head, rest)) = bytes.split_first_chunk_mut::<HEADER_LEN>() else {
        return;
    };
    let count = rest.len().min(40) / 8;
    let index_len = (count * INDEX_ENTRY).min(rest.len());
    let (index, body) = rest.split_at(index_len);
    let raw_len = head.get(24).map_or(0, |byte| u32::from(*byte) * 3);
    let header = Header {
        flags: u8::from(body.starts_with(&[0x28, 0xB5])),
        first: Offset(0),
        count: count as u32,
        index_len: index_len as u32,
        stored_len: body.len() as u32,
        raw_len,
        index_crc: crc32c::crc32c(index),
        body_crc: crc32c::crc32c(body),
        written_ms: 0,
    };
    *head = header.encode(0);
}

fn no_header() -> Header {
    Header {
        flags: 0,
        first: Offset(0),
        count: 0,
        index_len: 0,
        stored_len: 0,
        raw_len: 0,
        index_crc: 0,
        body_crc: 0,
        written_ms: 0,
    }
}

/// Entries cut out of arbitrary bytes: length, kind and identity from the first
/// byte of each.
fn entries_from(data: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = data;
    while let Some((&head, tail)) = rest.split_first() {
        let (payload, tail) = tail.split_at(tail.len().min(usize::from(head) * 4));
        let identity = (head % 2 == 0).then(|| u128::from(head) << 64);
        let mut entry = Entry::new(head, Bytes::copy_from_slice(payload));
        entry.identity = identity;
        entries.push(entry);
        rest = tail;
    }
    entries
}
