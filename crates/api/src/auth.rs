//! Who asks: by a token, by a client certificate, or by the cookie of a browser (`session.rs`).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringfence_crypto::TokenHash;
use ringfence_event::{Authority, Name, Origin};
use ringfence_policy::Action;
use ringfence_sources::ClientCertificate;
use ringfence_state::{
    CertificateUse, Classes, Credential, Principal, Scope, Session, Shown, Source,
};

use crate::app::App;
use crate::gate::granted;
use crate::problem::Problem;
use crate::session;

/// What a program is told that sends as itself.
const MAKE_A_SOURCE: &str = "make a source and send as that";

/// Whoever uses the API, let through by the gate (`gate.rs`).
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) principal: Arc<Principal>,
    /// Where they have the right that the route needs.
    pub(crate) scope: Scope,
    /// What they were let in by.
    pub(crate) credential: Credential,
    /// Their session, when it was the cookie of a browser.
    pub(crate) session: Option<Arc<Session>>,
}

/// Whom a credential belongs to.
pub(crate) struct Known {
    pub(crate) principal: Arc<Principal>,
    pub(crate) credential: Credential,
    pub(crate) session: Option<Arc<Session>>,
}

impl Person {
    /// Their programs, as far as this request goes.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// As history rows name them.
    pub fn name(&self) -> &str {
        &self.principal.name
    }

    /// Id of their session, when they have one.
    pub fn session_id(&self) -> Option<&str> {
        self.session.as_deref().map(|session| session.id.as_str())
    }

    /// Their id.
    pub fn id(&self) -> &str {
        &self.principal.id
    }
}

/// A source that may send records.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// Whose word it is.
    pub origin: Arc<Origin>,
}

impl FromRequestParts<App> for Person {
    type Rejection = Problem;

    /// There is nobody without a gate: fails closed.
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| Problem::internal(&"a route without a gate asked who is there"))
    }
}

/// Whom the credential of a request belongs to, and what it is.
pub(crate) async fn known(parts: &Parts, app: &App) -> Result<Known, Problem> {
    let Some(token) = token(parts) else {
        if session::cookie(&parts.headers, session::NAME).is_none()
            && let Some(known) = by_certificate(parts, app).await?
        {
            return Ok(known);
        }
        let (session, hash) = session::of(parts, app).await?;
        return Ok(Known {
            principal: session.principal.clone(),
            credential: Credential::Session(hash),
            session: Some(session),
        });
    };
    let (_, shown) = certified(parts, app).await?;
    if let Some(principal) = principal(parts, app, token).await? {
        agrees(&shown, &principal.id, principal.certificate)?;
        return Ok(Known {
            principal,
            credential: Credential::Token(TokenHash::of(token)),
            session: None,
        });
    }
    // A source's token is valid, but sending is all that it is for.
    match app.state.source_by_token(token, app.inside.now().0).await? {
        Some(_) => Err(Problem::forbidden(
            "the token of a source may only send events",
        )),
        None => Err(Problem::unauthorized()),
    }
}

/// Whose certificate it is, if that is all that a request shows. It never stands for a person: nobody
/// proves by it that they are there.
async fn by_certificate(parts: &Parts, app: &App) -> Result<Option<Known>, Problem> {
    let (fingerprint, shown) = certified(parts, app).await?;
    match (shown, fingerprint) {
        (Shown::Service(principal), Some(fingerprint)) => Ok(Some(Known {
            principal,
            credential: Credential::Certificate(fingerprint),
            session: None,
        })),
        (Shown::Source(_), _) => Err(Problem::forbidden(
            "the certificate of a source may only send events",
        )),
        _ => Ok(None),
    }
}

