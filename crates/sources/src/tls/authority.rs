//! Our own small authority: it certifies the keys of sources and services, and nothing else.
//!
//! Its key lies in the data folder for its owner alone, and is made when the first certificate is
//! asked for. Its certificate says what it may do, to everybody who reads it: sign certificates for
//! clients, directly, and for no name or address of a host. Before it ends, a new one with a new key
//! takes over; the old one is trusted as long as a certificate of it may live.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SanType, SerialNumber,
    date_time_ymd, string::Ia5String,
};
use ringfence_crypto::{random_array, sha256, sha256_hex, to_hex};
use ringfence_event::Time;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::identity::certificates;
use super::request::CertificateRequest;
use super::validity::validity;
use super::{TlsError, file};

const DAY_MS: i64 = 86_400_000;
/// For how long its own certificate is good.
const YEARS_MS: i64 = 5 * 366 * DAY_MS;
/// A new one takes over so long before the old one ends, and longer if certificates live longer.
const EARLY_MS: i64 = 90 * DAY_MS;
/// A client's clock may be behind ours.
const BEHIND_MS: i64 = 5 * 60_000;
/// What stands before the names of ours; nobody else's certificates are known by such a name.
pub(super) const OURS: &str = "ringfence:";

/// A certificate that was made.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// That of the authority, PEM.
    pub authority: String,
    /// SHA-256 of the certificate in DER.
    pub fingerprint: [u8; 32],
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// From when on it is good.
    pub not_before: Time,
    /// Until when it is good.
    pub not_after: Time,
}

/// The authority of an installation.
pub struct CertificateAuthority {
    /// Its key, its certificate, and older certificates that are trusted still: one file, so that they
    /// are written together or not at all.
    file: PathBuf,
    /// One signs or renews it at a time.
    signing: Mutex<()>,
    /// Its certificate first, then older ones, each with its end.
    trusted: RwLock<Vec<Trusted>>,
}

#[derive(Clone)]
struct Trusted {
    certificate: CertificateDer<'static>,
    until: Time,
}

impl CertificateAuthority {
    /// The authority in `data_dir/tls`, if one was made; else it is made when it is needed.
    ///
    /// # Errors
    /// When its file is there and cannot be read.
    pub fn open(data_dir: &Path) -> Result<Self, TlsError> {
        let file = data_dir.join("tls/authority.pem");
        let read = match file.exists() {
            true => certificates(&file)?,
            false => Vec::new(),
        };
        let trusted = read.into_iter().filter_map(Trusted::of).collect();
        Ok(Self {
            file,
            signing: Mutex::new(()),
            trusted: RwLock::new(trusted),
        })
    }

    /// Certifies a key for `owner`, such as `source:01M8…`, for so many days from `now` on.
    ///
    /// # Errors
    /// When the authority's file cannot be read or written.
    pub fn issue(
        &self,
        request: &CertificateRequest,
        owner: &str,
        days: u16,
        now: Time,
    ) -> Result<Issued, TlsError> {
        let life = i64::from(days) * DAY_MS;
        let (own, key) = self.signer(life, now)?;
        let serial = serial()?;
        let uri = Ia5String::try_from(format!("{OURS}{owner}")).map_err(failed)?;
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(now.0.saturating_sub(BEHIND_MS));
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(now.0.saturating_add(life));
        params.distinguished_name = name(&owner.replacen(':', " ", 1));
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::new(own_params(&key), &key);
        let made = params.signed_by(request, &issuer).map_err(failed)?;
        let (not_before, not_after) = validity(made.der()).ok_or_else(unreadable)?;
        Ok(Issued {
            certificate: made.pem(),
            authority: pem(&own),
            fingerprint: sha256(made.der()),
            serial: to_hex(&serial),
            not_before,
            not_after,
        })
    }

    /// Makes it if it is not there.
    ///
    /// # Errors
    /// As [`CertificateAuthority::issue`].
    pub fn ensure(&self, now: Time) -> Result<(), TlsError> {
        self.signer(0, now).map(drop)
    }

