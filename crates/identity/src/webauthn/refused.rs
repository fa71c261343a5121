//! Why a passkey's answer was not accepted.

/// The first check that an answer failed. None says anything secret; an attacker learns nothing from
/// them that the specification does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than any authenticator's answer.
    #[error("the answer is too long")]
    TooLong,
    /// Not the JSON that `PublicKeyCredential.toJSON()` gives; names the member that is amiss.
    #[error("the answer has no proper `{0}`")]
    Form(&'static str),
    /// Made for the other ceremony: a registration is no sign-in.
    #[error("the answer was made for another kind of request")]
    Ceremony,
    /// Not the challenge that was given: an old answer, or one to somebody else's request.
    #[error("the answer is to another challenge")]
    Challenge,
    /// Made on another page: phishing, or a wrong public address in our configuration.
    #[error("the answer was made on a page of another origin")]
    Origin,
    /// Made in a frame inside another site's page.
    #[error("the answer was made inside a page of another site")]
    CrossOrigin,
    /// The attestation object is not the CBOR that it should be.
    #[error("the attestation object cannot be read")]
    AttestationObject,
    /// The authenticator's data are cut short, run on, or contradict themselves.
    #[error("the authenticator's data cannot be read")]
    AuthenticatorData,
    /// Made for another relying party.
    #[error("the authenticator answered for another site")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("the authenticator says that nobody was present")]
    NotPresent,
    /// No PIN was entered and no finger recognised.
    #[error("the authenticator did not verify who used it")]
    NotVerified,
    /// Backed up, and not able to be: one of the two is wrong.
    #[error("the authenticator's backup flags contradict each other")]
    BackupFlags,
    /// A registration without a new credential.
    #[error("the authenticator gave no credential")]
    NoCredential,
    /// Longer than 1,023 bytes, or not the one that the browser named.
    #[error("the credential's id is not the one that was named")]
    CredentialId,
    /// A kind of key that was not offered.
    #[error("the key's algorithm was not offered")]
    Algorithm,
    /// A key that no signature could be checked with.
    #[error("the public key cannot be used")]
    PublicKey,
    /// A passkey other than the one it was checked against.
    #[error("the answer is by another passkey")]
    OtherPasskey,
    /// Whether a passkey can be backed up never changes.
    #[error("the passkey's ability to be backed up has changed")]
    BackupEligibility,
    /// Not made with the passkey's private key, or changed since.
    #[error("the signature does not fit the passkey")]
    Signature,
    /// Genuine, and yet the counter did not grow: somebody may have a copy of the passkey.
    #[error("the passkey's counter did not grow: there may be a copy of it")]
    Counter,
}
