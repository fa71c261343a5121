//! Typed accessors: each reads its header when asked.
//!
//! They answer `None` both for an absent and for a malformed header, because an observer
//! wants the facts that can be had; [`Message::validate`] tells the two apart.

use crate::address::NameAddrs;
use crate::lex::trim_lws;
use crate::values::bounded;
use crate::via::Vias;
use crate::{
    CSeq, Credentials, HeaderName, MediaType, Message, NameAddr, ReasonValue, Sdp, StartLine, Uri,
    Via, parts,
};

/// Multipart bodies inside multipart bodies are followed this deep.
pub(crate) const MAX_NESTING: usize = 3;

impl<'a> Message<'a> {
    /// The Request-URI.
    #[must_use]
    pub fn request_uri(&self) -> Option<Uri<'a>> {
        match self.start() {
            StartLine::Request { uri, method, .. } => {
                Uri::parse_at(uri, self.start_offset() + method.len() + 1).ok()
            }
            StartLine::Response { .. } => None,
        }
    }

    /// From: who the caller says it is.
    #[must_use]
    pub fn from(&self) -> Option<NameAddr<'a>> {
        self.address(HeaderName::From)
    }

    /// To: who was called.
    #[must_use]
    pub fn to(&self) -> Option<NameAddr<'a>> {
        self.address(HeaderName::To)
    }

    /// Call-ID.
    #[must_use]
    pub fn call_id(&self) -> Option<&'a str> {
        self.text(HeaderName::CallId)
    }

    /// CSeq.
    #[must_use]
    pub fn cseq(&self) -> Option<CSeq<'a>> {
        CSeq::from_header(self.header(HeaderName::CSeq)?).ok()
    }

    /// The topmost Via hop: who sent this message.
    #[must_use]
    pub fn via(&self) -> Option<Via<'a>> {
        Vias::new(self.header(HeaderName::Via)?).next()
    }

    /// All Via hops, latest first.
    pub fn vias(&self) -> impl Iterator<Item = Via<'a>> {
        self.headers_named(HeaderName::Via).flat_map(Vias::new)
    }

    /// The first Contact.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr<'a>> {
        self.contacts().next()
    }

    /// All Contacts.
    pub fn contacts(&self) -> impl Iterator<Item = NameAddr<'a>> {
        self.addresses(HeaderName::Contact)
    }

    /// Route: the proxies still to be visited.
    pub fn routes(&self) -> impl Iterator<Item = NameAddr<'a>> {
        self.addresses(HeaderName::Route)
    }

    /// Record-Route: the proxies that stay in the path.
    pub fn record_routes(&self) -> impl Iterator<Item = NameAddr<'a>> {
        self.addresses(HeaderName::RecordRoute)
    }

    /// P-Asserted-Identity (RFC 3325): who a trusted network says the caller is.
    pub fn p_asserted_identities(&self) -> impl Iterator<Item = NameAddr<'a>> {
        self.addresses(HeaderName::PAssertedIdentity)
    }

    /// Diversion (RFC 5806): whose number was called before the call was forwarded.
    pub fn diversions(&self) -> impl Iterator<Item = NameAddr<'a>> {
        self.addresses(HeaderName::Diversion)
    }

    /// True when the call is signed (RFC 8224); says nothing about the signature.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.header(HeaderName::Identity).is_some()
    }

    /// User-Agent.
    #[must_use]
    pub fn user_agent(&self) -> Option<&'a str> {
        self.text(HeaderName::UserAgent)
    }

    /// Server.
    #[must_use]
    pub fn server(&self) -> Option<&'a str> {
        self.text(HeaderName::Server)
    }

    /// Authorization, without the proof.
    #[must_use]
    pub fn authorization(&self) -> Option<Credentials<'a>> {
        Credentials::from_header(self.header(HeaderName::Authorization)?).ok()
    }

    /// Proxy-Authorization, without the proof.
    #[must_use]
    pub fn proxy_authorization(&self) -> Option<Credentials<'a>> {
        Credentials::from_header(self.header(HeaderName::ProxyAuthorization)?).ok()
    }

    /// Content-Type.
    #[must_use]
    pub fn content_type(&self) -> Option<MediaType<'a>> {
        let header = self.header(HeaderName::ContentType)?;
        MediaType::parse_at(header.text().ok()?, header.offset).ok()
    }

    /// Expires in seconds.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        let seconds = bounded(self.header(HeaderName::Expires)?, u64::from(u32::MAX)).ok()?;
        u32::try_from(seconds).ok()
    }

    /// Reason header values (RFC 3326).
    pub fn reasons(&self) -> impl Iterator<Item = ReasonValue<'a>> {
        self.headers_named(HeaderName::Reason)
            .flat_map(|header| header.list())
            .filter_map(|(offset, text)| ReasonValue::parse_at(text, offset))
    }

    /// Session-ID (RFC 7989), which survives back-to-back user agents.
    #[must_use]
    pub fn session_id(&self) -> Option<&'a str> {
        Some(trim_lws(
            self.text(HeaderName::SessionId)?.split(';').next()?,
        ))
    }

    /// The text of any header by name, for extension headers such as `X-Agent`.
    #[must_use]
    pub fn text_by_name(&self, name: &str) -> Option<&'a str> {
        self.header_by_name(name)?.text().ok()
    }

    /// The session description, also from inside a multipart body.
    #[must_use]
    pub fn sdp(&self) -> Option<Sdp<'a>> {
        find_sdp(self.content_type()?, self.body(), MAX_NESTING)
    }

    /// A header's text.
    #[must_use]
    pub fn text(&self, name: HeaderName) -> Option<&'a str> {
        self.header(name)?.text().ok()
    }

    fn address(&self, name: HeaderName) -> Option<NameAddr<'a>> {
        NameAddr::from_header(self.header(name)?).ok()
    }

    fn addresses(&self, name: HeaderName) -> impl Iterator<Item = NameAddr<'a>> {
        self.headers_named(name).flat_map(NameAddrs::new)
    }
}

fn find_sdp<'a>(media_type: MediaType<'a>, body: &'a [u8], nesting: usize) -> Option<Sdp<'a>> {
    if media_type.is("application", "sdp") {
        return Some(Sdp::parse(body));
    }
    let boundary = media_type.params.get("boundary")?;
    if !media_type.kind.eq_ignore_ascii_case("multipart") || nesting == 0 {
        return None;
    }
    parts(body, boundary).find_map(|part| find_sdp(part.content_type()?, part.body, nesting - 1))
}
