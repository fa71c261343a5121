//! Passkeys: the relying party's half of Web Authentication Level 3.
//!
//! [`RelyingParty`] makes the options that a browser is given and checks what comes back, step by step
//! as sections 7.1 and 7.2 list them: a person has to be present and verified, the page has to be ours,
//! not framed by another, and the challenge the one that was given. Attestation is asked for as `none`:
//! which make of authenticator somebody uses is not judged, and a statement that comes all the same is
//! not read.
//!
//! What is left to the caller, since it needs a store: that a challenge is used once, soon, and by the
//! session that asked for it; that a credential is registered for one person only; that the
//! credential, and the user handle beside it, belong to whoever is signing in ([`claimed`]); and that
//! the counter of a [`Proof`] is stored.

mod answer;
mod cbor;
mod ceremony;
mod client_data;
mod cose;
mod data;
mod refused;
mod relying_party;

pub use answer::{Claimed, claimed};
pub use ceremony::{Passkey, Proof};
pub use refused::Refused;
pub use relying_party::{Known, RelyingParty, RpError, User};

#[doc(hidden)]
pub use cbor::fuzz_cbor;
#[doc(hidden)]
pub use ceremony::fuzz_webauthn;
