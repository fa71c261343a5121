//! A stand-in for a vendor, on this machine.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the query, unescaped.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://x/?{}", self.query)).unwrap();
        let found = url.query_pairs().find(|(n, _)| n == name)?;
        Some(found.1.into_owned())
    }
}

/// What it answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Never comes.
    pub hang: bool,
}

pub fn ok(body: impl ToString) -> Answer {
    status(200, body)
}

pub fn status(status: u16, body: impl ToString) -> Answer {
    Answer {
        status,
        headers: vec![],
        body: body.to_string().into_bytes(),
        hang: false,
    }
}

pub fn bytes(body: Vec<u8>) -> Answer {
    Answer { body, ..ok("") }
}

/// The connection stays open and nothing comes.
pub fn hang() -> Answer {
    Answer {
        hang: true,
        ..ok("")
    }
}

impl Answer {
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

pub struct Stub {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    hangs: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Stub {
    /// Answers each request by `how`, which is given the request, and how many came before it.
    pub async fn start(how: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, how) = (Arc::clone(&asked), Arc::new(how));
        let hangs: Arc<AtomicBool> = Arc::default();
        let hung = Arc::clone(&hangs);
        let app = Router::new().fallback(move |request: Request| {
            let (log, how, hung) = (Arc::clone(&log), Arc::clone(&how), Arc::clone(&hung));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let headers = parts.headers.iter();
                let asked = Asked {
                    method: parts.method.to_string(),
                    path: parts.uri.path().to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    headers: headers
                        .map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("").to_owned()))
                        .collect(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                let answer = {
                    let mut log = log.lock().unwrap();
                    let answer = how(&asked, log.len());
                    log.push(asked);
                    answer
                };
                if answer.hang {
                    hung.store(true, SeqCst);
                    std::future::pending::<()>().await;
                }
                respond(answer)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            asked,
            hangs,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until a request hangs: what is cut off before it would meet it in its next run.
    pub async fn hangs(&self) {
        let wait = async {
            while !self.hangs.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), wait).await;
        in_time.unwrap_or_else(|_| panic!("nothing hangs after {:?}", self.asked()));
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap();
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}
