//! Where a listener or feed has its records from.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The other end of a listener or feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Our own socket that others send to.
    Socket(SocketAddr),
    /// A folder on this machine.
    Folder(PathBuf),
    /// A telephone system, by its kind and address.
    Pbx(&'static str, String),
}

impl Place {
    pub(crate) fn transport(&self) -> &'static str {
        match self {
            Self::Socket(_) => "socket",
            Self::Folder(_) => "folder",
            Self::Pbx(kind, _) => kind,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(addr) => addr.fmt(f),
            Self::Folder(path) => path.display().fmt(f),
            Self::Pbx(_, address) => address.fmt(f),
        }
    }
}
