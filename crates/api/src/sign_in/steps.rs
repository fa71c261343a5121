//! Sign-in, step by step: a passkey, or a name and a password and then a code.

use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ringfence_crypto::SealKey;
use ringfence_event::Severity;
use ringfence_federation::Provider;
use ringfence_identity::{Login, RecoveryCode, Totp};
use ringfence_state::SignInAs;
use serde::Deserialize;

use crate::app::App;
use crate::problem::Problem;
use crate::session;
use crate::sign_in::flow::Stage;
use crate::sign_in::html::next_of;
use crate::sign_in::pages::Ways;
use crate::sign_in::posted::{Come, Posted};
use crate::sign_in::provider::{self, By};
use crate::sign_in::told::{self, Change};
use crate::sign_in::{device, pages, passkey, password};

/// What the context of a sealed secret of one-time codes begins with.
const CODES_OF: &str = "totp:";

/// Where to go afterwards.
#[derive(Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
    /// What went wrong on the way by a provider, and which.
    failed: Option<String>,
    from: Option<String>,
    /// They signed in before, and are to do it anew.
    again: Option<String>,
}

/// `GET /signin`.
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Next>,
) -> Result<Response, Problem> {
    let provider = asked.from.and_then(|name| app.sign_in.provider(&name));
    let failed = asked.failed.as_deref();
    let error = failed.and_then(|word| provider::words(word, provider?.label()));
    let view = Shows {
        next: &next_of(asked.next.as_deref()),
        error: error.as_deref(),
        again: asked.again.is_some(),
    };
    show(&app, StatusCode::OK, &view)
}

/// A name and a password.
#[derive(Deserialize)]
pub(crate) struct NameAndPassword {
    login: String,
    password: String,
    next: Option<String>,
}

/// `POST /signin`.
pub(crate) async fn password_form(
    State(app): State<App>,
    Posted(form, come): Posted<NameAndPassword>,
) -> Result<Response, Problem> {
    let next = next_of(form.next.as_deref());
    let address = come.address();
    let known = Login::parse(&form.login)
        .is_ok_and(|login| device::knows(&app.sign_in.device, &come.headers, &login));
    match password::judge(&app, &form.login, form.password, address, known).await? {
        password::Gave::Right(who) => {
            let mut flow = app.sign_in.flows.begin(app.inside.now().0)?;
            flow.person = Some(who.person);
            let sealed = app.sign_in.flows.seal(Stage::Code, &flow)?;
            Ok(pages::code(StatusCode::OK, &sealed, &next, None))
        }
        password::Gave::Wrong {
            person,
            locked_until_ms,
        } => {
            punished(&app, person.as_deref(), locked_until_ms).await?;
            let why = "wrong name or password";
            told::refused(&app, person.as_deref(), why, Severity::Low, address).await?;
            sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(WRONG))
        }
        password::Gave::Busy => Ok(pages::busy()),
    }
}

const WRONG: &str = "That name and password do not go together here. After several wrong ones a password \
    is locked for a while; a passkey is not.";

/// A code.
#[derive(Deserialize)]
pub(crate) struct Code {
    flow: String,
    code: String,
    next: Option<String>,
}

/// `POST /signin/code`.
pub(crate) async fn code(
    State(app): State<App>,
    Posted(form, come): Posted<Code>,
) -> Result<Response, Problem> {
    let next = next_of(form.next.as_deref());
    let now = app.inside.now().0;
    let flow = app.sign_in.flows.open(Stage::Code, &form.flow, now);
    let flow = flow.and_then(|flow| Some((flow.person.clone()?, flow)));
    let Some((person, flow)) = flow else {
        return sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(STALE));
    };
    let address = come.address();
    let who = app.state.sign_in_by_id(&person, now).await?;
    // Wrong codes lock it too: then the password that opened this step opens nothing any longer.
    let Some(who) = who.filter(|who| who.locked_until_ms.is_none()) else {
        return sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(WRONG));
    };
    let methods = match shown(&app, &who, &form.code, now).await? {
        Some(shown) if app.sign_in.flows.spend(&flow, now) => match (flow.by.is_some(), shown) {
            (false, Shown::Code) => "password,totp",
            (false, Shown::Recovery) => "password,recovery",
            (true, Shown::Code) => "oidc,totp",
            (true, Shown::Recovery) => "oidc,recovery",
        },
        _ => {
            let locked = app.state.count_wrong(&who.person, now).await?;
            punished(&app, Some(&who.person), locked).await?;
            let why = "wrong code, or one that was used before";
            told::refused(&app, Some(&who.person), why, Severity::Low, address).await?;
            let (status, said) = (StatusCode::UNAUTHORIZED, Some(WRONG_CODE));
            return match flow.by.is_some() {
                true => provider::second_step(&app, status, &form.flow, &flow, &next, said).await,
                false => Ok(pages::code(status, &form.flow, &next, said)),
            };
        }
    };
    welcome(&app, &who.person, methods, flow.by, &come, &next).await
}

