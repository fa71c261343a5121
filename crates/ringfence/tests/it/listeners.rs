//! What the network brings: HEP and syslog.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ringfence_capture::hep::{Extra, Hep, ProtoType, encode};
use ringfence_capture::{CaptureReader, Limits, Output, Pipeline};
use serde_json::{Value, json};

use crate::running::{Server, Start, eventually, now_ms, ringfence, testdata};

const CONFIG: &str = r#"
version = 1
[[source]]
name = "sip"
program = "acme"
site = "berlin"
grants = ["call-state"]
[[source]]
name = "pbx-log"
program = "acme"
site = "berlin"
[[listeners.hep_udp]]
name = "hep"
listen = "127.0.0.1:0"
source = "sip"
allow = ["127.0.0.0/8"]
plain_udp = true
[[listeners.hep_tcp]]
name = "hep-tcp"
listen = "127.0.0.1:0"
source = "sip"
allow = ["127.0.0.0/8"]
[[listeners.syslog_udp]]
name = "udp"
listen = "127.0.0.1:0"
source = "pbx-log"
allow = ["127.0.0.0/8"]
plain_udp = true
[[listeners.syslog_tcp]]
name = "tcp"
listen = "127.0.0.1:0"
source = "pbx-log"
allow = ["127.0.0.0/8"]
[[listeners.syslog_tls]]
name = "tls"
listen = "127.0.0.1:0"
source = "pbx-log"
allow = ["127.0.0.0/8"]
[lake]
commit_secs = 1
"#;

fn server(dir: &Path) -> Server {
    Start::on(&dir.join("data")).config(CONFIG).run()
}

fn hep(src: SocketAddr, dst: SocketAddr, time_ns: u64, payload: &[u8]) -> Vec<u8> {
    encode(&Hep {
        ip_protocol: 17,
        src: src.ip(),
        dst: dst.ip(),
        src_port: src.port(),
        dst_port: dst.port(),
        time_ns,
        proto_type: ProtoType::SIP,
        capture_id: 7,
        auth_key: None,
        payload: Cow::Borrowed(payload),
        correlation_id: None,
        vlan: None,
        node: None,
        extra: Extra::default(),
        unknown: 0,
    })
    .unwrap()
}

/// SIP datagrams of a capture as HEP packets, dated now.
fn packets(capture: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(capture).unwrap();
    let (mut reader, mut pipeline) = (CaptureReader::new(), Pipeline::new(Limits::default()));
    let mut found = Vec::new();
    let mut rest = &bytes[..];
    loop {
        while let Some(packet) = reader.next_packet().unwrap() {
            pipeline.packet(&packet, &mut |out| {
                if let Output::Datagram(d) = out {
                    found.push((d.time_ns, d.src, d.dst, d.payload.to_vec()));
                }
            });
        }
        if rest.is_empty() {
            break;
        }
        let taken = reader.push(rest);
        rest = &rest[taken..];
    }
    let last = found.iter().map(|f| f.0).max().unwrap();
    let now = u64::try_from(now_ms()).unwrap() * 1_000_000;
    found
        .iter()
        .map(|(at, src, dst, payload)| hep(*src, *dst, now - (last - at), payload))
        .collect()
}

#[test]
fn sipvicious_on_the_wire_raises_alerts_for_scanning_and_password_guessing() {
    let Some(captures) = testdata("sip/captures") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let to = server.listener("hep");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut sent = 0;
    for name in ["svmap", "svwar", "svcrack"] {
        for packet in packets(&captures.join(format!("{name}.pcap"))) {
            socket.send_to(&packet, to).unwrap();
            sent += 1;
            // UDP has no way to say stop: what is sent waits until what came before has arrived.
            if sent % 200 == 0 {
                arrived(&server, sent);
            }
        }
    }
    arrived(&server, sent);
    let titles = eventually("both alerts", 15, || {
        let findings = server.sql("SELECT DISTINCT message FROM events WHERE class_uid = 2004");
        let text = json!(findings).to_string();
        (text.contains("SIP scanner at") && text.contains("guesses the SIP password"))
            .then_some(text)
    });
    assert!(titles.contains("127.0.0.1"), "{titles}");
    let alert = server.alert(5, |a| a["entity_kind"] == "src_ip");
    assert_eq!(
        (&alert["program"], &alert["site"]),
        (&json!("acme"), &json!("berlin"))
    );
}

