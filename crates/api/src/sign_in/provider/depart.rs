//! The way to a provider.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ringfence_federation::{Asked, Failure, Provider};
use serde::Deserialize;
use url::Url;

use super::{Away, Purpose, cookie, words};
use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::Stage;
use crate::sign_in::html::next_of;
use crate::sign_in::pages;
use crate::sign_in::posted::Posted;
use crate::sign_in::steps::{set, sign_in_page};

/// Longest address that is gone to afterwards: it is kept in a cookie.
const MOST_NEXT: usize = 1_024;

/// Somebody wants to sign in by a provider.
#[derive(Deserialize)]
pub(crate) struct Departing {
    next: Option<String>,
    again: Option<String>,
}

/// `POST /signin/with/{provider}`.
pub(crate) async fn depart(
    State(app): State<App>,
    Path(name): Path<String>,
    Posted(form, come): Posted<Departing>,
) -> Result<Response, Problem> {
    let provider = app.sign_in.provider(&name).ok_or_else(|| none(&name))?;
    if app
        .sign_in
        .guesses
        .too_many(come.address(), app.inside.now().0)
    {
        app.sign_in.lanes.turn_away().await;
        return Ok(pages::busy());
    }
    let next = next_of(form.next.as_deref());
    let instead_of = come.has_session().map(|session| session.to_hex());
    let purpose = Purpose::SignIn { instead_of };
    let secure = come.is_encrypted();
    match lead(&app, provider, purpose, &next, form.again.is_some(), secure).await? {
        Ok((url, cookie)) => {
            let mut response = pages::to_provider(provider.label(), &url)?;
            set(&mut response, &[cookie])?;
            Ok(response)
        }
        Err(_) => {
            let said = words("outage", provider.label());
            sign_in_page(
                &app,
                StatusCode::SERVICE_UNAVAILABLE,
                &next,
                said.as_deref(),
            )
        }
    }
}

/// Where a browser is to go, and the cookie that it keeps meanwhile.
pub(super) async fn lead(
    app: &App,
    provider: &Provider,
    purpose: Purpose,
    next: &str,
    anew: bool,
    secure: bool,
) -> Result<Result<(Url, String), Failure>, Problem> {
    let asked = Asked::new(anew).map_err(|e| Problem::internal(&e))?;
    let redirect_uri = app.sign_in.redirect_uri(provider);
    let url = match provider.ask(&asked, &redirect_uri).await {
        Ok(url) => url,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut flow = app.sign_in.flows.begin(app.inside.now().0)?;
    flow.next = (next.len() <= MOST_NEXT).then(|| next.to_owned());
    flow.away = Some(Away {
        provider: provider.name().to_owned(),
        issuer: provider.issuer().to_owned(),
        asked,
        purpose,
    });
    let sealed = app.sign_in.flows.seal(Stage::Away, &flow)?;
    Ok(Ok((url, cookie::away(provider.name(), &sealed, secure))))
}

pub(super) fn none(name: &str) -> Problem {
    Problem::not_found(format!("no provider `{name}` to sign in with"))
}