const WRONG_CODE: &str = "That code is not right, or was used before. Wait for the next one.";
const STALE: &str = "That took too long. Begin again.";

/// The credential of a passkey.
#[derive(Deserialize)]
pub(crate) struct Credential {
    flow: String,
    credential: String,
    next: Option<String>,
}

/// `POST /signin/passkey`.
pub(crate) async fn passkey_form(
    State(app): State<App>,
    Posted(form, come): Posted<Credential>,
) -> Result<Response, Problem> {
    let next = next_of(form.next.as_deref());
    let now = app.inside.now().0;
    let party = app.sign_in.party()?;
    let Some(flow) = app.sign_in.flows.open(Stage::Passkey, &form.flow, now) else {
        return sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(STALE));
    };
    match passkey::shown(&app, party, &flow, &form.credential).await? {
        Ok(known) => match flow.by {
            Some(by) => welcome(&app, &known.person, "oidc,passkey", Some(by), &come, &next).await,
            None => welcome(&app, &known.person, "passkey", None, &come, &next).await,
        },
        Err(not) => {
            let severity = match not.may_be_copy {
                true => Severity::High,
                false => Severity::Low,
            };
            let address = come.address();
            // Passkeys are never shut out, but an address that tries many fills no log.
            if !app.sign_in.guesses.too_many(address, now) {
                told::refused(&app, not.person.as_deref(), &not.why, severity, address).await?;
            }
            app.sign_in.guesses.count(address, now);
            sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(NOT_OPENED))
        }
    }
}

const NOT_OPENED: &str =
    "That passkey does not open anything here. Use another one, or your password.";

/// Why no session was opened.
pub(crate) enum NoSession {
    /// The provider that vouched for them said that they signed out there.
    SignedOut,
    /// Something of our own went wrong.
    Problem(Problem),
}

/// For the log.
pub(crate) const SIGNED_OUT: &str = "they signed out at the provider before they were in here";

