//! The command line without a server.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::running::{ADMIN, Start, eventually, look_up, program, ringfence, testdata};

#[test]
fn a_broken_rule_is_named_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "\
title: Broken
id: 0b0a5b6e-5c4e-4d0c-9a53-6a2a6f5c1f10
logsource: { category: authentication }
detection:
  a: { user.name: root }
  condition: a and b
";
    std::fs::write(dir.path().join("broken.yml"), rule).unwrap();
    let folder = dir.path().to_str().unwrap();
    let checked = ringfence(&["rules", "check", "--format", "tsv", folder]);
    assert_eq!(checked.code, 1, "{}", checked.err);
    let cells: Vec<_> = checked.out.trim_end().split('\t').collect();
    assert!(cells[0].ends_with("broken.yml"), "{cells:?}");
    assert_eq!(cells[1], "6");
    assert!(cells[2].contains("`b`"), "{cells:?}");
    assert_eq!(ringfence(&["rules", "check", "/nonexistent"]).code, 3);
}

#[test]
fn our_own_rules_are_sound_and_pass_their_tests() {
    let checked = ringfence(&["rules", "check"]);
    assert_eq!(
        (checked.code, checked.out.as_str()),
        (0, ""),
        "{}",
        checked.err
    );
    let tested = ringfence(&["rules", "test", "--format", "tsv"]);
    assert_eq!(tested.code, 0, "{}", tested.out);
    assert!(tested.out.lines().count() >= 30);
    assert!(ringfence(&["rules", "list"]).out.lines().count() >= 15);
}

#[test]
fn an_error_code_is_explained() {
    let page = ringfence(&["explain", "e-spine-003", "--format", "table"]);
    assert_eq!(page.code, 0);
    assert!(
        page.out.contains("E-SPINE-003: The disk is full") && page.out.contains("What to do: "),
        "{}",
        page.out
    );
    assert!(ringfence(&["explain"]).out.lines().count() > 10);
    let unknown = ringfence(&["explain", "E-NONE-1"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("E-NONE-1"));
}

#[test]
fn a_stopped_servers_folder_can_be_asked() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Start::on(&data).run();
    assert_eq!(
        server
            .events(ADMIN, look_up("q-1", "4711", "C-1").to_string())
            .0,
        200
    );
    assert_eq!(server.stop().code(), Some(0));
    let folder = data.to_str().unwrap();
    let ask =
        |format: &str, sql: &str| ringfence(&["query", "--data", folder, "--format", format, sql]);
    let sql = "SELECT agent, customer FROM events WHERE class_uid = 6001";
    assert_eq!(ask("tsv", sql).out, "4711\tC-1\n");
    assert_eq!(
        ask("jsonl", sql).out,
        "{\"agent\":\"4711\",\"customer\":\"C-1\"}\n"
    );
    let table = ask("table", sql).out;
    assert_eq!(
        table.split_whitespace().collect::<Vec<_>>(),
        ["AGENT", "CUSTOMER", "4711", "C-1"]
    );
    let refused = ask("tsv", "DELETE FROM events");
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("DELETE is not allowed"),
        "{}",
        refused.err
    );
    assert_eq!(ringfence(&["query", "--data", "/nonexistent", sql]).code, 3);
}

