//! A disk that is full or read-only: clear words, and nothing acknowledged is lost.
//!
//! They need a mount of their own, so each test starts itself again in a private mount namespace;
//! where that is not allowed, the test says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::crash::{Load, SENDERS, acknowledged, check, under_load};
use crate::running::{ADMIN, Server, Start, eventually, ringfence, send};

const MOUNT: &str = "RINGFENCE_SMALL_MOUNT";
const SIZE: &str = "size=32m";

/// Where the small file system is. `None`: the test ran in a process of its own that has one.
fn small_disk(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(MOUNT) {
        return Some(PathBuf::from(folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o "$1" tmpfs "$2" || exit 77; shift 2; exec "$@""#;
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .args(["sh", "-c", script, "sh", SIZE])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("disk::{test}"), "--nocapture"])
        .env(MOUNT, folder.path())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if output.status.code() == Some(77) || err.contains("unshare failed") {
        println!("left out, mounting is not allowed here: {err}");
        return None;
    }
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("1 passed"), "{out}");
    None
}

fn start(folder: &Path) -> Server {
    Start::on(&folder.join("data"))
        .config("[lake]\ncommit_secs = 1\n")
        .run()
}

/// Writes until nothing more fits.
fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    let zeros = vec![0; 64 << 10];
    while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
}

#[test]
fn a_full_disk_is_said_refused_and_recovered_from_without_loss() {
    let test = "a_full_disk_is_said_refused_and_recovered_from_without_loss";
    let Some(folder) = small_disk(test) else {
        return;
    };
    let server = start(&folder);
    let token = server.source("vpn", &json!({}));
    let ballast = folder.join("ballast");
    let mut loads: Vec<Load> = (0..SENDERS).map(Load::of).collect();
    for _ in 0..2 {
        under_load(&server, &token, &mut loads, |more| {
            more("load is taken", 31, 60);
            fill(&ballast);
            let reasons = eventually("the server says that it is not ready", 60, || {
                let (status, answer) = server.get("/readyz");
                (status == 503).then_some(answer)
            });
            assert!(
                reasons["reasons"].to_string().contains("no space left"),
                "{reasons}"
            );
            assert_eq!(server.get("/healthz").0, 200, "it lives");
            let (status, refused) = server.events(&token, "{\"time\": 1}");
            assert_eq!(status, 503, "{refused}");
            assert!(
                refused["detail"]
                    .as_str()
                    .unwrap()
                    .contains("no space left"),
                "{refused}"
            );
            // Whether a shipper looks at the status or at the items, it sends the document again.
            let bulk = server.request(Method::POST, "/_bulk", &token);
            let (status, busy) = send(bulk.body("{\"create\":{\"_index\":\"a\"}}\n{\"n\":1}\n"));
            assert_eq!((status, &busy["status"]), (429, &json!(429)), "{busy}");
            assert_eq!(busy["items"][0]["create"]["status"], 429, "{busy}");
            assert_eq!(busy["errors"], true, "{busy}");
            let logs = server.request(Method::POST, "/v1/logs", &token);
            let logs = logs.json(&json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}));
            assert_eq!(send(logs).0, 503);
            // What could not be proved afterwards is not done.
            for n in 0..4 {
                let (status, refused) = server.post(
                    "/api/v1/sources",
                    &json!({"name": format!("late-{n}"), "kind": "http", "program": "default",
                        "site": "default", "classes": "*", "grants": [], "allowed_peers": [],
                        "expect_every_secs": null}),
                );
                assert_eq!(status, 503, "{refused}");
                let why = refused["detail"].as_str().unwrap();
                assert!(why.starts_with("nothing is changed while"), "{why}");
            }
            let sources = server.get("/api/v1/sources").1.to_string();
            assert!(!sources.contains("late-"), "{sources}");
            std::fs::remove_file(&ballast).unwrap();
            eventually("it is ready again by itself", 60, || {
                (server.get("/readyz").0 == 200).then_some(())
            });
            more("load is taken again", 31, 60);
        });
    }
    // A last try of what was refused.
    for load in &mut loads {
        if let Some(batch) = load.pending.take() {
            let (status, _) = server.events(&token, crate::running::lines(&batch));
            assert_eq!(status, 200);
            let uid = |r: &serde_json::Value| r["metadata"]["uid"].as_str().unwrap().to_owned();
            load.acknowledged.extend(batch.iter().map(uid));
        }
    }
    assert!(!server.source("after", &json!({})).is_empty());
    let acknowledged = acknowledged(&loads);
    check(&server, &acknowledged);
    assert_eq!(server.stop().code(), Some(0));
    let data = folder.join("data");
    let verified = ringfence(&["verify", "--data", data.to_str().unwrap()]);
    assert_eq!(verified.code, 0, "{} {}", verified.out, verified.err);
    check(&start(&folder), &acknowledged);
}

fn remount(folder: &Path, how: &str) {
    let options = format!("remount,{SIZE},{how}");
    let status = Command::new("mount")
        .args(["-o", &options])
        .arg(folder)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_read_only_data_folder_is_named_and_serves_again_when_it_is_writable() {
    let test = "a_read_only_data_folder_is_named_and_serves_again_when_it_is_writable";
    let Some(folder) = small_disk(test) else {
        return;
    };
    let server = start(&folder);
    let sent = server.request(Method::POST, "/api/v1/events", ADMIN);
    let (status, _) = send(sent.body("{\"class_uid\": 3002, \"time\": 1}"));
    assert_eq!(status, 200);
    assert_eq!(server.stop().code(), Some(0));
    remount(&folder, "ro");
    let refused = Start::on(&folder.join("data")).refused();
    assert_eq!(refused.code, 2, "{}", refused.err);
    let data = folder.join("data").display().to_string();
    assert!(refused.err.contains(&data), "{}", refused.err);
    assert!(
        refused.err.to_lowercase().contains("read-only"),
        "{}",
        refused.err
    );
    remount(&folder, "rw");
    let again = Start::on(&folder.join("data")).run();
    assert_eq!(
        again.count("SELECT count(*) AS n FROM events WHERE class_uid = 3002"),
        1
    );
}
