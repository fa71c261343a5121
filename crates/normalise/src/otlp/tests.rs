use std::sync::Arc;

use prost::Message as _;
use ringfence_event::{Event, Name, Origin};
use serde_json::json;

use super::proto::{Any, AnyValue, ArrayValue, KeyValue, KeyValueList, LogRecord};
use super::*;
use crate::{MappingSet, Settings};

fn read(body: &[u8], encoding: OtlpEncoding) -> Batch {
    let n = |s| Name::new(s).unwrap();
    let origin = Origin::local(n("app"), n("acme"), n("berlin"));
    let record = RawRecord {
        origin: &origin,
        received: Time(1_795_339_800_000),
        peer: None,
        bytes: body,
    };
    let mappings = Arc::new(MappingSet::with_builtin(vec![]));
    Normaliser::new(mappings, Settings::default()).otlp_body(&record, encoding)
}

fn any(value: Any) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(value),
    }
}

/// A length-delimited field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn request(records: &[LogRecord]) -> Vec<u8> {
    let text = Any::Text;
    let resource = field(1, &pair("service.name", text("crm".into())).encode_to_vec());
    let mut scope = field(1, b"audit");
    scope.extend(field(2, b"1.2"));
    let mut scoped = field(1, &scope);
    for record in records {
        scoped.extend(field(2, &record.encode_to_vec()));
    }
    let mut group = field(1, &resource);
    group.extend(field(2, &scoped));
    group.extend(field(3, b"https://example.org/schema"));
    field(1, &group)
}

fn record() -> LogRecord {
    LogRecord {
        time_unix_nano: 1_795_339_700_000_000_001,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: any(Any::Text("it failed".to_owned())),
        attributes: vec![
            pair("user.id", Any::Text("4711".to_owned())),
            pair("n", Any::Int(-3)),
            pair(
                "list",
                Any::Array(ArrayValue {
                    values: vec![
                        AnyValue {
                            value: Some(Any::Bool(true)),
                        },
                        AnyValue {
                            value: Some(Any::Double(1.5)),
                        },
                    ],
                }),
            ),
            pair("bytes", Any::Bytes(vec![1, 2])),
            pair("call.state", Any::Text("live".to_owned())),
        ],
        trace_id: (0..16).collect(),
        span_id: (0..8).collect(),
        observed_time_unix_nano: 1,
        event_name: "audit.failure".to_owned(),
    }
}

fn check(event: &Event) {
    assert_eq!(event.time, Time(1_795_339_700_000));
    assert_eq!(event.severity, Severity::High);
    assert_eq!(event.message.as_deref(), Some("it failed"));
    let fields = Value::Object(event.record.clone().unwrap());
    for (name, wanted) in [
        ("message", json!("it failed")),
        ("user.id", json!("4711")),
        ("n", json!(-3)),
        ("list", json!([true, 1.5])),
        ("bytes", json!("AQI=")),
        ("service.name", json!("crm")),
        ("otel.scope.name", json!("audit")),
        ("otel.scope.version", json!("1.2")),
        ("trace_id", json!("000102030405060708090a0b0c0d0e0f")),
        ("span_id", json!("0001020304050607")),
        ("event_name", json!("audit.failure")),
        ("severity_number", json!(17)),
    ] {
        assert_eq!(fields.get(name), Some(&wanted), "{name} of {fields}");
    }
    assert_eq!(fields.get("call.state"), None, "reserved");
}

const JSON: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"crm"}}]},
 "scopeLogs":[{"scope":{"name":"audit","version":"1.2"},"logRecords":[
  {"timeUnixNano":"1795339700000000001","observedTimeUnixNano":1,"severityNumber":17,"severityText":"ERROR",
   "body":{"stringValue":"it failed"},"traceId":"000102030405060708090A0B0C0D0E0F","spanId":"0001020304050607",
   "eventName":"audit.failure","flags":1,"unknown":{},
   "attributes":[{"key":"user.id","value":{"stringValue":"4711"}},{"key":"n","value":{"intValue":"-3"}},
    {"key":"list","value":{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":1.5}]}}},
    {"key":"bytes","value":{"bytesValue":"AQI="}},{"key":"call.state","value":{"stringValue":"live"}}]},
  {"severityNumber":"x","body":7},
  "no record"]}]}]}"#;

