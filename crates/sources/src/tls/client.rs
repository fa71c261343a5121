//! Our side of TLS where a feed connects to somebody else.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;

use super::TlsError;
use super::server::{authorities, provider};

/// Trusts the authorities in a PEM file, and nobody else.
///
/// # Errors
/// When the file cannot be read or holds no usable authority.
pub(crate) fn client_config(ca_file: &Path) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = authorities(ca_file)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| TlsError::Unusable(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
