//! Untrusted text on its way to a person.

use std::borrow::Cow;

/// Makes text harmless in a terminal, a log line and a table cell: control characters (C0, C1,
/// DEL), line and paragraph separators and bidirectional overrides become visible escapes.
/// Text without them is returned unchanged.
#[must_use]
pub fn neutralise(s: &str) -> Cow<'_, str> {
    if !s.chars().any(is_hostile) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len() + 16);
    for c in s.chars() {
        if is_hostile(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// At most `max` bytes of `s`, cut at a character boundary, with an ellipsis where it was cut.
#[must_use]
pub fn clip(s: &str, max: usize) -> Cow<'_, str> {
    if s.len() <= max {
        return Cow::Borrowed(s);
    }
    let end = s.floor_char_boundary(max);
    Cow::Owned(format!("{}…", s.get(..end).unwrap_or_default()))
}

fn is_hostile(c: char) -> bool {
    // Bidi controls can make a shown file name or URL read otherwise than it is ("Trojan Source").
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(neutralise("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(neutralise("plain ünïcode"), "plain ünïcode");
    }

    #[test]
    fn clip_keeps_characters_whole() {
        assert_eq!(clip("aüb", 2), "a…");
        assert_eq!(clip("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn nothing_hostile_survives(s in any::<String>(), n in 0usize..40) {
            prop_assert!(!neutralise(&s).chars().any(is_hostile));
            prop_assert!(clip(&s, n).len() <= n.max(s.len().min(n)) + 3);
        }
    }
}
