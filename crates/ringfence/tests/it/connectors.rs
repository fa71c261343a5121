//! A cloud contact center in place of a PBX: calls come from its API, and from nowhere else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::running::{Server, Start, eventually, lines, look_up, now_ms, ringfence};

/// A stand-in for Genesys Cloud that answers with what it is told to.
struct Genesys {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    conversations: Vec<Value>,
    users: Vec<Value>,
    asked: usize,
}

impl Genesys {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told: Arc<Mutex<Told>> = Arc::default();
        let shared = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let told = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &told));
            }
        });
        Self { address, told }
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.told.lock().unwrap());
    }

    fn asked(&self) -> usize {
        self.told.lock().unwrap().asked
    }
}

fn serve(stream: std::net::TcpStream, told: &Mutex<Told>) {
    let mut out = stream.try_clone().unwrap();
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut length, mut line) = (String::new(), 0, String::new());
        while stream.read_line(&mut line).unwrap_or(0) > 2 {
            if path.is_empty() {
                line.split(' ').nth(1).unwrap().clone_into(&mut path);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        if path.is_empty() {
            return;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let answer = {
            let mut told = told.lock().unwrap();
            told.asked += 1;
            match path.as_str() {
                "/oauth/token" => json!({"access_token": "t", "expires_in": 86_400}),
                p if p.contains("/users/") => json!({"userDetails": told.users}),
                _ => json!({"conversations": told.conversations}),
            }
        };
        let body = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn at(ms: i64) -> String {
    ringfence_event::Time(ms).to_rfc3339()
}

/// A call of `agent` that goes on since `start`.
fn call(agent: &str, start: i64, end: Option<i64>) -> Value {
    let mut segment = json!({"segmentStart": at(start), "segmentType": "interact"});
    let mut c = json!({
        "conversationId": "c-1", "conversationStart": at(start - 1_000), "originatingDirection": "inbound",
        "participants": [
            {"purpose": "customer", "sessions": [{"sessionId": "s-0", "mediaType": "voice",
                "ani": "tel:+13175550123", "dnis": "tel:+18005550100"}]},
        ],
    });
    if let Some(end) = end {
        segment["segmentEnd"] = at(end).into();
        segment["disconnectType"] = "peer".into();
        c["conversationEnd"] = at(end).into();
    }
    let agent = json!({"purpose": "agent", "userId": agent, "sessions": [
        {"sessionId": "s-1", "mediaType": "voice", "segments": [segment]}]});
    c["participants"].as_array_mut().unwrap().push(agent);
    c
}

fn idle(agent: &str, since: i64) -> Value {
    json!({"userId": agent, "routingStatus": [{"startTime": at(since), "routingStatus": "IDLE"}]})
}

fn config(genesys: &Genesys, dir: &std::path::Path) -> String {
    let secret = dir.join("genesys.secret");
    std::fs::write(&secret, "s3cret").unwrap();
    format!(
        "[log]\nformat = \"json\"\n[[connector]]\nname = \"genesys\"\n\
         grants = [\"call-state\"]\npoll_secs = 1\nlag_secs = 0\n[connector.genesys]\n\
         api_url = \"http://{0}\"\nlogin_url = \"http://{0}\"\nclient_id = \"id\"\n\
         client_secret = {{ file = \"{1}\" }}\n",
        genesys.address,
        secret.display()
    )
}

#[track_caller]
fn state_of(server: &Server, agent: &str) -> String {
    eventually("the look-up is judged", 60, || {
        let rows = server.sql(&format!(
            "SELECT call_state FROM events WHERE class_uid = 6001 AND agent = '{agent}'"
        ));
        let state = rows.first()?["call_state"].as_str()?.to_owned();
        (state != "unknown").then_some(state)
    })
}

fn heartbeats(server: &Server) -> u64 {
    server.count("SELECT count(*) AS n FROM events WHERE class_uid = 99904001 AND activity_id = 99")
}

#[test]
fn look_ups_are_judged_by_the_calls_of_a_cloud_contact_center_alone() {
    let dir = tempfile::tempdir().unwrap();
    let genesys = Genesys::start();
    let config = config(&genesys, dir.path());
    let data = dir.path().join("data");
    let server = Start::on(&data).config(config.clone()).run();
    let crm = server.source("crm", &json!({}));
    // The platform has been heard: from now on what it says of an agent counts.
    eventually("two heartbeats", 60, || {
        (heartbeats(&server) >= 2).then_some(())
    });
    let start = now_ms();
    genesys.tell(|t| {
        t.conversations.push(call("u-1", start, None));
        t.users.push(idle("u-1", start - 1));
        t.users.push(idle("u-2", start));
    });
    eventually("the call is known", 60, || {
        let (_, calls) = server.get("/api/v1/calls");
        (calls["items"].as_array()?.len() == 1).then_some(())
    });
    let looks = [look_up("l-1", "u-1", "C-1"), look_up("l-2", "u-2", "C-2")];
    assert_eq!(server.events(&crm, lines(&looks)).0, 200);
    assert_eq!(state_of(&server, "u-1"), "live");
    assert_eq!(state_of(&server, "u-2"), "none");
    let alert = server.alert(30, |a| a["entity_value"] == "u-2");
    assert!(
        alert["title"].as_str().unwrap().contains("without a call"),
        "{alert}"
    );
    assert!(server.alerts().iter().all(|a| a["entity_value"] != "u-1"));

    // Killed and started again, it goes on, and what is shown again is no second event.
    server.kill_now();
    drop(server);
    let before = genesys.asked();
    genesys.tell(|t| t.conversations = vec![call("u-1", start, Some(now_ms()))]);
    let server = Start::on(&data).config(config).run();
    eventually("the call is over", 60, || {
        let (_, calls) = server.get("/api/v1/calls");
        (calls["items"].as_array()?.is_empty() && genesys.asked() > before).then_some(())
    });
    let sql = "SELECT count(*) AS n FROM events WHERE class_uid = 99904001 AND activity_id < 99";
    eventually("offered, answered and ended, each once", 60, || {
        (server.count(sql) == 3).then_some(())
    });

    // How it stands, for people and for programs.
    let (status, list) = server.get("/api/v1/connectors");
    let one = &list["items"][0];
    assert_eq!(
        (status, &one["name"], &one["vendor"]),
        (200, &json!("genesys"), &json!("genesys"))
    );
    assert!(one["last_success_ms"].as_i64().unwrap() > start && one["failing"] == 0);
    let (_, metrics) = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics
            .contains("ringfence_connector_pages_total{connector=\"genesys\",vendor=\"genesys\"}")
    );
    let (status, _) = server.post(
        "/api/v1/connectors/genesys/replay",
        &json!({"since": at(start - 60_000)}),
    );
    assert_eq!(status, 204);
    eventually("the replay shows known things", 60, || {
        let (_, list) = server.get("/api/v1/connectors");
        (list["items"][0]["counters"]["duplicates"].as_u64()? >= 3).then_some(())
    });
    assert_eq!(server.count(sql), 3);
    let (status, _) = server.post(
        "/api/v1/connectors/nobody/replay",
        &json!({"since": at(start)}),
    );
    assert_eq!(status, 404);
    assert!(!server.log_text().contains("s3cret"));
}

#[test]
fn a_connector_can_be_tried_out_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let genesys = Genesys::start();
    genesys.tell(|t| t.conversations.push(call("u-1", now_ms() - 60_000, None)));
    let path = dir.path().join("ringfence.toml");
    std::fs::write(&path, config(&genesys, dir.path())).unwrap();
    let path = path.to_str().unwrap();
    let test = ringfence(&[
        "--format",
        "jsonl",
        "connectors",
        "test",
        "genesys",
        "--config",
        path,
    ]);
    assert_eq!(test.code, 0, "{}", test.err);
    let events: Vec<Value> = test
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let told: Vec<_> = events
        .iter()
        .map(|e| e["activity_name"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["Offered", "Answered"]);
    assert!(
        test.err.contains("conversations: 1 records"),
        "{}",
        test.err
    );
    let wrong = ringfence(&["connectors", "test", "nobody", "--config", path]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("there are: genesys"), "{}", wrong.err);
}

#[test]
fn every_mistake_of_every_connector_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"[[connector]]
name = "Okta 1"
[connector.okta]
url = "http://acme.okta.com"

[[connector]]
name = "b"
poll_secs = 0
grants = ["root"]
start = "yesterday"
[connector.entra]
tenant = "a/b"
client_id = "x"
client_secret = "s3cret"

[[connector]]
name = "c"
poll_secs = 0
start = "yesterday"
[connector.genesys]
client_id = "x"
client_secret = { env = "X" }
"#;
    let refused = Start::on(&dir.path().join("data")).config(text).refused();
    assert_eq!(refused.code, 2, "{}", refused.err);
    for told in [
        "connector[0]",
        "connector[1]",
        "never itself",
        "connector[2].poll_secs",
        "connector[2].start",
        "connector[2].genesys.region",
    ] {
        assert!(
            refused.err.contains(told),
            "{told} is not in {}",
            refused.err
        );
    }
    assert!(!refused.err.contains("s3cret"));
}
