use crate::ParseError;
use crate::lex::decimal;
use crate::number::{PhoneNumber, normalise_number};
use crate::params::Params;

/// What a URI starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Any other; the rest of the URI is opaque.
    Other(&'a str),
}

/// A SIP, SIPS or tel URI (RFC 3261 §19.1, RFC 3966), or an opaque one of another scheme.
///
/// A password inside the URI has no accessor: nothing may depend on it, and it must not be
/// shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    text: &'a str,
    offset: usize,
    /// The scheme.
    pub scheme: Scheme<'a>,
    /// The user part without its password, escapes untouched; the number of a tel URI.
    pub user: Option<&'a str>,
    /// The host as written, with brackets for IPv6; empty for tel and opaque URIs.
    pub host: &'a str,
    /// The port, if given.
    pub port: Option<u16>,
    /// URI parameters (`transport`, `user`, `phone-context`, …).
    pub params: Params<'a>,
    /// What follows `?`: headers to be put into a request made from this URI.
    pub headers: Option<&'a str>,
}

impl std::fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uri")
            .field("scheme", &self.scheme)
            .field("user", &self.user)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

const SECTION: &str = "RFC 3261 §19.1.1";

impl<'a> Uri<'a> {
    /// Reads a URI that is not enclosed in `<>`.
    ///
    /// # Errors
    /// A header-layer error with the offset inside `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        Self::parse_at(text, 0)
    }

    pub(crate) fn parse_at(text: &'a str, offset: usize) -> Result<Self, ParseError> {
        let error = |at: usize, reason| Err(ParseError::header(offset + at, reason, SECTION));
        let forbidden = |b: u8| b <= b' ' || matches!(b, b'<' | b'>' | b'"');
        // No early exit: sound URIs are read to the end anyway, and this way vectorises.
        if text.bytes().fold(false, |found, b| found | forbidden(b)) {
            let at = text.bytes().position(forbidden).unwrap_or_default();
            return error(at, "URI contains white space, a quote or an angle bracket");
        }
        let (scheme, rest) = cut(text, |b| b == b':');
        let Some(rest) = rest.strip_prefix(':') else {
            return error(0, "URI has no scheme");
        };
        let mut letters = scheme.bytes();
        if !letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            || !letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return error(0, "URI scheme is malformed");
        }
        let uri = Self {
            text,
            offset,
            scheme: Scheme::Other(scheme),
            user: None,
            host: "",
            port: None,
            params: Params::default(),
            headers: None,
        };
        if scheme.eq_ignore_ascii_case("sip") {
            Self {
                scheme: Scheme::Sip,
                ..uri
            }
            .parse_sip(rest)
        } else if scheme.eq_ignore_ascii_case("sips") {
            Self {
                scheme: Scheme::Sips,
                ..uri
            }
            .parse_sip(rest)
        } else if scheme.eq_ignore_ascii_case("tel") {
            let (number, params) = cut(rest, |b| b == b';');
            if number.is_empty() {
                return error(scheme.len() + 1, "tel URI has no number");
            }
            let params = Params::new(params, offset + text.len() - params.len());
            Ok(Self {
                scheme: Scheme::Tel,
                user: Some(number),
                params,
                ..uri
            })
        } else {
            Ok(uri)
        }
    }

    /// The URI as written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The telephone number the user part holds, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<PhoneNumber> {
        let user = self.user?;
        let (digits, inner) = cut(user, |b| b == b';');
        // RFC 3966 §5.1.5: a global phone-context completes a local number. In a SIP URI
        // the parameters of the tel URI it was made from stand in the user part.
        let context = self
            .params
            .get("phone-context")
            .or_else(|| Params::new(inner, 0).get("phone-context"))
            .filter(|context| context.starts_with('+'));
        match (normalise_number(digits)?, context) {
            (PhoneNumber::National(local), Some(context)) => {
                normalise_number(&format!("{context}{local}"))
            }
            (number, _) => Some(number),
        }
    }

    fn parse_sip(self, rest: &'a str) -> Result<Self, ParseError> {
        let end = self.offset + self.text.len();
        // The first `@` ends the user part: it may hold `;` and `?`, but no bare `@`.
        let (userinfo, rest) = match cut(rest, |b| b == b'@') {
            (userinfo, at) if !at.is_empty() => (Some(userinfo), at.get(1..).unwrap_or_default()),
            _ => (None, rest),
        };
        let (hostport, rest) = cut(rest, |b| matches!(b, b';' | b'?'));
        let (params, headers) = cut(rest, |b| b == b'?');
        let host_at = end - rest.len() - hostport.len();
        let (host, port) = split_host_port(hostport, host_at)?;
        if userinfo.is_some_and(str::is_empty) {
            return Err(ParseError::header(
                host_at,
                "user part before `@` is empty",
                SECTION,
            ));
        }
        Ok(Self {
            user: userinfo.map(|info| cut(info, |b| b == b':').0),
            host,
            port,
            params: Params::new(params, end - rest.len()),
            headers: headers.strip_prefix('?'),
            ..self
        })
    }

    /// Checks what [`Uri::parse`] is lenient about: characters and escapes.
    pub(crate) fn check(&self) -> Result<(), ParseError> {
        let error = |at: usize, reason| Err(ParseError::header(self.offset + at, reason, SECTION));
        if let Some(at) = self.text.bytes().position(|b| !b.is_ascii_graphic()) {
            return error(at, "URI contains a character that must be escaped");
        }
        if matches!(self.scheme, Scheme::Other(_)) {
            return Ok(());
        }
        let bytes = self.text.as_bytes();
        for at in memchr::memchr_iter(b'%', bytes) {
            let hex = bytes.get(at + 1..at + 3);
            if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                return error(at, "`%` is not followed by two hexadecimal digits");
            }
        }
        Ok(())
    }
}

