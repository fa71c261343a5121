//! Whom passkeys are made for, and what a browser is asked.

use ringfence_crypto::{sha256, to_base64url};
use serde_json::{Value, json};
use url::{Host, Url};

use super::cose::OFFERED;

/// How long a browser waits for somebody to find their key (WebAuthn, section 15.1).
const TIMEOUT_MS: u32 = 300_000;

/// Why passkeys cannot be used under an address. Browsers would refuse it with fewer words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RpError {
    /// No address at all.
    #[error("the public URL is no URL with a host name, such as `https://ringfence.example.com`")]
    Url,
    /// A passkey belongs to a name, and a number is none.
    #[error("passkeys need a host name in the public URL: browsers refuse them at an IP address")]
    Address,
    /// Anybody on the way could change the page that asks.
    #[error(
        "passkeys need a public URL with `https`: browsers refuse them at `http`, save at `localhost`"
    )]
    Insecure,
}

/// Ringfence as authenticators see it: made from the configured public address, never from what a
/// request names as its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    id_hash: [u8; 32],
    origin: String,
    name: String,
}

/// Somebody for whom a passkey is made.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// Stays the same for ever and tells nothing about the person: random bytes, at most 64.
    pub handle: &'a [u8],
    /// The sign-in name.
    pub login: &'a str,
    /// The name that people know them by.
    pub display: &'a str,
}

/// A passkey that is known already.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The credential's id.
    pub id: &'a [u8],
    /// How its authenticator can be reached.
    pub transports: &'a [String],
}

impl RelyingParty {
    /// The relying party of an installation that people reach at `public_url`; `name` is what their
    /// browser calls it.
    ///
    /// # Errors
    /// Says why browsers would refuse passkeys there.
    pub fn of_url(public_url: &str, name: &str) -> Result<Self, RpError> {
        let url = Url::parse(public_url).map_err(|_| RpError::Url)?;
        let id = match url.host() {
            Some(Host::Domain(host)) => host.to_owned(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(RpError::Address),
            None => return Err(RpError::Url),
        };
        // Browsers take `localhost` and names below it for this machine (Secure Contexts, 3.1).
        let local = id == "localhost" || id.ends_with(".localhost");
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            "http" => return Err(RpError::Insecure),
            _ => return Err(RpError::Url),
        }
        Ok(Self {
            id_hash: sha256(id.as_bytes()),
            id,
            origin: url.origin().ascii_serialization(),
            name: name.to_owned(),
        })
    }

    /// Whether a page of this origin may ask: ours, and on this machine the same host and port over
    /// plain HTTP as well, since the server answers both there and nobody is in between.
    pub(crate) fn is_ours(&self, origin: &str) -> bool {
        let at = |origin: &str| origin.split_once("://").map(|(_, at)| at.to_owned());
        let plain = origin.starts_with("http://") || origin.starts_with("https://");
        origin == self.origin || (self.is_local() && plain && at(origin) == at(&self.origin))
    }

    fn is_local(&self) -> bool {
        self.id == "localhost" || self.id.ends_with(".localhost")
    }

