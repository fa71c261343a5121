//! Twilio: lists, and callbacks.

use base64::Engine as _;
use ringfence_connectors::{PushError, PushRequest};
use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, hang, ok, status};
use crate::world::World;

fn call(n: usize) -> Value {
    json!({
        "sid": format!("CA{n}"), "account_sid": "AC1", "parent_call_sid": null, "direction": "inbound",
        "date_created": "Sun, 22 Nov 2026 09:30:00 +0000", "start_time": "Sun, 22 Nov 2026 09:30:05 +0000",
        "end_time": "Sun, 22 Nov 2026 09:34:05 +0000", "duration": "240", "from": "+13175550123",
        "to": "client:ann", "status": "completed",
    })
}

fn accepted(n: usize) -> Value {
    json!({
        "sid": format!("EV{n}"), "account_sid": "AC1", "event_type": "reservation.accepted",
        "event_date": "2026-11-22T09:30:00Z", "event_date_ms": 1_795_339_800_000_i64,
        "resource_sid": "WR1", "resource_type": "reservation",
        "event_data": {"worker_name": "ann", "task_attributes": "{\"call_sid\":\"CA1\"}"},
    })
}

fn twilio(asked: &Asked) -> Answer {
    assert_eq!(asked.header("authorization"), "Basic U0sxOnMzY3JldA==");
    let page: usize = asked.parameter("Page").map_or(0, |p| p.parse().unwrap());
    match asked.path.as_str() {
        "/2010-04-01/Accounts/AC1/Calls.json" => {
            assert!(page > 0 || asked.parameter("StartTime>").is_some());
            let next = (page < 2)
                .then(|| format!("/2010-04-01/Accounts/AC1/Calls.json?Page={}", page + 1));
            ok(
                json!({"calls": [call(page * 2), call(page * 2 + 1)], "next_page_uri": next, "page": page}),
            )
        }
        "/v1/Workspaces/WS1/Events" => {
            let url = format!(
                "http://{}/v1/Workspaces/WS1/Events?Page=1",
                asked.header("host")
            );
            let next = (page == 0).then_some(url);
            ok(
                json!({"events": [accepted(page)], "meta": {"key": "events", "next_page_url": next}}),
            )
        }
        other => panic!("{other}"),
    }
}

fn config(world: &World, stub: &Stub) -> String {
    let secret = world.secret("s3cret");
    format!(
        "name = \"twilio\"\nstart = \"-1h\"\n[twilio]\naccount_sid = \"AC1\"\nkey_sid = \"SK1\"\nkey_secret = {secret}\n\
         auth_token = {secret}\nworkspace_sid = \"WS1\"\npush_url = \"https://rf.example/api/v1/connectors/twilio/push\"\n\
         url = \"{}\"\n",
        stub.url()
    )
}

#[tokio::test]
async fn calls_and_task_events_arrive_through_both_kinds_of_paging_and_a_crash() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        1 => hang(),
        3 => status(500, ""),
        4 => status(429, "").with("retry-after", 0),
        _ => twilio(asked),
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(4).await;
    stub.hangs().await;
    run.cut_off().await;
    let _run = world.run(&config(&world, &stub));
    // Two events for each of six calls, and two reservations.
    world.settled(14).await;
}

fn signed(url: &str, form: &[(&str, &str)], key: &str) -> PushRequest {
    let mut sorted = form.to_vec();
    sorted.sort_unstable();
    let text: String = sorted.iter().map(|(k, v)| format!("{k}{v}")).collect();
    // The one place that can make such a signature is Python's standard library.
    let script = "import sys,hmac,hashlib,base64;print(base64.b64encode(hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),hashlib.sha1).digest()).decode())";
    let run = std::process::Command::new("python3")
        .args(["-c", script, key, &format!("{url}{text}")])
        .output()
        .unwrap();
    let signature = String::from_utf8(run.stdout).unwrap().trim().to_owned();
    assert!(base64::prelude::BASE64_STANDARD.decode(&signature).is_ok());
    let mut body = reqwest::Url::parse("http://x").unwrap();
    body.query_pairs_mut().extend_pairs(form);
    PushRequest {
        headers: vec![("x-twilio-signature".into(), signature)],
        query: String::new(),
        body: body.query().unwrap().to_owned().into(),
    }
}

#[tokio::test]
async fn a_callback_arrives_at_once_and_the_list_does_not_double_it() {
    let world = World::new();
    let stub = Stub::start(|asked, _| match asked.path.contains("Events") {
        true => twilio(asked),
        false => ok(json!({"calls": [], "next_page_uri": null})),
    })
    .await;
    let config = config(&world, &stub);
    let run = world.run(&config);
    world.settled(2).await;
    let url = "https://rf.example/api/v1/connectors/twilio/push";
    let form = |sid| {
        [
            ("Sid", sid),
            ("AccountSid", "AC1"),
            ("EventType", "reservation.accepted"),
            ("TimestampMs", "1795339800000"),
            ("WorkerName", "ann"),
            ("TaskAttributes", "{\"call_sid\":\"CA1\"}"),
        ]
    };
    let known = signed(url, &form("EV1"), "s3cret");
    run.connectors.push("twilio", &known).await.unwrap();
    world.settled(2).await;
    let new = signed(url, &form("EV9"), "s3cret");
    run.connectors.push("twilio", &new).await.unwrap();
    let events = world.settled(3).await;
    assert_eq!(events[2].keys.agent.as_deref(), Some("ann"));
    assert_eq!(events[2].keys.call.as_deref(), Some("CA1"));

    for wrong in [
        signed(url, &form("EV10"), "guess"),
        signed("https://other.example/", &form("EV10"), "s3cret"),
        PushRequest {
            headers: vec![],
            ..new.clone()
        },
    ] {
        let refused = run.connectors.push("twilio", &wrong).await;
        assert!(matches!(refused, Err(PushError::Unproven)));
    }
    assert_eq!(run.status().counters.refused, 3);
    assert!(matches!(
        run.connectors.push("x", &new).await,
        Err(PushError::Unknown)
    ));
    world.settled(3).await;
}
