//! What was acknowledged is there once, whatever happens to the process.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Server, Start, eventually, lines, now_ms, try_send};

/// `make prove` asks for more.
const KILLS: u64 = 5;
pub const SENDERS: u64 = 3;
const BATCH: usize = 20;

/// Failed log-ins by many users from a few addresses: they make findings as well as rows.
fn record(marker: &str) -> Value {
    let hash = marker
        .bytes()
        .fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    json!({
        "class_uid": 3002, "category_uid": 3, "activity_id": 1, "type_uid": 300_201,
        "severity_id": 1, "time": now_ms(), "status_id": 2, "status": "Failure",
        "metadata": {"version": "1.8.0", "uid": marker, "product": {"name": "VPN"}},
        "user": {"name": format!("user-{}", hash % 40), "uid": format!("{}", hash % 40)},
        "src_endpoint": {"ip": format!("203.0.113.{}", hash % 4)},
    })
}

/// One sender: its batches in order, each until it is acknowledged.
pub struct Load {
    sender: u64,
    next: u64,
    pub pending: Option<Vec<Value>>,
    pub acknowledged: Vec<String>,
}

impl Load {
    pub const fn of(sender: u64) -> Self {
        Self {
            sender,
            next: 0,
            pending: None,
            acknowledged: Vec::new(),
        }
    }

    /// Sends until told to stop or until the server is gone.
    pub fn run(&mut self, server: &Server, token: &str, stop: &AtomicBool, sent: &AtomicU64) {
        while !stop.load(Ordering::Relaxed) {
            let batch = self.pending.take().unwrap_or_else(|| {
                let first = self.next;
                self.next += BATCH as u64;
                (first..self.next)
                    .map(|n| record(&format!("m-{}-{n}", self.sender)))
                    .collect()
            });
            let request = server.request(Method::POST, "/api/v1/events", token);
            let request = request.timeout(Duration::from_secs(10)).body(lines(&batch));
            match try_send(request) {
                Ok((200, answer)) => {
                    let taken = answer["accepted"].as_u64().unwrap()
                        + answer["duplicates"].as_u64().unwrap();
                    assert_eq!(taken, BATCH as u64, "{answer}");
                    let markers = batch
                        .iter()
                        .map(|r| r["metadata"]["uid"].as_str().unwrap().to_owned());
                    self.acknowledged.extend(markers);
                    sent.fetch_add(1, Ordering::Relaxed);
                    // What is proved is that all is there, not how fast a backlog is worked off.
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok((503, _)) => self.pending = Some(batch),
                Ok((status, answer)) => panic!("{status}: {answer}"),
                Err(_) => {
                    self.pending = Some(batch);
                    return;
                }
            }
        }
    }
}

/// Stops the senders however the work beside them ended: a failed assertion must not wait for them.
struct Rest<'a>(&'a AtomicBool);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Keeps the senders at work while `work` runs, and lets them end their requests after it. What
/// `work` is given waits until so many more batches were taken, at most so many seconds.
pub fn under_load(
    server: &Server,
    token: &str,
    loads: &mut [Load],
    work: impl FnOnce(&dyn Fn(&str, u64, u64)),
) {
    let (stop, taken) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let _rest = Rest(&stop);
        for load in loads {
            let (stop, taken) = (&stop, &taken);
            scope.spawn(move || load.run(server, token, stop, taken));
        }
        work(&|what, batches, seconds| {
            let wanted = taken.load(Ordering::Relaxed) + batches;
            eventually(what, seconds, || {
                (taken.load(Ordering::Relaxed) >= wanted).then_some(())
            });
        });
    });
}

/// What they were told is kept.
pub fn acknowledged(loads: &[Load]) -> BTreeSet<String> {
    let all = loads.iter().flat_map(|l| l.acknowledged.iter().cloned());
    all.collect()
}

/// Random enough to kill at any point of a write, and the same on every run of one process id.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_when_the_server_is_killed() {
    let kills = std::env::var("RINGFENCE_PROVE_KILLS").map_or(KILLS, |n| n.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let start = || Start::on(&data).config("[lake]\ncommit_secs = 1\n").run();
    let mut server = start();
    let token = server.source("vpn", &json!({}));
    let mut loads: Vec<Load> = (0..SENDERS).map(Load::of).collect();
    let mut seed = u64::from(std::process::id()) | 1;
    println!("seed {seed}");
    for round in 0..=kills {
        let last = round == kills;
        under_load(&server, &token, &mut loads, |more| {
            // After something was taken, at a random moment; the last round ends in peace.
            more("load is taken", 1, 30);
            std::thread::sleep(Duration::from_millis(random(&mut seed) % 1_500));
            if !last {
                server.kill_now();
            }
        });
        if !last {
            drop(server);
            server = start();
        }
    }
    let acknowledged = acknowledged(&loads);
    assert!(acknowledged.len() as u64 >= (kills + 1) * BATCH as u64);
    assert!(loads.iter().all(|l| l.pending.is_none()), "all was retried");
    check(&server, &acknowledged);
    // And so it is after an orderly stop, read back from disk.
    assert_eq!(server.stop().code(), Some(0));
    check(&start(), &acknowledged);
}

/// Every marker once, and as many findings in the alerts as there are in the lake.
pub fn check(server: &Server, acknowledged: &BTreeSet<String>) {
    let expected = acknowledged.len() as u64;
    let rows = "SELECT count(*) AS n, count(DISTINCT ocsf_get(ocsf, 'metadata.uid')) AS d FROM events WHERE class_uid = 3002";
    eventually("every row is visible", 120, || {
        let row = server.sql(rows).remove(0);
        println!("{expected} wanted, {row}");
        (row["d"].as_u64()? >= expected).then_some(())
    });
    assert_eq!(server.sql(rows), [json!({"n": expected, "d": expected})]);
    for (sender, load) in (0..SENDERS).map(|s| (s, format!("m-{s}-"))) {
        let mine = acknowledged.iter().filter(|m| m.starts_with(&load)).count();
        let sql = format!(
            "SELECT count(DISTINCT ocsf_get(ocsf, 'metadata.uid')) AS n FROM events WHERE ocsf LIKE '%\"{load}%'"
        );
        assert_eq!(server.count(&sql), mine as u64, "sender {sender}");
    }
    let findings =
        "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM events WHERE class_uid = 2004";
    let (n, d) = eventually("alerts have caught up with the lake", 120, || {
        let row = server.sql(findings).remove(0);
        let (n, d) = (row["n"].as_u64()?, row["d"].as_u64()?);
        let told: u64 = server
            .alerts()
            .iter()
            .map(|a| a["finding_count"].as_u64().unwrap())
            .sum();
        (d > 0 && told == d).then_some((n, d))
    });
    assert_eq!(n, d, "no finding twice");
}
