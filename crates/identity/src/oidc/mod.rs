//! Signing in by an OpenID Connect provider: what is said on the way, as bytes.
//!
//! What a provider publishes of itself ([`Metadata`]), what a browser brings back from it ([`Returned`]),
//! what it gives for a code ([`Granted`]), and what it says of a person beyond the identity token
//! ([`person`]). Whom to believe stands in [`jwt`](crate::jwt); requests belong to the crates above.

mod address;
mod granted;
mod metadata;
mod returned;

pub use address::{AddressError, issuer};
pub use granted::{GrantError, Granted, person, refusal};
pub use metadata::{Metadata, MetadataError};
pub use returned::{Outcome, Returned};

use ringfence_crypto::{sha256, to_base64url};

/// What goes out instead of a code verifier (RFC 7636, section 4.2, method `S256`).
#[must_use]
pub fn code_challenge(verifier: &str) -> String {
    to_base64url(&sha256(verifier.as_bytes()))
}

/// Nothing panics, whatever a provider says or a browser brings.
#[doc(hidden)]
pub fn fuzz_oidc(data: &[u8]) {
    const ISSUER: &str = "https://op.example/realm";
    if let Ok(metadata) = Metadata::parse(data, ISSUER) {
        assert_eq!(metadata.issuer, ISSUER);
        assert_eq!(metadata.token_endpoint.scheme(), "https");
        assert!(!metadata.algorithms.is_empty());
    }
    if let Ok(granted) = Granted::parse(data) {
        assert!(!format!("{granted:?}").contains(granted.id_token.expose()));
    }
    let _ = refusal(data);
    if let Some(claims) = person(data, "248289761001") {
        assert!(claims.contains_key("sub"));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(returned) = Returned::parse(text) {
        assert!(!returned.state.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(code_challenge(verifier), challenge);
    }
}
