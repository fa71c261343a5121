//! What is known about a call at a moment, as facts.

use ringfence_event::{CallFacts, Time};

use crate::JoinConfig;
use crate::call::Call;
use crate::site::Site;

impl Site {
    /// Fills in what the call says and the facts do not say yet.
    pub(crate) fn describe(&self, facts: &mut CallFacts, call: &Call, t: Time, c: &JoinConfig) {
        fill(&mut facts.uid, || Some(call.uid.clone()));
        fill(&mut facts.caller, || {
            call.caller.as_deref().map(str::to_owned)
        });
        fill(&mut facts.attestation, || call.attestation.clone());
        // Who was identified just after the moment counts: the agent was at it.
        fill(&mut facts.customer, || {
            let mut known = call.customers_by(t + c.settle_ms);
            known.next_back().map(|c| c.to_string())
        });
        facts.direction = facts.direction.or(call.direction);
        facts.encrypted = facts.encrypted.or(call.encrypted);
        if facts.recording == Default::default()
            && let Some((_, step)) = call.recording.at(t)
        {
            facts.recording = step.into();
        }
        if facts.consent == Default::default()
            && let Some((_, step)) = call.consent.at(t)
        {
            facts.consent = step.into();
        }
    }

    /// Minutes since `customer`, by id or by a number that the customer called from, was last on
    /// a line of the site or tried to be.
    pub(crate) fn customer_minutes(
        &self,
        customer: Option<&str>,
        number: Option<&str>,
        t: Time,
        config: &JoinConfig,
    ) -> Option<f64> {
        let known = customer.and_then(|c| self.customers.get(c));
        let numbers = known.into_iter().flat_map(|c| &c.numbers).map(|n| &**n);
        let by_number = numbers
            .chain(number)
            .filter_map(|n| self.numbers.get(n))
            .filter_map(|c| c.since(t, config));
        let by_id = known.and_then(|c| c.since(t, config));
        by_number.chain(by_id).min().map(minutes)
    }
}

/// Minutes, to a hundredth: a fact for people and thresholds, not a measurement.
pub(crate) fn minutes(ms: i64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "hundredths of minutes of any calendar time fit a double"
    )]
    let hundredths = (ms / 600) as f64;
    hundredths / 100.0
}

fn fill(slot: &mut Option<String>, value: impl FnOnce() -> Option<String>) {
    if slot.is_none() {
        *slot = value();
    }
}
