//! The runner: everything is delivered or given up, within bounds, until cancelled.
#![allow(clippy::unwrap_used, missing_docs, reason = "test code")]

mod common;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use common::{NOW, delivery, serve};
use ringfence_respond::{
    AllowList, Delivery, Guard, Limits, Outbox, Outcome, SenderConfig, WebhookSender, run,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// An outbox in memory: what waits with its time, what is under way, what is settled.
#[derive(Default)]
struct Memory {
    waiting: Mutex<Vec<(i64, Delivery)>>,
    running: Mutex<HashMap<String, Delivery>>,
    settled: Mutex<Vec<(String, Outcome)>>,
    changed: Notify,
}

impl Memory {
    fn of(deliveries: impl IntoIterator<Item = Delivery>) -> Arc<Self> {
        let waiting = deliveries
            .into_iter()
            .map(|delivery| (0, delivery))
            .collect();
        Arc::new(Self {
            waiting: Mutex::new(waiting),
            ..Self::default()
        })
    }

    async fn until_settled(&self, count: usize) -> Vec<(String, Outcome)> {
        loop {
            let changed = self.changed.notified();
            let settled = self.settled.lock().unwrap().clone();
            if settled.len() >= count {
                return settled;
            }
            changed.await;
        }
    }
}

impl Outbox for Memory {
    type Error = Infallible;

    async fn claim(
        &self,
        now_ms: i64,
        limit: usize,
        per_webhook: usize,
        busy: &[String],
    ) -> Result<Vec<Delivery>, Infallible> {
        let mut waiting = self.waiting.lock().unwrap();
        let mut share: HashMap<String, usize> = HashMap::new();
        let mut claimed = Vec::new();
        waiting.retain(|(at_ms, delivery)| {
            let taken = share.entry(delivery.webhook_id.clone()).or_default();
            let take = *at_ms <= now_ms
                && claimed.len() < limit
                && *taken < per_webhook
                && !busy.contains(&delivery.webhook_id);
            if take {
                *taken += 1;
                claimed.push(delivery.clone());
            }
            !take
        });
        let mut running = self.running.lock().unwrap();
        running.extend(
            claimed
                .iter()
                .map(|delivery| (delivery.id.clone(), delivery.clone())),
        );
        Ok(claimed)
    }

    async fn settle(&self, id: &str, outcome: Outcome, _: i64) -> Result<(), Infallible> {
        let mut delivery = self.running.lock().unwrap().remove(id).unwrap();
        if let Outcome::Retry { at_ms, .. } = &outcome {
            delivery.attempts += 1;
            self.waiting.lock().unwrap().push((*at_ms, delivery));
        } else {
            self.settled.lock().unwrap().push((id.to_owned(), outcome));
        }
        self.changed.notify_waiters();
        Ok(())
    }
}

fn numbered(url: &str, webhook: &str, count: usize) -> Vec<Delivery> {
    (0..count)
        .map(|n| Delivery {
            id: format!("{webhook}-{n}"),
            webhook_id: webhook.to_owned(),
            ..delivery(url.to_owned())
        })
        .collect()
}

fn start(
    outbox: &Arc<Memory>,
    allow: &str,
    limits: Limits,
) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let guard = Guard::new(AllowList::parse([allow]).unwrap());
    let sender = Arc::new(WebhookSender::new(guard, SenderConfig::default()).unwrap());
    let cancel = CancellationToken::new();
    // An hour passes at each look at the clock: retries are due at once.
    let hours = Arc::new(AtomicI64::new(0));
    let clock = move || NOW + hours.fetch_add(1, Ordering::SeqCst) * 3_600_000;
    let done = tokio::spawn(run(
        Arc::clone(outbox),
        sender,
        limits,
        clock,
        cancel.clone(),
    ));
    (cancel, done)
}

fn quick() -> Limits {
    Limits {
        poll: Duration::from_millis(1),
        ..Limits::default()
    }
}

#[tokio::test]
async fn failures_are_repeated_until_they_arrive_or_are_given_up() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let flaky = post(async move || match count.fetch_add(1, Ordering::SeqCst) {
        0..3 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    });
    let gone = post(async || StatusCode::GONE);
    let never = post(async || StatusCode::BAD_GATEWAY);
    let router = Router::new()
        .route("/flaky", flaky)
        .route("/gone", gone)
        .route("/never", never);
    let address = serve(router).await;
    let deliveries = ["flaky", "gone", "never"]
        .into_iter()
        .flat_map(|path| numbered(&format!("http://{address}/{path}"), path, 1));
    let outbox = Memory::of(deliveries);
    let (cancel, done) = start(&outbox, &address.to_string(), quick());
    let settled: HashMap<_, _> = outbox.until_settled(3).await.into_iter().collect();
    cancel.cancel();
    done.await.unwrap();
    assert_eq!(settled["flaky-0"], Outcome::Delivered);
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    assert!(matches!(settled["gone-0"], Outcome::Dead { .. }));
    let dead = Outcome::Dead {
        error: "the receiver answered with status 502".to_owned(),
    };
    assert_eq!(settled["never-0"], dead);
}

#[tokio::test]
async fn one_slow_receiver_holds_up_nobody_else() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let release = Arc::new(Notify::new());
    let (running, peak, wait) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&release));
    let handler = post(async move |Path(path): Path<String>| {
        if path == "slow" {
            let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
            peak.fetch_max(at_once, Ordering::SeqCst);
            wait.notified().await;
            running.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let address = serve(Router::new().route("/{path}", handler)).await;
    let slow = numbered(&format!("http://{address}/slow"), "slow", 20);
    let fast = numbered(&format!("http://{address}/fast"), "fast", 40);
    let outbox = Memory::of(slow.into_iter().chain(fast));
    let limits = Limits {
        concurrency: 6,
        per_webhook: 3,
        ..quick()
    };
    let (cancel, done) = start(&outbox, &address.to_string(), limits);
    // All fast ones arrive although no slow one has been answered.
    let settled = outbox.until_settled(40).await;
    assert!(settled.iter().all(|(id, _)| id.starts_with("fast")));
    assert_eq!(most.load(Ordering::SeqCst), 3);
    cancel.cancel();
    // Cancelled, the runner lets what is under way finish and starts nothing new.
    while !done.is_finished() {
        release.notify_waiters();
        tokio::task::yield_now().await;
    }
    assert_eq!(outbox.settled.lock().unwrap().len(), 43);
    assert!(outbox.running.lock().unwrap().is_empty());
}
