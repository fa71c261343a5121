//! Looking at alerts, judging them, and watching them appear.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::running::{ADMIN, Server, Start, block_on, lines, now_ms, send};

/// Password guessing from as many addresses as asked: one alert each.
pub fn attack(server: &Server, from: std::ops::Range<u8>) {
    let records: Vec<_> = from
        .flat_map(|host| (0..12).map(move |n| guess(host, n)))
        .collect();
    let (status, answer) = server.events(ADMIN, lines(&records));
    assert_eq!((status, &answer["rejected"]), (200, &json!(0)), "{answer}");
}

fn guess(host: u8, n: u8) -> Value {
    json!({
        "class_uid": 3002, "category_uid": 3, "activity_id": 1, "type_uid": 300_201,
        "severity_id": 1, "time": now_ms(), "status_id": 2, "status": "Failure",
        "metadata": {"version": "1.8.0", "uid": format!("g-{host}-{n}"), "product": {"name": "VPN"}},
        "user": {"name": "root"}, "src_endpoint": {"ip": format!("203.0.113.{host}")},
    })
}

fn about(host: u8) -> impl Fn(&Value) -> bool {
    move |a| a["entity_value"] == format!("203.0.113.{host}")
}

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

fn edit(server: &Server, id: &str, tag: Option<&str>, edit: &Value) -> (u16, Value) {
    let path = format!("/api/v1/alerts/{id}/edit");
    let mut request = server.request(Method::POST, &path, ADMIN).json(edit);
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    send(request)
}

fn etag(server: &Server, id: &str) -> String {
    let path = format!("/api/v1/alerts/{id}");
    block_on(async {
        let response = server
            .request(Method::GET, &path, ADMIN)
            .send()
            .await
            .unwrap();
        response.headers()["etag"].to_str().unwrap().to_owned()
    })
}

#[test]
fn an_alert_is_closed_with_a_reason_or_not_at_all() {
    let (_dir, server) = server();
    attack(&server, 1..2);
    let alert = server.alert(10, about(1));
    let id = alert["id"].as_str().unwrap();
    for close in [
        json!({"action": "close"}),
        json!({"action": "close", "verdict": "benign"}),
        json!({"action": "close", "verdict": "benign", "reason": ""}),
        json!({"action": "close", "verdict": "benign", "reason": "  "}),
        json!({"action": "close", "verdict": "who knows", "reason": "x"}),
    ] {
        let (status, answer) = edit(&server, id, None, &close);
        assert!(matches!(status, 400 | 422), "{close}: {status} {answer}");
    }
    assert_eq!(server.alert(5, about(1))["status"], "open");

    let close = json!({"action": "close", "verdict": "true_positive", "reason": "a known scanner"});
    let (status, closed) = edit(&server, id, None, &close);
    assert_eq!(status, 200, "{closed}");
    let (_, detail) = server.get(&format!("/api/v1/alerts/{id}"));
    let text = detail.to_string();
    assert!(
        text.contains("\"closed\"") && text.contains("a known scanner"),
        "{text}"
    );
    assert_eq!(
        server.get("/api/v1/alerts?status=open&limit=500").1["items"],
        json!([])
    );
    assert_eq!(edit(&server, "nobody", None, &close).0, 404);

    // The story goes on: that is a new alert, which names the old one.
    let more: Vec<_> = (12..40).map(|n| guess(1, n)).collect();
    assert_eq!(server.events(ADMIN, lines(&more)).0, 200);
}

#[test]
fn two_people_do_not_overwrite_each_other() {
    let (_dir, server) = server();
    attack(&server, 1..2);
    let alert = server.alert(10, about(1));
    let id = alert["id"].as_str().unwrap();
    let seen = etag(&server, id);
    let mine = json!({"action": "assign", "assignee": "ann"});
    assert_eq!(edit(&server, id, Some(&seen), &mine).0, 200);
    let theirs = json!({"action": "assign", "assignee": "bob"});
    let (status, answer) = edit(&server, id, Some(&seen), &theirs);
    assert_eq!(
        (status, &answer["type"]),
        (409, &json!("urn:ringfence:conflict")),
        "{answer}"
    );
    assert_eq!(server.alert(5, about(1))["assignee"], "ann");
    assert_eq!(edit(&server, id, Some(&etag(&server, id)), &theirs).0, 200);
    assert_eq!(server.alert(5, about(1))["assignee"], "bob");
}

