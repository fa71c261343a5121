//! Sign-ins and changes of accounts as events. What somebody typed is never in them: a name that is
//! nobody's may be a password in the wrong field.

use std::net::IpAddr;

use ringfence_event::{Own, Severity};
use ringfence_federation::Provider;
use ringfence_state::{Account, Principal};
use serde_json::{Value, json};

use crate::acts;
use crate::app::App;
use crate::problem::Problem;

/// OCSF Account Change.
const ACCOUNT: u32 = 3001;
/// OCSF Authentication.
const AUTHENTICATION: u32 = 3002;

/// What happened to an account, as OCSF numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Create = 1,
    Enable = 2,
    NewPassword = 3,
    Reset = 4,
    Disable = 5,
    Delete = 6,
    Lock = 9,
    FactorEnable = 10,
    FactorDisable = 11,
    Other = 99,
}

/// A person as events name them.
pub(crate) fn user(who: &Principal) -> Value {
    json!({ "uid": who.id, "name": who.name, "type": "User", "type_id": 1 })
}

/// Somebody signed in.
pub(crate) async fn signed_in(
    app: &App,
    who: &Account,
    methods: &str,
    session: &str,
    provider: Option<&Provider>,
    address: Option<IpAddr>,
) -> Result<(), Problem> {
    let own = Own::new("authentication", AUTHENTICATION, 1, app.inside.now())
        .message(format!("{} signed in", who.principal.name))
        .with("user", user(&who.principal))
        .with("status_id", 1)
        .with("is_mfa", true)
        .with("auth_factors", methods.split(',').collect::<Vec<_>>())
        .with("session", json!({ "uid": session }));
    acts::log(app, by(at(own, address), provider)).await
}

/// Somebody, or nobody known, was not let in.
pub(crate) async fn refused(
    app: &App,
    person: Option<&str>,
    why: &str,
    severity: Severity,
    address: Option<IpAddr>,
) -> Result<(), Problem> {
    refused_by(app, person, why, severity, None, address).await
}

/// The same on the way by a provider.
pub(crate) async fn refused_by(
    app: &App,
    person: Option<&str>,
    why: &str,
    severity: Severity,
    provider: Option<&Provider>,
    address: Option<IpAddr>,
) -> Result<(), Problem> {
    let own = Own::new("authentication", AUTHENTICATION, 1, app.inside.now())
        .severity(severity)
        .with("status_id", 2)
        .with("status_detail", why);
    let own = match person {
        Some(id) => {
            let who = app.state.account(id, app.inside.now().0).await?;
            own.message(format!("{} was not let in: {why}", who.principal.name))
                .with("user", user(&who.principal))
        }
        None => own.message(format!("a sign-in was refused: {why}")),
    };
    acts::log(app, by(at(own, address), provider)).await
}

/// Somebody ended a session.
pub(crate) async fn signed_out(app: &App, who: &Principal, how: &str) -> Result<(), Problem> {
    let own = Own::new("authentication", AUTHENTICATION, 2, app.inside.now())
        .message(format!("{} {how}", who.name))
        .with("user", user(who))
        .with("status_id", 1);
    acts::log(app, own).await
}

/// An account changed. `by` is nothing when it was its owner with a code, or the server itself.
pub(crate) async fn account(
    app: &App,
    change: Change,
    who: &Principal,
    by: Option<&Principal>,
    what: &str,
) -> Result<(), Problem> {
    let own = Own::new("account", ACCOUNT, change as u8, app.inside.now())
        .severity(Severity::Low)
        .message(format!("{}: {what}", who.name))
        .with("user", user(who));
    let own = match by {
        Some(by) => own.with("actor", json!({ "user": user(by) })),
        None => own,
    };
    acts::settle(app, own).await
}

/// Who vouches, as OCSF names it.
fn by(own: Own, provider: Option<&Provider>) -> Own {
    let Some(provider) = provider else { return own };
    let idp = json!({ "name": provider.label(), "issuer": provider.issuer() });
    own.with("auth_protocol", "OpenID")
        .with("auth_protocol_id", 4)
        .with("actor", json!({ "app_name": "ringfence", "idp": idp }))
}

fn at(own: Own, address: Option<IpAddr>) -> Own {
    match address {
        Some(ip) => own.with(
            "src_endpoint",
            json!({ "ip": ip.to_canonical().to_string() }),
        ),
        None => own,
    }
}
