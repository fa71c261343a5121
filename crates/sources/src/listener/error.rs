//! Why a listener cannot start.

use std::io::ErrorKind;
use std::net::SocketAddr;

use thiserror::Error;

/// Why a listener cannot start.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Another program, or another listener, has the address.
    #[error(
        "listener `{name}`: `{addr}` is in use: stop the program that has it or choose another port"
    )]
    InUse {
        /// The listener.
        name: String,
        /// The address.
        addr: SocketAddr,
    },
    /// The port is one that needs a right.
    #[error(
        "listener `{name}`: `{addr}` may not be bound: ports under 1024 need the capability CAP_NET_BIND_SERVICE, or choose a port above"
    )]
    Denied {
        /// The listener.
        name: String,
        /// The address.
        addr: SocketAddr,
    },
    /// No interface has the address.
    #[error("listener `{name}`: no interface of this machine has `{addr}`")]
    NotHere {
        /// The listener.
        name: String,
        /// The address.
        addr: SocketAddr,
    },
    /// Anything else.
    #[error("listener `{name}`: the socket cannot be used: {source}")]
    Socket {
        /// The listener.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

impl ListenError {
    pub(super) fn bind(name: &str, addr: SocketAddr, source: std::io::Error) -> Self {
        let name = name.to_owned();
        match source.kind() {
            ErrorKind::AddrInUse => Self::InUse { name, addr },
            ErrorKind::PermissionDenied => Self::Denied { name, addr },
            ErrorKind::AddrNotAvailable => Self::NotHere { name, addr },
            _ => Self::Socket { name, source },
        }
    }
}
