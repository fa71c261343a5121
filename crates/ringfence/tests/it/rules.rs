//! Rule folders are taken up while the server runs.

use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Server, Start, eventually};

const GOOD: &str = "\
title: Printer on fire
id: 3f7c3a52-6a0d-4c58-9a35-0d2c9f2d7a11
status: experimental
level: high
logsource: { category: authentication }
detection:
  fire: { message|contains: 'lp0 on fire' }
  condition: fire
ringfence:
  message: \"{rf.src_ip} burns\"
  story: src_ip
";

fn burn(uid: &str) -> String {
    json!({
        "class_uid": 3002, "activity_id": 1, "time": crate::running::now_ms(),
        "metadata": {"uid": uid}, "message": "lp0 on fire", "src_endpoint": {"ip": "203.0.113.77"},
    })
    .to_string()
}

/// What the API says of the rules once it fits.
fn rules(server: &Server, fits: impl Fn(&Value) -> bool) -> Value {
    eventually("the rules are read again", 15, || {
        let (status, rules) = server.get("/api/v1/rules");
        assert_eq!(status, 200);
        fits(&rules).then_some(rules)
    })
}

fn titles(rules: &Value) -> Vec<&str> {
    let items = rules["items"].as_array().unwrap();
    items.iter().map(|r| r["title"].as_str().unwrap()).collect()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_new_rule_is_in_force_without_a_restart_and_a_broken_one_is_told_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("rules");
    std::fs::create_dir_all(folder.join("deeper")).unwrap();
    let config = format!("[rules]\nfolders = ['{}']\n", folder.display());
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let builtin = server.get("/api/v1/rules").1["items"]
        .as_array()
        .unwrap()
        .len();
    assert!(builtin >= 15);
    let token = server.source("vpn", &json!({}));
    assert_eq!(server.events(&token, burn("before")).0, 200);

    write(&folder.join("deeper/fire.yml"), GOOD);
    rules(&server, |r| titles(r).contains(&"Printer on fire"));
    assert_eq!(server.events(&token, burn("after")).0, 200);
    let alert = server.alert(10, |a| a["title"] == "Printer on fire");
    assert_eq!(
        (&alert["message"], &alert["finding_count"]),
        (&json!("203.0.113.77 burns"), &json!(1))
    );

    let broken = GOOD
        .replace("condition: fire", "condition: fire and smoke")
        .replace("3f7c", "4f7c");
    write(&folder.join("smoke.yml"), &broken);
    let told = rules(&server, |r| !r["mistakes"].as_array().unwrap().is_empty());
    let mistake = &told["mistakes"][0];
    assert!(
        mistake["file"]
            .as_str()
            .unwrap()
            .ends_with("rules/smoke.yml"),
        "{mistake}"
    );
    assert_eq!(mistake["line"], 8, "{mistake}");
    assert!(
        mistake["what"].as_str().unwrap().contains("smoke"),
        "{mistake}"
    );
    assert_eq!(
        told["items"].as_array().unwrap().len(),
        builtin + 1,
        "the rest is in force"
    );
    assert_eq!(server.events(&token, burn("third")).0, 200);
    server.alert(10, |a| {
        a["title"] == "Printer on fire" && a["finding_count"] == 2
    });

    std::fs::remove_file(folder.join("deeper/fire.yml")).unwrap();
    std::fs::remove_file(folder.join("smoke.yml")).unwrap();
    let now = rules(&server, |r| r["mistakes"].as_array().unwrap().is_empty());
    assert_eq!(now["items"].as_array().unwrap().len(), builtin);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn our_own_rules_can_be_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data"))
        .config("[rules]\nbuiltin = false\n")
        .run();
    assert_eq!(server.get("/api/v1/rules").1["items"], json!([]));
}