    /// The certificates that are trusted at a moment: its own, and older ones that have not ended.
    pub(super) fn trusted(&self, now: Time) -> Vec<CertificateDer<'static>> {
        let living = self.living(now).into_iter();
        living.map(|trusted| trusted.certificate).collect()
    }

    fn living(&self, now: Time) -> Vec<Trusted> {
        let all = self.trusted.read().unwrap_or_else(PoisonError::into_inner);
        let living = all.iter().filter(|trusted| trusted.until > now);
        living.cloned().collect()
    }

    /// The certificate and key that sign; new ones if those there are end too soon.
    fn signer(&self, life: i64, now: Time) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
        let _one = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.living(now);
        let needed = Time(now.0.saturating_add(life.max(EARLY_MS)));
        if let Some(own) = known.first()
            && own.until > needed
        {
            let read = PrivateKeyDer::from_pem_file(&self.file);
            let key = read.map_err(|e| TlsError::pem(&self.file, "private key", e))?;
            let key = KeyPair::from_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256);
            return Ok((own.certificate.clone(), key.map_err(failed)?));
        }
        self.make(known, now)
    }

    fn make(
        &self,
        older: Vec<Trusted>,
        now: Time,
    ) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let mut params = own_params(&key);
        params.serial_number = Some(SerialNumber::from_slice(&serial()?));
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(now.0.saturating_sub(BEHIND_MS));
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(now.0.saturating_add(YEARS_MS));
        let own = params.self_signed(&key).map_err(failed)?;
        let own = Trusted::of(own.der().clone()).ok_or_else(unreadable)?;
        let certificate = own.certificate.clone();
        let all: Vec<_> = std::iter::once(own).chain(older).collect();
        let mut text = key.serialize_pem();
        text.extend(all.iter().map(|trusted| pem(&trusted.certificate)));
        file::make_folder(&self.file)?;
        file::write(&self.file, 0o600, &text)?;
        *self.trusted.write().unwrap_or_else(PoisonError::into_inner) = all;
        Ok((certificate, key))
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthority")
            .finish_non_exhaustive()
    }
}

impl Trusted {
    fn of(certificate: CertificateDer<'static>) -> Option<Self> {
        let (_, until) = validity(&certificate)?;
        Some(Self { certificate, until })
    }
}

/// What it says of itself. Its name follows from its key, so that two of its certificates in one list
/// are told apart, and nothing has to be read back from them.
fn own_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let digest = sha256_hex(key.der_bytes());
    let digest = digest.get(..16).unwrap_or_default();
    params.distinguished_name = name(&format!("client authority {digest}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    // An empty name is every name (RFC 5280 section 4.2.1.10).
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: Vec::new(),
        excluded_subtrees: vec![
            GeneralSubtree::DnsName(String::new()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Ringfence");
    name.push(DnType::CommonName, common);
    name
}

/// 126 random bits: positive, and of one length (RFC 5280 section 4.1.2.2).
fn serial() -> Result<[u8; 16], TlsError> {
    let mut serial: [u8; 16] = random_array().map_err(|e| TlsError::Make(e.to_string()))?;
    let [first, ..] = &mut serial;
    *first = *first & 0x7f | 0x40;
    Ok(serial)
}

/// From 1970 to a moment, in whole seconds.
fn since_1970(ms: i64) -> Duration {
    Duration::from_secs(u64::try_from(ms.div_euclid(1_000)).unwrap_or(0))
}

fn pem(der: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

fn failed(error: rcgen::Error) -> TlsError {
    TlsError::Make(error.to_string())
}

fn unreadable() -> TlsError {
    TlsError::Make("it cannot be read back".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::new_request;
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW: Time = Time(1_790_000_000_000);

    fn request() -> CertificateRequest {
        CertificateRequest::from_pem(&new_request().unwrap().1).unwrap()
    }

    #[test]
    fn it_is_made_when_it_is_needed_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::open(dir.path()).unwrap();
        assert!(authority.trusted(NOW).is_empty());
        let first = authority.issue(&request(), "source:a", 90, NOW).unwrap();
        let again = CertificateAuthority::open(dir.path()).unwrap();
        let second = again.issue(&request(), "source:a", 90, NOW).unwrap();
        assert_eq!(first.authority, second.authority);
        assert_ne!(first.serial, second.serial);
        assert_eq!(first.not_after.0 - NOW.0, 90 * DAY_MS);
        let file = dir.path().join("tls/authority.pem");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_one_takes_over_before_its_end_and_the_old_one_is_trusted_until_then() {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::open(dir.path()).unwrap();
        let first = authority.issue(&request(), "source:a", 90, NOW).unwrap();
        let late = Time(NOW.0 + YEARS_MS - 100 * DAY_MS);
        let same = authority.issue(&request(), "source:a", 90, late).unwrap();
        assert_eq!(first.authority, same.authority);
        // A certificate of a year would outlive it.
        let other = authority.issue(&request(), "source:a", 366, late).unwrap();
        assert_ne!(first.authority, other.authority);
        assert_eq!(authority.trusted(late).len(), 2);
        assert_eq!(
            CertificateAuthority::open(dir.path())
                .unwrap()
                .trusted(late),
            authority.trusted(late)
        );
        assert_eq!(authority.trusted(Time(NOW.0 + YEARS_MS)).len(), 1);
    }
}
