//! State on a real PostgreSQL: it goes away and comes back, and nothing is lost or told twice.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::crash::{Load, SENDERS, acknowledged, check, under_load};
use crate::running::{Server, Start, eventually, ringfence};

fn script(args: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres.sh");
    let output = Command::new(path).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A PostgreSQL of the test's own, which keeps its promises about the disk.
struct Cluster {
    folder: tempfile::TempDir,
    url: String,
}

impl Cluster {
    /// `None`, with a note, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").is_ok();
        if !installed {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing");
            println!("left out: PostgreSQL is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let url = script(&["start", folder.path().to_str().unwrap(), "fsync=on"]);
        Some(Self { folder, url })
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// As a crash would: nothing is finished, connections break.
    fn crash(&self) {
        script(&["stop", self.path(), "immediate"]);
    }

    fn again(&self) {
        script(&["again", self.path()]);
    }

    fn config(&self) -> String {
        format!("[lake]\ncommit_secs = 1\n[state]\nurl = \"{}\"\n", self.url)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres.sh"))
                .args(["stop", self.path(), "immediate"])
                .output();
        drop(stopped);
    }
}

fn ready(server: &Server) -> (u16, Value) {
    server.get("/readyz")
}

#[test]
fn nothing_is_lost_or_counted_twice_when_postgresql_crashes_and_comes_back() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Start::on(&dir.path().join("data"))
            .config(cluster.config())
            .run()
    };
    let server = start();
    let token = server.source("vpn", &json!({}));
    let mut loads: Vec<Load> = (0..SENDERS).map(Load::of).collect();
    for _ in 0..3 {
        under_load(&server, &token, &mut loads, |more| {
            more("load is taken", 21, 60);
            cluster.crash();
            let said = eventually("the server says that it is not ready", 60, || {
                let (status, answer) = ready(&server);
                (status == 503).then_some(answer)
            });
            assert!(
                said["reasons"].to_string().contains("cannot be reached"),
                "{said}"
            );
            assert_eq!(server.get("/healthz").0, 200, "it lives");
            more("events are taken all the same", 21, 60);
            let (status, answer) = server.get("/api/v1/alerts");
            assert_eq!(status, 503, "{answer}");
            cluster.again();
            eventually("it is ready again by itself", 60, || {
                (ready(&server).0 == 200).then_some(())
            });
            more("load is taken again", 21, 60);
        });
    }
    assert!(
        loads.iter().all(|l| l.pending.is_none()),
        "nothing was refused"
    );
    let acknowledged = acknowledged(&loads);
    check(&server, &acknowledged);
    assert_eq!(server.stop().code(), Some(0));
    check(&start(), &acknowledged);
}

#[test]
fn the_state_moves_by_command_and_a_second_server_is_refused() {
    // It begins with a file; a run that is given a PostgreSQL begins elsewhere.
    if std::env::var_os("RINGFENCE_TEST_POSTGRES").is_some() {
        return;
    }
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (data, other): (PathBuf, PathBuf) = (dir.path().join("data"), dir.path().join("other"));
    let server = Start::on(&data).run();
    server.source("crm", &json!({}));
    let file = data.join("state.db");
    let file = file.to_str().unwrap();
    let go = |from: &str, to: &str| ringfence(&["state", "move", "--from", from, "--to", to]);

    let busy = go(file, &cluster.url);
    assert_eq!(busy.code, 2, "{}", busy.err);
    assert!(
        busy.err.contains("another Ringfence server"),
        "{}",
        busy.err
    );
    assert_eq!(server.stop().code(), Some(0));

    let moved = go(file, &cluster.url);
    assert_eq!(moved.code, 0, "{}", moved.err);
    let told: Value = serde_json::from_str(moved.out.trim()).unwrap();
    assert_eq!(told["tables"]["sources"], 1, "{told}");
    assert!(moved.err.contains("sources: 1 rows"), "{}", moved.err);
    let full = go(file, &cluster.url);
    assert_eq!(full.code, 2);
    assert!(full.err.contains("holds state already"), "{}", full.err);

    let server = Start::on(&data).config(cluster.config()).run();
    let (_, sources) = server.get("/api/v1/sources");
    assert_eq!(sources["items"][0]["name"], "crm", "{sources}");
    let (_, status) = server.get("/api/v1/status");
    assert!(
        status["state"]["store"]
            .as_str()
            .unwrap()
            .starts_with("postgres://postgres@")
    );
    // Its own data folder, but the same database.
    let second = Start::on(&other).config(cluster.config()).refused();
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(
        second.err.contains("another Ringfence server"),
        "{}",
        second.err
    );
    assert_eq!(server.stop().code(), Some(0));
}
