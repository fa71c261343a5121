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
mod recover;
mod resets;

pub use account::{Account, ChangePerson, NewPerson};
pub(crate) use account::{administered, disable, insert, must_keep_administrator, taken};
pub use enrol::{Enrolling, Identity, Invitation, Setup};
pub use factors::{Factor, FactorKind, KnownPasskey, OneTimeCode};
pub use links::{Link, Linked};
pub use password::SignInAs;
pub use resets::Reset;
