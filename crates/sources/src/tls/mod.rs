//! TLS for every listener of Ringfence, the HTTP server's too: certificates from files or made
//! here, TLS 1.2 and 1.3, and who a client certificate speaks for.

mod client;
mod error;
mod identity;
mod self_signed;
mod server;
mod subject;

pub(crate) use client::client_config;
pub use error::TlsError;
pub use identity::Identity;
pub use server::{ClientAuth, server_config};
pub(crate) use subject::{normalise_subject, subjects};

#[doc(hidden)]
pub use subject::fuzz_subject;
