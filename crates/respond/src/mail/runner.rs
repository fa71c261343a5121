//! The loop that empties the outbox of mails.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::random_array;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::mail::mailer::{MailError, Mailer};
use crate::mail::text::compose;
use crate::outbox::Outcome;
use crate::retry::next_attempt;

/// Changes that one mail tells at most.
const MOST_IN_ONE: usize = 100;
/// How long an empty outbox is left alone.
const POLL: Duration = Duration::from_millis(500);

/// What one recipient is to be told now, in one mail.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Whom; the rate is counted by this.
    pub recipient_id: String,
    /// Their addresses.
    pub to: Vec<String>,
    /// The changes, oldest first; at least one.
    pub items: Vec<Item>,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its delivery id.
    pub id: String,
    /// The body that a webhook would be sent.
    pub payload: String,
    /// Attempts that have failed so far.
    pub attempts: u32,
}

/// Where mails wait; a claim is a lease, as for webhooks.
pub trait MailOutbox: Send + Sync + 'static {
    /// What storage may answer in place of work.
    type Error: std::fmt::Display + Send;

    /// What is due, at most `most` changes a recipient and none for those in `busy`.
    fn claim(
        &self,
        now_ms: i64,
        most: usize,
        busy: &[String],
    ) -> impl Future<Output = Result<Vec<Batch>, Self::Error>> + Send;

    /// Records what became of one change.
    fn settle(
        &self,
        delivery_id: &str,
        outcome: Outcome,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Sends until `cancel`, then lets attempts under way finish. A recipient gets at most one mail in
/// `every`; what comes in between goes into the next. `clock` gives milliseconds since 1970.
pub async fn run_mail<O: MailOutbox>(
    outbox: Arc<O>,
    mailer: Arc<Mailer>,
    every: Duration,
    clock: impl Fn() -> i64 + Clone + Send + 'static,
    cancel: CancellationToken,
) {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let mut rests_until: HashMap<String, i64> = HashMap::new();
    while !cancel.is_cancelled() {
        let now = clock();
        rests_until.retain(|_, until| *until > now);
        let busy: Vec<_> = rests_until.keys().cloned().collect();
        let batches = match outbox.claim(now, MOST_IN_ONE, &busy).await {
            Ok(batches) => batches,
            Err(error) => {
                tracing::warn!(%error, "the outbox of mails cannot be read; will ask again");
                Vec::new()
            }
        };
        // One mail a recipient; there are few recipients, and each attempt ends by itself.
        let mut attempts = JoinSet::new();
        for batch in batches {
            rests_until.insert(batch.recipient_id.clone(), now.saturating_add(every));
            let (outbox, mailer) = (Arc::clone(&outbox), Arc::clone(&mailer));
            attempts.spawn(deliver(outbox, mailer, batch, clock.clone()));
        }
        while attempts.join_next().await.is_some() {}
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn deliver<O: MailOutbox>(
    outbox: Arc<O>,
    mailer: Arc<Mailer>,
    batch: Batch,
    clock: impl Fn() -> i64,
) {
    let payloads: Vec<_> = batch.items.iter().map(|i| i.payload.as_str()).collect();
    let composed = compose(&payloads, mailer.link());
    // The first change's id names the mail: a second attempt begins with the same change.
    let id = batch.items.first().map_or("", |item| item.id.as_str());
    let sent = mailer.send(id, &batch.to, &composed, clock()).await;
    if let Err(error) = &sent {
        tracing::warn!(%error, recipient = batch.recipient_id, "a mail was not taken");
    }
    let now = clock();
    for item in &batch.items {
        let outcome = outcome(&sent, item.attempts, now, jitter());
        if let Err(error) = outbox.settle(&item.id, outcome, now).await {
            // The lease will end and the mail be sent again, with the same id.
            tracing::warn!(%error, delivery = item.id, "a mail's outcome cannot be stored");
        }
    }
}

/// A refusal for good ends it; everything else is tried again as webhooks are.
fn outcome(sent: &Result<(), MailError>, attempts: u32, now_ms: i64, jitter: f64) -> Outcome {
    let Err(error) = sent else {
        return Outcome::Delivered;
    };
    let text = error.to_string();
    let again = match error.is_final() {
        true => None,
        false => next_attempt(attempts.saturating_add(1), now_ms, jitter),
    };
    match again {
        Some(at_ms) => Outcome::Retry { at_ms, error: text },
        None => Outcome::Dead { error: text },
    }
}

fn jitter() -> f64 {
    random_array::<1>().map_or(0.5, |[byte]| f64::from(byte) / f64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_attempt_comes_to() {
        let later = || Err(MailError::Later("450".to_owned()));
        let refused = Err(MailError::Refused("550".to_owned()));
        assert_eq!(outcome(&Ok(()), 0, 0, 0.0), Outcome::Delivered);
        assert!(matches!(outcome(&refused, 0, 0, 0.0), Outcome::Dead { .. }));
        assert!(matches!(
            outcome(&later(), 0, 0, 0.0),
            Outcome::Retry { .. }
        ));
        assert!(matches!(outcome(&later(), 9, 0, 0.0), Outcome::Dead { .. }));
    }
}
