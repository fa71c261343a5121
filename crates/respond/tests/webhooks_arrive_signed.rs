//! One delivery against real receivers: signed, bounded, never somewhere else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::post;
use common::{NOW, Names, SECRET, delivery, serve};
use ringfence_respond::{AllowList, Blocked, Guard, SendError, SenderConfig, Sent, WebhookSender};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver that keeps what it gets.
async fn receiver() -> (std::net::SocketAddr, Seen) {
    let seen = Seen::default();
    let keep = Arc::clone(&seen);
    let handler = post(async move |headers: HeaderMap, body: String| {
        keep.lock().unwrap().push((headers, body));
        StatusCode::NO_CONTENT
    });
    (serve(Router::new().route("/hook", handler)).await, seen)
}

fn sender(allow: &[&str], names: &[(&str, &[&str])]) -> WebhookSender<Names> {
    let guard = Guard::new(AllowList::parse(allow).unwrap());
    WebhookSender::with_resolver(guard, SenderConfig::default(), Names::of(names)).unwrap()
}

/// Checks a signature as a receiver would, with nothing but Python's standard library.
const VERIFIER: &str = r#"
import base64, hashlib, hmac, sys
secret, message_id, timestamp, signature = sys.argv[1:]
body = sys.stdin.buffer.read()
key = base64.b64decode(secret.removeprefix("whsec_"))
signed = message_id.encode() + b"." + timestamp.encode() + b"." + body
expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
sys.exit(0 if hmac.compare_digest(expected, signature) else 1)
"#;

fn python_accepts(headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let mut python = Command::new("python3")
        .args(["-c", VERIFIER, SECRET])
        .args(["webhook-id", "webhook-timestamp", "webhook-signature"].map(header))
        .stdin(Stdio::piped())
        .spawn()
        .expect("python3 is needed to check signatures");
    python
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    python.wait().unwrap().success()
}

#[tokio::test]
async fn a_foreign_verifier_accepts_what_arrives_and_nothing_changed() {
    let (address, seen) = receiver().await;
    let host = format!("hooks.example:{}", address.port());
    let sender = sender(&[&host], &[("hooks.example", &["127.0.0.1"])]);
    let sent = sender
        .send(&delivery(format!("http://{host}/hook")), NOW)
        .await;
    assert_eq!(sent, Ok(Sent { status: 204 }));
    let (headers, body) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(headers["webhook-id"], "msg_1");
    assert_eq!(headers["webhook-timestamp"], "1760000000");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["host"], host.as_str());
    assert!(python_accepts(&headers, &body));
    assert!(!python_accepts(&headers, &body.replace("opened", "closed")));
    let mut later = headers.clone();
    later.insert("webhook-timestamp", "1760000001".parse().unwrap());
    assert!(!python_accepts(&later, &body));
}

#[tokio::test]
async fn a_name_is_asked_once_and_the_checked_address_is_used() {
    let (address, seen) = receiver().await;
    let host = format!("hooks.example:{}", address.port());
    let names = Names::of(&[("hooks.example", &["127.0.0.1"])]);
    let asked = Arc::clone(&names.asked);
    let guard = Guard::new(AllowList::parse([&host]).unwrap());
    let sender = WebhookSender::with_resolver(guard, SenderConfig::default(), names).unwrap();
    // The name exists in no DNS: only the checked address can have led here.
    sender
        .send(&delivery(format!("http://{host}/hook")), NOW)
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_inner_address_is_never_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sender = sender(&[], &[("rebind.example", &["127.0.0.1"])]);
    let urls = [
        format!("https://rebind.example:{port}/"),
        format!("https://127.0.0.1:{port}/"),
    ];
    for url in urls {
        let error = sender.send(&delivery(url), NOW).await.unwrap_err();
        assert!(
            matches!(error, SendError::Blocked(Blocked::Address { .. })),
            "{error}"
        );
    }
    let knock = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let (first, peer) = listener.accept().await.unwrap();
    assert_eq!(
        peer,
        knock.local_addr().unwrap(),
        "the first to knock was the test itself"
    );
    drop(first);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (inner, seen) = receiver().await;
    let target = format!("http://{inner}/hook");
    let redirect = post(async move || Redirect::temporary(&target));
    let address = serve(Router::new().route("/", redirect)).await;
    let allow = [format!("{address}"), format!("{inner}")];
    let sender = sender(&[&allow[0], &allow[1]], &[]);
    let error = sender
        .send(&delivery(format!("http://{address}/")), NOW)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        SendError::Status {
            status: 307,
            retry_after_ms: None
        }
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_receiver_asks_for_is_heard() {
    let busy = post(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "30")]));
    let gone = post(async || StatusCode::GONE);
    let address = serve(Router::new().route("/busy", busy).route("/gone", gone)).await;
    let sender = sender(&[&address.to_string()], &[]);
    let send = async |path: &str| {
        sender
            .send(&delivery(format!("http://{address}{path}")), NOW)
            .await
            .unwrap_err()
    };
    let busy = SendError::Status {
        status: 429,
        retry_after_ms: Some(30_000),
    };
    assert_eq!(send("/busy").await, busy);
    assert_eq!(send("/gone").await, SendError::Gone);
}

/// Answers the first connection with `answer`, then sends `then` until nobody reads.
async fn raw(answer: &'static [u8], then: Option<&'static [u8]>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer).await;
        match then {
            Some(bytes) => while stream.write_all(bytes).await.is_ok() {},
            None => std::future::pending().await,
        }
    });
    address
}

#[tokio::test]
async fn endless_answers_and_headers_end() {
    let body = raw(
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        Some(&[b'x'; 4096]),
    );
    let body = body.await;
    let allowed = sender(&[&body.to_string()], &[]);
    let sent = allowed
        .send(&delivery(format!("http://{body}/")), NOW)
        .await;
    assert_eq!(
        sent,
        Ok(Sent { status: 200 }),
        "the status line says that it arrived"
    );
    let headers = raw(
        b"HTTP/1.1 200 OK\r\n",
        Some(b"x-endless: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
    )
    .await;
    let allowed = sender(&[&headers.to_string()], &[]);
    let sent = allowed
        .send(&delivery(format!("http://{headers}/")), NOW)
        .await;
    assert_eq!(sent, Err(SendError::Protocol));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up() {
    let silent = raw(b"", None).await;
    let config = SenderConfig {
        total_timeout: Duration::from_millis(200),
        ..SenderConfig::default()
    };
    let guard = Guard::new(AllowList::parse([silent.to_string()]).unwrap());
    let sender = WebhookSender::new(guard, config).unwrap();
    let sent = sender
        .send(&delivery(format!("http://{silent}/")), NOW)
        .await;
    assert_eq!(sent, Err(SendError::Timeout));
}

#[tokio::test]
async fn errors_name_no_path_query_or_secret() {
    let rude = post(async || (StatusCode::INTERNAL_SERVER_ERROR, "inner secret hunter2"));
    let address = serve(Router::new().route("/{path}", rude)).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let sender = sender(&[&address.to_string(), &closed.to_string()], &[]);
    for at in [address, closed] {
        let url = format!("http://{at}/hunter2?key=hunter2");
        let error = sender.send(&delivery(url), NOW).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("whsec"),
            "{shown}"
        );
    }
}
