//! Alerts: list, look, judge.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ringfence_state::{
    Alert, AlertCounts, AlertDetail, AlertEdit, AlertFilter, AlertOrder, BulkResult, BulkTarget,
    Finding, Page, PageRequest, Status,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::trail::{self, Said};

/// Query parameters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    /// Comma-separated.
    status: Option<String>,
    min_severity_id: Option<u8>,
    rule_id: Option<String>,
    entity_kind: Option<String>,
    entity_value: Option<String>,
    program: Option<String>,
    site: Option<String>,
    assignee: Option<String>,
    text: Option<String>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    order: AlertOrder,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of alerts with the counts over all pages.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    #[serde(flatten)]
    page: Page<Alert>,
    counts: AlertCounts,
}

/// `GET /api/v1/alerts`.
pub(crate) async fn list(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Listed>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let filter = asked.filter()?;
    let request = page_request(asked.limit, asked.cursor)?;
    let page = app
        .state
        .list_alerts(person.scope(), &filter, asked.order, &request)
        .await?;
    let counts = app.state.count_alerts(person.scope(), &filter).await?;
    Ok(Json(Listed { page, counts }))
}

/// `GET /api/v1/alerts/{id}`.
pub(crate) async fn one(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let detail: AlertDetail = app.state.alert_detail(person.scope(), &id).await?;
    Ok(with_etag(detail.alert.version, &detail))
}

/// `GET /api/v1/alerts/{id}/findings`.
pub(crate) async fn findings(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    page: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<Finding>>, Problem> {
    let request = PageQuery::read(page)?;
    Ok(Json(
        app.state
            .alert_findings(person.scope(), &id, &request)
            .await?,
    ))
}

/// `POST /api/v1/alerts/{id}/edit`: one [`AlertEdit`]; `If-Match` guards against the edits of
/// others.
pub(crate) async fn edit(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    edit: Body<AlertEdit>,
) -> Result<Response, Problem> {
    let edit = read(edit)?;
    let expected = expected_version(&headers)?;
    let now = app.inside.now().0;
    let edited = app
        .state
        .edit_alert(person.scope(), &id, &edit, expected, person.name(), now)
        .await?;
    let alert = &edited.alert;
    let said = Said::new(format!("alert {}: {}", alert.id, words(&edit)));
    let said = said.to(&alert.id, &alert.title).program(&alert.program);
    trail::say(said.with("edit", json!(edit)));
    Ok(with_etag(edited.alert.version, &edited))
}

/// A bulk action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bulk {
    target: BulkTarget,
    edit: AlertEdit,
}

/// `POST /api/v1/alerts/bulk`.
pub(crate) async fn bulk(
    AxumState(app): AxumState<App>,
    person: Person,
    bulk: Body<Bulk>,
) -> Result<Json<BulkResult>, Problem> {
    let bulk = read(bulk)?;
    let now = app.inside.now().0;
    let done = app
        .state
        .bulk_edit(person.scope(), &bulk.target, &bulk.edit, person.name(), now);
    let done = done.await?;
    let (edit, count) = (&bulk.edit, done.items.len());
    let said = Said::new(format!("{count} alerts: {}", words(edit)));
    trail::say(said.with("edit", json!(edit)).with("bulk", json!(done)));
    Ok(Json(done))
}

/// What an edit does.
fn words(edit: &AlertEdit) -> &'static str {
    match edit {
        AlertEdit::Acknowledge {} => "acknowledged",
        AlertEdit::Close { .. } => "closed",
        AlertEdit::Reopen {} => "opened again",
        _ => "changed",
    }
}

impl Asked {
    fn filter(&self) -> Result<AlertFilter, Problem> {
        let status = match self.status.as_deref() {
            None => Vec::new(),
            Some(list) => list.split(',').map(status).collect::<Result<_, _>>()?,
        };
        Ok(AlertFilter {
            status,
            min_severity_id: self.min_severity_id,
            rule_id: self.rule_id.clone(),
            entity_kind: self.entity_kind.clone(),
            entity_value: self.entity_value.clone(),
            program: self.program.clone(),
            site: self.site.clone(),
            assignee: self.assignee.clone(),
            text: self.text.clone(),
            from_ms: self.from_ms,
            to_ms: self.to_ms,
        })
    }
}

/// Query parameters of lists without a filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PageQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl PageQuery {
    pub fn read(query: Result<Query<Self>, QueryRejection>) -> Result<PageRequest, Problem> {
        let Query(query) = query.map_err(|e| Problem::bad_request(e.body_text()))?;
        page_request(query.limit, query.cursor)
    }
}

pub(crate) fn page_request(
    limit: Option<u32>,
    cursor: Option<String>,
) -> Result<PageRequest, Problem> {
    if limit.is_some_and(|n| !(1..=500).contains(&n)) {
        return Err(Problem::bad_request("limit: a page has 1 to 500 rows"));
    }
    Ok(PageRequest { limit, cursor })
}

fn status(text: &str) -> Result<Status, Problem> {
    [Status::Open, Status::Acknowledged, Status::Closed]
        .into_iter()
        .find(|s| s.as_str() == text.trim())
        .ok_or_else(|| {
            Problem::bad_request("status: open, acknowledged or closed, comma-separated")
        })
}

/// RFC 9110 section 13.1.1: `If-Match` with the entity tag of the state that the client saw.
fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_matches('"').parse();
    version
        .map(Some)
        .map_err(|_| Problem::bad_request("if-match: send back the ETag that you got"))
}

fn with_etag<T: Serialize>(version: u64, body: &T) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
