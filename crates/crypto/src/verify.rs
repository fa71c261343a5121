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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_hex;
    use crate::stand_in::{Public, Signer};

    fn es256(signer: &Signer, form: EcdsaForm) -> VerifyKey {
        let Public::Es256 { x, y } = signer.public() else {
            panic!("a point");
        };
        VerifyKey::es256(&x, &y, form).unwrap()
    }

    #[test]
    fn answers_rfc_8032_test_1() {
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = VerifyKey::ed25519(&from_hex(hex).unwrap()).unwrap();
        let hex = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        let signature = from_hex(hex).unwrap();
        assert!(key.verify(&[], &signature));
        assert!(!key.verify(&[b"x"], &signature));
    }

    #[test]
    fn a_key_takes_signatures_of_its_one_form() {
        let der = Signer::es256(EcdsaForm::Der).unwrap();
        let fixed = Signer::es256(EcdsaForm::Fixed).unwrap();
        for (signer, form, other) in [
            (&der, EcdsaForm::Der, EcdsaForm::Fixed),
            (&fixed, EcdsaForm::Fixed, EcdsaForm::Der),
        ] {
            let signature = signer.sign(b"ab");
            assert!(es256(signer, form).verify(&[b"a", b"b"], &signature));
            assert!(!es256(signer, form).verify(&[b"b", b"a"], &signature));
            assert!(!es256(signer, other).verify(&[b"ab"], &signature));
        }
        assert!(!es256(&der, EcdsaForm::Der).verify(&[b"ab"], &fixed.sign(b"ab")));
    }

    #[test]
    fn rsa_takes_one_padding_and_no_sign_byte_for_a_number() {
        for (padding, other) in [
            (RsaPadding::Pkcs1, RsaPadding::Pss),
            (RsaPadding::Pss, RsaPadding::Pkcs1),
        ] {
            let signer = Signer::rsa(padding).unwrap();
            let Public::Rsa { n, e } = signer.public() else {
                panic!("an RSA key");
            };
            let signature = signer.sign(b"message");
            let key = |n: &[u8], padding| VerifyKey::rsa(n, &e, padding).unwrap();
            assert!(key(&n, padding).verify(&[b"message"], &signature));
            assert!(!key(&n, other).verify(&[b"message"], &signature));
            let signed = [&[0], n.as_slice()].concat();
            assert!(key(&signed, padding).verify(&[b"message"], &signature));
        }
    }

    #[test]
    fn refuses_numbers_that_are_no_key() {
        let es256 = |x: &[u8], y: &[u8]| VerifyKey::es256(x, y, EcdsaForm::Der).unwrap_err();
        assert_eq!(es256(&[1; 32], &[1; 32]), KeyError::Point);
        assert_eq!(es256(&[0; 32], &[0; 32]), KeyError::Point);
        assert_eq!(es256(&[1; 33], &[1; 32]), KeyError::Length(33));
        assert_eq!(es256(&[1; 32], &[]), KeyError::Length(0));
        assert_eq!(
            VerifyKey::ed25519(&[1; 44]).unwrap_err(),
            KeyError::Length(44)
        );
        let rsa = |n: &[u8], e: &[u8]| VerifyKey::rsa(n, e, RsaPadding::Pkcs1).unwrap_err();
        let exponent = [1, 0, 1];
        assert_eq!(rsa(&[], &exponent), KeyError::RsaBits(0));
        assert_eq!(rsa(&[0xff; 255], &exponent), KeyError::RsaBits(2040));
        assert_eq!(
            rsa(&[&[0x7f], [0xff; 255].as_slice()].concat(), &exponent),
            KeyError::RsaBits(2047)
        );
        assert_eq!(rsa(&[0xff; 1025], &exponent), KeyError::RsaBits(8200));
        for e in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0, 0, 1]] {
            assert_eq!(rsa(&[0xff; 256], e), KeyError::RsaExponent, "{e:?}");
        }
    }

    #[test]
    fn what_is_no_signature_is_none_of_any_key() {
        let ec = Signer::es256(EcdsaForm::Der).unwrap();
        let rsa = VerifyKey::rsa(&[0xff; 256], &[3], RsaPadding::Pkcs1).unwrap();
        let ed = VerifyKey::ed25519(&[3; 32]).ok();
        let keys = [
            Some(es256(&ec, EcdsaForm::Der)),
            Some(es256(&ec, EcdsaForm::Fixed)),
            Some(rsa),
            ed,
        ];
        for key in keys.into_iter().flatten() {
            for signature in [&[][..], &[0], &[0; 64], &[0xff; 64], &[0; 256], &[0x30; 72]] {
                assert!(!key.verify(&[b"x"], signature), "{key:?}");
            }
        }
    }
}
