//! SHA-256 (FIPS 180-4), in one go or in pieces, and SHA-512 where a standard names it.

use aws_lc_rs::digest::{Context, SHA256, SHA512, digest};

use crate::encoding::to_hex;

/// The first 128 bits of the SHA-256 of `data`, as a number: long enough that nobody makes two
/// texts meet, short enough for an identity.
#[must_use]
pub fn sha256_128(data: &[u8]) -> u128 {
    sha256(data)
        .iter()
        .take(16)
        .fold(0, |n, byte| (n << 8) | u128::from(*byte))
}

/// The SHA-256 of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    fixed(digest(&SHA256, data).as_ref())
}

/// The SHA-512 of `data`.
#[must_use]
pub fn sha512(data: &[u8]) -> [u8; 64] {
    fixed(digest(&SHA512, data).as_ref())
}

/// The SHA-256 of `data` as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(data: &[u8]) -> String {
    to_hex(&sha256(data))
}

/// A SHA-256 over pieces that never lie in memory together.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// An empty digest.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds bytes.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// Adds one field, preceded by its length, so that neighbouring fields of a
    /// compound key can never run into each other (`ab`+`c` is not `a`+`bc`).
    pub fn field(&mut self, data: &[u8]) {
        self.0.update(&(data.len() as u64).to_be_bytes());
        self.0.update(data);
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        fixed(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sha256 {
    /// The running state may cover a secret, so none of it is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256")
    }
}

/// The library returns a slice whose length it promises; this keeps the promise
/// in the type without a way to panic.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_the_standard_vectors() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let long = to_hex(&sha512(b"abc"));
        assert!(long.starts_with("ddaf35a193617abacc417349ae204131"));
        assert!(long.ends_with("454d4423643ce80e2a9ac94fa54ca49f"));
    }

    #[test]
    fn pieces_give_the_same_as_the_whole() {
        let mut pieces = Sha256::new();
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(pieces.finish(), sha256(b"abc"));
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let of = |parts: [&[u8]; 2]| {
            let mut digest = Sha256::new();
            parts.iter().for_each(|part| digest.field(part));
            digest.finish()
        };
        assert_ne!(of([b"ab", b"c"]), of([b"a", b"bc"]));
    }
}
