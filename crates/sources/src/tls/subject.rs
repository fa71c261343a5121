//! Who a client certificate speaks for (RFC 5425 §5).
//!
//! Reads certificates that the verifier has accepted; a name here opens nothing that the
//! authority has not signed.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::der::{OID, PRINTABLE_STRING, SEQUENCE, SET, UTF8_STRING, element};
use super::identity::fingerprint;

/// id-at-commonName, 2.5.4.3, as DER writes it.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];

/// The names under which a client may be listed, in the form of [`normalise_subject`], strongest
/// first: its fingerprint, its DNS names, and its common name where it has no DNS name (§5.2).
pub(crate) fn subjects(cert: &CertificateDer<'_>) -> Vec<String> {
    let mut names = vec![normalise_subject(&fingerprint(cert))];
    let Ok(parsed) = EndEntityCert::try_from(cert) else {
        return names;
    };
    // A wildcard is no name of one client.
    names.extend(
        parsed
            .valid_dns_names()
            .filter(|n| !n.contains('*'))
            .map(normalise_subject),
    );
    if names.len() == 1 {
        names.extend(common_name(parsed.subject()).map(normalise_subject));
    }
    names
}

/// One way to write a subject: lower case, fingerprints without colons.
pub(crate) fn normalise_subject(written: &str) -> String {
    let lower = written.trim().to_ascii_lowercase();
    match lower.strip_prefix("sha-256:") {
        Some(digest) => format!("sha-256:{}", digest.replace(':', "")),
        None => lower,
    }
}

/// The last common name of a distinguished name (the most specific one), from the contents of its
/// DER sequence: `RDNSequence ::= SEQUENCE OF SET OF SEQUENCE { type, value }` (RFC 5280 §4.1.2.4).
fn common_name(mut rdns: &[u8]) -> Option<&str> {
    let mut found = None;
    while let Some((SET, mut set, rest)) = element(rdns) {
        rdns = rest;
        while let Some((SEQUENCE, attribute, others)) = element(set) {
            set = others;
            if let Some((OID, oid, value)) = element(attribute)
                && oid == COMMON_NAME
                && let Some((UTF8_STRING | PRINTABLE_STRING, text, _)) = element(value)
            {
                found = std::str::from_utf8(text).ok();
            }
        }
    }
    found
}

/// Never panics, and a common name is a part of the input.
#[doc(hidden)]
pub fn fuzz_subject(data: &[u8]) {
    if let Some(name) = common_name(data) {
        let inside = data
            .windows(name.len().max(1))
            .any(|w| w == name.as_bytes());
        assert!(name.is_empty() || inside);
    }
    let _ = subjects(&CertificateDer::from(data));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(sans: &[&str], common_name: &str) -> CertificateDer<'static> {
        let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(sans).unwrap();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Example");
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn dns_names_count_before_the_common_name() {
        let cert = certificate(&["PBX1.example.org", "*.example.org", "10.0.0.1"], "other");
        let names = subjects(&cert);
        assert_eq!(names[1..], ["pbx1.example.org"]);
        assert_eq!(names[0], normalise_subject(&fingerprint(&cert)));
        assert_eq!(names[0].len(), "sha-256:".len() + 64);
    }

    #[test]
    fn the_common_name_counts_alone() {
        assert_eq!(subjects(&certificate(&[], "PBX two"))[1..], ["pbx two"]);
        // an address is no DNS name
        assert_eq!(subjects(&certificate(&["10.0.0.1"], "pbx"))[1..], ["pbx"]);
    }

    proptest! {
        #[test]
        fn hostile_names_do_no_harm(data in any::<Vec<u8>>(), at in any::<prop::sample::Index>()) {
            fuzz_subject(&data);
            let cert = certificate(&[], "pbx");
            let parsed = EndEntityCert::try_from(&cert).unwrap();
            let mut name = parsed.subject().to_vec();
            let at = at.index(name.len());
            name[at] = data.first().copied().unwrap_or(0xff);
            fuzz_subject(&name);
        }
    }
}
