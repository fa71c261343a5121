//! Syslog on TLS: from openssl and rsyslog, with and without client certificates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use ringfence_sources::Identity;
use tokio::sync::Semaphore;

/// An authority, a server for 127.0.0.1, and clients, as PEM files.
struct Pki {
    dir: tempfile::TempDir,
    ca: Issuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().unwrap();
        fs::write(
            dir.path().join("ca.crt"),
            params.self_signed(&key).unwrap().pem(),
        )
        .unwrap();
        let pki = Self {
            dir,
            ca: Issuer::new(params, key),
        };
        pki.issue("server", &["127.0.0.1", "localhost"]);
        pki
    }

    fn issue(&self, name: &str, sans: &[&str]) {
        let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(sans).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.ca).unwrap();
        fs::write(self.dir.path().join(format!("{name}.crt")), cert.pem()).unwrap();
        fs::write(
            self.dir.path().join(format!("{name}.key")),
            key.serialize_pem(),
        )
        .unwrap();
    }

    fn path(&self, file: &str) -> String {
        self.dir.path().join(file).display().to_string()
    }

    fn listener(&self, extra: &str) -> String {
        format!(
            "[[syslog_tls]]\nname='s'\nlisten='127.0.0.1:0'\nsource='pbx'\n\
             allow=['127.0.0.0/8']\ntls.cert_file='{}'\ntls.key_file='{}'\n{extra}",
            self.path("server.crt"),
            self.path("server.key")
        )
    }

    fn mutual(&self, clients: &str) -> String {
        let ca = self.path("ca.crt");
        self.listener(&format!("tls.client_ca='{ca}'\ntls.clients=[{clients}]\n"))
    }
}

/// Sends bytes with `openssl s_client`; whether the connection came up.
async fn openssl(r: &Running, args: &[&str], bytes: &'static [u8]) -> bool {
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-verify_return_error",
            "-connect",
        ])
        .arg(r.addr().to_string())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // A refused client may be gone before this is written.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait().unwrap().success()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn the_certificate_made_at_first_start_serves_old_and_new_tls() {
    if !have("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut r = start_with(SYSLOG_TLS, dir.path(), Semaphore::MAX_PERMITS).await;
    let ca = dir.path().join("tls/self-signed.crt").display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let args = ["-CAfile", &ca, "-verify_hostname", "localhost", version];
        assert!(openssl(&r, &args, b"7 <13>one").await);
        let got = r.next().await;
        assert_eq!(got.text(), "<13>one");
        assert!(
            !got.origin.authority.authenticated,
            "an address proves nothing"
        );
    }
    // What openssl prints as the fingerprint is what we print.
    let printed = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in", &ca])
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let ours = Identity::self_signed(dir.path(), None)
        .unwrap()
        .fingerprint();
    assert!(
        printed
            .trim()
            .ends_with(ours.trim_start_matches("sha-256:"))
    );
}

#[tokio::test]
async fn client_certificates_say_which_source_speaks() {
    if !have("openssl") {
        return;
    }
    let pki = Pki::new();
    pki.issue("alpha", &["alpha.example.org"]);
    pki.issue("beta", &[]);
    pki.issue("gamma", &["gamma.example.org"]);
    let listed = "{subject='Alpha.example.org',source='pbx-a'},{subject='beta',source='pbx-b'}";
    let mut r = start(&pki.mutual(listed)).await;
    let ca = pki.path("ca.crt");
    for (client, source) in [("alpha", "pbx-a"), ("beta", "pbx-b")] {
        let (cert, key) = (
            pki.path(&format!("{client}.crt")),
            pki.path(&format!("{client}.key")),
        );
        openssl(
            &r,
            &["-cert", &cert, "-key", &key, "-CAfile", &ca],
            b"7 <13>one",
        )
        .await;
        let got = r.next().await;
        assert_eq!(got.origin.source.as_str(), source);
        assert!(got.origin.authority.authenticated && got.origin.authority.call_state);
    }
    // A certificate of the right authority that is not listed; then none at all.
    let (cert, key) = (pki.path("gamma.crt"), pki.path("gamma.key"));
    openssl(
        &r,
        &["-CAfile", &ca, "-cert", &cert, "-key", &key],
        b"7 <13>one",
    )
    .await;
    r.until(|c| c.refused_peer == 1).await;
    openssl(&r, &["-CAfile", &ca], b"7 <13>one").await;
    r.until(|c| c.tls_failures == 1).await;
    // One of another authority.
    let other = Pki::new();
    other.issue("alpha", &["alpha.example.org"]);
    let (cert, key) = (other.path("alpha.crt"), other.path("alpha.key"));
    openssl(
        &r,
        &["-CAfile", &ca, "-cert", &cert, "-key", &key],
        b"7 <13>one",
    )
    .await;
    r.until(|c| c.tls_failures == 2).await;
    assert_eq!(r.handle.counters().received, 2);
}

