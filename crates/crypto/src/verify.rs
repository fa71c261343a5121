//! Checking of others' signatures: ES256, EdDSA, RS256 and PS256 (RFC 7518, RFC 8037, RFC 9053).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};

/// Bits of an RSA modulus: fewer can be factored, more take too long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Bytes of an RSA exponent. All real ones are 65537; a long one only costs time.
const MOST_EXPONENT: usize = 4;

/// Why there is no key in what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A coordinate of P-256 and a key of Ed25519 have 32 bytes.
    #[error("a key's coordinate has {0} bytes instead of 32")]
    Length(usize),
    /// The numbers are no point of the curve.
    #[error("the key is no point of its curve")]
    Point,
    /// An RSA modulus out of bounds.
    #[error("an RSA key has 2048 to 8192 bits, this one has {0}")]
    RsaBits(usize),
    /// An RSA exponent that is even, 1, or longer than 32 bits.
    #[error("an RSA key's exponent is odd and between 3 and 4294967295")]
    RsaExponent,
}

/// How an ECDSA signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcdsaForm {
    /// An ASN.1 sequence of two numbers: WebAuthn and X.509.
    Der,
    /// Both numbers in 32 bytes each: JSON Web Signatures (RFC 7518, section 3.4).
    Fixed,
}

/// How RSA fills up what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaPadding {
    /// PKCS #1 v1.5 (RS256).
    Pkcs1,
    /// PSS with a salt of 32 bytes (PS256).
    Pss,
}

/// A public key that knows its one algorithm, so that a signature cannot choose another.
#[derive(Clone)]
pub struct VerifyKey {
    key: ParsedPublicKey,
    name: &'static str,
}

impl VerifyKey {
    /// ES256: a point of P-256, whose signatures come in one form.
    ///
    /// # Errors
    /// When it is no point of the curve.
    pub fn es256(x: &[u8], y: &[u8], form: EcdsaForm) -> Result<Self, KeyError> {
        let (x, y) = (coordinate(x)?, coordinate(y)?);
        let point = [[0x04].as_slice(), x, y].concat();
        let algorithm = match form {
            EcdsaForm::Der => &ECDSA_P256_SHA256_ASN1,
            EcdsaForm::Fixed => &ECDSA_P256_SHA256_FIXED,
        };
        let key = ParsedPublicKey::new(algorithm, point).map_err(|_| KeyError::Point)?;
        Ok(Self { key, name: "ES256" })
    }

    /// EdDSA with Ed25519.
    ///
    /// # Errors
    /// When it has not 32 bytes.
    pub fn ed25519(x: &[u8]) -> Result<Self, KeyError> {
        let key = ParsedPublicKey::new(&ED25519, coordinate(x)?).map_err(|_| KeyError::Point)?;
        Ok(Self { key, name: "EdDSA" })
    }

    /// RS256 or PS256: modulus and exponent, big-endian.
    ///
    /// # Errors
    /// When modulus or exponent are out of bounds.
    pub fn rsa(n: &[u8], e: &[u8], padding: RsaPadding) -> Result<Self, KeyError> {
        // Some peers write a sign byte first, which is not to be there (RFC 7518, section 2).
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.first().map_or(0, |first| {
            (n.len() * 8).saturating_sub(first.leading_zeros() as usize)
        });
        if !RSA_BITS.contains(&bits) {
            return Err(KeyError::RsaBits(bits));
        }
        if e.len() > MOST_EXPONENT || e == [1] || e.last().is_none_or(|last| last & 1 == 0) {
            return Err(KeyError::RsaExponent);
        }
        let (algorithm, name) = match padding {
            RsaPadding::Pkcs1 => (&RSA_PKCS1_2048_8192_SHA256, "RS256"),
            RsaPadding::Pss => (&RSA_PSS_2048_8192_SHA256, "PS256"),
        };
        let key = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(algorithm)
            .map_err(|_| KeyError::RsaBits(bits))?;
        Ok(Self { key, name })
    }

    /// Whether `signature` is one of this key over all `parts`, one after another. Anything that
    /// is no signature is none of this key.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.key.verify_sig(&parts.concat(), signature).is_ok()
    }

    /// The algorithm's name in JOSE: `ES256`, `EdDSA`, `RS256` or `PS256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.name
    }
}

impl std::fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyKey({})", self.name)
    }
}

fn coordinate(bytes: &[u8]) -> Result<&[u8], KeyError> {
    match bytes.len() {
        32 => Ok(bytes),
        other => Err(KeyError::Length(other)),
    }
}

fn without_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}
