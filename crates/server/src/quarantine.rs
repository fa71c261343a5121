//! Refused records into the state store.

use async_trait::async_trait;
use ringfence_sources::{Quarantine, Refused};
use ringfence_state::{NewQuarantined, State};

use crate::clock;

/// The quarantine table.
pub struct StateQuarantine(pub State);

#[async_trait]
impl Quarantine for StateQuarantine {
    async fn keep(&self, refused: Vec<Refused>) -> Result<(), String> {
        let rows: Vec<_> = refused
            .into_iter()
            .map(|r| NewQuarantined {
                program: r.origin.program.to_string(),
                source: r.origin.source.to_string(),
                received_ms: r.received.0,
                line: (r.rejection.line > 0).then_some(r.rejection.line),
                offset: r.rejection.byte,
                code: r.rejection.code.to_owned(),
                reason: r.rejection.reason,
                sample: r.sample,
            })
            .collect();
        self.0
            .quarantine(&rows, clock::now().0)
            .await
            .map_err(|e| e.to_string())
    }
}
