//! Why a token was not believed.

/// The first check that a token failed. Says nothing of what is in it beyond the names of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Longer than 16 KiB, or a key set than 256 KiB.
    #[error("the token or key set is too long")]
    TooLong,
    /// Not three parts of base64url, the first two JSON objects in which no name stands twice.
    #[error("the token is not a signed JSON Web Token in compact form")]
    Form,
    /// A key set that is no JSON object with `keys`.
    #[error("the key set is not a JSON Web Key Set")]
    KeySet,
    /// `none`, a shared secret, or one that the provider is not known to use.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// A token for another use, or with extensions that must be understood.
    #[error("the token is of a kind that is not expected here")]
    Kind,
    /// No published key fits: the provider may have new ones.
    #[error("no known key fits the token")]
    UnknownKey,
    /// Not signed with the key it names, or changed since.
    #[error("the token's signature does not fit")]
    Signature,
    /// A claim that has to be there is not, or is of another type.
    #[error("the token has no proper `{0}`")]
    Claim(&'static str),
    /// Made by another provider.
    #[error("the token was made by another issuer")]
    Issuer,
    /// Made for another application.
    #[error("the token was made for another application")]
    Audience,
    /// For another sign-in, or used a second time.
    #[error("the token belongs to another sign-in")]
    Nonce,
    /// Came with another access token than it was made for.
    #[error("the access token is not the one that the token was made for")]
    AccessToken,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// From the future, or issued long ago: one of the clocks is wrong.
    #[error("the token was not issued just now: compare the clocks")]
    IssuedAt,
    /// The person signed in at the provider longer ago than was asked for.
    #[error("the sign-in at the provider is too long ago")]
    AuthTime,
}
