//! Character classes of RFC 3261 §25.1 and the cursor that every header parser uses.

use crate::ParseError;

pub(crate) const fn is_token(b: u8) -> bool {
    matches!(b,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// `word` of RFC 3261 §25.1, which Call-ID is made of.
pub(crate) const fn is_word(b: u8) -> bool {
    is_token(b)
        || matches!(
            b,
            b'(' | b')'
                | b'<'
                | b'>'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'{'
                | b'}'
        )
}

/// Linear white space. A fold (CRLF before SP or HT) needs no case of its own: the
/// message reader has already proved that a CRLF inside a value is a fold.
pub(crate) const fn is_lws(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

pub(crate) fn trim_lws(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii() && is_lws(c as u8))
}

pub(crate) fn trim_lws_bytes(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_lws(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_lws(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Where `inner` starts inside `outer`; 0 if it is not a part of it.
pub(crate) fn offset_in(outer: &[u8], inner: &[u8]) -> usize {
    (inner.as_ptr() as usize)
        .saturating_sub(outer.as_ptr() as usize)
        .min(outer.len())
}

/// Reads decimal digits as a number; `None` on anything else or past `u64`.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A position in a header's value. `base` is where the value starts in the message, so
/// that errors carry the offset a person can look up.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    pos: usize,
    base: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str, base: usize) -> Self {
        Self { text, pos: 0, base }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.base + self.pos
    }

    pub(crate) const fn pos(&self) -> usize {
        self.pos
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.pos).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pos >= self.text.len()
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.pos += usize::from(hit);
        hit
    }

    /// Takes `byte` with the white space that RFC 3261 allows around separators.
    pub(crate) fn eat_separator(&mut self, byte: u8) -> bool {
        let before = self.pos;
        self.skip_lws();
        if self.eat(byte) {
            self.skip_lws();
            return true;
        }
        self.pos = before;
        false
    }

    pub(crate) fn skip_lws(&mut self) {
        self.take_while(is_lws);
    }

    pub(crate) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let start = self.pos;
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        self.pos += bytes
            .iter()
            .position(|b| !accept(*b))
            .unwrap_or(bytes.len());
        self.since(start)
    }

    /// A quoted-string with its quotes; the cursor stands on the opening one.
    pub(crate) fn quoted(&mut self) -> Result<&'a str, ParseError> {
        let start = self.pos;
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        let mut escaped = false;
        for (index, byte) in bytes.iter().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.pos += index + 1;
                    return Ok(self.since(start));
                }
                _ => {}
            }
        }
        Err(self.error("quoted string is not closed", "RFC 3261 §25.1"))
    }

    pub(crate) const fn error(&self, reason: &'static str, section: &'static str) -> ParseError {
        ParseError::header(self.offset(), reason, section)
    }
}

/// Cuts a value at its top-level commas, leaving quoted strings and `<…>` whole.
#[derive(Clone)]
pub(crate) struct List<'a> {
    text: &'a str,
    base: usize,
    done: bool,
}

impl<'a> List<'a> {
    pub(crate) const fn new(text: &'a str, base: usize) -> Self {
        Self {
            text,
            base,
            done: false,
        }
    }
}

impl<'a> Iterator for List<'a> {
    /// The element, untrimmed, with its offset in the message.
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let (mut quoted, mut escaped, mut angle) = (false, false, false);
        let comma = self.text.bytes().position(|b| {
            match b {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if !angle => quoted = !quoted,
                b'<' if !quoted => angle = true,
                b'>' if !quoted => angle = false,
                b',' => return !quoted && !angle,
                _ => {}
            }
            false
        });
        let base = self.base;
        let (element, rest) = match comma.and_then(|at| self.text.split_at_checked(at)) {
            Some((element, rest)) => (element, rest.get(1..).unwrap_or_default()),
            None => {
                self.done = true;
                (self.text, "")
            }
        };
        self.base += element.len() + 1;
        self.text = rest;
        Some((base, element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_quotes_and_angles_do_not_split() {
        let text = r#""a, \", b" <sip:a,b@c>, <sip:d@e> ,f"#;
        let parts: Vec<_> = List::new(text, 10).collect();
        assert_eq!(parts[0], (10, r#""a, \", b" <sip:a,b@c>"#));
        assert_eq!(parts[1].1, " <sip:d@e> ");
        assert_eq!(parts[2].1, "f");
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn decimal_refuses_signs_and_overflow() {
        assert_eq!(decimal("0068"), Some(68));
        assert_eq!(decimal("+1"), None);
        assert_eq!(decimal(""), None);
        assert_eq!(decimal("36893488147419103232"), None);
    }
}
