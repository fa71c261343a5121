//! What an identity token says (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).

use ringfence_crypto::constant_time_eq;
use serde_json::{Map, Value};

use super::error::JwtError;

/// Clocks that far apart, in seconds, are called the same.
const LEEWAY_S: i64 = 60;
/// A token comes straight from its provider: an older one was kept by somebody.
const OLDEST_S: i64 = 600;
/// OpenID Connect Core, section 2: at most 255 ASCII characters.
const MOST_SUBJECT: usize = 255;

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider, exactly as its metadata name it.
    pub issuer: &'a str,
    /// What we are called there.
    pub client_id: &'a str,
    /// What went out with the request.
    pub nonce: &'a str,
    /// Now, in seconds since 1970.
    pub now_s: i64,
    /// How long ago the person may have signed in there, if that was asked for.
    pub max_age_s: Option<u64>,
}

/// Somebody whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    /// The provider.
    pub issuer: String,
    /// The person there: with the issuer, the only lasting name they have.
    pub subject: String,
    /// When they signed in there, in seconds since 1970, where it says so.
    pub auth_time_s: Option<i64>,
    /// The class of their sign-in, where it says so.
    pub acr: Option<String>,
    /// What they signed in with (RFC 8176), where it says so.
    pub amr: Vec<String>,
}

/// Checks the claims of a token whose signature fits.
///
/// # Errors
/// Names the first that is not as it should be.
pub fn check_claims(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<IdToken, JwtError> {
    let issuer = text(claims, "iss")?;
    if issuer != expected.issuer {
        return Err(JwtError::Issuer);
    }
    audience(claims, expected.client_id)?;
    let now = expected.now_s;
    if time(claims, "exp")? <= now.saturating_sub(LEEWAY_S) {
        return Err(JwtError::Expired);
    }
    let fresh = now.saturating_sub(OLDEST_S)..=now.saturating_add(LEEWAY_S);
    if !fresh.contains(&time(claims, "iat")?) {
        return Err(JwtError::IssuedAt);
    }
    if claims.contains_key("nbf") && time(claims, "nbf")? > *fresh.end() {
        return Err(JwtError::IssuedAt);
    }
    let nonce = text(claims, "nonce")?;
    // A caller who lost the nonce must not let in whoever sends an empty one.
    if nonce.is_empty() || !constant_time_eq(nonce.as_bytes(), expected.nonce.as_bytes()) {
        return Err(JwtError::Nonce);
    }
    let auth_time_s = match claims.contains_key("auth_time") || expected.max_age_s.is_some() {
        true => Some(time(claims, "auth_time")?),
        false => None,
    };
    if let (Some(at), Some(most)) = (auth_time_s, expected.max_age_s) {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let earliest = now.saturating_sub(most).saturating_sub(LEEWAY_S);
        if !(earliest..=now.saturating_add(LEEWAY_S)).contains(&at) {
            return Err(JwtError::AuthTime);
        }
    }
    let subject = text(claims, "sub")?;
    let printable = subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !(1..=MOST_SUBJECT).contains(&subject.len()) || !printable {
        return Err(JwtError::Claim("sub"));
    }
    Ok(IdToken {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        auth_time_s,
        acr: claims.get("acr").and_then(Value::as_str).map(str::to_owned),
        amr: texts(claims.get("amr")),
    })
}

/// For us, and when for others too, made at our request (steps 3 to 5).
fn audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), JwtError> {
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == client_id => false,
        Some(Value::Array(all)) => {
            if !all.iter().all(Value::is_string) {
                return Err(JwtError::Claim("aud"));
            }
            if !all.iter().any(|one| one == client_id) {
                return Err(JwtError::Audience);
            }
            all.len() > 1
        }
        Some(Value::String(_)) => return Err(JwtError::Audience),
        _ => return Err(JwtError::Claim("aud")),
    };
    match claims.get("azp") {
        Some(party) if party == client_id => Ok(()),
        Some(_) => Err(JwtError::Audience),
        None if several => Err(JwtError::Claim("azp")),
        None => Ok(()),
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwtError> {
    claims
        .get(name)
        .and_then(Value::as_str)
        .ok_or(JwtError::Claim(name))
}

/// A NumericDate (RFC 7519, section 2), which may have a fraction.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<i64, JwtError> {
    let number = claims.get(name).ok_or(JwtError::Claim(name))?;
    let whole = number.as_i64().or_else(|| {
        let seconds = number.as_f64()?;
        // Year 9999: beyond it, conversion would saturate and a comparison mean nothing.
        (0.0..253_402_300_800.0)
            .contains(&seconds)
            .then_some(seconds as i64)
    });
    whole.ok_or(JwtError::Claim(name))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
