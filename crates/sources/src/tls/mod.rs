//! TLS for every listener of Ringfence, the HTTP server's too: certificates from files or made
//! here, TLS 1.2 and 1.3, and who a client certificate speaks for.

mod authority;
mod client;
mod client_certificate;
mod der;
mod door;
mod error;
mod file;
mod identity;
mod request;
mod self_signed;
mod server;
mod subject;
mod validity;

pub use authority::{CertificateAuthority, Issued};
pub(crate) use client::client_config;
pub use client_certificate::{ClientCertificate, certificate_name};
pub use door::{Clients, Door};
pub use error::TlsError;
pub use identity::Identity;
pub use request::{CertificateRequest, RequestError, new_request};
pub(crate) use subject::{normalise_subject, subjects};
pub use validity::validity;

#[doc(hidden)]
pub use request::fuzz_request;
#[doc(hidden)]
pub use subject::fuzz_subject;
#[doc(hidden)]
pub use validity::fuzz_validity;
