//! Bodies that come too slowly are ended: a sender that trickles holds a place for nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// What a body may be waited for by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// And for each so many bytes of it a second: a line of 64 kbit/s is faster.
const BYTES_A_SECOND: u64 = 4_096;

/// A request's body, whose time is bounded. Only waiting for it counts: what we are slow with is no
/// fault of the sender.
pub(super) struct Unhurried<B> {
    body: B,
    patience: Duration,
    bytes: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<B> Unhurried<B> {
    pub(super) fn new(body: B) -> Self {
        Self {
            body,
            patience: PATIENCE,
            bytes: 0,
            waited: Duration::ZERO,
            waiting: None,
        }
    }
}

impl<B> Body for Unhurried<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some((since, _)) = this.waiting.take() {
                this.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                this.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let allowed = this.patience + Duration::from_secs(this.bytes / BYTES_A_SECOND);
        let left = allowed.saturating_sub(this.waited);
        let (_, end) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep_until(now + left)))
        });
        match end.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let slow = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                Poll::Ready(Some(Err(slow)))
            }
        }
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
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::future::poll_fn;

    /// So many bytes after each so long a time.
    struct Trickle(VecDeque<usize>, Pin<Box<Sleep>>, Duration);

    impl Body for Trickle {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.1.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let next = Instant::now() + self.2;
            self.1.as_mut().reset(next);
            let bytes = self.0.pop_front();
            Poll::Ready(bytes.map(|n| Ok(Frame::data(vec![0; n].into()))))
        }
    }

    async fn read(pieces: usize, of: usize, patience: u64) -> Result<usize, io::ErrorKind> {
        let every = Duration::from_millis(5);
        let sleep = Box::pin(tokio::time::sleep(every));
        let mut body = Unhurried::new(Trickle(vec![of; pieces].into(), sleep, every));
        body.patience = Duration::from_millis(patience);
        let mut read = 0;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|error| error.kind())?;
            read += frame.data_ref().map_or(0, Bytes::len);
        }
        Ok(read)
    }

    #[tokio::test]
    async fn a_slow_line_is_waited_for_and_a_trickle_is_not() {
        assert_eq!(read(40, 8_000, 10_000).await, Ok(320_000));
        assert_eq!(read(1_000, 1, 50).await, Err(io::ErrorKind::TimedOut));
    }
}
