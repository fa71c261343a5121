//! Okta System Log.

use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, hang, ok, status};
use crate::world::World;

fn event(n: usize) -> Value {
    json!({
        "uuid": format!("uuid-{n}"), "published": "2026-11-22T09:30:00.123Z",
        "eventType": "user.session.start", "severity": "INFO", "displayMessage": "User login to Okta",
        "actor": {"id": "00u1", "type": "User", "alternateId": "ann@acme.example", "displayName": "Ann"},
        "client": {"ipAddress": "203.0.113.9", "userAgent": {"rawUserAgent": "x"}, "geographicalContext": null},
        "outcome": {"result": "SUCCESS"}, "target": null,
        "authenticationContext": {"externalSessionId": "s"}, "debugContext": {"debugData": {}},
    })
}

/// Pages of two; a `next` link always, also from an empty page, as a polling request gets it.
fn page(asked: &Asked, of: usize) -> Answer {
    let after: usize = asked.parameter("after").map_or(0, |a| a.parse().unwrap());
    let items: Vec<_> = (after..of.min(after + 2)).map(event).collect();
    let host = asked.header("host");
    let link = |after: usize, rel: &str| {
        format!("<http://{host}/api/v1/logs?after={after}&limit=1000>; rel=\"{rel}\"")
    };
    ok(Value::Array(items.clone()))
        .with("link", link(after, "self"))
        .with("link", link(after + items.len(), "next"))
}

fn config(world: &World, stub: &Stub) -> String {
    format!(
        "name = \"okta\"\nstart = \"-1h\"\n[okta]\nurl = \"{}\"\ntoken = {}\n",
        stub.url(),
        world.secret("00abc")
    )
}

#[tokio::test]
async fn sign_ins_arrive_once_and_the_link_is_where_it_goes_on() {
    let world = World::new();
    let stub = Stub::start(|asked, _| page(asked, 5)).await;
    let run = world.run(&config(&world, &stub));
    let events = world.settled(5).await;
    assert_eq!(events[0].class_uid, 3002);
    assert_eq!(events[0].keys.user.as_deref(), Some("ann@acme.example"));
    run.until("asked again at the end", |s| s.counters.pages > 4)
        .await;
    run.cut_off().await;

    let first = &stub.asked()[0];
    assert_eq!(
        (first.path.as_str(), first.header("authorization")),
        ("/api/v1/logs", "SSWS 00abc")
    );
    assert_eq!(first.parameter("sortOrder").as_deref(), Some("ASCENDING"));
    let before = stub.asked().len();
    let run = world.run(&config(&world, &stub));
    let status = run.until("started again", |s| s.counters.pages > 0).await;
    assert_eq!(
        (status.counters.accepted, status.counters.duplicates),
        (0, 0)
    );
    let again = &stub.asked()[before];
    assert_eq!(
        again.parameter("after").as_deref(),
        Some("5"),
        "goes on behind the last"
    );
}

#[tokio::test]
async fn a_vendor_that_is_busy_or_broken_is_asked_again_and_nothing_is_left_out() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        1 => status(429, "{\"errorCode\":\"E0000047\"}").with("x-rate-limit-reset", 0),
        2 => status(503, "").with("retry-after", 0),
        3 | 4 => status(500, ""),
        5 => status(502, "<html>"),
        _ => page(asked, 4),
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(4).await;
    let status = run.until("works again", |s| s.failing == 0).await;
    assert_eq!((status.counters.throttled, status.counters.errors), (2, 3));
    assert_eq!(status.last_error.unwrap().what, "answered with status 502");
}

#[tokio::test]
async fn cut_off_while_a_page_is_under_way_nothing_is_lost_and_nothing_doubled() {
    let world = World::new();
    let stub = Stub::start(|asked, n| if n == 1 { hang() } else { page(asked, 6) }).await;
    let run = world.run(&config(&world, &stub));
    world.settled(2).await;
    stub.hangs().await;
    run.cut_off().await;
    let _run = world.run(&config(&world, &stub));
    world.settled(6).await;
}

#[tokio::test]
async fn a_forgotten_link_means_the_time_since_is_fetched_again() {
    let world = World::new();
    let stub = Stub::start(|asked, n| {
        if n == 2 {
            return status(400, "{\"errorCode\":\"E0000031\"}");
        }
        page(asked, 5)
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(5).await;
    let status = run.until("caught up", |s| s.counters.duplicates >= 4).await;
    assert_eq!(status.counters.accepted, 5);
}

#[tokio::test]
async fn a_replay_brings_nothing_twice() {
    let world = World::new();
    let stub = Stub::start(|asked, _| page(asked, 5)).await;
    let run = world.run(&config(&world, &stub));
    world.settled(5).await;
    let since = ringfence_event::Time::parse_rfc3339("2026-11-22T00:00:00Z").unwrap();
    run.connectors.replay("okta", since).await.unwrap();
    run.until("fetched again", |s| s.counters.duplicates == 5)
        .await;
    world.settled(5).await;
    let again = stub.asked();
    let again = again.iter().rev().find_map(|a| a.parameter("since"));
    assert_eq!(again.as_deref(), Some("2026-11-22T00:00:00.000Z"));
    assert!(run.connectors.replay("nobody", since).await.is_err());
}

#[tokio::test]
async fn the_token_goes_to_the_organisation_alone() {
    let world = World::new();
    let thief = Stub::start(|_, _| ok("[]")).await;
    let (elsewhere, redirect) = (thief.url(), thief.url());
    let links = Stub::start(move |_, _| {
        ok(json!([event(1)])).with("link", format!("<{elsewhere}/api/v1/logs>; rel=\"next\""))
    })
    .await;
    let run = world.run(&config(&world, &links));
    let status = run.until("refused", |s| s.counters.errors > 0).await;
    let what = status.last_error.unwrap().what;
    assert!(what.contains("leads to another host"), "{what}");
    run.cut_off().await;

    let redirects = Stub::start(move |_, _| status_302(&redirect)).await;
    let run = world.run(&config(&world, &redirects));
    let status = run.until("refused", |s| s.counters.errors > 0).await;
    assert!(status.last_error.unwrap().what.contains("redirect"));
    assert!(thief.asked().is_empty());
}

fn status_302(to: &str) -> Answer {
    status(302, "").with("location", to)
}

#[tokio::test]
async fn what_is_wrong_is_said_without_the_secret() {
    let world = World::new();
    let refuses = Stub::start(|_, _| status(401, "{\"errorSummary\":\"no 00abc\"}")).await;
    let run = world.run(&config(&world, &refuses));
    let status = run.until("refused", |s| s.counters.errors > 0).await;
    let what = status.last_error.unwrap().what;
    assert!(what.contains("check the credential"), "{what}");
    run.cut_off().await;

    let babbles = Stub::start(|_, _| ok("{\"not\": \"a list of 00abc\"}")).await;
    let run = world.run(&config(&world, &babbles));
    let status = run.until("not understood", |s| s.counters.errors > 0).await;
    let what = status.last_error.unwrap().what;
    assert!(
        what.contains("not as documented") && !what.contains("00abc"),
        "{what}"
    );
}
