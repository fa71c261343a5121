//! Alerts told by mail, to a real mail server (aiosmtpd).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::alerts::attack;
use crate::running::{ADMIN, Server, Start, eventually, program};

/// A mail server; killed when dropped.
struct Peer {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    port: u64,
}

impl Peer {
    /// `None`, with a note, where aiosmtpd is not installed.
    fn start(mode: &str, dir: &Path) -> Option<Self> {
        let python = std::env::var_os("RINGFENCE_PYTHON").map(PathBuf::from);
        let python = python.unwrap_or_else(|| "python3".into());
        let there = Command::new(&python)
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status();
        if !there.is_ok_and(|s| s.success()) {
            assert!(std::env::var_os("CI").is_none(), "aiosmtpd is missing");
            eprintln!("left out: aiosmtpd is missing (scripts/peers.sh test)");
            return None;
        }
        let (cert, key) = certificate(dir);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(mode)
            .args([cert, key])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
        let (kept, out) = (Arc::clone(&lines), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap();
                kept.lock().unwrap().push(line);
            }
        });
        let mut peer = Self {
            child,
            lines,
            port: 0,
        };
        peer.port = peer.first(|l| l["port"].is_u64())["port"].as_u64().unwrap();
        Some(peer)
    }

    fn all(&self, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|l| fits(l)).cloned().collect()
    }

    #[track_caller]
    fn first(&self, fits: impl Fn(&Value) -> bool) -> Value {
        eventually("a line of the mail server", 60, || {
            self.all(&fits).into_iter().next()
        })
    }

    /// Mails to an address.
    fn mails(&self, to: &str) -> Vec<Value> {
        self.all(|l| l["to"] == json!([to]))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for `localhost`, which is its own authority.
fn certificate(dir: &Path) -> (PathBuf, PathBuf) {
    let (cert, key) = (dir.join("mail.pem"), dir.join("mail.key"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "extendedKeyUsage=serverAuth"])
        .arg("-out")
        .arg(&cert)
        .arg("-keyout")
        .arg(&key)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    (cert, key)
}

fn config(peer: &Peer, security: &str, more: &str) -> String {
    format!(
        "[mail]\nserver = \"localhost:{}\"\nsecurity = \"{security}\"\n\
         from = \"Ringfence <rf@example.com>\"\nat_most_every_secs = 1\n\
         link = \"https://rf.example.com/alerts/{{id}}\"\n{more}\n",
        peer.port
    )
}

fn recipient(name: &str, more: &str) -> String {
    format!("[[mail.recipient]]\nname = \"{name}\"\nto = [\"{name}@example.com\"]\n{more}\n")
}

fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let headers = mail["headers"].as_array().unwrap();
    let found = headers.iter().find(|h| h[0] == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {mail}"))[1]
        .as_str()
        .unwrap()
}

/// What became of the mails to a recipient, newest first.
fn deliveries(server: &Server, name: &str) -> Vec<Value> {
    let (status, page) = server.get(&format!("/api/v1/mail/mail.{name}/deliveries?limit=500"));
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}

#[test]
fn an_alert_reaches_whom_it_concerns_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let Some(peer) = Peer::start("plain", dir.path()) else {
        return;
    };
    let more = [
        recipient("soc", "min_severity = \"low\""),
        recipient("bank", "min_severity = \"low\"\nprograms = [\"bank\"]"),
        recipient(
            "other-rules",
            "min_severity = \"low\"\nrules = [\"no-such-rule\"]",
        ),
    ]
    .concat();
    let start = Start::on(&dir.path().join("data")).config(config(&peer, "plain", &more));
    let server = start.run();
    attack(&server, 9..10);
    let mail = peer.first(|l| l["to"] == json!(["soc@example.com"]));
    let alert = server.alert(20, |a| a["entity_value"] == "203.0.113.9");
    let (id, title) = (
        alert["id"].as_str().unwrap(),
        alert["title"].as_str().unwrap(),
    );
    let subject = header(&mail, "Subject");
    assert!(
        subject.contains(title) && subject.contains("203.0.113.9"),
        "{subject}"
    );
    let body = mail["body"].as_str().unwrap().replace("\r\n", "\n");
    assert!(
        body.starts_with(alert["message"].as_str().unwrap()),
        "{body}"
    );
    assert!(body.contains("First steps\n1. "), "{body}");
    assert!(
        body.ends_with(&format!("https://rf.example.com/alerts/{id}\n")),
        "{body}"
    );
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    eventually("it is settled", 20, || {
        (deliveries(&server, "soc")[0]["state"] == "delivered").then_some(())
    });
    assert!(deliveries(&server, "bank").is_empty());
    assert!(deliveries(&server, "other-rules").is_empty());
    // Webhooks and mail share a table and not their ways.
    assert_eq!(server.get("/api/v1/webhooks").1["items"], json!([]));
    let gone = server.request(reqwest::Method::DELETE, "/api/v1/webhooks/mail.soc", ADMIN);
    assert_eq!(crate::running::send(gone).0, 404);
}

#[test]
fn many_alerts_at_once_come_in_few_mails() {
    let dir = tempfile::tempdir().unwrap();
    let Some(peer) = Peer::start("plain", dir.path()) else {
        return;
    };
    let more = recipient("soc", "min_severity = \"low\"");
    let text = config(&peer, "plain", &more).replace("secs = 1", "secs = 5");
    let server = Start::on(&dir.path().join("data")).config(text).run();
    attack(&server, 1..31);
    eventually("all are told", 60, || {
        let all = deliveries(&server, "soc");
        (all.len() == 30 && all.iter().all(|d| d["state"] == "delivered")).then_some(())
    });
    let mails = peer.mails("soc@example.com");
    assert!(mails.len() <= 6, "30 alerts in {} mails", mails.len());
    assert!(
        mails
            .iter()
            .any(|m| header(m, "Subject").contains(" alerts, the highest "))
    );
}

