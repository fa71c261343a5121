//! The step after a provider that vouched by one factor: another one, of here.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ringfence_identity::webauthn::Known;

use super::back::go;
use super::{By, cookie, words};
use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::{Flow, Stage};
use crate::sign_in::html::next_of;
use crate::sign_in::pages;
use crate::sign_in::posted::Come;
use crate::sign_in::steps::{set, sign_in_page};

/// Leads somebody to the second step; nowhere, if they have nothing to show there.
pub(super) async fn ask(
    app: &App,
    person: &str,
    by: By,
    next: &str,
    come: &Come,
) -> Result<Option<Response>, Problem> {
    let now = app.inside.now().0;
    let account = app.state.account(person, now).await?;
    let by_passkey = account.passkeys > 0 && app.sign_in.relying_party.is_ok();
    if !by_passkey && account.one_time_codes == 0 && account.recovery_left == 0 {
        return Ok(None);
    }
    let mut flow = app.sign_in.flows.begin(now)?;
    flow.person = Some(person.to_owned());
    flow.by = Some(by);
    flow.next = Some(next.to_owned());
    let sealed = app.sign_in.flows.seal(Stage::Code, &flow)?;
    let mut response = go(cookie::STEP_AT)?;
    set(&mut response, &[cookie::step(&sealed, come.is_encrypted())])?;
    Ok(Some(response))
}

/// `GET /signin/step`.
pub(crate) async fn second_page(State(app): State<App>, come: Come) -> Result<Response, Problem> {
    let now = app.inside.now().0;
    let kept = cookie::step_of(&come.headers).and_then(|sealed| {
        let flow = app.sign_in.flows.open(Stage::Code, sealed, now)?;
        flow.by.is_some().then_some((sealed, flow))
    });
    match kept {
        Some((sealed, flow)) => {
            let next = next_of(flow.next.as_deref());
            second_step(&app, StatusCode::OK, sealed, &flow, &next, None).await
        }
        None => {
            let said = words("away", "");
            sign_in_page(&app, StatusCode::UNAUTHORIZED, "/", said.as_deref())
        }
    }
}

/// The page of that step.
pub(crate) async fn second_step(
    app: &App,
    status: StatusCode,
    sealed: &str,
    flow: &Flow,
    next: &str,
    error: Option<&str>,
) -> Result<Response, Problem> {
    let now = app.inside.now().0;
    let person = flow.person.as_deref().unwrap_or_default();
    let account = app.state.account(person, now).await?;
    let asked = asked(app, flow, person).await?;
    let codes = account.one_time_codes > 0 || account.recovery_left > 0;
    Ok(pages::second(
        status,
        (sealed, next),
        asked.as_ref(),
        codes,
        error,
    ))
}

/// What a browser is asked for: one of their passkeys, if they have any.
async fn asked(app: &App, flow: &Flow, person: &str) -> Result<Option<(String, String)>, Problem> {
    let passkeys = app.state.passkeys_of(person).await?;
    let Ok(party) = &app.sign_in.relying_party else {
        return Ok(None);
    };
    if passkeys.is_empty() {
        return Ok(None);
    }
    let known: Vec<_> = passkeys
        .iter()
        .map(|passkey| Known {
            id: &passkey.id,
            transports: &passkey.transports,
        })
        .collect();
    let step = app.sign_in.flows.begin_within(flow, app.inside.now().0)?;
    let options = party.request_options(&step.challenge, &known);
    let sealed = app.sign_in.flows.seal(Stage::Passkey, &step)?;
    Ok(Some((sealed, options.to_string())))
}
