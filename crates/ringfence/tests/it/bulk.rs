//! Elasticsearch's bulk requests and what shippers ask before them.

use std::io::Write as _;
use std::process::Command;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::running::{Server, Start, block_on, eventually, send};

pub fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

fn bulk(server: &Server, token: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = server.request(Method::POST, "/_bulk", token);
    send(
        request
            .header("content-type", "application/x-ndjson")
            .body(body),
    )
}

/// Rows of a source, and different messages among them.
pub fn rows(server: &Server, source: &str) -> (u64, u64) {
    let sql = format!(
        "SELECT count(*) AS n, count(DISTINCT message) AS d FROM events WHERE source = '{source}'"
    );
    let row = server.sql(&sql).remove(0);
    (row["n"].as_u64().unwrap(), row["d"].as_u64().unwrap())
}

#[test]
fn each_document_of_a_bulk_request_has_an_answer_of_its_own() {
    let (_dir, server) = server();
    let token = server.source("shipper", &json!({"classes": [0, 6001]}));
    let body = concat!(
        "{\"create\":{\"_index\":\"logs\",\"_id\":\"a\"}}\n{\"message\":\"one\"}\n",
        "{\"index\":{}}\n{\"half\": \n",
        "{\"update\":{\"_index\":\"logs\",\"_id\":\"a\"}}\n{\"doc\":{\"message\":\"two\"}}\n",
        "{\"delete\":{\"_index\":\"logs\",\"_id\":\"a\"}}\n",
        "{\"create\":{}}\n{\"class_uid\":3002,\"activity_id\":1,\"time\":1}\n",
        "{\"create\":{}}\n\n",
        "{\"index\":{}}\n{\"message\":\"three\"}",
    );
    let request = server.request(Method::POST, "/mine/_bulk", &token);
    let (status, answer) = send(request.body(body));
    assert_eq!((status, &answer["errors"]), (200, &json!(true)), "{answer}");
    let told: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (action, item) = item.as_object().unwrap().iter().next().unwrap();
            let kind = item["error"]["type"].as_str().unwrap_or_default();
            (
                action.as_str(),
                item["_index"].as_str().unwrap(),
                item["status"].as_u64().unwrap(),
                kind,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("create", "logs", 201, ""),
            ("index", "mine", 400, "document_parsing_exception"),
            ("update", "logs", 400, "illegal_argument_exception"),
            ("delete", "logs", 400, "illegal_argument_exception"),
            ("create", "mine", 403, "security_exception"),
            ("create", "mine", 400, "document_parsing_exception"),
            ("index", "mine", 201, ""),
        ]
    );
    // What was refused is in quarantine with its line in the request.
    let kept = eventually("three documents are in quarantine", 5, || {
        let (_, list) = server.get("/api/v1/quarantine");
        let lines: Vec<_> = list["items"]
            .as_array()?
            .iter()
            .map(|i| i["line"].clone())
            .collect();
        (lines.len() == 3).then_some(lines)
    });
    for line in [4, 9, 11] {
        assert!(kept.contains(&json!(line)), "{line}: {kept:?}");
    }
    eventually("two are visible", 5, || {
        (rows(&server, "shipper") == (2, 2)).then_some(())
    });

    // A line that does not say what to do refuses all, as in Elasticsearch.
    let (status, answer) = bulk(&server, &token, "{\"create\":{}}\n{}\n{\"n\":1}\n{}\n");
    assert_eq!(status, 400, "{answer}");
    assert_eq!(answer["error"]["type"], "illegal_argument_exception");
    assert!(
        answer["error"]["reason"]
            .as_str()
            .unwrap()
            .contains("line [3]"),
        "{answer}"
    );
}

#[test]
fn a_document_with_an_id_counts_once_in_its_index() {
    let (_dir, server) = server();
    let token = server.source("shipper", &json!({}));
    let document = |index: &str, id: &str| {
        format!(
            "{{\"create\":{{\"_index\":\"{index}\",\"_id\":\"{id}\"}}}}\n{{\"message\":\"{index} {id}\"}}\n"
        )
    };
    let body = document("a", "1") + &document("a", "2") + &document("b", "1");
    for _ in 0..3 {
        let (status, answer) = bulk(&server, &token, body.clone());
        assert_eq!(
            (status, &answer["errors"]),
            (200, &json!(false)),
            "{answer}"
        );
    }
    // Another source's documents are others.
    let other = server.source("other", &json!({}));
    assert_eq!(bulk(&server, &other, body).0, 200);
    // Without an id, the request's key and the place in it.
    let plain = "{\"index\":{}}\n{\"message\":\"x\"}\n".repeat(3);
    let third = server.source("third", &json!({}));
    for _ in 0..2 {
        let request = server.request(Method::POST, "/_bulk", &third);
        let (status, _) = send(request.header("idempotency-key", "k").body(plain.clone()));
        assert_eq!(status, 200);
    }
    eventually("each is visible once", 5, || {
        let seen = ["shipper", "other", "third"].map(|source| rows(&server, source));
        (seen == [(3, 3), (3, 3), (3, 1)]).then_some(())
    });
}

/// Headers of a request that a shipper makes.
fn as_shipper(method: &str, server: &Server, path: &str, authorization: &str) -> RequestBuilder {
    let request = Client::new().request(method.parse().unwrap(), server.url(path));
    request.header("authorization", authorization)
}

