//! One-time codes of authenticator apps (RFC 6238 over RFC 4226): SHA-1, six digits, thirty seconds,
//! the one choice that every app knows.

use ringfence_crypto::{RandomError, constant_time_eq, hmac_sha1_legacy, random_array, to_base32};

const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// RFC 4226, section 4, asks for 160 bits.
const KEY_LEN: usize = 20;

/// Why bytes are no key for one-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    /// Cut short or run on.
    #[error("a key for one-time codes has {KEY_LEN} bytes, this one has {0}")]
    Length(usize),
}

/// The key that an authenticator app and Ringfence share; cannot print itself.
#[derive(Clone)]
pub struct Totp([u8; KEY_LEN]);

impl Totp {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint() -> Result<Self, RandomError> {
        Ok(Self(random_array()?))
    }

    /// A key as stored.
    ///
    /// # Errors
    /// When it has not 20 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TotpError> {
        let key = bytes.try_into();
        Ok(Self(key.map_err(|_| TotpError::Length(bytes.len()))?))
    }

    /// The key itself, to seal and store it.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// The key in base32, in groups of four, for those who type it into their app. Shows the
    /// secret: to its owner, once.
    #[must_use]
    pub fn text(&self) -> String {
        let digits = to_base32(&self.0);
        let groups = digits.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// The address that apps read out of a QR code (the `otpauth` scheme of Google Authenticator's
    /// key URI format). Shows the secret: to its owner, once.
    #[must_use]
    pub fn uri(&self, issuer: &str, login: &str) -> String {
        let (issuer, login, secret) = (escaped(issuer), escaped(login), to_base32(&self.0));
        format!(
            "otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}\
             &algorithm=SHA1&digits={DIGITS}&period={}",
            STEP_MS / 1000
        )
    }

    /// The step that `code` belongs to, when that is this one or a neighbour (RFC 6238, section
    /// 5.2) and comes after `last_step`, the last that was accepted: a code that somebody saw being
    /// typed is of no use (PCI DSS 8.5.1). The caller stores what it gets.
    #[must_use]
    pub fn accept(&self, code: &str, now_ms: i64, last_step: Option<u64>) -> Option<u64> {
        let typed: String = code
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(DIGITS + 1)
            .collect();
        let now = u64::try_from(now_ms).ok()? / STEP_MS.unsigned_abs();
        let mut accepted = None;
        // All three are compared, and the latest counts: no time tells which it was, and a code
        // that belongs to two steps is not good for a second time.
        for step in now.saturating_sub(1)..=now.saturating_add(1) {
            let fits = constant_time_eq(self.code(step).as_bytes(), typed.as_bytes());
            if fits && last_step.is_none_or(|last| step > last) {
                accepted = Some(step);
            }
        }
        accepted
    }

    /// RFC 4226, section 5.3.
    fn code(&self, step: u64) -> String {
        let tag = hmac_sha1_legacy(&self.0, &[&step.to_be_bytes()]);
        let at = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
        let word = tag.get(at..).and_then(|rest| rest.first_chunk::<4>());
        let number = u32::from_be_bytes(word.copied().unwrap_or_default()) & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 1_000_000)
    }
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp([redacted])")
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3: apps read `+` as it
/// stands.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"12345678901234567890";

    fn totp() -> Totp {
        Totp::from_bytes(KEY).unwrap()
    }

    #[test]
    fn answers_rfc_4226_appendix_d() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(totp().code(step), code);
        }
    }

    #[test]
    fn answers_rfc_6238_appendix_b() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(totp().accept(code, seconds * 1000, None), Some(step));
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_a_neighbour_and_once() {
        let (at, code) = (1_234_567_890_000, "005924");
        let step = 41_152_263;
        for (apart, fits) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let accepted = totp().accept(code, at + apart * STEP_MS, None);
            assert_eq!(accepted, fits.then_some(step), "{apart}");
        }
        assert_eq!(totp().accept(code, at, Some(step - 1)), Some(step));
        assert_eq!(totp().accept(code, at, Some(step)), None);
        assert_eq!(totp().accept(code, at, Some(step + 1)), None);
    }

    #[test]
    fn passes_over_spaces_and_nothing_else() {
        let at = 1_234_567_890_000;
        for typed in ["005 924", " 005924\n", "0 0 5 9 2 4", "005\u{a0}924"] {
            assert!(totp().accept(typed, at, None).is_some(), "{typed:?}");
        }
        for typed in [
            "",
            "5924",
            "0059240",
            "00592",
            "005-924",
            "+05924",
            "\u{660}05924",
        ] {
            assert!(totp().accept(typed, at, None).is_none(), "{typed:?}");
        }
        for at in [-1, i64::MIN, i64::MAX] {
            assert!(totp().accept("005924", at, None).is_none());
        }
    }

    #[test]
    fn shows_itself_as_apps_read_it() {
        assert_eq!(totp().text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            totp().uri("Ringfence", "ann+1@x y"),
            "otpauth://totp/Ringfence:ann%2B1%40x%20y?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Ringfence&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", totp()), "Totp([redacted])");
        assert_eq!(
            Totp::from_bytes(b"short").unwrap_err(),
            TotpError::Length(5)
        );
        let minted = Totp::mint().unwrap();
        assert_ne!(minted.reveal(), Totp::mint().unwrap().reveal());
    }

    proptest! {
        #[test]
        fn no_code_is_accepted_twice(at in 0_i64..4_000_000_000_000, apart in 0_i64..120_000) {
            let code = totp().code(u64::try_from(at / STEP_MS).unwrap());
            let step = totp().accept(&code, at, None).unwrap();
            prop_assert_eq!(totp().accept(&code, at + apart, Some(step)), None);
        }

        #[test]
        fn nothing_typed_panics(typed in "\\PC*", at in any::<i64>()) {
            _ = totp().accept(&typed, at, None);
        }
    }
}
