//! The one intake: records become events, events become durable, and every record is accounted
//! for.
//!
//! Loss: none of what [`Sink::submit`] acknowledged. What [`Sink::offer`] queued is lost in a
//! crash before its commit (a few milliseconds), as its sender cannot be told otherwise.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ringfence_event::{Entry, Event, EventId, Intent, Origin, Time, neutralise};
use ringfence_normalise::{Batch, Normaliser, Reject};
use ringfence_spine::{CpuMeter, Outcome, Spine, SpineError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::entry::spine_entry;
use crate::reading::read;
use crate::sample::sample;
use crate::sink::{Format, Incoming, Naming, Offer, Receipt, Rejection, Sink, SinkError};

/// Encoded bytes that go to the spine in one append.
const APPEND_BYTES: usize = 2 << 20;
/// Bodies above this are read on a thread that may take its time.
const LARGE_BODY: usize = 128 << 10;
/// Bytes and records of senders that cannot wait, while they wait for the spine.
const OFFER_BYTES: usize = 16 << 20;
const OFFER_RECORDS: usize = 32_768;
/// Offered records that are read and appended together.
const OFFER_BATCH: usize = 2_000;

/// A record that was refused, as it goes to quarantine.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Who sent it.
    pub origin: Arc<Origin>,
    /// When.
    pub received: Time,
    /// What the sender is told.
    pub rejection: Rejection,
    /// Beginning of the record, secrets in signalling masked.
    pub sample: Vec<u8>,
}

/// Where refused records are kept, bounded.
#[async_trait]
pub trait Quarantine: Send + Sync + 'static {
    /// Keeps them.
    async fn keep(&self, refused: Vec<Refused>) -> Result<(), String>;
}

/// Holds senders up that can wait, while those who work on the spine are far behind.
#[async_trait]
pub trait Pace: Send + Sync + 'static {
    /// Returns when the next body may be read; soon in any case.
    async fn hold(&self);
}

/// What a source has sent so far.
#[derive(Debug, Default)]
pub struct SourceCounters {
    accepted: AtomicU64,
    duplicates: AtomicU64,
    rejected: AtomicU64,
    lost: AtomicU64,
    bytes: AtomicU64,
    last_heard: std::sync::atomic::AtomicI64,
}

/// The counters of a source at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceCount {
    /// Records on the spine.
    pub accepted: u64,
    /// Records that were on the spine already.
    pub duplicates: u64,
    /// Records in quarantine.
    pub rejected: u64,
    /// Records lost because the sender could not wait.
    pub lost: u64,
    /// Bytes received.
    pub bytes: u64,
    /// When it was last heard, ms; 0 never since the start.
    pub last_heard_ms: i64,
}

/// The intake. Cheap to share; all listeners and the API use the same one.
pub struct Intake {
    spine: Arc<dyn Spine>,
    normaliser: Normaliser,
    quarantine: Arc<dyn Quarantine>,
    pace: Arc<dyn Pace>,
    counters: Mutex<BySource>,
    arrivals: Arrivals,
    offers: mpsc::Sender<Offered>,
    room: Arc<Semaphore>,
    /// Large bodies that are read at the same time: more than there are processors would only take
    /// memory, and time from those who work on what came before.
    desks: Semaphore,
    quarantine_failed: AtomicU64,
    reading: Arc<CpuMeter>,
    encoding: CpuMeter,
    clock: OnceLock<ClockSays>,
}

/// What our own events say of the clock that they were told by.
pub type ClockSays = Box<dyn Fn() -> serde_json::Value + Send + Sync>;

/// By `program/source`, which cannot be mistaken: names hold no slash.
type BySource = BTreeMap<String, (Arc<Origin>, Arc<SourceCounters>)>;

struct Offered {
    origin: Arc<Origin>,
    format: Format,
    record: Incoming,
    _room: OwnedSemaphorePermit,
}

/// Names for events that nobody named: unique, and never used to recognise a retry.
struct Arrivals {
    run: [u8; 16],
    next: AtomicU64,
}