fn arrived(server: &Server, sent: u64) {
    eventually("all packets arrived", 20, || {
        (server.count("SELECT count(*) AS n FROM events WHERE source = 'sip'") >= sent)
            .then_some(())
    });
}

/// Random enough to occur nowhere by chance.
const DIGEST: &str = "5f1d7c0b9aa84e22b3c0d4e1f6a79b83";
const SDES: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const PIN: &str = "83920174";

fn message(first: &str, headers: &str, kind: &str, body: &str) -> String {
    format!(
        "{first}\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK776a\r\nFrom: <sip:alice@example.com>;tag=19\r\n\
         To: <sip:bob@example.com>\r\nCall-ID: secret-call@10.0.0.9\r\nCSeq: 1 {}\r\n{headers}Content-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        first.split(' ').next().unwrap(),
        body.len()
    )
}

#[test]
fn secrets_in_signalling_are_nowhere_in_the_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let data = server.data().to_owned();
    let auth = format!(
        "Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"n1\", uri=\"sip:example.com\", response=\"{DIGEST}\"\r\n"
    );
    let sdp = format!(
        "v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SDES}\r\n"
    );
    let digits = format!("Signal={PIN}\r\nDuration=160\r\n");
    let messages = [
        message("REGISTER sip:example.com SIP/2.0", &auth, "text/plain", ""),
        message(
            "INVITE sip:bob@example.com SIP/2.0",
            "",
            "application/sdp",
            &sdp,
        ),
        message(
            "INFO sip:bob@example.com SIP/2.0",
            "",
            "application/dtmf-relay",
            &digits,
        ),
    ];
    let (src, dst) = (
        "10.0.0.9:5060".parse().unwrap(),
        "10.0.0.2:5060".parse().unwrap(),
    );
    let now = || u64::try_from(now_ms()).unwrap() * 1_000_000;
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut tcp = TcpStream::connect(server.listener("hep-tcp")).unwrap();
    for text in &messages {
        let packet = hep(src, dst, now(), text.as_bytes());
        udp.send_to(&packet, server.listener("hep")).unwrap();
        tcp.write_all(&packet).unwrap();
        // Half a message is refused and kept as a sample: that must be masked as well.
        let cut = hep(src, dst, now(), &text.as_bytes()[40..]);
        tcp.write_all(&cut).unwrap();
        // The same inside an OCSF event and a log line.
        let token_free = json!({"class_uid": 0, "time": now_ms(), "message": text});
        assert_eq!(
            server
                .events(crate::running::ADMIN, token_free.to_string())
                .0,
            200
        );
        let half = format!("{{\"class_uid\": 0, \"message\": {}", json!(text));
        assert_eq!(server.events(crate::running::ADMIN, half).0, 400);
    }
    arrived(&server, 6);
    eventually("in files", 20, || {
        let (_, status) = server.get("/api/v1/status");
        (status["lake"]["file_rows"].as_u64()? >= 9).then_some(())
    });
    let secrets = [DIGEST, SDES, PIN];
    let clauses: Vec<_> = secrets
        .iter()
        .flat_map(|s| {
            ["raw", "ocsf", "message", "enrichment"]
                .map(|c| format!("CAST({c} AS VARCHAR) LIKE '%{s}%'"))
        })
        .collect();
    let sql = format!(
        "SELECT count(*) AS n FROM events WHERE {}",
        clauses.join(" OR ")
    );
    assert_eq!(server.count(&sql), 0);
    // The columns would show it, if it were there.
    assert!(server.count("SELECT count(*) AS n FROM events WHERE raw LIKE '%alice%'") >= 3);
    let (_, quarantine) = server.get("/api/v1/quarantine?limit=500");
    for secret in secrets {
        assert!(
            !quarantine.to_string().contains(secret),
            "{secret} in quarantine"
        );
        assert!(!server.log_text().contains(secret), "{secret} in the log");
    }
    assert_eq!(server.stop().code(), Some(0));
    let stopped = ringfence(&[
        "query",
        "--data",
        data.to_str().unwrap(),
        "--format",
        "jsonl",
        &sql,
    ]);
    assert_eq!(stopped.out.trim(), "{\"n\":0}", "{}", stopped.err);
    for file in files(&data) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} in {}", file.display());
        }
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The row of a log line, waited for.
fn line(server: &Server, marker: &str) -> Value {
    eventually("the line arrives", 10, || {
        let sql = format!(
            "SELECT source, program, message, flags, raw FROM events WHERE raw LIKE '%{marker}%' OR message LIKE '%{marker}%'"
        );
        server.sql(&sql).into_iter().next()
    })
}

