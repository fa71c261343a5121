//! Client certificates of sources and services: issued for keys that never leave their owners, listed,
//! revoked, and renewed by whoever holds one.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as AxumState};
use axum::http::StatusCode;
use axum::http::request::Parts;
use ringfence_crypto::TokenHash;
use ringfence_event::{Own, Severity};
use ringfence_sources::{CertificateRequest, Issued};
use ringfence_state::{Certificate, Holder, NewCertificate, Principal, Shown, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::acts;
use crate::app::App;
use crate::auth::{Person, certified};
use crate::manage::All;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::services;

/// For how long a renewed certificate stays good unless somebody says less: over a night on which
/// nobody restarts the other senders.
const OVERLAP_MINUTES: u32 = 24 * 60;

/// A certificate that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// PKCS #10, PEM.
    request: String,
    /// Days that it is good for, if not the usual number.
    #[serde(default)]
    days: Option<u16>,
}

/// A certificate that follows another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedAgain {
    /// PKCS #10, PEM.
    request: String,
    /// Minutes for which the old one stays good.
    #[serde(default)]
    overlap_minutes: Option<u32>,
}

/// A certificate, and what is kept of it.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    certificate: Certificate,
    /// PEM.
    pem: String,
    /// That of the authority, PEM.
    authority: String,
}

/// Whose certificates.
struct Owner {
    holder: Holder,
    id: String,
    name: String,
    kind: &'static str,
    program: String,
}

impl Owner {
    fn source(source: &Source) -> Self {
        Self {
            holder: Holder::Source(source.id.clone()),
            id: source.id.clone(),
            name: source.name.clone(),
            kind: "Source",
            program: source.program.clone(),
        }
    }

    fn service(service: &Principal) -> Self {
        Self {
            holder: Holder::Service(service.id.clone()),
            id: service.id.clone(),
            name: service.name.clone(),
            kind: "Service",
            program: String::new(),
        }
    }

    /// As certificates name it.
    fn subject(&self) -> String {
        format!("{}:{}", self.kind.to_ascii_lowercase(), self.id)
    }
}

/// `GET /api/v1/sources/{id}/certificates`.
pub(crate) async fn of_source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<All<Certificate>>, Problem> {
    list(&app, &person, &Holder::Source(id)).await
}

/// `GET /api/v1/services/{id}/certificates`.
pub(crate) async fn of_service(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<All<Certificate>>, Problem> {
    let service = services::one(&app, &id).await?;
    list(&app, &person, &Holder::Service(service.id)).await
}

/// `POST /api/v1/sources/{id}/certificates`.
pub(crate) async fn for_source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Asked>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let source = app.state.source(person.scope(), &id).await?;
    issue(&app, &person, &Owner::source(&source), read(body)?).await
}

/// `POST /api/v1/services/{id}/certificates`: it is worth as much as the service's token.
pub(crate) async fn for_service(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Asked>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let service = services::one(&app, &id).await?;
    services::must_have_as_much(&app, &person, &service)?;
    issue(&app, &person, &Owner::service(&service), read(body)?).await
}

/// `DELETE /api/v1/sources/{id}/certificates/{fingerprint}`.
pub(crate) async fn revoke_of_source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let source = app.state.source(person.scope(), &id).await?;
    revoke(&app, &person, &Owner::source(&source), &fingerprint).await
}

/// `DELETE /api/v1/services/{id}/certificates/{fingerprint}`.
pub(crate) async fn revoke_of_service(
    AxumState(app): AxumState<App>,
    person: Person,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let service = services::one(&app, &id).await?;
    revoke(&app, &person, &Owner::service(&service), &fingerprint).await
}

/// `POST /api/v1/certificates/renew`: by whoever shows a certificate of ours that is good, for a new
/// key of theirs.
pub(crate) async fn renew(
    AxumState(app): AxumState<App>,
    held: Held,
    body: Body<AskedAgain>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let asked = read(body)?;
    let minutes = asked.overlap_minutes.unwrap_or(OVERLAP_MINUTES);
    let overlap = Duration::from_secs(u64::from(minutes) * 60);
    let issued = made(&app, &held.owner, &asked.request, None).await?;
    let renewed = app
        .state
        .renew_certificate(held.fingerprint, &new(&issued), overlap, app.inside.now().0)
        .await;
    let certificate = renewed.map_err(|error| match error {
        ringfence_state::Error::NotFound { .. } => {
            let detail = "this certificate was not issued here: its own authority renews it";
            Problem::forbidden(detail)
        }
        other => other.into(),
    })?;
    let actor = json!({"user": {"uid": held.owner.id, "name": held.owner.name}});
    let own = told(&app, &held.owner, "renewed its certificate", &certificate);
    acts::settle(&app, own.with("actor", actor)).await?;
    Ok((StatusCode::CREATED, Json(answer(issued, certificate))))
}

