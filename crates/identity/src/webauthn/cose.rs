//! A passkey's public key (RFC 9052, section 7; WebAuthn, section 6.5.1).

use ringfence_crypto::{EcdsaForm, RsaPadding, VerifyKey};

use super::cbor::Cbor;
use super::refused::Refused;

/// What is offered, best liked first: ES256, EdDSA and RS256 (RFC 9053; RFC 8812). Between them every
/// authenticator knows one.
pub(crate) const OFFERED: [i64; 3] = [-7, -8, -257];

const KIND: i64 = 1;
const ALGORITHM: i64 = 3;

/// The key, which knows its one algorithm.
///
/// # Errors
/// When the algorithm was not offered, or the numbers make no key of it.
pub(crate) fn key(cose: &[u8]) -> Result<VerifyKey, Refused> {
    let map = Cbor::whole(cose).ok_or(Refused::PublicKey)?;
    let number = |label| map.numbered(label).and_then(Cbor::number);
    let bytes = |label| {
        map.numbered(label)
            .and_then(Cbor::bytes)
            .ok_or(Refused::PublicKey)
    };
    let algorithm = number(ALGORITHM).ok_or(Refused::PublicKey)?;
    // Kind and curve follow from the algorithm: ES256 is P-256, and EdDSA Ed25519, here.
    let key = match (algorithm, number(KIND), number(-1)) {
        (-7, Some(2), Some(1)) => VerifyKey::es256(bytes(-2)?, bytes(-3)?, EcdsaForm::Der),
        (-8, Some(1), Some(6)) => VerifyKey::ed25519(bytes(-2)?),
        (-257, Some(3), _) => VerifyKey::rsa(bytes(-1)?, bytes(-2)?, RsaPadding::Pkcs1),
        _ if OFFERED.contains(&algorithm) => return Err(Refused::PublicKey),
        _ => return Err(Refused::Algorithm),
    };
    key.map_err(|_| Refused::PublicKey)
}
