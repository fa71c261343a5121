//! What is known of a provider before it is asked.

use std::fmt;
use std::sync::Arc;

use ringfence_event::Secret;

/// Reads a secret at the moment when it is needed, so that a changed file is in force without a restart.
/// The error says in words where it is missing.
#[derive(Clone)]
pub struct ReadSecret(Arc<dyn Fn() -> Result<Secret<String>, String> + Send + Sync>);

impl ReadSecret {
    /// Reads by this.
    pub fn by(read: impl Fn() -> Result<Secret<String>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn read(&self) -> Result<Secret<String>, String> {
        (self.0)()
    }
}

impl fmt::Debug for ReadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What in a provider's identity token says that somebody showed more than one factor there. Nothing, by
/// default: then they show another one here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mfa {
    /// Values of `acr`, of which the token's is one.
    pub acr: Vec<String>,
    /// Values of `amr` (RFC 8176), of which one is among the token's.
    pub amr: Vec<String>,
}

/// A provider as a person configures it. Addresses were checked before.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Its name in addresses of ours.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its name for itself, letter by letter.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// The secret that goes with that. None for a public client.
    pub secret: Option<ReadSecret>,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// What counts as more than one factor.
    pub mfa: Mfa,
    /// The claim by which somebody who never signed in is known at their first sign-in.
    pub matching: Option<String>,
    /// How long ago somebody may have signed in there, in seconds. None: as the provider sees fit.
    pub max_age_s: Option<u64>,
    /// PEM certificates of authorities trusted beside the platform's.
    pub extra_ca_pem: Option<Vec<u8>>,
}
