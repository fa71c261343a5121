use crate::ParseError;
use crate::lex::{Cursor, is_lws, is_token, trim_lws};

/// Semicolon-separated parameters, kept as text and cut when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    text: &'a str,
    offset: usize,
}

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Name as written; compare without case.
    pub name: &'a str,
    /// Value as written, quotes included; `None` for a flag such as `lr`.
    pub value: Option<&'a str>,
}

impl<'a> Param<'a> {
    /// The value without its quotes; escapes stay. Empty for a flag.
    #[must_use]
    pub fn unquoted(&self) -> &'a str {
        unquote(self.value.unwrap_or_default())
    }
}

pub(crate) fn unquote(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

impl<'a> Params<'a> {
    /// `text` starts with its first semicolon, or is empty.
    pub(crate) const fn new(text: &'a str, offset: usize) -> Self {
        Self { text, offset }
    }

    /// The parameters as written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The value of the first parameter of that name, without quotes; `Some("")` for a flag.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|p| p.name.eq_ignore_ascii_case(name))
            .map(|p| p.unquoted())
    }

    /// All parameters in order; empty ones (`;;`) are left out.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut cursor = Cursor::new(self.text, self.offset);
        std::iter::from_fn(move || {
            loop {
                while cursor.eat_separator(b';') {}
                if cursor.is_empty() {
                    return None;
                }
                if let Some(param) = take_param(&mut cursor) {
                    return Some(param);
                }
            }
        })
    }

    /// Checks the grammar that [`Params::iter`] is lenient about: `*(SEMI generic-param)`.
    pub(crate) fn check(&self) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.text, self.offset);
        loop {
            cursor.skip_lws();
            if cursor.is_empty() {
                return Ok(());
            }
            if !cursor.eat_separator(b';') {
                return Err(cursor.error("text after a parameter", SECTION));
            }
            if cursor.take_while(is_token).is_empty() {
                return Err(cursor.error("parameter has no name", SECTION));
            }
            if cursor.eat_separator(b'=') {
                if cursor.peek() == Some(b'"') {
                    cursor.quoted()?;
                } else if cursor.take_while(is_value).is_empty() {
                    return Err(cursor.error("parameter value is empty", SECTION));
                }
            }
        }
    }
}

const SECTION: &str = "RFC 3261 §25.1 generic-param";

/// token or host, where host may be an IPv6 reference.
const fn is_value(b: u8) -> bool {
    is_token(b) || matches!(b, b'[' | b']' | b':')
}

/// Takes up to the next semicolon outside quotes. Always moves the cursor forward.
fn take_param<'a>(cursor: &mut Cursor<'a>) -> Option<Param<'a>> {
    let name = trim_lws(cursor.take_while(|b| !matches!(b, b';' | b'=')));
    if !cursor.eat(b'=') {
        return (!name.is_empty()).then_some(Param { name, value: None });
    }
    cursor.skip_lws();
    let start = cursor.pos();
    if cursor.peek() == Some(b'"') && cursor.quoted().is_ok() {
        let value = cursor.since(start);
        cursor.take_while(|b| b != b';');
        return (!name.is_empty()).then_some(Param {
            name,
            value: Some(value),
        });
    }
    let value = cursor
        .take_while(|b| b != b';')
        .trim_end_matches(|c: char| is_lws(c as u8));
    (!name.is_empty()).then_some(Param {
        name,
        value: Some(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_folded_quoted_or_missing() {
        let params = Params::new("; a =\r\n  1 ;B=\"x;y\";lr", 0);
        assert_eq!(params.get("A"), Some("1"));
        assert_eq!(params.get("b"), Some("x;y"));
        assert_eq!(params.get("LR"), Some(""));
        assert_eq!(params.get("c"), None);
        assert!(params.check().is_ok());
    }

    #[test]
    fn sloppy_parameters_are_read_but_reported() {
        let params = Params::new(";;tag=a=b; ;", 5);
        assert_eq!(params.get("tag"), Some("a=b"));
        assert_eq!(params.check().expect_err("empty parameter").offset, 6);
    }
}
