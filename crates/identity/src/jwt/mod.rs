//! Identity and logout tokens of OpenID Connect providers: JSON Web Tokens that a provider signed.
//!
//! [`verify`] checks the signature with the provider's published keys ([`Jwks`]); [`check_claims`] whether
//! the token was made by that provider, for us, now, and for the sign-in that asked (OpenID Connect Core
//! 1.0, section 3.1.3.7). [`verify_logout`] and [`check_logout_claims`] do the same for the word of a provider
//! that somebody signed out there. Who somebody is, is issuer and subject together: never the e-mail address,
//! which providers let people choose.
//!
//! The traps of RFC 8725 are closed by the types: an algorithm is allowed by name from a list that has
//! neither `none` nor anything with a shared secret, a key knows its one algorithm, and addresses and keys
//! inside a token are not looked at.

mod claims;
mod error;
mod jwks;
mod token;

pub use claims::{
    Expected, ExpectedLogout, IdToken, LogoutToken, check_access_token, check_claims,
    check_logout_claims,
};
pub use error::JwtError;
pub use jwks::{Alg, Jwks};
pub use token::{verify, verify_logout};

#[doc(hidden)]
pub use token::fuzz_jwt;
