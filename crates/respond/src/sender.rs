//! One attempt to deliver one message, signed after the Standard Webhooks
//! specification.
//!
//! The receiver checks `webhook-signature` (an HMAC over id, timestamp and body),
//! refuses timestamps that are too old, and drops ids it has seen. Redirects are not
//! followed: the address that was judged is the address that is used. Of the answer,
//! only status and `Retry-After` are looked at; the body is read up to a cap, so that
//! the receiver can finish politely, and thrown away: stored, it would make the guard
//! a way to read what lies inside.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio_util::task::AbortOnDropHandle;

use crate::connect::{Stream, connect};
use crate::guard::{Blocked, Guard, Target};
use crate::outbox::Delivery;
use crate::resolve::{Resolve, SystemResolver};
use crate::retry::retry_after_ms;
use crate::tls::{TlsError, client_config};

/// Longest header block that a receiver may answer with.
const MAX_HEADERS: usize = 64 * 1024;

/// How webhooks are sent.
#[derive(Debug, Clone)]
pub struct SenderConfig {
    /// Time for name look-up, connection and TLS handshake, each. Default 5 s.
    pub connect_timeout: Duration,
    /// Time for the whole attempt. Default 15 s.
    pub total_timeout: Duration,
    /// Bytes of the answer's body that are read before the connection is dropped.
    /// Default 64 KiB.
    pub max_response: usize,
    /// PEM certificates of authorities trusted beside the platform's. Default none.
    pub extra_ca_pem: Option<Vec<u8>>,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            max_response: 64 * 1024,
            extra_ca_pem: None,
        }
    }
}

/// Why an attempt failed. Safe to store and show: names the host at most, never
/// path, query, secret, or anything the receiver said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The guard refused the address.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// No connection.
    #[error("no connection to the receiver: {0}")]
    Connect(io::ErrorKind),
    /// The receiver's certificate or handshake was refused.
    #[error("TLS with the receiver failed: {0}")]
    Tls(String),
    /// Too slow.
    #[error("the receiver did not answer in time")]
    Timeout,
    /// The receiver does not speak HTTP, or hung up.
    #[error("the receiver broke off the exchange")]
    Protocol,
    /// The receiver answered with something other than success.
    #[error("the receiver answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after_ms: Option<i64>,
    },
    /// 410: the receiver says that it will never want this again.
    #[error("the receiver answered with status 410: it is gone for good")]
    Gone,
}

/// A delivery that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The receiver's 2xx status.
    pub status: u16,
}

/// Sends webhooks; cheap to share behind an `Arc`.
pub struct WebhookSender<R = SystemResolver> {
    guard: Guard,
    resolver: R,
    tls: Arc<ClientConfig>,
    config: SenderConfig,
}

impl WebhookSender {
    /// A sender that asks the operating system for names.
    ///
    /// # Errors
    /// When there are no TLS roots or the extra CA file is unusable.
    pub fn new(guard: Guard, config: SenderConfig) -> Result<Self, TlsError> {
        Self::with_resolver(guard, config, SystemResolver)
    }
}

impl<R: Resolve> WebhookSender<R> {
    /// A sender with a resolver of the caller's.
    ///
    /// # Errors
    /// As [`WebhookSender::new`].
    pub fn with_resolver(
        guard: Guard,
        config: SenderConfig,
        resolver: R,
    ) -> Result<Self, TlsError> {
        let tls = client_config(config.extra_ca_pem.as_deref())?;
        Ok(Self {
            guard,
            resolver,
            tls,
            config,
        })
    }

    /// The guard, to judge a URL when a user saves it.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Makes one attempt. `now_ms` becomes the signed timestamp.
    ///
    /// # Errors
    /// Says why nothing (that we know of) was delivered.
    pub async fn send(&self, delivery: &Delivery, now_ms: i64) -> Result<Sent, SendError> {
        let attempt = self.attempt(delivery, now_ms);
        tokio::time::timeout(self.config.total_timeout, attempt)
            .await
            .unwrap_or(Err(SendError::Timeout))
    }

    async fn attempt(&self, delivery: &Delivery, now_ms: i64) -> Result<Sent, SendError> {
        let admitted = self.guard.admit(&delivery.url, &self.resolver);
        let target = tokio::time::timeout(self.config.connect_timeout, admitted)
            .await
            .map_err(|_| SendError::Timeout)??;
        let request = signed_request(delivery, &target, now_ms)?;
        let stream = connect(&target, &self.tls, self.config.connect_timeout).await?;
        self.exchange(stream, request).await
    }

    async fn exchange(
        &self,
        stream: Box<dyn Stream>,
        request: Request<Full<Bytes>>,
    ) -> Result<Sent, SendError> {
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| SendError::Protocol)?;
        // The connection lives as long as this attempt and no longer.
        let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
        let response = sender
            .send_request(request)
            .await
            .map_err(|_| SendError::Protocol)?;
        let judged = judge(&response);
        drain(response.into_body(), self.config.max_response).await;
        judged
    }
}

impl<R> std::fmt::Debug for WebhookSender<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSender")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

/// The signature covers `id.timestamp.body`, so none of the three can be swapped.
fn signed_request(
    delivery: &Delivery,
    target: &Target,
    now_ms: i64,
) -> Result<Request<Full<Bytes>>, SendError> {
    let timestamp = now_ms.div_euclid(1000).to_string();
    let signature = delivery.secret.sign(&[
        delivery.id.as_bytes(),
        b".",
        timestamp.as_bytes(),
        b".",
        delivery.payload.as_bytes(),
    ]);
    let url = &target.url;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = url.host_str().unwrap_or_default();
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("ringfence/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &delivery.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", format!("v1,{signature}"))
        .body(Full::new(Bytes::from(delivery.payload.clone())))
        .map_err(|_| SendError::Protocol)
}

fn judge(response: &Response<Incoming>) -> Result<Sent, SendError> {
    let status = response.status();
    if status.is_success() {
        return Ok(Sent {
            status: status.as_u16(),
        });
    }
    if status == StatusCode::GONE {
        return Err(SendError::Gone);
    }
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    Err(SendError::Status {
        status: status.as_u16(),
        retry_after_ms: header.and_then(retry_after_ms),
    })
}

/// Whatever goes wrong here cannot change what the status line said.
async fn drain(mut body: Incoming, cap: usize) {
    let mut read = 0_usize;
    while read < cap && !body.is_end_stream() {
        match body.frame().await {
            Some(Ok(frame)) => {
                read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            }
            Some(Err(_)) | None => return,
        }
    }
}