#[test]
fn many_alerts_are_judged_at_once() {
    let (_dir, server) = server();
    attack(&server, 1..6);
    for host in 1..6 {
        server.alert(10, about(host));
    }
    let first = server.alert(5, about(1));
    let target = json!({"filter": {"rule_id": first["rule_id"], "status": ["open"]}});
    let close = json!({"action": "close", "verdict": "benign", "reason": "a drill"});
    let (status, done) = server.post(
        "/api/v1/alerts/bulk",
        &json!({"target": target, "edit": close}),
    );
    assert_eq!(status, 200, "{done}");
    assert_eq!(done["items"].as_array().unwrap().len(), 5, "{done}");
    let (_, closed) = server.get("/api/v1/alerts?status=closed&limit=500");
    assert_eq!(closed["items"].as_array().unwrap().len(), 5);

    // By ids each succeeds or fails by itself.
    let ids = json!([first["id"], "nobody"]);
    let (status, done) = server.post(
        "/api/v1/alerts/bulk",
        &json!({"target": {"ids": ids}, "edit": {"action": "reopen"}}),
    );
    assert_eq!(status, 200, "{done}");
    let outcomes = done["items"].to_string();
    assert!(
        outcomes.contains("changed") && outcomes.contains("not_found"),
        "{done}"
    );
    assert_eq!(
        server.get("/api/v1/alerts?status=open&limit=500").1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn pages_hold_every_alert_once() {
    let (_dir, server) = server();
    attack(&server, 1..8);
    for host in 1..8 {
        server.alert(10, about(host));
    }
    let total = server.alerts().len();
    let mut found = Vec::new();
    let mut path = "/api/v1/alerts?limit=3".to_owned();
    loop {
        let (status, page) = server.get(&path);
        assert_eq!(status, 200, "{page}");
        found.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a["id"].to_string()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/alerts?limit=3&cursor={next}"),
            None => break,
        }
    }
    let distinct: std::collections::BTreeSet<_> = found.iter().collect();
    assert_eq!((found.len(), distinct.len()), (total, total));
    assert_eq!(server.get("/api/v1/alerts?limit=0").0, 400);
    assert_eq!(server.get("/api/v1/alerts?limt=3").0, 400);
}

/// One message of the stream that is an alert: its id and what it says.
async fn next_alert(response: &mut Response, pending: &mut String) -> (u64, Value) {
    loop {
        while let Some(end) = pending.find("\n\n") {
            let message: String = pending.drain(..end + 2).collect();
            let field = |name: &str| {
                message
                    .lines()
                    .find_map(|l| l.strip_prefix(name))
                    .map(str::trim)
            };
            if field("event:") == Some("alert") {
                let id = field("id:").unwrap().parse().unwrap();
                return (id, serde_json::from_str(field("data:").unwrap()).unwrap());
            }
        }
        let piece = response.chunk().await.unwrap().expect("the stream ended");
        pending.push_str(std::str::from_utf8(&piece).unwrap());
    }
}

#[test]
fn the_stream_shows_a_new_alert_and_resumes_where_it_broke_off() {
    let (_dir, server) = server();
    let open = |after: Option<u64>| {
        let mut request = server.request(Method::GET, "/api/v1/alerts/stream", ADMIN);
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = block_on(async { request.send().await }).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response
    };
    let mut stream = open(None);
    attack(&server, 1..2);
    let (seen, first) = block_on(next_alert(&mut stream, &mut String::new()));
    assert_eq!(
        (&first["kind"], &first["alert"]["entity_value"]),
        (&json!("opened"), &json!("203.0.113.1"))
    );
    drop(stream);

    // While nobody listens, more happens.
    attack(&server, 2..4);
    server.alert(10, about(2));
    server.alert(10, about(3));
    let mut stream = open(Some(seen));
    let mut pending = String::new();
    let (mut last, mut opened) = (seen, Vec::new());
    while opened.len() < 2 {
        let (id, change) = block_on(next_alert(&mut stream, &mut pending));
        assert!(id > last, "in order, none twice");
        last = id;
        if change["kind"] == "opened" {
            opened.push(change["alert"]["entity_value"].as_str().unwrap().to_owned());
        }
    }
    opened.sort();
    assert_eq!(opened, ["203.0.113.2", "203.0.113.3"]);
    // A server that stops does not wait for its listeners.
    assert_eq!(server.stop().code(), Some(0));
}
