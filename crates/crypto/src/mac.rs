//! HMAC-SHA-256 (RFC 2104, FIPS 198-1), HMAC-SHA-1 for peers that know no better, and comparison that leaks no position.

use aws_lc_rs::{constant_time, hmac};

use crate::digest::fixed;
use crate::encoding::to_hex;

/// The HMAC-SHA-256 of all `parts`, one after another, under `key`.
///
/// Parts save the caller from building one buffer; they are not separated, so a
/// caller whose parts could run into each other puts separators between them.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    fixed(tag(key, parts).as_ref())
}

/// The same as 64 lower-case hexadecimal digits.
#[must_use]
pub fn hmac_sha256_hex(key: &[u8], parts: &[&[u8]]) -> String {
    to_hex(&hmac_sha256(key, parts))
}

/// Whether `expected` is the HMAC-SHA-256 of `parts`; takes the same time for
/// every wrong tag of the right length. A shortened tag never matches.
#[must_use]
pub fn verify_hmac_sha256(key: &[u8], parts: &[&[u8]], expected: &[u8]) -> bool {
    constant_time_eq(tag(key, parts).as_ref(), expected)
}

/// Whether two byte strings are the same, in a time that depends on their lengths
/// alone.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// Whether `expected` is the HMAC-SHA-1 of `parts`, as [`verify_hmac_sha256`]: for peers whose
/// protocol knows nothing newer. Nothing of ours is signed with it.
#[must_use]
pub fn verify_legacy_hmac_sha1(key: &[u8], parts: &[&[u8]], expected: &[u8]) -> bool {
    constant_time_eq(&hmac_sha1_legacy(key, parts), expected)
}

/// The HMAC-SHA-1 of `parts`: for the one-time codes of RFC 6238, since authenticator apps know
/// nothing newer. HMAC does not need the collision resistance that SHA-1 has lost.
#[must_use]
pub fn hmac_sha1_legacy(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    fixed(tag_with(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, parts).as_ref())
}

fn tag(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    tag_with(hmac::HMAC_SHA256, key, parts)
}

fn tag_with(algorithm: hmac::Algorithm, key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_rfc_4231_case_2() {
        assert_eq!(
            hmac_sha256_hex(b"Jefe", &[b"what do ya want ", b"for nothing?"]),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn answers_rfc_4231_case_6_whose_key_is_longer_than_a_block() {
        assert_eq!(
            hmac_sha256_hex(
                &[0xaa; 131],
                &[b"Test Using Larger Than Block-Size Key - Hash Key First"]
            ),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn answers_rfc_2202_case_2() {
        let tag = crate::from_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").unwrap();
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        assert!(verify_legacy_hmac_sha1(b"Jefe", &parts, &tag));
        assert!(!verify_legacy_hmac_sha1(b"Jefe", &parts, &tag[..10]));
        assert_eq!(hmac_sha1_legacy(b"Jefe", &parts).to_vec(), tag);
    }

    #[test]
    fn refuses_a_shortened_or_changed_tag() {
        let mut tag = hmac_sha256(b"key", &[b"data"]);
        assert!(verify_hmac_sha256(b"key", &[b"data"], &tag));
        assert!(!verify_hmac_sha256(b"key", &[b"data"], &tag[..16]));
        assert!(!verify_hmac_sha256(b"key", &[b"data"], b""));
        tag[31] ^= 1;
        assert!(!verify_hmac_sha256(b"key", &[b"data"], &tag));
    }
}
