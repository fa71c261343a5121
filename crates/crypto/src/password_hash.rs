//! Passwords at rest: Argon2id (RFC 9106) with the figures that OWASP gives as the least, in the
//! text form that other programs write (the PHC string format).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::UnicodeNormalization as _;

use crate::mac::constant_time_eq;
use crate::random::{RandomError, random_array};

/// What a new hash costs: 19 MiB, two passes, one lane.
const NOW: Cost = Cost {
    memory: 19_456,
    passes: 2,
    lanes: 1,
};
/// The most that a stored hash may ask for. The text comes from a database that somebody may have
/// written to: it must not decide how much memory a sign-in takes.
const MOST: Cost = Cost {
    memory: 131_072,
    passes: 8,
    lanes: 4,
};
/// The longest password that is looked at, in bytes: hashing it takes time before anybody has
/// signed in.
const MOST_PASSWORD: usize = 1024;

/// Why a password could not be hashed, or a stored hash could not be read. Neither is part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// An empty one would match an empty field.
    #[error("a password is empty")]
    Empty,
    /// Longer than anybody types.
    #[error("a password has more than {MOST_PASSWORD} bytes")]
    TooLong,
    /// No salt could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Something else, another algorithm, or written another way than ours.
    #[error("a stored password hash is not `$argon2id$v=19$m=…,t=…,p=…$salt$tag`")]
    Form,
    /// Checking a password against it would take too much memory or time, or none at all.
    #[error("a stored password hash asks for memory, passes or lanes out of bounds")]
    Cost,
}

/// A password's hash; prints itself only through [`PasswordHash::reveal`].
///
/// The password is put into Unicode's normal form C first, so that the same letters typed on
/// another keyboard are the same password (RFC 8265, section 4.2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    cost: Cost,
    salt: [u8; 16],
    tag: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// In KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordHash {
    /// Hashes a new password. Takes some 30 ms and 19 MiB.
    ///
    /// # Errors
    /// When the password is empty or too long, or no salt can be drawn.
    pub fn of(password: &str) -> Result<Self, PasswordError> {
        if password.is_empty() {
            return Err(PasswordError::Empty);
        }
        if password.len() > MOST_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        let salt = random_array::<16>()?;
        let tag = NOW.tag(password, &salt).ok_or(PasswordError::Cost)?;
        Ok(Self::from_parts(NOW, salt, tag))
    }

    /// Reads what [`PasswordHash::reveal`] gave, byte for byte.
    ///
    /// # Errors
    /// When it is written in any other way, or is too costly to check against.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let (cost, salt, tag) = fields(text).ok_or(PasswordError::Form)?;
        if !cost.is_bearable() {
            return Err(PasswordError::Cost);
        }
        let read = Self::from_parts(cost, salt, tag);
        // One hash has one text: no leading zeros, no other spelling of the same.
        if read.text == text {
            Ok(read)
        } else {
            Err(PasswordError::Form)
        }
    }

    fn from_parts(cost: Cost, salt: [u8; 16], tag: [u8; 32]) -> Self {
        let text = format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            cost.memory,
            cost.passes,
            cost.lanes,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(tag)
        );
        Self {
            text,
            cost,
            salt,
            tag,
        }
    }

    /// The text to store.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Whether this is the hash of `password`. Takes as long as [`PasswordHash::of`], whatever the
    /// password, unless that is longer than any that was ever hashed.
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        if password.len() > MOST_PASSWORD {
            return false;
        }
        let tag = self.cost.tag(password, &self.salt);
        tag.is_some_and(|tag| constant_time_eq(&tag, &self.tag))
    }

    /// Whether a new hash would cost something else, so that the next sign-in should replace it.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.cost != NOW
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

impl Cost {
    /// RFC 9106, section 3.1, asks for at least 8 KiB a lane.
    fn is_bearable(self) -> bool {
        (1..=MOST.lanes).contains(&self.lanes)
            && (1..=MOST.passes).contains(&self.passes)
            && (8 * self.lanes..=MOST.memory).contains(&self.memory)
    }

    fn tag(self, password: &str, salt: &[u8; 16]) -> Option<[u8; 32]> {
        let normal: String = password.nfc().collect();
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut tag = [0; 32];
        argon2
            .hash_password_into(normal.as_bytes(), salt, &mut tag)
            .ok()?;
        Some(tag)
    }
}

