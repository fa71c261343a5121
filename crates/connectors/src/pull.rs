//! What a vendor's client has to offer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ringfence_event::Time;
use ringfence_sources::{Format, Naming};
use thiserror::Error;

use crate::cursor::Cursor;
use crate::secret::SecretError;

/// One stream of a vendor, such as its calls.
#[async_trait]
pub trait Pull: Send + Sync {
    /// What lies behind the cursor, one page of it. Asking twice for one cursor may give a record
    /// twice, and never leaves one out.
    ///
    /// # Errors
    /// Why there is no page, and how long to wait where the vendor says so.
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError>;
}

/// A stream with its name.
pub struct Stream {
    /// Name within the connector, as `replay` and the API show it.
    pub name: &'static str,
    /// Its client.
    pub pull: Box<dyn Pull>,
    /// It tells of calls or agents: how far it has come is told to the call join.
    pub telephony: bool,
}

/// One page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records, as the vendor wrote them.
    pub records: Vec<Record>,
    /// Where to go on when they are durable.
    pub next: Cursor,
    /// More can be had at once.
    pub more: bool,
    /// Everything up to this moment has been told.
    pub through: Option<Time>,
}

/// One record, or one part of a file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What its bytes are.
    pub format: Format,
    /// The bytes.
    pub bytes: Bytes,
    /// The vendor's id of it, or its place in a file, for where the mapping takes none.
    pub naming: Naming,
}

impl Page {
    /// Nothing is due yet.
    #[must_use]
    pub fn nothing(cursor: &Cursor) -> Self {
        Self {
            records: Vec::new(),
            next: cursor.clone(),
            more: false,
            through: None,
        }
    }
}

impl Record {
    /// A JSON object with the vendor's own id.
    #[must_use]
    pub fn json(bytes: impl Into<Bytes>, id: &str) -> Self {
        Self {
            format: Format::Json,
            bytes: bytes.into(),
            naming: Naming::Key(id.into(), 0),
        }
    }
}

/// Why there is no page. Holds no address, no secret, and nothing of an answer's body.
#[derive(Debug, Error)]
pub enum PullError {
    /// 429, or 503 with a time to come back.
    #[error("asked to slow down (status {status})")]
    Busy {
        /// HTTP status.
        status: u16,
        /// How long to wait, if it said so.
        wait: Option<Duration>,
    },
    /// 401 or 403, also after a new token.
    #[error("refused with status {0}: check the credential and its rights (docs/connectors.md)")]
    Refused(u16),
    /// The mark of a page is not known any more.
    #[error("the page is not known any more: its window is fetched again")]
    PageGone,
    /// Another status.
    #[error("answered with status {0}")]
    Status(u16),
    /// A redirect, which is not followed: credentials would go with it.
    #[error("answered with a redirect (status {0}), which is not followed: correct the address")]
    Redirect(u16),
    /// No answer.
    #[error("no answer: {0}")]
    Network(&'static str),
    /// An answer beyond the bound.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// An answer that is not what the vendor documents.
    #[error("the answer is not as documented: {0}")]
    Shape(String),
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Something is not done yet, such as a report: ask again soon.
    #[error("not ready yet")]
    NotYet,
    /// A file or folder of this machine.
    #[error("`{path}` cannot be read: {kind}")]
    File {
        /// Which.
        path: String,
        /// Why.
        kind: std::io::ErrorKind,
    },
}
