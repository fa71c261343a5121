//! The loop that empties the outbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ringfence_crypto::random_array;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::outbox::{Delivery, Outbox, Outcome};
use crate::resolve::Resolve;
use crate::retry::next_attempt;
use crate::sender::{SendError, Sent, WebhookSender};

/// How much runs at a time and how often the outbox is asked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Attempts under way at a time. Default 16.
    pub concurrency: usize,
    /// Of those, for one receiver; keeps a slow one from holding up the rest.
    /// Default 4.
    pub per_webhook: usize,
    /// How long an empty outbox is left alone. Default 500 ms.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            per_webhook: 4,
            poll: Duration::from_millis(500),
        }
    }
}

/// Delivers until `cancel`, then lets attempts under way finish; each ends by itself
/// within the sender's timeout. `clock` gives milliseconds since 1970.
///
/// An outbox that cannot be read is asked again after the poll interval: nothing is
/// lost, claims that were not settled come due when their lease ends.
pub async fn run<O: Outbox, R: Resolve>(
    outbox: Arc<O>,
    sender: Arc<WebhookSender<R>>,
    limits: Limits,
    clock: impl Fn() -> i64 + Clone + Send + 'static,
    cancel: CancellationToken,
) {
    let mut attempts: JoinSet<String> = JoinSet::new();
    let mut running: HashMap<String, usize> = HashMap::new();
    loop {
        let free = limits.concurrency.saturating_sub(attempts.len());
        let claimed = if cancel.is_cancelled() {
            break;
        } else {
            claim(outbox.as_ref(), &limits, free, &running, clock()).await
        };
        let found = claimed.len();
        for delivery in claimed {
            *running.entry(delivery.webhook_id.clone()).or_default() += 1;
            attempts.spawn(deliver(
                Arc::clone(&outbox),
                Arc::clone(&sender),
                delivery,
                clock.clone(),
            ));
        }
        // A full claim means there may be more; otherwise wait for time or room.
        if found > 0 && attempts.len() < limits.concurrency {
            continue;
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(limits.poll), if attempts.len() < limits.concurrency => {}
            Some(done) = attempts.join_next(), if !attempts.is_empty() => forget(&mut running, done),
        }
    }
    while attempts.join_next().await.is_some() {}
}

async fn claim<O: Outbox>(
    outbox: &O,
    limits: &Limits,
    free: usize,
    running: &HashMap<String, usize>,
    now_ms: i64,
) -> Vec<Delivery> {
    if free == 0 {
        return Vec::new();
    }
    // A receiver with anything under way is asked for again only when that is done:
    // simple, and never over the bound.
    let busy: Vec<_> = running.keys().cloned().collect();
    match outbox.claim(now_ms, free, limits.per_webhook, &busy).await {
        Ok(claimed) => claimed,
        Err(error) => {
            tracing::warn!(%error, "webhook outbox cannot be read; will ask again");
            Vec::new()
        }
    }
}

fn forget(running: &mut HashMap<String, usize>, done: Result<String, tokio::task::JoinError>) {
    match done {
        Ok(webhook_id) => {
            if let Some(count) = running.get_mut(&webhook_id) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    running.remove(&webhook_id);
                }
            }
        }
        // Attempts do not panic; if one did, its receiver would look busy for ever.
        Err(_) => running.clear(),
    }
}

async fn deliver<O: Outbox, R: Resolve>(
    outbox: Arc<O>,
    sender: Arc<WebhookSender<R>>,
    delivery: Delivery,
    clock: impl Fn() -> i64,
) -> String {
    let sent = sender.send(&delivery, clock()).await;
    let now_ms = clock();
    let outcome = outcome(sent, delivery.attempts, now_ms, jitter());
    if let Err(error) = outbox.settle(&delivery.id, outcome, now_ms).await {
        // The lease will end and the message be sent again, with the same id.
        tracing::warn!(%error, delivery = delivery.id, "webhook outcome cannot be stored");
    }
    delivery.webhook_id
}

/// A receiver that asks to be left alone longer than the back-off gets its wish.
fn outcome(sent: Result<Sent, SendError>, attempts: u32, now_ms: i64, jitter: f64) -> Outcome {
    let error = match sent {
        Ok(_) => return Outcome::Delivered,
        Err(error) => error,
    };
    let asked = match &error {
        SendError::Gone => {
            return Outcome::Dead {
                error: error.to_string(),
            };
        }
        SendError::Status { retry_after_ms, .. } => retry_after_ms.unwrap_or(0),
        _ => 0,
    };
    match next_attempt(attempts.saturating_add(1), now_ms, jitter) {
        Some(at) => Outcome::Retry {
            at_ms: at.max(now_ms.saturating_add(asked)),
            error: error.to_string(),
        },
        None => Outcome::Dead {
            error: error.to_string(),
        },
    }
}

/// Zero to one; without randomness, deliveries come back together, which is no harm.
fn jitter() -> f64 {
    random_array::<4>().map_or(0.5, |bytes| {
        f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after_ms: Option<i64>) -> Result<Sent, SendError> {
        Err(SendError::Status {
            status,
            retry_after_ms,
        })
    }

    #[test]
    fn what_an_attempt_comes_to() {
        assert_eq!(
            outcome(Ok(Sent { status: 204 }), 0, 0, 0.0),
            Outcome::Delivered
        );
        assert!(matches!(
            outcome(Err(SendError::Gone), 0, 0, 0.0),
            Outcome::Dead { .. }
        ));
        assert!(matches!(
            outcome(Err(SendError::Timeout), 9, 0, 0.0),
            Outcome::Dead { .. }
        ));
        let Outcome::Retry { at_ms, error } = outcome(status(503, Some(60_000)), 0, 1_000, 1.0)
        else {
            panic!("a busy receiver is asked again");
        };
        assert_eq!(
            (at_ms, error.as_str()),
            (61_000, "the receiver answered with status 503")
        );
        let Outcome::Retry { at_ms, .. } = outcome(status(404, None), 0, 1_000, 1.0) else {
            panic!("a receiver that is not there yet is asked again");
        };
        assert_eq!(at_ms, 6_000);
    }
}
