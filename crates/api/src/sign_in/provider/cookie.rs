//! Cookies of the way there and back. They are `SameSite=Lax`, because the browser comes back from another
//! site; each goes to one address alone, is sealed, and is good for minutes.

use axum::http::HeaderMap;

use crate::session::cookie;
use crate::sign_in::flow::LASTS_MS;

const AWAY: &str = "ringfence_away";
const STEP: &str = "ringfence_step";
/// Where the second step is.
pub(super) const STEP_AT: &str = "/signin/step";

/// What is kept while somebody is at a provider; empty text takes it away.
pub(super) fn away(provider: &str, sealed: &str, secure: bool) -> String {
    lax(AWAY, sealed, &format!("/signin/from/{provider}"), secure)
}

/// What is kept between a provider and the step after it.
pub(super) fn step(sealed: &str, secure: bool) -> String {
    lax(STEP, sealed, STEP_AT, secure)
}

pub(super) fn away_of(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, AWAY)
}

pub(super) fn step_of(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, STEP)
}

fn lax(name: &str, value: &str, path: &str, secure: bool) -> String {
    let lasts = if value.is_empty() {
        0
    } else {
        LASTS_MS / 1_000
    };
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={lasts}{secure}")
}
