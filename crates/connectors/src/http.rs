//! Requests to vendors: encrypted, bounded, without redirects, and with failures sorted by what to
//! do about them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url};

use crate::pull::PullError;

/// Largest page of JSON or XML.
pub(crate) const MOST_PAGE: usize = 32 << 20;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);

/// A client for one vendor.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client);

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Http {
    /// A client that trusts whom the system trusts.
    pub fn new() -> Result<Self, PullError> {
        // reqwest takes the process's provider; whoever comes first sets it, all set the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ringfence/", env!("CARGO_PKG_VERSION")))
            .build();
        client
            .map(Self)
            .map_err(|_| PullError::Network("TLS could not be set up on this machine"))
    }

    /// A request; see [`Http::send`].
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.0.get(url)
    }

    /// A request; see [`Http::send`].
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.0.post(url)
    }

    /// Sends it, and reads a successful answer of at most `most` bytes.
    pub async fn send(&self, request: RequestBuilder, most: usize) -> Result<Answer, PullError> {
        let mut response = request.send().await.map_err(|e| network(&e))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(status, response.headers()));
        }
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| network(&e))? {
            if body.len() + chunk.len() > most {
                return Err(PullError::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            headers,
            body: body.freeze(),
        })
    }
}

/// The kinds of failure that a person can do something about; never the address, which may hold
/// what is asked for.
fn network(error: &reqwest::Error) -> PullError {
    PullError::Network(if error.is_timeout() {
        "not in time"
    } else if error.is_connect() {
        "the connection or its certificate was refused"
    } else {
        "the exchange broke off"
    })
}

fn refusal(status: StatusCode, headers: &HeaderMap) -> PullError {
    let code = status.as_u16();
    let wait = wait(headers, now_secs());
    match code {
        429 => PullError::Busy { status: code, wait },
        503 if wait.is_some() => PullError::Busy { status: code, wait },
        401 | 403 => PullError::Refused(code),
        300..=399 => PullError::Redirect(code),
        410 => PullError::PageGone,
        _ => PullError::Status(code),
    }
}

/// `Retry-After` (RFC 9110 §10.2.3) in seconds or as a date, else `X-Rate-Limit-Reset`, the second
/// since 1970 at which a vendor counts anew.
fn wait(headers: &HeaderMap, now_secs: u64) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(after) = text(RETRY_AFTER.as_str()) {
        if let Ok(seconds) = after.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let at = jiff::fmt::rfc2822::parse(after)
            .ok()?
            .timestamp()
            .as_second();
        let at = u64::try_from(at).ok()?;
        return Some(Duration::from_secs(at.saturating_sub(now_secs)));
    }
    let reset: u64 = text("x-rate-limit-reset")?.parse().ok()?;
    // Vendors that count down instead write small numbers.
    let seconds = if reset > 1_000_000_000 {
        reset.saturating_sub(now_secs) + 1
    } else {
        reset
    };
    Some(Duration::from_secs(seconds))
}

fn now_secs() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// An address that secrets may be sent to: `https`, or this machine.
pub(crate) fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is no address such as `https://host`".to_owned())?;
    let safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    };
    if !safe {
        return Err("must begin with `https://`: secrets are sent there".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    Ok(url)
}

/// Whether a URL leads to this machine, so that nobody stands between.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// A link in a vendor's answer, if it leads to where the vendor was asked: the credential goes
/// nowhere else.
pub(crate) fn own_link(base: &Url, link: &str) -> Result<Url, PullError> {
    let url = base.join(link).map_err(|_| shape("a link is no address"))?;
    if url.origin() != base.origin() {
        return Err(shape("a link leads to another host"));
    }
    Ok(url)
}

/// A path under a base address, each part escaped.
pub(crate) fn at(base: &Url, parts: &[&str]) -> Result<Url, PullError> {
    let mut url = base.clone();
    {
        let mut path = url
            .path_segments_mut()
            .map_err(|()| shape("the address has no path"))?;
        path.pop_if_empty();
        path.extend(parts);
    }
    Ok(url)
}

/// `application/x-www-form-urlencoded`, escaped by the library that escapes URLs.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("https://form.invalid") else {
        return String::new();
    };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

pub(crate) fn shape(what: &str) -> PullError {
    PullError::Shape(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_vendor_says_how_long_to_wait_in_three_ways() {
        let told = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            wait(&headers, 1_795_339_800).map(|d| d.as_secs())
        };
        assert_eq!(told("retry-after", "7"), Some(7));
        assert_eq!(
            told("retry-after", "Sun, 22 Nov 2026 09:30:20 GMT"),
            Some(20)
        );
        assert_eq!(told("retry-after", "soon"), None);
        assert_eq!(told("x-rate-limit-reset", "1795339830"), Some(31));
        assert_eq!(told("x-rate-limit-reset", "12"), Some(12));
        assert_eq!(wait(&HeaderMap::new(), 0), None);
    }

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for good in ["https://a.example", "http://127.0.0.1:9", "http://[::1]/x"] {
            assert!(checked_url(good).is_ok(), "{good}");
        }
        for bad in ["http://a.example", "a.example", "ftp://a", "https://u:p@a"] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
        let base = Url::parse("https://a.example/api").unwrap();
        assert!(own_link(&base, "/api/v1/logs?after=x").is_ok());
        assert!(own_link(&base, "https://a.example/y").is_ok());
        for other in ["https://b.example/y", "http://a.example/y", "//b.example"] {
            assert!(own_link(&base, other).is_err(), "{other}");
        }
        let path = at(&base, &["v1", "a/b", "LogFile"]).unwrap();
        assert_eq!(path.as_str(), "https://a.example/api/v1/a%2Fb/LogFile");
    }
}