#[tokio::test]
async fn plain_text_on_the_tls_port_is_a_failed_handshake() {
    let pki = Pki::new();
    let r = start(&pki.listener("")).await;
    let mut stream = std::net::TcpStream::connect(r.addr()).unwrap();
    stream.write_all(b"<13>not encrypted\n").unwrap();
    r.until(|c| c.tls_failures == 1).await;
    assert!(r.drain().await.is_empty());
}

/// Starts rsyslogd in the foreground with its own folder, sending a file's lines to us.
fn rsyslog(dir: &Path, action: &str) -> Killed {
    fs::write(dir.join("in.log"), "call one\ncall two\n").unwrap();
    let at = dir.display();
    let conf = format!(
        "global(workDirectory=\"{at}\")\nmodule(load=\"imfile\" mode=\"inotify\")\n\
         input(type=\"imfile\" File=\"{at}/in.log\" Tag=\"pbx:\")\n{action}\n"
    );
    fs::write(dir.join("rsyslog.conf"), conf).unwrap();
    let child = Command::new("/usr/sbin/rsyslogd")
        .args(["-n", "-f"])
        .arg(dir.join("rsyslog.conf"))
        .arg("-i")
        .arg(dir.join("pid"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Killed(child)
}

#[tokio::test]
async fn rsyslog_forwards_counted_frames() {
    if !have("rsyslogd") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut r = start(SYSLOG_TCP).await;
    let action = format!(
        "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" \
         TCP_Framing=\"octet-counted\" Template=\"RSYSLOG_SyslogProtocol23Format\")",
        r.port()
    );
    let _peer = rsyslog(dir.path(), &action);
    for want in ["call one", "call two"] {
        let got = r.next().await.text();
        assert!(got.contains(want) && got.contains("<133>1 "), "{got}");
    }
    assert_eq!(r.handle.counters().framing_errors, 0);
}

#[tokio::test]
async fn rsyslog_forwards_with_its_own_certificate() {
    if !have("rsyslogd") {
        return;
    }
    let pki = Pki::new();
    pki.issue("rsyslog", &["rsyslog.example.org"]);
    let mut r = start(&pki.mutual("{subject='rsyslog.example.org',source='collector'}")).await;
    let action = format!(
        "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" \
         TCP_Framing=\"octet-counted\" StreamDriver=\"ossl\" StreamDriverMode=\"1\" \
         StreamDriverAuthMode=\"x509/certvalid\" StreamDriver.CAFile=\"{}\" \
         StreamDriver.CertFile=\"{}\" StreamDriver.KeyFile=\"{}\")",
        r.port(),
        pki.path("ca.crt"),
        pki.path("rsyslog.crt"),
        pki.path("rsyslog.key"),
    );
    let dir = tempfile::tempdir().unwrap();
    let _peer = rsyslog(dir.path(), &action);
    for want in ["call one", "call two"] {
        let got = r.next().await;
        assert!(got.text().contains(want), "{got:?}");
        assert_eq!(got.origin.source.as_str(), "collector");
    }
}
