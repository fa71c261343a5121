//! Who asks. Tokens for now; sign-in joins here.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use ringfence_event::{Authority, Name, Origin};
use ringfence_state::{Classes, Principal, Scope, Source};

use crate::app::App;
use crate::problem::Problem;

/// A person or program that may use the API.
#[derive(Debug, Clone)]
pub(crate) struct Person(pub Arc<Principal>);

impl Person {
    /// Its programs.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// As history rows name it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Refuses who does not administer the whole installation.
    pub fn must_administer(&self) -> Result<(), Problem> {
        if self.0.role == "admin" {
            Ok(())
        } else {
            Err(Problem::forbidden("only an administrator may do that"))
        }
    }
}

/// A source that may send records.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// Whose word it is.
    pub origin: Arc<Origin>,
}

impl FromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = token(parts).ok_or_else(Problem::unauthorized)?;
        let found = app
            .state
            .principal_by_token(token, app.inside.now().0)
            .await?;
        match found {
            Some(principal) => Ok(Self(principal)),
            // A source's token is valid, but sending is all that it is for.
            None if app
                .state
                .source_by_token(token, app.inside.now().0)
                .await?
                .is_some() =>
            {
                Err(Problem::forbidden(
                    "the token of a source may only send events",
                ))
            }
            None => Err(Problem::unauthorized()),
        }
    }
}

impl OptionalFromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let Some(token) = token(parts) else {
            return Ok(None);
        };
        Ok(app
            .state
            .principal_by_token(token, app.inside.now().0)
            .await?
            .map(Self))
    }
}

impl FromRequestParts<App> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = token(parts).ok_or_else(Problem::unauthorized)?;
        let now = app.inside.now().0;
        if let Some(source) = app.state.source_by_token(token, now).await? {
            let peer = parts.extensions.get::<Peer>().map(|p| p.0.ip());
            if !source.allowed_peers.is_empty() && !peer.is_some_and(|ip| source.allows_peer(ip)) {
                return Err(Problem::forbidden(
                    "this source may not send from your address",
                ));
            }
            return Ok(Self {
                origin: Arc::new(origin_of(&source)?),
            });
        }
        match app.state.principal_by_token(token, now).await? {
            Some(principal) if principal.role == "admin" => Ok(Self {
                origin: Arc::new(automation()?),
            }),
            Some(_) => Err(Problem::forbidden("make a source and send with its token")),
            None => Err(Problem::unauthorized()),
        }
    }
}

/// Address of the other end, put there by whoever accepted the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub std::net::SocketAddr);

/// What a source's credential says about everything it sends.
fn origin_of(source: &Source) -> Result<Origin, Problem> {
    let name = |s: &str| Name::new(s).map_err(|e| Problem::internal(&e));
    Ok(Origin {
        source: name(&source.name)?,
        program: name(&source.program)?,
        site: name(&source.site)?,
        authority: Authority {
            classes: match &source.classes {
                Classes::All(_) => None,
                Classes::These(set) => Some(set.clone()),
            },
            call_state: source.has_grant("call-state"),
            authenticated: true,
        },
    })
}

/// The built-in source of the administrator's own token, for automation.
fn automation() -> Result<Origin, Problem> {
    let name = |s: &str| Name::new(s).map_err(|e| Problem::internal(&e));
    Ok(Origin::local(
        name("automation")?,
        name("default")?,
        name("default")?,
    ))
}

/// The token of a request; `Splunk` is the scheme that HEC senders write.
fn token(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("splunk");
    known.then(|| token.trim())
}