impl Intake {
    /// An intake, and the task that works on what senders offered; it ends when `cancel` is
    /// triggered and everything queued is on the spine.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn start(
        spine: Arc<dyn Spine>,
        normaliser: Normaliser,
        quarantine: Arc<dyn Quarantine>,
        pace: Arc<dyn Pace>,
        cancel: CancellationToken,
    ) -> Result<(Arc<Self>, tokio::task::JoinHandle<()>), ringfence_crypto::RandomError> {
        let (offers, queue) = mpsc::channel(OFFER_RECORDS);
        let intake = Arc::new(Self {
            spine,
            normaliser,
            quarantine,
            pace,
            counters: Mutex::default(),
            arrivals: Arrivals {
                run: ringfence_crypto::random_array()?,
                next: AtomicU64::new(0),
            },
            offers,
            room: Arc::new(Semaphore::new(OFFER_BYTES)),
            desks: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            quarantine_failed: AtomicU64::new(0),
            reading: Arc::default(),
            encoding: CpuMeter::default(),
            clock: OnceLock::new(),
        });
        let worker = tokio::spawn(Arc::clone(&intake).drain_offers(queue, cancel));
        Ok((intake, worker))
    }

    /// What each source has sent, by program and name.
    #[must_use]
    pub fn counts(&self) -> Vec<(Arc<Origin>, SourceCount)> {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .values()
            .map(|(origin, c)| (Arc::clone(origin), c.read()))
            .collect()
    }

    /// Refused records that could not be put into quarantine (and were refused all the same).
    #[must_use]
    pub fn quarantine_failed(&self) -> u64 {
        self.quarantine_failed.load(Ordering::Relaxed)
    }

    /// Processor time of reading records, and of naming and encoding their events.
    #[must_use]
    pub fn cpu(&self) -> (Duration, Duration) {
        (self.reading.total(), self.encoding.total())
    }

    /// Puts events on the spine that Ringfence itself makes, all at once; answers the offset of the last.
    ///
    /// # Errors
    /// When the spine cannot be written; then none of them is there.
    pub async fn own_all(&self, events: Vec<Event>) -> Result<Option<u64>, SinkError> {
        let named = events.into_iter().map(|event| self.named(event));
        let entries = named.map(|event| spine_entry(Entry::Event(Arc::new(event)), None));
        let written = self.spine.append(entries.collect()).await;
        let outcomes = written.map_err(spine_error)?;
        Ok(outcomes.iter().rev().find_map(|outcome| match outcome {
            Outcome::Appended(offset) => Some(offset.0),
            Outcome::Duplicate => None,
        }))
    }

    /// Our own events say how the clock is that they were told by; once, before the first of them.
    pub fn with_clock(&self, says: ClockSays) {
        let _ = self.clock.set(says);
    }

    /// An event of our own, with its identity.
    fn named(&self, mut event: Event) -> Event {
        event.id = EventId(self.arrivals.next());
        if let Some(says) = self.clock.get() {
            event.ocsf.insert("clock".to_owned(), says());
        }
        event
    }

    async fn drain_offers(
        self: Arc<Self>,
        mut queue: mpsc::Receiver<Offered>,
        cancel: CancellationToken,
    ) {
        let mut batch = Vec::new();
        loop {
            let got = tokio::select! {
                biased;
                n = queue.recv_many(&mut batch, OFFER_BATCH) => n,
                () = cancel.cancelled() => 0,
            };
            if got == 0 {
                return;
            }
            while let Some(first) = batch.first() {
                // Runs of one source and format go together; there is seldom more than one.
                let (origin, format) = (Arc::clone(&first.origin), first.format);
                let same = |o: &Offered| o.format == format && Arc::ptr_eq(&o.origin, &origin);
                let end = batch.iter().position(|o| !same(o)).unwrap_or(batch.len());
                let run: Vec<Offered> = batch.drain(..end).collect();
                let records = run.iter().map(|o| o.record.clone()).collect::<Vec<_>>();
                let count = records.len() as u64;
                if let Err(error) = self.take(&origin, format, records).await {
                    self.of(&origin).lost.fetch_add(count, Ordering::Relaxed);
                    tracing::error!(source = %origin.source, count, %error, "records of a sender that cannot wait were lost");
                }
            }
        }
    }

    async fn take(
        &self,
        origin: &Arc<Origin>,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError> {
        let counters = self.of(origin);
        let bytes: usize = records.iter().map(|r| r.bytes.len()).sum();
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(last) = records.iter().map(|r| r.received.0).max() {
            counters.last_heard.fetch_max(last, Ordering::Relaxed);
        }
        let work = Work {
            normaliser: self.normaliser.clone(),
            origin: Arc::clone(origin),
            format,
            records,
        };
        let read = if bytes > LARGE_BODY {
            let _desk = self.desks.acquire().await;
            let meter = Arc::clone(&self.reading);
            tokio::task::spawn_blocking(move || meter.run(|| work.run()))
                .await
                .map_err(|_| SinkError::Stopping)?
        } else {
            self.reading.run(|| work.run())
        };
        let mut receipt = Receipt::default();
        self.append(origin, read.events, &mut receipt).await?;
        counters
            .accepted
            .fetch_add(receipt.accepted, Ordering::Relaxed);
        counters
            .duplicates
            .fetch_add(receipt.duplicates, Ordering::Relaxed);
        counters
            .rejected
            .fetch_add(read.refused.len() as u64, Ordering::Relaxed);
        receipt.rejected = read.refused.iter().map(|r| r.rejection.clone()).collect();
        if !read.refused.is_empty() {
            let count = read.refused.len() as u64;
            if let Err(error) = self.quarantine.keep(read.refused).await {
                self.quarantine_failed.fetch_add(count, Ordering::Relaxed);
                tracing::error!(count, error, "refused records could not be kept");
            }
        }
        Ok(receipt)
    }

    async fn append(
        &self,
        origin: &Origin,
        events: Vec<Named>,
        receipt: &mut Receipt,
    ) -> Result<(), SinkError> {
        let mut events = events.into_iter();
        loop {
            let batch = self.encoding.run(|| self.encode(origin, &mut events));
            if batch.is_empty() {
                return Ok(());
            }
            self.commit(batch, receipt).await?;
        }
    }

    /// As many events as go to the spine at once.
    fn encode(
        &self,
        origin: &Origin,
        events: &mut impl Iterator<Item = Named>,
    ) -> Vec<ringfence_spine::Entry> {
        let mut batch = Vec::with_capacity(events.size_hint().0);
        let mut size = 0;
        for Named { mut event, naming } in events {
            let identity = identity(origin, &event, &naming);
            event.id = EventId(identity.unwrap_or_else(|| self.arrivals.next()));
            let entry = spine_entry(Entry::Event(Arc::new(event)), identity);
            size += entry.payload.len();
            batch.push(entry);
            if size >= APPEND_BYTES {
                break;
            }
        }
        batch
    }

    async fn commit(
        &self,
        batch: Vec<ringfence_spine::Entry>,
        receipt: &mut Receipt,
    ) -> Result<(), SinkError> {
        for outcome in self.spine.append(batch).await.map_err(spine_error)? {
            match outcome {
                Outcome::Appended(_) => receipt.accepted += 1,
                Outcome::Duplicate => receipt.duplicates += 1,
            }
        }
        Ok(())
    }

    fn of(&self, origin: &Arc<Origin>) -> Arc<SourceCounters> {
        let key = format!("{}/{}", origin.program, origin.source);
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, c) = counters
            .entry(key)
            .or_insert_with(|| (Arc::clone(origin), Arc::default()));
        Arc::clone(c)
    }
}

