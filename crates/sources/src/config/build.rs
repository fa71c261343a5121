//! From what was written to what can run, with every mistake told at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use ringfence_event::{Name, Origin};

use super::mistake::MAX_NETWORKS;
use super::{
    Listener, ListenersConfig, Mistake, Problem, Protocol, Side, Stream, TlsConfig, TlsSetup, Wire,
};
use crate::listener::{Clients, HepKey, Peers};
use crate::tls::{self, Door, Identity, TlsError, normalise_subject};

/// Largest HEP3 packet: its length has 16 bits.
const HEP_MAX: usize = 65_535;

/// What a listener's configuration refers to.
pub struct Surroundings<'a> {
    /// The credential of a source, by name.
    pub source: &'a dyn Fn(&str) -> Option<Origin>,
    /// Who the holders of client certificates are, where that is known.
    pub clients: Option<&'a Clients>,
    /// The data folder, where the self-signed certificate is made when a listener needs it.
    pub data_dir: &'a Path,
}

impl ListenersConfig {
    /// Checks everything and makes the listeners.
    ///
    /// Reads the files that the configuration names, and makes the self-signed certificate in the
    /// data folder if a listener needs it and it is not there.
    ///
    /// # Errors
    /// All mistakes. Fails closed: with one mistake, no listener is made.
    pub fn build(&self, around: &Surroundings<'_>) -> Result<Vec<Listener>, Vec<Mistake>> {
        let mut b = Builder::new(around);
        for (i, c) in self.syslog_udp.iter().enumerate() {
            b.at(format!("listeners.syslog_udp[{i}]"));
            let wire = b.udp(c.plain_udp, c.receive_buffer_bytes);
            let trust = Trust::address(&c.allow);
            b.listener(
                Protocol::Syslog,
                &c.name,
                &c.listen,
                &c.source,
                &trust,
                wire,
            );
        }
        for (i, c) in self.syslog_tcp.iter().enumerate() {
            b.at(format!("listeners.syslog_tcp[{i}]"));
            let stream = b.stream(c.max_connections, c.idle_secs, c.stall_secs);
            let stream = b.limited(stream, c.max_message_bytes);
            let trust = Trust::address(&c.allow);
            let wire = Some(Wire::Tcp(stream));
            b.listener(
                Protocol::Syslog,
                &c.name,
                &c.listen,
                &c.source,
                &trust,
                wire,
            );
        }
        for (i, c) in self.syslog_tls.iter().enumerate() {
            b.at(format!("listeners.syslog_tls[{i}]"));
            let stream = b.stream(c.max_connections, c.idle_secs, c.stall_secs);
            let stream = b.limited(stream, c.max_message_bytes);
            let wire = b.tls(&c.tls, &c.listen).map(|tls| Wire::Tls(stream, tls));
            let trust = Trust {
                certificate: c.tls.asks(),
                instead: ", or check client certificates with `tls.client_ca`",
                ..Trust::address(&c.allow)
            };
            b.listener(
                Protocol::Syslog,
                &c.name,
                &c.listen,
                &c.source,
                &trust,
                wire,
            );
        }
        for (i, c) in self.hep_udp.iter().enumerate() {
            b.at(format!("listeners.hep_udp[{i}]"));
            let wire = b.udp(c.plain_udp, c.receive_buffer_bytes);
            let trust = Trust {
                key: b.key(c.auth_key_file.as_deref()),
                ..Trust::address(&c.allow)
            };
            b.listener(Protocol::Hep, &c.name, &c.listen, &c.source, &trust, wire);
        }
        for (i, c) in self.hep_tcp.iter().enumerate() {
            b.at(format!("listeners.hep_tcp[{i}]"));
            let mut stream = b.stream(c.max_connections, c.idle_secs, c.stall_secs);
            stream.max_message = HEP_MAX;
            let wire = match &c.tls {
                None => Some(Wire::Tcp(stream)),
                Some(tls) => b.tls(tls, &c.listen).map(|tls| Wire::Tls(stream, tls)),
            };
            let trust = Trust {
                allow: &c.allow,
                key: b.key(c.auth_key_file.as_deref()),
                // a key that cannot be read is one mistake, not two
                keyed: c.auth_key_file.is_some(),
                certificate: c.tls.as_ref().is_some_and(TlsConfig::asks),
                instead: ", or ask for a key with `auth_key_file`",
            };
            b.listener(Protocol::Hep, &c.name, &c.listen, &c.source, &trust, wire);
        }
        b.finish()
    }
}

/// What tells a listener who its peers are.
struct Trust<'a> {
    allow: &'a [String],
    key: Option<HepKey>,
    /// A key that proves something: not over UDP.
    keyed: bool,
    certificate: bool,
    /// What else than an allow-list would do, for the explanation.
    instead: &'static str,
}

