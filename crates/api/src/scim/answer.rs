//! Answers, the good and the bad, in SCIM's own media type.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ringfence_scim::ScimError;
use ringfence_state::Error;
use serde_json::Value;

use crate::problem::Problem;

const MEDIA_TYPE: &str = "application/scim+json";

/// Why a request was not done.
#[derive(Debug)]
pub(crate) struct Failed(Box<ScimError>, Option<Problem>);

pub(super) type Answer = Result<Response, Failed>;

impl From<ScimError> for Failed {
    fn from(error: ScimError) -> Self {
        Self(Box::new(error), None)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        let error = ScimError::new(problem.status().as_u16(), problem.detail());
        Self(Box::new(error), Some(problem))
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match &error {
            // It says nothing of those whom the directory does not look after.
            Error::Taken { .. } => ScimError::taken(error.to_string()).into(),
            Error::Invalid { .. } => ScimError::value(error.to_string()).into(),
            _ => Problem::from(error).into(),
        }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = document(status, &self.0.document());
        // Its headers say how to sign in, or when to come again.
        if let Some(problem) = self.1 {
            let headers = problem.into_response().headers().clone();
            for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
                if let Some(value) = headers.get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
        }
        response
    }
}

/// A problem as a directory reads it.
pub(crate) fn failed(problem: Problem) -> Response {
    Failed::from(problem).into_response()
}

pub(super) fn document(status: StatusCode, document: &Value) -> Response {
    let mut response = (status, Json(document)).into_response();
    let value = HeaderValue::from_static(MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

/// A resource, with its address where the protocol wants it.
pub(super) fn resource(status: StatusCode, resource: &Value) -> Response {
    let mut response = document(status, resource);
    let location = resource.pointer("/meta/location").and_then(Value::as_str);
    if let Some(value) = location.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// A body, whatever it says that it is: some clients send `application/json`, some nothing.
pub(super) fn read(body: &Bytes) -> Result<Value, Failed> {
    serde_json::from_slice(body).map_err(|error| {
        let mut wrong = ScimError::value(format!("the body is not JSON: {error}"));
        wrong.kind = Some("invalidSyntax");
        wrong.into()
    })
}

/// A moment as documents write it.
pub(super) fn moment(ms: i64) -> Value {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.3}").into()
}
