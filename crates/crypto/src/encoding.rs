//! Hexadecimal, both ways.

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

/// What decodes encodes back to the same text, letter case aside.
#[doc(hidden)]
pub fn fuzz_hex(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(bytes) = from_hex(text) {
        assert_eq!(to_hex(&bytes), text.to_ascii_lowercase());
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
}
