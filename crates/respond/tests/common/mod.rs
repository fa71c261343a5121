//! Real receivers on loopback, and a resolver that answers what a test wants.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use ringfence_crypto::SigningSecret;
use ringfence_respond::{Delivery, Resolve};
use tokio::net::TcpListener;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const NOW: i64 = 1_760_000_000_123;

/// Serves `router` on an ephemeral loopback port for as long as the test runs.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub fn delivery(url: String) -> Delivery {
    Delivery {
        id: "msg_1".to_owned(),
        webhook_id: "hook".to_owned(),
        url,
        secret: SigningSecret::parse(SECRET).unwrap(),
        payload: r#"{"type":"alert.opened","data":{"title":"Über — \"quoted\""}}"#.to_owned(),
        attempts: 0,
    }
}

/// Names as a test wants them, with a count of how often it was asked.
#[derive(Clone, Default)]
pub struct Names {
    pub table: Arc<HashMap<String, Vec<IpAddr>>>,
    pub asked: Arc<AtomicUsize>,
}

impl Names {
    pub fn of(table: &[(&str, &[&str])]) -> Self {
        let table = table.iter().map(|(name, addresses)| {
            let parsed = addresses
                .iter()
                .map(|address| address.parse().unwrap())
                .collect();
            ((*name).to_owned(), parsed)
        });
        Self {
            table: Arc::new(table.collect()),
            asked: Arc::default(),
        }
    }
}

impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.table
            .get(host)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
