//! What Ringfence did can be proved, to somebody who trusts nobody who runs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::access::service;
use crate::browser::{Browser, administrator, invite};
use crate::running::{Answer, Server, Start, eventually, python, ringfence, send};

pub fn started() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

/// A token that may read the log. The first administrator makes it.
pub fn auditor(server: &Server) -> String {
    let (ada, _) = administrator(server);
    service_of(&ada, "auditor", "auditor")
}

/// The token of a service with a role everywhere, that somebody makes.
pub fn service_of(by: &Browser, name: &str, role: &str) -> String {
    let new = json!({"name": name, "role": role, "program": "*", "days": 1});
    let (status, made) = by.api(Method::POST, "/api/v1/services", &new);
    assert_eq!(status, 201, "{made}");
    made["token"].as_str().unwrap().to_owned()
}

/// All records that the server has, the oldest first.
pub fn records(server: &Server, token: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/evidence?limit=500{cursor}");
        let (status, page) = send(server.request(Method::GET, &path, token));
        assert_eq!(status, 200, "{page}");
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.reverse();
    all
}

pub fn key(server: &Server, token: &str) -> String {
    let (_, page) = send(server.request(Method::GET, "/api/v1/evidence", token));
    page["log"]["key"].as_str().unwrap().to_owned()
}

pub fn verify(args: &[&str]) -> Answer {
    ringfence(&[&["--format", "json", "verify"], args].concat())
}

pub fn verdict(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{} {}", answer.out, answer.err))
}

/// What the verifier that knows nothing of us says.
pub fn stranger(python: &Path, log: &Path, key: &str, remembered: &[&Path]) -> (bool, String) {
    let args: Vec<_> = [log, Path::new(key)]
        .into_iter()
        .chain(remembered.iter().copied())
        .collect();
    stranger_says(python, &args)
}

/// The same of a bundle.
pub fn stranger_of_bundle(python: &Path, bundle: &Path, key: &str) -> (bool, String) {
    stranger_says(python, &[Path::new("--bundle"), bundle, Path::new(key)])
}

