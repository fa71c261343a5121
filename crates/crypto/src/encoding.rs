//! Hexadecimal, base64, base64url and base32, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The alphabet of RFC 4648, section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Why a text is not hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A byte takes two digits.
    #[error("hexadecimal text has an odd number of digits")]
    OddLength,
    /// The first digit that is none, counted from zero.
    #[error("not a hexadecimal digit at position {0}")]
    NotADigit(usize),
}

/// Why a text is not base64, base64url or base32. The text itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// RFC 4648, section 4, with its padding and with nothing hidden in the last digit.
    #[error("not base64 with its padding")]
    Base64,
    /// RFC 4648, section 5, without padding and with nothing hidden in the last digit.
    #[error("not base64url without padding")]
    Base64Url,
    /// RFC 4648, section 6, without padding and with nothing hidden in the last digit.
    #[error("not base32 without padding")]
    Base32,
}

/// Lower-case hexadecimal.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// Bytes from hexadecimal in either case.
///
/// # Errors
/// Says what is wrong and where.
pub fn from_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let value = |at: usize, byte: u8| {
        let digit = char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        digit.ok_or(HexError::NotADigit(at))
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(HexError::OddLength);
    }
    let bytes = pairs.iter().enumerate();
    bytes
        .map(|(index, [high, low])| Ok(value(index * 2, *high)? << 4 | value(index * 2 + 1, *low)?))
        .collect()
}

/// Base64 with padding (RFC 4648, section 4): what signed notes are written in.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes from what [`to_base64`] writes, and from nothing else: one value has one text.
///
/// # Errors
/// When it is anything else, missing padding included.
pub fn from_base64(text: &str) -> Result<Vec<u8>, BaseError> {
    STANDARD.decode(text).map_err(|_| BaseError::Base64)
}

/// Base64 for addresses and JSON, without padding (RFC 4648, section 5).
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes from what [`to_base64url`] writes, and from nothing else: one value has one text.
///
/// # Errors
/// When it is anything else, padding included.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, BaseError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| BaseError::Base64Url)
}

/// Base32 in capitals without padding (RFC 4648, section 6): for people to type.
#[must_use]
pub fn to_base32(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let bits = (0..5).fold(0_u64, |bits, at| {
            bits << 8 | u64::from(group.get(at).copied().unwrap_or(0))
        });
        let digits = (group.len() * 8).div_ceil(5);
        (0..digits).filter_map(move |at| BASE32.get((bits >> (35 - 5 * at)) as usize & 31))
    };
    let digits = bytes.chunks(5).flat_map(group);
    digits.map(|digit| char::from(*digit)).collect()
}

/// Bytes from base32 in either case; spaces and hyphens, which people type to keep their place,
/// are passed over.
///
/// # Errors
/// When another character is in it, or bits are left over at its end.
pub fn from_base32(text: &str) -> Result<Vec<u8>, BaseError> {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for byte in text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return Err(BaseError::Base32),
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // A whole digit left over, or set bits that no byte holds, would give one value two texts.
    if held >= 5 || bits != 0 {
        return Err(BaseError::Base32);
    }
    Ok(bytes)
}

/// What decodes encodes back to the same text, letter case aside.
#[doc(hidden)]
pub fn fuzz_hex(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(bytes) = from_hex(text) {
        assert_eq!(to_hex(&bytes), text.to_ascii_lowercase());
    }
    if let Ok(bytes) = from_base64url(text) {
        assert_eq!(to_base64url(&bytes), text);
    }
    if let Ok(bytes) = from_base32(text) {
        let plain = text.replace([' ', '-'], "").to_ascii_uppercase();
        assert_eq!(to_base32(&bytes), plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_cases_and_writes_lower() {
        assert_eq!(from_hex("00fFA9"), Ok(vec![0x00, 0xff, 0xa9]));
        assert_eq!(to_hex(&[0x00, 0xff, 0xa9]), "00ffa9");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(from_hex("abc"), Err(HexError::OddLength));
        assert_eq!(from_hex("abxx"), Err(HexError::NotADigit(2)));
    }

    #[test]
    fn answers_the_vectors_of_rfc_4648() {
        let vectors = [
            ("", "", ""),
            ("f", "MY", "Zg"),
            ("fo", "MZXQ", "Zm8"),
            ("foo", "MZXW6", "Zm9v"),
            ("foob", "MZXW6YQ", "Zm9vYg"),
            ("fooba", "MZXW6YTB", "Zm9vYmE"),
            ("foobar", "MZXW6YTBOI", "Zm9vYmFy"),
        ];
        for (plain, base32, base64) in vectors {
            assert_eq!(to_base32(plain.as_bytes()), base32);
            assert_eq!(from_base32(base32), Ok(plain.as_bytes().to_vec()));
            assert_eq!(to_base64url(plain.as_bytes()), base64);
            assert_eq!(from_base64url(base64), Ok(plain.as_bytes().to_vec()));
        }
        assert_eq!(from_base32("mzxw 6ytb-oi"), Ok(b"foobar".to_vec()));
        assert_eq!(to_base64url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn one_value_has_one_text() {
        for text in ["Zg==", "Zh", "Z", "+/8", "Zg ", "\u{e9}"] {
            assert_eq!(from_base64url(text), Err(BaseError::Base64Url), "{text}");
        }
        for text in ["MZ", "M", "MZXW6Y", "MY======", "M1", "\u{e9}"] {
            assert_eq!(from_base32(text), Err(BaseError::Base32), "{text}");
        }
    }
}
