//! Amazon Connect: asked, read from a bucket, and sent by Firehose.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ringfence_connectors::{PushError, PushRequest};
use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, hang, ok, status};
use crate::world::World;

const ARN: &str = "arn:aws:connect:eu-west-1:123456789012:instance/i";

fn contact(n: usize) -> Value {
    json!({
        "Arn": format!("{ARN}/contact/c-{n}"), "Id": format!("c-{n}"), "Channel": "VOICE",
        "InitiationMethod": "INBOUND", "InitiationTimestamp": 1_795_339_800.123,
        "DisconnectTimestamp": 1_795_339_900.5, "QueueInfo": {"Id": "q"},
        "AgentInfo": {"Id": "a-1", "ConnectedToAgentTimestamp": 1_795_339_810.0},
    })
}

fn search(asked: &Asked) -> Answer {
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/search-contacts")
    );
    let signed = asked.header("authorization");
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIA/"),
        "{signed}"
    );
    assert!(
        signed.contains("/eu-west-1/connect/aws4_request"),
        "{signed}"
    );
    assert_eq!(asked.header("x-amz-content-sha256").len(), 64);
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["InstanceId"], "i-1");
    match body["NextToken"].as_str() {
        None => {
            ok(json!({"Contacts": [contact(1), contact(2)], "NextToken": "t", "TotalCount": 3}))
        }
        Some(_) => ok(json!({"Contacts": [contact(3)], "TotalCount": 3})),
    }
}

#[tokio::test]
async fn contacts_that_are_asked_for_arrive_once_though_shown_three_times() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        1 => hang(),
        3 => status(429, "").with("retry-after", 0),
        _ => search(asked),
    })
    .await;
    let config = format!(
        "name = \"connect\"\nstart = \"-30m\"\n[connect.search]\ninstance_id = \"i-1\"\nregion = \"eu-west-1\"\n\
         credentials = {{ access_key_id = \"AKIA\", secret_access_key = {} }}\nurl = \"{}\"\n",
        world.secret("k"),
        stub.url()
    );
    let run = world.run(&config);
    world.settled(6).await;
    stub.hangs().await;
    run.cut_off().await;
    let _run = world.run(&config);
    let events = world.settled(9).await;
    assert!(
        events
            .iter()
            .any(|e| e.keys.agent.as_deref() == Some("a-1"))
    );
}

fn agent_event(n: usize, state: &str) -> Value {
    json!({
        "AWSAccountId": "123456789012", "AgentARN": format!("{ARN}/agent/a-1"), "EventId": format!("e-{n}"),
        "EventType": "STATE_CHANGE", "EventTimestamp": "2026-11-22T09:30:10.000Z", "InstanceARN": ARN,
        "CurrentAgentSnapshot": {
            "AgentStatus": {"ARN": "s", "Name": "Available", "StartTimestamp": "2026-11-22T09:00:00.000Z", "Type": "ROUTABLE"},
            "Configuration": {"Username": "ann", "FirstName": "Ann"},
            "Contacts": [{"ContactId": "c-9", "Channel": "VOICE", "InitiationMethod": "INBOUND", "State": state,
                "StateStartTimestamp": "2026-11-22T09:30:10.000Z", "ConnectedToAgentTimestamp": null, "Queue": {"Name": "sales"}}],
        },
    })
}

fn delivery(id: &str, records: &[Value], key: &str) -> PushRequest {
    let data = |r: &Value| json!({"data": BASE64_STANDARD.encode(r.to_string())});
    let records: Vec<_> = records.iter().map(data).collect();
    let body = json!({"requestId": id, "timestamp": 1_795_300_000_000_i64, "records": records});
    PushRequest {
        headers: vec![("x-amz-firehose-access-key".into(), key.into())],
        query: String::new(),
        body: body.to_string().into(),
    }
}

#[tokio::test]
async fn what_firehose_delivers_is_taken_once_and_answered_as_it_wants() {
    let world = World::new();
    let config = format!(
        "name = \"connect\"\n[connect]\nfirehose_key = {}\n",
        world.secret("k3y")
    );
    let run = world.run(&config);
    let both = [agent_event(1, "CONNECTING"), agent_event(2, "CONNECTED")];
    let request = delivery("r-1", &both, "k3y");
    let answer = run
        .connectors
        .push("connect", &request)
        .await
        .unwrap()
        .unwrap();
    let told: Value = serde_json::from_slice(&answer.1).unwrap();
    assert_eq!(
        (answer.0, &told["requestId"]),
        ("application/json", &json!("r-1"))
    );
    // The state that both events repeat is one event; the calls are two.
    let events = world.settled(3).await;
    assert_eq!(events[0].keys.agent.as_deref(), Some("a-1"));
    // Firehose sends again what was not answered in time.
    run.connectors.push("connect", &request).await.unwrap();
    world.settled(3).await;
    assert_eq!(
        world.heartbeats().await,
        1,
        "the same delivery proves the same moment"
    );
    let wrong = run
        .connectors
        .push("connect", &delivery("r-2", &both, "guess"))
        .await;
    assert!(matches!(wrong, Err(PushError::Unproven)));
    let since = ringfence_event::Time(0);
    assert!(
        run.connectors.replay("connect", since).await.is_err(),
        "nothing to ask for"
    );
}
