//! What a form of sign-in comes with.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use ringfence_crypto::TokenHash;
use ringfence_state::NewSession;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::Peer;
use crate::session::{self, cookie};
use crate::sign_in::html::must_be_ours;

/// A form of a page of ours, and what it came with. One that another site posts is refused here, so
/// that no step can forget to.
pub(crate) struct Posted<T>(pub T, pub Come);

/// What of a request is needed to open a session for it.
pub(crate) struct Come {
    peer: Option<Peer>,
    pub headers: HeaderMap,
}

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let come = Come::of(&parts);
        let request = Request::from_parts(parts, body);
        let form = Form::from_request(request, app).await;
        let Form(form) = form.map_err(IntoResponse::into_response)?;
        must_be_ours(&come.headers).map_err(IntoResponse::into_response)?;
        Ok(Self(form, come))
    }
}

impl FromRequestParts<App> for Come {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Come {
    fn of(parts: &Parts) -> Self {
        Self {
            peer: parts.extensions.get::<Peer>().cloned(),
            headers: parts.headers.clone(),
        }
    }

    /// The session that the browser has, if it says so: signing in again ends it.
    pub(crate) fn has_session(&self) -> Option<TokenHash> {
        cookie(&self.headers, session::NAME).map(TokenHash::of)
    }

    /// Whose connection it is.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.peer.as_ref().map(|peer| peer.address.ip())
    }

    /// The connection cannot be listened to.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.encrypted)
    }

    /// What a session is opened with.
    pub(crate) fn session(&self, methods: &'static str) -> NewSession {
        let browser = self.headers.get(USER_AGENT);
        let browser = browser.and_then(|value| value.to_str().ok());
        NewSession {
            methods,
            address: self.address().map_or_else(String::new, |ip| ip.to_string()),
            browser: browser.unwrap_or_default().to_owned(),
            instead_of: self.has_session(),
            vouch: None,
        }
    }
}
