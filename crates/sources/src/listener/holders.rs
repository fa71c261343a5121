//! Who the holders of client certificates are.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use ringfence_event::Origin;

use crate::tls::{CertificateAuthority, ClientCertificate};

/// Knows whose a client certificate is, at each moment.
#[async_trait]
pub trait Holders: Send + Sync + 'static {
    /// What the source may send that an accepted certificate lets in now, from an address. Fails closed:
    /// nothing when it lets no source in, that source sends from elsewhere, or neither can be said.
    async fn origin(&self, certificate: &ClientCertificate, peer: IpAddr) -> Option<Arc<Origin>>;
}

/// Our own authority, and who knows whose certificates are whose.
pub struct Clients {
    /// Certifies the keys of sources.
    pub authority: Arc<CertificateAuthority>,
    /// Knows whose a certificate is.
    pub holders: Arc<dyn Holders>,
}
