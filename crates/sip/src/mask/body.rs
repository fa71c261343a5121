//! Masks bodies by what they are.

use std::borrow::Cow;

use super::edits::Edits;
use super::lines::{mask_keyed_lines, mask_lines, mask_xml_digits};
use super::numbers::mask_cards;
use super::text::{self, contains_ignore_case};
use super::{MASK, mask_nested};
use crate::{HeaderName, MediaType, Message, Part, StartLine, parts};

/// What the message's head says about its body.
#[derive(Clone, Copy)]
struct Context<'a> {
    data: &'a [u8],
    /// The body comes from a person's keys or pen: INFO, MESSAGE.
    personal: bool,
    /// The method is INFO, whose bodies may hold digits whatever their type says.
    info: bool,
}

pub(super) fn mask_message_body(message: &Message<'_>, nesting: usize, edits: &mut Edits) {
    let (start, body) = (message.body_offset(), message.body());
    if body.is_empty() {
        return;
    }
    // Compressed content cannot be looked into, so nobody can say that it holds no secret.
    let encoded = message
        .text(HeaderName::ContentEncoding)
        .is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity"));
    let event = message.text(HeaderName::Event).unwrap_or_default();
    if encoded || contains_ignore_case(event.as_bytes(), b"telephone-event") {
        return edits.replace(message.raw(), start, start + body.len(), MASK);
    }
    let method = match message.start() {
        StartLine::Request { method, .. } => Some(*method),
        StartLine::Response { .. } => message.cseq().map(|cseq| cseq.method),
    };
    let context = Context {
        data: message.raw(),
        personal: matches!(method, Some("INFO" | "MESSAGE")),
        info: method == Some("INFO"),
    };
    context.mask(start, body, message.content_type(), nesting, edits);
}

impl Context<'_> {
    fn mask(
        self,
        start: usize,
        content: &[u8],
        media_type: Option<MediaType<'_>>,
        nesting: usize,
        edits: &mut Edits,
    ) {
        let data = self.data;
        let end = start + content.len();
        let kind = media_type
            .map(|t| t.kind.to_ascii_lowercase())
            .unwrap_or_default();
        let subtype = media_type
            .map(|t| t.subtype.to_ascii_lowercase())
            .unwrap_or_default();
        // Key lines are unmistakable, so they go wherever they stand, also where the type lies.
        mask_lines(data, start, content, subtype == "sdp", edits);
        if self.personal {
            mask_cards(data, start, content, edits);
        }
        match kind.as_str() {
            "multipart" => {
                let boundary = media_type.and_then(|t| t.params.get("boundary"));
                return match boundary {
                    Some(boundary) if nesting > 0 => {
                        for part in parts(content, boundary) {
                            self.mask_part(start, content, &part, nesting - 1, edits);
                        }
                    }
                    _ => replace_with(data, start, end, text::pass(content), edits),
                };
            }
            // A message inside: REFER's sipfrag, a forwarded request.
            "message" if matches!(subtype.as_str(), "sip" | "sipfrag") => {
                let masked = if nesting > 0 {
                    mask_nested(content, nesting - 1)
                } else {
                    text::pass(content)
                };
                return replace_with(data, start, end, masked, edits);
            }
            _ => {}
        }
        if subtype == "telephone-event" {
            edits.replace(data, start, end, MASK);
        } else if is_keyed(&kind, &subtype) || (self.info && is_bare_digits(content)) {
            mask_keyed_lines(data, start, content, |_| true, edits);
        } else if self.info {
            mask_keyed_lines(data, start, content, is_digit_key, edits);
        }
        if subtype.ends_with("xml") || content.trim_ascii_start().starts_with(b"<") {
            mask_xml_digits(data, start, content, edits);
        }
    }

    fn mask_part(
        self,
        start: usize,
        content: &[u8],
        part: &Part<'_>,
        nesting: usize,
        edits: &mut Edits,
    ) {
        let at = start + part.body_offset_in(content);
        let media_type = part.content_type();
        let coded = part.transfer_encoding().is_some_and(|encoding| {
            ["base64", "quoted-printable"]
                .iter()
                .any(|e| encoding.eq_ignore_ascii_case(e))
        });
        // Certificates and pictures may travel in base64; text has no reason but hiding.
        let opaque = media_type.is_some_and(|t| {
            t.kind.eq_ignore_ascii_case("image") || t.subtype.to_ascii_lowercase().contains("pkcs7")
        });
        if coded && !opaque {
            return edits.replace(self.data, at, at + part.body.len(), MASK);
        }
        self.mask(at, part.body, media_type, nesting, edits);
    }
}

fn replace_with(data: &[u8], start: usize, end: usize, masked: Cow<'_, [u8]>, edits: &mut Edits) {
    if let Cow::Owned(masked) = masked {
        edits.replace(data, start, end, &masked);
    }
}

/// Types that exist to carry keyed digits: `application/dtmf`, `application/dtmf-relay`,
/// `application/vnd.nortelnetworks.digits`, `application/vnd.*.keypad`, …
fn is_keyed(kind: &str, subtype: &str) -> bool {
    kind == "application"
        && !subtype.ends_with("xml")
        && ["dtmf", "digit", "keypad", "keystroke", "stimulus"]
            .iter()
            .any(|w| subtype.contains(w))
}

fn is_digit_key(key: &[u8]) -> bool {
    ["signal", "digit", "digits", "dtmf", "d", "key", "keys"]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
}

/// Some phones send a digit as INFO body without saying what it is.
fn is_bare_digits(content: &[u8]) -> bool {
    let digits = content.trim_ascii();
    !digits.is_empty()
        && digits
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'a'..=b'd'))
}
