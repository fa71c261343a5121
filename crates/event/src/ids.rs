//! Identifiers: of events, and of the things that people name in a configuration.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Identity of an event: 128 bits derived from who said it and how they named it (producer's uid,
/// sender's idempotency key and index, or source and offset), never from what it says, because
/// real logs repeat lines exactly. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        if s.len() != 32 || s.starts_with('+') {
            return Err(IdError::EventId);
        }
        u128::from_str_radix(s, 16)
            .map(Self)
            .map_err(|_| IdError::EventId)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What is wrong with an identifier.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// Not 32 hexadecimal digits.
    #[error("an event id is 32 hexadecimal digits")]
    EventId,
    /// A name with a character outside the allowed set, or of the wrong length.
    #[error(
        "`{0}` is not a name: use 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit"
    )]
    Name(String),
}

/// A name that a person chose for a source, program or site: 1 to 64 of `A-Z a-z 0-9 . _ -`,
/// beginning with a letter or digit, so that it is safe in a file name, a URL and a metric label.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`IdError::Name`] when a character or the length is not allowed.
    pub fn new(s: &str) -> Result<Self, IdError> {
        let first = s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = s
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if first && rest && s.len() <= 64 {
            Ok(Self(s.into()))
        } else {
            Err(IdError::Name(
                crate::clip(&crate::neutralise(s), 80).into_owned(),
            ))
        }
    }

    /// A name that is written in this crate; a test holds that it is one.
    pub(crate) fn ours(s: &'static str) -> Self {
        Self(s.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl FromStr for Name {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        Self::new(s)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_id_round_trips_and_refuses_the_rest() {
        let id = EventId(0x00ff);
        assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        for bad in [
            "",
            "ff",
            "+0000000000000000000000000000000f",
            &"g".repeat(32),
        ] {
            assert!(bad.parse::<EventId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn name_refuses_what_a_path_or_a_terminal_would_interpret() {
        assert!(Name::new("crm.eu-1").is_ok());
        for bad in [
            "",
            "../x",
            ".hidden",
            "a b",
            "a/b",
            "a\u{1b}[31m",
            &"x".repeat(65),
        ] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
    }
}
