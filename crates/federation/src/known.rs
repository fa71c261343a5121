//! What is known of a provider by now: what it publishes of itself, and its keys.
//!
//! Both are kept for a while, and longer while it does not answer. Fetching is one at a time, and a
//! failure is an answer for some seconds too, so that many who come at once make few requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringfence_identity::jwt::Jwks;
use ringfence_identity::oidc::Metadata;
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::http::Http;

/// What it publishes of itself is asked for anew after so long.
const METADATA_LASTS: Duration = Duration::from_secs(3_600);
/// Its keys are: a key that it withdrew is good here no longer than that.
const KEYS_LAST: Duration = Duration::from_secs(300);
/// What was fetched serves so long while the provider does not answer.
const METADATA_SERVE: Duration = Duration::from_secs(86_400);
const KEYS_SERVE: Duration = Duration::from_secs(3_600);
/// Nobody is asked again so soon after a failure.
const PAUSE: Duration = Duration::from_secs(3);
/// So many times in a minute keys are fetched because a token of a sign-in names one that is not among them.
const RENEWALS: usize = 3;
/// The same of a word of a sign-out. Whoever sends one is nobody: so it takes nothing from sign-ins.
const RENEWALS_OF_WORDS: usize = 1;
const MINUTE: Duration = Duration::from_secs(60);
/// Largest answer.
const MOST: usize = 256 << 10;

/// What is known of one provider.
#[derive(Debug)]
pub(crate) struct Known {
    issuer: String,
    metadata: Mutex<Kept<Metadata>>,
    keys: Mutex<Keys>,
}

/// Its keys, and when they were fetched of late because a token named another one.
#[derive(Debug)]
struct Keys {
    kept: Kept<Jwks>,
    for_sign_ins: Vec<Instant>,
    for_words: Vec<Instant>,
}

/// Whose token names a key that is not known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Renewal {
    /// Somebody's who was at the provider, which gave it to us itself.
    SignIn,
    /// A word of a sign-out, which anybody can send.
    Word,
}

#[derive(Debug)]
struct Kept<T> {
    value: Option<(Arc<T>, Instant)>,
    failed: Option<(Failure, Instant)>,
}

impl<T> Kept<T> {
    const fn nothing() -> Self {
        Self {
            value: None,
            failed: None,
        }
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<T>> {
        let (value, since) = self.value.as_ref()?;
        (since.elapsed() < age).then(|| Arc::clone(value))
    }

    fn failed_just_now(&self) -> Option<Failure> {
        let (failure, since) = self.failed.as_ref()?;
        (since.elapsed() < PAUSE).then(|| failure.clone())
    }

    /// Keeps what came, or what serves instead.
    fn settle(&mut self, came: Result<T, Failure>, serves: Duration) -> Result<Arc<T>, Failure> {
        match came {
            Ok(value) => {
                let value = Arc::new(value);
                *self = Self {
                    value: Some((Arc::clone(&value), Instant::now())),
                    failed: None,
                };
                Ok(value)
            }
            Err(failure) => {
                self.failed = Some((failure.clone(), Instant::now()));
                self.younger_than(serves).ok_or(failure)
            }
        }
    }
}

impl Known {
    pub fn of(issuer: String) -> Self {
        Self {
            issuer,
            metadata: Mutex::new(Kept::nothing()),
            keys: Mutex::new(Keys {
                kept: Kept::nothing(),
                for_sign_ins: Vec::new(),
                for_words: Vec::new(),
            }),
        }
    }

    /// What the provider publishes of itself.
    pub async fn metadata(&self, http: &Http) -> Result<Arc<Metadata>, Failure> {
        let mut kept = self.metadata.lock().await;
        if let Some(known) = kept.younger_than(METADATA_LASTS) {
            return Ok(known);
        }
        if let Some(failure) = kept.failed_just_now() {
            return kept.younger_than(METADATA_SERVE).ok_or(failure);
        }
        let came = self.fetch_metadata(http).await;
        self.note("metadata", came.as_ref().err());
        kept.settle(came, METADATA_SERVE)
    }

    /// Its keys.
    pub async fn keys(&self, http: &Http, metadata: &Metadata) -> Result<Arc<Jwks>, Failure> {
        let Keys { kept, .. } = &mut *self.keys.lock().await;
        if let Some(known) = kept.younger_than(KEYS_LAST) {
            return Ok(known);
        }
        if let Some(failure) = kept.failed_just_now() {
            return kept.younger_than(KEYS_SERVE).ok_or(failure);
        }
        let came = fetch_keys(http, metadata).await;
        self.note("keys", came.as_ref().err());
        kept.settle(came, KEYS_SERVE)
    }

    /// Its keys anew, because a token names one that is not among `seen`. Bounded, because whoever makes
    /// tokens may name any key: nothing when it was done often enough of late.
    pub async fn renewed_keys(
        &self,
        http: &Http,
        metadata: &Metadata,
        seen: &Arc<Jwks>,
        renewal: Renewal,
    ) -> Option<Result<Arc<Jwks>, Failure>> {
        let Keys {
            kept,
            for_sign_ins,
            for_words,
        } = &mut *self.keys.lock().await;
        // Somebody else was here first.
        if let Some((value, _)) = kept.value.as_ref().filter(|(v, _)| !Arc::ptr_eq(v, seen)) {
            return Some(Ok(Arc::clone(value)));
        }
        let (renewals, most) = match renewal {
            Renewal::SignIn => (for_sign_ins, RENEWALS),
            Renewal::Word => (for_words, RENEWALS_OF_WORDS),
        };
        renewals.retain(|at| at.elapsed() < MINUTE);
        if renewals.len() >= most {
            return None;
        }
        renewals.push(Instant::now());
        let came = fetch_keys(http, metadata).await;
        self.note("keys", came.as_ref().err());
        Some(kept.settle(came, KEYS_SERVE))
    }

    async fn fetch_metadata(&self, http: &Http) -> Result<Metadata, Failure> {
        // OpenID Connect Discovery 1.0, section 4.1.
        let place = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.trim_end_matches('/')
        );
        let url = place
            .parse()
            .map_err(|_| Failure::Unreachable("no address"))?;
        let text = http.get(url, None, MOST).await?;
        Ok(Metadata::parse(&text, &self.issuer)?)
    }

    fn note(&self, what: &'static str, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            tracing::warn!(issuer = self.issuer, what, %failure, "a provider of sign-in could not be asked");
        }
    }
}

async fn fetch_keys(http: &Http, metadata: &Metadata) -> Result<Jwks, Failure> {
    let text = http.get(metadata.jwks_uri.clone(), None, MOST).await?;
    let text = std::str::from_utf8(&text)
        .map_err(|_| Failure::Keys(ringfence_identity::jwt::JwtError::KeySet))?;
    Jwks::parse(text).map_err(Failure::Keys)
}