#[test]
fn both_encodings_make_the_same_event() {
    let proto = read(&request(&[record()]), OtlpEncoding::Protobuf);
    check(&proto.outcomes[0].result.as_ref().unwrap()[0]);
    let json = read(JSON.as_bytes(), OtlpEncoding::Json);
    check(&json.outcomes[0].result.as_ref().unwrap()[0]);
    assert_eq!(
        proto.outcomes[0].result.as_ref().unwrap()[0]
            .record
            .as_ref()
            .unwrap()
            .len(),
        json.outcomes[0].result.as_ref().unwrap()[0]
            .record
            .as_ref()
            .unwrap()
            .len(),
    );
    // What is no record costs itself and no other, and its place is told.
    assert_eq!(json.outcomes.len(), 3);
    assert!(json.outcomes[1].result.is_ok());
    let refused = json.outcomes[2].result.as_ref().unwrap_err();
    assert_eq!(
        (refused.code, refused.position.line),
        (RejectCode::Syntax, 10)
    );
    assert_eq!(
        JSON.get(json.outcomes[2].span.clone()),
        Some("\"no record\"")
    );
}

#[test]
fn bodies_are_records_of_their_own() {
    let fields = Any::Fields(KeyValueList {
        values: vec![
            pair("user", Any::Text("4711".to_owned())),
            pair("action", Any::Text("view".to_owned())),
            pair("customer_id", Any::Text("C-1".to_owned())),
        ],
    });
    let text = Any::Text(r#"{"user":"4711","action":"view","customer_id":"C-1"}"#.to_owned());
    for body in [fields, text] {
        let record = LogRecord {
            body: any(body),
            attributes: vec![pair("log.record.uid", Any::Text("01J-1".to_owned()))],
            ..LogRecord::default()
        };
        let batch = read(&request(&[record]), OtlpEncoding::Protobuf);
        let event = &batch.outcomes[0].result.as_ref().unwrap()[0];
        assert_eq!(event.class_uid, 6001);
        assert_eq!(event.keys.customer.as_deref(), Some("C-1"));
        assert_eq!(event.uid.as_deref(), Some("01J-1"));
    }
}

#[test]
fn what_is_broken_is_told_with_its_place() {
    let mut body = request(&[record()]);
    body.extend(b"\x0a\x7f");
    let batch = read(&body, OtlpEncoding::Protobuf);
    assert_eq!(batch.outcomes.len(), 2);
    assert!(batch.outcomes[0].result.is_ok() && batch.outcomes[1].result.is_err());
    for (body, encoding) in [
        (&b"\xff\xff"[..], OtlpEncoding::Protobuf),
        (b"[]", OtlpEncoding::Json),
        (b"{\"resourceLogs\":7}", OtlpEncoding::Json),
    ] {
        let batch = read(body, encoding);
        assert_eq!(batch.rejects().count(), 1);
        assert_eq!(batch.events().count(), 0);
    }
    for (body, encoding) in [
        (&b""[..], OtlpEncoding::Protobuf),
        (b"{}", OtlpEncoding::Json),
    ] {
        assert_eq!(read(body, encoding), Batch::default());
    }
}

#[test]
fn depth_and_repetition_are_bounded() {
    let mut value = Any::Int(1);
    for _ in 0..40 {
        let values = vec![AnyValue { value: Some(value) }];
        value = Any::Array(ArrayValue { values });
    }
    let deep = LogRecord {
        body: any(value),
        ..LogRecord::default()
    };
    let batch = read(&request(&[deep]), OtlpEncoding::Protobuf);
    let refused = batch.outcomes[0].result.as_ref().unwrap_err();
    assert_eq!(refused.code, RejectCode::TooDeep);

    // 100 KB of resource, named again by each of a thousand records.
    let large = pair("a", Any::Text("x".repeat(100_000))).encode_to_vec();
    let mut scoped = Vec::new();
    for _ in 0..1_000 {
        scoped.extend(field(2, b""));
    }
    let mut group = field(1, &field(1, &large));
    group.extend(field(2, &scoped));
    let batch = read(&field(1, &group), OtlpEncoding::Protobuf);
    assert_eq!(batch.outcomes.len(), 1_000);
    assert_eq!(batch.events().count(), MAX_REPEATED / 100_000);
}

proptest::proptest! {
    #[test]
    fn any_bytes(data: Vec<u8>) {
        fuzz_otlp(&data);
    }

    #[test]
    fn near_requests(flips in proptest::collection::vec((0..400usize, proptest::num::u8::ANY), 0..4)) {
        let (mut proto, mut json) = (request(&[record(), record()]), JSON.as_bytes().to_vec());
        for (at, byte) in flips {
            for body in [&mut proto, &mut json] {
                let at = at % body.len();
                body[at] = byte;
            }
        }
        fuzz_otlp(&proto);
        fuzz_otlp(&json);
    }
}
