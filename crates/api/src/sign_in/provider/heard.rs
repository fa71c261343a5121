//! A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ringfence_crypto::sha256;
use serde::Deserialize;
use serde_json::json;

use super::depart::none;
use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::told;

/// Longer than such a token is good.
const REMEMBERED_MS: i64 = 15 * 60_000;
/// Tokens that are remembered.
const MOST: usize = 50_000;

/// Tokens that were heard of late.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<HashMap<[u8; 32], i64>>);

impl Heard {
    /// Takes a token in, unless it was heard before, or too many were (fails closed).
    fn is_new(&self, issuer: &str, id: &str, now_ms: i64) -> bool {
        let name = sha256(json!([issuer, id]).to_string().as_bytes());
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= MOST {
            heard.retain(|_, at| now_ms - *at < REMEMBERED_MS);
        }
        heard.len() < MOST && heard.insert(name, now_ms).is_none()
    }
}

/// What a provider sends.
#[derive(Deserialize)]
pub(crate) struct Said {
    logout_token: String,
}

/// `POST /signin/logout-of/{provider}`: the sessions that were opened by it end.
pub(crate) async fn provider_signed_out(
    State(app): State<App>,
    Path(name): Path<String>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let provider = app.sign_in.provider(&name).ok_or_else(|| none(&name))?;
    let now = app.inside.now().0;
    let heard = provider
        .signed_out(&said.logout_token, now.div_euclid(1_000))
        .await;
    let token = match heard {
        Ok(token)
            if app
                .sign_in
                .signed_out
                .is_new(provider.issuer(), &token.id, now) =>
        {
            token
        }
        Ok(_) => return Ok(refused()),
        Err(failure) => {
            tracing::warn!(provider = name, %failure, "a provider's word of a sign-out was not believed");
            return Ok(refused());
        }
    };
    let (subject, session) = (token.subject.as_deref(), token.session.as_deref());
    let whose = app
        .state
        .end_provider_sessions(provider.issuer(), subject, session)
        .await?;
    for person in whose {
        let account = app.state.account(&person, now).await?;
        let how = format!("signed out at {}", provider.label());
        told::signed_out(&app, &account.principal, &how).await?;
    }
    Ok(StatusCode::OK.into_response())
}

/// Section 2.8.
fn refused() -> Response {
    let why = Json(json!({ "error": "invalid_request" }));
    (StatusCode::BAD_REQUEST, why).into_response()
}