/// Whoever is let in by a certificate.
pub(crate) struct Held {
    fingerprint: TokenHash,
    owner: Owner,
}

impl FromRequestParts<App> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (fingerprint, shown) = certified(parts, app).await?;
        let owner = match shown {
            Shown::Source(source) => {
                app.paces.source(&source.id)?;
                Owner::source(&source)
            }
            Shown::Service(service) => {
                app.paces.account(service.kind, &service.id)?;
                Owner::service(&service)
            }
            Shown::Ended | Shown::Nobody => {
                return Err(Problem::unknown(
                    "show the client certificate that is to be renewed",
                ));
            }
        };
        let fingerprint = fingerprint.ok_or_else(Problem::unauthorized)?;
        Ok(Self { fingerprint, owner })
    }
}

async fn list(
    app: &App,
    person: &Person,
    holder: &Holder,
) -> Result<Json<All<Certificate>>, Problem> {
    let items = app.state.list_certificates(person.scope(), holder).await?;
    Ok(Json(All { items }))
}

async fn issue(
    app: &App,
    person: &Person,
    owner: &Owner,
    asked: Asked,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let issued = made(app, owner, &asked.request, asked.days).await?;
    let now = app.inside.now().0;
    let certificate = app
        .state
        .add_certificate(
            person.scope(),
            &owner.holder,
            &new(&issued),
            person.name(),
            now,
        )
        .await?;
    let own = told(app, owner, "was given a certificate", &certificate);
    acts::tell(app, person, own).await?;
    Ok((StatusCode::CREATED, Json(answer(issued, certificate))))
}

async fn revoke(
    app: &App,
    person: &Person,
    owner: &Owner,
    fingerprint: &str,
) -> Result<StatusCode, Problem> {
    let now = app.inside.now().0;
    let certificate = app
        .state
        .revoke_certificate(
            person.scope(),
            &owner.holder,
            fingerprint,
            person.name(),
            now,
        )
        .await?;
    let own = told(app, owner, "lost a certificate", &certificate);
    acts::tell(app, person, own).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Certifies the key of a request. Nobody has the certificate yet, and it opens nothing before the
/// state knows it.
async fn made(
    app: &App,
    owner: &Owner,
    request: &str,
    days: Option<u16>,
) -> Result<Issued, Problem> {
    let most = app.limits.certificate_days;
    let days = days.unwrap_or(most);
    if !(1..=most).contains(&days) {
        return Err(Problem::bad_request(format!("days: 1 to {most}")));
    }
    let request = CertificateRequest::from_pem(request)
        .map_err(|e| Problem::bad_request(format!("request: {e}")))?;
    let (authority, subject, now) = (app.authority.clone(), owner.subject(), app.inside.now());
    // It reads, and at first writes, files.
    let issued =
        tokio::task::spawn_blocking(move || authority.issue(&request, &subject, days, now));
    let issued = issued.await.map_err(|e| Problem::internal(&e))?;
    issued.map_err(|e| Problem::internal(&e))
}

fn new(issued: &Issued) -> NewCertificate {
    NewCertificate {
        fingerprint: TokenHash::of_digest(issued.fingerprint),
        serial: issued.serial.clone(),
        not_before_ms: issued.not_before.0,
        not_after_ms: issued.not_after.0,
    }
}

fn answer(issued: Issued, certificate: Certificate) -> Made {
    Made {
        certificate,
        pem: issued.certificate,
        authority: issued.authority,
    }
}

fn told(app: &App, owner: &Owner, what: &str, certificate: &Certificate) -> Own {
    let kind = owner.kind.to_ascii_lowercase();
    let user = json!({"uid": owner.id, "name": owner.name, "type": owner.kind});
    let shown = json!({
        "serial_number": certificate.serial,
        "fingerprints": [{"algorithm": "SHA-256", "algorithm_id": 3, "value": certificate.fingerprint}],
        "created_time": certificate.not_before_ms,
        "expiration_time": certificate.not_after_ms,
    });
    acts::begun(app, acts::ACCOUNT, acts::OTHER)
        .program(&owner.program)
        .severity(Severity::Low)
        .message(format!("{kind} {} {what}", owner.name))
        .with("activity_name", what)
        .with("user", user)
        .with("certificate", shown)
}
