//! Requests for certificates (PKCS #10, RFC 2986): a public key, and the proof that whoever asks has
//! the private one. What a request says of its subject is nobody's word, and is not read.

use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData, SignatureAlgorithm,
};
use ringfence_crypto::{EcdsaForm, RsaPadding, VerifyKey};
use ringfence_event::Secret;
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use super::der::{BIT_STRING, INTEGER, NULL, OID, SEQUENCE, expect};

/// Bytes of a request; one for an RSA key of 8192 bits has some 2,300.
const MOST: usize = 16 << 10;

/// 1.2.840.10045.2.1, id-ecPublicKey (RFC 5480).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, secp256r1.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.2.840.10045.4.3.2, ecdsa-with-SHA256 (RFC 5758).
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.3.101.112, id-Ed25519 (RFC 8410).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.2.840.113549.1.1.1, rsaEncryption (RFC 8017).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11, sha256WithRSAEncryption.
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];

/// Why there is no certificate for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Not PEM, or not of the kind.
    #[error("a request in PEM form is wanted: `-----BEGIN CERTIFICATE REQUEST-----`")]
    Pem,
    /// Not a request.
    #[error("it is no request for a certificate (PKCS #10)")]
    Form,
    /// A key of another kind.
    #[error("keys are ECDSA on P-256, Ed25519, or RSA from 2048 bits, and sign with SHA-256")]
    Algorithm,
    /// The signature is not of this key.
    #[error("the request is not signed by the key that it names")]
    Signature,
}

/// A public key whose owner has shown that they have the private one.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    algorithm: &'static SignatureAlgorithm,
    key: Vec<u8>,
}

impl CertificateRequest {
    /// Reads a request in PEM form. Fails closed: a request without a good signature is none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem(text: &str) -> Result<Self, RequestError> {
        if text.len() > MOST {
            return Err(RequestError::Form);
        }
        // Older tools call it `NEW CERTIFICATE REQUEST`.
        let text = text.replace(" NEW CERTIFICATE REQUEST-", " CERTIFICATE REQUEST-");
        let der = CertificateSigningRequestDer::from_pem_slice(text.as_bytes());
        Self::from_der(&der.map_err(|_| RequestError::Pem)?)
    }

    fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let parts = Parts::read(der).ok_or(RequestError::Form)?;
        let (algorithm, key) = parts.key().ok_or(RequestError::Algorithm)?;
        if !key.verify(&[parts.signed], parts.signature) {
            return Err(RequestError::Signature);
        }
        let key = parts.key.to_vec();
        Ok(Self { algorithm, key })
    }
}

impl PublicKeyData for CertificateRequest {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A request taken apart.
struct Parts<'a> {
    /// What the signature is over, with its frame.
    signed: &'a [u8],
    /// Which kind of key: an object identifier, and what stands behind it.
    kind: &'a [u8],
    parameters: &'a [u8],
    key: &'a [u8],
    signed_with: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    /// `CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature }`
    /// (RFC 2986 section 4.2), with nothing behind it.
    fn read(der: &'a [u8]) -> Option<Self> {
        let (whole, []) = expect(SEQUENCE, der)? else {
            return None;
        };
        let (info, rest) = expect(SEQUENCE, whole)?;
        let signed = whole.get(..whole.len().checked_sub(rest.len())?)?;
        let (with, rest) = expect(SEQUENCE, rest)?;
        let (signed_with, _) = expect(OID, with)?;
        let (signature, []) = expect(BIT_STRING, rest)? else {
            return None;
        };
        // version, subject, subjectPKInfo, attributes (section 4.1)
        let (_, info) = expect(INTEGER, info)?;
        let (_, info) = expect(SEQUENCE, info)?;
        let (public, _) = expect(SEQUENCE, info)?;
        let (algorithm, public) = expect(SEQUENCE, public)?;
        let (kind, parameters) = expect(OID, algorithm)?;
        let (key, []) = expect(BIT_STRING, public)? else {
            return None;
        };
        Some(Self {
            signed,
            kind,
            parameters,
            key: whole_bytes(key)?,
            signed_with,
            signature: whole_bytes(signature)?,
        })
    }

