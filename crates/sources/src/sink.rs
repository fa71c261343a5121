//! The door between listeners and the spine.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ringfence_event::{Event, Origin, Time};
use ringfence_normalise::OtlpEncoding;
use thiserror::Error;

/// What the bytes of a record are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One syslog message, framing removed.
    Syslog,
    /// A body of JSON records (array, NDJSON or one object): OCSF events or records for the
    /// mapping file.
    Json,
    /// A body of Splunk HEC envelopes.
    Hec,
    /// One document of an Elasticsearch bulk request.
    Document,
    /// A request of OpenTelemetry's protocol for logs.
    Otlp(OtlpEncoding),
    /// A table: CSV with a header line, or lines of an Asterisk CDR file without one.
    Cdr,
    /// One HEP3 packet.
    Hep,
    /// One SIP message from a capture, its addresses in [`Incoming::flow`].
    Sip,
}

/// How a record is identified where its producer gave it no uid (DESIGN §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// The sender's idempotency key and the record's index under it.
    Key(Arc<str>, u64),
    /// The record's place in a file or stream that can be read again.
    Place(Arc<str>, u64),
    /// Nothing: a retry would be a second event.
    Arrival,
}

/// Addresses of a captured packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// From.
    pub src: SocketAddr,
    /// To.
    pub dst: SocketAddr,
    /// Transport of the signalling: `udp`, `tcp`, `tls`.
    pub transport: &'static str,
}

/// One record on its way in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The bytes.
    pub bytes: Bytes,
    /// Receive time.
    pub received: Time,
    /// Who handed it over.
    pub peer: Option<SocketAddr>,
    /// Captured packets only.
    pub flow: Option<Flow>,
    /// Its identity, where the producer gives none.
    pub naming: Naming,
    /// Line in the body or file, from 1; 0 where there are no lines.
    pub line: u64,
}

/// A record that was refused, and is in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejection {
    /// Index of the record in what was submitted, from 0.
    pub index: u64,
    /// Its line, from 1; 0 where there are no lines.
    pub line: u64,
    /// Byte in the record at which it went wrong, where known.
    pub byte: Option<u64>,
    /// Stable code, for example `E-IN-001`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

/// The answer to a submission, given when everything accepted is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Receipt {
    /// Records accepted (now on disk).
    pub accepted: u64,
    /// Records that were on disk already, by identity.
    pub duplicates: u64,
    /// Records refused.
    pub rejected: Vec<Rejection>,
}

/// What became of a record whose sender cannot wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Queued for the spine.
    Queued,
    /// The spine is full: lost, and counted by the sink.
    Lost,
}

/// Why a submission as a whole was not taken. Nothing of it counts as accepted.
#[derive(Debug, Error)]
pub enum SinkError {
    /// The spine cannot write.
    #[error("the event log cannot be written: {0}")]
    Spine(String),
    /// Ringfence is stopping.
    #[error("ringfence is stopping: send again after the restart")]
    Stopping,
}

/// Takes records in. All listeners, the HTTP intake and replay use the same one.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Takes records and answers when all that was accepted is durable. Waits while the spine is
    /// full.
    async fn submit(
        &self,
        origin: &Arc<Origin>,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError>;

    /// Takes one record from a sender that cannot wait (UDP): never blocks, counts what is lost.
    fn offer(&self, origin: &Arc<Origin>, format: Format, record: Incoming) -> Offer;

    /// Takes an event that Ringfence itself makes, and answers with its offset when it is durable.
    async fn own(&self, event: Event) -> Result<u64, SinkError>;

    /// Takes down that something is about to be done, and answers when that is durable.
    async fn intend(&self, request: &str, event: Event) -> Result<(), SinkError>;
}
