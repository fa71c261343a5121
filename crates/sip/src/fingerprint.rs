use crate::{HeaderName, Message};

/// A trait of a known attack tool that its user seldom changes.
///
/// Each is cheap, sees one message only, and proves nothing alone: rules weigh them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Mark {
    /// User-Agent or Server names a scanner.
    ToolUserAgent,
    /// Contact is `sip:123@1.1.1.1`, the constant of SIPVicious svcrack.
    ContactConstant,
    /// To or From is named `sipvicious`, or is `sip:100@1.1.1.1`.
    ToSipvicious,
    /// The branch is `z9hG4bK-` and a bare decimal number.
    BranchDecimal,
    /// The From tag is hex-coded ASCII: the target, `\x01`, and a number.
    TagHexAscii,
    /// A REGISTER that accepts SDP, which no answer to it can carry.
    RegisterAcceptsSdp,
}

impl Mark {
    const ALL: [Self; 6] = [
        Self::ToolUserAgent,
        Self::ContactConstant,
        Self::ToSipvicious,
        Self::BranchDecimal,
        Self::TagHexAscii,
        Self::RegisterAcceptsSdp,
    ];

    /// The name rules use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolUserAgent => "tool-user-agent",
            Self::ContactConstant => "contact-constant",
            Self::ToSipvicious => "to-sipvicious",
            Self::BranchDecimal => "branch-decimal",
            Self::TagHexAscii => "tag-hex-ascii",
            Self::RegisterAcceptsSdp => "register-accepts-sdp",
        }
    }
}

/// The marks found on one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Fingerprint(u8);

impl Fingerprint {
    /// True when nothing was found.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when that mark was found.
    #[must_use]
    pub const fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u8) != 0
    }

    /// The marks found, in a fixed order.
    pub fn marks(self) -> impl Iterator<Item = Mark> {
        Mark::ALL.into_iter().filter(move |mark| self.has(*mark))
    }

    /// The names of the marks found.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.marks().map(Mark::as_str).collect()
    }
}

/// Looks for the marks of known attack tools.
#[must_use]
pub fn fingerprint(message: &Message<'_>) -> Fingerprint {
    let found = |mark| match mark {
        Mark::ToolUserAgent => is_tool(message),
        Mark::ContactConstant => message.contact().is_some_and(|contact| {
            contact.uri.user == Some("123") && contact.uri.host == "1.1.1.1"
        }),
        Mark::ToSipvicious => [message.to(), message.from()]
            .into_iter()
            .flatten()
            .any(|address| {
                let name = address.raw_display_name().unwrap_or_default();
                name.eq_ignore_ascii_case("sipvicious")
                    || (address.uri.user == Some("100") && address.uri.host == "1.1.1.1")
            }),
        // Responses carry the request's top Via, From and branch, so these hold for both.
        Mark::BranchDecimal => message
            .via()
            .and_then(|via| via.branch_id())
            .is_some_and(|id| {
                id.strip_prefix('-')
                    .is_some_and(|id| id.len() >= 4 && id.bytes().all(|b| b.is_ascii_digit()))
            }),
        Mark::TagHexAscii => message
            .from()
            .and_then(|from| from.tag())
            .is_some_and(is_hex_ascii),
        Mark::RegisterAcceptsSdp => {
            message.method() == Some("REGISTER")
                && message
                    .text(HeaderName::Accept)
                    .is_some_and(|accept| accept.trim().eq_ignore_ascii_case("application/sdp"))
        }
    };
    let bits = Mark::ALL.into_iter().filter(|mark| found(*mark));
    Fingerprint(bits.fold(0, |bits, mark| bits | (1 << mark as u8)))
}

fn is_tool(message: &Message<'_>) -> bool {
    const TOOLS: [&str; 10] = [
        "friendly-scanner",
        "friendly-request",
        "sipvicious",
        "sundayddr",
        "sipsak",
        "sip-scan",
        "sipcli",
        "pplsip",
        "iwar",
        "sivus",
    ];
    [HeaderName::UserAgent, HeaderName::Server]
        .iter()
        .any(|name| {
            let agent = message.text(*name).unwrap_or_default().as_bytes();
            // User-Agent is short; the limit keeps a hostile one cheap.
            let agent = agent.get(..128).unwrap_or(agent);
            TOOLS.iter().any(|tool| {
                agent
                    .windows(tool.len())
                    .any(|part| part.eq_ignore_ascii_case(tool.as_bytes()))
            })
        })
}

/// SIPVicious packs what it needs to know of the target into the tag: printable text, a
/// `\x01` separator, decimal digits.
fn is_hex_ascii(tag: &str) -> bool {
    let digits = tag.as_bytes();
    if !digits.len().is_multiple_of(2) || !(8..=512).contains(&digits.len()) {
        return false;
    }
    let nibble = |b: &u8| {
        char::from(*b)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let mut separator = false;
    let mut after = 0_usize;
    for pair in digits.chunks_exact(2) {
        let [high, low] = pair else { return false };
        let (Some(high), Some(low)) = (nibble(high), nibble(low)) else {
            return false;
        };
        match high << 4 | low {
            1 if !separator => separator = true,
            b'0'..=b'9' if separator => after += 1,
            0x20..=0x7e if !separator => {}
            _ => return false,
        }
    }
    separator && after > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        fingerprint(&Message::parse(text.as_bytes()).expect("readable")).names()
    }

    #[test]
    fn a_phone_has_no_mark() {
        let text = "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK-524287-1---ab\r\n\
            To: <sip:100@h>\r\nFrom: <sip:100@h>;tag=3206210844\r\nContact: <sip:100@10.0.0.1>\r\n\
            User-Agent: Zoiper v2.10\r\n\r\n";
        assert!(names(text).is_empty());
    }

    #[test]
    fn a_scanner_with_a_phones_name_is_still_marked() {
        let text = "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK-3565867243;rport\r\n\
            To: \"1000\" <sip:1000@h>\r\n\
            From: \"1000\" <sip:1000@h>;tag=313030303a310133383733323737363333\r\n\
            Contact: sip:123@1.1.1.1\r\nAccept: application/sdp\r\nUser-Agent: Zoiper v2.10\r\n\r\n";
        let expected = [
            "contact-constant",
            "branch-decimal",
            "tag-hex-ascii",
            "register-accepts-sdp",
        ];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn the_default_scanner_names_itself() {
        let text = "OPTIONS sip:h SIP/2.0\r\nTo: \"sipvicious\"<sip:100@1.1.1.1>\r\n\
            User-Agent: friendly-scanner\r\n\r\n";
        assert_eq!(names(text), ["tool-user-agent", "to-sipvicious"]);
    }
}
