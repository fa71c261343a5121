//! What somebody who is signed in sees and changes of their own account.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use ringfence_crypto::to_base64url;
use ringfence_identity::webauthn::{Known, User};
use ringfence_identity::{Totp, qr_svg};
use ringfence_state::{Account, Emergency, Factor, Link, Reset, ShownSession};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::auth::{Peer, Person};
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::session::must_be_fresh;
use crate::sign_in::told::{self, Change};
use crate::sign_in::{
    Flow, Gave, ShownProvider, Stage, hash, is_used_before, judge, new_codes, registered,
    seal_codes, shown_providers, weakness,
};

/// Somebody's own account.
#[derive(Debug, Serialize)]
pub(crate) struct Mine {
    account: Account,
    factors: Vec<Factor>,
    /// Accounts of theirs at providers of sign-in.
    links: Vec<Link>,
    /// Where they can link one.
    providers: Vec<ShownProvider>,
    sessions: Vec<ShownSession>,
    /// Id of the session that asks.
    session: Option<String>,
    /// Resets of how they sign in, which they may refuse.
    resets: Vec<Reset>,
    /// Glasses that they broke.
    emergencies: Vec<Emergency>,
    /// How long one is in force, minutes.
    emergency_minutes: i64,
    /// Why there are no passkeys here, if there are none.
    no_passkeys: Option<String>,
}

/// `GET /api/v1/me`.
pub(crate) async fn show(State(app): State<App>, person: Person) -> Result<Json<Mine>, Problem> {
    let id = person.id();
    let now = app.inside.now().0;
    Ok(Json(Mine {
        account: app.state.account(id, now).await?,
        factors: app.state.factors(id).await?,
        links: app.state.links(id).await?,
        providers: shown_providers(&app),
        sessions: app.state.sessions_of(id, now).await?,
        session: person.session_id().map(str::to_owned),
        resets: app.state.resets(Some(id)).await?,
        emergencies: app.state.emergencies(Some(id)).await?,
        emergency_minutes: app.state.emergency_minutes(),
        no_passkeys: app.sign_in.no_passkeys().map(str::to_owned),
    }))
}

/// A new password, and the one before if there was one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    old: Option<String>,
    new: String,
}

/// `PUT /api/v1/me/password`. Other sessions end.
pub(crate) async fn set_password(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    person: Person,
    body: Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    let account = app.state.account(id, now).await?;
    if account.password_ms.is_some() {
        let address = peer.map(|Extension(peer)| peer.address.ip());
        let old = asked.old.unwrap_or_default();
        match judge(&app, &account.login, old, address, true).await? {
            Gave::Right(_) => {}
            Gave::Wrong { .. } => {
                return Err(Problem::bad_request("old: it is not your password"));
            }
            Gave::Busy => return Err(Problem::unavailable("too many guess just now: try again")),
        }
    }
    let about = [account.login, account.principal.name];
    if let Some(weak) = weakness(asked.new.clone(), about).await? {
        return Err(Problem::bad_request(format!("new: {weak}")));
    }
    let before = app.state.last_passwords(id).await?;
    if is_used_before(before, asked.new.clone()).await? {
        let detail = "new: it is one of your last four passwords";
        return Err(Problem::bad_request(detail));
    }
    let hash = hash(asked.new).await?;
    app.state.set_password(id, &hash, now).await?;
    app.state.end_sessions_of(id, person.session_id()).await?;
    told(&app, Change::NewPassword, &person, "changed the password").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A ceremony that began.
#[derive(Debug, Serialize)]
pub(crate) struct BegunPasskey {
    flow: String,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON`.
    options: Value,
}

/// `POST /api/v1/me/passkeys/begin`.
pub(crate) async fn begin_passkey(
    State(app): State<App>,
    person: Person,
) -> Result<Json<BegunPasskey>, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let party = app.sign_in.party()?;
    let now = app.inside.now().0;
    let account = app.state.account(id, now).await?;
    let mut flow = app.sign_in.flows.begin(now)?;
    flow.person = Some(id.to_owned());
    let passkeys = app.state.passkeys_of(id).await?;
    let known = passkeys.iter().map(|passkey| Known {
        id: &passkey.id,
        transports: &passkey.transports,
    });
    let known: Vec<_> = known.collect();
    let handle = app.state.handle_of(id).await?;
    let user = User {
        handle: &handle,
        login: &account.login,
        display: &account.principal.name,
    };
    Ok(Json(BegunPasskey {
        options: party.creation_options(&flow.challenge, &user, &known),
        flow: app.sign_in.flows.seal(Stage::AddPasskey, &flow)?,
    }))
}

/// A passkey that was made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MadePasskey {
    flow: String,
    /// What `credential.toJSON()` gave.
    credential: Value,
    name: String,
}

/// `POST /api/v1/me/passkeys`.
pub(crate) async fn add_passkey(
    State(app): State<App>,
    person: Person,
    body: Body<MadePasskey>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    let flow = brought_back(&app, Stage::AddPasskey, &asked.flow, id)?;
    let party = app.sign_in.party()?;
    let passkey = registered(&app, party, &flow, &asked.credential.to_string())?;
    app.state
        .add_passkey(id, &passkey, &asked.name, now)
        .await?;
    told(&app, Change::FactorEnable, &person, "added a passkey").await?;
    Ok(StatusCode::CREATED)
}

/// A flow that this person began.
fn brought_back(app: &App, stage: Stage, flow: &str, person: &str) -> Result<Flow, Problem> {
    let flow = app.sign_in.flows.open(stage, flow, app.inside.now().0);
    flow.filter(|flow| flow.person.as_deref() == Some(person))
        .ok_or_else(|| Problem::bad_request(STALE))
}

const STALE: &str = "flow: it took too long, or was used already: begin again";

/// One-time codes that are to be set up.
#[derive(Debug, Serialize)]
pub(crate) struct BegunCodes {
    flow: String,
    /// The secret as people type it. It is shown here and nowhere else.
    secret: String,
    /// `otpauth://…`.
    uri: String,
    /// The same as a picture, SVG.
    picture: String,
}

/// `POST /api/v1/me/one-time-codes/begin`.
pub(crate) async fn begin_codes(
    State(app): State<App>,
    person: Person,
) -> Result<Json<BegunCodes>, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let now = app.inside.now().0;
    let account = app.state.account(id, now).await?;
    let totp = Totp::mint().map_err(|e| Problem::internal(&e))?;
    let mut flow = app.sign_in.flows.begin(now)?;
    flow.person = Some(id.to_owned());
    flow.secret = Some(to_base64url(totp.reveal()));
    let uri = totp.uri("Ringfence", &account.login);
    Ok(Json(BegunCodes {
        flow: app.sign_in.flows.seal(Stage::AddCodes, &flow)?,
        secret: totp.text(),
        picture: qr_svg(&uri).unwrap_or_default(),
        uri,
    }))
}

