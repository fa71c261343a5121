//! What is due, and what became of it: the seam to whoever stores deliveries.

use std::future::Future;

use ringfence_crypto::SigningSecret;

/// One message on its way to one receiver.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Identifies the message; the same on every attempt, so that a receiver can
    /// drop what it has seen.
    pub id: String,
    /// The receiver's configuration it belongs to; bounds how many run at a time.
    pub webhook_id: String,
    /// Where to; judged by the guard at every attempt.
    pub url: String,
    /// Signs the message.
    pub secret: SigningSecret,
    /// The JSON body.
    pub payload: String,
    /// Attempts that have failed so far.
    pub attempts: u32,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered 2xx.
    Delivered,
    /// To be tried again at the given time.
    Retry {
        /// When, in milliseconds since 1970.
        at_ms: i64,
        /// Why it failed, fit to be shown: no secret, no path, no query.
        error: String,
    },
    /// Given up; waits for a person.
    Dead {
        /// Why.
        error: String,
    },
}

/// Where deliveries wait. A claim is a lease: what is claimed and never settled,
/// because the process died, comes due again when the lease ends.
pub trait Outbox: Send + Sync + 'static {
    /// What storage may answer in place of work.
    type Error: std::fmt::Display + Send;

    /// Up to `limit` deliveries that are due, at most `per_webhook` for any one
    /// receiver and none for the receivers named in `busy`.
    fn claim(
        &self,
        now_ms: i64,
        limit: usize,
        per_webhook: usize,
        busy: &[String],
    ) -> impl Future<Output = Result<Vec<Delivery>, Self::Error>> + Send;

    /// Records what an attempt came to.
    fn settle(
        &self,
        delivery_id: &str,
        outcome: Outcome,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
