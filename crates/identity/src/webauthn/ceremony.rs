//! The two ceremonies: registering a passkey, and proving to have it.

use ringfence_crypto::sha256;

use super::answer::Answer;
use super::cbor::Cbor;
use super::client_data;
use super::cose;
use super::data::{AuthenticatorData, MOST_ID};
use super::refused::Refused;
use super::relying_party::RelyingParty;

/// What is stored of a passkey. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's id. No two people may have the same one.
    pub id: Vec<u8>,
    /// The public key in COSE, as the authenticator wrote it.
    pub public_key: Vec<u8>,
    /// How often it has signed, as far as it tells: many always say 0.
    pub sign_count: u32,
    /// Whether its maker can copy it to other devices. Never changes.
    pub backup_eligible: bool,
    /// Whether there was a copy when it was last used.
    pub backup_state: bool,
    /// The make of authenticator, as it says itself.
    pub aaguid: [u8; 16],
    /// How the authenticator can be reached, as the browser said.
    pub transports: Vec<String>,
}

/// What a successful sign-in changes in a stored passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The new counter.
    pub sign_count: u32,
    /// Whether there is a copy of it now.
    pub backup_state: bool,
}

impl RelyingParty {
    /// Registers a passkey (section 7.1), from the answer to
    /// [`creation_options`](RelyingParty::creation_options) with the same challenge.
    ///
    /// # Errors
    /// Names the first check that failed; nothing may be stored then.
    pub fn register(&self, challenge: &[u8], answer: &str) -> Result<Passkey, Refused> {
        let answer = Answer::read(answer)?;
        let client_data = answer.bytes("response.clientDataJSON", "clientDataJSON")?;
        client_data::check(&client_data, "webauthn.create", challenge, self)?;
        let object = answer.bytes("response.attestationObject", "attestationObject")?;
        let data = attested_data(&object).ok_or(Refused::AttestationObject)?;
        let data = AuthenticatorData::read(data)?;
        data.check(self.id_hash())?;
        let new = data.attested.as_ref().ok_or(Refused::NoCredential)?;
        if new.id.len() > MOST_ID || new.id != answer.id {
            return Err(Refused::CredentialId);
        }
        // A key that no sign-in could be checked with is refused now.
        cose::key(new.key)?;
        Ok(Passkey {
            id: new.id.to_vec(),
            public_key: new.key.to_vec(),
            sign_count: data.sign_count,
            backup_eligible: data.backup_eligible(),
            backup_state: data.backup_state(),
            aaguid: new.aaguid,
            transports: answer.transports(),
        })
    }

    /// Checks that whoever answered has `passkey` (section 7.2), from the answer to
    /// [`request_options`](RelyingParty::request_options) with the same challenge. That the passkey
    /// is the one of [`claimed`](super::claimed), and its owner the one of the user handle, is for
    /// the caller.
    ///
    /// # Errors
    /// Names the first check that failed. [`Refused::Counter`] comes last, so that it speaks of a
    /// genuine signature.
    pub fn authenticate(
        &self,
        challenge: &[u8],
        passkey: &Passkey,
        answer: &str,
    ) -> Result<Proof, Refused> {
        let answer = Answer::read(answer)?;
        if answer.id != passkey.id {
            return Err(Refused::OtherPasskey);
        }
        let client_data = answer.bytes("response.clientDataJSON", "clientDataJSON")?;
        client_data::check(&client_data, "webauthn.get", challenge, self)?;
        let signed = answer.bytes("response.authenticatorData", "authenticatorData")?;
        let data = AuthenticatorData::read(&signed)?;
        data.check(self.id_hash())?;
        if data.backup_eligible() != passkey.backup_eligible {
            return Err(Refused::BackupEligibility);
        }
        let signature = answer.bytes("response.signature", "signature")?;
        let key = cose::key(&passkey.public_key)?;
        if !key.verify(&[&signed, &sha256(&client_data)], &signature) {
            return Err(Refused::Signature);
        }
        let counts = data.sign_count != 0 || passkey.sign_count != 0;
        if counts && data.sign_count <= passkey.sign_count {
            return Err(Refused::Counter);
        }
        Ok(Proof {
            sign_count: data.sign_count,
            backup_state: data.backup_state(),
        })
    }
}

/// The authenticator's data out of an attestation object (section 6.5.4). A statement of format
/// `none` is empty; one of another format is not judged (section 7.1, step 24).
fn attested_data(object: &[u8]) -> Option<&[u8]> {
    let object = Cbor::whole(object)?;
    let format = object.named("fmt")?.text()?;
    let Cbor::Map(statement) = object.named("attStmt")? else {
        return None;
    };
    if format == "none" && !statement.is_empty() {
        return None;
    }
    object.named("authData")?.bytes()
}

/// Nothing panics; what is registered can be used; and nobody is let in with another passkey than
/// the one they claim.
#[doc(hidden)]
pub fn fuzz_webauthn(data: &[u8]) {
    let Ok(answer) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(party) = RelyingParty::of_url("http://localhost:39555", "Ringfence") else {
        return;
    };
    // Those of the vectors in testdata, so that the fuzzer has a way in.
    let challenges: [&[u8]; 2] = [
        b"challengechallengechallenge123456",
        b"challengechallengechallenge654321",
    ];
    for challenge in challenges {
        let Ok(passkey) = party.register(challenge, answer) else {
            continue;
        };
        assert!(cose::key(&passkey.public_key).is_ok());
        assert!((1..=MOST_ID).contains(&passkey.id.len()));
        assert!(passkey.backup_eligible || !passkey.backup_state);
        assert!(party.authenticate(challenge, &passkey, answer).is_err());
    }
    if let Ok(claimed) = super::claimed(answer) {
        let passkey = Passkey {
            id: claimed.credential_id,
            public_key: FUZZ_KEY.to_vec(),
            sign_count: 0,
            backup_eligible: true,
            backup_state: true,
            aaguid: [0; 16],
            transports: Vec::new(),
        };
        for challenge in challenges {
            if party.authenticate(challenge, &passkey, answer).is_ok() {
                let other = Passkey {
                    id: [passkey.id.as_slice(), &[0]].concat(),
                    ..passkey.clone()
                };
                let proof = party.authenticate(challenge, &other, answer);
                assert_eq!(proof, Err(Refused::OtherPasskey));
            }
        }
    }
}

/// The public key of the vectors in testdata.
const FUZZ_KEY: &[u8] = &[
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x47, 0x0c, 0x37, 0x6c, 0x49, 0xd4,
    0xc4, 0x36, 0x72, 0x0d, 0x03, 0x77, 0xce, 0x56, 0x35, 0x52, 0x6b, 0x32, 0xbd, 0x2c, 0x9f, 0x74,
    0x18, 0x00, 0x9f, 0xf5, 0xab, 0xca, 0xd2, 0x52, 0x98, 0xaa, 0x22, 0x58, 0x20, 0xd6, 0x48, 0x15,
    0xbb, 0xf9, 0x06, 0x72, 0x3c, 0x97, 0x0c, 0x8b, 0x45, 0xb5, 0x11, 0x98, 0x41, 0xaf, 0x6c, 0xef,
    0x78, 0x18, 0xab, 0xf1, 0xcf, 0x38, 0x2c, 0x26, 0xf6, 0x6f, 0x62, 0x2e, 0x40,
];
