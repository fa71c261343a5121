//! Linking an account at a provider to one's own here.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::depart::{lead, none};
use super::{Purpose, words};
use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::session::must_be_fresh;
use crate::sign_in::posted::Come;
use crate::sign_in::steps::set;

/// Where the console shows somebody their account.
const ACCOUNT: &str = "/account";

/// A provider as people see it.
#[derive(Debug, Serialize)]
pub(crate) struct ShownProvider {
    name: String,
    label: String,
    issuer: String,
}

/// All of them.
pub(crate) fn shown_providers(app: &App) -> Vec<ShownProvider> {
    let providers = app.sign_in.providers.iter();
    let shown = providers.map(|provider| ShownProvider {
        name: provider.name().to_owned(),
        label: provider.label().to_owned(),
        issuer: provider.issuer().to_owned(),
    });
    shown.collect()
}

/// Where an account is to be linked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Linking {
    provider: String,
}

/// Where the browser goes next.
#[derive(Serialize)]
struct Leads {
    url: String,
}

/// `POST /api/v1/me/links/begin`. They sign in there anew: somebody else's session may be open in this
/// browser, and would be linked without a question.
pub(crate) async fn begin_link(
    State(app): State<App>,
    person: Person,
    come: Come,
    body: Body<Linking>,
) -> Result<Response, Problem> {
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let provider = app.sign_in.provider(&asked.provider);
    let provider = provider.ok_or_else(|| none(&asked.provider))?;
    let session = person.session_id().ok_or_else(Problem::unauthorized)?;
    let purpose = Purpose::Link {
        person: person.id().to_owned(),
        session: session.to_owned(),
    };
    let secure = come.is_encrypted();
    let led = lead(&app, provider, purpose, ACCOUNT, true, secure).await?;
    let (url, cookie) = led
        .map_err(|_| Problem::unavailable(words("outage", provider.label()).unwrap_or_default()))?;
    let leads = Leads { url: url.into() };
    let mut response = Json(leads).into_response();
    set(&mut response, &[cookie])?;
    Ok(response)
}
