//! One connection: bytes in, whole records out, nothing read while the event log is busy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ringfence_event::{Origin, Time};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::speaker::Speaker;
use super::{Holders, Station, deliver};
use crate::config::Stream;
use crate::framing::{Framer, Step};
use crate::tls::ClientCertificate;
use crate::{Incoming, Naming, clock};

/// Records in one submission.
const BATCH: usize = 1_000;
/// What one read may bring: little at first, more for a peer that fills it.
const READ: std::ops::RangeInclusive<usize> = 4_096..=131_072;
/// Stopping ends when nothing came for so long: what is under way arrives, an idle peer does not
/// hold up the stop.
const QUIET: Duration = Duration::from_millis(50);
/// And after so many reads: a busy sender does not either.
const DRAIN_READS: usize = 64;
/// Time for a peer to take the end of the connection.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves a connection to its end.
pub(super) async fn serve<S>(
    mut stream: S,
    peer: SocketAddr,
    station: &Station,
    bounds: Stream,
    whose: Whose,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection {
        peer,
        station,
        whose,
        framer: station.listener.protocol.framer(bounds.max_message),
        buffer: BytesMut::new(),
        read_size: *READ.start(),
        begun: None,
    };
    connection.run(&mut stream, bounds).await;
    // The peer may be gone: there is nobody to tell.
    let _ = timeout(FAREWELL, stream.shutdown()).await;
}

/// Whose records come over a connection.
pub(super) enum Whose {
    /// One source's, as long as it lasts.
    Fixed(Arc<Speaker>),
    /// Those of whoever holds a certificate, asked anew for each batch: a connection outlives a
    /// revocation.
    Held {
        speaker: Arc<Speaker>,
        certificate: ClientCertificate,
        holders: Arc<dyn Holders>,
    },
}

impl Whose {
    fn speaker(&self) -> &Speaker {
        match self {
            Self::Fixed(speaker) | Self::Held { speaker, .. } => speaker,
        }
    }

    /// What they may send now. Fails closed: nothing once their certificate is good no longer, or
    /// another source's.
    async fn origin(&self, peer: IpAddr) -> Option<Arc<Origin>> {
        match self {
            Self::Fixed(speaker) => Some(Arc::clone(speaker.origin())),
            Self::Held {
                speaker,
                certificate,
                holders,
            } => {
                let origin = holders.origin(certificate, peer).await?;
                let known = speaker.origin();
                let same = origin.source == known.source && origin.program == known.program;
                same.then_some(origin)
            }
        }
    }
}

/// A connection takes no more.
struct End;

struct Connection<'a> {
    peer: SocketAddr,
    station: &'a Station,
    whose: Whose,
    framer: Framer,
    buffer: BytesMut,
    read_size: usize,
    /// Since when a record has been incomplete.
    begun: Option<Instant>,
}

