//! A server's certificate chain and key.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ringfence_crypto::sha256;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{TlsError, self_signed};

/// A certificate chain, the server's own certificate first, and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Where both were read from.
    files: [PathBuf; 2],
}

impl Identity {
    /// Reads PEM files: the certificate with its chain, and the key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// When a file cannot be read or holds nothing of the kind.
    pub fn load(cert_file: &Path, key_file: &Path) -> Result<Self, TlsError> {
        let chain = certificates(cert_file)?;
        let key = PrivateKeyDer::from_pem_file(key_file)
            .map_err(|e| TlsError::pem(key_file, "private key", e))?;
        let files = [cert_file.to_owned(), key_file.to_owned()];
        Ok(Self { chain, key, files })
    }

    /// The self-signed identity of this installation: made in `data_dir/tls` at the first start
    /// (key mode 0600), read from there later. It names `localhost`, the host's name, the loopback
    /// addresses and `listen`; a client that knows its [`fingerprint`](Self::fingerprint) needs
    /// none of these.
    ///
    /// # Errors
    /// When the files cannot be read or written, or one of the two is gone.
    pub fn self_signed(data_dir: &Path, listen: Option<IpAddr>) -> Result<Self, TlsError> {
        let files = self_signed::ensure(data_dir, listen)?;
        Self::load(&files.cert, &files.key)
    }

    /// SHA-256 of the server's own certificate, written as RFC 5425 §4.2.2 does: `sha-256:AB:CD:…`
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.chain.first().map(fingerprint).unwrap_or_default()
    }

    /// The same files, read again.
    pub(super) fn again(&self) -> Result<Self, TlsError> {
        let [cert, key] = &self.files;
        Self::load(cert, key)
    }

    pub(super) fn files(&self) -> [&Path; 2] {
        let [cert, key] = &self.files;
        [cert, key]
    }

    pub(super) fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// All certificates of a PEM file; at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| TlsError::pem(file, "certificate", e))?;
    if read.is_empty() {
        let none = rustls::pki_types::pem::Error::NoItemsFound;
        return Err(TlsError::pem(file, "certificate", none));
    }
    Ok(read)
}

/// `sha-256:` and the digest in upper-case hexadecimal pairs.
pub(super) fn fingerprint(cert: &CertificateDer<'_>) -> String {
    let pairs: Vec<String> = sha256(cert).iter().map(|b| format!("{b:02X}")).collect();
    format!("sha-256:{}", pairs.join(":"))
}
