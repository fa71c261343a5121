use memchr::memchr;

use crate::ParseError;
use crate::lex::{decimal, is_token};

/// The first line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request.
    Request {
        /// Method, case-sensitive (RFC 3261 §7.1).
        method: &'a str,
        /// Request-URI as written.
        uri: &'a str,
        /// Such as `SIP/2.0`.
        version: &'a str,
    },
    /// A response.
    Response {
        /// Such as `SIP/2.0`.
        version: &'a str,
        /// Three-digit status code.
        code: u16,
        /// Reason phrase as written, possibly empty.
        reason: &'a [u8],
    },
}

impl<'a> StartLine<'a> {
    pub(crate) fn parse(line: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        if line
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
        {
            Self::parse_status(line, offset)
        } else {
            Self::parse_request(line, offset)
        }
    }

    /// RFC 3261 §7.1: three parts, exactly one space between them, none after.
    fn parse_request(line: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        let error = |at: usize, reason| ParseError::wire(offset + at, reason, "RFC 3261 §7.1");
        let first = memchr(b' ', line)
            .ok_or_else(|| error(0, "start line is neither a request nor a status line"))?;
        let last = memchr::memrchr(b' ', line).unwrap_or(first);
        let method = line.get(..first).unwrap_or_default();
        let uri = line.get(first + 1..last).unwrap_or_default();
        let version = line.get(last + 1..).unwrap_or_default();
        if method.is_empty() || !method.iter().all(|b| is_token(*b)) {
            return Err(error(0, "method is not a token"));
        }
        if uri.is_empty() {
            return Err(error(
                first,
                "request line lacks a Request-URI or a version",
            ));
        }
        if let Some(at) = uri.iter().position(|b| b.is_ascii_whitespace()) {
            return Err(error(
                first + 1 + at,
                "white space around or inside the Request-URI",
            ));
        }
        if !is_version(version) {
            return Err(error(
                last + 1,
                "request line does not end with a SIP version",
            ));
        }
        match (
            str::from_utf8(method),
            str::from_utf8(uri),
            str::from_utf8(version),
        ) {
            (Ok(method), Ok(uri), Ok(version)) => Ok(Self::Request {
                method,
                uri,
                version,
            }),
            _ => Err(error(first + 1, "Request-URI is not UTF-8")),
        }
    }

    /// RFC 3261 §7.2. A missing space before an empty reason phrase is let through: many
    /// stacks omit it and nothing depends on it.
    fn parse_status(line: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        let error = |at: usize, reason| ParseError::wire(offset + at, reason, "RFC 3261 §7.2");
        let space = memchr(b' ', line).ok_or_else(|| error(0, "status line has no code"))?;
        let (version, rest) = line.split_at_checked(space).unwrap_or((line, &[]));
        if !is_version(version) {
            return Err(error(0, "status line does not start with a SIP version"));
        }
        let (code, reason) = match rest {
            [b' ', a, b, c, reason @ ..] if matches!(reason, [] | [b' ', ..]) => {
                ([*a, *b, *c], reason.get(1..).unwrap_or_default())
            }
            _ => return Err(error(space + 1, "status code is not three digits")),
        };
        let code = str::from_utf8(&code)
            .ok()
            .and_then(decimal)
            .and_then(|c| c.try_into().ok());
        match (str::from_utf8(version), code) {
            (Ok(version), Some(code)) => Ok(Self::Response {
                version,
                code,
                reason,
            }),
            _ => Err(error(space + 1, "status code is not three digits")),
        }
    }
}

/// `SIP/` digits `.` digits; which version it is, is a semantic question (505).
fn is_version(text: &[u8]) -> bool {
    let Some((name, number)) = text.split_at_checked(4) else {
        return false;
    };
    let mut halves = number.split(|b| *b == b'.');
    let digits = |half: Option<&[u8]>| {
        half.is_some_and(|half| !half.is_empty() && half.iter().all(u8::is_ascii_digit))
    };
    name.eq_ignore_ascii_case(b"SIP/")
        && digits(halves.next())
        && digits(halves.next())
        && halves.next().is_none()
}
