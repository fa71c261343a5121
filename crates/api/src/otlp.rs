//! OpenTelemetry's protocol for logs over HTTP (OTLP 1.x): `POST /v1/logs`.
//!
//! The protocol gives a record no identity, so that a request sent again after a lost answer makes
//! second events, unless records carry the attribute `log.record.uid` or the request an
//! `Idempotency-Key`.

use axum::body::Body;
use axum::extract::{Extension, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost::Message;
use ringfence_normalise::OtlpEncoding;
use ringfence_sources::{Format, Receipt};
use serde_json::json;

use crate::app::App;
use crate::auth::{Peer, Sender};
use crate::events;
use crate::problem::Problem;

/// `POST /v1/logs`: answers when all that was accepted is durable, in the encoding of the request.
pub(crate) async fn logs(
    AxumState(app): AxumState<App>,
    sender: Result<Sender, Problem>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let known = encoding(&headers);
    let encoding = known.unwrap_or(OtlpEncoding::Json);
    let taken = match (sender, known) {
        (Ok(sender), Some(encoding)) => {
            let format = Format::Otlp(encoding);
            events::take(&app, &sender, peer, &headers, body, format).await
        }
        (Ok(_), None) => Err(Problem::unsupported(
            "send application/x-protobuf or application/json",
        )),
        (Err(problem), _) => Err(problem),
    };
    match taken {
        Ok(receipt) => answer(encoding, &receipt),
        Err(problem) => failure(encoding, &problem),
    }
}

fn encoding(headers: &HeaderMap) -> Option<OtlpEncoding> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/x-protobuf" => Some(OtlpEncoding::Protobuf),
        "application/json" => Some(OtlpEncoding::Json),
        _ => None,
    }
}

/// Success, or partial success where records were refused. Where all were, the request was bad.
fn answer(encoding: OtlpEncoding, receipt: &Receipt) -> Response {
    let Some(first) = receipt.rejected.first() else {
        return write(encoding, StatusCode::OK, &Success::default(), || json!({}));
    };
    let message = format!("{} (record {}): {}", first.code, first.index, first.reason);
    if receipt.accepted + receipt.duplicates == 0 {
        return failure(encoding, &Problem::bad_request(message));
    }
    let rejected = i64::try_from(receipt.rejected.len()).unwrap_or(i64::MAX);
    let partial = Success {
        partial: Some(Partial {
            rejected,
            message: message.clone(),
        }),
    };
    write(encoding, StatusCode::OK, &partial, || {
        // 64-bit numbers are text in OTLP's JSON.
        json!({"partialSuccess": {
            "rejectedLogRecords": rejected.to_string(),
            "errorMessage": message,
        }})
    })
}

/// `google.rpc.Status`, as the specification asks of every error.
fn failure(encoding: OtlpEncoding, problem: &Problem) -> Response {
    let http = problem.status();
    let status = Status {
        // Codes of google.rpc.Code.
        code: match http {
            StatusCode::UNAUTHORIZED => 16,
            StatusCode::FORBIDDEN => 7,
            StatusCode::PAYLOAD_TOO_LARGE => 8,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            http if http.is_client_error() => 3,
            _ => 13,
        },
        message: problem.detail().to_owned(),
    };
    let mut response = write(
        encoding,
        http,
        &status,
        || json!({"code": status.code, "message": status.message}),
    );
    let headers = response.headers_mut();
    match http {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        _ => {}
    }
    response
}

fn write(
    encoding: OtlpEncoding,
    status: StatusCode,
    message: &impl Message,
    json: impl FnOnce() -> serde_json::Value,
) -> Response {
    match encoding {
        OtlpEncoding::Json => (status, axum::Json(json())).into_response(),
        OtlpEncoding::Protobuf => {
            let kind = [(header::CONTENT_TYPE, "application/x-protobuf")];
            (status, kind, message.encode_to_vec()).into_response()
        }
    }
}

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Success {
    #[prost(message, optional, tag = "1")]
    partial: Option<Partial>,
}

/// `ExportLogsPartialSuccess`.
#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// `google.rpc.Status` without details.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}
