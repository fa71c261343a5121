//! Microsoft Entra ID sign-ins.

use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, hang, ok, status};
use crate::world::World;

fn sign_in(n: usize) -> Value {
    json!({
        "id": format!("id-{n}"), "createdDateTime": "2026-11-22T09:30:00Z", "userId": "26be",
        "userPrincipalName": "ann@acme.example", "userDisplayName": "Ann", "appId": "de8b",
        "appDisplayName": "Office 365", "ipAddress": "203.0.113.9",
        "status": {"errorCode": 0, "failureReason": "Other."}, "deviceDetail": {}, "location": {},
    })
}

fn graph(asked: &Asked, of: usize) -> Answer {
    if asked.path.ends_with("/oauth2/v2.0/token") {
        assert_eq!(asked.path, "/acme.example/oauth2/v2.0/token");
        assert!(
            asked.body.contains("client_secret=s3+cret%26") && asked.body.contains("%2F.default"),
            "{}",
            asked.body
        );
        return ok(json!({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"}));
    }
    assert_eq!(asked.path, "/v1.0/auditLogs/signIns");
    assert_eq!(asked.header("authorization"), "Bearer t");
    let skip: usize = asked
        .parameter("$skiptoken")
        .map_or(0, |s| s.parse().unwrap());
    if skip == 0 {
        let filter = asked.parameter("$filter").unwrap();
        assert!(
            filter.starts_with("createdDateTime ge 20")
                && filter.contains(" and createdDateTime lt 20")
        );
    }
    let items: Vec<_> = (skip..of.min(skip + 3)).map(sign_in).collect();
    let mut page = json!({"@odata.context": "x", "value": items});
    if skip + 3 < of {
        let link = format!(
            "http://{}/v1.0/auditLogs/signIns?$skiptoken={}",
            asked.header("host"),
            skip + 3
        );
        page["@odata.nextLink"] = link.into();
    }
    ok(page)
}

fn config(world: &World, stub: &Stub) -> String {
    let (url, secret) = (stub.url(), world.secret("s3 cret&"));
    format!(
        "name = \"entra\"\nstart = \"-1h\"\n[entra]\ntenant = \"acme.example\"\nclient_id = \"id\"\n\
         client_secret = {secret}\ngraph_url = \"{url}\"\nlogin_url = \"{url}\"\n"
    )
}

#[tokio::test]
async fn sign_ins_arrive_page_by_page_through_failures_and_a_crash() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        2 => status(429, "").with("retry-after", 0),
        4 => hang(),
        _ => graph(asked, 8),
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(6).await;
    stub.hangs().await;
    run.cut_off().await;
    let _run = world.run(&config(&world, &stub));
    let events = world.settled(8).await;
    assert_eq!(events[0].class_uid, 3002);
    assert_eq!(events[0].keys.user.as_deref(), Some("ann@acme.example"));
}

#[tokio::test]
async fn a_mark_that_has_ended_starts_the_window_anew() {
    let world = World::new();
    let stub = Stub::start(|asked, n| {
        if n == 2 {
            status(400, "{}")
        } else {
            graph(asked, 5)
        }
    })
    .await;
    let run = world.run(&config(&world, &stub));
    world.settled(5).await;
    run.until("works", |s| s.failing == 0 && s.counters.duplicates >= 3)
        .await;
}
