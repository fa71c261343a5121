//! Who somebody is: the pure half of signing in.
//!
//! Names ([`Login`]), what makes a password good enough ([`password::judge`]), one-time codes
//! ([`Totp`]), codes for the day the phone is lost ([`RecoveryCode`]), passkeys ([`webauthn`]), the
//! identity tokens of other providers ([`jwt`]), and what is said on the way to those ([`oidc`]). Each is
//! a check of bytes that somebody sent against what is stored: time and challenge come from the caller, and
//! so does what is done about a refusal.
//!
//! It stops before everything that remembers or waits: attempts, locks, sessions and requests to
//! identity providers belong to the crates above.

mod json;
mod login;
mod qr;
mod recovery;
mod totp;

pub mod jwt;
pub mod oidc;
pub mod password;
pub mod webauthn;

pub use login::{Login, LoginError};
pub use qr::qr_svg;
pub use recovery::RecoveryCode;
pub use totp::{Totp, TotpError};
