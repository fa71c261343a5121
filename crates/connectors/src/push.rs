//! What vendors send by themselves.

use bytes::Bytes;
use ringfence_event::Time;
use thiserror::Error;

use crate::pull::Record;

/// One request of a vendor.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Header names in lower case, and their values.
    pub headers: Vec<(String, String)>,
    /// The query, as it stands behind `?`.
    pub query: String,
    /// The body.
    pub body: Bytes,
}

impl PushRequest {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What was in a request.
#[derive(Debug)]
pub struct Pushed {
    /// Its records.
    pub records: Vec<Record>,
    /// What the vendor wants to read when they are durable: content type and body.
    pub answer: Option<(&'static str, Vec<u8>)>,
    /// Everything up to this moment has been sent, as far as the vendor's way of sending says.
    pub through: Option<Time>,
}

/// Checks who sent a request and takes its records out. Fails closed: what does not prove that it
/// comes from the vendor is refused before it is read any further.
pub trait Push: Send + Sync {
    /// Reads a request.
    ///
    /// # Errors
    /// When it proves nothing, or is not what the vendor documents.
    fn read(&self, request: &PushRequest, now: Time) -> Result<Pushed, PushError>;
}

/// Why a request is not taken.
#[derive(Debug, Error)]
pub enum PushError {
    /// No such connector, or it takes nothing.
    #[error("there is no connector of that name that takes messages")]
    Unknown,
    /// The sender did not prove who it is.
    #[error("the signature or key is missing or wrong")]
    Unproven,
    /// The secret to check it with cannot be read.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// The body is not what the vendor documents.
    #[error("the body is not as documented: {0}")]
    Shape(String),
    /// The event log did not take it.
    #[error(transparent)]
    Sink(#[from] ringfence_sources::SinkError),
}
