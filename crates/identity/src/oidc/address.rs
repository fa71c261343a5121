//! Addresses that secrets are sent to, or that a browser is.

use url::{Host, Url};

/// Longest address that is taken.
const MOST: usize = 2_048;

/// Why an address is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No address at all, or one of thousands of characters.
    #[error("is no address such as `https://login.example.com`")]
    Form,
    /// In the clear, beyond this machine.
    #[error("must begin with `https://`: secrets are sent there")]
    Clear,
    /// With a name or password before the host.
    #[error("must not hold a user name or password")]
    Credentials,
    /// A query or fragment where there can be none (OpenID Connect Discovery 1.0, section 2).
    #[error("must end before any `?` or `#`")]
    Tail,
}

/// Reads an issuer as somebody wrote it. Plain HTTP is taken for this machine alone.
///
/// # Errors
/// Says what is wrong with it.
pub fn issuer(text: &str) -> Result<Url, AddressError> {
    let url = endpoint(text, true)?;
    match url.query().is_some() || url.fragment().is_some() {
        true => Err(AddressError::Tail),
        false => Ok(url),
    }
}

/// An address that an issuer names. `clear`: the issuer is on this machine and speaks plain HTTP, so that
/// its addresses may too.
pub(super) fn endpoint(text: &str, clear: bool) -> Result<Url, AddressError> {
    if text.len() > MOST {
        return Err(AddressError::Form);
    }
    let url = Url::parse(text).map_err(|_| AddressError::Form)?;
    match url.scheme() {
        "https" if url.has_host() => {}
        "http" if clear && is_loopback(&url) => {}
        "http" => return Err(AddressError::Clear),
        _ => return Err(AddressError::Form),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(AddressError::Tail);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_encrypted_or_on_this_machine_and_nothing_more() {
        for good in [
            "https://login.example.com",
            "https://login.example.com:8443/realms/a",
            "http://127.0.0.1:9",
            "http://[::1]:9/x",
            "http://localhost:9",
        ] {
            assert!(issuer(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("login.example.com", AddressError::Form),
            ("ftp://a", AddressError::Form),
            ("https://", AddressError::Form),
            ("http://login.example.com", AddressError::Clear),
            ("http://127.0.0.1.example.com", AddressError::Clear),
            ("https://u:p@a.example", AddressError::Credentials),
            ("https://a.example/?x", AddressError::Tail),
            ("https://a.example/#x", AddressError::Tail),
        ] {
            assert_eq!(issuer(bad), Err(why), "{bad}");
        }
        assert_eq!(
            endpoint("http://127.0.0.1/x", false),
            Err(AddressError::Clear)
        );
    }
}
