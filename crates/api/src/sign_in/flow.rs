//! Ceremonies under way: sealed and given to the browser, which brings them back with the next step.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ringfence_crypto::{RandomError, SealKey, from_base64url, random_array, to_base64url};
use ringfence_identity::Totp;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::sign_in::provider::{Away, By};

/// How long a step may take.
pub(crate) const LASTS_MS: i64 = 10 * 60_000;
/// Successes that are remembered; more in ten minutes than anybody has people.
const REMEMBERED: usize = 100_000;

/// What a ceremony is about; a flow of one stage is none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A passkey is to be shown.
    Passkey,
    /// The password was right; a code is to follow.
    Code,
    /// Somebody showed an enrolment code.
    Enrol,
    /// A passkey is to be added.
    AddPasskey,
    /// One-time codes are to be added.
    AddCodes,
    /// Somebody is at a provider of sign-in.
    Away,
}

impl Stage {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Passkey => b"passkey",
            Self::Code => b"code",
            Self::Enrol => b"enrol",
            Self::AddPasskey => b"add-passkey",
            Self::AddCodes => b"add-codes",
            Self::Away => b"away",
        }
    }
}

/// A ceremony under way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Flow {
    id: [u8; 16],
    ends_ms: i64,
    /// What a passkey is to sign.
    pub challenge: [u8; 32],
    /// Whose it is, if that is known.
    pub person: Option<String>,
    /// Digest of an enrolment code, in hexadecimal.
    pub code: Option<String>,
    /// Secret of one-time codes that are being set up, in base64url.
    pub secret: Option<String>,
    /// Who the first administrator says they are: sign-in name and name.
    pub identity: Option<(String, String)>,
    /// What they went to a provider of sign-in for.
    pub away: Option<Away>,
    /// The provider that vouched for them, when this step is the one after it.
    pub by: Option<By>,
    /// Where to go afterwards, when no form says so.
    pub next: Option<String>,
}

impl Flow {
    /// The secret of one-time codes that are being set up.
    pub(crate) fn totp(&self) -> Option<Totp> {
        let secret = from_base64url(self.secret.as_deref()?).ok()?;
        Totp::from_bytes(&secret).ok()
    }
}

/// Seals and opens flows, and knows which were spent.
#[derive(Debug)]
pub(crate) struct Flows {
    key: SealKey,
    spent: Mutex<HashMap<[u8; 16], i64>>,
}

impl Flows {
    pub(crate) fn new() -> Result<Self, RandomError> {
        Ok(Self {
            key: SealKey::mint()?,
            spent: Mutex::default(),
        })
    }

    /// A new flow.
    pub(crate) fn begin(&self, now_ms: i64) -> Result<Flow, Problem> {
        let random = |e: RandomError| Problem::internal(&e);
        Ok(Flow {
            id: random_array().map_err(random)?,
            ends_ms: now_ms.saturating_add(LASTS_MS),
            challenge: random_array().map_err(random)?,
            person: None,
            code: None,
            secret: None,
            identity: None,
            away: None,
            by: None,
            next: None,
        })
    }

    /// Another way through the same step, for the same person: spent together with it, and over with it.
    pub(crate) fn begin_within(&self, flow: &Flow, now_ms: i64) -> Result<Flow, Problem> {
        Ok(Flow {
            id: flow.id,
            ends_ms: flow.ends_ms,
            person: flow.person.clone(),
            by: flow.by.clone(),
            ..self.begin(now_ms)?
        })
    }

    /// What the browser keeps of it.
    pub(crate) fn seal(&self, stage: Stage, flow: &Flow) -> Result<String, Problem> {
        let text = serde_json::to_vec(flow).map_err(|e| Problem::internal(&e))?;
        let sealed = self.key.seal(stage.label(), &text);
        let sealed = sealed.map_err(|e| Problem::internal(&e))?;
        Ok(to_base64url(&sealed))
    }

    /// The flow that a browser brought back; nothing if it is not one of ours for this stage, took
    /// too long, or was spent.
    pub(crate) fn open(&self, stage: Stage, text: &str, now_ms: i64) -> Option<Flow> {
        let sealed = from_base64url(text).ok()?;
        let text = self.key.open(stage.label(), &sealed).ok()?;
        let flow: Flow = serde_json::from_slice(&text).ok()?;
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        (now_ms < flow.ends_ms && !spent.contains_key(&flow.id)).then_some(flow)
    }

    /// Spends a flow that reached its end: it does so once. When too many are remembered, nothing
    /// more reaches its end until some are over (fails closed).
    #[must_use]
    pub(crate) fn spend(&self, flow: &Flow, now_ms: i64) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= REMEMBERED {
            spent.retain(|_, ends_ms| now_ms < *ends_ms);
        }
        spent.len() < REMEMBERED && spent.insert(flow.id, flow.ends_ms).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_good_once_in_time_and_at_its_stage() {
        let flows = Flows::new().unwrap();
        let flow = flows.begin(0).unwrap();
        let text = flows.seal(Stage::Code, &flow).unwrap();
        let open = |stage, now| flows.open(stage, &text, now);
        assert!(open(Stage::Passkey, 1).is_none());
        assert!(open(Stage::Code, LASTS_MS).is_none());
        let opened = open(Stage::Code, 1).unwrap();
        assert_eq!(opened.challenge, flow.challenge);
        assert!(flows.spend(&opened, 1) && !flows.spend(&opened, 1));
        assert!(open(Stage::Code, 1).is_none());
        assert!(Flows::new().unwrap().open(Stage::Code, &text, 1).is_none());
    }

    #[test]
    fn two_ways_through_a_step_are_good_once_between_them() {
        let flows = Flows::new().unwrap();
        let mut outer = flows.begin(0).unwrap();
        outer.person = Some("ann".to_owned());
        let inner = flows.begin_within(&outer, 5).unwrap();
        assert_ne!(inner.challenge, outer.challenge);
        assert_eq!(inner.person, outer.person);
        let outer_text = flows.seal(Stage::Code, &outer).unwrap();
        let inner_text = flows.seal(Stage::Passkey, &inner).unwrap();
        assert!(
            flows
                .open(Stage::Passkey, &inner_text, LASTS_MS - 1)
                .is_some()
        );
        assert!(flows.open(Stage::Passkey, &inner_text, LASTS_MS).is_none());
        assert!(flows.spend(&inner, 6));
        assert!(flows.open(Stage::Code, &outer_text, 7).is_none() && !flows.spend(&outer, 7));
    }
}
