//! Who opens connections and is slow keeps nobody else out; the token of automation stays at home.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::running::{ADMIN, Start, block_on, eventually};

/// A connection from another address, which has begun to say something.
fn trickle(server: SocketAddr, begun: &str) -> Option<TcpStream> {
    // Another address of loopback, so that the test's own requests are somebody else's.
    let socket = elsewhere()?;
    socket.connect(&server.into()).ok()?;
    let mut stream: TcpStream = socket.into();
    stream
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    stream.write_all(begun.as_bytes()).ok()?;
    Some(stream)
}

fn elsewhere() -> Option<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).ok()?;
    let from = SocketAddr::from(([127, 0, 0, 2], 0));
    socket.bind(&from.into()).ok()?;
    Some(socket)
}

#[test]
fn slow_senders_are_ended_and_others_are_served_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[server]\nmax_connections = 40\nmax_connections_of_one = 20\n";
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let to = server.address();
    let form = "POST /signin HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nlogin=";
    let intake = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\n\
         Content-Length: 1000\r\n\r\n{{"
    );
    let kinds = [
        form,
        &intake,
        "GET /signin HTTP/1.1\r\nHost: ",
        "PRI * HTTP/2.0\r\n\r\nSM",
        "",
    ];
    let begun = Instant::now();
    let mut open: Vec<_> = (0..100).filter_map(|n| trickle(to, kinds[n % 5])).collect();
    assert!(open.len() >= 20, "{}", open.len());
    eventually("all of them are ended", 40, || {
        assert_eq!(server.get("/readyz").0, 200, "others are served");
        open.retain_mut(|stream| {
            let mut byte = [0];
            let over = match stream.read(&mut byte) {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) => !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ),
            };
            !over && stream.write_all(b"x").is_ok()
        });
        open.is_empty().then_some(())
    });
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn whoever_sends_with_a_wrong_token_reads_that_it_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let url = format!(
        "https://localhost:{}/api/v1/events",
        server.address().port()
    );
    // Small enough to be on the way when the answer is made, and larger than what may be on the way.
    for bytes in [20, 300_000] {
        let body = dir.path().join("body");
        std::fs::write(&body, "a".repeat(bytes)).unwrap();
        for (n, version) in (0..10).flat_map(|n| [(n, "--http2"), (n, "--http1.1")]) {
            let answer = Command::new("curl")
                .args(["--silent", "--show-error", "--max-time", "20", version])
                .args(["--header", "Authorization: Bearer of nobody"])
                .arg("--cacert")
                .arg(dir.path().join("data/tls/self-signed.crt"))
                .arg("--data-binary")
                .arg(format!("@{}", body.display()))
                .arg(&url)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&answer.stdout);
            assert!(
                said.contains("send a valid token"),
                "{version} {bytes} {n}: {said} {}",
                String::from_utf8_lossy(&answer.stderr)
            );
        }
    }
}

#[test]
fn what_was_changed_is_on_the_log_though_nobody_waited_for_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    for n in 0..40 {
        let new = json!({
            "name": format!("gone-{n}"), "role": "analyst", "program": "default", "days": 30,
        });
        let request = server.request(Method::POST, "/api/v1/services", ADMIN);
        let patience = Duration::from_micros(500 * (n % 20));
        block_on(async {
            let _ = tokio::time::timeout(patience, request.json(&new).send()).await;
        });
    }
    eventually("each that was made was told", 20, || {
        let (_, all) = server.get("/api/v1/services");
        let names = all["items"].as_array().unwrap().iter();
        let made = names.filter(|one| one["name"].as_str().unwrap().starts_with("gone-"));
        let sql = "SELECT count(*) AS n FROM events WHERE class_uid = 3005 \
                   AND message LIKE 'service gone-%'";
        let told = server.sql(sql)[0]["n"].as_u64().unwrap();
        (made.count() as u64 == told && told > 0).then_some(())
    });
}

/// An address of this machine that is not loopback.
fn own_address() -> Option<IpAddr> {
    let answer = Command::new("hostname").arg("-I").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    text.split_whitespace()
        .filter_map(|word| word.parse::<IpAddr>().ok())
        .find(|address| address.is_ipv4() && !address.is_loopback())
}

#[test]
fn the_token_of_automation_is_good_on_loopback_only() {
    let Some(own) = own_address() else {
        eprintln!("left out: this machine has loopback alone");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
        ])
        .args(["-days", "2", "-subj", "/CN=test", "-addext"])
        .arg(format!(
            "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{own}"
        ))
        .args(["-keyout", &at("key.pem"), "-out", &at("cert.pem")])
        .output()
        .unwrap();
    assert!(made.status.success());
    let config = format!(
        "[server]\ntls_cert = \"{}\"\ntls_key = \"{}\"\n",
        at("cert.pem"),
        at("key.pem")
    );
    // Run where it is heard on every address of the machine.
    let mut serve =
        crate::running::program(&["serve", "--data", &at("data"), "--listen", "0.0.0.0:0"]);
    std::fs::write(at("ringfence.toml"), config).unwrap();
    let mut child = serve
        .args(["--config", &at("ringfence.toml")])
        .env("RINGFENCE_ADMIN_TOKEN", ADMIN)
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::File::create(at("log")).unwrap())
        .spawn()
        .unwrap();
    let port = eventually("it serves", 30, || {
        let log = std::fs::read_to_string(at("log")).unwrap();
        let line = log.lines().find(|line| line.contains("\"serving\""))?;
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let address: SocketAddr = line["address"].as_str()?.parse().ok()?;
        Some(address.port())
    });
    let asks = |host: &str| {
        let answer = Command::new("curl")
            .args([
                "--silent",
                "--max-time",
                "20",
                "--noproxy",
                "*",
                "--write-out",
                "\n%{http_code}",
            ])
            .args(["--cacert", &at("cert.pem"), "--header"])
            .arg(format!("Authorization: Bearer {ADMIN}"))
            .arg(format!("https://{host}:{port}/api/v1/status"))
            .output()
            .unwrap();
        let text = String::from_utf8(answer.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    };
    let (here, there) = (asks("127.0.0.1"), asks(&own.to_string()));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(here.0, "200", "{}", here.1);
    assert_eq!(there.0, "403", "{}", there.1);
    assert!(there.1.contains("machine itself"), "{}", there.1);
}