/// Splits before the first byte that `stop` accepts; the second half keeps it.
fn cut(text: &str, stop: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(stop);
    at.and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// `host [":" port]`, where host may be an IPv6 reference.
pub(crate) fn split_host_port(
    text: &str,
    offset: usize,
) -> Result<(&str, Option<u16>), ParseError> {
    let error = |at: usize, reason| Err(ParseError::header(offset + at, reason, SECTION));
    let (host, port) = if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return error(0, "IPv6 address is not closed");
        };
        let (host, port) = text.split_at_checked(end + 1).unwrap_or((text, ""));
        let inner = host.trim_matches(['[', ']']);
        if inner.parse::<std::net::Ipv6Addr>().is_err() {
            return error(0, "IPv6 address is malformed");
        }
        (host, port)
    } else {
        let (host, port) = cut(text, |b| b == b':');
        // The underscore is no host character, but Windows host names bring it.
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if host.is_empty() || !host.bytes().all(legal) {
            return error(0, "host is missing or malformed");
        }
        (host, port)
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some(digits) => match decimal(digits).and_then(|port| u16::try_from(port).ok()) {
            Some(port) => Ok((host, Some(port))),
            None => error(host.len() + 1, "port is not a number up to 65535"),
        },
        None => error(host.len(), "text after the host"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sip_uri_falls_into_its_parts() {
        let uri = Uri::parse("sips:al;x=1:secret@[2001:db8::1]:5061;transport=tcp;lr?a=b")
            .expect("valid");
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!(uri.user, Some("al;x=1"));
        assert_eq!((uri.host, uri.port), ("[2001:db8::1]", Some(5061)));
        assert_eq!(uri.params.get("transport"), Some("tcp"));
        assert_eq!(uri.headers, Some("a=b"));
        assert!(!format!("{uri:?}").contains("secret"));
    }

    #[test]
    fn malformed_uris_are_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@h",
            "sip:a@",
            "sip:a@h:99999",
            "sip:a@h:",
            "sip:a@[::1",
            "1sip:a@h",
            "tel:",
            "sip:a @h",
            "<sip:a@h>",
        ] {
            assert!(Uri::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_come_from_sip_and_tel_alike() {
        let e164 = |text: &str| Uri::parse(text).expect("valid").number().expect("number");
        let expected = PhoneNumber::E164("+12125551212".into());
        assert_eq!(e164("sip:+1-212-555-1212@example.com;user=phone"), expected);
        assert_eq!(e164("tel:+1(212)555-1212"), expected);
        assert_eq!(e164("tel:5551212;phone-context=+1212"), expected);
        assert_eq!(e164("sip:5551212;phone-context=+1212@h"), expected);
        assert_eq!(
            e164("sip:2125551212@h"),
            PhoneNumber::National("2125551212".into())
        );
        assert_eq!(Uri::parse("sip:alice@h").expect("valid").number(), None);
    }
}
