//! What RFC 3261 demands beyond being readable.

use crate::auth::{AuthParams, split_scheme};
use crate::lex::{is_lws, is_token, is_word};
use crate::values::{bounded, check_date};
use crate::via::Via;
use crate::{
    CSeq, Credentials, Header, HeaderName, MediaType, Message, NameAddr, ParseError, StartLine, Uri,
};

/// Most defects listed for one message.
const MAX_ISSUES: usize = 32;
const U32_MAX: u64 = u32::MAX as u64;

impl Message<'_> {
    /// Lists header and semantic defects, header by header and then across headers. An
    /// empty list means that a strict receiver accepts the message. It stops at 32.
    #[must_use]
    pub fn validate(&self) -> Vec<ParseError> {
        let mut issues = Vec::new();
        issues.extend(self.check_lines());
        for header in self.headers() {
            if issues.len() >= MAX_ISSUES {
                return issues;
            }
            issues.extend(check_header(header).err());
        }
        self.check_start(&mut issues);
        self.check_together(&mut issues);
        issues.truncate(MAX_ISSUES);
        issues
    }

    /// RFC 3261 §7: every line ends with CRLF, and CR stands nowhere else.
    fn check_lines(&self) -> Option<ParseError> {
        let head = self.raw().get(self.start_offset()..self.body_offset())?;
        let mut previous = 0;
        let bad = head.iter().position(|b| {
            let bare_lf = *b == b'\n' && previous != b'\r';
            let bare_cr = *b != b'\n' && previous == b'\r';
            previous = *b;
            bare_lf || bare_cr
        })?;
        let reason = "line does not end with CRLF";
        Some(ParseError::header(
            self.start_offset() + bad,
            reason,
            "RFC 3261 §7",
        ))
    }

    fn check_start(&self, issues: &mut Vec<ParseError>) {
        let start = self.start_offset();
        let version = match *self.start() {
            StartLine::Request {
                method,
                uri,
                version,
            } => {
                let at = start + method.len() + 1;
                match Uri::parse_at(uri, at).and_then(|uri| uri.check().map(|()| uri)) {
                    Err(error) => issues.push(error),
                    Ok(uri) if uri.headers.is_some() => issues.push(ParseError::semantic(
                        at,
                        "Request-URI carries headers",
                        "RFC 3261 §19.1.1",
                    )),
                    Ok(_) => {}
                }
                version
            }
            StartLine::Response {
                version,
                code,
                reason,
            } => {
                if !(100..700).contains(&code) {
                    let reason = "status code is not from 100 to 699";
                    issues.push(ParseError::semantic(start + 8, reason, "RFC 3261 §7.2"));
                }
                if str::from_utf8(reason).is_err() {
                    let reason = "reason phrase is not UTF-8";
                    issues.push(ParseError::header(start, reason, "RFC 3261 §7.2"));
                }
                version
            }
        };
        if !version.eq_ignore_ascii_case("SIP/2.0") {
            let reason = "SIP version is not 2.0";
            issues.push(ParseError::semantic(start, reason, "RFC 3261 §7.1"));
        }
    }

    fn check_together(&self, issues: &mut Vec<ParseError>) {
        const MANDATORY: [HeaderName; 5] = [
            HeaderName::To,
            HeaderName::From,
            HeaderName::CSeq,
            HeaderName::CallId,
            HeaderName::Via,
        ];
        const SINGLE: [HeaderName; 9] = [
            HeaderName::To,
            HeaderName::From,
            HeaderName::CSeq,
            HeaderName::CallId,
            HeaderName::MaxForwards,
            HeaderName::ContentType,
            HeaderName::Expires,
            HeaderName::Date,
            HeaderName::Event,
        ];
        for name in MANDATORY {
            if self.header(name).is_none() {
                let reason = "a mandatory header (To, From, CSeq, Call-ID, Via) is missing";
                issues.push(ParseError::semantic(
                    self.body_offset(),
                    reason,
                    "RFC 3261 §8.1.1",
                ));
            }
        }
        for name in SINGLE {
            if let Some(second) = self.headers_named(name).nth(1) {
                let reason = "a header that may stand once stands twice";
                issues.push(ParseError::semantic(
                    second.offset,
                    reason,
                    "RFC 3261 §7.3.1",
                ));
            }
        }
        // RFC 3261 §8.1.1.5. A response repeats the request's CSeq, which is not at hand.
        if let (Some(method), Some(cseq)) = (self.method(), self.cseq())
            && method != cseq.method
        {
            let at = self
                .header(HeaderName::CSeq)
                .map_or(0, |header| header.offset);
            let reason = "CSeq method is not the request's method";
            issues.push(ParseError::semantic(at, reason, "RFC 3261 §8.1.1.5"));
        }
        if !self.body().is_empty() && self.header(HeaderName::ContentType).is_none() {
            let reason = "body has no Content-Type";
            issues.push(ParseError::semantic(
                self.body_offset(),
                reason,
                "RFC 3261 §20.15",
            ));
        }
    }
}