fn stranger_says(python: &Path, args: &[&Path]) -> (bool, String) {
    let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/tests/verifier.py");
    let run = Command::new(python)
        .arg(verifier)
        .args(args)
        .output()
        .unwrap();
    let told = String::from_utf8(run.stdout).unwrap();
    assert!(
        run.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    (run.status.success(), told)
}

#[test]
fn what_somebody_did_is_logged_and_can_be_proved_offline() {
    let (dir, server) = started();
    let auditor = auditor(&server);
    service(&server, "crm", "integration", "bank");
    // Answered means logged: no waiting here.
    let all = records(&server, &auditor);
    let about_crm = all
        .iter()
        .find(|one| one["record"]["what"] == "service crm was given a token");
    let one = about_crm.unwrap_or_else(|| panic!("{all:#?}"));
    let facts = &one["record"];
    assert_eq!(
        (
            &facts["result"],
            &facts["kind"],
            &facts["ocsf"]["class_uid"]
        ),
        (&json!("success"), &json!("access"), &json!(3005))
    );
    assert!(facts["who"].as_str().is_some_and(|who| !who.is_empty()));
    assert!(
        facts["target"]
            .as_str()
            .is_some_and(|target| !target.is_empty())
    );
    assert!(facts["when"].as_i64().unwrap() > 0);

    let path = format!("/api/v1/evidence/{}", one["index"]);
    let (status, shown) = send(server.request(Method::GET, &path, &auditor));
    assert_eq!(status, 200, "{shown}");
    let file = dir.path().join("entry.json");
    fs::write(&file, shown.to_string()).unwrap();
    let key = key(&server, &auditor);
    // The server is not needed for that any more.
    assert_eq!(server.stop().code(), Some(0));
    let file = file.to_str().unwrap();
    let good = verify(&["--entry", file, "--key", &key]);
    assert_eq!(
        (good.code, &verdict(&good)["verdict"]),
        (0, &json!("logged"))
    );
    let forged = shown.to_string().replace("service crm", "service cam");
    assert_ne!(forged, shown.to_string());
    fs::write(file, forged).unwrap();
    let bad = verify(&["--entry", file, "--key", &key]);
    assert_eq!(bad.code, 1, "{} {}", bad.out, bad.err);
}

#[test]
fn a_changed_log_a_removed_record_and_a_rollback_are_named() {
    let Some(python) = python("cryptography") else {
        return;
    };
    let (dir, server) = started();
    let auditor = auditor(&server);
    let key = key(&server, &auditor);
    let data = server.data().to_owned();
    let log = data.join("evidence");
    let data = data.to_str().unwrap().to_owned();
    let seen = dir.path().join("seen");
    let remember = [
        "--data",
        &data,
        "--key",
        &key,
        "--remember",
        seen.to_str().unwrap(),
    ];

    let first = verify(&remember);
    assert_eq!(first.code, 0, "{} {}", first.out, first.err);
    assert_eq!(verdict(&first)["verdict"], "self-consistent only");
    for n in 0..5 {
        service(&server, &format!("crm-{n}"), "integration", "bank");
    }
    // Beside the running server, from the folder and over HTTP.
    let second = verify(&remember);
    assert_eq!(verdict(&second)["verdict"], "consistent", "{}", second.out);
    let url = server.url("/");
    let remote = verify(&[
        "--server",
        &url,
        "--key",
        &key,
        "--checkpoint",
        seen.to_str().unwrap(),
    ]);
    assert_eq!(
        verdict(&remote)["verdict"],
        "consistent",
        "{} {}",
        remote.out,
        remote.err
    );
    assert_eq!(
        stranger(&python, &log, &key, &[&seen]),
        (true, String::new())
    );
    let none = verify(&["--data", &data, "--key", &key, "--require-witness"]);
    assert_eq!(none.code, 2, "a witness has to be named: {}", none.err);
    assert_eq!(server.stop().code(), Some(0));

    let size = verdict(&verify(&remember))["size"].as_u64().unwrap();
    assert!(size >= 6, "{size}");
    // One bit of an entry.
    let bundle = log.join(format!("tile/entries/000.p/{size}"));
    let good = fs::read(&bundle).unwrap();
    let mut bad = good.clone();
    bad[20] ^= 1;
    fs::write(&bundle, &bad).unwrap();
    let told = verify(&remember);
    let faults = verdict(&told)["faults"].to_string();
    assert!(told.code == 1 && faults.contains("entry 0 "), "{faults}");
    let (well, told) = stranger(&python, &log, &key, &[]);
    assert!(!well && told.contains("entry 0 "), "{told}");
    fs::write(&bundle, &good).unwrap();

    // A record, by somebody who has the database.
    sql(
        &python,
        &data,
        "UPDATE evidence SET record = replace(record, 'crm-1', 'crm-9') WHERE record LIKE '%crm-1%'",
    );
    let faults = verdict(&verify(&remember))["faults"].clone();
    assert_eq!(faults.as_array().unwrap().len(), 1, "{faults}");
    sql(
        &python,
        &data,
        "UPDATE evidence SET record = replace(record, 'crm-9', 'crm-1') WHERE record LIKE '%crm-9%'",
    );
    assert_eq!(verify(&remember).code, 0);
    sql(&python, &data, "DELETE FROM evidence WHERE idx = 2");
    let faults = verdict(&verify(&remember))["faults"].to_string();
    assert!(faults.contains("record of entry 2 is missing"), "{faults}");

    // The last record, so that the server would write another one in its place.
    sql(
        &python,
        &data,
        &format!("DELETE FROM evidence WHERE idx = {}", size - 1),
    );
    let server = Start::on(Path::new(&data)).run();
    let (status, ready) = eventually("the server says that it cannot go on", 10, || {
        let answer = server.get("/readyz");
        answer
            .1
            .to_string()
            .contains("E-EVIDENCE-001")
            .then_some(answer)
    });
    assert_eq!(status, 200, "events are taken as ever: {ready}");
    let new = json!({"name": "late", "role": "integration", "program": "bank", "days": 1});
    let (status, told) = server.post("/api/v1/services", &new);
    assert_eq!(status, 503, "{told}");
    assert!(
        told["detail"].as_str().unwrap().contains("E-EVIDENCE-001"),
        "{told}"
    );
    let _ = server.stop();

    // The whole data folder set back, as from an old copy: who remembers knows.
    for file in files(&log) {
        fs::remove_file(file).unwrap();
    }
    fs::remove_dir_all(log.join("tile")).unwrap();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(Path::new(&data).join(file));
    }
    let server = Start::on(Path::new(&data)).run();
    service(&server, "crm", "integration", "bank");
    assert_eq!(server.stop().code(), Some(0));
    let told = verify(&remember);
    let faults = verdict(&told)["faults"].to_string();
    assert!(told.code == 1, "{faults}");
    assert!(
        faults.contains("rolled back") || faults.contains("rewritten"),
        "{faults}"
    );
    let (well, told) = stranger(&python, &log, &key, &[&seen]);
    assert!(
        !well && (told.contains("rolled back") || told.contains("remembered")),
        "{told}"
    );
}

