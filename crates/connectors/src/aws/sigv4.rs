//! AWS Signature Version 4 (Amazon's *Create a signed AWS API request*): the request in one
//! canonical form, signed with a key that is derived from the secret for one day, region and
//! service.

use std::fmt::Write as _;

use reqwest::{RequestBuilder, Url};
use ringfence_crypto::{hmac_sha256, sha256_hex, to_hex};
use ringfence_event::Time;
use serde::Deserialize;

use crate::pull::PullError;
use crate::secret::SecretRef;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Keys of an IAM user or role, as the vendors' tables hold them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: SecretRef,
    /// Session token of temporary keys.
    pub session_token: Option<SecretRef>,
}

/// Signs requests to one service in one region.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub credentials: Credentials,
    pub region: String,
    pub service: &'static str,
}

/// The parts of a request that are signed.
pub(crate) struct ToSign<'a> {
    pub method: &'static str,
    pub url: &'a Url,
    pub body: &'a [u8],
    /// S3 escapes a path once, the other services twice.
    pub escape_path_again: bool,
}

impl Signer {
    /// The request with its signature.
    pub fn sign(
        &self,
        request: RequestBuilder,
        what: &ToSign<'_>,
        now: Time,
    ) -> Result<RequestBuilder, PullError> {
        let secret = self.credentials.secret_access_key.read()?;
        let token = match &self.credentials.session_token {
            Some(token) => Some(token.read()?),
            None => None,
        };
        let stamp = stamp(now);
        let hash = sha256_hex(what.body);
        let mut headers = vec![
            ("host", host(what.url)),
            ("x-amz-content-sha256", hash.clone()),
            ("x-amz-date", stamp.clone()),
        ];
        if let Some(token) = &token {
            headers.push(("x-amz-security-token", token.reveal().to_owned()));
        }
        let authorization = self.authorization(what, &headers, &hash, &stamp, secret.reveal());
        let mut request = request.header("authorization", authorization);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(*name, value);
        }
        Ok(request)
    }

    fn authorization(
        &self,
        what: &ToSign<'_>,
        headers: &[(&str, String)],
        hash: &str,
        stamp: &str,
        secret: &str,
    ) -> String {
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut canonical = format!(
            "{}\n{}\n{}\n",
            what.method,
            path(what.url, what.escape_path_again),
            query(what.url)
        );
        for (name, value) in headers {
            let _ = writeln!(canonical, "{name}:{}", value.trim());
        }
        let _ = write!(canonical, "\n{names}\n{hash}");
        let day = stamp.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!(
            "{ALGORITHM}\n{stamp}\n{scope}\n{}",
            sha256_hex(canonical.as_bytes())
        );
        let mut key = hmac_sha256(format!("AWS4{secret}").as_bytes(), &[day.as_bytes()]);
        for part in [self.region.as_str(), self.service, "aws4_request"] {
            key = hmac_sha256(&key, &[part.as_bytes()]);
        }
        let signature = to_hex(&hmac_sha256(&key, &[text.as_bytes()]));
        let id = &self.credentials.access_key_id;
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// `20261122T093000Z`.
fn stamp(now: Time) -> String {
    let text = now.to_rfc3339();
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}Z", digits.split('.').next().unwrap_or_default())
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn path(url: &Url, again: bool) -> String {
    let segments = url.path().split('/').map(|segment| {
        // What stands in the URL is escaped for URLs; Amazon wants everything but the unreserved.
        let once = escape(&unescape(segment));
        if again { escape(once.as_bytes()) } else { once }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn query(url: &Url) -> String {
    let pairs = url.query_pairs();
    let mut pairs: Vec<(String, String)> = pairs
        .map(|(k, v)| (escape(k.as_bytes()), escape(v.as_bytes())))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.join("&")
}

/// RFC 3986 §2.3: everything but the unreserved characters.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(service: &'static str, dir: &std::path::Path, secret: &str) -> Signer {
        let file = dir.join("key");
        std::fs::write(&file, secret).unwrap();
        Signer {
            credentials: Credentials {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret_access_key: SecretRef::File { file },
                session_token: None,
            },
            region: "us-east-1".to_owned(),
            service,
        }
    }

    /// Amazon's published example of a signature for S3: *List objects*.
    #[test]
    fn the_published_example_of_listing_a_bucket() {
        let dir = tempfile::tempdir().unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signer = signer("s3", dir.path(), secret);
        let url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
        let url = Url::parse(url).unwrap();
        let hash = sha256_hex(b"");
        let headers = [
            ("host", host(&url)),
            ("x-amz-content-sha256", hash.clone()),
            ("x-amz-date", "20130524T000000Z".to_owned()),
        ];
        let what = ToSign {
            method: "GET",
            url: &url,
            body: b"",
            escape_path_again: false,
        };
        let told = signer.authorization(&what, &headers, &hash, "20130524T000000Z", secret);
        assert_eq!(
            told,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn times_paths_and_queries_take_their_canonical_form() {
        let now = Time::parse_rfc3339("2026-11-22T09:30:00.123Z").unwrap();
        assert_eq!(stamp(now), "20261122T093000Z");
        let url = Url::parse("https://h:8443/a%20b/c=d/%E1?z=1&a=x y&a=1+2").unwrap();
        assert_eq!(path(&url, false), "/a%20b/c%3Dd/%E1");
        assert_eq!(path(&url, true), "/a%2520b/c%253Dd/%25E1");
        assert_eq!(query(&url), "a=1%202&a=x%20y&z=1");
        assert_eq!(host(&url), "h:8443");
    }
}
