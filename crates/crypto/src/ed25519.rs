//! Ed25519 keys that sign (RFC 8032): of logs and of their witnesses.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::random::{RandomError, random_array};
use crate::verify::KeyError;

/// A private key of Ed25519. The same message has the same signature.
pub struct Ed25519Key {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
}

impl Ed25519Key {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint() -> Result<Self, RandomError> {
        Self::from_seed(random_array()?).map_err(|_| RandomError)
    }

    /// The key of a seed (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// When the library takes no such seed, which it does for any.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Point)?;
        Ok(Self { pair, seed })
    }

    /// What the key is made of: for the file that keeps it.
    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        for (to, from) in public.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        public
    }

    /// The signature of `message`: 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ed25519Key([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{VerifyKey, from_hex, to_hex};

    #[test]
    fn it_signs_as_the_rfc_does() {
        // RFC 8032, section 7.1, test 2.
        let seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = Ed25519Key::from_seed(seed.unwrap().try_into().unwrap()).unwrap();
        assert_eq!(
            to_hex(&key.public()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.sign(&[0x72]);
        assert_eq!(
            to_hex(&signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        let public = VerifyKey::ed25519(&key.public()).unwrap();
        assert!(public.verify(&[&[0x72]], &signature));
        assert!(!public.verify(&[&[0x73]], &signature));
    }

    #[test]
    fn it_prints_nothing_of_itself() {
        let key = Ed25519Key::mint().unwrap();
        assert_eq!(format!("{key:?}"), "Ed25519Key([redacted])");
        let same = Ed25519Key::from_seed(*key.reveal()).unwrap();
        assert_eq!(same.public(), key.public());
    }
}
