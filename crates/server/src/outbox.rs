//! Webhooks: the state store's outbox behind the sender's seam.

use ringfence_respond::{Delivery, Outbox, Outcome};
use ringfence_state::{Settlement, State};

/// The outbox table.
pub struct StateOutbox(pub State);

impl Outbox for StateOutbox {
    type Error = ringfence_state::Error;

    async fn claim(
        &self,
        now_ms: i64,
        limit: usize,
        per_webhook: usize,
        busy: &[String],
    ) -> Result<Vec<Delivery>, Self::Error> {
        let due = self.0.claim_due(now_ms, limit, per_webhook, busy).await?;
        Ok(due
            .into_iter()
            .map(|d| Delivery {
                id: d.id,
                webhook_id: d.webhook_id,
                url: d.url,
                secret: d.secret,
                payload: d.payload,
                attempts: d.attempts,
            })
            .collect())
    }

    async fn settle(&self, id: &str, outcome: Outcome, now_ms: i64) -> Result<(), Self::Error> {
        self.0.settle(id, settlement(outcome), now_ms).await
    }
}

/// What an attempt came to, as it is stored.
pub(crate) fn settlement(outcome: Outcome) -> Settlement {
    match outcome {
        Outcome::Delivered => Settlement::Delivered,
        Outcome::Retry { at_ms, error } => Settlement::Retry { at_ms, error },
        Outcome::Dead { error } => Settlement::Dead { error },
    }
}
