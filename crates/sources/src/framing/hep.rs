//! HEP version 3 over a stream, and the shared key in a packet.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::Step;

/// `HEP3` and the packet's length.
const HEADER: usize = 6;
/// A chunk's vendor, type and length.
const CHUNK: usize = 6;
/// Generic vendor, type 0x000e: authenticate key.
const AUTH_KEY: [u8; 4] = [0, 0, 0, 0x0e];

/// Takes HEP3 packets off a stream. Each says its own length (16 bits), so that a packet is never
/// larger than 64 KiB and none needs a limit of its own.
#[derive(Debug, Default)]
pub struct HepFramer;

impl HepFramer {
    /// Takes the next packet off the front of `buf`.
    pub fn step(&mut self, buf: &mut BytesMut) -> Step {
        let magic = buf.get(..buf.len().min(4)).unwrap_or_default();
        if !b"HEP3".starts_with(magic) {
            return Step::Broken(buf.split().freeze());
        }
        let Some(&[_, _, _, _, high, low]) = buf.first_chunk::<HEADER>() else {
            return Step::More;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < HEADER {
            return Step::Broken(buf.split().freeze());
        }
        if buf.len() < length {
            return Step::More;
        }
        Step::Record(buf.split_to(length).freeze())
    }
}

/// The shared key that a HEP3 packet carries, if any. Read before anything else of the packet is:
/// a stranger's compressed payload is not even inflated.
#[must_use]
pub fn auth_key(packet: &[u8]) -> Option<&[u8]> {
    packet.get(keys(packet).next()?)
}

/// The packet with its keys blanked, so that none is ever stored, not even in quarantine. A
/// packet without a key is returned as it is; a cut one loses the part of the key that it has.
#[must_use]
pub fn without_keys(packet: Bytes) -> Bytes {
    if keys(&packet).next().is_none() {
        return packet;
    }
    let mut blank = BytesMut::from(&packet[..]);
    for key in keys(&packet) {
        let end = key.end.min(blank.len());
        if let Some(key) = blank.get_mut(key.start..end) {
            key.fill(b'*');
        }
    }
    blank.freeze()
}

/// Where the keys of a packet stand; the end of the last may be past the end of a cut packet.
fn keys(packet: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = if packet.starts_with(b"HEP3") {
        HEADER
    } else {
        packet.len()
    };
    std::iter::from_fn(move || {
        // A chunk: vendor, type and length, two bytes each; the length counts these six too.
        while let Some(&[v1, v2, t1, t2, high, low]) = packet.get(at..)?.first_chunk::<CHUNK>() {
            let length = usize::from(u16::from_be_bytes([high, low])).max(CHUNK);
            let value = at + CHUNK..at + length;
            at += length;
            if [v1, v2, t1, t2] == AUTH_KEY {
                return Some(value);
            }
        }
        None
    })
}

/// However the stream is cut into reads, the same packets come out, and they are the stream.
#[doc(hidden)]
pub fn fuzz_hep_framing(data: &[u8]) {
    let run = |piece: usize| {
        let mut buf = BytesMut::new();
        let mut out: Vec<Bytes> = Vec::new();
        for part in data.chunks(piece) {
            buf.extend_from_slice(part);
            loop {
                match HepFramer.step(&mut buf) {
                    Step::Record(packet) => out.push(packet),
                    Step::More => break,
                    Step::Broken(_) | Step::Oversize(_) => return out,
                }
            }
        }
        out
    };
    let whole = run(data.len().max(1));
    for packet in &whole {
        let key = auth_key(packet).unwrap_or_default();
        assert!(key.len() + HEADER <= packet.len());
        let blank = without_keys(packet.clone());
        assert_eq!(blank.len(), packet.len());
        assert!(auth_key(&blank).is_none_or(|key| key.iter().all(|b| *b == b'*')));
    }
    assert!(data.starts_with(&whole.concat()));
    for piece in [1, 5] {
        assert_eq!(run(piece), whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(key: Option<&[u8]>) -> Vec<u8> {
        let mut chunks = vec![0, 0, 0, 1, 0, 7, 2];
        if let Some(key) = key {
            chunks.extend_from_slice(&AUTH_KEY);
            chunks.extend_from_slice(&u16::try_from(key.len() + 6).unwrap().to_be_bytes());
            chunks.extend_from_slice(key);
        }
        let mut out = b"HEP3".to_vec();
        out.extend_from_slice(&u16::try_from(chunks.len() + 6).unwrap().to_be_bytes());
        out.extend_from_slice(&chunks);
        out
    }

    #[test]
    fn packets_come_off_whole_and_garbage_is_broken() {
        let mut stream = BytesMut::new();
        stream.extend_from_slice(&packet(None));
        stream.extend_from_slice(&packet(Some(b"k")));
        stream.extend_from_slice(b"GET / HTTP/1.1");
        assert_eq!(
            HepFramer.step(&mut stream),
            Step::Record(packet(None).into())
        );
        assert_eq!(
            HepFramer.step(&mut stream),
            Step::Record(packet(Some(b"k")).into())
        );
        assert!(matches!(HepFramer.step(&mut stream), Step::Broken(_)));
        let mut short = BytesMut::from(&b"HEP3\0\x05"[..]);
        assert!(matches!(HepFramer.step(&mut short), Step::Broken(_)));
        let mut part = BytesMut::from(&b"HE"[..]);
        assert_eq!(HepFramer.step(&mut part), Step::More);
    }

    #[test]
    fn the_key_is_found_behind_other_chunks_only() {
        assert_eq!(auth_key(&packet(Some(b"s3cret"))), Some(&b"s3cret"[..]));
        assert_eq!(auth_key(&packet(None)), None);
        // a chunk of length 0 does not loop, one past the end does not read
        assert_eq!(auth_key(b"HEP3\0\x0c\0\0\0\x0e\0\0"), Some(&b""[..]));
        assert_eq!(auth_key(b"HEP3\0\x0c\0\0\0\x0e\0\xff"), None);
    }

    #[test]
    fn a_key_is_blanked_whole_or_cut() {
        let whole = packet(Some(b"s3cret"));
        let blank = without_keys(whole.clone().into());
        assert_eq!(auth_key(&blank), Some(&b"******"[..]));
        let cut = Bytes::copy_from_slice(&whole[..whole.len() - 2]);
        assert!(without_keys(cut).ends_with(b"****"));
        assert_eq!(without_keys(packet(None).into()), packet(None));
    }

    proptest! {
        #[test]
        fn framing_does_not_depend_on_reads(
            data in any::<Vec<u8>>(),
            keys in prop::collection::vec(any::<[u8; 3]>(), 0..4),
            flip in any::<prop::sample::Index>(),
        ) {
            fuzz_hep_framing(&data);
            let mut stream: Vec<u8> = keys.iter().flat_map(|k| packet(Some(k))).collect();
            stream.extend_from_slice(&data);
            fuzz_hep_framing(&stream);
            if !stream.is_empty() {
                let at = flip.index(stream.len());
                stream[at] ^= 0x11;
                fuzz_hep_framing(&stream);
            }
        }
    }
}
