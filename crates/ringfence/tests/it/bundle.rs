//! What an auditor takes away can be checked without anybody who runs the server.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::access::service;
use crate::browser::administrator;
use crate::evidence::{auditor, key, records, sql, started, stranger_of_bundle, verdict, verify};
use crate::running::{Answer, Server, block_on, program, python, send};

/// Runs `ringfence evidence` with somebody's token.
fn evidence(server: &Server, token: &str, args: &[&str]) -> Answer {
    let url = server.url("/");
    let args = [&["--format", "json", "evidence"], args, &["--server", &url]].concat();
    let run = program(&args).env("RINGFENCE_TOKEN", token).output();
    run.unwrap().into()
}

/// The bundle as the API gives it.
fn taken(server: &Server, token: &str, asked: &Value) -> String {
    let request = server.request(Method::POST, "/api/v1/evidence/export", token);
    block_on(async {
        let answer = request.json(asked).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    })
}

fn faults(file: &Path, key: &str) -> (i32, String) {
    let told = verify(&["--bundle", file.to_str().unwrap(), "--key", key]);
    match told.code {
        0 | 1 => (told.code, verdict(&told)["faults"].to_string()),
        code => (code, told.err),
    }
}

#[test]
fn a_bundle_is_taken_out_recorded_and_checked_without_a_server() {
    let (dir, server) = started();
    let auditor = auditor(&server);
    for n in 0..3 {
        service(&server, &format!("crm-{n}"), "integration", "bank");
    }
    let key = key(&server, &auditor);
    let file = dir.path().join("bundle.jsonl");
    let to = file.to_str().unwrap();
    let export = ["export", "--kind", "access", "--to", to];
    let told = evidence(&server, &auditor, &export);
    assert_eq!(told.code, 0, "{} {}", told.out, told.err);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let count = told["records"].as_u64().unwrap();
    assert!(count >= 4, "{told}");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);

    // It is one act, by whoever it was, with what they asked for.
    let all = records(&server, &auditor);
    let exports: Vec<_> = all.iter().filter(|one| one["kind"] == "evidence").collect();
    assert_eq!(exports.len(), 1, "{exports:#?}");
    let about = &exports[0]["record"]["ocsf"]["bundle"];
    assert_eq!(
        (&about["filter"], &about["records"], &about["programs"]),
        (&json!({"kind": "access"}), &json!(count), &Value::Null)
    );
    let listed = evidence(&server, &auditor, &["list", "--kind", "access"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed.as_array().unwrap().len() as u64, count);
    let shown = evidence(&server, &auditor, &["show", "0"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert!(shown["proof"].is_string(), "{shown}");
    assert_eq!(server.stop().code(), Some(0));

    let good = verify(&["--bundle", to, "--key", &key]);
    let told = verdict(&good);
    assert_eq!(
        (good.code, &told["verdict"], &told["records"]),
        (0, &json!("self-consistent only"), &json!(count)),
        "{told}"
    );
    let python = python("cryptography");
    let agree = |well: bool| {
        if let Some(python) = &python {
            let (says, told) = stranger_of_bundle(python, &file, &key);
            assert_eq!(says, well, "{told}");
        }
    };
    agree(true);

    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let index: Value = serde_json::from_str(lines[2]).unwrap();
    let index = &index["index"];
    let last = lines.len() - 1;
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().concat();
    for (bad, wanted) in [
        (
            text.replacen("crm-1", "crm-9", 1),
            "the record is not the one that was logged".to_owned(),
        ),
        (without(2), format!("records, and there are {}", count - 1)),
        (
            text.replacen(lines[2], &lines[2].replace("\"index\":", "\"index\":9"), 1),
            format!("line 3: entry 9{index}: the proof is that of entry {index}"),
        ),
        (
            without(last),
            format!("cut off: the bundle ends after line {last}"),
        ),
        (
            text[..text.len() - 20].to_owned(),
            format!("cut off: the bundle ends after line {last}"),
        ),
        (
            text.replace("records ", "records 1"),
            "the last line is not signed by the log".to_owned(),
        ),
        (
            text.replacen("\"by\":{\"id\":\"", "\"by\":{\"id\":\"x", 1),
            "changed, removed or moved".to_owned(),
        ),
    ] {
        assert_ne!(bad, text, "{wanted}");
        fs::write(&file, bad).unwrap();
        let (code, told) = faults(&file, &key);
        assert!(
            code == 1 && told.contains(&wanted),
            "{wanted}: {code} {told}"
        );
        agree(false);
    }
    fs::write(&file, &text).unwrap();
    let other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let (code, told) = faults(&file, other);
    assert!(code == 1 && told.contains("wrong key"), "{code} {told}");
    fs::write(&file, "{}").unwrap();
    assert_eq!(faults(&file, &key).0, 3);
}

#[test]
fn whoever_may_not_takes_nothing_and_whoever_may_in_one_program_takes_its_own() {
    let (dir, server) = started();
    let (ada, _) = administrator(&server);
    let token = |name: &str, role: &str, program: &str| {
        let new = json!({"name": name, "role": role, "program": program, "days": 1});
        let (status, made) = ada.api(Method::POST, "/api/v1/services", &new);
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().unwrap().to_owned()
    };
    let everywhere = token("everywhere", "auditor", "*");
    let bank = token("bank", "auditor", "bank");
    let crm = token("crm", "integration", "bank");
    let ask = |token: &str, asked: &Value| {
        let request = server.request(Method::POST, "/api/v1/evidence/export", token);
        send(request.json(asked)).0
    };
    assert_eq!(ask(&crm, &json!({})), 403);
    assert_eq!(ask("rfs_none", &json!({})), 401);
    assert_eq!(ask(&everywhere, &json!({"programs": ["bank"]})), 400);
    let refused = evidence(&server, &crm, &["export", "--to", "nothing.jsonl"]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    let exports = |all: &[Value]| all.iter().filter(|one| one["kind"] == "evidence").count();
    assert_eq!(exports(&records(&server, &everywhere)), 0);

    let file = dir.path().join("bank.jsonl");
    fs::write(&file, taken(&server, &bank, &json!({}))).unwrap();
    let key = key(&server, &everywhere);
    let told = verify(&["--bundle", file.to_str().unwrap(), "--key", &key]);
    let told = (told.code, verdict(&told));
    assert_eq!(told.0, 0, "{}", told.1);
    assert_eq!(told.1["programs"], json!(["bank"]));
    let all = records(&server, &everywhere);
    let size = told.1["size"].as_u64().unwrap();
    let theirs = |one: &&Value| one["program"] == "bank" && one["index"].as_u64().unwrap() < size;
    let theirs = all.iter().filter(theirs).count();
    assert_eq!(told.1["records"], json!(theirs));
    assert_eq!(exports(&all), 1);

    // All records of all programs: none may be missing.
    let whole = taken(&server, &everywhere, &json!({}));
    fs::write(&file, &whole).unwrap();
    assert_eq!(faults(&file, &key), (0, "[]".to_owned()));
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn a_bundle_and_a_range_are_held_to_the_log() {
    let Some(python) = python("cryptography") else {
        return;
    };
    let (dir, server) = started();
    let auditor = auditor(&server);
    let key = key(&server, &auditor);
    let data = server.data().to_owned();
    let data = data.to_str().unwrap();
    let seen = dir.path().join("seen");
    fs::copy(server.data().join("evidence/checkpoint"), &seen).unwrap();
    for n in 0..3 {
        service(&server, &format!("crm-{n}"), "integration", "bank");
    }
    let file = dir.path().join("bundle.jsonl");
    fs::write(&file, taken(&server, &auditor, &json!({}))).unwrap();
    service(&server, "later", "integration", "bank");

    let (file, seen) = (file.to_str().unwrap(), seen.to_str().unwrap());
    let alone = ["--bundle", file, "--key", &key, "--checkpoint", seen];
    let told = verify(&alone);
    assert_eq!(told.code, 1, "{}", told.out);
    assert!(told.out.contains("--server or --data"), "{}", told.out);
    let url = server.url("/");
    for log in [["--server", &url], ["--data", data]] {
        let told = verify(&[alone.as_slice(), &log].concat());
        assert_eq!(told.code, 0, "{} {}", told.out, told.err);
        let told = verdict(&told);
        assert_eq!(told["verdict"], "consistent");
        assert_eq!(told["follows"].as_array().unwrap().len(), 2, "{told}");
    }
    let range = |from: &str, until: &str| {
        let args = [
            "--data", data, "--key", &key, "--from", from, "--until", until,
        ];
        let told = verify(&args);
        (told.code, verdict(&told))
    };
    let (code, told) = range("1", "3");
    assert_eq!((code, &told["records"]), (0, &json!(2)), "{told}");
    assert_eq!(range("1", "9999").0, 1);
    assert_eq!(
        verify(&["--data", data, "--key", &key, "--from", "3", "--until", "3"]).code,
        2
    );
    let remote = [
        "--server",
        &url,
        "--key",
        &key,
        "--from",
        "2",
        "--checkpoint",
        seen,
    ];
    let told = verify(&remote);
    assert_eq!(told.code, 0, "{} {}", told.out, told.err);
    assert_eq!(server.stop().code(), Some(0));

    sql(
        &python,
        data,
        "UPDATE evidence SET record = replace(record, 'who', 'how') WHERE idx = 2",
    );
    let (code, told) = range("2", "3");
    assert!(
        code == 1 && told["faults"].to_string().contains("entry 2 "),
        "{told}"
    );
    assert_eq!(range("0", "2").0, 0);
}
