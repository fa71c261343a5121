//! The server's side of TLS.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::identity::certificates;
use super::{Identity, TlsError};

/// Whether clients must show a certificate.
#[derive(Debug, Clone)]
pub(super) enum ClientAuth {
    /// None is asked for.
    None,
    /// One that is shown must come from these authorities; whether one must be shown, the verifier
    /// says.
    Checked(Arc<dyn ClientCertVerifier>),
}

impl ClientAuth {
    /// Takes certificates from these authorities, and with `must` nobody without one. Of no authority
    /// none is asked for, unless one must be shown: then it is a mistake.
    pub(super) fn of(
        authorities: Vec<CertificateDer<'static>>,
        must: bool,
    ) -> Result<Self, TlsError> {
        if authorities.is_empty() && !must {
            return Ok(Self::None);
        }
        let failed = |e: &dyn std::fmt::Display| TlsError::Unusable(e.to_string());
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|e| failed(&e))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = match must {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        builder.build().map(Self::Checked).map_err(|e| failed(&e))
    }
}

/// The authorities in a PEM file.
pub(super) fn authorities(ca_file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for cert in certificates(ca_file)? {
        roots.add(cert).map_err(|e| unusable(ca_file, &e))?;
    }
    Ok(roots)
}

fn unusable(ca_file: &Path, reason: &dyn std::error::Error) -> TlsError {
    TlsError::Authorities {
        path: ca_file.display().to_string(),
        reason: reason.to_string(),
    }
}

/// A configuration for TLS 1.2 and 1.3 with the protocols in `alpn`, most wanted first (none for
/// syslog and HEP).
///
/// # Errors
/// When the certificate and key do not go together.
pub(super) fn server_config(
    identity: &Identity,
    clients: ClientAuth,
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |e: rustls::Error| TlsError::Unusable(e.to_string());
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?;
    let builder = match clients {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Checked(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let (chain, key) = identity.parts();
    let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    Ok(Arc::new(config))
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
