//! Whether a connection has a request under way, and since when it has none.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// What a connection is doing.
pub(super) struct Busy(Mutex<Doing>);

struct Doing {
    under_way: usize,
    /// It has asked for something before.
    asked: bool,
    since: Instant,
}

/// A request under way, until its answer is sent or nobody wants it.
pub(super) struct UnderWay(Arc<Busy>);

impl Busy {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Doing {
            under_way: 0,
            asked: false,
            since: Instant::now(),
        })))
    }

    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut doing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        doing.under_way += 1;
        doing.asked = true;
        UnderWay(Arc::clone(self))
    }

    /// Resolves when the connection has asked for nothing for too long: at first `patience`, later
    /// `idle`.
    pub(super) async fn idle(&self, patience: Duration, idle: Duration) {
        loop {
            let until = {
                let doing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let limit = if doing.asked { idle } else { patience };
                match doing.under_way {
                    0 => doing.since + limit,
                    _ => Instant::now() + limit,
                }
            };
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut doing = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        doing.under_way = doing.under_way.saturating_sub(1);
        doing.since = Instant::now();
    }
}

/// An answer's body, which ends what was under way.
pub(super) struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl Answer {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        Self {
            body,
            _under_way: under_way,
        }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);
    const IDLE: Duration = Duration::from_millis(40);

    #[tokio::test]
    async fn who_asks_for_nothing_is_ended_and_who_waits_for_an_answer_is_not() {
        let begun = Instant::now();
        let busy = Busy::new();
        busy.idle(PATIENCE, IDLE).await;
        assert!(begun.elapsed() >= PATIENCE);
        let under_way = busy.begin();
        let long = tokio::time::timeout(5 * IDLE, busy.idle(PATIENCE, IDLE)).await;
        assert!(long.is_err());
        drop(under_way);
        let begun = Instant::now();
        busy.idle(PATIENCE, IDLE).await;
        assert!(begun.elapsed() >= IDLE);
    }
}
