//! The one crate that names the cryptographic library.
//!
//! Everything here is small, pure and total: bytes in, bytes out, no clock, no
//! files, no async. Randomness comes from the operating system through the
//! library, and is the only thing here that can fail.
//!
//! Where it stops: it knows digests, message authentication, comparison, random
//! bytes, the checking of signatures ([`VerifyKey`]) and the making of those of
//! Ed25519 ([`Ed25519Key`]), stored passwords ([`PasswordHash`]), sealing of
//! small secrets at rest ([`SealKey`]) and the two kinds of secret that Ringfence hands to people and machines ([`Token`],
//! [`SigningSecret`]). TLS belongs to the crates that open sockets; sealing of
//! recordings belongs to the vault.
//!
//! Types that carry a secret print `[redacted]`; the secret leaves only through a
//! method called `reveal`, so that every place that shows one can be searched for.

mod digest;
mod ed25519;
mod encoding;
mod mac;
mod password_hash;
mod random;
mod seal;
mod secret;
mod token;
mod verify;

#[doc(hidden)]
pub mod stand_in;

pub use digest::{Sha256, sha256, sha256_128, sha256_hex, sha512};
pub use ed25519::Ed25519Key;
pub use encoding::{
    BaseError, HexError, from_base32, from_base64, from_base64url, from_hex, to_base32, to_base64,
    to_base64url, to_hex,
};
pub use mac::{
    constant_time_eq, hmac_sha1_legacy, hmac_sha256, hmac_sha256_hex, verify_hmac_sha256,
    verify_legacy_hmac_sha1,
};
pub use password_hash::{PasswordError, PasswordHash};
pub use random::{RandomError, random_array, random_bytes};
pub use seal::{SealError, SealKey};
pub use secret::{SecretError, SigningSecret};
pub use token::{Token, TokenError, TokenHash, TokenKind};
pub use verify::{EcdsaForm, KeyError, RsaPadding, VerifyKey};

#[doc(hidden)]
pub use encoding::fuzz_hex;
#[doc(hidden)]
pub use password_hash::fuzz_password_hash;
#[doc(hidden)]
pub use token::fuzz_token;
