//! A listener that can run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ringfence_event::{Name, Origin};

use crate::Format;
use crate::framing::{Framer, HepFramer, SyslogFramer, without_keys};
use crate::listener::{HepKey, Holders, Peers};
use crate::tls::Door;

/// A listener whose configuration holds together. Made by
/// [`ListenersConfig::build`](super::ListenersConfig::build), run by [`run`](crate::run).
#[derive(Debug, Clone)]
pub struct Listener {
    pub(crate) name: Name,
    pub(crate) addr: SocketAddr,
    pub(crate) protocol: Protocol,
    pub(crate) peers: Peers,
    pub(crate) origin: Arc<Origin>,
    pub(crate) key: Option<HepKey>,
    pub(crate) wire: Wire,
}

/// What a listener's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Syslog messages.
    Syslog,
    /// HEP3 packets.
    Hep,
}

/// How the records arrive.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    Udp { receive_buffer: usize },
    Tcp(Stream),
    Tls(Stream, TlsSetup),
}

/// Bounds of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) max_connections: usize,
    pub(crate) idle: Duration,
    pub(crate) stall: Duration,
    pub(crate) max_message: usize,
}

/// The server's side of TLS, and which source each client is.
#[derive(Debug, Clone)]
pub(crate) struct TlsSetup {
    pub(crate) door: Arc<Door>,
    pub(crate) side: Side,
    /// Empty: every client whose certificate was accepted is the listener's own source.
    pub(crate) clients: Arc<HashMap<String, Arc<Origin>>>,
}

/// Who those are whose certificates are taken.
#[derive(Clone)]
pub(crate) enum Side {
    /// As the configuration says.
    Fixed,
    /// As the sources say, at each moment.
    BySource(Arc<dyn Holders>),
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed => "Fixed",
            Self::BySource(..) => "BySource",
        })
    }
}

impl Listener {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The address that it will bind.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.addr
    }

    /// What its records are.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// `udp`, `tcp` or `tls`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        match self.wire {
            Wire::Udp { .. } => "udp",
            Wire::Tcp(_) => "tcp",
            Wire::Tls(..) => "tls",
        }
    }

    /// The origins that its records can have, as far as the configuration says: its own source, and
    /// those of named clients.
    #[must_use]
    pub fn origins(&self) -> Vec<Arc<Origin>> {
        match &self.wire {
            Wire::Tls(_, setup) if !setup.clients.is_empty() => {
                let mut all: Vec<_> = setup.clients.values().cloned().collect();
                all.sort_by(|a, b| a.source.cmp(&b.source));
                all.dedup_by(|a, b| a.source == b.source);
                all
            }
            Wire::Tls(
                _,
                TlsSetup {
                    side: Side::BySource(..),
                    ..
                },
            ) => Vec::new(),
            _ => vec![Arc::clone(&self.origin)],
        }
    }
}

impl Protocol {
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Syslog => Format::Syslog,
            Self::Hep => Format::Hep,
        }
    }

    /// The bytes as they may be stored.
    pub(crate) fn storable(self, bytes: Bytes) -> Bytes {
        match self {
            Self::Syslog => bytes,
            Self::Hep => without_keys(bytes),
        }
    }

    pub(crate) fn framer(self, max_message: usize) -> Framer {
        match self {
            Self::Syslog => Framer::Syslog(SyslogFramer::new(max_message)),
            Self::Hep => Framer::Hep(HepFramer),
        }
    }
}
