//! Alerts told to other systems.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ringfence_crypto::SigningSecret;
use serde_json::{Value, json};

use crate::alerts::attack;
use crate::running::{Start, eventually};

/// What a receiver got.
struct Delivery {
    headers: Vec<(String, String)>,
    body: String,
}

impl Delivery {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        &found.unwrap_or_else(|| panic!("no `{name}`")).1
    }

    /// As the Standard Webhooks libraries check it.
    fn is_signed_with(&self, secret: &str) -> bool {
        let secret = SigningSecret::parse(secret).unwrap();
        let (id, sent) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let wanted = secret.sign(&[
            id.as_bytes(),
            b".",
            sent.as_bytes(),
            b".",
            self.body.as_bytes(),
        ]);
        self.header("webhook-signature")
            .split(' ')
            .any(|s| s == format!("v1,{wanted}"))
    }
}

/// A receiver on this machine that takes everything.
fn receiver() -> (SocketAddr, Receiver<Delivery>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, take) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut headers = Vec::new();
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                if let Some((name, value)) = line.trim_end().split_once(": ") {
                    headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let length = headers.iter().find(|(n, _)| n == "content-length");
            let Some(length) = length.and_then(|(_, v)| v.parse().ok()) else {
                continue;
            };
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            let _ = stream.get_mut().write_all(answer);
            let body = String::from_utf8(body).unwrap();
            if give.send(Delivery { headers, body }).is_err() {
                return;
            }
        }
    });
    (address, take)
}

fn webhook(url: &str) -> Value {
    json!({"name": "on call", "url": url, "scope": "all", "min_severity_id": 3})
}

#[test]
fn a_webhook_into_the_own_network_is_refused_unless_it_is_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let (address, deliveries) = receiver();
    let port = address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://2130706433/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "no url".to_owned(),
    ] {
        let (status, answer) = server.post("/api/v1/webhooks", &webhook(&url));
        assert_eq!(status, 400, "{url}: {answer}");
        assert!(
            answer["detail"].as_str().unwrap().starts_with("url: "),
            "{answer}"
        );
    }
    // A name that leads there is refused at the latest when it is used.
    let (status, made) = server.post(
        "/api/v1/webhooks",
        &webhook(&format!("https://localhost:{port}/")),
    );
    if status == 201 {
        let id = made["webhook"]["id"].as_str().unwrap();
        assert_eq!(
            server
                .post(&format!("/api/v1/webhooks/{id}/test"), &json!({}))
                .0,
            202
        );
        eventually("the attempt is refused", 15, || {
            let (_, list) = server.get(&format!("/api/v1/webhooks/{id}/deliveries"));
            let first = list["items"].as_array()?.first()?.clone();
            (first["attempts"].as_u64() > Some(0)).then_some(())
        });
    } else {
        assert_eq!(status, 400, "{made}");
    }
    assert!(deliveries.try_recv().is_err(), "nothing got there");
}

#[test]
fn an_allowed_webhook_is_told_of_alerts_and_can_check_who_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (address, deliveries) = receiver();
    let config = format!("[webhooks]\nallow = [\"{address}\"]\n");
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let (status, made) = server.post(
        "/api/v1/webhooks",
        &webhook(&format!("http://{address}/hook?key=hidden")),
    );
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let id = made["webhook"]["id"].as_str().unwrap();
    // The secret is shown once, and the path, which may hold one, never.
    let (_, listed) = server.get("/api/v1/webhooks");
    assert!(
        !listed.to_string().contains(secret) && !listed.to_string().contains("hidden"),
        "{listed}"
    );

    assert_eq!(
        server
            .post(&format!("/api/v1/webhooks/{id}/test"), &json!({}))
            .0,
        202
    );
    let wait = Duration::from_secs(15);
    let test = deliveries.recv_timeout(wait).expect("the test message");
    assert!(test.is_signed_with(secret));
    let body: Value = serde_json::from_str(&test.body).unwrap();
    assert_eq!(body["type"], "webhook.test");

    attack(&server, 9..10);
    let told = deliveries.recv_timeout(wait).expect("the alert");
    assert!(told.is_signed_with(secret));
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(body["type"], "alert.opened");
    assert_eq!(
        body["data"]["alert"]["entity_value"], "203.0.113.9",
        "{body}"
    );
    let forged = Delivery {
        body: told.body.replace("203.0.113.9", "203.0.113.8"),
        headers: told.headers,
    };
    assert!(!forged.is_signed_with(secret));
    assert!(!server.log_text().contains(secret));
}
