use std::borrow::Cow;

use memchr::memchr;

use crate::lex::{decimal, trim_lws_bytes};
use crate::{Header, HeaderName, Limits, ParseError, StartLine};

/// A SIP request or response, borrowed from the bytes it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    raw: &'a [u8],
    start: StartLine<'a>,
    start_offset: usize,
    headers: Vec<Header<'a>>,
    head_end: usize,
    body: &'a [u8],
}

/// True for datagrams that only keep a NAT binding open: CRLFs (RFC 5626 §3.5.1), or
/// nothing at all.
#[must_use]
pub fn is_keepalive(data: &[u8]) -> bool {
    data.iter().all(|b| matches!(b, b'\r' | b'\n' | 0))
}

impl<'a> Message<'a> {
    /// Reads one message with the default [`Limits`].
    ///
    /// # Errors
    /// Only wire-layer defects: the message cannot be cut into start line, headers and
    /// body. All else is found by [`Message::validate`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_within(data, &Limits::default())
    }

    /// Reads one message with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`Message::parse`].
    pub fn parse_within(data: &'a [u8], limits: &Limits) -> Result<Self, ParseError> {
        if data.len() > limits.message {
            let reason = "message is longer than the limit";
            return Err(ParseError::wire(limits.message, reason, "RFC 3261 §18.1.1"));
        }
        // RFC 3261 §7.5: ignore CRLF before the start line.
        let start_offset = data
            .iter()
            .position(|b| !matches!(b, b'\r' | b'\n'))
            .unwrap_or(data.len());
        let mut lines = Lines {
            data,
            pos: start_offset,
        };
        let line = lines.next_line()?;
        if line.len() > limits.start_line {
            let reason = "start line is longer than the limit";
            return Err(ParseError::wire(start_offset, reason, "RFC 3261 §7.1"));
        }
        let start = StartLine::parse(line, start_offset)?;
        let headers = read_headers(&mut lines, limits)?;
        let head_end = lines.pos;
        let rest = data.get(head_end..).unwrap_or_default();
        let body = match content_length(&headers)? {
            // RFC 3261 §18.3: over UDP the datagram's end is the body's end.
            None => rest,
            Some((offset, length)) => rest.get(..length).ok_or_else(|| {
                let reason = "body is shorter than Content-Length says";
                ParseError::wire(offset, reason, "RFC 3261 §18.3")
            })?,
        };
        Ok(Self {
            raw: data,
            start,
            start_offset,
            headers,
            head_end,
            body,
        })
    }

    /// The start line.
    #[must_use]
    pub const fn start(&self) -> &StartLine<'a> {
        &self.start
    }

    /// All headers in the order received.
    #[must_use]
    pub fn headers(&self) -> &[Header<'a>] {
        &self.headers
    }

    /// The body, as long as Content-Length says, or to the end of the datagram.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Bytes after the body; a datagram should have none (RFC 3261 §18.3 says discard).
    #[must_use]
    pub fn trailing(&self) -> &'a [u8] {
        self.raw
            .get(self.head_end + self.body.len()..)
            .unwrap_or_default()
    }

    /// The bytes this message was read from.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Offset of the body in [`Message::raw`].
    #[must_use]
    pub const fn body_offset(&self) -> usize {
        self.head_end
    }

    pub(crate) const fn start_offset(&self) -> usize {
        self.start_offset
    }

    /// True for a request.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The request's method; `None` for a response (its CSeq has the method).
    #[must_use]
    pub const fn method(&self) -> Option<&'a str> {
        match self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The response's status code; `None` for a request.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { code, .. } => Some(code),
        }
    }

    /// The response's reason phrase for display; `None` for a request.
    #[must_use]
    pub fn reason_phrase(&self) -> Option<Cow<'a, str>> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { reason, .. } => Some(String::from_utf8_lossy(reason)),
        }
    }

    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: HeaderName) -> Option<&Header<'a>> {
        self.headers.iter().find(|header| header.name == name)
    }

    /// Every header line of that name, in order.
    pub fn headers_named(&self, name: HeaderName) -> impl Iterator<Item = &Header<'a>> + Clone {
        self.headers
            .iter()
            .filter(move |header| header.name == name)
    }

    /// The first header spelled `name`, whatever its case; for extension headers.
    #[must_use]
    pub fn header_by_name(&self, name: &str) -> Option<&Header<'a>> {
        self.headers
            .iter()
            .find(|h| h.raw_name.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Cuts the head into lines. A bare LF ends a line too, since some stacks send it;
/// `validate` reports it.
struct Lines<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Result<&'a [u8], ParseError> {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest) else {
            let reason = "headers do not end with an empty line";
            return Err(ParseError::wire(self.data.len(), reason, "RFC 3261 §7"));
        };
        self.pos += end + 1;
        let line = rest.get(..end).unwrap_or_default();
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn at_fold(&self) -> bool {
        matches!(self.data.get(self.pos), Some(b' ' | b'\t'))
    }
}