    fn key(&self) -> Option<(&'static SignatureAlgorithm, VerifyKey)> {
        match (self.kind, self.signed_with) {
            (EC_PUBLIC_KEY, ECDSA_SHA256) => {
                let (P256, []) = expect(OID, self.parameters)? else {
                    return None;
                };
                // An uncompressed point (RFC 5480 section 2.2).
                let (x, y) = self.key.strip_prefix(&[0x04])?.split_at_checked(32)?;
                let key = VerifyKey::es256(x, y, EcdsaForm::Der).ok()?;
                Some((&PKCS_ECDSA_P256_SHA256, key))
            }
            (ED25519, ED25519) if self.parameters.is_empty() => {
                Some((&PKCS_ED25519, VerifyKey::ed25519(self.key).ok()?))
            }
            (RSA, RSA_SHA256) => {
                let ([], []) = expect(NULL, self.parameters)? else {
                    return None;
                };
                let (numbers, []) = expect(SEQUENCE, self.key)? else {
                    return None;
                };
                let (n, rest) = expect(INTEGER, numbers)?;
                let (e, []) = expect(INTEGER, rest)? else {
                    return None;
                };
                let key = VerifyKey::rsa(n, e, RsaPadding::Pkcs1).ok()?;
                Some((&PKCS_RSA_SHA256, key))
            }
            _ => None,
        }
    }
}

/// The contents of a bit string of whole bytes.
fn whole_bytes(bits: &[u8]) -> Option<&[u8]> {
    bits.strip_prefix(&[0])
}

/// A new key on P-256 and a request for a certificate of it, both as PEM: what a sender makes for
/// itself, so that its key never leaves it.
///
/// # Errors
/// When the system has no randomness.
pub fn new_request() -> Result<(Secret<String>, String), super::TlsError> {
    let failed = |e: rcgen::Error| super::TlsError::Make(e.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut params = CertificateParams::default();
    // Who it is for, the certificate will say.
    params.distinguished_name = rcgen::DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(failed)?;
    let request = request.pem().map_err(failed)?;
    Ok((Secret::new(key.serialize_pem()), request))
}

/// Never panics, and what is taken has a key that is a part of the input.
#[doc(hidden)]
pub fn fuzz_request(data: &[u8]) {
    if let Ok(read) = CertificateRequest::from_der(data) {
        assert!(data.windows(read.key.len()).any(|w| w == read.key));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = CertificateRequest::from_pem(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn der() -> Vec<u8> {
        let (_, pem) = new_request().unwrap();
        let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes());
        der.unwrap().to_vec()
    }

    #[test]
    fn a_key_of_our_own_is_taken_and_does_not_print() {
        let (key, pem) = new_request().unwrap();
        assert!(key.expose().contains("PRIVATE KEY") && !format!("{key:?}").contains("PRIVATE"));
        let older = pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
        for text in [pem.as_str(), older.as_str()] {
            let read = CertificateRequest::from_pem(text).unwrap();
            assert_eq!(read.der_bytes().len(), 65);
        }
        let other = pem.replace("CERTIFICATE REQUEST", "CERTIFICATE");
        let refused = CertificateRequest::from_pem(&other).unwrap_err();
        assert_eq!(refused, RequestError::Pem);
    }

    #[test]
    fn a_request_that_another_key_signed_is_refused() {
        let (mut mine, theirs) = (der(), der());
        let end = mine.len() - 70;
        let tail = theirs.len() - 70;
        mine.truncate(end);
        mine.extend_from_slice(&theirs[tail..]);
        assert!(CertificateRequest::from_der(&mine).is_err());
        let mut changed = der();
        // In the middle lies the key.
        let middle = changed.len() / 3;
        changed[middle] ^= 1;
        assert!(CertificateRequest::from_der(&changed).is_err());
    }

    proptest! {
        #[test]
        fn hostile_requests_do_no_harm(
            data in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), with in any::<u8>(),
        ) {
            fuzz_request(&data);
            let mut der = der();
            let at = at.index(der.len());
            let before = der[at];
            der[at] = with;
            fuzz_request(&der);
            // Every byte is framed or signed.
            prop_assert_eq!(CertificateRequest::from_der(&der).is_ok(), before == with);
        }
    }
}