fn check_header(header: &Header<'_>) -> Result<(), ParseError> {
    if !header.raw_name.iter().all(|b| is_token(*b)) {
        let at = header.offset.saturating_sub(header.raw_name.len() + 1);
        return Err(ParseError::header(
            at,
            "header name is not a token",
            "RFC 3261 §7.3.1",
        ));
    }
    let text = header.text()?;
    match header.name {
        HeaderName::From
        | HeaderName::To
        | HeaderName::ReferTo
        | HeaderName::ReferredBy
        | HeaderName::ReplyTo => NameAddr::from_header(header)?.check(),
        HeaderName::Contact if text == "*" => Ok(()),
        HeaderName::Contact => {
            for (offset, element) in header.list() {
                let contact = NameAddr::parse_at(element, offset)?;
                contact.check()?;
                check_expires(&contact, header)?;
            }
            Ok(())
        }
        HeaderName::Route
        | HeaderName::RecordRoute
        | HeaderName::PAssertedIdentity
        | HeaderName::Diversion => header
            .list()
            .try_for_each(|(offset, element)| NameAddr::parse_at(element, offset)?.check()),
        HeaderName::Via => header
            .list()
            .try_for_each(|(offset, element)| Via::parse_at(element, offset)?.params.check()),
        HeaderName::CSeq => CSeq::from_header(header).map(|_| ()),
        HeaderName::CallId => check_call_id(header, text),
        HeaderName::MaxForwards => bounded(header, 255).map(|_| ()),
        HeaderName::Expires | HeaderName::MinExpires | HeaderName::RetryAfter => {
            bounded(header, U32_MAX).map(|_| ())
        }
        HeaderName::Date => check_date(header),
        HeaderName::Warning => check_warning(header),
        HeaderName::ContentType => MediaType::parse_at(text, header.offset)?.params.check(),
        HeaderName::Authorization | HeaderName::ProxyAuthorization => {
            Credentials::from_header(header).map(|_| ())
        }
        HeaderName::WwwAuthenticate | HeaderName::ProxyAuthenticate => {
            let (_, params) = split_scheme(text, header.offset)?;
            AuthParams(params).try_for_each(|param| param.map(|_| ()))
        }
        _ => Ok(()),
    }
}

fn check_expires(contact: &NameAddr<'_>, header: &Header<'_>) -> Result<(), ParseError> {
    let seconds = contact.params.get("expires").map(crate::lex::decimal);
    match seconds {
        Some(seconds) if seconds.is_none_or(|n| n > U32_MAX) => Err(ParseError::header(
            header.offset,
            "Contact expires is malformed or too large",
            "RFC 3261 §20.10",
        )),
        _ => Ok(()),
    }
}

/// `word [ "@" word ]`.
fn check_call_id(header: &Header<'_>, text: &str) -> Result<(), ParseError> {
    let mut words = text.split('@');
    let mut word = || {
        words
            .next()
            .map(|w| !w.is_empty() && w.bytes().all(is_word))
    };
    if word() == Some(true) && word() != Some(false) && word().is_none() {
        return Ok(());
    }
    Err(ParseError::header(
        header.offset,
        "Call-ID is malformed",
        "RFC 3261 §20.8",
    ))
}

/// `3DIGIT SP agent SP quoted-string` (RFC 3261 §20.43).
fn check_warning(header: &Header<'_>) -> Result<(), ParseError> {
    header.list().try_for_each(|(offset, element)| {
        let code = element.trim_start().split(|c: char| is_lws(c as u8)).next();
        if code.is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())) {
            return Ok(());
        }
        Err(ParseError::header(
            offset,
            "warning code is not three digits",
            "RFC 3261 §20.43",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layer;

    const SOUND: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        To: <sip:a@b>\r\nFrom: <sip:c@d>;tag=1\r\nCall-ID: x@y\r\nCSeq: 1 OPTIONS\r\n\r\n";

    fn first_issue(text: &str) -> Option<ParseError> {
        Message::parse(text.as_bytes())
            .expect("readable")
            .validate()
            .first()
            .copied()
    }

    #[test]
    fn a_sound_message_has_no_issue() {
        assert_eq!(first_issue(SOUND), None);
    }

    #[test]
    fn each_defect_has_its_layer() {
        for (from, to, layer) in [
            ("\r\nTo", "\nTo", Layer::Header),
            ("x@y", "x@y@z", Layer::Header),
            ("<sip:a@b>\r", "<sip:a@b>;;\r", Layer::Header),
            ("CSeq: 1", "CSeq: -1", Layer::Header),
            ("To:", "T(o:", Layer::Header),
            ("1 OPTIONS", "1 INVITE", Layer::Semantic),
            ("SIP/2.0\r", "SIP/3.0\r", Layer::Semantic),
            ("CSeq", "Xseq", Layer::Semantic),
            (
                "Call-ID: x@y",
                "Call-ID: x@y\r\nCall-ID: z",
                Layer::Semantic,
            ),
            ("\r\n\r\n", "\r\n\r\nbody", Layer::Semantic),
        ] {
            let text = SOUND.replacen(from, to, 1);
            assert_eq!(
                first_issue(&text).map(|issue| issue.layer),
                Some(layer),
                "{from} → {to}"
            );
        }
    }
}
