//! What somebody still sends when their answer is there already.
//!
//! Over HTTP/2 the rest of a request is called off together with such an answer, and some clients (curl 7.88
//! among them) then lose the answer; over HTTP/1.1 the connection is reset under those who still write. Whoever
//! sends events with a wrong token is to read that the token is wrong.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

/// So much of it is read, to be thrown away.
const MOST: usize = 1024 * 1024;
/// And for so long.
const LONGEST: Duration = Duration::from_secs(2);

/// Lets a handler answer when it knows its answer, and sends that when the request is read.
pub(crate) async fn read_out(request: Request, next: Next) -> Response {
    // Who waits to be asked for the body is not asked for nothing (RFC 9110, section 10.1.1).
    let waits = request.headers().contains_key(header::EXPECT);
    if waits || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let lent = Lent(Arc::new(Mutex::new(None)));
    let request = request.map(|body| {
        *lent.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        Body::new(lent.clone())
    });
    let response = next.run(request).await;
    if let Some(body) = lent.take()
        && !body.is_end_stream()
    {
        let _ = tokio::time::timeout(LONGEST, thrown_away(body)).await;
    }
    response
}

async fn thrown_away(mut body: Body) {
    let mut left = MOST;
    while let Some(Ok(frame)) = body.frame().await {
        let read = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(read) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A body that is taken back when its reader is done.
#[derive(Clone)]
struct Lent(Arc<Mutex<Option<Body>>>);

impl Lent {
    fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut lent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(body) = lent.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        // After a failure there is nothing to go on with.
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            *lent = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let lent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lent.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let lent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lent.as_ref().map_or_else(Default::default, Body::size_hint)
    }
}
