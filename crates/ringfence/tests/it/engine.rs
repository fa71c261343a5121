//! The query engine is a process of its own: what happens to it does not happen to the server.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{ADMIN, Server, Start, block_on, eventually, look_up, ringfence, send};

/// The engine's process id, when it runs.
fn pid(server: &Server) -> Option<u64> {
    server.get("/api/v1/status").1["queries"]["engine"]["pid"].as_u64()
}

/// What `status` says about queries.
fn queries(server: &Server) -> Value {
    server.get("/api/v1/status").1["queries"].clone()
}

fn signal(name: &str, pid: u64) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}

fn gone(pid: u64) -> Option<()> {
    (!Path::new(&format!("/proc/{pid}")).exists()).then_some(())
}

fn ask(server: &Server, sql: &str) -> (u16, Value) {
    server.post("/api/v1/query", &json!({"sql": sql}))
}

/// A server with `count` look-ups in it.
fn with_events(config: &str, count: usize) -> (tempfile::TempDir, Server, String) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let token = server.source("crm", &json!({}));
    let body: String = (0..count)
        .map(|n| format!("{}\n", look_up(&format!("e-{n}"), "4711", "C-1")))
        .collect();
    assert_eq!(server.events(&token, body).1["accepted"], count);
    eventually("they can be seen", 5, || {
        let sql = "SELECT count(*) AS n FROM events WHERE class_uid = 6001";
        (server.count(sql) == count as u64).then_some(())
    });
    (dir, server, token)
}

const COUNT: &str = "SELECT count(*) AS n FROM events WHERE class_uid = 6001";

#[test]
fn the_engine_is_a_bare_process_that_ends_with_idleness() {
    let (_dir, server, _) = with_events("[query]\nidle_secs = 2\n", 3);
    let engine = pid(&server).unwrap();
    assert_ne!(engine, u64::from(server.pid()));
    let environment = std::fs::read(format!("/proc/{engine}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(!environment.contains("TOKEN"), "{environment}");
    let open = std::fs::read_dir(format!("/proc/{engine}/fd")).unwrap();
    for file in open {
        let target = std::fs::read_link(file.unwrap().path()).unwrap();
        let target = target.to_str().unwrap();
        // The socket pair is the runtime's own, for signals; it was made before the walls.
        let known = ["pipe:", "socket:", "anon_inode:", "/dev/null"];
        assert!(known.iter().any(|k| target.starts_with(k)), "{target}");
    }
    eventually("the engine ends", 20, || gone(engine));
    assert_eq!(pid(&server), None);
    assert_eq!(queries(&server)["engine"]["crashes"], 0);
    assert_eq!(server.count(COUNT), 3);
    assert_ne!(pid(&server), Some(engine));
}

#[test]
fn the_engine_ends_with_the_server_however_that_ends() {
    let (_dir, server, _) = with_events("", 1);
    let engine = pid(&server).unwrap();
    assert!(server.stop().success());
    eventually("the engine is gone", 10, || gone(engine));
    let (_dir, server, _) = with_events("", 1);
    let engine = pid(&server).unwrap();
    server.kill_now();
    eventually("the engine is gone", 10, || gone(engine));
}

#[test]
fn a_query_whose_engine_is_killed_is_answered_by_the_next_one() {
    let (_dir, server, _) = with_events("", 5);
    let engine = pid(&server).unwrap();
    // Stopped, it cannot answer before it is killed.
    signal("-STOP", engine);
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| ask(&server, COUNT));
        eventually("the query runs", 10, || {
            (queries(&server)["running"] == 1).then_some(())
        });
        signal("-KILL", engine);
        asked.join().unwrap()
    });
    assert_eq!((answer.0, &answer.1["rows"][0]["n"]), (200, &json!(5)));
    let after = queries(&server);
    assert_eq!(after["engine"]["crashes"], 1, "{after}");
    assert_ne!(after["engine"]["pid"], engine);
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn an_engine_that_hangs_costs_its_query_the_time_limit_and_is_replaced() {
    let (_dir, server, _) = with_events("[query]\nseconds = 1\n", 2);
    let engine = pid(&server).unwrap();
    signal("-STOP", engine);
    let (status, problem) = ask(&server, COUNT);
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["type"], "urn:ringfence:query-timeout");
    eventually("it is killed", 10, || gone(engine));
    assert_eq!(server.count(COUNT), 2);
}

