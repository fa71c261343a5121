//! What can be wrong with certificates and keys.

use std::path::Path;

use thiserror::Error;

/// A certificate or key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("`{path}` cannot be written: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// No PEM block of the kind wanted.
    #[error("`{path}` holds no {wanted} in PEM form: {reason}")]
    Pem {
        /// The file.
        path: String,
        /// Certificate or key.
        wanted: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// One half of the self-signed identity is missing.
    #[error(
        "`{missing}` is gone while its other half is there: restore it, or delete both to get a new certificate (senders that pinned the old one must be told)"
    )]
    Half {
        /// The file that is not there.
        missing: String,
    },
    /// The certificate and key do not go together, or cannot be used for TLS.
    #[error("the certificate and key cannot be used: {0}")]
    Unusable(String),
    /// Authorities cannot be used.
    #[error("`{path}` cannot be used to check certificates: {reason}")]
    Authorities {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The self-signed certificate cannot be made.
    #[error("the self-signed certificate cannot be made: {0}")]
    Make(String),
}

impl TlsError {
    pub(super) fn read(path: &Path, source: std::io::Error) -> Self {
        let path = path.display().to_string();
        Self::Read { path, source }
    }

    pub(super) fn write(path: &Path, source: std::io::Error) -> Self {
        let path = path.display().to_string();
        Self::Write { path, source }
    }

    /// A PEM reader's error, with the reading error it may hide told apart.
    pub(super) fn pem(
        path: &Path,
        wanted: &'static str,
        error: rustls::pki_types::pem::Error,
    ) -> Self {
        match error {
            rustls::pki_types::pem::Error::Io(source) => Self::read(path, source),
            rustls::pki_types::pem::Error::NoItemsFound => Self::Pem {
                path: path.display().to_string(),
                wanted,
                reason: "there is none in it".into(),
            },
            other => Self::Pem {
                path: path.display().to_string(),
                wanted,
                reason: other.to_string(),
            },
        }
    }
}
