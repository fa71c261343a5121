//! The loop of one connector: ask, hand over, wait for the disk, save the cursor, go on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ringfence_event::{Origin, Time, ext};
use ringfence_sources::{Format, Incoming, Naming, Receipt, Sink, SinkError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::backoff::Pace;
use crate::cursor::{Cursor, Cursors};
use crate::pull::{Page, PullError, Record, Stream};
use crate::seen::Seen;
use crate::status::Progress;

/// Bytes of records that are handed over in one submission.
const SUBMIT_BYTES: usize = 1 << 20;
/// A report that is being made is asked for again after this long.
const NOT_YET: Duration = Duration::from_secs(5);

/// A wish to fetch everything since a moment again.
pub(crate) struct Replay {
    pub since: Time,
    pub done: oneshot::Sender<Result<(), String>>,
}

/// Everything that one connector works with.
pub(crate) struct Runner {
    pub name: String,
    pub origin: Arc<Origin>,
    pub streams: Vec<Stream>,
    pub pace: Pace,
    /// Where a stream that was never read begins.
    pub start: Time,
    pub sink: Arc<dyn Sink>,
    pub cursors: Arc<dyn Cursors>,
    pub progress: Arc<Progress>,
    pub replays: mpsc::Receiver<Replay>,
    pub seen: Seen,
    pub cancel: CancellationToken,
}

/// Why a round ended early.
enum Failure {
    Pull(PullError),
    Sink(SinkError),
    Cursor(String),
}

impl Runner {
    /// Runs until it is cancelled. What was handed over and not acknowledged is fetched again at
    /// the next start.
    pub async fn run(mut self) {
        let cancel = self.cancel.clone();
        loop {
            let wait = tokio::select! {
                () = cancel.cancelled() => return,
                wait = self.round() => wait,
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                Some(replay) = self.replays.recv() => self.replay(replay).await,
            }
        }
    }

    /// One look at every stream; answers how long to wait before the next.
    async fn round(&mut self) -> Duration {
        let mut through: Option<Time> = None;
        for at in 0..self.streams.len() {
            match self.catch_up(at).await {
                Ok(Some(time)) => through = Some(through.map_or(time, |t| t.min(time))),
                Ok(None) => {}
                Err(failure) => return self.failed(failure),
            }
        }
        if let Some(through) = through
            && let Err(error) = heartbeat(&*self.sink, &self.origin, through, now()).await
        {
            return self.failed(Failure::Sink(error));
        }
        self.pace.before_round(random())
    }

    /// Fetches one stream up to its end; answers how far a telephony stream has come.
    async fn catch_up(&mut self, at: usize) -> Result<Option<Time>, Failure> {
        let Some(stream) = self.streams.get(at) else {
            return Ok(None);
        };
        let key = key(&self.name, stream.name);
        let loaded = self.cursors.load(&key).await.map_err(Failure::Cursor)?;
        let mut cursor = loaded.unwrap_or_else(|| Cursor::at(self.start));
        let mut through = None;
        loop {
            self.progress.stands(stream.name, &cursor);
            let page = match stream.pull.pull(&cursor, now()).await {
                Ok(page) => page,
                Err(error) => {
                    if matches!(error, PullError::PageGone) {
                        let rewound = cursor.rewound();
                        self.cursors
                            .save(&key, &rewound)
                            .await
                            .map_err(Failure::Cursor)?;
                    }
                    return Err(Failure::Pull(error));
                }
            };
            let Page {
                mut records,
                next,
                more,
                through: reached,
            } = page;
            self.progress.known(self.seen.leave_out(&mut records));
            let digests = Seen::digests(&records);
            submit(&*self.sink, &self.origin, records, now(), &self.progress)
                .await
                .map_err(Failure::Sink)?;
            self.seen.remember(digests);
            // Only now: what the cursor says is behind us is on the disk.
            if next != cursor {
                self.cursors
                    .save(&key, &next)
                    .await
                    .map_err(Failure::Cursor)?;
            }
            self.progress.page(now());
            through = reached.or(through);
            cursor = next;
            if !more {
                self.progress.stands(stream.name, &cursor);
                return Ok(through.filter(|_| stream.telephony));
            }
            if self.cancel.is_cancelled() {
                return Ok(None);
            }
        }
    }

    fn failed(&self, failure: Failure) -> Duration {
        let (what, asked) = match failure {
            Failure::Pull(PullError::NotYet) => return NOT_YET.min(self.pace.every),
            Failure::Pull(error) => {
                let asked = match &error {
                    PullError::Busy { wait, .. } => Some(*wait),
                    _ => None,
                };
                (error.to_string(), asked)
            }
            Failure::Sink(error) => (error.to_string(), None),
            Failure::Cursor(error) => (format!("the cursor could not be kept: {error}"), None),
        };
        let nth = self.progress.failed(now(), what.clone(), asked.is_some());
        let own = self.pace.after_failure(nth, random());
        // A vendor that names a time is not asked before it.
        let wait = asked.flatten().map_or(own, |asked| {
            self.pace.asked(asked).max(own.min(self.pace.first))
        });
        let seconds = wait.as_secs_f64();
        tracing::warn!(
            connector = self.name,
            error = what,
            failures = nth,
            wait_seconds = seconds,
            "a connector could not fetch"
        );
        wait
    }

    async fn replay(&mut self, replay: Replay) {
        self.seen.clear();
        let mut result = Ok(());
        for stream in &self.streams {
            let cursor = Cursor::at(replay.since);
            let saved = self
                .cursors
                .save(&key(&self.name, stream.name), &cursor)
                .await;
            self.progress.stands(stream.name, &cursor);
            result = result.and(saved);
        }
        // Whoever asked may be gone; the cursors are back all the same.
        let _ = replay.done.send(result);
    }
}

/// Under which a stream's cursor is kept.
pub(crate) fn key(connector: &str, stream: &str) -> String {
    format!("{connector}:{stream}")
}

/// Hands records to the sink and waits until all of them are durable.
pub(crate) async fn submit(
    sink: &dyn Sink,
    origin: &Arc<Origin>,
    records: Vec<Record>,
    received: Time,
    progress: &Progress,
) -> Result<(), SinkError> {
    let mut batch: Vec<Incoming> = Vec::new();
    let (mut bytes, mut format) = (0, Format::Json);
    for record in records {
        if !batch.is_empty() && (format != record.format || bytes > SUBMIT_BYTES) {
            let receipt = sink
                .submit(origin, format, std::mem::take(&mut batch))
                .await?;
            note(origin, &receipt, progress);
            bytes = 0;
        }
        format = record.format;
        bytes += record.bytes.len();
        batch.push(Incoming {
            bytes: record.bytes,
            received,
            peer: None,
            flow: None,
            naming: record.naming,
            line: 0,
        });
    }
    if !batch.is_empty() {
        let receipt = sink.submit(origin, format, batch).await?;
        note(origin, &receipt, progress);
    }
    Ok(())
}

fn note(origin: &Origin, receipt: &Receipt, progress: &Progress) {
    progress.durable(receipt);
    if let Some(first) = receipt.rejected.first() {
        // A page with a record that is refused is done with all the same: the record is in
        // quarantine, and asking again would bring it again.
        let (count, code) = (receipt.rejected.len(), first.code);
        tracing::warn!(source = %origin.source, count, code, "records of a connector were refused");
    }
}

/// Tells the call join that the platform has told everything up to a moment.
pub(crate) async fn heartbeat(
    sink: &dyn Sink,
    origin: &Arc<Origin>,
    through: Time,
    received: Time,
) -> Result<(), SinkError> {
    if !origin.authority.may_send(ext::CALL) {
        return Ok(());
    }
    let uid = format!("through-{}", through.0);
    let event = serde_json::json!({
        "class_uid": ext::CALL, "category_uid": 4, "activity_id": 99,
        "activity_name": "Heartbeat", "type_uid": u64::from(ext::CALL) * 100 + 99,
        "severity_id": 1, "time": through.0,
        "message": format!("{} has told everything until {through}", origin.source),
        "metadata": {"version": "1.8.0", "uid": uid, "product": {"name": "Ringfence"}},
    });
    let incoming = Incoming {
        bytes: Bytes::from(event.to_string()),
        received,
        peer: None,
        flow: None,
        naming: Naming::Arrival,
        line: 0,
    };
    sink.submit(origin, Format::Json, vec![incoming])
        .await
        .map(|_| ())
}

pub(crate) fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

/// Any number, to spread waits with; without randomness there is no spread.
fn random() -> u64 {
    ringfence_crypto::random_array().map_or(0, u64::from_le_bytes)
}
