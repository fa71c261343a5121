//! Sign-in of browsers: a token is shown once and becomes a cookie that no script can read.
//!
//! The cookie is `HttpOnly` and `SameSite=Strict`, and what it is good for ends with the token that it
//! was made from. A request with it that changes something carries a header that no form and no
//! simple request of another site can carry: without it the request is refused (fails closed).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State as AxumState;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ringfence_crypto::TokenHash;
use ringfence_policy::{Program, Subject};
use ringfence_state::{Principal, Scope, Session};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::{Peer, Person};
use crate::object::{Body, read};
use crate::problem::Problem;

/// Name of the cookie.
const NAME: &str = "ringfence_session";
/// The header of requests that change something.
const MARK: &str = "x-ringfence-console";
/// Wrong tokens that one address may show in a minute.
const GUESSES: u32 = 10;
const MINUTE_MS: i64 = 60_000;
/// Addresses that are remembered; when there are more, all are forgotten.
const ADDRESSES: usize = 10_000;

/// A token to be exchanged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    token: String,
}

/// Who asks.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    name: String,
    role: String,
    scope: Scope,
    expires_ms: Option<i64>,
    now_ms: i64,
}

impl Shown {
    fn new(who: &Principal, expires_ms: Option<i64>, now_ms: i64) -> Self {
        let subject = who.subject(now_ms);
        Self {
            name: who.name.clone(),
            role: role_of(&subject),
            scope: scope_of(&subject),
            expires_ms,
            now_ms,
        }
    }
}

/// The roles in words, for a line about who is signed in.
fn role_of(who: &Subject) -> String {
    let mut words: Vec<_> = who.roles.iter().map(|held| held.role.words()).collect();
    words.dedup();
    words.join(", ")
}

/// All programs of the roles.
fn scope_of(who: &Subject) -> Scope {
    let programs = who.roles.iter().map(|held| match &held.program {
        Program::All => None,
        Program::One(name) => Some(name.clone()),
    });
    match programs.collect() {
        Some(programs) => Scope::Programs(programs),
        None => Scope::All,
    }
}

/// The session that a request's cookie belongs to.
pub(crate) async fn of(parts: &Parts, app: &App) -> Result<(Arc<Session>, TokenHash), Problem> {
    let token = cookie(&parts.headers).ok_or_else(Problem::unauthorized)?;
    let found = app
        .state
        .session_by_token(token, app.inside.now().0)
        .await?
        .ok_or_else(Problem::unauthorized)?;
    if !parts.method.is_safe() && !parts.headers.contains_key(MARK) {
        let detail =
            "a request with the console's cookie carries the header X-Ringfence-Console: 1";
        return Err(Problem::forbidden(detail));
    }
    Ok((found, TokenHash::of(token)))
}

/// `GET /api/v1/session`.
pub(crate) async fn show(
    AxumState(app): AxumState<App>,
    headers: HeaderMap,
    person: Person,
) -> Result<Json<Shown>, Problem> {
    let now = app.inside.now().0;
    let expires = match cookie(&headers) {
        Some(token) => app.state.session_by_token(token, now).await?,
        None => None,
    };
    let expires_ms = expires.map(|session| session.expires_ms);
    Ok(Json(Shown::new(&person.principal, expires_ms, now)))
}

/// `POST /api/v1/session`: a token for a cookie.
pub(crate) async fn open(
    AxumState(app): AxumState<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body<SignIn>,
) -> Result<Response, Problem> {
    // Otherwise another site could sign a browser in as somebody of its choice.
    if !headers.contains_key(MARK) {
        let detail = "send the header X-Ringfence-Console: 1";
        return Err(Problem::forbidden(detail));
    }
    let asked = read(body)?;
    let now = app.inside.now().0;
    let address = peer.map(|Extension(peer)| peer.address.ip());
    if app.guesses.too_many(address, now) {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many",
            "Too many wrong tokens",
            "wait a minute, then try again".to_owned(),
        ));
    }
    let Some((token, session)) = app.state.open_session(asked.token.trim(), now).await? else {
        app.guesses.count(address, now);
        tracing::warn!(peer = ?address, "a sign-in to the console with an unknown token");
        return Err(Problem::unauthorized());
    };
    tracing::info!(peer = ?address, principal = session.principal.id, "signed in to the console");
    let secure = peer.is_some_and(|Extension(peer)| peer.encrypted);
    let lasts = (session.expires_ms - now) / 1_000;
    let cookie = set_cookie(token.reveal(), lasts, secure);
    let shown = Shown::new(&session.principal, Some(session.expires_ms), now);
    Ok(([(SET_COOKIE, cookie)], Json(shown)).into_response())
}

/// `DELETE /api/v1/session`.
pub(crate) async fn end(
    AxumState(app): AxumState<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    _person: Person,
) -> Result<Response, Problem> {
    if let Some(token) = cookie(&headers) {
        app.state.end_session(token).await?;
    }
    let secure = peer.is_some_and(|Extension(peer)| peer.encrypted);
    Ok((
        StatusCode::NO_CONTENT,
        [(SET_COOKIE, set_cookie("", 0, secure))],
    )
        .into_response())
}

/// RFC 6265 section 4.1.
fn set_cookie(value: &str, lasts_secs: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lasts_secs}{secure}")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).into_iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// Who guessed lately: guesses from one address do not keep others out.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<Option<IpAddr>, (i64, u32)>>);

impl Guesses {
    fn too_many(&self, address: Option<IpAddr>, now_ms: i64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&address)
            .is_some_and(|(since, n)| *n >= GUESSES && now_ms - since < MINUTE_MS)
    }

    fn count(&self, address: Option<IpAddr>, now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES {
            known.clear();
        }
        let entry = known.entry(address).or_insert((now_ms, 0));
        if now_ms - entry.0 >= MINUTE_MS {
            *entry = (now_ms, 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_never_by_half_its_name() {
        let found = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, text.parse().unwrap());
            cookie(&headers).map(str::to_owned)
        };
        assert_eq!(
            found("a=1; ringfence_session=rfb_x; b=2").as_deref(),
            Some("rfb_x")
        );
        assert_eq!(found("ringfence_session_old=x; xringfence_session=y"), None);
    }

    #[test]
    fn guesses_of_one_address_are_bounded_and_forgotten() {
        let guesses = Guesses::default();
        let one = Some("203.0.113.1".parse().unwrap());
        let other = Some("203.0.113.2".parse().unwrap());
        (0..GUESSES).for_each(|_| guesses.count(one, 0));
        assert!(guesses.too_many(one, 1) && !guesses.too_many(other, 1));
        assert!(!guesses.too_many(one, MINUTE_MS));
    }
}
