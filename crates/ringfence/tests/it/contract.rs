//! The published contract is true.

use std::process::Command;

use serde_json::{Value, json};

use crate::alerts::attack;
use crate::running::{ADMIN, Start, python};

#[test]
fn the_server_keeps_to_its_openapi_document() {
    let Some(python) = python("schemathesis") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    // Something to talk about: an alert, a source, a refused record.
    attack(&server, 1..2);
    server.alert(10, |a| a["entity_kind"] == "src_ip");
    server.source("crm", &json!({}));
    assert_eq!(server.events(ADMIN, "{\"half").0, 400);
    let run = Command::new(&python)
        .arg("-c")
        .arg("import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())")
        .args([
            "--config-file",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemathesis.toml"),
        ])
        .args(["--no-color", "run"])
        .arg(server.url("/api/v1/openapi.json"))
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "15",
            "--seed",
            "1",
        ])
        // It never ends, which is what it is for.
        .args(["--exclude-path", "/api/v1/alerts/stream"])
        .args(["--continue-on-failure", "--generation-database", "none"])
        .arg("--header")
        .arg(format!("Authorization: Bearer {ADMIN}"))
        .current_dir(dir.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{report}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn every_address_of_the_contract_asks_who_you_are() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let (status, contract) = server.get("/api/v1/openapi.json");
    assert_eq!(status, 200);
    let open = [
        "/healthz",
        "/readyz",
        "/services/collector/health",
        "/api/v1/openapi.json",
        "/.well-known/authzen-configuration",
        "/evidence/checkpoint",
    ];
    let mut asked = 0;
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, _) in methods
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, v)| v.get("responses").is_some())
        {
            let method = method.to_uppercase().parse().unwrap();
            let parts = ["id", "name", "index", "what", "role", "provider", "link"];
            let path = parts.iter().fold(path.clone(), |path, part| {
                path.replace(&format!("{{{part}}}"), "x")
            });
            let is_form = ["/signin", "/enrol"].iter().any(|at| path.starts_with(at));
            let posts = is_form && method == reqwest::Method::POST;
            let request = reqwest::Client::new()
                .request(method, server.url(&path))
                .body("{}");
            let (status, answer): (u16, Value) = crate::running::send(request);
            let wanted = match path.as_str() {
                path if open.contains(&path) => 200,
                // A platform proves itself by its signature, to a connector that there is.
                "/api/v1/connectors/x/push" => 404,
                // There is no such provider, and nobody came from one.
                "/signin/from/x" => 404,
                "/signin/step" => 401,
                // Whoever signs in is known by what they send; what is no form gets no answer.
                _ if posts => 415,
                _ if is_form => 200,
                _ => 401,
            };
            assert_eq!(status, wanted, "{path}: {answer}");
            asked += 1;
        }
    }
    assert!(asked > 30);
}
