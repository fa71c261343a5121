//! The secret that a webhook's receiver and Ringfence share.
//!
//! Its text form is that of the Standard Webhooks specification: `whsec_` and
//! base64 of 24 to 64 bytes, so that receivers can use any library that speaks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::mac::hmac_sha256;
use crate::random::{RandomError, random_array};

const PREFIX: &str = "whsec_";

/// Why a text is not a signing secret. The text itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The prefix tells secret scanners what they have found.
    #[error("a signing secret starts with `whsec_`")]
    Prefix,
    /// What follows the prefix is padded base64.
    #[error("a signing secret is `whsec_` followed by base64")]
    Encoding,
    /// Fewer than 24 bytes can be guessed, more than 64 add nothing to HMAC-SHA-256.
    #[error("a signing secret has 24 to 64 bytes, this one has {0}")]
    Length(usize),
}

/// A key that signs webhooks; cannot print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

impl SigningSecret {
    /// A new secret of 256 random bits.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint() -> Result<Self, RandomError> {
        Ok(Self(random_array::<32>()?.to_vec()))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// Says which of the three conditions the text misses.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| SecretError::Encoding)?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            other => Err(SecretError::Length(other)),
        }
    }

    /// The text form, to store it or to show it once to its owner.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The HMAC-SHA-256 of `parts` under this secret, in base64.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> String {
        STANDARD.encode(hmac_sha256(&self.0, parts))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_survives_a_round_trip() {
        let secret = SigningSecret::mint().unwrap();
        assert_eq!(SigningSecret::parse(&secret.reveal()), Ok(secret));
    }

    #[test]
    fn signs_as_the_standard_webhooks_example() {
        // The published example that Standard Webhooks libraries test against.
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = r#"{"test": 2432232314}"#;
        let signed = format!("{id}.1614265330.{body}");
        assert_eq!(
            secret.sign(&[signed.as_bytes()]),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn refuses_what_is_no_secret_and_never_repeats_it() {
        assert_eq!(SigningSecret::parse("hunter2"), Err(SecretError::Prefix));
        assert_eq!(
            SigningSecret::parse("whsec_***"),
            Err(SecretError::Encoding)
        );
        assert_eq!(
            SigningSecret::parse("whsec_c2hvcnQ="),
            Err(SecretError::Length(5))
        );
        assert_eq!(
            format!("{:?}", SigningSecret::mint().unwrap()),
            "SigningSecret([redacted])"
        );
    }
}