impl<'a> Trust<'a> {
    fn address(allow: &'a [String]) -> Self {
        Self {
            allow,
            key: None,
            keyed: false,
            certificate: false,
            instead: "",
        }
    }

    fn proves(&self) -> bool {
        self.keyed || self.certificate
    }
}

pub(super) struct Builder<'a> {
    around: &'a Surroundings<'a>,
    path: String,
    mistakes: Vec<Mistake>,
    listeners: Vec<Listener>,
    names: BTreeSet<Name>,
    /// Name of the listener on each address, UDP and TCP apart.
    addresses: BTreeMap<(bool, SocketAddr), String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(around: &'a Surroundings<'a>) -> Self {
        Self {
            around,
            path: String::new(),
            mistakes: Vec::new(),
            listeners: Vec::new(),
            names: BTreeSet::new(),
            addresses: BTreeMap::new(),
        }
    }

    pub(super) fn at(&mut self, path: String) {
        self.path = path;
    }

    fn finish(self) -> Result<Vec<Listener>, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            Ok(self.listeners)
        } else {
            Err(self.mistakes)
        }
    }

    /// What a builder of something else than listeners found wrong.
    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Names that are not free any more.
    pub(super) fn reserve(&mut self, names: impl IntoIterator<Item = Name>) {
        self.names.extend(names);
    }

    pub(super) fn mistake(&mut self, field: &str, problem: impl Into<Problem>) {
        self.mistakes.push(Mistake {
            path: format!("{}.{field}", self.path),
            problem: problem.into(),
        });
    }

    /// `T`, or a mistake on `field`.
    pub(super) fn keep<T, E: Into<Problem>>(
        &mut self,
        field: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|e| self.mistake(field, e)).ok()
    }

    fn listener(
        &mut self,
        protocol: Protocol,
        name: &str,
        listen: &str,
        source: &str,
        trust: &Trust<'_>,
        wire: Option<Wire>,
    ) {
        let name = self.name(name);
        let udp = matches!(wire, Some(Wire::Udp { .. }));
        let addr = self.address(listen, udp, name.as_ref());
        let peers = self.peers(trust);
        let origin = self.origin("source", source, trust.proves());
        if let (Some(name), Some(addr), Some(peers), Some(origin), Some(wire)) =
            (name, addr, peers, origin, wire)
        {
            self.listeners.push(Listener {
                name,
                addr,
                protocol,
                peers,
                origin,
                key: trust.key.clone(),
                wire,
            });
        }
    }

    pub(super) fn name(&mut self, written: &str) -> Option<Name> {
        let name = self.keep("name", Name::new(written))?;
        if !self.names.insert(name.clone()) {
            self.mistake("name", Problem::NameTaken(name.to_string()));
            return None;
        }
        Some(name)
    }

    fn address(&mut self, written: &str, udp: bool, name: Option<&Name>) -> Option<SocketAddr> {
        let Ok(addr) = written.parse::<SocketAddr>() else {
            self.mistake("listen", Problem::Address(shown(written)));
            return None;
        };
        // Port 0 is any free port: two of them never meet.
        if addr.port() != 0 {
            let name = name.map(ToString::to_string).unwrap_or_default();
            if let Some(other) = self.addresses.insert((udp, addr), name) {
                let address = addr.to_string();
                self.mistake("listen", Problem::AddressTaken { address, other });
                return None;
            }
        }
        Some(addr)
    }

    fn peers(&mut self, trust: &Trust<'_>) -> Option<Peers> {
        let mut networks = Vec::new();
        let before = self.mistakes.len();
        if trust.allow.len() > MAX_NETWORKS {
            self.mistake("allow", Problem::TooManyNetworks(trust.allow.len()));
            return None;
        }
        for (i, written) in trust.allow.iter().enumerate() {
            let network = network(written).ok_or_else(|| Problem::Network(shown(written)));
            networks.extend(self.keep(&format!("allow[{i}]"), network));
        }
        if trust.allow.is_empty() && !trust.proves() {
            self.mistake("allow", Problem::Anyone(trust.instead));
        }
        (self.mistakes.len() == before).then(|| Peers::new(networks))
    }

    /// The origin of a listener's records: the source's credential, less what this listener
    /// cannot vouch for.
    pub(super) fn origin(
        &mut self,
        field: &str,
        source: &str,
        proven: bool,
    ) -> Option<Arc<Origin>> {
        let Some(mut origin) = (self.around.source)(source) else {
            self.mistake(field, Problem::Source(shown(source)));
            return None;
        };
        // Only who proved who they are may influence a decision (DESIGN §8).
        origin.authority.authenticated = proven;
        origin.authority.call_state &= proven;
        Some(Arc::new(origin))
    }

    fn udp(&mut self, opted_in: bool, receive_buffer: usize) -> Option<Wire> {
        if !opted_in {
            self.mistake("plain_udp", Problem::PlainUdp);
        }
        self.range(
            "receive_buffer_bytes",
            receive_buffer as u64,
            65_536..=1 << 28,
        );
        Some(Wire::Udp { receive_buffer })
    }

    fn stream(&mut self, max_connections: usize, idle_secs: u64, stall_secs: u64) -> Stream {
        self.range("max_connections", max_connections as u64, 1..=65_536);
        self.range("idle_secs", idle_secs, 10..=604_800);
        self.range("stall_secs", stall_secs, 1..=3_600);
        Stream {
            max_connections,
            idle: Duration::from_secs(idle_secs),
            stall: Duration::from_secs(stall_secs),
            max_message: 0,
        }
    }

    fn limited(&mut self, stream: Stream, max_message: usize) -> Stream {
        // RFC 5425 §4.3.1: a receiver must be able to take messages of 2,048 bytes.
        self.range("max_message_bytes", max_message as u64, 2_048..=1 << 20);
        Stream {
            max_message,
            ..stream
        }
    }

    pub(super) fn range(&mut self, field: &str, got: u64, range: RangeInclusive<u64>) {
        if !range.contains(&got) {
            self.mistake(field, Problem::Range { got, range });
        }
    }

    fn key(&mut self, file: Option<&Path>) -> Option<HepKey> {
        let file = file?;
        let key = HepKey::read(file);
        self.keep("auth_key_file", key)
    }

    fn tls(&mut self, written: &TlsConfig, listen: &str) -> Option<TlsSetup> {
        let identity = match (&written.cert_file, &written.key_file) {
            (Some(cert), Some(key)) => {
                let identity = Identity::load(cert, key);
                self.keep("tls.cert_file", identity)
            }
            (None, None) => {
                let ip = listen.parse::<SocketAddr>().ok().map(|a| a.ip());
                let identity = Identity::self_signed(self.around.data_dir, ip);
                self.keep("tls.cert_file", identity)
            }
            _ => {
                self.mistake("tls.cert_file", Problem::HalfIdentity);
                None
            }
        };
        if written.by_source {
            return self.by_source(written, identity?);
        }
        if written.client_ca.is_none() && !written.clients.is_empty() {
            self.mistake("tls.clients", Problem::ClientsWithoutAuthority);
        }
        let mut clients = HashMap::new();
        for (i, client) in written.clients.iter().enumerate() {
            let field = format!("tls.clients[{i}]");
            let origin = self.origin(&format!("{field}.source"), &client.source, true);
            let subject = normalise_subject(&client.subject);
            if let Some(origin) = origin
                && clients.insert(subject, origin).is_some()
            {
                let twice = Problem::ClientTwice(shown(&client.subject));
                self.mistake(&format!("{field}.subject"), twice);
            }
        }
        let trusted = tls::Clients {
            ours: None,
            file: written.client_ca.clone(),
            must: written.client_ca.is_some(),
        };
        Some(TlsSetup {
            door: self.door(identity?, trusted)?,
            side: Side::Fixed,
            clients: Arc::new(clients),
        })
    }

    fn by_source(&mut self, written: &TlsConfig, identity: Identity) -> Option<TlsSetup> {
        if !written.clients.is_empty() {
            self.mistake("tls.clients", Problem::ClientsTwo);
        }
        let Some(clients) = self.around.clients else {
            self.mistake("tls.by_source", Problem::NoHolders);
            return None;
        };
        let trusted = tls::Clients {
            ours: Some(Arc::clone(&clients.authority)),
            file: written.client_ca.clone(),
            must: true,
        };
        Some(TlsSetup {
            door: self.door(identity, trusted)?,
            side: Side::BySource(Arc::clone(&clients.holders)),
            clients: Arc::default(),
        })
    }

    fn door(&mut self, identity: Identity, clients: tls::Clients) -> Option<Arc<Door>> {
        let door = Door::new(identity, &[], clients);
        let field = match &door {
            Err(TlsError::Unusable(_)) => "tls.cert_file",
            _ => "tls.client_ca",
        };
        self.keep(field, door).map(Arc::new)
    }
}

/// A network, or a single address as one.
fn network(written: &str) -> Option<IpNet> {
    let written = written.trim();
    written
        .parse::<IpNet>()
        .ok()
        .or_else(|| written.parse::<IpAddr>().ok().map(IpNet::from))
}

pub(super) fn shown(s: &str) -> String {
    ringfence_event::clip(&ringfence_event::neutralise(s), 80).into_owned()
}
