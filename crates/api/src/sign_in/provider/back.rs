//! The way back from a provider.

use axum::extract::{Path, Query, RawQuery, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ringfence_crypto::constant_time_eq;
use ringfence_event::Severity;
use ringfence_federation::{Provider, Vouched, Wanted};
use ringfence_identity::Login;
use ringfence_identity::oidc::{Outcome, Returned};
use ringfence_state::Linked;
use serde::Deserialize;
use url::form_urlencoded;

use super::depart::none;
use super::stop::{Halt, Stop};
use super::{Away, By, Purpose, cookie, second, words};
use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::{Flow, Stage};
use crate::sign_in::html::next_of;
use crate::sign_in::pages;
use crate::sign_in::posted::Come;
use crate::sign_in::steps::{NoSession, SIGNED_OUT, open, set};
use crate::sign_in::told::{self, Change};

/// `GET /signin/from/{provider}`: whatever comes of it, the browser goes on to an address without a code.
pub(crate) async fn back(
    State(app): State<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    come: Come,
) -> Result<Response, Problem> {
    let provider = app.sign_in.provider(&name).ok_or_else(|| none(&name))?;
    let flow = kept(&app, provider, &come);
    let next = flow.as_ref().and_then(|(flow, _)| flow.next.clone());
    let next = next_of(next.as_deref());
    let links = matches!(&flow, Some((_, away)) if matches!(away.purpose, Purpose::Link { .. }));
    let came = Coming {
        app: &app,
        provider,
        come: &come,
        heard: app.sign_in.signed_out.count(),
    };
    let mut response = match came.arrive(flow, query.as_deref(), &next).await {
        Ok(response) => response,
        Err(Halt::Problem(problem)) => return Err(problem),
        Err(Halt::Stop(stop)) => {
            came.told(&stop).await?;
            let at = if links { "/signin/done" } else { "/signin" };
            let ask = [("failed", stop.word), ("from", &name), ("next", &next)];
            go(&format!("{at}?{}", query_of(&ask)))?
        }
    };
    let gone = cookie::away(provider.name(), "", come.is_encrypted());
    set(&mut response, &[gone])?;
    Ok(response)
}

/// What somebody comes to after it.
#[derive(Deserialize)]
pub(crate) struct After {
    next: Option<String>,
    failed: Option<String>,
    from: Option<String>,
}

/// `GET /signin/done`: leads on, now that the cookie of the session is there.
pub(crate) async fn arrived(
    State(app): State<App>,
    Query(after): Query<After>,
) -> Result<Response, Problem> {
    let next = next_of(after.next.as_deref());
    let provider = after.from.and_then(|name| app.sign_in.provider(&name));
    let label = provider.map_or("The provider", Provider::label);
    match after.failed.and_then(|word| words(&word, label)) {
        Some(error) => Ok(pages::failed(&next, &error)),
        None => pages::done(&next),
    }
}

/// What this browser kept when it left for this provider.
fn kept(app: &App, provider: &Provider, come: &Come) -> Option<(Flow, Away)> {
    let sealed = cookie::away_of(&come.headers)?;
    let now = app.inside.now().0;
    let mut flow = app.sign_in.flows.open(Stage::Away, sealed, now)?;
    let away = flow.away.take()?;
    let to = (away.provider.as_str(), away.issuer.as_str());
    (to == (provider.name(), provider.issuer())).then_some((flow, away))
}

/// Somebody who comes back.
struct Coming<'a> {
    app: &'a App,
    provider: &'a Provider,
    come: &'a Come,
    /// Words of sign-outs that were heard before they came.
    heard: u64,
}

