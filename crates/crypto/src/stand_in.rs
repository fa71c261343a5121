//! Keys that sign, for tests that stand in for an authenticator or an identity provider. Nothing of
//! the product signs with them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};

use crate::verify::{EcdsaForm, RsaPadding};

/// A private key.
pub struct Signer(Kind);

enum Kind {
    Es256(EcdsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, RsaPadding, SystemRandom),
}

/// The public half, as its numbers.
pub enum Public {
    /// A point of P-256.
    Es256 {
        /// First coordinate.
        x: Vec<u8>,
        /// Second coordinate.
        y: Vec<u8>,
    },
    /// A key of Ed25519.
    Ed25519(Vec<u8>),
    /// An RSA key.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Exponent.
        e: Vec<u8>,
    },
}

impl Signer {
    /// A new key of P-256.
    #[must_use]
    pub fn es256(form: EcdsaForm) -> Option<Self> {
        let algorithm = match form {
            EcdsaForm::Der => &ECDSA_P256_SHA256_ASN1_SIGNING,
            EcdsaForm::Fixed => &ECDSA_P256_SHA256_FIXED_SIGNING,
        };
        let pair = EcdsaKeyPair::generate(algorithm).ok()?;
        Some(Self(Kind::Es256(pair, SystemRandom::new())))
    }

    /// A new key of Ed25519.
    #[must_use]
    pub fn ed25519() -> Option<Self> {
        Some(Self(Kind::Ed25519(Ed25519KeyPair::generate().ok()?)))
    }

    /// A new RSA key of 2048 bits.
    #[must_use]
    pub fn rsa(padding: RsaPadding) -> Option<Self> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
        Some(Self(Kind::Rsa(pair, padding, SystemRandom::new())))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> Public {
        match &self.0 {
            Kind::Es256(pair, _) => {
                let point = pair.public_key().as_ref();
                let half = |at: usize| point.get(at..at + 32).unwrap_or_default().to_vec();
                Public::Es256 {
                    x: half(1),
                    y: half(33),
                }
            }
            Kind::Ed25519(pair) => Public::Ed25519(pair.public_key().as_ref().to_vec()),
            Kind::Rsa(pair, ..) => {
                // RSAPublicKey of RFC 8017, whose lengths are those of every key of 2048 bits.
                let der = pair.public_key().as_ref();
                let number = |from: usize, len: usize| der.get(from..from + len);
                Public::Rsa {
                    n: number(9, 256).unwrap_or_default().to_vec(),
                    e: number(267, 3).unwrap_or_default().to_vec(),
                }
            }
        }
    }

    /// A signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Kind::Es256(pair, random) => pair
                .sign(random, message)
                .map_or_else(|_| Vec::new(), |signature| signature.as_ref().to_vec()),
            Kind::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Kind::Rsa(pair, padding, random) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = match padding {
                    RsaPadding::Pkcs1 => {
                        pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature)
                    }
                    RsaPadding::Pss => pair.sign(&RSA_PSS_SHA256, random, message, &mut signature),
                };
                signed.map_or_else(|_| Vec::new(), |()| signature)
            }
        }
    }
}
