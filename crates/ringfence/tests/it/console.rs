//! What a browser gets: the page, and what its pages ask.

use serde_json::{Value, json};

use crate::browser::administrator;
use crate::running::{ADMIN, Server, Start, block_on, eventually, lines, look_up};

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[test]
fn the_page_has_a_strict_policy_at_every_address_of_its_own() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let get = |path: &str| {
        let page = ada.open(path);
        let policy = page.headers.get("content-security-policy");
        let policy = policy
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        (page.status, policy, page.text)
    };
    let (status, policy, page) = get("/");
    if status == 404 {
        // Built without the console: the page says how to have one.
        assert!(page.contains("make console"), "{page}");
        return;
    }
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"));
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(page.contains(&format!("nonce=\"{nonce}\"")) && !page.contains("RINGFENCE_NONCE"));
    assert_ne!(get("/").1, policy, "a nonce is used once");
    assert_eq!(get("/alerts/01ABC").0, 200);
    let script = page
        .split("src=\"/assets/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let request = client().get(server.url(&format!("/assets/{script}")));
    let script = block_on(async { request.send().await.unwrap() });
    assert!(
        script.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/javascript")
    );
    assert!(
        script.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    assert_eq!(server.get("/assets/../Cargo.toml").0, 404);
    assert_eq!(server.get("/alerts/01ABC").0, 404, "programs get no page");
}

#[test]
fn a_timeline_has_everything_about_an_agent_and_values_stay_values() {
    let (_dir, server) = server();
    let records = [
        look_up("u1", "4711", "C-1"),
        look_up("u2", "4712", "C-1"),
        look_up("u3", "4711", "C-2"),
    ];
    assert_eq!(server.events(ADMIN, lines(&records)).0, 200);
    let ask = |kind: &str, value: &str| -> (u16, Value) {
        let value = value
            .replace(' ', "%20")
            .replace('=', "%3D")
            .replace('\'', "%27");
        server.get(&format!("/api/v1/timeline?kind={kind}&value={value}"))
    };
    let found = eventually("both look-ups and their facts", 15, || {
        let (_, answer) = ask("agent", "4711");
        let items = answer["items"].as_array()?;
        let own: Vec<_> = items
            .iter()
            .filter(|i| i["class_uid"] == 6001)
            .cloned()
            .collect();
        (own.len() == 2 && own.iter().all(|i| i["facts"].is_object())).then_some(own)
    });
    assert_eq!(found[0]["customer"], "C-1");
    assert_eq!(
        ask("customer", "C-1").1["items"].as_array().unwrap().len(),
        2
    );
    let (status, answer) = ask("agent", "4711' OR 'a' = 'a");
    assert_eq!(
        (status, answer["items"].as_array().unwrap().len()),
        (200, 0)
    );
    assert_eq!(ask("planet", "x").0, 400);
    let id = found[0]["event_id"].as_str().unwrap();
    let (status, record) = server.get(&format!("/api/v1/records/{id}"));
    assert_eq!(status, 200);
    assert!(record["raw"].as_str().unwrap().contains("4711"));
    assert_eq!(server.get("/api/v1/records/none").0, 404);
}

#[test]
fn a_rule_is_tried_on_pasted_records_and_on_what_happened() {
    let (_dir, server) = server();
    let records = [look_up("u1", "4711", "C-1"), look_up("u2", "4712", "C-2")];
    assert_eq!(server.events(ADMIN, lines(&records)).0, 200);
    let rule = "title: Agent 4711 opened a record\nid: 00000000-0000-4000-8000-000000000001\nstatus: test\n\
        logsource:\n    product: contact_center\n    category: record_access\n\
        detection:\n    sel:\n        rf.agent: '4711'\n    condition: sel\nlevel: low\n";
    // What came in is on the disk with its answer, and among the events that are asked a moment later.
    let over = json!({"rule": rule, "last_hours": 1});
    let logged = eventually("both records among what came in", 20, || {
        let (status, logged) = server.post("/api/v1/rules/test", &over);
        assert_eq!(status, 200, "{logged}");
        (logged["events"].as_u64()? >= 2).then_some(logged)
    });
    assert_eq!(logged["hit_count"], 1, "{logged}");
    let text = format!("{}{{\"half\n", lines(&records));
    let (_, pasted) = server.post("/api/v1/rules/test", &json!({"rule": rule, "events": text}));
    assert_eq!(pasted["hit_count"], 1, "{pasted}");
    assert_eq!(pasted["hits"][0]["event"], 1, "the line of the record");
    assert!(
        pasted["mistakes"][0]["what"]
            .as_str()
            .unwrap()
            .starts_with("line 3")
    );
    let broken = json!({"rule": "title: x\ndetection:\n  sel: {a: b}\n  condition: other\n", "last_hours": 1});
    let (_, told) = server.post("/api/v1/rules/test", &broken);
    assert_eq!(told["rules"], 0);
    assert!(told["mistakes"][0]["line"].is_u64(), "{told}");
    assert_eq!(
        server.post("/api/v1/rules/test", &json!({"rule": rule})).0,
        400
    );
}

#[test]
fn rules_say_how_often_they_hit_and_what_they_cost() {
    let (_dir, server) = server();
    crate::alerts::attack(&server, 1..2);
    server.alert(10, |a| a["entity_kind"] == "src_ip");
    eventually("a rule with hits and measured rules", 20, || {
        let (_, rules) = server.get("/api/v1/rules");
        let rules = rules["items"].as_array()?.clone();
        let hit = rules.iter().any(|r| r["hits"].as_u64() > Some(0));
        let measured = rules
            .iter()
            .filter(|r| r["micros"].as_f64() > Some(0.0))
            .count();
        (hit && measured > 20).then_some(())
    });
}