fn fields(text: &str) -> Option<(Cost, [u8; 16], [u8; 32])> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = costs.split(',');
    let mut cost = |name| costs.next()?.strip_prefix(name)?.parse().ok();
    let cost = Cost {
        memory: cost("m=")?,
        passes: cost("t=")?,
        lanes: cost("p=")?,
    };
    let salt = STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?;
    let tag = STANDARD_NO_PAD.decode(tag).ok()?.try_into().ok()?;
    Some((cost, salt, tag))
}

/// What is read is written the same, asks for no more than is bearable, and never prints itself.
#[doc(hidden)]
pub fn fuzz_password_hash(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(hash) = PasswordHash::parse(text) {
        assert_eq!(hash.reveal(), text);
        assert!(hash.cost.memory <= MOST.memory && hash.cost.passes <= MOST.passes);
        assert_eq!(format!("{hash:?}"), "PasswordHash([redacted])");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the reference implementation (argon2-cffi 25.1): password `correct horse`.
    const FOREIGN: &str = include_str!("../testdata/argon2id.txt");

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let hash = PasswordHash::of("correct horse").unwrap();
        assert!(hash.matches("correct horse"));
        assert!(!hash.matches("correct horsE"));
        assert!(!hash.matches(""));
        assert!(!hash.is_outdated());
        assert_ne!(hash, PasswordHash::of("correct horse").unwrap());
        assert_eq!(PasswordHash::parse(hash.reveal()), Ok(hash));
    }

    #[test]
    fn reads_what_the_reference_implementation_wrote() {
        for line in FOREIGN.lines() {
            let hash = PasswordHash::parse(line).unwrap();
            assert!(hash.matches("correct horse"), "{line}");
            assert!(!hash.matches("battery staple"));
            assert_eq!(hash.is_outdated(), !line.contains("$m=19456,t=2,p=1$"));
        }
        assert!(FOREIGN.lines().count() >= 3);
    }

    #[test]
    fn letters_typed_another_way_are_the_same_password() {
        let composed = PasswordHash::of("Stra\u{df}enb\u{e4}ckerei 9").unwrap();
        assert!(composed.matches("Stra\u{df}enba\u{308}ckerei 9"));
    }

    #[test]
    fn refuses_passwords_out_of_bounds() {
        assert_eq!(PasswordHash::of(""), Err(PasswordError::Empty));
        let long = "x".repeat(1025);
        assert_eq!(PasswordHash::of(&long), Err(PasswordError::TooLong));
        let hash = PasswordHash::of(long.get(..1024).unwrap()).unwrap();
        assert!(!hash.matches(&long));
    }

    #[test]
    fn a_stored_text_cannot_ask_for_gigabytes() {
        let hash = PasswordHash::of("x").unwrap();
        let with = |costs: &str| hash.reveal().replace("m=19456,t=2,p=1", costs);
        for costs in [
            "m=4194304,t=2,p=1",
            "m=131073,t=2,p=1",
            "m=19456,t=9,p=1",
            "m=19456,t=0,p=1",
            "m=19456,t=2,p=0",
            "m=19456,t=2,p=5",
            "m=15,t=2,p=2",
        ] {
            let read = PasswordHash::parse(&with(costs));
            assert_eq!(read, Err(PasswordError::Cost), "{costs}");
        }
        assert!(PasswordHash::parse(&with("m=131072,t=8,p=4")).is_ok());
    }

    #[test]
    fn reads_one_spelling_only() {
        let text = PasswordHash::of("x").unwrap().reveal().to_owned();
        for wrong in [
            text.replace("argon2id", "argon2i"),
            text.replace("v=19", "v=16"),
            text.replace("m=19456", "m=019456"),
            text.replace("m=19456", "m=+19456"),
            text.replace("m=19456", "m=99999999999"),
            text.replace(",p=1", ",p=1,data=AAAA"),
            text.replace(",p=1", ""),
            format!("{text}="),
            format!("{text}$"),
            format!("{text} "),
            text.get(..text.len() - 4).unwrap().to_owned(),
            String::new(),
            "$argon2id$v=19$".to_owned(),
        ] {
            let read = PasswordHash::parse(&wrong);
            assert_eq!(read, Err(PasswordError::Form), "{wrong}");
        }
    }
}