#[test]
fn a_server_that_defers_is_asked_again_and_one_that_refuses_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let Some(peer) = Peer::start("plain", dir.path()) else {
        return;
    };
    let both = [recipient("later", ""), recipient("never", "")].concat();
    let server = Start::on(&dir.path().join("data"))
        .config(config(&peer, "plain", &both))
        .run();
    for name in ["later", "never"] {
        let path = format!("/api/v1/mail/mail.{name}/test");
        assert_eq!(server.post(&path, &json!({})).0, 202);
    }
    let dead = eventually("a 550 is final", 20, || {
        let first = deliveries(&server, "never").into_iter().next()?;
        (first["state"] == "dead").then_some(first)
    });
    assert!(
        dead["last_error"].as_str().unwrap().contains("550"),
        "{dead}"
    );
    eventually("a 450 is not", 20, || {
        let first = deliveries(&server, "later").into_iter().next()?;
        (first["state"] == "pending" && first["attempts"] == 1).then_some(())
    });
    let delivered = eventually("the third attempt goes through", 90, || {
        let first = deliveries(&server, "later").into_iter().next()?;
        (first["state"] == "delivered").then_some(first)
    });
    assert_eq!(delivered["attempts"], 2, "{delivered}");
    assert_eq!(peer.mails("later@example.com").len(), 1);
    assert_eq!(
        peer.all(|l| l["refused"] == "never@example.com").len(),
        1,
        "asked once"
    );
}

#[test]
fn mail_goes_over_tls_to_a_server_whose_certificate_fits_and_no_other() {
    for (mode, security) in [("starttls", "starttls"), ("tls", "tls")] {
        let dir = tempfile::tempdir().unwrap();
        let Some(peer) = Peer::start(mode, dir.path()) else {
            return;
        };
        let ca = dir.path().join("mail.pem");
        let trusting = format!("ca_file = \"{}\"\n{}", ca.display(), recipient("soc", ""));
        let server = Start::on(&dir.path().join("data"))
            .config(config(&peer, security, &trusting))
            .run();
        let url = server.url("");
        let test = || {
            program(&["mail", "test", "--format", "jsonl", "--server", &url])
                .env("RINGFENCE_TOKEN", ADMIN)
                .output()
                .unwrap()
        };
        let told = test();
        let out = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.code(), Some(0), "{out} {}", server.log_text());
        assert!(out.contains("\"delivered\""), "{out}");
        assert_eq!(peer.mails("soc@example.com")[0]["tls"], true);
        drop(server);

        // Without the authority nothing is sent, and nothing goes out in the clear.
        let server = Start::on(&dir.path().join("other"))
            .config(config(&peer, security, &recipient("soc", "")))
            .run();
        assert_eq!(server.post("/api/v1/mail/mail.soc/test", &json!({})).0, 202);
        let failed = eventually("the attempt fails", 30, || {
            let first = deliveries(&server, "soc").into_iter().next()?;
            (first["attempts"].as_u64() > Some(0)).then_some(first)
        });
        assert_eq!(failed["state"], "pending", "{failed}");
        assert_eq!(peer.mails("soc@example.com").len(), 1);
    }
}

#[test]
fn a_password_from_a_file_logs_in_and_never_shows() {
    let dir = tempfile::tempdir().unwrap();
    let Some(peer) = Peer::start("auth", dir.path()) else {
        return;
    };
    let (ca, secret) = (dir.path().join("mail.pem"), dir.path().join("secret"));
    std::fs::write(&secret, "geheim 7\n").unwrap();
    let login = format!(
        "ca_file = \"{}\"\nuser = \"ringfence\"\npassword_file = \"{}\"\n{}",
        ca.display(),
        secret.display(),
        recipient("soc", "")
    );
    let server = Start::on(&dir.path().join("data"))
        .config(config(&peer, "starttls", &login))
        .run();
    assert_eq!(server.post("/api/v1/mail/mail.soc/test", &json!({})).0, 202);
    let mail = peer.first(|l| l["to"].is_array());
    assert_eq!(
        (&mail["user"], &mail["tls"]),
        (&json!("ringfence"), &json!(true))
    );
    assert!(!server.log_text().contains("geheim"));
    assert!(!server.get("/api/v1/mail").1.to_string().contains("geheim"));
}

#[test]
fn a_restart_loses_no_mail_and_repeats_it_at_most_under_the_same_id() {
    let dir = tempfile::tempdir().unwrap();
    let Some(peer) = Peer::start("plain", dir.path()) else {
        return;
    };
    let data = dir.path().join("data");
    // Nobody listens there yet: what is queued waits.
    let more = recipient("soc", "min_severity = \"low\"");
    let deaf = config(&peer, "plain", &more).replace(&peer.port.to_string(), "1");
    let server = Start::on(&data).config(deaf).run();
    attack(&server, 1..6);
    eventually("all are queued", 30, || {
        (deliveries(&server, "soc").len() == 5).then_some(())
    });
    server.kill_now();
    drop(server);
    let server = Start::on(&data).config(config(&peer, "plain", &more)).run();
    eventually("all are told", 200, || {
        let all = deliveries(&server, "soc");
        all.iter().all(|d| d["state"] == "delivered").then_some(())
    });
    let ids: Vec<_> = peer
        .mails("soc@example.com")
        .iter()
        .map(|m| header(m, "Message-ID").to_owned())
        .collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "no mail twice: {ids:?}");
}
