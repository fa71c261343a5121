use crate::lex::{Cursor, is_lws, is_token, trim_lws};
use crate::params::unquote;
use crate::{Header, ParseError};

/// What an Authorization header says about who tries to log in (RFC 3261 §22, RFC 7616).
///
/// The proof itself (response, cnonce, password, token) is not here and cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credentials<'a> {
    /// `Digest`, `Basic`, `Bearer`, … as written.
    pub scheme: &'a str,
    /// Digest `username`.
    pub username: Option<&'a str>,
    /// Digest `realm`.
    pub realm: Option<&'a str>,
    /// Digest `uri`.
    pub uri: Option<&'a str>,
    /// Digest `algorithm`; absent means MD5.
    pub algorithm: Option<&'a str>,
    /// The server's challenge this answers; ties a response to the address it was sent to.
    pub nonce: Option<&'a str>,
    /// Digest `qop`.
    pub qop: Option<&'a str>,
    /// True when the header carries a proof at all, right or wrong.
    pub has_response: bool,
}

impl<'a> Credentials<'a> {
    /// Reads an Authorization or Proxy-Authorization header.
    ///
    /// # Errors
    /// A header-layer error when there is no scheme or a parameter is malformed.
    pub fn from_header(header: &Header<'a>) -> Result<Self, ParseError> {
        let (scheme, params) = split_scheme(header.text()?, header.offset)?;
        let mut out = Self {
            scheme,
            ..Self::default()
        };
        if !scheme.eq_ignore_ascii_case("Digest") {
            // Other schemes: the rest is the secret, or unknown; only its presence counts.
            out.has_response = !params.rest().is_empty();
            return Ok(out);
        }
        for param in AuthParams(params) {
            let AuthParam { name, value, .. } = param?;
            let value = unquote(value);
            match () {
                () if name.eq_ignore_ascii_case("username") => out.username = Some(value),
                () if name.eq_ignore_ascii_case("realm") => out.realm = Some(value),
                () if name.eq_ignore_ascii_case("uri") => out.uri = Some(value),
                () if name.eq_ignore_ascii_case("algorithm") => out.algorithm = Some(value),
                () if name.eq_ignore_ascii_case("nonce") => out.nonce = Some(value),
                () if name.eq_ignore_ascii_case("qop") => out.qop = Some(value),
                () if name.eq_ignore_ascii_case("response") => out.has_response = true,
                () => {}
            }
        }
        Ok(out)
    }
}

const SECTION: &str = "RFC 3261 §25.1 auth-param";

pub(crate) fn split_scheme(text: &str, offset: usize) -> Result<(&str, Cursor<'_>), ParseError> {
    let mut cursor = Cursor::new(text, offset);
    cursor.skip_lws();
    let scheme = cursor.take_while(is_token);
    if scheme.is_empty() || !(cursor.is_empty() || cursor.peek().is_some_and(is_lws)) {
        return Err(cursor.error("authentication scheme is missing", SECTION));
    }
    cursor.skip_lws();
    Ok((scheme, cursor))
}

/// `name=value` pairs between commas, values quoted or not.
pub(crate) struct AuthParams<'a>(pub(crate) Cursor<'a>);

pub(crate) struct AuthParam<'a> {
    pub(crate) name: &'a str,
    /// As written, quotes included.
    pub(crate) value: &'a str,
    /// Offset of `value` in the message.
    pub(crate) offset: usize,
}

impl<'a> Iterator for AuthParams<'a> {
    type Item = Result<AuthParam<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let cursor = &mut self.0;
        while cursor.eat_separator(b',') {}
        cursor.skip_lws();
        if cursor.is_empty() {
            return None;
        }
        let param = take(cursor);
        if param.is_err() {
            // A malformed list has no second element that could be trusted.
            cursor.take_while(|_| true);
        }
        Some(param)
    }
}

fn take<'a>(cursor: &mut Cursor<'a>) -> Result<AuthParam<'a>, ParseError> {
    let name = cursor.take_while(is_token);
    if name.is_empty() || !cursor.eat_separator(b'=') {
        return Err(cursor.error("authentication parameter is not `name=value`", SECTION));
    }
    let offset = cursor.offset();
    let value = if cursor.peek() == Some(b'"') {
        cursor.quoted()?
    } else {
        trim_lws(cursor.take_while(|b| b != b','))
    };
    cursor.skip_lws();
    if !cursor.is_empty() && cursor.peek() != Some(b',') {
        return Err(cursor.error("text after an authentication parameter", SECTION));
    }
    Ok(AuthParam {
        name,
        value,
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HeaderName;

    fn credentials(value: &str) -> Result<Credentials<'_>, ParseError> {
        Credentials::from_header(&Header {
            name: HeaderName::Authorization,
            raw_name: b"Authorization",
            value: value.as_bytes(),
            offset: 0,
        })
    }

    #[test]
    fn the_proof_is_seen_but_not_kept() {
        let text = r#"Digest username="10\"00", realm = "a, b",nonce="n",uri="sip:h",algorithm=MD5,response="5ec3e7""#;
        let read = credentials(text).expect("valid");
        assert_eq!(read.username, Some(r#"10\"00"#));
        assert_eq!((read.realm, read.uri), (Some("a, b"), Some("sip:h")));
        assert_eq!((read.algorithm, read.has_response), (Some("MD5"), true));
        assert!(!format!("{read:?}").contains("5ec3e7"));
    }

    #[test]
    fn other_schemes_give_their_name_only() {
        let read = credentials("Bearer abc.def").expect("valid");
        assert_eq!(
            (read.scheme, read.username, read.has_response),
            ("Bearer", None, true)
        );
        assert!(!format!("{read:?}").contains("abc"));
    }

    #[test]
    fn malformed_parameters_are_refused() {
        for text in [
            "",
            "Digest username",
            "Digest a=\"b",
            "Digest a=\"b\" c=d",
            "Digest =x",
        ] {
            assert!(credentials(text).is_err(), "{text:?}");
        }
    }
}