impl Connection<'_> {
    async fn run<S: AsyncRead + Unpin>(&mut self, stream: &mut S, bounds: Stream) {
        loop {
            let deadline = match self.begun {
                Some(begun) => begun + bounds.stall,
                None => Instant::now() + bounds.idle,
            };
            self.make_room();
            let read = tokio::select! {
                biased;
                () = self.station.cancel.cancelled() => return self.drain(stream).await,
                read = timeout_at(deadline, stream.read_buf(&mut self.buffer)) => read,
            };
            match read {
                Ok(Ok(0)) => return self.finish().await,
                Ok(Ok(n)) => {
                    self.adapt(n);
                    if self.take().await.is_err() {
                        return;
                    }
                }
                // Reset by the peer: what came before it is a stream that ended.
                Ok(Err(_)) => return self.finish().await,
                Err(_) => {
                    let inside = self.begun.is_some();
                    self.station.counters.timed_out(self.peer, inside);
                    return self.finish().await;
                }
            }
        }
    }

    /// Ringfence stops: takes what has already arrived.
    async fn drain<S: AsyncRead + Unpin>(&mut self, stream: &mut S) {
        for _ in 0..DRAIN_READS {
            self.make_room();
            match timeout(QUIET, stream.read_buf(&mut self.buffer)).await {
                Ok(Ok(n)) if n > 0 => {
                    if self.take().await.is_err() {
                        return;
                    }
                }
                _ => break,
            }
        }
        self.finish().await;
    }

    /// The stream is over: its last record may have no end mark, or be cut.
    async fn finish(&mut self) {
        match self.framer.finish(&mut self.buffer) {
            Step::More => {}
            Step::Record(bytes) => {
                let _ = self.submit(vec![bytes]).await;
            }
            Step::Oversize(bytes) | Step::Broken(bytes) => self.broken(vec![], bytes).await,
        }
    }

    /// Takes all whole records off the buffer and submits them.
    async fn take(&mut self) -> Result<(), End> {
        let mut batch = Vec::new();
        let mut taken = false;
        loop {
            match self.framer.step(&mut self.buffer) {
                Step::More => break,
                Step::Record(bytes) => batch.push(bytes),
                Step::Oversize(bytes) => {
                    self.station.counters.oversize(self.peer);
                    batch.push(bytes);
                }
                Step::Broken(bytes) => {
                    self.broken(batch, bytes).await;
                    return Err(End);
                }
            }
            taken = true;
            if batch.len() == BATCH {
                self.submit(std::mem::take(&mut batch)).await?;
            }
        }
        self.submit(batch).await?;
        if !self.framer.is_inside(&self.buffer) {
            self.begun = None;
        } else if taken || self.begun.is_none() {
            // Not before the submission was over: waiting for us is no fault of the peer.
            self.begun = Some(Instant::now());
        }
        Ok(())
    }

    /// Hands over records, and behind them the bytes that are none: the sink will refuse these
    /// and keep them in quarantine.
    async fn broken(&mut self, mut batch: Vec<Bytes>, bytes: Bytes) {
        self.station.counters.broken(self.peer);
        batch.push(bytes);
        let _ = self.submit(batch).await;
    }

    /// Submits until it is on disk. An error means that the connection must end.
    async fn submit(&mut self, batch: Vec<Bytes>) -> Result<(), End> {
        let (listener, counters) = (&self.station.listener, &self.station.counters);
        let received = clock::now();
        let mut records = Vec::with_capacity(batch.len());
        let mut opened = Ok(());
        for bytes in batch {
            if listener.key.as_ref().is_some_and(|key| !key.opens(&bytes)) {
                counters.refused_key(self.peer);
                opened = Err(End);
                continue;
            }
            counters.received(1, bytes.len());
            let bytes = listener.protocol.storable(bytes);
            records.push(incoming(bytes, received, self.peer));
        }
        if records.is_empty() {
            return opened;
        }
        let Some(origin) = self.whose.origin(self.peer.ip()).await else {
            counters.refused_client(self.peer, "");
            return Err(End);
        };
        self.whose.speaker().heard(received);
        let format = listener.protocol.format();
        deliver(
            &*self.station.sink,
            &origin,
            format,
            records,
            counters,
            &self.station.cancel,
        )
        .await
        .map_err(|_| End)?;
        opened
    }

    /// Room for the next read. A small record holds the whole block that it was read into in
    /// memory, so that blocks are filled before a new one is begun.
    fn make_room(&mut self) {
        if self.buffer.capacity() - self.buffer.len() < *READ.start() / 4 {
            self.buffer.reserve(self.read_size);
        }
    }

    fn adapt(&mut self, read: usize) {
        if read >= self.read_size / 2 {
            self.read_size = (self.read_size * 2).min(*READ.end());
        }
    }
}

fn incoming(bytes: Bytes, received: Time, peer: SocketAddr) -> Incoming {
    Incoming {
        bytes,
        received,
        peer: Some(peer),
        flow: None,
        naming: Naming::Arrival,
        line: 0,
    }
}
