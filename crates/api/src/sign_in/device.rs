//! The cookie of a browser in which somebody signed in before. It lets nobody in: it only gives their
//! guesses a lane of their own (`guesses.rs`).

use axum::http::HeaderMap;
use ringfence_crypto::{SealKey, from_base64url, to_base64url};
use ringfence_identity::Login;

use crate::session::cookie;

/// Name of the cookie.
const NAME: &str = "ringfence_device";
/// What it is sealed as.
const LABEL: &[u8] = b"device";
/// How long it is kept.
const LASTS_SECS: i64 = 90 * 86_400;

/// Whether somebody of this name signed in here before.
pub(crate) fn knows(key: &SealKey, headers: &HeaderMap, login: &Login) -> bool {
    let sealed = cookie(headers, NAME).and_then(|text| from_base64url(text).ok());
    let opened = sealed.and_then(|sealed| key.open(LABEL, &sealed).ok());
    opened.is_some_and(|opened| opened == login.as_str().as_bytes())
}

/// The cookie that says so.
pub(crate) fn remember(key: &SealKey, login: &str, secure: bool) -> Option<String> {
    let sealed = to_base64url(&key.seal(LABEL, login.as_bytes()).ok()?);
    let secure = if secure { "; Secure" } else { "" };
    Some(format!(
        "{NAME}={sealed}; Path=/signin; HttpOnly; SameSite=Strict; Max-Age={LASTS_SECS}{secure}"
    ))
}
