//! Enrolment: a code, and then what its owner will sign in with.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ringfence_crypto::{TokenHash, to_base64url};
use ringfence_identity::webauthn::User;
use ringfence_identity::{Login, Totp, qr_svg};
use ringfence_state::{Enrolling, Identity, Setup};
use serde::Deserialize;

use crate::app::App;
use crate::problem::Problem;
use crate::sign_in::flow::{Flow, Stage};
use crate::sign_in::pages::{self, Choice};
use crate::sign_in::posted::{Come, Posted};
use crate::sign_in::steps::{open, seal_codes, set};
use crate::sign_in::told::{self, Change};
use crate::sign_in::{new_codes, password, registered};

const NOT_GOOD: &str = "That code is not good: it was used, it is over, it is not good yet, or not all of \
    it was copied. Whoever gave it to you can give you another one.";
const STALE: &str = "That took too long. Show the code again.";
const BUSY: &str = "Too many codes are being tried just now. Wait a minute.";

/// `GET /enrol`.
pub(crate) async fn enrol_page() -> Response {
    pages::enrol(StatusCode::OK, None)
}

/// An enrolment code.
#[derive(Deserialize)]
pub(crate) struct Shown {
    code: String,
}

/// `POST /enrol`: the code, for what it opens.
pub(crate) async fn show_code(
    State(app): State<App>,
    Posted(form, come): Posted<Shown>,
) -> Result<Response, Problem> {
    let now = app.inside.now().0;
    let address = come.address();
    if app.sign_in.guesses.too_many(address, now) {
        app.sign_in.lanes.turn_away().await;
        return Ok(pages::enrol(StatusCode::TOO_MANY_REQUESTS, Some(BUSY)));
    }
    let code = TokenHash::of(form.code.trim());
    let Some(who) = app.state.enrolling(&code, now).await? else {
        app.sign_in.guesses.count(address, now);
        let severity = ringfence_event::Severity::Low;
        told::refused(
            &app,
            None,
            "an enrolment code that is not good",
            severity,
            address,
        )
        .await?;
        return Ok(pages::enrol(StatusCode::UNAUTHORIZED, Some(NOT_GOOD)));
    };
    let mut flow = app.sign_in.flows.begin(now)?;
    let totp = Totp::mint().map_err(|e| Problem::internal(&e))?;
    flow.code = Some(code.to_hex());
    flow.secret = Some(to_base64url(totp.reveal()));
    let underway = Underway { who, flow, totp };
    match underway.who.is_first {
        true => underway.ask_who(&app, StatusCode::OK, ("", ""), None),
        false => underway.choose(&app, StatusCode::OK, None),
    }
}

/// Who the first administrator says they are.
#[derive(Deserialize)]
pub(crate) struct Who {
    flow: String,
    login: String,
    name: String,
}

/// `POST /enrol/name`.
pub(crate) async fn name_first(
    State(app): State<App>,
    Posted(form, _): Posted<Who>,
) -> Result<Response, Problem> {
    let Some(mut underway) = underway(&app, &form.flow).await? else {
        return Ok(pages::enrol(StatusCode::UNAUTHORIZED, Some(STALE)));
    };
    let said = (form.login.as_str(), form.name.as_str());
    let name = form.name.trim();
    let wrong = match Login::parse(&form.login) {
        Err(why) => Some(format!("Sign-in name: {why}.")),
        Ok(_) if name.is_empty() || name.chars().count() > 128 => {
            Some("Your name: 1 to 128 characters.".to_owned())
        }
        Ok(login) => {
            underway.flow.identity = Some((login.as_str().to_owned(), name.to_owned()));
            None
        }
    };
    match wrong {
        Some(wrong) => underway.ask_who(&app, StatusCode::BAD_REQUEST, said, Some(&wrong)),
        None => {
            underway.take_identity();
            underway.choose(&app, StatusCode::OK, None)
        }
    }
}

/// A passkey that was made.
#[derive(Deserialize)]
pub(crate) struct Made {
    flow: String,
    credential: String,
    label: String,
}

/// `POST /enrol/passkey`.
pub(crate) async fn enrol_with_passkey(
    State(app): State<App>,
    Posted(form, come): Posted<Made>,
) -> Result<Response, Problem> {
    let Some(underway) = underway(&app, &form.flow).await? else {
        return Ok(pages::enrol(StatusCode::UNAUTHORIZED, Some(STALE)));
    };
    let party = app.sign_in.party()?;
    let passkey = match registered(&app, party, &underway.flow, &form.credential) {
        Ok(passkey) => passkey,
        Err(why) => return underway.choose(&app, why.status(), Some(why.detail())),
    };
    let setup = Setup {
        passkey: Some((passkey, form.label.trim().to_owned())),
        ..Setup::default()
    };
    underway.finish(&app, setup, "passkey", &come).await
}

/// A password, and a code from what will show codes.
#[derive(Deserialize)]
pub(crate) struct PasswordAndCode {
    flow: String,
    password: String,
    again: String,
    code: String,
}