/// The first code of a device.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    flow: String,
    code: String,
    name: String,
}

/// `POST /api/v1/me/one-time-codes`.
pub(crate) async fn add_codes(
    State(app): State<App>,
    person: Person,
    body: Body<FirstCode>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let asked = read(body)?;
    let now = app.inside.now().0;
    let flow = brought_back(&app, Stage::AddCodes, &asked.flow, id)?;
    let totp = flow.totp().ok_or_else(|| Problem::bad_request(STALE))?;
    let Some(step) = totp.accept(&asked.code, now, None) else {
        let detail = "code: it is not the one that the device should show now: is its clock right?";
        return Err(Problem::bad_request(detail));
    };
    if !app.sign_in.flows.spend(&flow, now) {
        return Err(Problem::bad_request(STALE));
    }
    let sealed = seal_codes(&app.sign_in.kept, id, &totp)?;
    app.state
        .add_one_time_codes(id, &sealed, step, &asked.name, now)
        .await?;
    told(&app, Change::FactorEnable, &person, "added one-time codes").await?;
    Ok(StatusCode::CREATED)
}

/// Recovery codes, shown this once.
#[derive(Debug, Serialize)]
pub(crate) struct Codes {
    codes: Vec<String>,
}

/// `POST /api/v1/me/recovery-codes`: new ones instead of all there were.
pub(crate) async fn renew_codes(
    State(app): State<App>,
    person: Person,
) -> Result<Json<Codes>, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    let account = app.state.account(id, app.inside.now().0).await?;
    if account.password_ms.is_none() {
        let detail = "recovery codes go with a password, and you have none";
        return Err(Problem::bad_request(detail));
    }
    let (codes, digests) = new_codes()?;
    app.state.renew_recovery_codes(id, &digests).await?;
    told(
        &app,
        Change::FactorEnable,
        &person,
        "made new recovery codes",
    )
    .await?;
    Ok(Json(Codes { codes }))
}

/// `DELETE /api/v1/me/factors/{id}`.
pub(crate) async fn remove_factor(
    State(app): State<App>,
    person: Person,
    Path(factor): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    must_be_fresh(&app, &person)?;
    app.state.remove_factor(id, &factor).await?;
    told(&app, Change::FactorDisable, &person, "took a factor away").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/me/links/{id}`.
pub(crate) async fn unlink(
    State(app): State<App>,
    person: Person,
    Path(link): Path<String>,
) -> Result<StatusCode, Problem> {
    must_be_fresh(&app, &person)?;
    let gone = app
        .state
        .unlink(person.id(), &link, true, app.inside.now().0)
        .await?;
    let what = format!("unlinked an account of {}", gone.issuer);
    told(&app, Change::FactorDisable, &person, &what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/me/sessions/{id}`.
pub(crate) async fn end_session(
    State(app): State<App>,
    person: Person,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    app.state.end_session_of(id, &session).await?;
    told::signed_out(&app, &person.principal, "ended a session").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/me/sessions`: all but the one that asks.
pub(crate) async fn end_sessions(
    State(app): State<App>,
    person: Person,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    app.state.end_sessions_of(id, person.session_id()).await?;
    told::signed_out(&app, &person.principal, "ended all other sessions").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/me/resets/{id}`: the owner objects.
pub(crate) async fn refuse_reset(
    State(app): State<App>,
    person: Person,
    Path(reset): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = person.id();
    let now = app.inside.now().0;
    let theirs = app.state.resets(Some(id)).await?;
    if !theirs.iter().any(|known| known.id == reset) {
        return Err(Problem::not_found(format!("no reset `{reset}` of yours")));
    }
    app.state.refuse_reset(&reset, id, now).await?;
    told(
        &app,
        Change::Other,
        &person,
        "refused a reset of how they sign in",
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn told(app: &App, change: Change, who: &Person, what: &str) -> Result<(), Problem> {
    told::account(app, change, &who.principal, Some(&who.principal), what).await
}
