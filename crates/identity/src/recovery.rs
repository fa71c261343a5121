//! Codes on paper for the day the phone is lost.

use ringfence_crypto::{RandomError, Sha256, random_array};

/// Crockford's base32: no I, L, O and U, which are misread or make words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 24;

/// One code of 120 random bits; cannot print itself. Stored is [`RecoveryCode::digest`]: what is
/// random in 112 bits or more needs no slow hash (ASVS 5.0, 6.5.2).
#[derive(Clone)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A new set of ten.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint_ten() -> Result<Vec<Self>, RandomError> {
        (0..10).map(|_| Ok(Self::of(random_array()?))).collect()
    }

    fn of(bytes: [u8; 15]) -> Self {
        let bits = bytes
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let digit = |at: usize| ALPHABET.get((bits >> (115 - 5 * at)) as usize & 31);
        let mut text = String::with_capacity(DIGITS + 5);
        for (at, digit) in (0..DIGITS).filter_map(digit).enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*digit));
        }
        Self(text)
    }

    /// The code, to be shown once to its owner: six groups of four.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of a code, from what somebody typed: in either case, with spaces and hyphens
    /// anywhere, O for 0, I and L for 1. `None` when it is no code at all.
    #[must_use]
    pub fn digest(presented: &str) -> Option<[u8; 32]> {
        let mut digest = Sha256::new();
        digest.field(b"ringfence recovery code");
        let mut digits = 0;
        for typed in presented.chars().filter(|c| !is_gap(*c)) {
            let meant = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let byte = u8::try_from(meant)
                .ok()
                .filter(|byte| ALPHABET.contains(byte))?;
            digits += 1;
            if digits > DIGITS {
                return None;
            }
            digest.update(&[byte]);
        }
        (digits == DIGITS).then(|| digest.finish())
    }
}

/// Space, and everything that word processors make of a hyphen.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn ten_codes_differ_and_are_recognised() {
        let codes = RecoveryCode::mint_ten().unwrap();
        let digests: BTreeSet<_> = codes
            .iter()
            .map(|code| RecoveryCode::digest(code.reveal()).unwrap())
            .collect();
        assert_eq!((codes.len(), digests.len()), (10, 10));
        assert_eq!(format!("{:?}", codes[0]), "RecoveryCode([redacted])");
    }

    #[test]
    fn all_bits_are_shown() {
        assert_eq!(
            RecoveryCode::of([0; 15]).reveal(),
            "0000-0000-0000-0000-0000-0000"
        );
        assert_eq!(
            RecoveryCode::of([0xff; 15]).reveal(),
            "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ"
        );
        let bytes = [
            0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0x00, 0x44, 0x32, 0x14,
            0xc7,
        ];
        assert_eq!(
            RecoveryCode::of(bytes).reveal(),
            "0123-4567-89AB-CDEF-0123-4567"
        );
    }

    #[test]
    fn reads_what_people_make_of_it() {
        let digest = RecoveryCode::digest("0123-4567-89AB-1D0F-0000-1111");
        assert!(digest.is_some());
        for typed in [
            "0123456789ab1d0f00001111",
            " o123 4567 89ab idof oooo ilil ",
            "O123\u{2013}4567\u{2011}89AB\u{2212}LDoF 0o0O 11iI",
        ] {
            assert_eq!(RecoveryCode::digest(typed), digest, "{typed}");
        }
        for typed in [
            "",
            "0123-4567-89AB-1D0F-0000-111",
            "0123-4567-89AB-1D0F-0000-11111",
            "U123-4567-89AB-1D0F-0000-1111",
            "\u{e9}",
        ] {
            assert_eq!(RecoveryCode::digest(typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn codes_survive_being_copied_down(bytes in any::<[u8; 15]>()) {
            let code = RecoveryCode::of(bytes);
            let copied = code.reveal().to_lowercase().replace('-', " ").replace('0', "O");
            prop_assert_eq!(RecoveryCode::digest(&copied), RecoveryCode::digest(code.reveal()));
            prop_assert!(RecoveryCode::digest(&copied).is_some());
        }

        #[test]
        fn nothing_typed_panics(typed in "\\PC*") {
            _ = RecoveryCode::digest(&typed);
        }
    }
}
