//! What Elasticsearch's shippers expect to find before and beside their bulk requests.
//!
//! They look for the product, its version and licence, and for index templates, lifecycle policies
//! and pipelines of their own. Ringfence needs none of these: it says that they are there, so that
//! nothing is sent, and takes and forgets what is sent all the same.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State as AxumState};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use ringfence_sources::SinkError;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::Sender;
use crate::gate::{Entry, Needs, entry};
use crate::problem::Problem;
use crate::{body, bulk, console};

/// Version that we speak as. A Beat refuses a server that is older than itself, so this is the
/// last line of Elasticsearch 8.
const VERSION: &str = "8.19.0";

/// The addresses of Elasticsearch that shippers use.
pub(crate) fn entries() -> Vec<Entry> {
    let shipper = |method, path, handler| entry(method, path, Needs::Source, handler);
    let mut all = vec![
        // The console for browsers: whoever is no browser shows a credential there too.
        entry(Method::GET, "/", Needs::Nothing, get(front)),
        shipper(Method::GET, "/_license", get(license)),
        shipper(Method::GET, "/_xpack", get(features)),
        shipper(Method::GET, "/_cluster/health", get(health)),
        shipper(Method::GET, "/_cat/{what}", get(cat)),
        shipper(Method::POST, "/_bulk", post(bulk::all)),
        shipper(Method::PUT, "/_bulk", put(bulk::all)),
        shipper(Method::POST, "/{index}/_bulk", post(bulk::one)),
        shipper(Method::PUT, "/{index}/_bulk", put(bulk::one)),
    ];
    for kept in [
        "/_index_template/{name}",
        "/_component_template/{name}",
        "/_template/{name}",
        "/_ilm/policy/{name}",
        "/_ingest/pipeline/{name}",
        "/_data_stream/{name}",
    ] {
        all.push(shipper(Method::GET, kept, get(exists)));
        all.push(shipper(Method::PUT, kept, put(acknowledged)));
    }
    for one in &mut all {
        // Elastic's clients talk to nothing without it.
        let named = std::mem::take(&mut one.handler);
        one.handler = named.layer(map_response(|mut response: Response| async {
            let product = HeaderValue::from_static("Elasticsearch");
            if !console::is_page(&response) {
                response.headers_mut().insert("x-elastic-product", product);
            }
            response
        }));
    }
    all
}

/// `GET /`: the console for people, the product for shippers.
async fn front(AxumState(app): AxumState<App>, request: Request) -> Response {
    if console::wants_page(request.headers()) {
        let shown = console::shown(&app, request.headers(), request.uri()).await;
        return shown.into_response();
    }
    let (mut parts, _) = request.into_parts();
    match Shipper::from_request_parts(&mut parts, &app).await {
        Ok(_) => about().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn about() -> Json<Value> {
    Json(json!({
        "name": "ringfence",
        "cluster_name": "ringfence",
        "cluster_uuid": "ringfence",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "ringfence",
            "build_hash": "ringfence",
            "build_date": "2026-01-01T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }))
}

/// `GET /_license`.
async fn license(_: Shipper) -> Json<Value> {
    Json(json!({"license": {
        "uid": "ringfence",
        "type": "basic",
        "status": "active",
        "mode": "basic",
        "issued_to": "ringfence",
        "issuer": "ringfence",
    }}))
}

/// `GET /_xpack`: that lifecycle policies may be asked for, and nothing else.
async fn features(_: Shipper) -> Json<Value> {
    let on = json!({"available": true, "enabled": true});
    Json(json!({
        "build": {"hash": "ringfence", "date": "2026-01-01T00:00:00.000Z"},
        "license": {"uid": "ringfence", "type": "basic", "mode": "basic", "status": "active"},
        "features": {"ilm": on, "security": on},
    }))
}

/// `GET /_cluster/health`.
async fn health(_: Shipper) -> Json<Value> {
    Json(json!({
        "cluster_name": "ringfence",
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
    }))
}

/// `GET /_cat/health` and the like: rsyslog asks before it sends.
async fn cat(_: Shipper, Path(what): Path<String>) -> Response {
    match what.as_str() {
        "health" => "ringfence green 1 1\n".into_response(),
        _ => String::new().into_response(),
    }
}

/// `GET` and `HEAD` of a template, policy, pipeline or data stream.
async fn exists(_: Shipper) -> Json<Value> {
    Json(json!({}))
}

/// `PUT` of one.
async fn acknowledged(AxumState(app): AxumState<App>, _: Shipper, content: Body) -> Json<Value> {
    body::discard(content, &app.limits).await;
    Json(json!({"acknowledged": true}))
}

/// A sender whose errors have Elasticsearch's shape.
pub(crate) struct Shipper(pub Sender);

impl FromRequestParts<App> for Shipper {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let sender = <Sender as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        Ok(Self(sender))
    }
}

/// An error as Elasticsearch writes it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    reason: String,
}

impl Failure {
    /// The request is wrong.
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason: reason.into(),
        }
    }

    /// Members `error` and `status` of an answer.
    pub fn members(status: StatusCode, reason: &str) -> (Value, u16) {
        let kind = kind(status);
        let cause = json!({"type": kind, "reason": reason});
        let error = json!({"root_cause": [cause], "type": kind, "reason": reason});
        (error, status.as_u16())
    }
}

/// Elasticsearch's name for an error of this status; shippers decide by some of them.
pub(crate) fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "security_exception",
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type_header_exception",
        status if status.is_client_error() => "illegal_argument_exception",
        _ => "exception",
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            status: problem.status(),
            reason: problem.detail().to_owned(),
        }
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            reason: error.to_string(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (error, status) = Self::members(self.status, &self.reason);
        let answer = Json(json!({"error": error, "status": status}));
        let mut response = (self.status, answer).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // Not `Basic`, which would make a browser ask.
            let schemes = HeaderValue::from_static("Bearer, ApiKey");
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, schemes);
        }
        response
    }
}