impl From<Problem> for NoSession {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ringfence_state::Error> for NoSession {
    fn from(error: ringfence_state::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<NoSession> for Problem {
    fn from(not: NoSession) -> Self {
        match not {
            NoSession::SignedOut => Self::unauthorized(),
            NoSession::Problem(problem) => problem,
        }
    }
}

/// Opens a session for somebody who proved who they are. The cookies are new: nothing that a browser
/// had before a sign-in is good after it.
pub(crate) async fn open(
    app: &App,
    person: &str,
    methods: &'static str,
    by: Option<By>,
    come: &Come,
) -> Result<Vec<String>, NoSession> {
    let now = app.inside.now().0;
    let provider = by
        .as_ref()
        .and_then(|by| app.sign_in.provider(&by.provider));
    let signed_out = || match (&by, provider) {
        (Some(by), Some(provider)) => app.sign_in.signed_out.ends(provider, by),
        (by, _) => by.is_some(),
    };
    if signed_out() {
        return Err(NoSession::SignedOut);
    }
    let mut new = come.session(methods);
    if let Some(by) = &by {
        new.instead_of = new.instead_of.or(by.instead_of());
        new.vouch = Some(by.vouch(now));
    }
    let (token, opened) = app.state.open_session(person, new, now).await?;
    // Their provider's word may have come between, too early to find this session.
    if signed_out() {
        app.state.end_session(token.reveal()).await?;
        return Err(NoSession::SignedOut);
    }
    let account = app.state.account(person, now).await?;
    let address = come.address();
    told::signed_in(app, &account, methods, &opened.id, provider, address).await?;
    let secure = come.is_encrypted();
    let lasts = (opened.expires_ms - now) / 1_000;
    let mut cookies = vec![session::set_cookie(token.reveal(), lasts, secure)];
    cookies.extend(device::remember(
        &app.sign_in.device,
        &account.login,
        secure,
    ));
    Ok(cookies)
}

async fn welcome(
    app: &App,
    person: &str,
    methods: &'static str,
    by: Option<By>,
    come: &Come,
    next: &str,
) -> Result<Response, Problem> {
    let provider = by
        .as_ref()
        .and_then(|by| app.sign_in.provider(&by.provider));
    let cookies = match open(app, person, methods, by, come).await {
        Ok(cookies) => cookies,
        Err(NoSession::Problem(problem)) => return Err(problem),
        Err(NoSession::SignedOut) => {
            let (severity, address) = (Severity::Low, come.address());
            told::refused_by(app, Some(person), SIGNED_OUT, severity, provider, address).await?;
            let said = provider::words("over", provider.map_or("the provider", Provider::label));
            return sign_in_page(app, StatusCode::UNAUTHORIZED, next, said.as_deref());
        }
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(next).map_err(|e| Problem::internal(&e))?;
    response.headers_mut().insert(LOCATION, to);
    set(&mut response, &cookies)?;
    Ok(response)
}

/// Puts cookies on an answer.
pub(crate) fn set(response: &mut Response, cookies: &[String]) -> Result<(), Problem> {
    for cookie in cookies {
        let value = HeaderValue::from_str(cookie).map_err(|e| Problem::internal(&e))?;
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(())
}

/// What a code can be.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// One of this moment.
    Code,
    /// One for the day the phone is lost.
    Recovery,
}

/// What a code is, if it is one of theirs that was not used.
async fn shown(
    app: &App,
    who: &SignInAs,
    code: &str,
    now_ms: i64,
) -> Result<Option<Shown>, Problem> {
    for device in &who.one_time_codes {
        let Some(totp) = open_codes(&app.sign_in.kept, &who.person, &device.sealed) else {
            tracing::error!(
                person = who.person,
                "a sealed secret of one-time codes cannot be opened"
            );
            continue;
        };
        if let Some(step) = totp.accept(code, now_ms, device.last_step)
            && app
                .state
                .use_one_time_code(&device.factor, step, now_ms)
                .await?
        {
            return Ok(Some(Shown::Code));
        }
    }
    let Some(digest) = RecoveryCode::digest(code) else {
        return Ok(None);
    };
    let used = app
        .state
        .use_recovery_code(&who.person, &digest, now_ms)
        .await?;
    Ok(used.then_some(Shown::Recovery))
}

/// Seals a secret of one-time codes for the database.
pub(crate) fn seal_codes(key: &SealKey, person: &str, totp: &Totp) -> Result<Vec<u8>, Problem> {
    let context = format!("{CODES_OF}{person}");
    let sealed = key.seal(context.as_bytes(), totp.reveal());
    sealed.map_err(|e| Problem::internal(&e))
}

fn open_codes(key: &SealKey, person: &str, sealed: &[u8]) -> Option<Totp> {
    let context = format!("{CODES_OF}{person}");
    let secret = key.open(context.as_bytes(), sealed).ok()?;
    Totp::from_bytes(&secret).ok()
}

/// A lock is an event of its own.
async fn punished(app: &App, person: Option<&str>, locked: Option<i64>) -> Result<(), Problem> {
    let (Some(person), Some(_)) = (person, locked) else {
        return Ok(());
    };
    let account = app.state.account(person, app.inside.now().0).await?;
    let what = "the password is locked after too many wrong ones";
    told::account(app, Change::Lock, &account.principal, None, what).await
}

pub(crate) fn sign_in_page(
    app: &App,
    status: StatusCode,
    next: &str,
    error: Option<&str>,
) -> Result<Response, Problem> {
    let again = false;
    show(app, status, &Shows { next, error, again })
}

/// What the page of sign-in shows.
struct Shows<'a> {
    next: &'a str,
    error: Option<&'a str>,
    again: bool,
}

fn show(app: &App, status: StatusCode, shows: &Shows<'_>) -> Result<Response, Problem> {
    let party = app.sign_in.relying_party.as_ref().ok();
    let asked = party.map(|party| passkey::asked(app, party)).transpose()?;
    let ways = Ways {
        passkey: asked.as_ref(),
        providers: &app.sign_in.providers,
        again: shows.again,
    };
    Ok(pages::sign_in(status, shows.next, &ways, shows.error))
}

/// `GET /signin/style.css`.
pub(crate) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("sign_in.css"))
}

/// `GET /signin/script.js`.
pub(crate) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("sign_in.js"))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
