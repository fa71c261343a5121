//! Why a provider vouches for nobody.

use ringfence_identity::jwt::JwtError;
use ringfence_identity::oidc::{AddressError, GrantError, MetadataError};

/// Why somebody cannot sign in by a provider just now. Safe to show and to record: holds nothing that a
/// provider or a browser wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No answer.
    #[error("the provider does not answer: {0}")]
    Unreachable(&'static str),
    /// An answer other than success. Redirects are not followed.
    #[error("the provider answered with status {0}")]
    Status(u16),
    /// An answer beyond all measure.
    #[error("the provider's answer is longer than {0} bytes")]
    TooLarge(usize),
    /// What it publishes of itself cannot be used.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Its keys cannot be used.
    #[error("the provider's keys cannot be used: {0}")]
    Keys(JwtError),
    /// It refused the code, in the words of the standard.
    #[error("the provider refused the code: {0}")]
    Code(&'static str),
    /// What it gave for the code cannot be used.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// It says something of another person than it vouched for.
    #[error("the provider says nothing of this person, or no JSON")]
    Person,
    /// Its token was not believed.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// Another provider answered, or one that should name itself and did not (RFC 9207).
    #[error("the answer does not come from the provider that was asked")]
    Mixed,
    /// The secret of our own is missing.
    #[error("`client_secret`: {0}")]
    Secret(String),
    /// Too many sign in by it at this moment.
    #[error("too many sign in by this provider at this moment")]
    Busy,
}

impl Failure {
    /// The provider cannot be asked just now: nobody's sign-in was refused.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Status(_)
                | Self::TooLarge(_)
                | Self::Metadata(_)
                | Self::Keys(_)
                | Self::Secret(_)
                | Self::Busy
        )
    }
}

/// Why a provider cannot be set up at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Its address.
    #[error("`issuer` {0}")]
    Issuer(#[from] AddressError),
    /// The file of further authorities.
    #[error("`ca_file` holds no PEM certificates")]
    ExtraCa,
    /// TLS.
    #[error(
        "TLS could not be set up on this machine: install `ca-certificates`, or name a `ca_file`"
    )]
    Tls,
}
