//! Genesys Cloud.

use ringfence_event::{Time, ext};
use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, hang, ok, status};
use crate::world::World;

fn conversation(n: usize, ended: bool) -> Value {
    let at = |s: u32| format!("2026-11-22T09:30:{s:02}.000Z");
    let mut segment = json!({"segmentStart": at(10), "segmentType": "interact", "queueId": "q"});
    let mut c = json!({
        "conversationId": format!("c-{n}"), "conversationStart": at(0), "originatingDirection": "inbound",
        "participants": [
            {"purpose": "customer", "sessions": [{"sessionId": format!("s0-{n}"), "mediaType": "voice",
                "ani": "tel:+13175550123", "dnis": "tel:+18005550100", "segments": []}]},
        ],
    });
    if ended {
        c["conversationEnd"] = at(50).into();
        segment["segmentEnd"] = at(50).into();
        segment["disconnectType"] = "peer".into();
    }
    let agent = json!({"purpose": "agent", "userId": format!("u-{n}"), "sessions": [
        {"sessionId": format!("s1-{n}"), "mediaType": "voice", "segments": [segment]}]});
    c["participants"].as_array_mut().unwrap().push(agent);
    c
}

/// Events of a conversation: offered, answered, and ended if it has.
const EVENTS: usize = 3;

/// The login, and one query of 130 conversations in two pages.
fn genesys(asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "/oauth/token" => token(asked, "t-1", 86_400),
        "/api/v2/analytics/conversations/details/query" => conversations(asked, 130),
        "/api/v2/analytics/users/details/query" => ok(json!({"userDetails": [
            {"userId": "u-1", "routingStatus": [{"startTime": "2026-11-22T09:00:00.000Z", "routingStatus": "IDLE"}]},
        ]})),
        other => panic!("{other}"),
    }
}

fn token(asked: &Asked, token: &str, expires_in: u32) -> Answer {
    assert_eq!(asked.header("authorization"), "Basic Y2xpZW50OnMzY3JldA==");
    assert_eq!(asked.body, "grant_type=client_credentials");
    ok(json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in}))
}

fn conversations(asked: &Asked, of: usize) -> Answer {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let (from, until) = body["interval"].as_str().unwrap().split_once('/').unwrap();
    assert!(Time::parse_rfc3339(from).unwrap() < Time::parse_rfc3339(until).unwrap());
    let size = body["paging"]["pageSize"].as_u64().unwrap() as usize;
    let number = body["paging"]["pageNumber"].as_u64().unwrap() as usize;
    let from = (number - 1) * size;
    let items: Vec<_> = (from..of.min(from + size))
        .map(|n| conversation(n, true))
        .collect();
    // Past the end Genesys leaves the list out.
    if items.is_empty() {
        return ok("{}");
    }
    ok(json!({"conversations": items, "totalHits": of}))
}

fn config(world: &World, stub: &Stub) -> String {
    let (url, secret) = (stub.url(), world.secret("s3cret"));
    format!(
        "name = \"genesys\"\nstart = \"-10m\"\ngrants = [\"call-state\"]\n[genesys]\napi_url = \"{url}\"\n\
         login_url = \"{url}\"\nclient_id = \"client\"\nclient_secret = {secret}\n"
    )
}

#[tokio::test]
async fn calls_and_states_arrive_once_however_often_they_are_shown() {
    let world = World::new();
    let stub = Stub::start(|asked, _| genesys(asked)).await;
    let run = world.run(&config(&world, &stub));
    let events = world.settled(130 * EVENTS + 1).await;
    assert!(
        events.iter().all(|e| e.trusted),
        "call state of a granted, proven source"
    );
    assert!(events.iter().any(|e| e.class_uid == ext::AGENT));
    let tokens = || {
        stub.asked()
            .iter()
            .filter(|a| a.path == "/oauth/token")
            .count()
    };
    assert_eq!(tokens(), 1, "one token for all of it");
    let status = run.status();
    let names: Vec<_> = status.streams.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["conversations", "users"]);
}

#[tokio::test]
async fn each_round_says_how_far_the_platform_has_told() {
    let world = World::new();
    let stub = Stub::start(|asked, _| genesys(asked)).await;
    // Windows end now, so that there is one in each round.
    let config = config(&world, &stub).replace("start =", "lag_secs = 0\nstart =");
    let run = world.run(&config);
    run.until("three rounds", |s| s.counters.pages > 9).await;
    assert!(world.heartbeats().await >= 2);
}

#[tokio::test]
async fn a_token_that_ended_early_is_replaced() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match asked.path.as_str() {
        "/oauth/token" if n == 0 => token(asked, "old", 86_400),
        "/oauth/token" => token(asked, "new", 86_400),
        _ if asked.header("authorization") != "Bearer new" => status(401, "{}"),
        _ => genesys(asked),
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(130 * EVENTS + 1).await;
    assert_eq!(
        run.status().counters.errors,
        0,
        "no failure, only a new token"
    );
}

#[tokio::test]
async fn a_wrong_client_is_told_and_asked_for_patience() {
    let world = World::new();
    let stub = Stub::start(|_, _| status(400, "{\"error\":\"invalid_client\"}")).await;
    let run = world.run(&config(&world, &stub));
    let status = run.until("refused", |s| s.failing > 2).await;
    assert!(
        status
            .last_error
            .unwrap()
            .what
            .contains("check the credential")
    );
    assert!(stub.asked().iter().all(|a| a.path == "/oauth/token"));
}

#[tokio::test]
async fn cut_off_between_two_pages_nothing_is_lost_and_nothing_doubled() {
    let world = World::new();
    let second = |asked: &Asked| asked.body.contains("\"pageNumber\":2");
    let cut = std::sync::atomic::AtomicBool::new(false);
    let stub = Stub::start(move |asked, _| {
        if second(asked) && !cut.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return hang();
        }
        genesys(asked)
    })
    .await;
    let run = world.run(&config(&world, &stub));
    run.until("in the window", |s| s.streams.iter().any(|s| s.in_window))
        .await;
    let first: Vec<_> = stub
        .asked()
        .iter()
        .filter(|a| a.path.contains("conversations"))
        .cloned()
        .collect();
    run.cut_off().await;
    let _run = world.run(&config(&world, &stub));
    world.settled(130 * EVENTS + 1).await;
    let interval =
        |asked: &Asked| serde_json::from_str::<Value>(&asked.body).unwrap()["interval"].clone();
    let asked = stub.asked();
    let again: Vec<_> = asked.iter().filter(|a| second(a)).collect();
    assert!(
        again.len() >= 2,
        "the page that was cut off is asked for again"
    );
    assert_eq!(
        interval(again[1]),
        interval(&first[0]),
        "of the same window"
    );
}

#[tokio::test]
async fn a_page_that_comes_twice_is_recognised() {
    let world = World::new();
    let stub = Stub::start(|asked, _| {
        // The second page is the first again: a conversation moved between the two requests.
        let mut asked = asked.clone();
        asked.body = asked.body.replace("\"pageNumber\":2", "\"pageNumber\":1");
        if asked.body.contains("\"pageNumber\":3") {
            return ok("{}");
        }
        genesys(&asked)
    })
    .await;
    let _run = world.run(&config(&world, &stub));
    world.settled(100 * EVENTS + 1).await;
}
