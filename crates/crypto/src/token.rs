//! Bearer tokens: what a source or an administrator shows to be let in.
//!
//! A minted token is `rfs_` or `rfa_` and 256 random bits in base64url. The prefix
//! lets secret scanners find leaked tokens and keeps an administrator's token from
//! being pasted where a source's belongs. Storage sees only [`Token::hash`]; plain
//! SHA-256 is enough because 256 random bits cannot be searched.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::{Sha256, sha256};
use crate::encoding::{from_hex, to_hex};
use crate::mac::constant_time_eq;
use crate::random::{RandomError, random_array};

/// 43 base64url digits carry 256 bits.
const SECRET_LEN: usize = 43;
const PRESET_LEN: std::ops::RangeInclusive<usize> = 8..=256;

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Something that sends events: `rfs_`.
    Source,
    /// A person or a program that administers: `rfa_`.
    Admin,
    /// A browser in which somebody signed in: `rfb_`.
    Session,
    /// A program that uses the API: `rft_`.
    Service,
    /// Somebody who sets up how they sign in: `rfe_`.
    Enrolment,
}

impl TokenKind {
    /// The four characters a minted token of this kind starts with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Source => "rfs_",
            Self::Admin => "rfa_",
            Self::Session => "rfb_",
            Self::Service => "rft_",
            Self::Enrolment => "rfe_",
        }
    }
}

/// Why a text is not a token. The text itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Neither `rfs_` nor `rfa_`.
    #[error("a token starts with `rfs_` (source) or `rfa_` (administrator)")]
    Prefix,
    /// Cut short, run on, or mistyped.
    #[error("a token has 43 letters, digits, `-` or `_` after its prefix")]
    Secret,
    /// A token that a person presets may be any visible ASCII text of some length.
    #[error("a preset token has 8 to 256 visible ASCII characters and no space")]
    Preset,
}

/// A bearer token; cannot print itself.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

impl Token {
    /// A new random token.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint(kind: TokenKind) -> Result<Self, RandomError> {
        Ok(Self::from_bytes(kind, &random_array::<32>()?))
    }

    /// A token of given bytes, for callers that bring their own randomness.
    #[must_use]
    pub fn from_bytes(kind: TokenKind, bytes: &[u8; 32]) -> Self {
        let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes));
        Self { kind, text }
    }

    /// Reads a minted token.
    ///
    /// # Errors
    /// Says whether prefix or secret is wrong.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let kind = [
            TokenKind::Source,
            TokenKind::Admin,
            TokenKind::Session,
            TokenKind::Service,
            TokenKind::Enrolment,
        ]
        .into_iter()
        .find(|kind| text.starts_with(kind.prefix()))
        .ok_or(TokenError::Prefix)?;
        let secret = text.strip_prefix(kind.prefix()).unwrap_or_default();
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if secret.len() != SECRET_LEN || !secret.bytes().all(alphabet) {
            return Err(TokenError::Secret);
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }

    /// Takes a token that an operator chose, such as one from the environment of
    /// an automated installation. Callers warn when [`Token::is_weak`].
    ///
    /// # Errors
    /// When it is too short, too long, or could not travel in a header.
    pub fn preset(kind: TokenKind, text: &str) -> Result<Self, TokenError> {
        if PRESET_LEN.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self {
                kind,
                text: text.to_owned(),
            })
        } else {
            Err(TokenError::Preset)
        }
    }

    /// Whom it speaks for.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Whether a preset token is so short that its stored hash could be searched.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.text.len() < 32
    }

    /// What storage keeps in place of the token.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.text)
    }

    /// The token itself, to be shown once to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({self})")
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[redacted]", self.kind.prefix())
    }
}

/// The SHA-256 of a token. Equality takes constant time.
#[derive(Clone, Copy, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of whatever a client presented, well formed or not: a look-up by it
    /// takes the same way for every text.
    #[must_use]
    pub fn of(presented: &str) -> Self {
        Self(sha256(presented.as_bytes()))
    }

    /// What is known by its SHA-256 already, such as a certificate.
    #[must_use]
    pub const fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// As stored.
    #[must_use]
    pub fn to_hex(self) -> String {
        to_hex(&self.0)
    }

    /// Reads what [`TokenHash::to_hex`] wrote.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self(from_hex(text).ok()?.try_into().ok()?))
    }

    /// A short name for logs and audit records: says which token without helping
    /// to guess it.
    #[must_use]
    pub fn fingerprint(self) -> String {
        let mut digest = Sha256::new();
        digest.update(b"ringfence token fingerprint");
        digest.update(&self.0);
        to_hex(&digest.finish()).chars().take(12).collect()
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenHash({})", self.fingerprint())
    }
}

/// What parses says so again, hashes the same, and never prints itself.
#[doc(hidden)]
pub fn fuzz_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = Token::parse(text) {
        assert_eq!(token.reveal(), text);
        assert_eq!(token.hash(), TokenHash::of(text));
        let secret = text.strip_prefix(token.kind().prefix()).unwrap_or(text);
        assert!(!format!("{token} {token:?}").contains(secret));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_tokens_parse_and_carry_their_kind() {
        for kind in [
            TokenKind::Source,
            TokenKind::Admin,
            TokenKind::Session,
            TokenKind::Service,
            TokenKind::Enrolment,
        ] {
            let token = Token::mint(kind).unwrap();
            let read = Token::parse(token.reveal()).unwrap();
            assert_eq!((read.kind(), read.hash()), (kind, token.hash()));
            assert!(!read.is_weak());
        }
    }

    #[test]
    fn refuses_what_is_no_token() {
        let token = Token::from_bytes(TokenKind::Source, &[7; 32]);
        let text = token.reveal();
        assert_eq!(Token::parse("Bearer x").unwrap_err(), TokenError::Prefix);
        assert_eq!(
            Token::parse(text.get(..46).unwrap()).unwrap_err(),
            TokenError::Secret
        );
        assert_eq!(
            Token::parse(&format!("{text} ")).unwrap_err(),
            TokenError::Secret
        );
    }

    #[test]
    fn presets_may_be_any_visible_text() {
        assert!(
            Token::preset(TokenKind::Admin, "demo-token")
                .unwrap()
                .is_weak()
        );
        assert_eq!(
            Token::preset(TokenKind::Admin, "short").unwrap_err(),
            TokenError::Preset
        );
        assert_eq!(
            Token::preset(TokenKind::Admin, "two words").unwrap_err(),
            TokenError::Preset
        );
    }

    #[test]
    fn prints_neither_token_nor_hash() {
        let token = Token::from_bytes(TokenKind::Admin, &[9; 32]);
        assert_eq!(
            format!("{token} {token:?}"),
            "rfa_[redacted] Token(rfa_[redacted])"
        );
        assert!(!format!("{:?}", token.hash()).contains(token.hash().to_hex().get(..8).unwrap()));
    }

    #[test]
    fn hashes_survive_storage() {
        let hash = TokenHash::of("anything");
        assert_eq!(TokenHash::from_hex(&hash.to_hex()), Some(hash));
        assert_eq!(TokenHash::from_hex("00"), None);
    }
}
