//! Hashes of leaves and nodes (RFC 6962, section 2.1).

use ringfence_crypto::{BaseError, Sha256, from_base64, to_base64};

/// Bytes of a hash.
pub const HASH: usize = 32;

/// A SHA-256 hash in a tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash(pub [u8; HASH]);

/// The root of a tree without leaves: the hash of nothing.
pub const EMPTY: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The hash of an entry.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    of(0x00, &[entry])
}

/// The hash of two that stand side by side.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    of(0x01, &[&left.0, &right.0])
}

/// The prefix keeps a node from being shown as an entry.
fn of(prefix: u8, parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(&[prefix]);
    for part in parts {
        hash.update(part);
    }
    Hash(hash.finish())
}

impl Hash {
    /// As notes and proofs write it: base64.
    #[must_use]
    pub fn to_text(self) -> String {
        to_base64(&self.0)
    }

    /// From base64 of exactly 32 bytes.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let bytes = from_base64(text)?;
        bytes.try_into().map(Self).map_err(|_| BaseError::Base64)
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_crypto::{sha256, to_hex};

    #[test]
    fn leaves_and_nodes_are_told_apart() {
        assert_eq!(EMPTY.0, sha256(b""));
        // The well-known hash of an empty leaf.
        assert_eq!(
            to_hex(&leaf(b"").0),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        let two = [leaf(b"a").0, leaf(b"b").0].concat();
        assert_ne!(node(&leaf(b"a"), &leaf(b"b")), leaf(&two));
    }

    #[test]
    fn a_hash_has_one_text() {
        let hash = leaf(b"x");
        assert_eq!(Hash::parse(&hash.to_text()), Ok(hash));
        for wrong in [
            "",
            "AAAA",
            "not base64",
            hash.to_text().trim_end_matches('='),
        ] {
            assert!(Hash::parse(wrong).is_err(), "{wrong}");
        }
    }
}
