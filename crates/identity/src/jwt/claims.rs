//! What an identity token says (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).

use ringfence_crypto::{constant_time_eq, sha256, sha512, to_base64url};
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
    /// Their session there, where it says so.
    pub session: Option<String>,
}

/// Checks the claims of a token whose signature fits.
///
/// # Errors
/// Names the first that is not as it should be.
pub fn check_claims(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<IdToken, JwtError> {
    let now = expected.now_s;
    let issuer = made_by(claims, expected.issuer, expected.client_id)?;
    made_just_now(claims, now)?;
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
    Ok(IdToken {
        issuer: issuer.to_owned(),
        subject: name(claims, "sub")?.to_owned(),
        auth_time_s,
        acr: claims.get("acr").and_then(Value::as_str).map(str::to_owned),
        amr: texts(claims.get("amr")),
        session: name(claims, "sid").ok().map(str::to_owned),
    })
}

/// Checks that an access token is the one that came with an identity token, if that says so (section
/// 3.1.3.8): the left half of its digest. Which digest, its length tells: SHA-512 for Ed25519, else SHA-256.
///
/// # Errors
/// When it is another one.
pub fn check_access_token(claims: &Map<String, Value>, access_token: &str) -> Result<(), JwtError> {
    let said = match claims.get("at_hash") {
        None => return Ok(()),
        Some(said) => said.as_str().ok_or(JwtError::Claim("at_hash"))?,
    };
    let (short, long) = (
        sha256(access_token.as_bytes()),
        sha512(access_token.as_bytes()),
    );
    let halves = [short.get(..16), long.get(..32)];
    let fits = |half: &[u8]| constant_time_eq(to_base64url(half).as_bytes(), said.as_bytes());
    match halves.into_iter().flatten().any(fits) {
        true => Ok(()),
        false => Err(JwtError::AccessToken),
    }
}

/// What a logout token has to say.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedLogout<'a> {
    /// The provider, exactly as its metadata name it.
    pub issuer: &'a str,
    /// What we are called there.
    pub client_id: &'a str,
    /// Now, in seconds since 1970.
    pub now_s: i64,
}

/// Somebody signed out at a provider. At least one of subject and session is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// The token's own name: it counts once.
    pub id: String,
    /// The person there.
    pub subject: Option<String>,
    /// Their session there; without it, all of theirs.
    pub session: Option<String>,
}

/// What the `events` of a logout token have to name (OpenID Connect Back-Channel Logout 1.0, section 2.4).
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Checks the claims of a logout token whose signature fits (section 2.6).
///
/// # Errors
/// Names the first that is not as it should be.
pub fn check_logout_claims(
    claims: &Map<String, Value>,
    expected: &ExpectedLogout<'_>,
) -> Result<LogoutToken, JwtError> {
    made_by(claims, expected.issuer, expected.client_id)?;
    made_just_now(claims, expected.now_s)?;
    let events = claims.get("events").and_then(Value::as_object);
    if !events.is_some_and(|events| events.get(LOGOUT).is_some_and(Value::is_object)) {
        return Err(JwtError::Claim("events"));
    }
    // An identity token must not do as one of these: both may be of the same `typ`, or say none.
    if claims.contains_key("nonce") {
        return Err(JwtError::Claim("nonce"));
    }
    let said = |claim| match claims.contains_key(claim) {
        true => name(claims, claim).map(|text| Some(text.to_owned())),
        false => Ok(None),
    };
    let (subject, session) = (said("sub")?, said("sid")?);
    if subject.is_none() && session.is_none() {
        return Err(JwtError::Claim("sub"));
    }
    Ok(LogoutToken {
        id: name(claims, "jti")?.to_owned(),
        subject,
        session,
    })
}

/// By that provider, for us.
fn made_by<'c>(
    claims: &'c Map<String, Value>,
    by: &str,
    client_id: &str,
) -> Result<&'c str, JwtError> {
    let issuer = text(claims, "iss")?;
    if issuer != by {
        return Err(JwtError::Issuer);
    }
    audience(claims, client_id)?;
    Ok(issuer)
}

fn made_just_now(claims: &Map<String, Value>, now: i64) -> Result<(), JwtError> {
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
    Ok(())
}

/// A name of up to 255 printable characters.
fn name<'c>(claims: &'c Map<String, Value>, claim: &'static str) -> Result<&'c str, JwtError> {
    let name = text(claims, claim)?;
    let printable = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match (1..=MOST_SUBJECT).contains(&name.len()) && printable {
        true => Ok(name),
        false => Err(JwtError::Claim(claim)),
    }
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
