//! Who may send.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// An allow-list of networks.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    networks: Arc<[IpNet]>,
}

impl Peers {
    /// Empty only where something stronger than an address tells who sends: then all may.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self {
            networks: networks.into(),
        }
    }

    /// Whether this address may send. An IPv4 address that reached an IPv6 socket counts as the
    /// IPv4 address that it is.
    pub(crate) fn may_send(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|n| n.contains(&ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_networks_may_send() {
        let peers = Peers::new(vec![
            "10.1.0.0/16".parse().unwrap(),
            "::1/128".parse().unwrap(),
        ]);
        for (ip, may) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(peers.may_send(ip.parse().unwrap()), may, "{ip}");
        }
    }
}
