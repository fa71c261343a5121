//! Somebody on another machine sees what the evidence log says, remembers it, and tells when it changes.

mod lies;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use ringfence_tlog::{Note, VerifierKey};
use serde_json::Value;

use crate::access::service;
use crate::evidence::{auditor, key, verdict, verify};
use crate::running::{
    Answer, Log, Server, Start, eventually, get, program, python, ringfence, send,
};

/// A witness's folder with its configuration, run once or as a process.
struct Witness {
    file: PathBuf,
    data: PathBuf,
}

/// A witness that runs; killed when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Witness {
    /// Which looks at a log every second.
    fn of(dir: &Path, name: &str, log: &str, url: &str) -> Self {
        let this = Self {
            file: dir.join(format!("{name}.toml")),
            data: dir.join(name),
        };
        this.write(name, log, url);
        this
    }

    fn write(&self, name: &str, log: &str, url: &str) {
        let data = self.data.display();
        let text = format!(
            "name = \"{name}.example\"\ndata = \"{data}\"\nlisten = \"127.0.0.1:0\"\n\n\
             [[log]]\nkey = \"{log}\"\nurl = \"{url}\"\nevery_secs = 1\nsilent_after_secs = 5\ntimeout_secs = 1\n"
        );
        fs::write(&self.file, text).unwrap();
    }

    fn with(&self, args: &[&str]) -> Answer {
        let file = self.file.to_str().unwrap();
        ringfence(&[&["--format", "json", "witness", "--config", file], args].concat())
    }

    fn key(&self) -> String {
        let shown = self.with(&["--key"]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        shown.out.trim().to_owned()
    }

    /// One round: the exit code, and the names of alarms that stand.
    fn once(&self) -> (i32, Vec<String>) {
        let answer = self.with(&["--once"]);
        let rows: Vec<Value> = match answer.out.is_empty() {
            true => Vec::new(),
            false => serde_json::from_str(&answer.out).unwrap(),
        };
        let names = rows
            .iter()
            .map(|row| row["alarm"].as_str().unwrap().to_owned());
        (answer.code, names.collect())
    }

    fn run(&self) -> Running {
        let mut child = program(&["witness", "--config", self.file.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        let line = log.await_line(|line| line["message"] == "witnessing");
        let address = line["address"].as_str().unwrap().parse().unwrap();
        Running { child, address }
    }

    /// What was told, each alarm once.
    fn told(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.data.join("alarms.jsonl")).unwrap_or_default();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        lines
            .map(|line| (word(&line, "alarm"), word(&line, "state")))
            .collect()
    }
}

impl Running {
    fn get(&self, path: &str) -> (u16, Value) {
        get(&format!("http://{}{path}", self.address))
    }

    /// The one log that it follows.
    fn log(&self) -> Value {
        self.get("/status").1["logs"][0].clone()
    }

    #[track_caller]
    fn await_alarm(&self, name: &str) {
        eventually(name, 20, || {
            let log = self.log();
            let alarms = log["alarms"].as_array().unwrap();
            alarms.iter().any(|one| one["alarm"] == name).then_some(())
        });
    }

    /// The checkpoint that it signed last, as a file for `ringfence verify --checkpoint`.
    fn remembered(&self, dir: &Path) -> PathBuf {
        let path = self.log()["checkpoint"].as_str().unwrap().to_owned();
        let (status, note) = self.get(&path);
        assert_eq!(status, 200, "{note}");
        let file = dir.join("remembered");
        fs::write(&file, note.as_str().unwrap()).unwrap();
        file
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that has a log with a few entries, and who may read it.
fn begun(data: &Path) -> (SocketAddr, String, String) {
    let server = Start::on(data).run();
    let auditor = auditor(&server);
    let key = key(&server, &auditor);
    let address = server.address();
    assert_eq!(server.stop().code(), Some(0));
    (address, key, auditor)
}

fn evidence(witnesses: &[(&Running, &str)], cosignatures: usize) -> String {
    let each = witnesses.iter().map(|(running, key)| {
        let address = running.address;
        format!("[[evidence.witness]]\nurl = \"http://{address}\"\nkey = \"{key}\"\n")
    });
    format!(
        "[evidence]\ncosignatures = {cosignatures}\ntrouble_after_secs = 1\n{}",
        each.collect::<String>()
    )
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let run = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(run.unwrap().success());
}

fn size(server: &Server, auditor: &str) -> u64 {
    let (_, page) = send(server.request(Method::GET, "/api/v1/evidence", auditor));
    page["log"]["size"].as_u64().unwrap()
}

#[test]
fn two_witnesses_cosign_a_server_and_name_its_rollback() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (address, log, auditor) = begun(&data);
    let url = format!("http://{address}/evidence");
    let (one, two) = (
        Witness::of(dir.path(), "one", &log, &url),
        Witness::of(dir.path(), "two", &log, &url),
    );
    let (key_one, key_two) = (one.key(), two.key());
    let (running_one, running_two) = (one.run(), two.run());
    // One state is not used twice.
    let twice = one.with(&["--once"]);
    assert!(
        twice.code == 2 && twice.err.contains("in use"),
        "{}",
        twice.err
    );

    let witnesses = [
        (&running_one, key_one.as_str()),
        (&running_two, key_two.as_str()),
    ];
    let start = |cosignatures| {
        let config = evidence(&witnesses, cosignatures);
        Start::on(&data).at(address).config(config).run()
    };
    let server = start(2);
    service(&server, "crm", "integration", "bank");
    let wanted = size(&server, &auditor);
    let base = server.url("");
    let both = [
        "--key",
        &log,
        "--witness",
        &key_one,
        "--witness",
        &key_two,
        "--require-witness",
        "2",
    ];
    let cosigned = eventually("both cosign", 20, || {
        let told = verify(&[&["--server", &base], both.as_slice()].concat());
        (told.code == 0 && verdict(&told)["size"].as_u64() >= Some(wanted)).then(|| verdict(&told))
    });
    assert_eq!(
        (
            &cosigned["verdict"],
            cosigned["cosigned"].as_array().unwrap().len()
        ),
        (&Value::from("consistent"), 2)
    );
    let local = verify(&[&["--data", data.to_str().unwrap()], both.as_slice()].concat());
    assert_eq!(local.code, 0, "{} {}", local.out, local.err);
    // One entry, with nothing but the file and the keys.
    let (status, shown) = send(server.request(Method::GET, "/api/v1/evidence/0", &auditor));
    assert_eq!(status, 200, "{shown}");
    let file = dir.path().join("entry.json");
    fs::write(&file, shown.to_string()).unwrap();
    let entry = verify(&[&["--entry", file.to_str().unwrap()], both.as_slice()].concat());
    assert_eq!(entry.code, 0, "{} {}", entry.out, entry.err);
    assert_eq!(server.stop().code(), Some(0));
    if let Some(python) = python("cryptography") {
        let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/tests/verifier.py");
        let run = Command::new(python)
            .arg(verifier)
            .arg(data.join("evidence"))
            .args([
                &log,
                "--witness",
                &key_one,
                "--witness",
                &key_two,
                "--quorum",
                "2",
            ])
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
    }

    // An old copy takes the place of the data folder, after more was cosigned.
    let old = dir.path().join("old");
    copy(&data, &old);
    let server = start(2);
    for n in 0..12 {
        service(&server, &format!("late-{n}"), "integration", "bank");
    }
    let wanted = size(&server, &auditor);
    eventually("the late ones are cosigned and seen", 20, || {
        let seen = |running: &Running| running.log()["shown"].as_u64() >= Some(wanted);
        (seen(&running_one) && seen(&running_two)).then_some(())
    });
    assert_eq!(server.stop().code(), Some(0));
    assert!(
        one.told().iter().all(|(alarm, _)| alarm == "silence"),
        "{:?}",
        one.told()
    );
    copy(&old, &data);
    let server = start(0);
    service(&server, "other", "integration", "bank");
    assert!(size(&server, &auditor) < wanted);
    running_one.await_alarm("rollback");
    running_two.await_alarm("rollback");
    let degraded = eventually("the server says who does not cosign", 30, || {
        let ready = server.get("/readyz").1.to_string();
        ready.contains("rolled back").then_some(ready)
    });
    assert!(degraded.contains("one.example/witness/"), "{degraded}");
    let told = verify(&[&["--server", &base], both.as_slice()].concat());
    let faults = verdict(&told)["faults"].to_string();
    assert!(
        told.code == 1 && faults.contains("0 of the 2 witnesses"),
        "{faults}"
    );
    let remembered = running_one.remembered(dir.path());
    let remembered = ["--checkpoint", remembered.to_str().unwrap()];
    let told = verify(&[&["--server", &base, "--key", &log], remembered.as_slice()].concat());
    let faults = verdict(&told)["faults"].to_string();
    assert!(told.code == 1 && faults.contains("rolled back"), "{faults}");
    // That a witness is missing is in the log, too.
    eventually("the log has it", 20, || {
        let path = "/api/v1/evidence?kind=witness";
        let (_, page) = send(server.request(Method::GET, path, &auditor));
        page["items"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
            .then_some(())
    });
}

#[test]
fn a_fork_is_proved_and_the_log_is_signed_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let (address, log, auditor) = begun(&data);
    copy(&data, &other);
    let url = format!("http://{address}/evidence");
    let witness = Witness::of(dir.path(), "one", &log, &url);

    let server = Start::on(&data).at(address).run();
    service(&server, "crm", "integration", "bank");
    let seen = size(&server, &auditor);
    assert_eq!(witness.once(), (0, vec![]));
    assert_eq!(server.stop().code(), Some(0));

    // The same key, another past, and more of it.
    let server = Start::on(&other).at(address).run();
    for n in 0.. {
        service(&server, &format!("other-{n}"), "integration", "bank");
        if size(&server, &auditor) > seen {
            break;
        }
    }
    assert_eq!(witness.once(), (1, vec!["fork".to_owned()]));
    let forks: Vec<_> = fs::read_dir(witness.data.join("forks")).unwrap().collect();
    assert_eq!(forks.len(), 1);
    let proof = forks[0].as_ref().unwrap().path();
    for name in ["first", "second"] {
        let note = Note::parse(&fs::read(proof.join(name)).unwrap()).unwrap();
        let key = VerifierKey::parse(&log).unwrap();
        note.verify(&[key]).unwrap();
    }
    assert_eq!(server.stop().code(), Some(0));

    // The first one comes back, and is not believed any more, until somebody says so.
    let server = Start::on(&data).at(address).run();
    assert_eq!(witness.once(), (1, vec!["fork".to_owned()]));
    let told = witness.told();
    assert_eq!(
        told.iter().filter(|(alarm, _)| alarm == "fork").count(),
        1,
        "{told:?}"
    );
    let origin = log.split('+').next().unwrap();
    let wrong = witness.with(&["accept", "--log", "nobody"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    let accepted = witness.with(&["accept", "--log", origin]);
    assert_eq!(accepted.code, 0, "{}", accepted.err);
    assert_eq!(witness.once(), (0, vec![]));
    drop(server);
}
