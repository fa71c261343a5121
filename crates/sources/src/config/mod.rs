//! The configuration of listeners: what was written ([`ListenersConfig`]) and what is valid
//! ([`Listener`]), joined by [`ListenersConfig::build`].

mod build;
mod feeds;
mod mistake;
#[cfg(test)]
mod tests;
mod valid;
mod written;

pub use build::Surroundings;
pub use feeds::{FeedsConfig, FolderConfig, PbxConfig, PbxTlsConfig};
pub use mistake::{Mistake, Problem};
pub use valid::{Listener, Protocol};
pub(crate) use valid::{Side, Stream, TlsSetup, Wire};
pub use written::{
    ClientConfig, HepTcpConfig, HepUdpConfig, ListenersConfig, SyslogTcpConfig, SyslogTlsConfig,
    SyslogUdpConfig, TlsConfig,
};
