use std::borrow::Cow;

use crate::lex::{Cursor, List, is_lws, is_token, trim_lws};
use crate::params::{Params, unquote};
use crate::{Header, ParseError, Uri};

/// A `name-addr` or `addr-spec` with its header parameters (RFC 3261 §20.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    display: Option<&'a str>,
    /// The address.
    pub uri: Uri<'a>,
    /// Header parameters, which stand outside the `<>`.
    pub params: Params<'a>,
}

const SECTION: &str = "RFC 3261 §20.10";

impl<'a> NameAddr<'a> {
    /// Reads a header that holds exactly one address.
    ///
    /// # Errors
    /// A header-layer error that says where and why.
    pub fn from_header(header: &Header<'a>) -> Result<Self, ParseError> {
        Self::parse_at(header.text()?, header.offset)
    }

    pub(crate) fn parse_at(text: &'a str, offset: usize) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text, offset);
        cursor.skip_lws();
        let display = take_display(&mut cursor)?;
        let (uri, bracketed) = if cursor.eat(b'<') {
            let at = cursor.offset();
            let uri = cursor.take_while(|b| b != b'>');
            if !cursor.eat(b'>') {
                return Err(cursor.error("`<` is not closed", SECTION));
            }
            (Uri::parse_at(uri, at)?, true)
        } else {
            let at = cursor.offset();
            let uri = cursor.take_while(|b| !is_lws(b) && b != b';' && b != b',');
            (Uri::parse_at(uri, at)?, false)
        };
        // RFC 3261 §20: outside `<>` a question mark cannot belong to the URI.
        if !bracketed && uri.headers.is_some() {
            let reason = "URI with `?` is not enclosed in `<>`";
            return Err(ParseError::header(offset, reason, SECTION));
        }
        cursor.skip_lws();
        let at = cursor.offset();
        let rest = cursor.rest();
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(cursor.error("text after the address", SECTION));
        }
        Ok(Self {
            display,
            uri,
            params: Params::new(rest, at),
        })
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag")
    }

    /// The display name as written, without its quotes.
    #[must_use]
    pub fn raw_display_name(&self) -> Option<&'a str> {
        self.display.map(unquote).filter(|name| !name.is_empty())
    }

    /// The display name with quotes and escapes removed.
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        let raw = self.raw_display_name()?;
        if !raw.contains('\\') {
            return Some(Cow::Borrowed(raw));
        }
        let mut out = String::with_capacity(raw.len());
        let mut chars = raw.chars();
        while let Some(c) = chars.next() {
            out.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        Some(Cow::Owned(out))
    }

    /// Checks what the reader is lenient about.
    pub(crate) fn check(&self) -> Result<(), ParseError> {
        self.uri.check()?;
        self.params.check()
    }
}

/// A quoted string, or tokens up to `<` (RFC 3261 §25.1 display-name). Leaves the cursor
/// where the address starts.
fn take_display<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, ParseError> {
    if cursor.peek() == Some(b'"') {
        let name = cursor.quoted()?;
        cursor.skip_lws();
        if cursor.peek() != Some(b'<') {
            return Err(cursor.error("display name is not followed by `<`", SECTION));
        }
        return Ok(Some(name));
    }
    let mut ahead = cursor.clone();
    let start = ahead.pos();
    // Bytes past ASCII are not token characters, yet phones send unquoted UTF-8 names.
    ahead.take_while(|b| is_token(b) || is_lws(b) || b >= 0x80);
    if ahead.peek() != Some(b'<') {
        return Ok(None);
    }
    let name = trim_lws(ahead.since(start));
    *cursor = ahead;
    Ok((!name.is_empty()).then_some(name))
}

/// The addresses of a comma-separated header such as Contact or Route; elements that do not
/// parse, and the `*` of `Contact: *`, are passed over.
#[derive(Clone)]
pub struct NameAddrs<'a>(List<'a>);

impl<'a> NameAddrs<'a> {
    pub(crate) fn new(header: &Header<'a>) -> Self {
        Self(header.list())
    }
}

impl<'a> Iterator for NameAddrs<'a> {
    type Item = NameAddr<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0
            .find_map(|(offset, text)| NameAddr::parse_at(text, offset).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NameAddr<'_>, ParseError> {
        NameAddr::parse_at(text, 0)
    }

    #[test]
    fn all_three_forms_are_read() {
        let quoted = parse(r#""J \"R\"" <sip:j@h;lr>;tag=9"#).expect("valid");
        assert_eq!(quoted.display_name().as_deref(), Some(r#"J "R""#));
        assert_eq!(quoted.uri.params.get("lr"), Some(""));
        assert_eq!(quoted.tag(), Some("9"));

        let tokens = parse("A. Bell<sip:a@h>").expect("valid");
        assert_eq!(tokens.raw_display_name(), Some("A. Bell"));

        let bare = parse("sip:a@h;tag=1").expect("valid");
        assert_eq!((bare.uri.as_str(), bare.tag()), ("sip:a@h", Some("1")));
    }

    #[test]
    fn malformed_addresses_say_where() {
        for (text, offset) in [
            (r#""Mr. X <sip:a@h>"#, 0),
            ("Bell, A <sip:a@h>", 0),
            ("< sip:a@h >", 1),
            ("<sip:a@h", 8),
            ("sip:a@h?b=c", 0),
            ("<sip:a@h> junk", 10),
        ] {
            assert_eq!(parse(text).expect_err(text).offset, offset, "{text}");
        }
    }
}
