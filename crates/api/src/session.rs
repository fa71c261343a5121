//! Sessions of browsers: who is signed in, and how requests show it.
//!
//! The cookie is `HttpOnly` and `SameSite=Strict`. A request with it that changes something carries a
//! header that no form and no simple request of another site can carry: without it the request is
//! refused (fails closed). How long ago the person touched anything is said by another header: a page
//! that asks by itself keeps no session from being idle.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State as AxumState};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ringfence_crypto::TokenHash;
use ringfence_policy::{Kind, Program, Subject};
use ringfence_state::{Held, Scope, Session};
use serde::Serialize;

use crate::app::App;
use crate::auth::{Peer, Person};
use crate::problem::Problem;
use crate::sign_in::told;

/// Name of the cookie.
pub(crate) const NAME: &str = "ringfence_session";
/// The header of requests that change something.
const MARK: &str = "x-ringfence-console";
/// Whole seconds since the person last touched anything.
const IDLE: &str = "x-ringfence-idle";
/// For how long after a sign-in somebody may change how people sign in, and what they may do.
const FRESH_MS: i64 = 15 * 60_000;

/// Who asks.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: String,
    name: String,
    kind: Kind,
    role: String,
    scope: Scope,
    /// Id of the session; tokens have none.
    session: Option<String>,
    expires_ms: Option<i64>,
    /// A session in which a person does nothing for so long is over.
    idle_ms: i64,
    /// Until when they may change how people sign in without signing in again.
    fresh_until_ms: Option<i64>,
    /// Roles in reserve that are in force, since they broke the glass.
    emergencies: Vec<Held>,
    now_ms: i64,
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
    let token = cookie(&parts.headers, NAME).ok_or_else(Problem::unauthorized)?;
    let now = app.inside.now().0;
    let marked = parts.headers.contains_key(MARK);
    // Only our own pages say how idle somebody is.
    let idle = parts.headers.get(IDLE).filter(|_| marked);
    let idle = idle.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    let active_ms = idle.map(|secs| now.saturating_sub(i64::from(secs) * 1_000));
    let found = app.state.session_by_token(token, now, active_ms).await?;
    let found = found.ok_or_else(Problem::unauthorized)?;
    if !parts.method.is_safe() && !marked {
        let detail =
            "a request with the console's cookie carries the header X-Ringfence-Console: 1";
        return Err(Problem::forbidden(detail));
    }
    Ok((found, TokenHash::of(token)))
}

/// Whether somebody is signed in, for a page that they open: that is something they do.
pub(crate) async fn is_open(headers: &HeaderMap, app: &App) -> Result<bool, Problem> {
    let Some(token) = cookie(headers, NAME) else {
        return Ok(false);
    };
    let now = app.inside.now().0;
    let found = app.state.session_by_token(token, now, Some(now)).await?;
    Ok(found.is_some())
}

/// `GET /api/v1/session`.
pub(crate) async fn show(AxumState(app): AxumState<App>, person: Person) -> Json<Shown> {
    let now = app.inside.now().0;
    let who = &person.principal;
    let subject = who.subject(now);
    let session = person.session.as_deref();
    Json(Shown {
        id: who.id.clone(),
        name: who.name.clone(),
        kind: who.kind,
        role: role_of(&subject),
        scope: scope_of(&subject),
        session: session.map(|session| session.id.clone()),
        expires_ms: session.map(|session| session.expires_ms),
        idle_ms: app.state.session_idle_ms(),
        fresh_until_ms: session.map(|session| session.proved_ms.saturating_add(FRESH_MS)),
        emergencies: who
            .roles
            .iter()
            .filter(|held| held.reserve && held.is_held_at(now))
            .cloned()
            .collect(),
        now_ms: now,
    })
}

/// Refuses somebody whose sign-in is a while ago: a page left open is not them.
pub(crate) fn must_be_fresh(app: &App, person: &Person) -> Result<(), Problem> {
    let now = app.inside.now().0;
    let session = person.session.as_deref();
    match session.is_some_and(|session| now.saturating_sub(session.proved_ms) < FRESH_MS) {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "sign-in-again",
            "Sign in again for this",
            "this is for somebody who signed in within the last 15 minutes: open /signin?again",
        )),
    }
}

/// `DELETE /api/v1/session`.
pub(crate) async fn end(
    AxumState(app): AxumState<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    person: Person,
) -> Result<Response, Problem> {
    if let Some(token) = cookie(&headers, NAME) {
        app.state.end_session(token).await?;
        told::signed_out(&app, &person.principal, "signed out").await?;
    }
    let secure = peer.is_some_and(|Extension(peer)| peer.encrypted);
    let gone = [(SET_COOKIE, set_cookie("", 0, secure))];
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

/// RFC 6265 section 4.1.
pub(crate) fn set_cookie(value: &str, lasts_secs: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lasts_secs}{secure}")
}

/// A cookie by its name.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).into_iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_never_by_half_its_name() {
        let found = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, text.parse().unwrap());
            cookie(&headers, NAME).map(str::to_owned)
        };
        assert_eq!(
            found("a=1; ringfence_session=rfb_x; b=2").as_deref(),
            Some("rfb_x")
        );
        assert_eq!(found("ringfence_session_old=x; xringfence_session=y"), None);
    }
}