/// `POST /enrol/password`.
pub(crate) async fn enrol_with_password(
    State(app): State<App>,
    Posted(form, come): Posted<PasswordAndCode>,
) -> Result<Response, Problem> {
    let now = app.inside.now().0;
    let Some(underway) = underway(&app, &form.flow).await? else {
        return Ok(pages::enrol(StatusCode::UNAUTHORIZED, Some(STALE)));
    };
    let account = &underway.who.account;
    let again = |why: &str| underway.choose(&app, StatusCode::BAD_REQUEST, Some(why));
    if form.password != form.again {
        return again("The two passwords are not the same.");
    }
    let about = [account.login.clone(), account.principal.name.clone()];
    if let Some(weak) = password::weakness(form.password.clone(), about).await? {
        return again(&format!("Password: {weak}."));
    }
    let before = app.state.last_passwords(&account.principal.id).await?;
    if password::is_used_before(before, form.password.clone()).await? {
        return again("Password: it is one of your last four; choose another.");
    }
    let Some(step) = underway.totp.accept(&form.code, now, None) else {
        return again(
            "The code is not the one that the authenticator should show now. Is its clock right?",
        );
    };
    if !app.sign_in.flows.spend(&underway.flow, now) {
        return Ok(pages::enrol(StatusCode::UNAUTHORIZED, Some(STALE)));
    }
    let sealed = seal_codes(&app.sign_in.kept, &account.principal.id, &underway.totp)?;
    let setup = Setup {
        password: Some(password::hash(form.password).await?),
        one_time_codes: Some((sealed, step, "Authenticator".to_owned())),
        ..Setup::default()
    };
    underway.finish(&app, setup, "password,totp", &come).await
}

/// An enrolment between two of its steps.
struct Underway {
    who: Enrolling,
    flow: Flow,
    totp: Totp,
}

/// The enrolment that a browser brought back, if its code is still good.
async fn underway(app: &App, flow: &str) -> Result<Option<Underway>, Problem> {
    let now = app.inside.now().0;
    let Some(flow) = app.sign_in.flows.open(Stage::Enrol, flow, now) else {
        return Ok(None);
    };
    let code = flow.code.as_deref().and_then(TokenHash::from_hex);
    let (Some(code), Some(totp)) = (code, flow.totp()) else {
        return Ok(None);
    };
    let found = app.state.enrolling(&code, now).await?;
    Ok(found.map(|who| {
        let mut underway = Underway { who, flow, totp };
        underway.take_identity();
        underway
    }))
}

impl Underway {
    /// The first administrator is who they say they are from here on.
    fn take_identity(&mut self) {
        if let Some((login, name)) = self.flow.identity.clone().filter(|_| self.who.is_first) {
            self.who.account.login = login;
            self.who.account.principal.name = name;
        }
    }

    fn ask_who(
        &self,
        app: &App,
        status: StatusCode,
        (login, name): (&str, &str),
        error: Option<&str>,
    ) -> Result<Response, Problem> {
        let sealed = app.sign_in.flows.seal(Stage::Enrol, &self.flow)?;
        Ok(pages::who(status, &sealed, login, name, error))
    }

    fn choose(
        &self,
        app: &App,
        status: StatusCode,
        error: Option<&str>,
    ) -> Result<Response, Problem> {
        let account = &self.who.account;
        let sealed = app.sign_in.flows.seal(Stage::Enrol, &self.flow)?;
        let passkey = match &app.sign_in.relying_party {
            Ok(party) => {
                let user = User {
                    handle: &self.who.handle,
                    login: &account.login,
                    display: &account.principal.name,
                };
                Ok(party
                    .creation_options(&self.flow.challenge, &user, &[])
                    .to_string())
            }
            Err(why) => Err(why.as_str()),
        };
        let uri = self.totp.uri("Ringfence", &account.login);
        let choice = Choice {
            account,
            flow: &sealed,
            passkey,
            picture: &qr_svg(&uri).unwrap_or_default(),
            secret: &self.totp.text(),
            error,
        };
        Ok(pages::choose(status, &choice))
    }

    /// Sets it up, signs in and shows the recovery codes.
    async fn finish(
        self,
        app: &App,
        mut setup: Setup,
        methods: &'static str,
        come: &Come,
    ) -> Result<Response, Problem> {
        let now = app.inside.now().0;
        // They take the place of a one-time code, beside a password: alone they are one factor.
        let codes = match setup.password {
            Some(_) => {
                let (codes, digests) = new_codes()?;
                setup.recovery = digests;
                codes
            }
            None => Vec::new(),
        };
        if let Some((login, name)) = self.flow.identity.as_ref().filter(|_| self.who.is_first) {
            let login = Login::parse(login).map_err(|e| Problem::internal(&e))?;
            let name = name.clone();
            setup.identity = Some(Identity { login, name });
        }
        let code = self.flow.code.as_deref().and_then(TokenHash::from_hex);
        let code = code.ok_or_else(|| Problem::internal(&"an enrolment without a code"))?;
        let account = app.state.enrol(&code, &setup, now).await?;
        let what = format!("set up how to sign in: {methods}");
        told::account(app, Change::FactorEnable, &account.principal, None, &what).await?;
        let cookies = open(app, &account.principal.id, methods, None, come).await?;
        let mut response = pages::enrolled(&codes);
        set(&mut response, &cookies)?;
        Ok(response)
    }
}