impl Coming<'_> {
    async fn arrive(
        &self,
        kept: Option<(Flow, Away)>,
        query: Option<&str>,
        next: &str,
    ) -> Result<Response, Halt> {
        let (app, provider) = (self.app, self.provider);
        let now = app.inside.now().0;
        // Each of these costs the provider a request.
        if app.sign_in.guesses.too_many(self.come.address(), now) {
            return Err(Stop::new("busy", "too many sign-ins from one address").into());
        }
        let unasked = || Stop::new("away", "an answer of a provider that nobody waits for");
        let returned = query.and_then(Returned::parse).ok_or_else(unasked)?;
        let (flow, away) = kept.ok_or_else(unasked)?;
        let state = (returned.state.as_bytes(), away.asked.state.as_bytes());
        if !constant_time_eq(state.0, state.1) {
            let why = "an answer of a provider to a sign-in that began in another browser";
            return Err(Stop::new("away", why).severity(Severity::Medium).into());
        }
        provider.must_be_from(returned.issuer.as_deref()).await?;
        let code = match returned.outcome {
            Outcome::Code(code) => code,
            Outcome::Refused(why) => {
                let why = format!("the provider let nobody in: {why}");
                return Err(Stop::new("refused", why).into());
            }
        };
        let wanted = Wanted {
            asked: &away.asked,
            issuer: returned.issuer.as_deref(),
            redirect_uri: &app.sign_in.redirect_uri(provider),
            now_s: now.div_euclid(1_000),
        };
        let who = provider.redeem(&code, &wanted).await?;
        if !app.sign_in.flows.spend(&flow, now) {
            return Err(unasked().into());
        }
        match away.purpose {
            Purpose::SignIn { instead_of } => self.sign_in(&who, instead_of, next).await,
            Purpose::Link { person, session } => {
                self.link(&who, &person, &session).await?;
                Ok(go(&format!(
                    "/signin/done?{}",
                    query_of(&[("next", next)])
                ))?)
            }
        }
    }

    async fn sign_in(
        &self,
        who: &Vouched,
        instead_of: Option<String>,
        next: &str,
    ) -> Result<Response, Halt> {
        let linked = self.linked(who).await?;
        let by = By {
            provider: self.provider.name().to_owned(),
            link: linked.link,
            subject: who.subject.clone(),
            session: who.session.clone(),
            heard: self.heard,
            instead_of,
            proved_ms: None,
        };
        let person = linked.person;
        if !who.is_mfa {
            let second = second::ask(self.app, &person, by, next, self.come).await?;
            let alone = || {
                let why = "the provider vouched by one factor, and there is none here";
                Stop::new("factor", why).of(&person)
            };
            return Ok(second.ok_or_else(alone)?);
        }
        // Without their word nobody knows when it was: long ago.
        let proved_ms = who.auth_time_s.map_or(0, |at| at.saturating_mul(1_000));
        let by = By {
            proved_ms: Some(proved_ms),
            ..by
        };
        let opened = open(self.app, &person, "oidc,mfa", Some(by), self.come).await;
        let cookies = match opened {
            Ok(cookies) => cookies,
            Err(NoSession::SignedOut) => {
                return Err(Stop::new("over", SIGNED_OUT).of(&person).into());
            }
            Err(NoSession::Problem(problem)) => return Err(problem.into()),
        };
        let mut response = go(&format!("/signin/done?{}", query_of(&[("next", next)])))?;
        set(&mut response, &cookies)?;
        Ok(response)
    }

    /// Who that is here. Whoever is switched off is told what a stranger is.
    async fn linked(&self, who: &Vouched) -> Result<Linked, Halt> {
        let state = &self.app.state;
        let stranger = |why: &str| Stop::new("unknown", why);
        match state.linked(&who.issuer, &who.subject).await? {
            Some(linked) if linked.is_enabled => return Ok(linked),
            Some(linked) => {
                let why = "the account that is linked is switched off";
                return Err(stranger(why).of(&linked.person).into());
            }
            None => {}
        }
        // Whoever has nothing here yet needs all of it from there.
        let known_as = match who.is_mfa {
            true => self.provider.known_as(who).await?,
            false => None,
        };
        let nobody = "nobody here is linked to that account";
        let login = known_as.and_then(|name| Login::parse(&name).ok());
        let login = login.ok_or_else(|| stranger(nobody))?;
        let now = self.app.inside.now().0;
        let linked = state
            .link_first(&login, &who.issuer, &who.subject, now)
            .await?;
        let linked = linked.ok_or_else(|| stranger(nobody))?;
        let account = state.account(&linked.person, now).await?;
        let what = format!(
            "was linked to an account of {} at the first sign-in",
            self.provider.label()
        );
        told::account(
            self.app,
            Change::FactorEnable,
            &account.principal,
            None,
            &what,
        )
        .await?;
        Ok(linked)
    }

    /// Links an account to whoever went there for that, if the session that they did it in is still there.
    async fn link(&self, who: &Vouched, person: &str, session: &str) -> Result<(), Halt> {
        let (state, now) = (&self.app.state, self.app.inside.now().0);
        let sessions = state.sessions_of(person, now).await?;
        if !sessions.iter().any(|open| open.id == session) {
            let why = "an account was to be linked by a session that has ended";
            return Err(Stop::new("session", why).of(person).into());
        }
        match state.linked(&who.issuer, &who.subject).await? {
            Some(linked) if linked.person == person => return Ok(()),
            Some(_) => {
                let why = "an account was to be linked that is somebody else's here";
                let stop = Stop::new("taken", why).of(person);
                return Err(stop.severity(Severity::Medium).into());
            }
            None => {}
        }
        state.link(person, &who.issuer, &who.subject, now).await?;
        let account = state.account(person, now).await?;
        let who = &account.principal;
        let what = format!("linked an account of {}", self.provider.label());
        told::account(self.app, Change::FactorEnable, who, Some(who), &what).await?;
        Ok(())
    }

    /// Records why somebody was not let in, unless their address fills the log with it.
    async fn told(&self, stop: &Stop) -> Result<(), Problem> {
        let (guesses, now) = (&self.app.sign_in.guesses, self.app.inside.now().0);
        let address = self.come.address();
        if !guesses.too_many(address, now) {
            let person = stop.person.as_deref();
            let provider = Some(self.provider);
            told::refused_by(
                self.app,
                person,
                &stop.why,
                stop.severity,
                provider,
                address,
            )
            .await?;
        }
        if stop.word != "outage" {
            guesses.count(address, now);
        }
        Ok(())
    }
}

pub(super) fn go(to: &str) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(to).map_err(|e| Problem::internal(&e))?;
    response.headers_mut().insert(LOCATION, to);
    Ok(response)
}

fn query_of(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.finish()
}
