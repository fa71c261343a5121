/// A telephone number as far as it can be known without guessing a country.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhoneNumber {
    /// `+` and up to 15 digits (ITU-T E.164).
    E164(String),
    /// Digits whose country is unknown: a national number, an extension, a short code.
    National(String),
}

impl PhoneNumber {
    /// The number as text, `+` included if it has one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::E164(text) | Self::National(text) => text,
        }
    }

    /// The number if it is an international one.
    #[must_use]
    pub fn e164(&self) -> Option<&str> {
        match self {
            Self::E164(text) => Some(text),
            Self::National(_) => None,
        }
    }
}

/// E.164 §6: country code and national number are at most 15 digits.
const MAX_DIGITS: usize = 15;
/// The shortest international numbers in service have seven digits; below that a leading
/// `00` or `011` is more likely the start of an extension.
const MIN_DIGITS: usize = 7;
/// Longest dial string looked at.
const MAX_INPUT: usize = 64;

/// Reads a dial string: drops visual separators (RFC 3966 §5.1.1) and takes `+`, `00` or
/// `011` as international prefix. Without one the digits stay national, since nothing here
/// knows the country. Letters, `*` and `#` make it no number.
#[must_use]
pub fn normalise_number(text: &str) -> Option<PhoneNumber> {
    if text.len() > MAX_INPUT {
        return None;
    }
    let text = text
        .strip_prefix("%2B")
        .or_else(|| text.strip_prefix("%2b"))
        .map_or_else(
            || {
                (
                    text.strip_prefix('+').unwrap_or(text),
                    text.starts_with('+'),
                )
            },
            |rest| (rest, true),
        );
    let (text, plus) = text;
    let mut digits = String::with_capacity(MAX_DIGITS + 1);
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    if digits.is_empty() {
        return None;
    }
    if plus {
        return international(&digits);
    }
    let prefixed = digits
        .strip_prefix("011")
        .or_else(|| digits.strip_prefix("00"));
    Some(
        prefixed
            .and_then(international)
            .unwrap_or(PhoneNumber::National(digits)),
    )
}

/// No country code starts with 0.
fn international(digits: &str) -> Option<PhoneNumber> {
    let fits = (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) && !digits.starts_with('0');
    fits.then(|| PhoneNumber::E164(format!("+{digits}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_international_prefix_makes_e164() {
        let e164 = |text: &str| normalise_number(text).and_then(|n| n.e164().map(String::from));
        assert_eq!(e164("+44 (20) 7946-0958").as_deref(), Some("+442079460958"));
        assert_eq!(e164("00442079460958").as_deref(), Some("+442079460958"));
        assert_eq!(e164("011442079460958").as_deref(), Some("+442079460958"));
        assert_eq!(e164("%2B12125551212").as_deref(), Some("+12125551212"));
        assert_eq!(e164("2125551212"), None);
        assert_eq!(e164("0012"), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "alice",
            "*97",
            "+",
            "+1",
            "+01234567890",
            "+1234567890123456",
            "12a",
        ] {
            assert_eq!(normalise_number(text), None, "{text:?}");
        }
        assert_eq!(normalise_number(&"1".repeat(65)), None);
        assert_eq!(
            normalise_number("1001"),
            Some(PhoneNumber::National("1001".into()))
        );
    }
}
