//! Small secrets at rest: AES-256-GCM (NIST SP 800-38D) under one key, with a random nonce before
//! each sealed text, and keys derived from keys by HKDF-SHA-256 (RFC 5869).

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;

use crate::random::{RandomError, random_array};

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Sealed are keys and tokens, not files.
const MOST: usize = 1 << 20;

/// Why something was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than 1 MiB.
    #[error("only 1 MiB and less is sealed")]
    TooLong,
    /// The library could not seal: no randomness for a nonce.
    #[error("could not be sealed: the operating system gave no random bytes")]
    Seal,
    /// Changed since, sealed under another key or for another place, or never sealed at all.
    #[error("does not open with this key in this place")]
    Open,
}

/// A key that seals; cannot print itself.
///
/// Nonces are random, so one key should seal fewer than 2^32 texts (SP 800-38D, section 8.3):
/// enough for what people sign in with.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint() -> Result<Self, RandomError> {
        Ok(Self(random_array()?))
    }

    /// A key of given bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key itself, to store it where it belongs.
    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key for one purpose, named by `label`. Who learns it learns neither this one nor that
    /// for another label.
    #[must_use]
    pub fn derive(&self, label: &str) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"ringfence seal key");
        let key = salt.extract(&self.0);
        let mut bytes = [0; 32];
        let info = [label.as_bytes()];
        let filled = key
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes));
        // 32 bytes are one block: the library refuses only more than 255 of them.
        debug_assert!(filled.is_ok());
        Self(bytes)
    }

    /// Seals `plain` for the place that `context` names: it opens nowhere else. The result is
    /// nonce, cipher text and tag, 28 bytes longer.
    ///
    /// # Errors
    /// When it is too long, or there is no randomness.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        if plain.len() > MOST {
            return Err(SealError::TooLong);
        }
        let mut text = plain.to_vec();
        let nonce = self
            .key()
            .and_then(|key| key.seal_in_place_append_tag(Aad::from(context), &mut text))
            .map_err(|_| SealError::Seal)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what [`SealKey::seal`] sealed for the same `context`.
    ///
    /// # Errors
    /// When a bit of it, the key or the context is another. Which of these is not told.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, text) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .filter(|(_, text)| (TAG_LEN..=MOST + TAG_LEN).contains(&text.len()))
            .ok_or(SealError::Open)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .key()
            .map_err(|_| SealError::Open)?
            .open_in_place(nonce, Aad::from(context), &mut text)
            .map_err(|_| SealError::Open)?
            .len();
        text.truncate(plain);
        Ok(text)
    }

    fn key(&self) -> Result<RandomizedNonceKey, aws_lc_rs::error::Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0)
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_in_the_same_place_only() {
        let key = SealKey::mint().unwrap();
        for plain in [b"".as_slice(), b"12345678901234567890", &[7; 4096]] {
            let sealed = key.seal(b"totp of ann", plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + NONCE_LEN + TAG_LEN);
            assert_eq!(key.open(b"totp of ann", &sealed).as_deref(), Ok(plain));
            assert_eq!(key.open(b"totp of bob", &sealed), Err(SealError::Open));
            let other = SealKey::mint().unwrap();
            assert_eq!(other.open(b"totp of ann", &sealed), Err(SealError::Open));
        }
    }

    #[test]
    fn a_changed_bit_or_a_lost_byte_does_not_open() {
        let key = SealKey::from_bytes([3; 32]);
        let sealed = key.seal(b"", b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"", &changed), Err(SealError::Open));
            assert_eq!(key.open(b"", &sealed[..at]), Err(SealError::Open));
        }
    }

    #[test]
    fn opens_the_gcm_specification_s_test_case_14() {
        let key = SealKey::from_bytes([0; 32]);
        let text = "000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919";
        let sealed = crate::from_hex(text).unwrap();
        assert_eq!(key.open(b"", &sealed), Ok(vec![0; 16]));
    }

    #[test]
    fn keys_derived_for_two_purposes_differ_and_stay_the_same() {
        let key = SealKey::from_bytes([1; 32]);
        assert_ne!(key.derive("a").reveal(), key.derive("b").reveal());
        assert_ne!(key.derive("a").reveal(), key.reveal());
        // RFC 5869 with its HMACs written out.
        let prk = crate::hmac_sha256(b"ringfence seal key", &[&[1; 32]]);
        let okm = crate::hmac_sha256(&prk, &[b"a", &[1]]);
        assert_eq!(key.derive("a").reveal(), &okm);
    }

    #[test]
    fn refuses_files_and_never_prints_itself() {
        let key = SealKey::mint().unwrap();
        let long = vec![0; MOST + 1];
        assert_eq!(key.seal(b"", &long), Err(SealError::TooLong));
        assert_eq!(format!("{key:?}"), "SealKey([redacted])");
    }
}
