//! Sources, quarantine, webhooks and live calls.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use ringfence_event::Name;
use ringfence_sources::certificate_name;
use ringfence_state::{
    MintedSource, NewSource, NewWebhook, OutboxEntry, OutboxState, Page, QuarantineStats,
    Quarantined, Recipient, Source, SourceChange, Webhook, WebhookChange,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::acts;
use crate::alerts::{PageQuery, page_request};
use crate::app::{App, LiveCall};
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::trail::{self, Said};

/// For how long an old token stays good unless somebody says otherwise, and at most.
const OVERLAP_MINUTES: u32 = 60;
const MOST_OVERLAP_MINUTES: u32 = 28 * 24 * 60;

/// A list that has no pages.
#[derive(Debug, Serialize)]
pub(crate) struct All<T> {
    pub(crate) items: Vec<T>,
}

/// A source and its token, shown once.
#[derive(Debug, Serialize)]
pub(crate) struct SourceWithToken {
    source: Source,
    token: String,
}

impl From<MintedSource> for SourceWithToken {
    fn from(minted: MintedSource) -> Self {
        Self {
            source: minted.source,
            token: minted.token.reveal().to_owned(),
        }
    }
}

/// `GET /api/v1/sources`.
pub(crate) async fn sources(
    AxumState(app): AxumState<App>,
    person: Person,
) -> Result<Json<All<Source>>, Problem> {
    Ok(Json(All {
        items: app.state.list_sources(person.scope()).await?,
    }))
}

/// `POST /api/v1/sources`.
pub(crate) async fn create_source(
    AxumState(app): AxumState<App>,
    person: Person,
    body: Body<NewSource>,
) -> Result<(StatusCode, Json<SourceWithToken>), Problem> {
    let new = read(body)?;
    for (field, name) in [
        ("name", &new.name),
        ("program", &new.program),
        ("site", &new.site),
    ] {
        Name::new(name).map_err(|e| Problem::bad_request(format!("{field}: {e}")))?;
    }
    let minted = app
        .state
        .create_source(person.scope(), new, app.inside.now().0)
        .await?;
    let source = &minted.source;
    let said = Said::new(format!("source {} was made", source.name));
    let said = said.to(&source.id, &source.name).program(&source.program);
    trail::say(said.with("source", json!(source)));
    Ok((StatusCode::CREATED, Json(minted.into())))
}

/// `GET /api/v1/sources/{id}`.
pub(crate) async fn source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<Source>, Problem> {
    Ok(Json(app.state.source(person.scope(), &id).await?))
}

/// `PATCH /api/v1/sources/{id}`.
pub(crate) async fn change_source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<SourceChange>,
) -> Result<Json<Source>, Problem> {
    if id.starts_with("config.") {
        let detail = "this source is declared in the configuration file: change it there";
        return Err(Problem::bad_request(detail));
    }
    let mut change = read(body)?;
    for name in change.certificate_names.iter_mut().flatten() {
        *name = certificate_name(name)
            .map_err(|e| Problem::bad_request(format!("certificate_names: {e}")))?;
    }
    for (field, name) in [("name", &change.name), ("site", &change.site)] {
        if let Some(name) = name {
            Name::new(name).map_err(|e| Problem::bad_request(format!("{field}: {e}")))?;
        }
    }
    let now = app.inside.now().0;
    let before = app.state.source(person.scope(), &id).await?;
    let changed = app.state.change_source(person.scope(), &id, change, now);
    let source = changed.await?;
    let said = Said::new(format!("source {} was changed", source.name));
    let said = said.to(&source.id, &source.name).program(&source.program);
    trail::say(said.change(&before, &source));
    Ok(Json(source))
}

/// How a token is replaced.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Minutes for which the old token stays good; 0 ends it now.
    overlap_minutes: Option<u32>,
}

/// How long an old token stays good, out of the minutes that somebody said.
pub(crate) fn overlap(minutes: Option<u32>) -> Result<Duration, Problem> {
    let minutes = minutes.unwrap_or(OVERLAP_MINUTES);
    if minutes > MOST_OVERLAP_MINUTES {
        let detail = format!("overlap_minutes: at most {MOST_OVERLAP_MINUTES}, four weeks");
        return Err(Problem::bad_request(detail));
    }
    Ok(Duration::from_secs(u64::from(minutes) * 60))
}

/// `POST /api/v1/sources/{id}/rotate`.
pub(crate) async fn rotate_source(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<Rotation>,
) -> Result<Json<SourceWithToken>, Problem> {
    let overlap = overlap(read(body)?.overlap_minutes)?;
    let now = app.inside.now().0;
    let minted = app
        .state
        .rotate_source(person.scope(), &id, overlap, now)
        .await?;
    let source = &minted.source;
    let whom = ("Source", source.id.as_str(), source.name.as_str());
    acts::rotated(&app, &person, whom, &source.program, overlap).await?;
    Ok(Json(minted.into()))
}

/// Query parameters of the quarantine.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QuarantineQuery {
    source_id: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of refused records, and how full the quarantine is.
#[derive(Debug, Serialize)]
pub(crate) struct QuarantinePage {
    #[serde(flatten)]
    page: Page<Quarantined>,
    stats: QuarantineStats,
}

/// `GET /api/v1/quarantine`.
pub(crate) async fn quarantine(
    AxumState(app): AxumState<App>,
    person: Person,
    query: Result<Query<QuarantineQuery>, QueryRejection>,
) -> Result<Json<QuarantinePage>, Problem> {
    let Query(query) = query.map_err(|e| Problem::bad_request(e.body_text()))?;
    let request = page_request(query.limit, query.cursor)?;
    let source = query.source_id.as_deref();
    let page = app
        .state
        .list_quarantine(person.scope(), source, &request)
        .await?;
    Ok(Json(QuarantinePage {
        page,
        stats: app.state.quarantine_stats().await?,
    }))
}