#[test]
fn hunting_real_attacks_counts_what_an_independent_engine_counted() {
    let (Some(rules), Some(windows)) =
        (testdata("sigma/sigmahq-rules.tar.gz"), testdata("windows"))
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let untar = Command::new("tar")
        .arg("-xzf")
        .arg(rules)
        .arg("-C")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(untar.success());
    let folder = dir.path().to_str().unwrap();
    let listed = ringfence(&["rules", "list", "--format", "tsv", folder]);
    let known: BTreeSet<&str> = listed
        .out
        .lines()
        .filter_map(|l| l.split('\t').nth(1))
        .collect();
    // The list for the regression events names 22 rules that are not in the archive.
    for (set, unknown) in [("attack", 0), ("regression", 22)] {
        let events = windows.join(format!("{set}.jsonl.gz"));
        let hunted = ringfence(&[
            "hunt",
            "--format",
            "tsv",
            "--rules",
            folder,
            events.to_str().unwrap(),
        ]);
        assert_eq!(hunted.code, 1, "{}", hunted.err);
        let expected =
            std::fs::read_to_string(windows.join(format!("{set}.expected.tsv"))).unwrap();
        let rows = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let (found, mut expected) = (rows(&hunted.out), rows(&expected));
        let named = expected.len();
        expected.retain(|row| known.contains(row.split('\t').next().unwrap()));
        assert_eq!(named - expected.len(), unknown, "{set}");
        let (more, less): (Vec<_>, Vec<_>) = (
            found.difference(&expected).collect(),
            expected.difference(&found).collect(),
        );
        assert!(
            more.is_empty() && less.is_empty(),
            "{set}: not expected {more:?}; missing {less:?}"
        );
    }
}

#[test]
fn a_capture_of_an_attack_gives_findings_and_exit_code_one() {
    let Some(captures) = testdata("sip/captures") else {
        return;
    };
    let file = |name: &str| captures.join(name).to_str().unwrap().to_owned();
    let replayed = ringfence(&[
        "replay",
        "--format",
        "jsonl",
        &file("svcrack.pcap"),
        &file("svmap_ua.pcap"),
    ]);
    assert_eq!(replayed.code, 1, "{}", replayed.err);
    let rules: BTreeSet<String> = replayed
        .out
        .lines()
        .map(|l| {
            serde_json::from_str::<Value>(l).unwrap()["rule"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        rules.contains("SIP password guessing") && rules.contains("SIP scanner at work"),
        "{rules:?}"
    );
    let empty = tempfile::NamedTempFile::new().unwrap();
    let nothing = ringfence(&["replay", empty.path().to_str().unwrap()]);
    assert_eq!(nothing.code, 3, "{}", nothing.err);
    assert_eq!(ringfence(&["replay", "/nonexistent.pcap"]).code, 3);
}

#[test]
fn data_cannot_speak_to_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Start::on(&data).run();
    let nasty = "\u{1b}]0;owned\u{7}\u{1b}[2Jx\u{9b}31m\u{202e}y";
    let mut record = look_up("n-1", "4711", "C-1");
    record["message"] = json!(nasty);
    record["actor"]["user"]["name"] = json!(nasty);
    assert_eq!(server.events(ADMIN, record.to_string()).0, 200);
    eventually("it is there", 5, || {
        (server.count("SELECT count(*) AS n FROM events WHERE class_uid = 6001") == 1).then_some(())
    });
    let url = server.url("");
    for format in ["table", "tsv"] {
        let asked = program(&[
            "query",
            "--server",
            &url,
            "--format",
            format,
            "SELECT user_name, message FROM events WHERE class_uid = 6001",
        ])
        .env("RINGFENCE_ADMIN_TOKEN", ADMIN)
        .output()
        .unwrap();
        assert!(asked.status.success());
        let text = String::from_utf8(asked.stdout).unwrap();
        assert!(text.contains("owned"), "{text:?}");
        let speaks = |c: char| {
            (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c)
        };
        assert!(!text.contains(speaks), "{format}: {text:?}");
    }
    // A file's name is data as well.
    let file = dir.path().join("a\u{1b}[2Jb.ndjson");
    std::fs::write(&file, "{\"half\n").unwrap();
    let replayed = ringfence(&["replay", file.to_str().unwrap()]);
    assert!(!replayed.err.contains('\u{1b}'), "{:?}", replayed.err);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut child = program(&["rules", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(
        ended.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn a_token_is_not_sent_in_clear_to_another_machine() {
    let asked = program(&["status", "--server", "http://192.0.2.1:8443"])
        .env("RINGFENCE_TOKEN", "rfa_secret")
        .output()
        .unwrap();
    let words = String::from_utf8(asked.stderr).unwrap();
    assert_eq!(asked.status.code(), Some(2), "{words}");
    assert!(
        words.contains("not encrypted") && !words.contains("rfa_secret"),
        "{words}"
    );
}