#[test]
fn what_logger_writes_arrives_over_udp_and_tcp() {
    if Command::new("logger")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        assert!(std::env::var_os("CI").is_none(), "logger is missing");
        eprintln!("left out: logger is missing");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let log = |listener: &str, args: &[&str], marker: &str| {
        let to = server.listener(listener);
        let port = to.port().to_string();
        let done = Command::new("logger")
            .args(["--server", "127.0.0.1", "--port", &port])
            .args(args)
            .arg(format!("{marker}: trunk registered"))
            .status()
            .unwrap();
        assert!(done.success());
        let row = line(&server, marker);
        assert_eq!(
            (&row["source"], &row["program"]),
            (&json!("pbx-log"), &json!("acme")),
            "{row}"
        );
        row
    };
    let udp = log("udp", &["--udp", "--rfc5424"], "marker-udp-5424");
    assert!(
        udp["flags"].to_string().contains("unauthenticated"),
        "{udp}"
    );
    log("udp", &["--udp", "--rfc3164"], "marker-udp-3164");
    log("tcp", &["--tcp", "--rfc5424"], "marker-tcp-5424");
    log(
        "tcp",
        &["--tcp", "--octet-count", "--rfc5424"],
        "marker-tcp-counted",
    );
}

#[test]
fn syslog_over_tls_arrives() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let to = server.listener("tls").to_string();
    let ca = server.data().join("tls/self-signed.crt");
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-verify_return_error",
            "-connect",
            &to,
            "-CAfile",
        ])
        .arg(ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let text = "<34>1 2026-11-22T09:30:00Z pbx-1 asterisk 7 - - marker-tls: trunk registered";
    let mut stdin = client.stdin.take().unwrap();
    write!(stdin, "{} {text}", text.len()).unwrap();
    stdin.flush().unwrap();
    let row = line(&server, "marker-tls");
    assert_eq!(row["source"], "pbx-log", "{row}");
    drop(stdin);
    let _ = client.kill();
    client.wait().unwrap();
}

#[test]
fn strangers_are_not_heard_and_plain_udp_must_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let narrow = CONFIG.replace("allow = [\"127.0.0.0/8\"]", "allow = [\"10.1.0.0/16\"]");
    let server = Start::on(&dir.path().join("data")).config(narrow).run();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_write_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let to = server.listener("udp");
    socket
        .send_to(b"<34>1 - h a - - - from a stranger", to)
        .unwrap();
    eventually("it is counted", 10, || {
        let (_, metrics) = server.get("/metrics");
        let metrics = metrics.as_str()?.to_owned();
        let refused =
            |l: &&str| !l.starts_with('#') && l.contains("refused_peer") && l.contains("udp");
        metrics
            .lines()
            .find(refused)
            .filter(|l| !l.ends_with(" 0"))
            .map(|_| ())
    });
    assert_eq!(
        server.count("SELECT count(*) AS n FROM events WHERE source = 'pbx-log'"),
        0
    );
    drop(server);
    let silent = CONFIG.replace("plain_udp = true\n", "");
    let refused = Start::on(&dir.path().join("other"))
        .config(silent)
        .refused();
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("plain_udp"), "{}", refused.err);
}
