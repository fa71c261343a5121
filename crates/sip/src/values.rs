use crate::lex::{Cursor, decimal, is_lws, is_token, trim_lws};
use crate::params::Params;
use crate::{Header, ParseError};

/// A CSeq value (RFC 3261 §20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number, below 2³¹.
    pub number: u32,
    /// The method.
    pub method: &'a str,
}

impl<'a> CSeq<'a> {
    pub(crate) fn from_header(header: &Header<'a>) -> Result<Self, ParseError> {
        const SECTION: &str = "RFC 3261 §20.16";
        let mut cursor = Cursor::new(header.text()?, header.offset);
        let digits = cursor.take_while(|b| b.is_ascii_digit());
        // RFC 3261 §8.1.1.5: less than 2**31.
        let Some(number) = decimal(digits).and_then(|n| i32::try_from(n).ok()) else {
            let reason = "CSeq number is missing or not below 2**31";
            return Err(ParseError::header(header.offset, reason, SECTION));
        };
        if cursor.take_while(is_lws).is_empty() {
            return Err(cursor.error("CSeq has no method", SECTION));
        }
        let method = cursor.take_while(is_token);
        if method.is_empty() || !cursor.is_empty() {
            return Err(cursor.error("CSeq method is not a token", SECTION));
        }
        Ok(Self {
            number: number.unsigned_abs(),
            method,
        })
    }
}

/// A media type such as `application/sdp` (RFC 3261 §20.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// Before the slash.
    pub kind: &'a str,
    /// After the slash.
    pub subtype: &'a str,
    /// Parameters such as `boundary`.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads a Content-Type value.
    ///
    /// # Errors
    /// A header-layer error when it is not `type/subtype` with parameters.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        Self::parse_at(text, 0)
    }

    pub(crate) fn parse_at(text: &'a str, offset: usize) -> Result<Self, ParseError> {
        const SECTION: &str = "RFC 3261 §20.15";
        let mut cursor = Cursor::new(text, offset);
        cursor.skip_lws();
        let kind = cursor.take_while(is_token);
        let slash = cursor.eat_separator(b'/');
        let subtype = cursor.take_while(is_token);
        cursor.skip_lws();
        let rest = cursor.rest();
        if !slash || kind.is_empty() || subtype.is_empty() {
            return Err(cursor.error("media type is not `type/subtype`", SECTION));
        }
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(cursor.error("text after the media type", SECTION));
        }
        Ok(Self {
            kind,
            subtype,
            params: Params::new(rest, cursor.offset()),
        })
    }

    /// Compares without case, as media types must be.
    #[must_use]
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }
}

/// One element of a Reason header (RFC 3326): why a call was ended or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonValue<'a> {
    /// `SIP`, `Q.850`, …
    pub protocol: &'a str,
    /// The cause number, if given.
    pub cause: Option<u16>,
    /// The text, if given.
    pub text: Option<&'a str>,
}

impl<'a> ReasonValue<'a> {
    pub(crate) fn parse_at(text: &'a str, offset: usize) -> Option<Self> {
        let mut cursor = Cursor::new(text, offset);
        cursor.skip_lws();
        let protocol = cursor.take_while(is_token);
        cursor.skip_lws();
        let params = Params::new(cursor.rest(), cursor.offset());
        let cause = params.get("cause").and_then(|cause| cause.parse().ok());
        (!protocol.is_empty()).then(|| Self {
            protocol,
            cause,
            text: params.get("text"),
        })
    }
}

/// A number of seconds or hops; `max` is the largest the RFC allows.
pub(crate) fn bounded(header: &Header<'_>, max: u64) -> Result<u64, ParseError> {
    let text = header.text()?;
    // Retry-After may carry a comment and parameters after the number.
    let digits = text
        .split([';', '('])
        .next()
        .map(trim_lws)
        .unwrap_or_default();
    decimal(digits)
        .filter(|value| *value <= max)
        .ok_or_else(|| {
            ParseError::header(
                header.offset,
                "number is malformed or too large",
                "RFC 3261 §25.1",
            )
        })
}

/// RFC 3261 §20.17: the date form of RFC 1123, and only in GMT.
pub(crate) fn check_date(header: &Header<'_>) -> Result<(), ParseError> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = header.text()?;
    let mut parts = text.split(' ');
    let mut part = |accept: &dyn Fn(&str) -> bool| parts.next().is_some_and(accept);
    let digits = |text: &str, len: usize| text.len() == len && decimal(text).is_some();
    let known = |names: &[&str], text: &str| names.iter().any(|n| n.eq_ignore_ascii_case(text));
    let ok = part(&|day| day.strip_suffix(',').is_some_and(|day| known(&DAYS, day)))
        && part(&|day| digits(day, 2))
        && part(&|month| known(&MONTHS, month))
        && part(&|year| digits(year, 4))
        && part(&|time| time.len() == 8 && time.split(':').all(|part| digits(part, 2)))
        && part(&|zone| zone == "GMT")
        && parts.next().is_none();
    let reason = "Date is not an RFC 1123 date in GMT";
    if ok {
        Ok(())
    } else {
        Err(ParseError::header(header.offset, reason, "RFC 3261 §20.17"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HeaderName;

    fn header(name: HeaderName, value: &str) -> Header<'_> {
        Header {
            name,
            raw_name: b"",
            value: value.as_bytes(),
            offset: 0,
        }
    }

    #[test]
    fn cseq_is_bounded_and_may_be_folded() {
        let cseq = |value| CSeq::from_header(&header(HeaderName::CSeq, value)).ok();
        assert_eq!(
            cseq("0009\r\n  INVITE"),
            Some(CSeq {
                number: 9,
                method: "INVITE"
            })
        );
        assert!(cseq("2147483647 ACK").is_some());
        for value in ["2147483648 ACK", "1", "1ACK", "x ACK", "1 A B", "-1 ACK"] {
            assert_eq!(cseq(value), None, "{value}");
        }
    }

    #[test]
    fn a_date_must_be_gmt() {
        let ok = |value| check_date(&header(HeaderName::Date, value)).is_ok();
        assert!(ok("Sat, 15 Oct 2005 04:44:56 GMT"));
        assert!(!ok("Fri, 01 Jan 2010 16:00:00 EST"));
        assert!(!ok("15 Oct 2005 04:44:56 GMT"));
    }

    #[test]
    fn a_reason_gives_protocol_cause_and_text() {
        let reason = ReasonValue::parse_at(" Q.850 ;cause=16;text=\"Terminated\"", 0);
        let expected = ReasonValue {
            protocol: "Q.850",
            cause: Some(16),
            text: Some("Terminated"),
        };
        assert_eq!(reason, Some(expected));
    }
}
