//! Providers that vouch for people: OpenID Connect, as the party that relies on it.
//!
//! A [`Provider`] is asked three things: where to send a browser ([`Provider::ask`]), who it is that came
//! back ([`Provider::redeem`]), and whether its word that somebody signed out is its own
//! ([`Provider::signed_out`]). What it publishes of itself and its keys are fetched when they are needed, kept for
//! a while and fetched again when a token names a key that is not among them. A provider that does
//! not answer fails those who sign in by it and nobody else.
//!
//! What is said on the way, and whom to believe, is checked in [`ringfence_identity`]. Where this crate
//! stops: it knows no person, no session and no browser; what a browser keeps between the first and the
//! second question ([`Asked`]) belongs to whoever calls.

mod config;
mod failure;
mod http;
mod known;
mod provider;
mod vouched;

pub use config::{Mfa, ProviderConfig, ReadSecret};
pub use failure::{Failure, SetupError};
pub use provider::{Asked, Provider, Wanted};
pub use vouched::Vouched;
