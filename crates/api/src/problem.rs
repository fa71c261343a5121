//! Errors on the wire: RFC 9457 problem details.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ringfence_lake::{LakeError, QueryError};
use ringfence_sources::SinkError;
use serde::Serialize;

/// An error answer.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// A stable URN for programs: `urn:ringfence:not-found`.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// What is wrong here and what to do.
    detail: String,
    /// Seconds after which it is worth another try.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(
        status: StatusCode,
        kind: &str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:ringfence:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(2),
        }
    }

    /// With the time after which it is worth another try: whole seconds, one at least.
    #[must_use]
    pub fn after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after = Some(wait.as_secs().saturating_add(1));
        self
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong here and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The request is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid",
            "The request is not valid",
            detail,
        )
    }

    /// No credential, or not a valid one.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Sign in, or send a valid token",
            "sign in at /signin, or send `Authorization: Bearer TOKEN` with a token that this server issued",
        )
    }

    /// A credential that is none, or none any longer, in words.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The credential is not good",
            detail,
        )
    }

    /// A valid credential without the right.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "You may not do that",
            detail,
        )
    }

    /// Nothing there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such thing",
            detail,
        )
    }

    /// Too large.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The body is too large",
            detail,
        )
    }

    /// An encoding or media type that is not spoken here.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported",
            "The body's type or encoding is not supported",
            detail,
        )
    }

    /// The server cannot, for now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The server cannot do that now",
            detail,
        )
    }

    /// Our fault.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed",
            "the server's log says why",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(secs) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

impl From<ringfence_state::Error> for Problem {
    fn from(error: ringfence_state::Error) -> Self {
        use ringfence_state::Error;
        match &error {
            Error::NotFound { .. } => Self::not_found(error.to_string()),
            Error::Invalid { .. } | Error::Taken { .. } => Self::bad_request(error.to_string()),
            Error::Conflict(_) => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "That does not fit the present state",
                error.to_string(),
            ),
            e if e.is_transient() => Self::unavailable(error.to_string()),
            _ => Self::internal(&error),
        }
    }
}

impl From<SinkError> for Problem {
    fn from(error: SinkError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = error.to_string();
        let (kind, title) = match &error {
            QueryError::Timeout(_) => ("query-timeout", "The query took too long"),
            QueryError::Memory(_) => ("query-memory", "The query needs too much memory"),
            QueryError::Crashed(_) => ("query-crashed", "The query engine did not survive it"),
            QueryError::Unavailable(_) => return Self::unavailable(detail),
            // Refused, or what the engine said about a user's own SQL, such as a division by zero.
            _ => return Self::bad_request(detail),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, title, detail)
    }
}

impl From<LakeError> for Problem {
    fn from(error: LakeError) -> Self {
        match error {
            LakeError::Query(query) => query.into(),
            LakeError::Stopped | LakeError::Conflict => Self::unavailable(error.to_string()),
            _ => Self::internal(&error),
        }
    }
}
