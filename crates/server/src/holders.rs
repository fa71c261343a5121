//! Whose client certificates are whose, as the state store says.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use ringfence_api::origin_of;
use ringfence_crypto::TokenHash;
use ringfence_event::Origin;
use ringfence_sources::{ClientCertificate, Holders};
use ringfence_state::{Shown, State};

use crate::clock;

/// The state store, asked by listeners.
pub(crate) struct StateHolders(pub State);

#[async_trait]
impl Holders for StateHolders {
    async fn origin(&self, certificate: &ClientCertificate, peer: IpAddr) -> Option<Arc<Origin>> {
        let now = clock::now();
        if certificate.not_after <= now {
            return None;
        }
        let fingerprint = TokenHash::of_digest(certificate.fingerprint);
        let names = &certificate.names;
        match self.0.by_certificate(fingerprint, names, now.0).await {
            Ok(Shown::Source(source)) if source.allows_peer(Some(peer)) => {
                origin_of(&source).ok().map(Arc::new)
            }
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "nobody could be let in by a client certificate");
                None
            }
        }
    }
}
