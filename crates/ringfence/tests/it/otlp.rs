//! OpenTelemetry logs, from its own exporter and as its specification says.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::bulk::{rows, server};
use crate::running::{eventually, python, send};

#[test]
fn opentelemetrys_own_exporter_sends_logs() {
    let Some(python) = python("opentelemetry.exporter.otlp.proto.http._log_exporter") else {
        return;
    };
    let (_dir, server) = server();
    let token = server.source("otel", &json!({}));
    let script = r#"
import logging, sys
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
url, token = sys.argv[1:]
provider = LoggerProvider(resource=Resource.create({"service.name": "crm", "deployment.environment": "test"}))
exporter = OTLPLogExporter(endpoint=url + "/v1/logs", headers={"authorization": "Bearer " + token}, compression=Compression.Gzip)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
log = logging.getLogger("audit")
log.addHandler(LoggingHandler(logger_provider=provider))
log.setLevel(logging.INFO)
for n in range(1000):
    log.error("request %d failed", n, extra={"user.id": "4711", "attempt": n})
log.info('{"ts":"2026-11-22T09:30:00Z","user":"4711","action":"view","customer_id":"C-1"}')
provider.shutdown()
"#;
    let run = Command::new(python)
        .args(["-W", "ignore", "-c", script, &server.url(""), &token])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    eventually("all are visible", 20, || {
        (rows(&server, "otel").0 == 1001).then_some(())
    });
    // Attributes of record and resource stand beside the text under their own names.
    let sql = "SELECT count(*) AS n FROM events WHERE source = 'otel' AND severity_id = 4 AND message = 'request 7 failed' AND raw LIKE '%\"user.id\":\"4711\"%' AND raw LIKE '%\"service.name\":\"crm\"%'";
    assert_eq!(server.count(sql), 1);
    assert_eq!(
        server.count("SELECT count(*) AS n FROM events WHERE source = 'otel' AND class_uid = 6001"),
        1
    );
}

#[test]
fn otlp_as_json_is_answered_as_otlp_asks() {
    let (_dir, server) = server();
    let token = server.source("otel", &json!({}));
    let post = |token: &str, kind: &str, body: String| {
        let request = server.request(Method::POST, "/v1/logs", token);
        send(request.header("content-type", kind).body(body))
    };
    let request = |records: Value| {
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).to_string()
    };
    let good = json!({"timeUnixNano": "1795339800000000000", "body": {"stringValue": "hello"}});
    let ask = |records: Value| post(&token, "application/json", request(records));
    assert_eq!(ask(json!([good])), (200, json!({})));
    let (status, answer) = ask(json!([good, "bad", good]));
    assert_eq!(
        (status, &answer["partialSuccess"]["rejectedLogRecords"]),
        (200, &json!("1")),
        "{answer}"
    );
    let (status, answer) = ask(json!(["bad"]));
    assert_eq!((status, &answer["code"]), (400, &json!(3)), "{answer}");
    let (status, answer) = post("no", "application/json", request(json!([])));
    assert_eq!((status, &answer["code"]), (401, &json!(16)), "{answer}");
    assert_eq!(post(&token, "text/plain", String::new()).0, 415);
    // Broken protobuf: the answer is protobuf too.
    let (status, _) = post(&token, "application/x-protobuf", "\u{7f}".to_owned());
    assert_eq!(status, 400);
    eventually("three are visible", 5, || {
        (rows(&server, "otel").0 == 3).then_some(())
    });
}