#[async_trait]
impl Sink for Intake {
    async fn submit(
        &self,
        origin: &Arc<Origin>,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError> {
        self.pace.hold().await;
        self.take(origin, format, records).await
    }

    fn offer(&self, origin: &Arc<Origin>, format: Format, record: Incoming) -> Offer {
        let cost = u32::try_from(record.bytes.len().saturating_add(256)).unwrap_or(u32::MAX);
        let queued = Arc::clone(&self.room)
            .try_acquire_many_owned(cost)
            .is_ok_and(|room| {
                let offered = Offered {
                    origin: Arc::clone(origin),
                    format,
                    record,
                    _room: room,
                };
                self.offers.try_send(offered).is_ok()
            });
        if queued {
            return Offer::Queued;
        }
        self.of(origin).lost.fetch_add(1, Ordering::Relaxed);
        Offer::Lost
    }

    async fn own(&self, event: Event) -> Result<u64, SinkError> {
        let written = self.own_all(vec![event]).await?;
        written.ok_or_else(|| SinkError::Spine("the event was not written".to_owned()))
    }

    async fn intend(&self, request: &str, event: Event) -> Result<(), SinkError> {
        let intent = Intent {
            request: request.to_owned(),
            event: self.named(event),
        };
        let entry = spine_entry(Entry::Intent(Box::new(intent)), None);
        let written = self.spine.append(vec![entry]).await;
        written.map(|_| ()).map_err(spine_error)
    }
}

/// An event and how its record was named.
struct Named {
    event: Event,
    naming: Naming,
}

/// Everything that reading needs, to be sent to another thread.
struct Work {
    normaliser: Normaliser,
    origin: Arc<Origin>,
    format: Format,
    records: Vec<Incoming>,
}

struct Read {
    events: Vec<Named>,
    refused: Vec<Refused>,
}

impl Work {
    fn run(self) -> Read {
        let mut out = Read {
            events: Vec::new(),
            refused: Vec::new(),
        };
        let mut index = 0u64;
        for record in &self.records {
            let batch = read(&self.normaliser, &self.origin, self.format, record);
            index = self.sort(record, batch, index, &mut out);
        }
        out
    }

