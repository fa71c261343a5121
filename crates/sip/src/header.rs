use std::borrow::Cow;

use crate::ParseError;
use crate::lex::List;

/// One header line of a message, folds included, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Which header it is; compact forms are already resolved.
    pub name: HeaderName,
    /// The name as written.
    pub raw_name: &'a [u8],
    /// The value as written, without surrounding white space; may contain folds.
    pub value: &'a [u8],
    /// Offset of the value in the message.
    pub offset: usize,
}

impl<'a> Header<'a> {
    /// The value as text.
    ///
    /// # Errors
    /// A header-layer error when the value is not UTF-8.
    pub fn text(&self) -> Result<&'a str, ParseError> {
        std::str::from_utf8(self.value).map_err(|error| {
            ParseError::header(
                self.offset + error.valid_up_to(),
                "header value is not UTF-8",
                "RFC 3261 §7.3",
            )
        })
    }

    /// The value for display: folds become one space, bytes that are not UTF-8 become `U+FFFD`.
    #[must_use]
    pub fn unfolded(&self) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(self.value);
        if !text.contains(['\r', '\n']) {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        for line in text.split(['\r', '\n']) {
            let line = line.trim_matches([' ', '\t']);
            if !out.is_empty() && !line.is_empty() {
                out.push(' ');
            }
            out.push_str(line);
        }
        Cow::Owned(out)
    }

    /// The elements of a comma-separated value with their offsets in the message. A value
    /// that is not UTF-8 has none.
    pub(crate) fn list(&self) -> List<'a> {
        List::new(self.text().unwrap_or_default(), self.offset)
    }
}

macro_rules! header_names {
    ($($variant:ident $canonical:literal $($lower:literal)|+;)+) => {
        /// The headers that Ringfence reads; all others are [`HeaderName::Other`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $canonical, "`")]
                $variant,
            )+
            /// Any other header; see [`Header::raw_name`].
            Other,
        }

        impl HeaderName {
            /// The name as the RFCs spell it; empty for [`HeaderName::Other`].
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $canonical,)+
                    Self::Other => "",
                }
            }

            fn from_lower(name: &[u8]) -> Self {
                match name {
                    $($($lower)|+ => Self::$variant,)+
                    _ => Self::Other,
                }
            }
        }
    };
}

header_names! {
    Accept "Accept" b"accept";
    AuthenticationInfo "Authentication-Info" b"authentication-info";
    Authorization "Authorization" b"authorization";
    CallId "Call-ID" b"call-id" | b"i";
    Contact "Contact" b"contact" | b"m";
    ContentEncoding "Content-Encoding" b"content-encoding" | b"e";
    ContentLength "Content-Length" b"content-length" | b"l";
    ContentType "Content-Type" b"content-type" | b"c";
    CSeq "CSeq" b"cseq";
    Date "Date" b"date";
    Diversion "Diversion" b"diversion";
    Event "Event" b"event" | b"o";
    Expires "Expires" b"expires";
    From "From" b"from" | b"f";
    Identity "Identity" b"identity" | b"y";
    MaxForwards "Max-Forwards" b"max-forwards";
    MinExpires "Min-Expires" b"min-expires";
    PAssertedIdentity "P-Asserted-Identity" b"p-asserted-identity";
    ProxyAuthenticate "Proxy-Authenticate" b"proxy-authenticate";
    ProxyAuthenticationInfo "Proxy-Authentication-Info" b"proxy-authentication-info";
    ProxyAuthorization "Proxy-Authorization" b"proxy-authorization";
    Reason "Reason" b"reason";
    RecordRoute "Record-Route" b"record-route";
    ReferTo "Refer-To" b"refer-to" | b"r";
    ReferredBy "Referred-By" b"referred-by" | b"b";
    ReplyTo "Reply-To" b"reply-to";
    RetryAfter "Retry-After" b"retry-after";
    Route "Route" b"route";
    Server "Server" b"server";
    SessionId "Session-ID" b"session-id";
    Subject "Subject" b"subject" | b"s";
    Supported "Supported" b"supported" | b"k";
    To "To" b"to" | b"t";
    UserAgent "User-Agent" b"user-agent";
    Via "Via" b"via" | b"v";
    Warning "Warning" b"warning";
    WwwAuthenticate "WWW-Authenticate" b"www-authenticate";
}

impl HeaderName {
    /// Resolves a name as written: case and compact form do not matter (RFC 3261 §7.3.1,
    /// §7.3.3).
    #[must_use]
    pub fn from_bytes(name: &[u8]) -> Self {
        let mut lower = [0_u8; 25];
        match lower.get_mut(..name.len()) {
            Some(lower) => {
                lower.copy_from_slice(name);
                lower.make_ascii_lowercase();
                Self::from_lower(lower)
            }
            // Longer than every known name.
            None => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_whatever_their_case_or_form() {
        for name in ["Via", "vIA", "V", "v"] {
            assert_eq!(HeaderName::from_bytes(name.as_bytes()), HeaderName::Via);
        }
        assert_eq!(
            HeaderName::from_bytes(b"Proxy-Authentication-Info"),
            HeaderName::ProxyAuthenticationInfo
        );
        assert_eq!(HeaderName::from_bytes(b"C%6Fntact"), HeaderName::Other);
        assert_eq!(HeaderName::from_bytes(&[b'x'; 300]), HeaderName::Other);
    }

    #[test]
    fn a_fold_reads_as_one_space() {
        let header = Header {
            name: HeaderName::Subject,
            raw_name: b"Subject",
            value: b"one\r\n \t two\n three",
            offset: 0,
        };
        assert_eq!(header.unfolded(), "one two three");
    }
}