/// Whom the client certificate of a request's connection lets in now, and its fingerprint. Asked anew
/// for each request: a connection outlives a revocation. Fails closed: a certificate that is good no
/// longer refuses the request, whatever else it shows.
pub(crate) async fn certified(
    parts: &Parts,
    app: &App,
) -> Result<(Option<TokenHash>, Shown), Problem> {
    let peer = parts.extensions.get::<Peer>();
    let Some(certificate) = peer.and_then(|peer| peer.certificate.as_deref()) else {
        return Ok((None, Shown::Nobody));
    };
    let now = app.inside.now();
    let ended = || Problem::unknown("the client certificate is good no longer: ask for a new one");
    if certificate.not_after <= now {
        return Err(ended());
    }
    let fingerprint = TokenHash::of_digest(certificate.fingerprint);
    let names = &certificate.names;
    let shown = app.state.by_certificate(fingerprint, names, now.0).await?;
    match shown {
        Shown::Ended => Err(ended()),
        Shown::Source(source) if !source.allows_peer(peer.map(|peer| peer.address.ip())) => {
            Err(elsewhere())
        }
        // A browser shows a certificate by itself, to requests that another site made it send too.
        Shown::Source(_) | Shown::Service(_) if is_from_a_page(parts) => Err(Problem::forbidden(
            "client certificates are for programs: in a browser, sign in without one",
        )),
        shown => Ok((Some(fingerprint), shown)),
    }
}

/// What browsers add to requests that pages make, and pages cannot take away.
fn is_from_a_page(parts: &Parts) -> bool {
    let site = parts.headers.get("sec-fetch-site");
    // An address that somebody typed is no other site's doing.
    site.is_some_and(|site| site != "none") || parts.headers.contains_key(ORIGIN)
}

/// Whether a token and the certificate beside it are of one owner, who may come without one.
fn agrees(shown: &Shown, id: &str, wanted: CertificateUse) -> Result<(), Problem> {
    let whose = match shown {
        Shown::Source(source) => Some(&source.id),
        Shown::Service(service) => Some(&service.id),
        Shown::Ended | Shown::Nobody => None,
    };
    match whose {
        Some(whose) if whose == id => Ok(()),
        Some(_) => Err(Problem::forbidden(
            "the token is of somebody else than the client certificate",
        )),
        None if wanted == CertificateUse::Required => Err(Problem::forbidden(
            "the token is good together with its client certificate only",
        )),
        None => Ok(()),
    }
}

/// Whose token it is. That of automation is for scripts on the machine itself.
async fn principal(
    parts: &Parts,
    app: &App,
    token: &str,
) -> Result<Option<Arc<Principal>>, Problem> {
    let found = app
        .state
        .principal_by_token(token, app.inside.now().0)
        .await?;
    let Some(found) = found else { return Ok(None) };
    let peer = parts.extensions.get::<Peer>();
    let here = peer.is_some_and(|peer| peer.address.ip().to_canonical().is_loopback());
    if found.is_of_this_machine() && !here {
        return Err(Problem::forbidden(
            "the token of automation is good on the machine itself: make a service for other ones",
        ));
    }
    Ok(Some(found))
}

impl FromRequestParts<App> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (fingerprint, shown) = certified(parts, app).await?;
        let Some(token) = sender_token(parts) else {
            return match shown {
                Shown::Source(source) => Self::of(parts, app, &source),
                Shown::Service(_) => Err(Problem::forbidden(MAKE_A_SOURCE)),
                _ if fingerprint.is_some() => Err(Problem::unknown(
                    "no source is known by this client certificate",
                )),
                _ => Err(Problem::unauthorized()),
            };
        };
        let token = &*token;
        let now = app.inside.now().0;
        if let Some(source) = app.state.source_by_token(token, now).await? {
            agrees(&shown, &source.id, source.certificate)?;
            return Self::of(parts, app, &source);
        }
        let principal = principal(parts, app, token).await?;
        if let Some(principal) = &principal {
            agrees(&shown, &principal.id, principal.certificate)?;
            app.paces.account(principal.kind, &principal.id)?;
        }
        match principal {
            Some(principal) if granted(app, &principal, Action::EVENT_SEND).everywhere => {
                app.state.note_right(&principal.id, Action::EVENT_SEND, now);
                let origin = Arc::new(automation()?);
                Ok(Self { origin })
            }
            Some(_) => Err(Problem::forbidden(MAKE_A_SOURCE)),
            None => Err(Problem::unauthorized()),
        }
    }
}