#[test]
fn a_kill_loses_no_act_that_was_answered() {
    let Some(python) = python("cryptography") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut answered = BTreeSet::new();
    let server = Start::on(&data).run();
    let auditor = auditor(&server);
    assert_eq!(server.stop().code(), Some(0));
    for round in 0..kills() {
        let server = Start::on(&data).run();
        std::thread::scope(|scope| {
            let acts = scope.spawn(|| {
                let mut done = Vec::new();
                for n in 0.. {
                    let name = format!("svc-{round}-{n}");
                    let new =
                        json!({"name": name, "role": "integration", "program": "bank", "days": 1});
                    let request =
                        server.request(Method::POST, "/api/v1/services", crate::running::ADMIN);
                    match crate::running::try_send(request.json(&new)) {
                        Ok((201, _)) => done.push(name),
                        _ => return done,
                    }
                }
                done
            });
            std::thread::sleep(std::time::Duration::from_millis(300 + 97 * round % 400));
            server.kill_now();
            answered.extend(acts.join().unwrap());
        });
        drop(server);
    }
    assert!(answered.len() as u64 >= kills(), "{}", answered.len());
    let server = Start::on(&data).run();
    let logged: Vec<String> = records(&server, &auditor)
        .iter()
        .filter_map(|one| one["record"]["what"].as_str().map(str::to_owned))
        .collect();
    for name in &answered {
        let what = format!("service {name} was given a token");
        let times = logged.iter().filter(|line| **line == what).count();
        assert_eq!(times, 1, "{name}");
    }
    let key = key(&server, &auditor);
    assert_eq!(server.stop().code(), Some(0));
    let told = verify(&["--data", data.to_str().unwrap(), "--key", &key]);
    assert_eq!(told.code, 0, "{} {}", told.out, told.err);
    assert_eq!(
        stranger(&python, &data.join("evidence"), &key, &[]),
        (true, String::new())
    );
}

/// `make prove` asks for more.
fn kills() -> u64 {
    let asked = std::env::var("RINGFENCE_PROVE_KILLS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(4)
}

#[test]
fn guesses_fill_no_log() {
    let (_dir, server) = started();
    let auditor = auditor(&server);
    let page = Browser::new(&server);
    for n in 0..20 {
        let login = format!("nobody-{}", n % 2);
        page.post(
            "/signin",
            &[("login", &login), ("password", "wrong-wrong-wrong-1")],
        );
    }
    let failed =
        |one: &&Value| one["kind"] == "authentication" && one["record"]["result"] == "failure";
    let all = eventually("they are logged", 10, || {
        let all = records(&server, &auditor);
        all.iter().any(|one| failed(&one)).then_some(all)
    });
    let failures = all.iter().filter(failed).count();
    assert!((1..=4).contains(&failures), "{failures} of 20");
    let text = Value::from(all).to_string();
    assert!(!text.contains("wrong-wrong"), "no password in the log");
}

#[test]
fn somebody_sees_what_is_logged_about_them_and_no_more() {
    let (_dir, server) = started();
    let (ada, _) = administrator(&server);
    let roles =
        json!([{"role": "supervisor", "program": "bank", "why": "the desk of the evening"}]);
    let (id, code) = invite(&ada, "ben", &roles);
    let ben = Browser::new(&server);
    ben.enrol(&code);
    let mine = eventually("his sign-in is logged", 10, || {
        let (status, page) = ben.get("/api/v1/me/evidence?limit=500");
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().clone();
        let both = |by_me: bool| items.iter().any(|one| one["by_me"] == by_me);
        (both(true) && both(false)).then_some(items)
    });
    // He sees nothing of the log but that.
    assert_eq!(ben.get("/api/v1/evidence").0, 403);
    let others = mine.iter().find(|one| one["by_me"] == false).unwrap();
    assert!(
        others["what"].as_str().is_some_and(|what| !what.is_empty()),
        "{others}"
    );
    assert!(
        others["actor"].as_str().is_some_and(|who| who != id),
        "{others}"
    );
    let show =
        |browser: &Browser, index: &Value| browser.get(&format!("/api/v1/me/evidence/{index}"));
    let (status, shown) = show(&ben, &others["index"]);
    assert_eq!(status, 200, "{shown}");
    // Who did it, and that it is in the log; not from where, nor anything else about them.
    assert_eq!(
        (&shown["text"], &shown["salt"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        shown["entry"].as_str().unwrap().starts_with("v1 "),
        "{shown}"
    );
    assert!(
        shown["proof"]
            .as_str()
            .unwrap()
            .contains("c2sp.org/tlog-proof@v1")
    );
    let own = mine.iter().find(|one| one["by_me"] == true).unwrap();
    let (_, shown) = show(&ben, &own["index"]);
    assert!(
        shown["text"]
            .as_str()
            .is_some_and(|text| text.contains(&id)),
        "{shown}"
    );
    assert!(
        shown["salt"].is_string() && shown["proof"].is_string(),
        "{shown}"
    );

    // What is about somebody else alone is not there for him.
    let (_, page) = ada.get("/api/v1/me/evidence?limit=500");
    let theirs = page["items"].as_array().unwrap();
    let theirs = theirs
        .iter()
        .find(|one| mine.iter().all(|mine| mine["index"] != one["index"]));
    let theirs = theirs.unwrap_or_else(|| panic!("{page:#}"));
    assert_eq!(show(&ada, &theirs["index"]).0, 200);
    assert_eq!(show(&ben, &theirs["index"]).0, 404);
    assert_eq!(show(&ben, &json!("x")).0, 404);
}

pub fn sql(python: &Path, data: &str, statement: &str) {
    let code = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1] + '/state.db') as db: db.execute(sys.argv[2])";
    let run = Command::new(python)
        .args(["-c", code, data, statement])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn files(root: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_file()).collect()
}