fn read_headers<'a>(lines: &mut Lines<'a>, limits: &Limits) -> Result<Vec<Header<'a>>, ParseError> {
    let mut headers = Vec::with_capacity(16);
    loop {
        let offset = lines.pos;
        let error = |reason| ParseError::wire(offset, reason, "RFC 3261 §7.3");
        if lines.at_fold() {
            return Err(error("folded line without a header before it"));
        }
        let mut line = lines.next_line()?;
        if line.is_empty() {
            return Ok(headers);
        }
        while lines.at_fold() {
            let end = lines.pos + lines.next_line()?.len();
            line = lines.data.get(offset..end).unwrap_or_default();
        }
        if line.len() > limits.header {
            return Err(error("header is longer than the limit"));
        }
        if headers.len() >= limits.headers {
            return Err(error("message has more headers than the limit"));
        }
        let colon = memchr(b':', line).ok_or_else(|| error("header line has no colon"))?;
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        // RFC 3261 §7.3.1 allows white space before the colon.
        let raw_name = name.trim_ascii_end();
        if raw_name.is_empty() {
            return Err(error("header line has no name"));
        }
        let value = value.get(1..).unwrap_or_default();
        let leading = value.iter().take_while(|b| crate::lex::is_lws(**b)).count();
        headers.push(Header {
            name: HeaderName::from_bytes(raw_name),
            raw_name,
            value: trim_lws_bytes(value),
            offset: offset + colon + 1 + leading,
        });
    }
}

/// RFC 3261 §20.14. Repeats that agree are harmless; repeats that differ leave the body's
/// end unknown, which is how requests get smuggled.
fn content_length(headers: &[Header<'_>]) -> Result<Option<(usize, usize)>, ParseError> {
    let mut found: Option<(usize, usize)> = None;
    for header in headers
        .iter()
        .filter(|h| h.name == HeaderName::ContentLength)
    {
        let error = |reason| ParseError::wire(header.offset, reason, "RFC 3261 §20.14");
        let length = header
            .text()
            .ok()
            .and_then(decimal)
            .and_then(|n| usize::try_from(n).ok());
        let length = length.ok_or_else(|| error("Content-Length is not a number"))?;
        if found.is_some_and(|(_, other)| other != length) {
            return Err(error("two Content-Length headers disagree"));
        }
        found = Some((header.offset, length));
    }
    Ok(found)
}

/// Parses, asks every accessor and checks that all that was borrowed lies in the input.
#[doc(hidden)]
pub fn fuzz_message(data: &[u8]) {
    let Ok(message) = Message::parse(data) else {
        return;
    };
    let range = data.as_ptr_range();
    let inside = |part: &[u8]| {
        part.is_empty() || (range.contains(&part.as_ptr()) && part.as_ptr_range().end <= range.end)
    };
    assert!(inside(message.body()) && inside(message.trailing()));
    for header in message.headers() {
        assert!(inside(header.raw_name) && inside(header.value));
        assert_eq!(
            data.get(header.offset..header.offset + header.value.len()),
            Some(header.value)
        );
    }
    for address in message
        .contacts()
        .chain(message.routes())
        .chain(message.from())
    {
        assert!(inside(address.uri.as_str().as_bytes()));
        assert!(address.tag().is_none_or(|tag| inside(tag.as_bytes())));
        let _number = address.uri.number();
    }
    for via in message.vias() {
        assert!(inside(via.host.as_bytes()) && inside(via.branch().unwrap_or("").as_bytes()));
    }
    for issue in message.validate() {
        assert!(issue.offset <= data.len());
    }
    let _facts = (
        message.to(),
        message.request_uri(),
        message.call_id(),
        message.cseq(),
        message.authorization(),
        message.proxy_authorization(),
        message.p_asserted_identities().count(),
        message.record_routes().count(),
        message.diversions().count(),
        message.content_type(),
        message.expires(),
        message.reasons().count(),
        message.sdp(),
        crate::fingerprint(&message),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layer;

    fn refused(text: &str) -> ParseError {
        Message::parse(text.as_bytes()).expect_err("must be refused")
    }

    #[test]
    fn the_error_names_layer_place_and_rule() {
        let error = refused("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\n");
        assert_eq!((error.layer, error.offset), (Layer::Wire, 41));
        assert_eq!(
            error.to_string(),
            "wire layer, byte 41: Content-Length is not a number (RFC 3261 §20.14)"
        );
    }

    #[test]
    fn body_ends_where_content_length_says() {
        let data = b"\r\nMESSAGE sip:a@b SIP/2.0\r\nl:2\r\n\r\nhithere";
        let message = Message::parse(data).expect("valid");
        assert_eq!(message.body(), b"hi");
        assert_eq!(message.trailing(), b"there");
        assert_eq!(message.method(), Some("MESSAGE"));
    }

    #[test]
    fn broken_heads_are_refused() {
        for text in [
            "",
            "\r\n\r\n",
            "OPTIONS\r\n\r\n",
            "OPTIONS sip:a@b\r\n\r\n",
            "OPTIONS sip:a@b SIP/2\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.0\r\n folded: x\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.0\r\nno colon\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.0\r\n: x\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.0\r\nTo: x\r\n",
            "SIP/2.0\r\n\r\n",
            "SIP/2.0 20\r\n\r\n",
            "SIP/2.0 2000 OK\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(refused(text).layer, Layer::Wire, "{text:?}");
        }
    }

    #[test]
    fn limits_hold() {
        let limits = Limits {
            message: 200,
            start_line: 40,
            headers: 2,
            header: 20,
        };
        let parse = |text: &str| Message::parse_within(text.as_bytes(), &limits).map(|_| ());
        assert!(parse("OPTIONS sip:a@b SIP/2.0\r\nA: 1\r\nB: 2\r\n\r\n").is_ok());
        assert!(parse("OPTIONS sip:a@b SIP/2.0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n").is_err());
        assert!(parse("OPTIONS sip:a@b SIP/2.0\r\nA: 1\r\n 5678901234567890\r\n\r\n").is_err());
        assert!(parse(&format!("OPTIONS sip:{}@b SIP/2.0\r\n\r\n", "a".repeat(40))).is_err());
        assert!(
            parse(&format!(
                "OPTIONS sip:a@b SIP/2.0\r\n\r\n{}",
                "a".repeat(200)
            ))
            .is_err()
        );
    }
}