impl Sender {
    fn of(parts: &Parts, app: &App, source: &Source) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().map(|p| p.address.ip());
        if !source.allows_peer(peer) {
            return Err(elsewhere());
        }
        app.paces.source(&source.id)?;
        let origin = Arc::new(origin_of(source)?);
        Ok(Self { origin })
    }
}

fn elsewhere() -> Problem {
    Problem::forbidden("this source may not send from your address")
}

/// The other end, put there by whoever accepted the connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: std::net::SocketAddr,
    /// The connection is TLS.
    pub encrypted: bool,
    /// The client certificate that it showed and that was accepted.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// The address, or the network of an IPv6 address: whoever has one of it has the other 2^64 too.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// What a source's credential says about everything it sends.
///
/// # Errors
/// When a name in it is none: then nothing of it is taken.
pub fn origin_of(source: &Source) -> Result<Origin, Problem> {
    let name = |s: &str| Name::new(s).map_err(|e| Problem::internal(&e));
    Ok(Origin {
        source: name(&source.name)?,
        program: name(&source.program)?,
        site: name(&source.site)?,
        authority: Authority {
            classes: match &source.classes {
                Classes::All(_) => None,
                Classes::These(set) => Some(set.clone()),
            },
            call_state: source.has_grant("call-state"),
            authenticated: true,
        },
    })
}

/// The built-in source of the administrator's own token, for automation.
fn automation() -> Result<Origin, Problem> {
    let name = |s: &str| Name::new(s).map_err(|e| Problem::internal(&e));
    Ok(Origin::local(
        name("automation")?,
        name("default")?,
        name("default")?,
    ))
}

/// The token of a person's request.
fn token(parts: &Parts) -> Option<&str> {
    let (scheme, token) = authorization(parts)?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The token of a sender's request, in whatever scheme its program knows: `Splunk` of HEC senders,
/// and what Elasticsearch's shippers write. Those two are not for people: a browser would add
/// `Basic` by itself to a request that another site made it send.
fn sender_token(parts: &Parts) -> Option<Cow<'_, str>> {
    let (scheme, value) = authorization(parts)?;
    let decoded = || String::from_utf8(STANDARD.decode(value).ok()?).ok();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "splunk" => Some(Cow::Borrowed(value)),
        // The password is the token; the name may be anything.
        "basic" => {
            let decoded = decoded()?;
            let (_, password) = decoded.split_once(':')?;
            Some(Cow::Owned(password.to_owned()))
        }
        // `base64(id:key)` with the token as key, or the token itself.
        "apikey" => match decoded().as_deref().and_then(|text| text.split_once(':')) {
            Some((_, key)) => Some(Cow::Owned(key.to_owned())),
            None => Some(Cow::Borrowed(value)),
        },
        _ => None,
    }
}

fn authorization(parts: &Parts) -> Option<(&str, &str)> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    Some((scheme, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn tokens(value: &str) -> (Option<String>, Option<String>) {
        let request = Request::builder().header(AUTHORIZATION, value).body(());
        let (parts, ()) = request.unwrap().into_parts();
        let sender = sender_token(&parts).map(Cow::into_owned);
        (token(&parts).map(str::to_owned), sender)
    }

    #[test]
    fn senders_know_more_schemes_than_people() {
        let some = |s: &str| Some(s.to_owned());
        let basic = format!("Basic {}", STANDARD.encode("anyone:rfs_t:1"));
        let key = format!("ApiKey {}", STANDARD.encode("id:rfs_t"));
        for (value, person, sender) in [
            ("Bearer rfs_t", some("rfs_t"), some("rfs_t")),
            ("bearer  rfs_t ", some("rfs_t"), some("rfs_t")),
            ("Splunk rfs_t", None, some("rfs_t")),
            (basic.as_str(), None, some("rfs_t:1")),
            (key.as_str(), None, some("rfs_t")),
            ("ApiKey rfs_t", None, some("rfs_t")),
            ("Basic rfs_t", None, None),
            ("Digest rfs_t", None, None),
            ("Bearer", None, None),
        ] {
            assert_eq!(tokens(value), (person, sender), "{value}");
        }
    }
}
