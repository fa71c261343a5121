//! What a client certificate says of who is there.

use ringfence_crypto::sha256;
use ringfence_event::Time;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::authority::OURS;
use super::validity::validity;

/// Names of one certificate that are looked at.
const MOST_NAMES: usize = 64;

/// A client certificate that a verifier has accepted. It says who may be there; whether they are let
/// in, each request asks anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of it in DER.
    pub fingerprint: [u8; 32],
    /// Its DNS names and URIs as [`certificate_name`] writes them. Never its common name: who asks an
    /// authority for a certificate often chooses that freely.
    pub names: Vec<String>,
    /// Until when it is good: a connection may outlive it.
    pub not_after: Time,
}

impl ClientCertificate {
    /// Reads an accepted certificate. Fails closed: one that cannot be read is nobody's.
    #[must_use]
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        let (_, not_after) = validity(certificate)?;
        let dns = parsed.valid_dns_names().map(|name| format!("dns:{name}"));
        let uri = parsed.valid_uri_names().map(|name| format!("uri:{name}"));
        let names = dns
            .chain(uri)
            .filter_map(|name| certificate_name(&name).ok());
        Some(Self {
            fingerprint: sha256(certificate),
            names: names.take(MOST_NAMES).collect(),
            not_after,
        })
    }
}

/// One way to write by what a certificate is known: `sha-256:` and its fingerprint, `dns:` and a host
/// name, or `uri:` and a URI.
///
/// # Errors
/// In words, when it is none of these.
pub fn certificate_name(written: &str) -> Result<String, &'static str> {
    let written = written.trim();
    let Some((kind, name)) = written.split_once(':') else {
        return Err("`sha-256:…`, `dns:…` or `uri:…`");
    };
    match kind.to_ascii_lowercase().as_str() {
        "sha-256" => {
            let digest = name.replace(':', "").to_ascii_lowercase();
            let whole = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
            let wrong = "a fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits";
            whole.then(|| format!("sha-256:{digest}")).ok_or(wrong)
        }
        "dns" => {
            let host = name.to_ascii_lowercase();
            // A wildcard is no name of one sender.
            let good = rustls::pki_types::DnsName::try_from(host.as_str()).is_ok();
            let wrong = "after `dns:` stands a host name without wildcards";
            good.then(|| format!("dns:{host}")).ok_or(wrong)
        }
        "uri" => {
            let plain = name.bytes().all(|b| b.is_ascii_graphic());
            let good = plain && name.len() <= 1_024 && name.contains(':');
            // Those are said by our own certificates, which are known by their fingerprints.
            let foreign = !name.to_ascii_lowercase().starts_with(OURS);
            let wrong = "after `uri:` stands a URI such as `spiffe://example.org/pbx`";
            (good && foreign)
                .then(|| format!("uri:{name}"))
                .ok_or(wrong)
        }
        _ => Err("`sha-256:…`, `dns:…` or `uri:…`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    #[test]
    fn dns_names_and_uris_count_and_the_common_name_never() {
        let sans = vec!["PBX1.example.org".to_owned(), "*.example.org".to_owned()];
        let mut params = CertificateParams::new(sans).unwrap();
        for uri in ["spiffe://example.org/pbx", "ringfence:source:01M8"] {
            let uri = uri.to_owned().try_into().unwrap();
            params.subject_alt_names.push(SanType::URI(uri));
        }
        params
            .distinguished_name
            .push(DnType::CommonName, "crm.example.org");
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let read = ClientCertificate::read(made.der()).unwrap();
        let names = ["dns:pbx1.example.org", "uri:spiffe://example.org/pbx"];
        assert_eq!(read.names, names);
        assert_eq!(read.fingerprint, sha256(made.der()));
    }

    #[test]
    fn a_name_is_written_in_one_way() {
        let digest = "AB".repeat(32);
        let colons = "AB:".repeat(32);
        let lower = format!("sha-256:{}", "ab".repeat(32));
        for written in [format!("sha-256:{digest}"), format!("SHA-256:{colons}")] {
            assert_eq!(certificate_name(&written).as_ref(), Ok(&lower));
        }
        for wrong in [
            "pbx1",
            "cn:pbx1",
            "dns:*.example.org",
            "dns:",
            "sha-256:ab",
            "uri:ringfence:source:01M8",
            "uri:Ringfence:source:01M8",
            "uri:no scheme",
        ] {
            assert!(certificate_name(wrong).is_err(), "{wrong}");
        }
    }
}
