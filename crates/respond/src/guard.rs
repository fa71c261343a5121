//! The guard against server-side request forgery.
//!
//! A URL that a user typed is judged twice: when it is saved ([`Guard::check_url`],
//! so that the user sees why) and at every delivery ([`Guard::admit`], because names
//! change their addresses). The second check returns addresses, and the connection
//! goes to exactly those: there is no later look-up that could answer differently
//! (DNS rebinding).

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::address::{Refusal, check_address};
use crate::allow::AllowList;
use crate::resolve::Resolve;

/// Longer URLs are nobody's webhook.
const MAX_URL: usize = 2048;
/// Addresses of one name that are tried; an attacker's name may have hundreds.
const MAX_ADDRESSES: usize = 8;

/// Why a webhook's URL is refused. Names hosts and addresses, never the path, the
/// query or the user part, which may hold the receiver's secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Not a URL at all, or one too long.
    #[error("the webhook address is not a valid URL")]
    NotAUrl,
    /// `http` needs an allow-list entry, everything else is refused.
    #[error("webhooks go to https addresses: `{scheme}` needs its host in the allow-list")]
    PlainText {
        /// The scheme that was asked for.
        scheme: String,
    },
    /// `file:`, `gopher:` and their like.
    #[error("webhooks go to https addresses, not `{0}`")]
    Scheme(String),
    /// `https://user:secret@host/`.
    #[error("the webhook address must not contain a user name or password")]
    Credentials,
    /// An address that the outside must not make us reach.
    #[error("`{host}` is {refusal} ({address}): add it to the allow-list if that is intended")]
    Address {
        /// The host as the URL names it.
        host: String,
        /// The address it stands for.
        address: IpAddr,
        /// What is wrong with that address.
        refusal: Refusal,
    },
    /// The name has no address.
    #[error("`{0}` could not be resolved")]
    Unresolved(String),
}

/// A destination that passed: where to connect and what to ask for.
#[derive(Debug, Clone)]
pub struct Target {
    /// The checked addresses, in the order they should be tried.
    pub addresses: Vec<SocketAddr>,
    /// The host for TLS and the `Host` header.
    pub host: Host<String>,
    /// Whether to speak TLS.
    pub tls: bool,
    pub(crate) url: Url,
}

/// Decides which addresses a webhook may reach; fails closed.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow: AllowList,
}

impl Guard {
    /// A guard with the operator's exceptions.
    #[must_use]
    pub fn new(allow: AllowList) -> Self {
        Self { allow }
    }

    /// Everything that can be judged without asking the network.
    ///
    /// # Errors
    /// Says why the URL is refused.
    pub fn check_url(&self, text: &str) -> Result<(), Blocked> {
        let (url, host, port) = self.parse(text)?;
        // A literal address is judged now; a name only once it is resolved.
        if let Some(address) = literal(&host) {
            self.check(&url, &host, port, address)?;
        }
        Ok(())
    }

    /// Resolves the URL's host and admits it only if *every* address of it passes:
    /// a name that mixes public and private addresses is an attack or a mistake.
    ///
    /// # Errors
    /// Says why the destination is refused.
    pub async fn admit<R: Resolve>(&self, text: &str, resolver: &R) -> Result<Target, Blocked> {
        let (url, host, port) = self.parse(text)?;
        let found = match (&host, literal(&host)) {
            (_, Some(address)) => vec![address],
            (Host::Domain(name), None) => resolver.resolve(name).await.unwrap_or_default(),
            (_, None) => Vec::new(),
        };
        for address in &found {
            self.check(&url, &host, port, *address)?;
        }
        let addresses: Vec<_> = found
            .iter()
            .take(MAX_ADDRESSES)
            .map(|ip| SocketAddr::new(*ip, port))
            .collect();
        if addresses.is_empty() {
            return Err(Blocked::Unresolved(host.to_string()));
        }
        Ok(Target {
            addresses,
            host,
            tls: url.scheme() == "https",
            url,
        })
    }

    /// Parsing is the WHATWG algorithm, the one that turns `0x7f.1`, `2130706433`,
    /// `017700000001` and full-width digits into the address a browser would reach.
    fn parse(&self, text: &str) -> Result<(Url, Host<String>, u16), Blocked> {
        if text.len() > MAX_URL {
            return Err(Blocked::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| Blocked::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Blocked::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::Credentials);
        }
        let host = url
            .host()
            .map(|host| host.to_owned())
            .ok_or(Blocked::NotAUrl)?;
        let port = url.port_or_known_default().ok_or(Blocked::NotAUrl)?;
        if url.scheme() == "http" && !self.allow.names(&host, port) {
            return Err(Blocked::PlainText {
                scheme: url.scheme().to_owned(),
            });
        }
        Ok((url, host, port))
    }

    fn check(
        &self,
        url: &Url,
        host: &Host<String>,
        port: u16,
        address: IpAddr,
    ) -> Result<(), Blocked> {
        match check_address(address) {
            Ok(()) => Ok(()),
            Err(refusal)
                if refusal != Refusal::Metadata
                    && (self.allow.names(host, port) || self.allow.covers(address)) =>
            {
                Ok(())
            }
            Err(refusal) => Err(Blocked::Address {
                host: url.host_str().unwrap_or_default().to_owned(),
                address,
                refusal,
            }),
        }
    }
}

fn literal(host: &Host<String>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

/// Whatever an empty allow-list lets pass is https, without user part, and, when it
/// is a literal address, a public one.
#[doc(hidden)]
pub fn fuzz_guard(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if Guard::default().check_url(text).is_ok() {
        let url = Url::parse(text).ok();
        assert!(url.as_ref().is_some_and(|url| url.scheme() == "https"));
        assert!(url.as_ref().is_some_and(|url| url.username().is_empty()));
        let address = url.and_then(|url| url.host().and_then(|host| literal(&host.to_owned())));
        assert!(address.is_none_or(|address| check_address(address).is_ok()));
    }
}
