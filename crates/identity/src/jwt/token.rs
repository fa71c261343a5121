//! The signature of a token in compact form (RFC 7515, section 5.2).

use ringfence_crypto::from_base64url;
use serde_json::{Map, Value};

use super::error::JwtError;
use super::jwks::{Alg, Jwks};
use crate::json;

const MOST_TOKEN: usize = 16 * 1024;

/// The claims of a token that one of the keys signed with one of the algorithms.
///
/// # Errors
/// Names the first check that failed. [`JwtError::UnknownKey`] is a reason to fetch the keys again,
/// no other is.
pub fn verify(token: &str, jwks: &Jwks, allowed: &[Alg]) -> Result<Map<String, Value>, JwtError> {
    signed(token, jwks, allowed, is_plain)
}

/// The same of a logout token. That it says that it is one (`logout+jwt`) is only recommended (OpenID Connect
/// Back-Channel Logout 1.0, section 2.4), and some providers call it a plain `JWT`, or nothing: so it is told from
/// an identity token by [`check_logout_claims`](super::check_logout_claims), which wants the event of a
/// logout, a name of its own and no nonce. An access token (`at+jwt`) is refused here already.
///
/// # Errors
/// As [`verify`].
pub fn verify_logout(
    token: &str,
    jwks: &Jwks,
    allowed: &[Alg],
) -> Result<Map<String, Value>, JwtError> {
    signed(token, jwks, allowed, |kind| {
        is_plain(kind) || is_of("logout+jwt", kind)
    })
}

fn signed(
    token: &str,
    jwks: &Jwks,
    allowed: &[Alg],
    fits: impl Fn(Option<&Value>) -> bool,
) -> Result<Map<String, Value>, JwtError> {
    if token.len() > MOST_TOKEN {
        return Err(JwtError::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Form)?;
    if payload.contains('.') {
        return Err(JwtError::Form);
    }
    let bytes = |part: &str| from_base64url(part).map_err(|_| JwtError::Form);
    let object = |part: &str| json::object(&bytes(part)?).ok_or(JwtError::Form);
    let header = object(header)?;
    let alg = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(Alg::of_name);
    let alg = alg
        .filter(|alg| allowed.contains(alg))
        .ok_or(JwtError::Algorithm)?;
    // Nothing is understood that would have to be (RFC 7515, section 4.1.11).
    if header.contains_key("crit") || !fits(header.get("typ")) {
        return Err(JwtError::Kind);
    }
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.as_str()),
        Some(_) => return Err(JwtError::Form),
    };
    let keys = jwks.fitting(kid, alg);
    if keys.is_empty() {
        return Err(JwtError::UnknownKey);
    }
    let signature = bytes(signature)?;
    if !keys
        .iter()
        .any(|key| key.verify(&[signed.as_bytes()], &signature))
    {
        return Err(JwtError::Signature);
    }
    object(payload)
}

/// An identity token is a `JWT`, if it says what it is: an access token (`at+jwt`) or a logout token
/// (`logout+jwt`) of the same provider is none (RFC 8725, section 3.11).
fn is_plain(kind: Option<&Value>) -> bool {
    kind.is_none() || is_of("JWT", kind)
}

fn is_of(wanted: &str, kind: Option<&Value>) -> bool {
    let Some(kind) = kind.and_then(Value::as_str) else {
        return false;
    };
    // RFC 7515, section 4.1.9: `application/` may be left out.
    let kind = match kind.split_at_checked("application/".len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case("application/") => rest,
        _ => kind,
    };
    wanted.eq_ignore_ascii_case(kind)
}

/// Nothing panics, and nothing is believed that no allowed algorithm signed. The input is a key set,
/// a line break and a token.
#[doc(hidden)]
pub fn fuzz_jwt(data: &[u8]) {
    let Some((set, token)) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| text.split_once('\n'))
    else {
        return;
    };
    let Ok(jwks) = Jwks::parse(set) else {
        return;
    };
    let allowed = verify(token, &jwks, &Alg::ALL);
    assert!(verify(token, &jwks, &[]).is_err());
    assert!(verify(token, &Jwks::default(), &Alg::ALL).is_err());
    if let Ok(claims) = allowed {
        let by_one = Alg::ALL.map(|alg| verify(token, &jwks, &[alg]));
        assert_eq!(by_one.iter().filter(|claims| claims.is_ok()).count(), 1);
        let expected = super::Expected {
            issuer: "https://op.example",
            client_id: "ringfence",
            nonce: "n-0S6_WzA2Mj",
            now_s: 1_311_280_970,
            max_age_s: Some(600),
        };
        if let Ok(id) = super::check_claims(&claims, &expected) {
            assert_eq!(id.issuer, expected.issuer);
            assert!(!id.subject.is_empty());
        }
        let expected = super::ExpectedLogout {
            issuer: expected.issuer,
            client_id: expected.client_id,
            now_s: expected.now_s,
        };
        if let Ok(logout) = super::check_logout_claims(&claims, &expected) {
            assert!(logout.subject.is_some() || logout.session.is_some());
        }
    }
}