    fn sort(&self, record: &Incoming, batch: Batch, mut index: u64, out: &mut Read) -> u64 {
        for (nth, outcome) in batch.outcomes.into_iter().enumerate() {
            match outcome.result {
                Ok(events) => {
                    let several = events.len() > 1;
                    for (part, event) in events.into_iter().enumerate() {
                        let naming = record
                            .naming
                            .part(nth as u64, several.then_some(part as u64));
                        out.events.push(Named { event, naming });
                    }
                }
                Err(reject) => {
                    let bytes = record.bytes.get(outcome.span).unwrap_or_default();
                    out.refused.push(self.refuse(record, index, bytes, &reject));
                }
            }
            index += 1;
        }
        index
    }

    fn refuse(&self, record: &Incoming, index: u64, bytes: &[u8], reject: &Reject) -> Refused {
        let line = reject.position.line as u64;
        Refused {
            origin: Arc::clone(&self.origin),
            received: record.received,
            rejection: Rejection {
                index,
                line: if record.line > 0 {
                    record.line + line - 1
                } else {
                    line
                },
                byte: Some(reject.position.byte as u64),
                code: reject.code.as_str(),
                reason: neutralise(&reject.reason).into_owned(),
            },
            sample: sample(bytes),
        }
    }
}

impl Naming {
    /// The name of the nth record of a body, or of one of several events of it.
    fn part(&self, nth: u64, event: Option<u64>) -> Self {
        let suffixed = |name: &Arc<str>| match event {
            Some(part) => Arc::from(format!("{name}\0{part}")),
            None => Arc::clone(name),
        };
        match self {
            Self::Key(key, base) => Self::Key(suffixed(key), base + nth),
            Self::Place(place, base) => Self::Place(suffixed(place), base + nth),
            Self::Arrival => Self::Arrival,
        }
    }
}

/// DESIGN §8: the producer's own uid where it has one, else the sender's key and index, else the
/// place in what can be read again; never the content. Each is scoped by program and source, so
/// that no source can suppress the events of another.
fn identity(origin: &Origin, event: &Event, naming: &Naming) -> Option<u128> {
    let (kind, name, number) = match (&event.uid, naming) {
        (Some(uid), _) => ("uid", uid.as_str(), 0),
        (None, Naming::Key(key, index)) => ("key", &**key, *index),
        (None, Naming::Place(place, offset)) => ("place", &**place, *offset),
        (None, Naming::Arrival) => return None,
    };
    let text = format!(
        "event\0{}\0{}\0{kind}\0{name}\0{number}",
        origin.program, origin.source
    );
    Some(ringfence_crypto::sha256_128(text.as_bytes()))
}

impl Arrivals {
    fn next(&self) -> u128 {
        let mut text = Vec::from(self.run);
        text.extend(self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        ringfence_crypto::sha256_128(&text)
    }
}

impl SourceCounters {
    fn read(&self) -> SourceCount {
        SourceCount {
            accepted: self.accepted.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            last_heard_ms: self.last_heard.load(Ordering::Relaxed),
        }
    }
}

fn spine_error(error: SpineError) -> SinkError {
    SinkError::Spine(error.to_string())
}