#[test]
fn a_query_that_takes_all_memory_brings_down_nothing_but_itself() {
    let config = "[query]\nall_memory_mib = 64\n[lake]\ntail_mib = 8\n";
    let (_dir, server, token) = with_events(config, 2_000);
    let first = pid(&server).unwrap();
    // Text that grows by eight, six times: memory that no operator asks the pool for.
    let mut sql = "SELECT raw AS t0 FROM events".to_owned();
    for n in 0..6 {
        let eight = vec![format!("t{n}"); 8].join(" || ");
        sql = format!("SELECT {eight} AS t{} FROM ({sql})", n + 1);
    }
    let sql = format!("SELECT max(length(t6)) AS n FROM ({sql})");
    let (status, problem) = ask(&server, &sql);
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["type"], "urn:ringfence:query-crashed", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("out of memory"), "{detail}");
    eventually("the engine is gone", 5, || gone(first));
    // Intake never noticed, and the next query finds a new engine.
    let body = look_up("after", "4711", "C-1").to_string();
    assert_eq!(server.events(&token, body).1["accepted"], 1);
    eventually("it can be seen", 5, || {
        (server.count(COUNT) == 2_001).then_some(())
    });
    assert_eq!(server.get("/readyz").0, 200);
    let (status, metrics) = server.get("/metrics");
    assert_eq!(status, 200);
    let metrics = metrics.as_str().unwrap();
    for line in [
        "ringfence_child_crashes_total{child=\"query\"} 1\n",
        "ringfence_queries_total{end=\"crashed\"} 1\n",
        "ringfence_child_wall{child=\"query\",wall=\"seccomp\"} 1\n",
        "ringfence_child_wall{child=\"query\",wall=\"memory\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn events_are_taken_in_while_monstrous_queries_run() {
    let config = "[query]\nseconds = 5\nmemory_mib = 16\nconcurrent = 2\nwaiting = 1\n";
    let (_dir, server, token) = with_events(config, 2_000);
    let monsters = [
        "SELECT count(*) AS n FROM events a, events b, events c WHERE a.raw || b.raw <> c.raw",
        "SELECT a.raw FROM events a, events b, events c ORDER BY a.raw || b.raw || c.raw",
        "SELECT a.raw || b.raw AS k, count(*) AS n FROM events a, events b GROUP BY k",
        "SELECT count(DISTINCT a.raw || b.raw || c.raw) AS n FROM events a, events b, events c",
        "SELECT sum(length(a.raw || b.raw)) AS n FROM events a, events b, events c",
    ];
    std::thread::scope(|scope| {
        let server = &server;
        let asked: Vec<_> = monsters
            .into_iter()
            .map(|sql| scope.spawn(move || ask(server, sql)))
            .collect();
        for n in 0..50 {
            let body = look_up(&format!("during-{n}"), "4711", "C-1").to_string();
            let (status, answer) = server.events(&token, body);
            assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
        }
        for asked in asked {
            let (status, problem) = asked.join().unwrap();
            assert!(matches!(status, 422 | 503), "{status} {problem}");
        }
    });
    eventually("all can be seen", 5, || {
        (server.count(COUNT) == 2_050).then_some(())
    });
}

#[test]
fn a_query_ends_when_its_asker_goes_away() {
    let (_dir, server, _) = with_events("", 3_000);
    let sql = "SELECT count(*) AS n FROM events a, events b, events c, events d \
               WHERE a.raw || b.raw || c.raw <> d.raw";
    let request = server.request(Method::POST, "/api/v1/query", ADMIN);
    let request = request.json(&json!({"sql": sql}));
    let impatient = request.timeout(Duration::from_secs(1));
    assert!(
        block_on(async { impatient.send().await })
            .unwrap_err()
            .is_timeout()
    );
    eventually("nothing runs", 10, || {
        (queries(&server)["running"] == 0).then_some(())
    });
    assert_eq!(queries(&server)["engine"]["crashes"], 0);
}

#[test]
fn a_long_answer_arrives_whole() {
    let (_dir, server, _) = with_events("[query]\nrows = 20000\n", 2_000);
    let sql = "SELECT a.raw, a.ocsf FROM events a CROSS JOIN (SELECT 1 FROM events LIMIT 5) b \
               WHERE a.class_uid = 6001";
    let request = server.request(Method::POST, "/api/v1/query", ADMIN);
    let (status, answer) = send(request.json(&json!({"sql": sql})));
    assert_eq!(status, 200);
    assert_eq!(answer["rows"].as_array().unwrap().len(), 10_000);
    assert_eq!(answer["truncated"], false);
    assert_eq!(answer["columns"][0], json!({"name": "raw", "type": "text"}));
    assert!(answer.to_string().len() > 2 << 20);
}

#[test]
fn behind_the_walls_nothing_is_left_but_reading_the_lake() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), b"of the lake").unwrap();
    let answer = ringfence(&[
        "--format",
        "json",
        "child",
        "probe",
        dir.path().to_str().unwrap(),
    ]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let answer: Value = serde_json::from_str(&answer.out).unwrap();
    let stands = |name: &str| {
        let walls = answer["walls"].as_array().unwrap();
        walls
            .iter()
            .any(|w| w["name"] == name && w["missing"].is_null())
    };
    assert!(stands("seccomp") && stands("memory"), "{answer}");
    let mut able: Vec<&str> = answer["can"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, can)| **can == json!(true))
        .map(|(what, _)| what.as_str())
        .collect();
    if !stands("namespaces") && !stands("landlock") {
        // Reading elsewhere is stopped by those two alone.
        println!("left out: this system lets no process hide files from itself: {answer}");
        able.retain(|what| !matches!(*what, "read_elsewhere" | "read_above" | "list_root"));
    }
    able.sort_unstable();
    assert_eq!(able, ["read_folder", "start_threads"], "{answer}");
    assert_eq!(
        std::fs::read(dir.path().join("file")).unwrap(),
        b"of the lake"
    );
}