#[test]
fn what_shippers_ask_before_they_send_is_answered() {
    let (_dir, server) = server();
    let token = server.source("shipper", &json!({}));
    let encode = |text: String| {
        let script = "import base64,sys; print(base64.b64encode(sys.argv[1].encode()).decode())";
        let out = Command::new("python3")
            .args(["-c", script, &text])
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    };
    let basic = format!("Basic {}", encode(format!("elastic:{token}")));
    let key = format!("ApiKey {}", encode(format!("ringfence:{token}")));
    for authorization in [&basic, &key, &format!("Bearer {token}")] {
        for (method, path) in [
            // Beats
            ("GET", "/"),
            ("GET", "/_license?human=false"),
            ("GET", "/_xpack?filter_path=features.ilm.available"),
            ("GET", "/_ilm/policy/winlogbeat"),
            ("HEAD", "/_ilm/policy/winlogbeat"),
            ("HEAD", "/_index_template/winlogbeat-8.19.0"),
            ("PUT", "/_index_template/winlogbeat-8.19.0"),
            ("GET", "/_data_stream/winlogbeat-8.19.0"),
            ("PUT", "/_data_stream/winlogbeat-8.19.0"),
            ("GET", "/_ingest/pipeline/winlogbeat-8.19.0-routing"),
            ("PUT", "/_ingest/pipeline/winlogbeat-8.19.0-routing"),
            // Logstash
            ("HEAD", "/"),
            ("GET", "/_license"),
            ("HEAD", "/_index_template/ecs-logstash"),
            ("HEAD", "/_template/logstash"),
            // rsyslog and Vector
            ("GET", "/_cat/health"),
            ("GET", "/_cluster/health"),
        ] {
            let request = as_shipper(method, &server, path, authorization);
            let request = if method == "PUT" {
                // Templates of Beats are large.
                request.body("x".repeat(700_000))
            } else {
                request
            };
            let answer = block_on(request.send()).unwrap();
            assert_eq!(answer.status(), 200, "{method} {path}");
            assert_eq!(
                answer.headers()["x-elastic-product"],
                "Elasticsearch",
                "{path}"
            );
        }
    }
    let (_, about) = send(as_shipper("GET", &server, "/", &basic));
    assert!(
        about["version"]["number"]
            .as_str()
            .unwrap()
            .starts_with("8."),
        "{about}"
    );
    let (_, license) = send(as_shipper("GET", &server, "/_license", &basic));
    assert_eq!(license["license"]["status"], "active");
    for authorization in ["Basic eDp5", "ApiKey eDp5", "Bearer no"] {
        let (status, answer) = send(as_shipper("GET", &server, "/", authorization));
        assert_eq!(
            (status, &answer["error"]["type"]),
            (401, &json!("security_exception"))
        );
        assert_eq!(answer["status"], 401);
    }
}

/// What each shipper sends, written down after its documentation and source.
#[test]
fn requests_as_each_shipper_writes_them_become_events() {
    let (_dir, server) = server();
    let token = server.source("shipper", &json!({}));
    let beats = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/intake/beats.ndjson"
    ))
    .unwrap();
    let filebeat: String = beats
        .lines()
        .map(|line| format!("{{\"create\":{{\"_index\":\"filebeat-8.19.0\"}}}}\n{line}\n"))
        .collect();
    let crm = r#"{\"ts\":\"2026-11-22T09:30:00Z\",\"user\":\"4711\",\"action\":\"view\",\"customer_id\":\"C-1\"}"#;
    let filtered = "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status";
    let json = "application/json; charset=UTF-8";
    let compatible = "application/vnd.elasticsearch+json; compatible-with=8";
    let ndjson = "application/x-ndjson";
    let vector = format!(
        "{{\"index\":{{\"_index\":\"vector-2026.11.22\"}}}}\n{{\"file\":\"/var/log/crm.log\",\"host\":\"crm1\",\"message\":\"{crm}\",\"source_type\":\"file\",\"timestamp\":\"2026-11-22T09:30:01Z\"}}\n"
    );
    let fluent_bit = format!(
        "{{\"create\":{{\"_index\":\"fluent-bit\"}}}}\n{{\"@timestamp\":\"2026-11-22T09:30:01.123Z\",\"log\":\"{crm}\"}}\n"
    );
    let logstash = format!(
        "{{\"create\":{{\"_index\":\"logs-generic-default\",\"routing\":null}}}}\n{{\"@timestamp\":\"2026-11-22T09:30:01.123Z\",\"@version\":\"1\",\"event\":{{\"original\":\"x\"}},\"message\":\"{crm}\"}}\n"
    );
    for (path, kind, body, count) in [
        (filtered, json, filebeat.as_str(), 9),
        ("/_bulk", ndjson, vector.as_str(), 1),
        ("/_bulk", ndjson, fluent_bit.as_str(), 1),
        (filtered, compatible, logstash.as_str(), 1),
    ] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(body.as_bytes()).unwrap();
        let request = server.request(Method::POST, path, &token);
        let request = request
            .header("content-type", kind)
            .header("content-encoding", "gzip")
            .body(gzip.finish().unwrap());
        let (status, answer) = send(request);
        assert_eq!(
            (status, &answer["errors"]),
            (200, &json!(false)),
            "{answer}"
        );
        assert_eq!(answer["items"].as_array().unwrap().len(), count);
    }
    eventually("look-ups and Windows events are told apart", 5, || {
        let classes = server.sql(
            "SELECT class_uid, count(*) AS n FROM events WHERE source = 'shipper' GROUP BY class_uid ORDER BY class_uid",
        );
        let of = |class: u64| {
            let row = classes.iter().find(|r| r["class_uid"] == class);
            row.and_then(|r| r["n"].as_u64()).unwrap_or_default()
        };
        ((of(6001), of(3002), of(1007), of(0)) == (3, 3, 2, 0)).then_some(())
    });
}
