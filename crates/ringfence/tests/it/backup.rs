//! A backup made while the server works gives the same answers on another machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{ADMIN, Answer, Server, Start, eventually, program, ringfence};

const EVENTS: &str = "\
    SELECT event_id, class_uid, time, received_time, program, agent, customer, call_uid, caller, \
    message, rule_id, raw FROM events WHERE class_uid NOT IN (0, 6002, 6003) AND class_uid < 99904005 \
    ORDER BY event_id";
const FACTS: &str = "SELECT event_id, class_uid, call_state, raw FROM events \
    WHERE class_uid = 6001 OR message = 'call facts revised'";

/// A shift of two hours, as lines to be sent.
fn shift(dir: &Path) -> Vec<String> {
    let file = dir.join("shift.ndjson");
    let args = [
        "simulate",
        "--agents",
        "40",
        "--insiders",
        "2",
        "--hours",
        "2",
        "--seed",
        "7",
    ];
    let made = ringfence(&[&args[..], &["--out", file.to_str().unwrap()]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Sends lines in batches and counts what was acknowledged.
fn send(server: &Server, lines: &[String], acknowledged: &AtomicUsize) -> u64 {
    let mut duplicates = 0;
    for batch in lines.chunks(200) {
        let (status, answer) = server.events(ADMIN, batch.join("\n"));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["rejected"], 0, "{answer}");
        duplicates += answer["duplicates"].as_u64().unwrap();
        acknowledged.fetch_add(batch.len(), Ordering::SeqCst);
    }
    duplicates
}

/// Waits until every consumer has read the log to its end (ticks apart, which never end), and
/// nothing new comes of it.
fn settle(server: &Server) {
    eventually("all is read", 60, || {
        let (_, status) = server.get("/api/v1/status");
        let lag = status["spine"]["lag"].as_object()?;
        lag.values().all(|n| n.as_u64() <= Some(60)).then_some(())
    });
    let look = || (alerts(server), last_facts(server));
    let mut before = look();
    eventually("answers stand still", 60, || {
        std::thread::sleep(Duration::from_millis(1_500));
        let now = look();
        let same = now == before && !now.0.is_empty();
        before = now;
        same.then_some(())
    });
}

fn alerts(server: &Server) -> Vec<(String, String, u64)> {
    let mut all: Vec<_> = server
        .alerts()
        .iter()
        .map(|a| {
            let text = |k: &str| a[k].as_str().unwrap().to_owned();
            let count = a["finding_count"].as_u64().unwrap();
            (text("entity_value"), text("title"), count)
        })
        .collect();
    all.sort();
    all
}

/// What the call join said last about each look-up: in its row, or in a later row about it.
fn last_facts(server: &Server) -> BTreeMap<String, Value> {
    let mut last: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    for row in server.sql(FACTS) {
        let (id, version) = match row["class_uid"].as_u64() {
            Some(0) => {
                let about: Value = serde_json::from_str(row["raw"].as_str().unwrap()).unwrap();
                let version = about["version"].as_u64().unwrap();
                (
                    about["revises_event_id"].as_str().unwrap().to_owned(),
                    version,
                )
            }
            _ => (row["event_id"].as_str().unwrap().to_owned(), 0),
        };
        let known = last
            .entry(id)
            .or_insert((version, row["call_state"].clone()));
        if version >= known.0 {
            *known = (version, row["call_state"].clone());
        }
    }
    last.into_iter()
        .map(|(id, (_, state))| (id, state))
        .collect()
}

/// Everything that a user can ask, in a form that can be compared.
fn answers(server: &Server) -> Value {
    let (_, sources) = server.get("/api/v1/sources");
    let (_, webhooks) = server.get("/api/v1/webhooks");
    let sources: Vec<_> = sources["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["id"], s["name"], s["program"], s["site"], s["created_ms"]]))
        .collect();
    json!({
        "events": server.sql(EVENTS), "facts": last_facts(server), "alerts": alerts(server),
        // Without what servers tell of themselves and of who asks them, this query among it.
        "classes": server.sql("SELECT class_uid, COUNT(DISTINCT event_id) AS n FROM events \
                               WHERE class_uid NOT IN (0, 6002, 6003) AND class_uid < 99904005 \
                               GROUP BY 1 ORDER BY 1"),
        "sources": sources, "webhooks": webhooks,
    })
}

fn config() -> &'static str {
    // Short commits: files, tail and log all hold a part.
    "[lake]\ncommit_secs = 1\n[query]\nrows = 1000000\n"
}

fn backup(data: &Path, out: &Path) -> Value {
    let made = ringfence(&[
        "backup",
        "--format",
        "json",
        "--data",
        data.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(
        made.err.contains("TLS key"),
        "it says what is in it: {}",
        made.err
    );
    serde_json::from_str(&made.out).unwrap()
}

fn restore(from: &Path, data: &Path, more: &[&str]) -> Answer {
    let args = [
        "restore",
        from.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    ringfence(&[&args[..], more].concat())
}

#[test]
fn a_backup_at_rest_gives_exactly_the_same_answers_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).config(config()).run();
    server.source("crm", &json!({"site": "berlin"}));
    send(&server, &shift(dir.path()), &AtomicUsize::new(0));
    settle(&server);
    let before = answers(&server);
    assert!(!before["events"].as_array().unwrap().is_empty());

    let out = dir.path().join("all/");
    fs::create_dir(&out).unwrap();
    let first = backup(server.data(), &out);
    let second = backup(server.data(), &out);
    assert!(
        second["written_bytes"].as_u64() < first["written_bytes"].as_u64(),
        "immutable files are there already: {first} {second}"
    );
    let newest = second["newest_event"].as_str().unwrap();
    assert!(newest.starts_with("20"), "{second}");
    drop(server);

    let restored = dir.path().join("restored");
    let wrong = restore(
        &out,
        &restored,
        &["--expect", first["sha256"].as_str().unwrap()],
    );
    assert_eq!((wrong.code, restored.exists()), (3, false), "{}", wrong.err);
    let expected = second["sha256"].as_str().unwrap();
    let done = restore(&out, &restored, &["--format", "json", "--expect", expected]);
    assert_eq!(done.code, 0, "{}", done.err);
    let told: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(told["newest_event"], newest);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&restored), 0o700);
    assert_eq!(mode(&restored.join("state.db")), 0o600);

    let server = Start::on(&restored).config(config()).run();
    settle(&server);
    let after = answers(&server);
    for part in [
        "classes", "alerts", "facts", "sources", "webhooks", "events",
    ] {
        assert_eq!(before[part], after[part], "{part}");
    }
    let again = restore(&out, &restored, &[]);
    assert!(
        again.err.contains("E-BACKUP-001"),
        "never over something: {}",
        again.err
    );
}

#[test]
fn a_backup_made_in_the_middle_of_a_shift_holds_all_that_was_acknowledged_before() {
    let dir = tempfile::tempdir().unwrap();
    let lines = shift(dir.path());
    let server = Start::on(&dir.path().join("data")).config(config()).run();
    let out = dir.path().join("mid.tar");
    let acknowledged = AtomicUsize::new(0);
    let held = std::thread::scope(|threads| {
        let sender = threads.spawn(|| send(&server, &lines, &acknowledged));
        eventually("a third is sent", 60, || {
            (acknowledged.load(Ordering::SeqCst) > lines.len() / 3).then_some(())
        });
        let held = acknowledged.load(Ordering::SeqCst);
        backup(server.data(), &out);
        sender.join().unwrap();
        held
    });
    settle(&server);
    let classes = answers(&server)["classes"].clone();
    let (facts, raised) = (last_facts(&server), alerts(&server));
    drop(server);

    let restored = dir.path().join("restored");
    let done = restore(&out, &restored, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let server = Start::on(&restored).config(config()).run();
    // The senders send everything again, as after a crash: what is there is recognised.
    let known = send(&server, &lines, &AtomicUsize::new(0));
    assert!(
        known >= held as u64,
        "{known} of {held} acknowledged events are there"
    );
    settle(&server);
    assert_eq!(answers(&server)["classes"], classes);
    assert_eq!(last_facts(&server), facts);
    let who = |all: &[(String, String, u64)]| -> Vec<_> {
        all.iter().map(|(e, t, _)| (e.clone(), t.clone())).collect()
    };
    assert_eq!(who(&alerts(&server)), who(&raised));
}

#[test]
fn a_backup_killed_at_any_moment_never_passes_for_whole() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).config(config()).run();
    send(&server, &shift(dir.path()), &AtomicUsize::new(0));
    let data = server.data().to_str().unwrap().to_owned();
    let mut broken_off = 0;
    for round in 0..12_u64 {
        let out = dir.path().join(format!("{round}.tar"));
        let mut child = program(&["backup", "--data", &data, "--out", out.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Not synchronisation: the moment of the kill is what is being varied.
        std::thread::sleep(Duration::from_millis(round * 8));
        child.kill().unwrap();
        child.wait().unwrap();
        let check = restore(&out, &dir.path().join("never"), &["--check"]);
        assert_eq!(out.exists(), check.code == 0, "{}", check.err);
        broken_off += u32::from(!out.exists());
        // The next one is made in spite of what the last one left.
        if !out.exists() {
            backup(server.data(), &out);
        }
    }
    assert!(broken_off > 0, "the first is killed at once");
}

#[test]
fn a_folder_that_was_restored_by_half_is_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join(".restoring"), b"").unwrap();
    let refused = Start::on(&data).refused();
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("E-BACKUP-005"), "{}", refused.err);
    let page = ringfence(&["explain", "E-BACKUP-005"]);
    assert_eq!(page.code, 0, "{}", page.err);
}
