//! People: accounts, and what they sign in with.
//!
//! A person is a principal with a row in `people`. Their password is kept as an Argon2id hash, recovery
//! codes and enrolment codes as digests, passkeys as public keys; the secrets of one-time codes are
//! sealed by whoever calls, with a key that the database does not have.

mod account;
mod dormant;
mod enrol;
mod factors;
pub(crate) mod links;
mod password;
mod resets;

pub(crate) use account::has_administrator;
pub use account::{Account, ChangePerson, NewPerson};
pub use enrol::{Enrolling, Identity, Invitation, Setup};
pub use factors::{Factor, FactorKind, KnownPasskey, OneTimeCode};
pub use links::{Link, Linked};
pub use password::SignInAs;
pub use resets::Reset;
