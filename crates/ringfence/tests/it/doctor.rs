//! What `ringfence doctor` finds, at rest and beside a running server.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::issuer::Hostile;
use crate::running::{ADMIN, Start, eventually, lines, look_up, now_ms, program, ringfence};

/// Exit code and codes of what was found.
fn examine(args: &[&str], token: Option<&str>) -> (i32, Vec<Value>) {
    let mut command = program(&[&["doctor", "--format", "json"], args].concat());
    if let Some(token) = token {
        command.env("RINGFENCE_TOKEN", token);
    }
    let output = command.output().unwrap();
    let found = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), found)
}

/// Codes apart from those that this machine, and no test, decides about.
fn codes(found: &[Value]) -> BTreeSet<&str> {
    let of_machine = [
        "E-HOST-003",
        "E-HOST-004",
        "E-HOST-005",
        "E-HOST-006",
        "E-HOST-007",
    ];
    let all = found.iter().map(|c| c["code"].as_str().unwrap());
    all.filter(|c| !of_machine.contains(c)).collect()
}

fn nobody() -> [&'static str; 2] {
    ["--server", "http://127.0.0.1:1"]
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_folder_at_rest_is_examined_without_a_server_and_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Start::on(&data).run();
    let sent = lines(&[look_up("l-1", "4711", "C-1")]);
    assert_eq!(server.events(ADMIN, sent).1["accepted"], 1);
    assert!(server.stop().success());
    let state = std::fs::read(data.join("state.db")).unwrap();

    // Its only trouble: look-ups, and no telephony.
    let (code, found) = examine(&[&["--data", text(&data)][..], &nobody()].concat(), None);
    assert_eq!(
        (code, codes(&found)),
        (1, BTreeSet::from(["E-SRC-005"])),
        "{found:#?}"
    );

    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = dir.path().join("rf.toml");
    let rules = dir.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(rules.join("bad.yml"), "title: [\n").unwrap();
    let address = taken.local_addr().unwrap();
    let written = format!(
        "[server]\nlisten = \"{address}\"\n[rules]\nfolders = [\"{}\"]\n",
        rules.display()
    );
    std::fs::write(&config, written).unwrap();
    let args = ["--data", text(&data), "--config", text(&config)];
    let (code, found) = examine(&[&args[..], &nobody()].concat(), None);
    let wanted = ["E-HOST-002", "E-HOST-008", "E-RULE-001", "E-SRC-005"];
    assert_eq!((code, codes(&found)), (1, wanted.into()), "{found:#?}");

    // Each is explained.
    for complaint in &found {
        let page = ringfence(&["explain", complaint["code"].as_str().unwrap()]);
        assert_eq!(page.code, 0, "{complaint}: {}", page.err);
        assert!(!complaint["todo"].as_str().unwrap().is_empty());
    }
    assert!(
        state == std::fs::read(data.join("state.db")).unwrap(),
        "nothing is changed"
    );
}

#[test]
fn a_running_server_is_asked_how_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let pbx = server.source("pbx", &json!({"site": "berlin"}));
    let agent = |n: u32| {
        json!({
            "class_uid": 99_904_004, "category_uid": 4, "activity_id": 1, "severity_id": 1,
            "type_uid": 9_990_400_401_u64, "time": now_ms(),
            "metadata": {"version": "1.8.0", "uid": format!("a-{n}"), "product": {"name": "PBX"}},
            "agent": {"uid": n.to_string(), "role": "agent", "state": "available"},
        })
    };
    assert_eq!(
        server.events(&pbx, lines(&[agent(1), agent(2)])).1["accepted"],
        2
    );
    let desk = json!({"name": "desk", "role": "analyst", "program": "default", "days": 7});
    assert_eq!(server.post("/api/v1/services", &desk).0, 201);
    let url = server.url("");
    let args = ["--data", text(server.data()), "--server", &url];
    let found = eventually("the events can be asked for", 20, || {
        let (_, found) = examine(&args, Some(ADMIN));
        (!codes(&found).is_empty()).then_some(found)
    });
    assert_eq!(
        codes(&found),
        BTreeSet::from(["E-SRC-004", "E-TOK-002"]),
        "{found:#?}"
    );
    for about in ["source default/pbx", "service desk"] {
        assert!(found.iter().any(|c| c["about"] == about), "{found:#?}");
    }
    // So does the status say it, and the log.
    let (_, status) = server.get("/api/v1/status");
    let ending = &status["ending"][0];
    assert_eq!(
        (&ending["credential"], &ending["name"]),
        (&json!("token"), &json!("desk"))
    );
}

#[test]
fn every_mistake_of_a_configuration_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rf.toml");
    std::fs::write(&config, "[server]\nlisten = 5\nlisten2 = 1\n").unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    let args = ["--config", text(&config), "--data", text(&data)];
    let (code, found) = examine(&[&args[..], &nobody()].concat(), None);
    let mistakes: Vec<_> = found.iter().filter(|c| c["code"] == "E-CONF-001").collect();
    assert_eq!((code, mistakes.len()), (1, 2), "{found:#?}");
    assert!(
        mistakes[0]["what"]
            .as_str()
            .unwrap()
            .contains("rf.toml:2: `server.listen`")
    );
}

#[test]
fn a_provider_of_sign_in_that_does_not_answer_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rf.toml");
    let op = Hostile::start();
    let written = |issuer: &str| {
        let provider = format!(
            "[[access.provider]]\nname = \"op\"\nissuer = \"{issuer}\"\nclient_id = \"rf\"\n"
        );
        std::fs::write(&config, provider).unwrap();
        let data = dir.path().join("data");
        let args = ["--config", text(&config), "--data", text(&data)];
        let (_, found) = examine(&[&args[..], &nobody()].concat(), None);
        found.into_iter().find(|c| c["code"] == "E-SIGN-001")
    };
    assert_eq!(written(&op.issuer), None);
    let named = written("http://127.0.0.1:9").unwrap();
    assert!(
        named["what"].as_str().unwrap().contains("does not answer"),
        "{named}"
    );
    op.publish(&json!({"issuer": "https://another.example"}));
    let named = written(&op.issuer).unwrap();
    assert!(
        named["what"]
            .as_str()
            .unwrap()
            .contains("calls itself otherwise"),
        "{named}"
    );
}

#[test]
fn every_code_has_one_page() {
    let list = ringfence(&["explain", "--format", "json"]);
    let pages: Vec<Value> = serde_json::from_str(&list.out).unwrap();
    let unique: BTreeSet<_> = pages.iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(unique.len(), pages.len());
}

#[test]
fn manual_pages_and_completions_are_written_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let made = ringfence(&["manual", "--out", text(dir.path())]);
    assert_eq!(made.code, 0, "{}", made.err);
    for name in [
        "ringfence.1",
        "ringfence-serve.1",
        "ringfence-backup.1",
        "_ringfence",
    ] {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    let bash = std::fs::read_to_string(dir.path().join("ringfence.bash")).unwrap();
    assert!(bash.contains("doctor"));
}
