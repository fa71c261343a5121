//! The certificate that lets Ringfence speak TLS before anyone has given it one.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use super::{TlsError, file};

/// Years that it is good for. Clients pin it, so that a short life would only break them.
const YEARS: i32 = 10;

/// Where it lies.
pub(super) struct Files {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// Makes the identity if it is not there.
pub(super) fn ensure(data_dir: &Path, listen: Option<IpAddr>) -> Result<Files, TlsError> {
    let dir = data_dir.join("tls");
    let files = Files {
        cert: dir.join("self-signed.crt"),
        key: dir.join("self-signed.key"),
    };
    let half = |missing: &Path| TlsError::Half {
        missing: missing.display().to_string(),
    };
    match (files.cert.exists(), files.key.exists()) {
        (true, true) => Ok(files),
        (true, false) => Err(half(&files.key)),
        // The certificate is written last: a key alone is a first start that was cut short.
        (false, _) => make(&files, listen).map(|()| files),
    }
}

fn make(files: &Files, listen: Option<IpAddr>) -> Result<(), TlsError> {
    let failed = |e: rcgen::Error| TlsError::Make(e.to_string());
    let mut params = CertificateParams::new(names(listen)).map_err(failed)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Ringfence self-signed");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let year = this_year();
    // A client's clock may be behind ours.
    params.not_before = date_time_ymd(year - 1, 1, 1);
    params.not_after = date_time_ymd(year + YEARS, 1, 1);
    let key = KeyPair::generate().map_err(failed)?;
    let cert = params.self_signed(&key).map_err(failed)?;

    file::make_folder(&files.key)?;
    file::write(&files.key, 0o600, &key.serialize_pem())?;
    file::write(&files.cert, 0o644, &cert.pem())
}

fn names(listen: Option<IpAddr>) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    // A host name may hold what no certificate may: then it is left out.
    if rustls::pki_types::DnsName::try_from(host).is_ok() {
        names.push(host.to_owned());
    }
    names.extend(
        listen
            .filter(|ip| !ip.is_unspecified())
            .map(|ip| ip.to_string()),
    );
    names.sort();
    names.dedup();
    names
}

fn this_year() -> i32 {
    const MEAN_YEAR_MS: i64 = 31_556_952_000;
    i32::try_from(crate::clock::now().0 / MEAN_YEAR_MS).map_or(2026, |years| 1970 + years)
}

#[cfg(test)]
mod tests {
    use super::super::Identity;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = Identity::self_signed(dir.path(), None).unwrap();
        let again = Identity::self_signed(dir.path(), None).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), "sha-256:".len() + 32 * 3 - 1);
        let key = dir.path().join("tls/self-signed.key");
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{first:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_first_start_cut_short_is_repaired_and_a_lost_key_is_told() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("tls")).unwrap();
        fs::write(dir.path().join("tls/self-signed.key"), "half").unwrap();
        Identity::self_signed(dir.path(), None).unwrap();
        fs::remove_file(dir.path().join("tls/self-signed.key")).unwrap();
        let error = Identity::self_signed(dir.path(), None).unwrap_err();
        assert!(matches!(error, TlsError::Half { .. }), "{error}");
    }
}
