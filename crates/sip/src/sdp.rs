/// Most media lines looked at.
const MAX_MEDIA: usize = 32;
/// Most crypto lines a media line is read for.
const MAX_SUITES: usize = 16;

/// The facts of a session description (RFC 8866) that security questions need: where the
/// media goes and whether it is encrypted. Keys are never read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sdp<'a> {
    /// Session-level connection address.
    pub address: Option<&'a str>,
    /// The `o=` line's address.
    pub origin_address: Option<&'a str>,
    /// The media lines.
    pub media: Vec<Media<'a>>,
}

/// One `m=` line with its attributes; session-level ones are already applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media<'a> {
    /// `audio`, `video`, `image`, …
    pub kind: &'a str,
    /// Port; 0 refuses or ends the stream.
    pub port: u16,
    /// Transport profile, such as `RTP/AVP` or `UDP/TLS/RTP/SAVPF`.
    pub profile: &'a str,
    /// Where the media goes.
    pub address: Option<&'a str>,
    /// SDES suites offered (RFC 4568), such as `AES_CM_128_HMAC_SHA1_80`.
    pub crypto_suites: Vec<&'a str>,
    /// True with a DTLS certificate fingerprint (RFC 8122).
    pub fingerprint: bool,
    /// Which way the media flows.
    pub direction: Direction,
}

/// RFC 8866 §6.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways, the default.
    #[default]
    SendRecv,
    /// Towards the reader of this description.
    SendOnly,
    /// Towards its writer.
    RecvOnly,
    /// Neither: on hold.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn from_attribute(text: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.as_str() == text)
    }
}

impl Media<'_> {
    /// True when the profile demands SRTP and the means to key it are there.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let secure_profile = self.profile.contains("SAVP") || self.profile.contains("DTLS");
        secure_profile && (self.fingerprint || self.has_real_cipher())
    }

    /// RFC 4568 §6.3.1: suites and session parameters may switch encryption off.
    fn has_real_cipher(&self) -> bool {
        self.crypto_suites
            .iter()
            .any(|suite| !suite.to_ascii_uppercase().contains("NULL"))
    }
}

impl<'a> Sdp<'a> {
    /// Reads the lines it knows and passes over all others, broken ones included.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Self {
        let mut sdp = Self::default();
        let (mut fingerprint, mut direction) = (false, Direction::default());
        for line in body.split(|b| *b == b'\n') {
            let Ok(line) = str::from_utf8(line) else {
                continue;
            };
            let Some((key, value)) = line.trim_end().split_once('=') else {
                continue;
            };
            if key == "m" {
                if sdp.media.len() >= MAX_MEDIA {
                    break;
                }
                sdp.media
                    .extend(Media::parse(value, sdp.address, fingerprint, direction));
                continue;
            }
            match (key, sdp.media.last_mut()) {
                ("o", None) => sdp.origin_address = value.split(' ').nth(5),
                ("c", None) => sdp.address = connection(value),
                ("c", Some(media)) => media.address = connection(value).or(media.address),
                ("a", None) => {
                    fingerprint |= value.starts_with("fingerprint:");
                    direction = Direction::from_attribute(value).unwrap_or(direction);
                }
                ("a", Some(media)) => media.attribute(value),
                _ => {}
            }
        }
        sdp
    }
}

impl<'a> Media<'a> {
    fn parse(
        value: &'a str,
        address: Option<&'a str>,
        fingerprint: bool,
        direction: Direction,
    ) -> Option<Self> {
        let mut fields = value.split_ascii_whitespace();
        let kind = fields.next()?;
        // `port/count` (RFC 8866 §5.14).
        let port = fields.next()?.split('/').next()?.parse().ok()?;
        let profile = fields.next()?;
        let crypto_suites = Vec::new();
        Some(Self {
            kind,
            port,
            profile,
            address,
            crypto_suites,
            fingerprint,
            direction,
        })
    }

    fn attribute(&mut self, value: &'a str) {
        if let Some(crypto) = value.strip_prefix("crypto:") {
            // crypto:<tag> <suite> <keys> …
            if let Some(suite) = crypto.split_ascii_whitespace().nth(1)
                && self.crypto_suites.len() < MAX_SUITES
            {
                self.crypto_suites.push(suite);
            }
        } else if value.starts_with("fingerprint:") {
            self.fingerprint = true;
        } else if let Some(direction) = Direction::from_attribute(value) {
            self.direction = direction;
        }
    }
}

/// `IN IP4 address[/ttl]`.
fn connection(value: &str) -> Option<&str> {
    value.split_ascii_whitespace().nth(2)?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &[u8] =
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.5/127\r\nt=0 0\r\n\
        a=sendonly\r\nm=audio 49170/2 RTP/SAVP 0\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0c2VjcmV0|2^20\r\n\
        m=video 0 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\na=inactive\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AA:BB\r\nm=broken\r\n";

    #[test]
    fn session_values_hold_until_a_media_line_says_otherwise() {
        let sdp = Sdp::parse(OFFER);
        assert_eq!(sdp.origin_address, Some("192.0.2.9"));
        let [audio, video, dtls] = &sdp.media[..] else {
            panic!("three media lines")
        };
        assert_eq!((audio.port, audio.address), (49170, Some("192.0.2.5")));
        assert_eq!(audio.direction, Direction::SendOnly);
        assert_eq!(
            (video.address, video.direction),
            (Some("2001:db8::1"), Direction::Inactive)
        );
        assert_eq!(dtls.profile, "UDP/TLS/RTP/SAVPF");
    }

    #[test]
    fn encryption_is_known_and_keys_are_not() {
        let sdp = Sdp::parse(OFFER);
        let encrypted: Vec<_> = sdp.media.iter().map(Media::is_encrypted).collect();
        assert_eq!(encrypted, [true, false, true]);
        assert_eq!(sdp.media[0].crypto_suites, ["AES_CM_128_HMAC_SHA1_80"]);
        assert!(!format!("{sdp:?}").contains("c2Vjc"));
    }

    #[test]
    fn a_null_cipher_is_not_encryption() {
        let sdp = Sdp::parse(b"m=audio 1 RTP/SAVP 0\na=crypto:1 NULL_HMAC_SHA1_80 inline:x\n");
        assert!(!sdp.media[0].is_encrypted());
    }

    #[test]
    fn media_lines_are_bounded() {
        let body = "m=audio 1 RTP/AVP 0\r\n".repeat(1000);
        assert_eq!(Sdp::parse(body.as_bytes()).media.len(), MAX_MEDIA);
    }
}
