//! Checks on names and texts that people type.

use crate::error::{Error, Result};

/// Longest program, site, source or person's name.
const MAX_NAME: usize = 128;

/// A name that people see in lists: not empty, not long, nothing invisible in it.
pub(crate) fn name(field: &'static str, text: &str) -> Result<()> {
    name_up_to(MAX_NAME, field, text)
}

/// The same where others make longer names than we do.
pub(crate) fn name_up_to(most: usize, field: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if text.trim() != text {
        return Err(Error::invalid(
            field,
            "must not begin or end with white space",
        ));
    }
    text_field(field, text, most)
}

/// A word of lower-case letters, digits and `-`, `_`, `.`, `:`, as grants and kinds are.
pub(crate) fn word(field: &'static str, text: &str) -> Result<()> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.:".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        let reason = "1 to 64 lower-case letters, digits, `-`, `_`, `.` or `:`";
        return Err(Error::invalid(field, reason));
    }
    Ok(())
}

/// Free text of a bounded length without control characters; line breaks are fine.
pub(crate) fn text_field(field: &'static str, text: &str, max_chars: usize) -> Result<()> {
    if text.chars().count() > max_chars {
        return Err(Error::invalid(
            field,
            format!("must not be longer than {max_chars} characters"),
        ));
    }
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t'))
    {
        return Err(Error::invalid(field, "must not contain control characters"));
    }
    Ok(())
}

/// Free text that somebody has to give: as [`text_field`], and not empty.
pub(crate) fn said(field: &'static str, text: &str, max_chars: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    text_field(field, text, max_chars)
}

/// The beginning of `text`, at most `max` bytes, never cutting a character in two.
pub(crate) fn clip(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_visible_text() {
        assert!(name("name", "Zentrale Köln").is_ok());
        for bad in ["", "  ", " x", "a\u{1b}[31m", &"x".repeat(200)] {
            assert!(name("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_are_plain() {
        assert!(word("grant", "call-state").is_ok());
        assert!(word("grant", "Call State").is_err());
    }

    #[test]
    fn clipping_respects_characters() {
        assert_eq!(clip("äöü", 3), "ä");
        assert_eq!(clip("abc", 10), "abc");
    }
}
