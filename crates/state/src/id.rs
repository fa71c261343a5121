//! Row ids: 48 bits of time and 80 bits that tell rows of one millisecond apart, in
//! Crockford's base 32, so that sorting ids as text sorts rows by time.

use ringfence_crypto::{random_array, sha256};

use crate::error::Result;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOW_BITS: u128 = (1 << 80) - 1;

/// An id for a row made at `now_ms`.
pub(crate) fn new_id(now_ms: i64) -> Result<String> {
    Ok(encode(now_ms, random_low()?))
}

/// Ids for rows made together; they sort in the order they come out.
pub(crate) fn new_ids(now_ms: i64, count: usize) -> Result<impl Iterator<Item = String>> {
    // Room above the random start, so that counting up never wraps round.
    let start = random_low()? >> 1;
    Ok((start..).take(count).map(move |low| encode(now_ms, low)))
}

/// An id that follows from `seed` alone: applying the same finding again, after a
/// crash or in a replay, opens the same alert.
pub(crate) fn derived_id(time_ms: i64, seed: &[u8]) -> String {
    let digest = sha256(seed);
    let low = digest
        .iter()
        .take(10)
        .fold(0, |low, byte| low << 8 | u128::from(*byte));
    encode(time_ms, low)
}

fn random_low() -> Result<u128> {
    let bytes: [u8; 10] = random_array()?;
    Ok(bytes
        .iter()
        .fold(0, |low, byte| low << 8 | u128::from(*byte)))
}

fn encode(time_ms: i64, low: u128) -> String {
    let time = u128::from(time_ms.clamp(0, (1 << 48) - 1).unsigned_abs());
    let bits = time << 80 | (low & LOW_BITS);
    let digit = |shift: u32| {
        let index = usize::try_from(bits >> (shift * 5) & 31).unwrap_or(0);
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    };
    (0..26).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_ulids_do() {
        assert_eq!(encode(1_469_918_176_385, 0), "01ARYZ6S410000000000000000");
        assert_eq!(
            encode((1 << 48) - 1, LOW_BITS),
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
        );
        assert_eq!(encode(-5, 0), "0".repeat(26));
    }

    #[test]
    fn ids_made_together_keep_their_order() {
        let ids: Vec<_> = new_ids(5, 100).unwrap().collect();
        assert!(ids.is_sorted());
        assert_eq!(ids.len(), 100);
    }

    #[test]
    fn derived_ids_repeat() {
        assert_eq!(derived_id(7, b"finding"), derived_id(7, b"finding"));
        assert_ne!(derived_id(7, b"finding"), derived_id(7, b"another"));
    }
}