    /// The origin whose pages ask, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The RP ID: the host name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn id_hash(&self) -> &[u8; 32] {
        &self.id_hash
    }

    /// For `PublicKeyCredential.parseCreationOptionsFromJSON`: a passkey that can be found without
    /// a name being typed, with the person verified, and none on an authenticator in `exclude`.
    #[must_use]
    pub fn creation_options(
        &self,
        challenge: &[u8],
        user: &User<'_>,
        exclude: &[Known<'_>],
    ) -> Value {
        let offered = OFFERED.map(|alg| json!({ "type": "public-key", "alg": alg }));
        json!({
            "rp": { "id": self.id, "name": self.name },
            "user": {
                "id": to_base64url(user.handle),
                "name": user.login,
                "displayName": user.display,
            },
            "challenge": to_base64url(challenge),
            "pubKeyCredParams": offered,
            "timeout": TIMEOUT_MS,
            "excludeCredentials": descriptors(exclude),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "extensions": { "credProps": true },
        })
    }

    /// For `PublicKeyCredential.parseRequestOptionsFromJSON`. With nothing in `allow`, the
    /// authenticator offers whatever passkeys it has for this site.
    #[must_use]
    pub fn request_options(&self, challenge: &[u8], allow: &[Known<'_>]) -> Value {
        json!({
            "challenge": to_base64url(challenge),
            "timeout": TIMEOUT_MS,
            "rpId": self.id,
            "allowCredentials": descriptors(allow),
            "userVerification": "required",
        })
    }
}

fn descriptors(known: &[Known<'_>]) -> Vec<Value> {
    let of = |known: &Known<'_>| {
        json!({
            "type": "public-key",
            "id": to_base64url(known.id),
            "transports": known.transports,
        })
    };
    known.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_host_and_origin_as_browsers_do() {
        for (url, id, origin) in [
            (
                "https://rf.example.com",
                "rf.example.com",
                "https://rf.example.com",
            ),
            (
                "https://RF.Example.com:443/console?x",
                "rf.example.com",
                "https://rf.example.com",
            ),
            (
                "https://rf.example.com:8443/",
                "rf.example.com",
                "https://rf.example.com:8443",
            ),
            (
                "http://localhost:39555",
                "localhost",
                "http://localhost:39555",
            ),
            ("http://a.localhost", "a.localhost", "http://a.localhost"),
            (
                "https://b\u{fc}ro.example",
                "xn--bro-hoa.example",
                "https://xn--bro-hoa.example",
            ),
        ] {
            let party = RelyingParty::of_url(url, "Ringfence").unwrap();
            assert_eq!((party.id(), party.origin()), (id, origin), "{url}");
        }
    }

    #[test]
    fn on_this_machine_pages_over_plain_http_are_ours_too() {
        let ours = |url, origin| RelyingParty::of_url(url, "x").unwrap().is_ours(origin);
        for origin in ["https://localhost:8443", "http://localhost:8443"] {
            assert!(
                ours("https://localhost:8443", origin) && ours("http://localhost:8443", origin)
            );
        }
        for origin in [
            "http://localhost",
            "http://localhost:8444",
            "ftp://localhost:8443",
            "http://localhost:8443.evil.example",
            "localhost:8443",
        ] {
            assert!(!ours("https://localhost:8443", origin), "{origin}");
        }
        assert!(!ours("https://rf.example", "http://rf.example"));
    }

    #[test]
    fn says_why_browsers_would_refuse() {
        for (url, error) in [
            ("http://127.0.0.1:8443", RpError::Address),
            ("https://10.1.2.3", RpError::Address),
            ("https://127.1", RpError::Address),
            ("https://[::1]:8443", RpError::Address),
            ("http://rf.example.com", RpError::Insecure),
            ("http://notlocalhost", RpError::Insecure),
            ("rf.example.com", RpError::Url),
            ("ftp://rf.example.com", RpError::Url),
            ("file:///etc", RpError::Url),
            ("", RpError::Url),
        ] {
            assert_eq!(RelyingParty::of_url(url, ""), Err(error), "{url}");
        }
    }

    #[test]
    fn options_have_the_shape_that_browsers_parse() {
        let party = RelyingParty::of_url("https://rf.example", "Ringfence").unwrap();
        let usb = ["usb".to_owned()];
        let known = [Known {
            id: b"\xff\xfe",
            transports: &usb,
        }];
        let user = User {
            handle: &[0, 1],
            login: "ann",
            display: "Ann",
        };
        assert_eq!(
            party.creation_options(b"challenge", &user, &known),
            json!({
                "rp": { "id": "rf.example", "name": "Ringfence" },
                "user": { "id": "AAE", "name": "ann", "displayName": "Ann" },
                "challenge": "Y2hhbGxlbmdl",
                "pubKeyCredParams": [
                    { "type": "public-key", "alg": -7 },
                    { "type": "public-key", "alg": -8 },
                    { "type": "public-key", "alg": -257 },
                ],
                "timeout": 300_000,
                "excludeCredentials": [{ "type": "public-key", "id": "__4", "transports": ["usb"] }],
                "authenticatorSelection": {
                    "residentKey": "required",
                    "requireResidentKey": true,
                    "userVerification": "required",
                },
                "attestation": "none",
                "extensions": { "credProps": true },
            })
        );
        assert_eq!(
            party.request_options(b"challenge", &[]),
            json!({
                "challenge": "Y2hhbGxlbmdl",
                "timeout": 300_000,
                "rpId": "rf.example",
                "allowCredentials": [],
                "userVerification": "required",
            })
        );
    }
}
