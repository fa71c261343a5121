//! What the log says of a record: when, of which kind, and a commitment to it.

use std::fmt;

use ringfence_crypto::{Sha256, from_base64, to_base64};

/// Bytes of a salt: as many as the hash has, so that nobody finds a record by trying.
pub const SALT: usize = 32;
/// Letters of a kind.
const MOST_KIND: usize = 32;
/// Before what is hashed, so that no other hash of Ringfence is a commitment.
const DOMAIN: &[u8] = b"ringfence evidence record v1\n";
/// The first word of an entry.
const VERSION: &str = "v1";

/// An entry of the log: `v1 TIME KIND COMMITMENT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// When it happened, in milliseconds since 1970.
    pub time: i64,
    /// Its kind: small letters, digits and `-`.
    pub kind: String,
    /// [`commit`] of its record and salt.
    pub commitment: [u8; 32],
}

/// Why an entry is none of this log's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry is `v1`, a time in milliseconds, a kind and a commitment in base64")]
pub struct LeafError;

/// SHA-256 over a fixed line, the salt and the record.
#[must_use]
pub fn commit(salt: &[u8; SALT], record: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(salt);
    hash.update(record.as_bytes());
    hash.finish()
}

impl Leaf {
    /// Reads an entry.
    ///
    /// # Errors
    /// When there is any other way to write it, or it is none.
    pub fn parse(entry: &[u8]) -> Result<Self, LeafError> {
        let text = std::str::from_utf8(entry).map_err(|_| LeafError)?;
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(LeafError);
        let (version, time, kind, commitment) = (word()?, word()?, word()?, word()?);
        let leaf = Self {
            time: time.parse().map_err(|_| LeafError)?,
            kind: kind.to_owned(),
            commitment: from_base64(commitment)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(LeafError)?,
        };
        let one_form = version == VERSION && is_kind(kind) && leaf.to_string() == text;
        one_form.then_some(leaf).ok_or(LeafError)
    }
}

/// The entry.
impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commitment = to_base64(&self.commitment);
        write!(f, "{VERSION} {} {} {commitment}", self.time, self.kind)
    }
}

fn is_kind(kind: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !kind.is_empty() && kind.len() <= MOST_KIND && kind.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_commitment_is_the_hash_that_the_manual_says() {
        // printf 'ringfence evidence record v1\n' | cat - <(head -c 32 /dev/zero) <(printf '{}') | sha256sum
        let wanted = ringfence_crypto::sha256(
            &[
                b"ringfence evidence record v1\n".as_slice(),
                &[0; 32],
                b"{}",
            ]
            .concat(),
        );
        assert_eq!(commit(&[0; SALT], "{}"), wanted);
        assert_ne!(commit(&[1; SALT], "{}"), wanted);
    }

    #[test]
    fn an_entry_has_one_form() {
        let good = format!("v1 1795000000000 account {}", to_base64(&[7; 32]));
        let leaf = Leaf::parse(good.as_bytes()).unwrap();
        assert_eq!(
            (leaf.time, leaf.kind.as_str()),
            (1_795_000_000_000, "account")
        );
        assert_eq!(leaf.to_string(), good);
        for wrong in [
            good.replace("v1", "v2"),
            good.replace("1795", "01795"),
            good.replace("1795", "+1795"),
            good.replace("account", "Account"),
            good.replace("account", ""),
            good.replace(' ', "  "),
            format!("{good} more"),
            format!("{good}\n"),
            good.trim_end_matches('=').to_owned(),
            String::new(),
        ] {
            assert_eq!(Leaf::parse(wrong.as_bytes()), Err(LeafError), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_entry_or_are_refused(bytes: Vec<u8>) {
            if let Ok(leaf) = Leaf::parse(&bytes) {
                prop_assert_eq!(leaf.to_string().into_bytes(), bytes);
            }
        }
    }
}
