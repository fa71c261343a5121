//! What an operator opened on purpose: hosts and networks inside the house.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;

/// Why an allow-list entry cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// Neither a network, nor a host, nor host and port.
    #[error("allow-list entry `{0}` is no CIDR, host or host:port")]
    Entry(String),
    /// A network this wide would switch the guard off.
    #[error("allow-list entry `{0}` covers every address: name the networks you mean")]
    TooWide(String),
}

/// Hosts and networks that webhooks may reach although they are not public.
///
/// An entry is a network (`10.20.0.0/16`), an address, a host name, or one of the
/// latter two with a port (`hooks.internal:8443`, `[fd00::5]:8443`). A host entry
/// also permits plain `http`; a network does not, because it says nothing about who
/// may read the traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    networks: Vec<IpNet>,
    hosts: Vec<(Host<String>, Option<u16>)>,
}

impl AllowList {
    /// Reads entries; an empty list allows nothing beyond the public internet.
    ///
    /// # Errors
    /// Names the first entry that cannot be used.
    pub fn parse<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self, AllowError> {
        let mut list = Self::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Ok(network) = entry.parse::<IpNet>() {
                if network.prefix_len() == 0 {
                    return Err(AllowError::TooWide(entry.to_owned()));
                }
                list.networks.push(network);
            } else {
                list.hosts.push(host_entry(entry)?);
            }
        }
        Ok(list)
    }

    /// Whether this host (and port) is opened by name.
    #[must_use]
    pub fn names(&self, host: &Host<String>, port: u16) -> bool {
        let host = without_final_dot(host.clone());
        self.hosts
            .iter()
            .any(|(allowed, at)| *allowed == host && at.is_none_or(|allowed| allowed == port))
    }

    /// Whether this address lies in an opened network.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// `example.com.` and `example.com` are the same host to every resolver.
fn without_final_dot(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        address => address,
    }
}

fn host_entry(entry: &str) -> Result<(Host<String>, Option<u16>), AllowError> {
    let refused = || AllowError::Entry(entry.to_owned());
    // A bare IPv6 address is full of colons, none of which starts a port.
    if let Ok(IpAddr::V6(address)) = entry.parse() {
        return Ok((Host::Ipv6(address), None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().map_err(|_| refused())?)),
        None => (entry, None),
    };
    let host = Host::parse(host).map_err(|_| refused())?;
    Ok((without_final_dot(host), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_networks_hosts_and_ports() {
        let list = AllowList::parse([
            "10.20.0.0/16",
            "Hooks.Internal:8443",
            "[fd00::5]:9000",
            "127.0.0.1",
        ])
        .unwrap();
        let host = |text: &str| Host::parse(text).unwrap();
        assert!(list.covers("10.20.3.4".parse().unwrap()));
        assert!(list.covers("::ffff:10.20.3.4".parse().unwrap()));
        assert!(!list.covers("10.21.3.4".parse().unwrap()));
        assert!(list.names(&host("hooks.internal"), 8443));
        assert!(list.names(&host("hooks.internal."), 8443));
        assert!(!list.names(&host("hooks.internal"), 443));
        assert!(list.names(&host("[fd00::5]"), 9000));
        assert!(list.names(&host("127.0.0.1"), 1));
    }

    #[test]
    fn refuses_what_means_nothing_or_everything() {
        assert_eq!(
            AllowList::parse(["a b"]),
            Err(AllowError::Entry("a b".to_owned()))
        );
        assert_eq!(
            AllowList::parse(["host:99999"]).unwrap_err(),
            AllowError::Entry("host:99999".to_owned())
        );
        assert_eq!(
            AllowList::parse(["0.0.0.0/0"]),
            Err(AllowError::TooWide("0.0.0.0/0".to_owned()))
        );
    }
}