/// Which rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    ids: Vec<String>,
}

/// How many rows.
#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    deleted: u64,
}

/// `POST /api/v1/quarantine/delete`.
pub(crate) async fn delete_quarantine(
    AxumState(app): AxumState<App>,
    person: Person,
    body: Body<Ids>,
) -> Result<Json<Deleted>, Problem> {
    let ids = read(body)?.ids;
    let deleted = app.state.delete_quarantine(person.scope(), &ids).await?;
    let said = Said::new(format!("{deleted} refused records were deleted"));
    trail::say(said.with("quarantine", json!({ "ids": ids })));
    Ok(Json(Deleted { deleted }))
}

/// A webhook and its secret, shown once.
#[derive(Debug, Serialize)]
pub(crate) struct WebhookWithSecret {
    webhook: Webhook,
    secret: String,
}

/// `GET /api/v1/webhooks`.
pub(crate) async fn webhooks(
    AxumState(app): AxumState<App>,
    person: Person,
) -> Result<Json<All<Webhook>>, Problem> {
    Ok(Json(All {
        items: app.state.list_webhooks(person.scope()).await?,
    }))
}

/// `POST /api/v1/webhooks`.
pub(crate) async fn create_webhook(
    AxumState(app): AxumState<App>,
    person: Person,
    body: Body<NewWebhook>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), Problem> {
    let new = read(body)?;
    check_url(&app, &new.url)?;
    let minted = app
        .state
        .create_webhook(person.scope(), new, app.inside.now().0)
        .await?;
    let secret = minted.secret.reveal().to_string();
    let webhook = &minted.webhook;
    let said = Said::new(format!("webhook {} was made", webhook.name));
    let said = said.to(&webhook.id, &webhook.name);
    trail::say(said.with("webhook", json!(webhook)));
    Ok((
        StatusCode::CREATED,
        Json(WebhookWithSecret {
            webhook: minted.webhook,
            secret,
        }),
    ))
}

/// `PATCH /api/v1/webhooks/{id}`.
pub(crate) async fn change_webhook(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    body: Body<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    let change = read(body)?;
    if let Some(url) = &change.url {
        check_url(&app, url)?;
    }
    let now = app.inside.now().0;
    let url_too = change.url.is_some();
    let all = app.state.list_webhooks(person.scope()).await?;
    let before = all.into_iter().find(|one| one.id == id);
    let changed = app.state.change_webhook(person.scope(), &id, change, now);
    let webhook = changed.await?;
    let said = Said::new(format!("webhook {} was changed", webhook.name));
    let said = said
        .to(&webhook.id, &webhook.name)
        .with("url_changed", url_too);
    trail::say(said.change(&before, &webhook));
    Ok(Json(webhook))
}

/// `DELETE /api/v1/webhooks/{id}`.
pub(crate) async fn delete_webhook(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.state.delete_webhook(person.scope(), &id).await?;
    trail::say(Said::new("a webhook was removed").to(&id, ""));
    Ok(StatusCode::NO_CONTENT)
}

/// What was queued.
#[derive(Debug, Serialize)]
pub(crate) struct Queued {
    delivery_id: String,
}

/// `POST /api/v1/webhooks/{id}/test`.
pub(crate) async fn test_webhook(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Queued>), Problem> {
    let delivery_id = app
        .state
        .enqueue_test(person.scope(), &id, app.inside.now().0)
        .await?;
    trail::say(Said::new("a test was sent").to(&id, ""));
    Ok((StatusCode::ACCEPTED, Json(Queued { delivery_id })))
}

/// `GET /api/v1/mail`.
pub(crate) async fn recipients(
    AxumState(app): AxumState<App>,
    person: Person,
) -> Result<Json<All<Recipient>>, Problem> {
    Ok(Json(All {
        items: app.state.list_recipients(person.scope()).await?,
    }))
}

/// Query parameters of deliveries.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    state: Option<OutboxState>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/v1/webhooks/{id}/deliveries`.
pub(crate) async fn deliveries(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    query: Result<Query<DeliveryQuery>, QueryRejection>,
) -> Result<Json<Page<OutboxEntry>>, Problem> {
    let Query(query) = query.map_err(|e| Problem::bad_request(e.body_text()))?;
    let request = page_request(query.limit, query.cursor)?;
    Ok(Json(
        app.state
            .list_outbox(person.scope(), &id, query.state, &request)
            .await?,
    ))
}

/// `POST /api/v1/deliveries/{id}/replay`.
pub(crate) async fn replay_delivery(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.state
        .replay_delivery(person.scope(), &id, app.inside.now().0)
        .await?;
    trail::say(Said::new("what could not be delivered is sent again").to(&id, ""));
    Ok(StatusCode::ACCEPTED)
}

/// `GET /api/v1/calls`.
pub(crate) async fn calls(
    AxumState(app): AxumState<App>,
    person: Person,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<All<LiveCall>>, Problem> {
    let request = PageQuery::read(query)?;
    let limit = request.limit.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Json(All {
        items: app.inside.live_calls(person.scope(), limit),
    }))
}

fn check_url(app: &App, url: &str) -> Result<(), Problem> {
    app.inside
        .check_webhook_url(url)
        .map_err(|e| Problem::bad_request(format!("url: {e}")))
}
