//! TLS towards receivers: the platform's roots and, if configured, the house's own.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The extra CA file is not a list of PEM certificates.
    #[error("the extra CA file is not PEM certificates: {0}")]
    ExtraCa(String),
    /// The extra CA file holds no certificate at all.
    #[error("the extra CA file holds no certificate")]
    NoExtraCa,
    /// No roots on this machine, or the library refused them.
    #[error("no TLS roots: install the package `ca-certificates` or name a CA file: {0}")]
    Roots(rustls::Error),
}

/// Verification is the platform's; there is no way to switch it off.
pub(crate) fn client_config(extra_ca_pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, TlsError> {
    let extra = match extra_ca_pem {
        Some(pem) => read_certificates(pem)?,
        None => Vec::new(),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(extra, provider.clone()).map_err(TlsError::Roots)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Roots)?
        // The name of the builder's door for any verifier of one's own; the one put
        // in checks chain, name and validity with the platform's roots.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|error| TlsError::ExtraCa(error.to_string()))?;
    if certificates.is_empty() {
        Err(TlsError::NoExtraCa)
    } else {
        Ok(certificates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_ca_file_must_hold_certificates() {
        assert!(matches!(
            client_config(Some(b"hello")),
            Err(TlsError::NoExtraCa)
        ));
        let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            client_config(Some(broken)),
            Err(TlsError::ExtraCa(_))
        ));
    }
}
