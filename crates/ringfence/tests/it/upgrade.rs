//! A data folder of an earlier version opens in this one; one of a later version does not.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::running::{ADMIN, Server, Start, look_up};

/// A folder that commit 57cf921 wrote, with what it answered (`scripts/upgrade.sh --fixture`).
fn earlier(dir: &Path) -> (PathBuf, Vec<Value>) {
    let data = dir.join("data");
    std::fs::create_dir(&data).unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/data-57cf921.tar.gz");
    let unpacked = Command::new("tar")
        .arg("-C")
        .arg(&data)
        .arg("-xzf")
        .arg(archive)
        .status();
    assert!(unpacked.unwrap().success());
    let answers = data.join("answers.jsonl");
    let text = std::fs::read_to_string(&answers).unwrap();
    std::fs::remove_file(answers).unwrap();
    let answers = text.lines().map(|l| serde_json::from_str(l).unwrap());
    (data, answers.collect())
}

/// Keeps what the years have made old.
fn start(data: &Path) -> Start {
    Start::on(data).config("[lake.retention]\ndays = 36500\n")
}

fn rows(server: &Server, wanted: &[Value], key: &str, sql: &str) {
    let wanted: Vec<_> = wanted.iter().filter(|w| w.get(key).is_some()).collect();
    assert!(!wanted.is_empty());
    let got = server.sql(sql);
    assert_eq!(got.iter().collect::<Vec<_>>(), wanted, "{sql}");
}

#[test]
fn a_folder_of_the_version_before_gives_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (data, answers) = earlier(dir.path());
    for round in 0..2 {
        // The second time it is a folder of this version.
        let server = start(&data).run();
        rows(
            &server,
            &answers,
            "n",
            "SELECT class_uid, COUNT(*) AS n FROM events WHERE \
             class_uid NOT IN (0, 6002, 6003) AND class_uid < 99904005 GROUP BY 1 ORDER BY 1",
        );
        rows(
            &server,
            &answers,
            "event_id",
            "SELECT event_id, time, agent, customer, call_uid, call_state, rule_id FROM events \
             WHERE class_uid IN (2004, 6001) ORDER BY event_id LIMIT 5000",
        );
        let alerts: Vec<_> = answers
            .iter()
            .filter(|a| a.get("title").is_some())
            .collect();
        assert!(!alerts.is_empty());
        for wanted in alerts {
            let all = server.alerts();
            let found = all.iter().find(|a| a["id"] == wanted["id"]).unwrap();
            for (key, value) in wanted.as_object().unwrap() {
                assert_eq!(found[key], *value, "{key} of {found}");
            }
        }
        let (_, sources) = server.get("/api/v1/sources");
        assert_eq!(sources["items"][0]["name"], "crm");
        if round == 1 {
            // And it works on.
            let event = look_up("after", "4711", "C-1").to_string();
            assert_eq!(server.events(ADMIN, event).1["accepted"], 1);
        }
        assert!(server.stop().success());
    }
}

#[test]
fn a_folder_of_a_later_version_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert!(Start::on(&data).run().stop().success());
    let python = std::env::var_os("RINGFENCE_PYTHON").unwrap_or_else(|| "python3".into());
    let later = "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1])\n\
        d.execute(\"INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2030-01-01', 1, x'00', 0)\")\n\
        d.commit()\n";
    let state = data.join("state.db");
    let made = Command::new(python)
        .args(["-c", later])
        .arg(&state)
        .status();
    assert!(made.unwrap().success());
    let before = std::fs::read(&state).unwrap();
    let refused = Start::on(&data).refused();
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("E-START-001"), "{}", refused.err);
    assert!(before == std::fs::read(&state).unwrap(), "left as it is");
}
