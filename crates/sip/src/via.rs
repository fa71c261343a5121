use crate::lex::{Cursor, List, is_lws, is_token};
use crate::params::Params;
use crate::uri::split_host_port;
use crate::{Header, ParseError};

/// One hop of a Via header (RFC 3261 §20.42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// Protocol version, `2.0`.
    pub version: &'a str,
    /// `UDP`, `TCP`, `TLS`, `WS`, … as written.
    pub transport: &'a str,
    /// Host of sent-by.
    pub host: &'a str,
    /// Port of sent-by.
    pub port: Option<u16>,
    /// All parameters.
    pub params: Params<'a>,
}

/// What RFC 3261 branches start with (§8.1.1.7).
const COOKIE: &str = "z9hG4bK";
const SECTION: &str = "RFC 3261 §20.42";

impl<'a> Via<'a> {
    pub(crate) fn parse_at(text: &'a str, offset: usize) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text, offset);
        cursor.skip_lws();
        let name = cursor.take_while(is_token);
        let first = cursor.eat_separator(b'/');
        let version = cursor.take_while(is_token);
        let second = cursor.eat_separator(b'/');
        let transport = cursor.take_while(is_token);
        let sip = name.eq_ignore_ascii_case("SIP") && first && second;
        if !sip || version.is_empty() || transport.is_empty() {
            return Err(cursor.error("Via does not start with protocol and transport", SECTION));
        }
        if cursor.take_while(is_lws).is_empty() {
            return Err(cursor.error("Via has no sent-by", SECTION));
        }
        let at = cursor.offset();
        let sent_by = take_sent_by(&mut cursor);
        let (host, port) = match sent_by {
            (host, Some(port)) => {
                let (host, _) = split_host_port(host, at)?;
                let port = port
                    .parse()
                    .map_err(|_| cursor.error("port is malformed", SECTION))?;
                (host, Some(port))
            }
            (host, None) => split_host_port(host, at)?,
        };
        cursor.skip_lws();
        let rest = cursor.rest();
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(cursor.error("text after sent-by", SECTION));
        }
        Ok(Self {
            version,
            transport,
            host,
            port,
            params: Params::new(rest, cursor.offset()),
        })
    }

    /// The branch, with its magic cookie.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.params
            .get("branch")
            .filter(|branch| !branch.is_empty())
    }

    /// What follows the magic cookie; `None` for an RFC 2543 branch.
    #[must_use]
    pub fn branch_id(&self) -> Option<&'a str> {
        let (cookie, id) = self.branch()?.split_at_checked(COOKIE.len())?;
        cookie.eq_ignore_ascii_case(COOKIE).then_some(id)
    }

    /// The address a server saw the request come from.
    #[must_use]
    pub fn received(&self) -> Option<&'a str> {
        self.params.get("received").filter(|text| !text.is_empty())
    }

    /// The port a server saw the request come from (RFC 3581).
    #[must_use]
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }
}

/// Grammar allows white space around the colon of sent-by: `host : 5060`.
fn take_sent_by<'a>(cursor: &mut Cursor<'a>) -> (&'a str, Option<&'a str>) {
    let host = cursor.take_while(|b| !is_lws(b) && b != b';');
    let mut ahead = cursor.clone();
    if ahead.eat_separator(b':') {
        let port = ahead.take_while(|b| b.is_ascii_digit());
        if !port.is_empty() {
            *cursor = ahead;
            return (host, Some(port));
        }
    }
    (host, None)
}

/// The hops of one or more Via header lines; elements that do not parse are passed over.
#[derive(Clone)]
pub struct Vias<'a>(List<'a>);

impl<'a> Vias<'a> {
    pub(crate) fn new(header: &Header<'a>) -> Self {
        Self(header.list())
    }
}

impl<'a> Iterator for Vias<'a> {
    type Item = Via<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0
            .find_map(|(offset, text)| Via::parse_at(text, offset).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_may_stand_around_every_separator() {
        let text =
            "SIP  / 2.0\r\n / TCP     spindle.example.com : 5070  ;\r\n  branch  =   z9hG4bK9ikj8";
        let via = Via::parse_at(text, 0).expect("valid");
        assert_eq!(
            (via.transport, via.host, via.port),
            ("TCP", "spindle.example.com", Some(5070))
        );
        assert_eq!(via.branch_id(), Some("9ikj8"));
    }

    #[test]
    fn received_and_rport_are_read() {
        let text = "SIP/2.0/UDP [::1]:5060;rport=5099;received=127.0.0.1;branch=old";
        let via = Via::parse_at(text, 0).expect("valid");
        assert_eq!((via.host, via.port), ("[::1]", Some(5060)));
        assert_eq!(
            (via.received(), via.rport()),
            (Some("127.0.0.1"), Some(5099))
        );
        assert_eq!((via.branch(), via.branch_id()), (Some("old"), None));
    }

    #[test]
    fn malformed_hops_are_refused() {
        for text in [
            "",
            "SIP/2.0",
            "SIP/2.0/UDP",
            "HTTP/1.1/TCP h",
            "SIP/2.0/UDP h junk",
        ] {
            assert!(Via::parse_at(text, 0).is_err(), "{text:?}");
        }
    }
}
