//! Who may do what: each route asks, roles and programs are walls, and other applications get
//! decisions that know the call.

use reqwest::{Client, Method};
use ringfence_api::{Needs, Route};
use serde_json::{Value, json};

use crate::running::{ADMIN, Server, Start, eventually, now_ms, send};

/// A route's path with something in place of its variable parts.
fn filled(route: &Route) -> String {
    let parts = route
        .path
        .split('/')
        .map(|part| match part.starts_with('{') {
            true => "x",
            false => part,
        });
    parts.collect::<Vec<_>>().join("/")
}

fn ask(server: &Server, route: &Route, token: Option<&str>) -> (u16, Value) {
    let request = Client::new().request(route.method.clone(), server.url(&filled(route)));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    send(request.body("{}"))
}

pub fn service(server: &Server, name: &str, role: &str, program: &str) -> String {
    let new = json!({"name": name, "role": role, "program": program, "days": 1});
    let (status, made) = server.post("/api/v1/services", &new);
    assert_eq!(status, 201, "{made}");
    made["token"].as_str().unwrap().to_owned()
}

#[test]
fn every_route_asks_who_is_there_and_what_they_may() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let source = server.source("crm", &json!({}));
    // The least that there is, and the most, in a program of its own.
    let nothing = service(&server, "nothing", "integration", "elsewhere");
    let analyst = service(&server, "elsewhere", "analyst", "elsewhere");
    let routes = ringfence_api::routes();
    assert!(routes.len() > 70);
    for route in &routes {
        let name = format!("{} {}", route.method, route.path);
        // Open streams never answer whole.
        let streams = route.path.ends_with("/stream");
        let (anonymous, _) = ask(&server, route, None);
        let (by_source, _) = ask(&server, route, Some(&source));
        let (by_nothing, refusal) = match streams {
            true => (403, Value::Null),
            false => ask(&server, route, Some(&nothing)),
        };
        match route.needs {
            // The console for a browser; whoever is none is a shipper, who says who they are.
            Needs::Nothing if route.path == "/" => assert_eq!(anonymous, 401, "{name}"),
            // Nobody is at a step after a provider who was not there.
            Needs::Nothing if route.path == "/signin/step" => assert_eq!(anonymous, 401, "{name}"),
            Needs::Nothing => assert_ne!(anonymous, 401, "{name}"),
            // There is no such connector; and what a provider says is a form.
            Needs::VendorProof => assert!([404, 415].contains(&anonymous), "{name}: {anonymous}"),
            Needs::Source => {
                assert_eq!(anonymous, 401, "{name}");
                assert!(![401, 403].contains(&by_source), "{name}: {by_source}");
                assert_eq!(by_nothing, 403, "{name}");
            }
            Needs::Certificate => {
                let all = (anonymous, by_source, by_nothing);
                assert_eq!(
                    all,
                    (401, 401, 401),
                    "{name}: no token renews a certificate"
                );
            }
            Needs::Known => {
                assert_eq!((anonymous, by_source), (401, 403), "{name}");
                assert!(![401, 403].contains(&by_nothing), "{name}: {by_nothing}");
            }
            Needs::Person => {
                assert_eq!((anonymous, by_source), (401, 403), "{name}");
                assert_eq!(by_nothing, 403, "{name}: no program has an account");
            }
            Needs::Right(action) | Needs::RightEverywhere(action) => {
                assert_eq!((anonymous, by_source), (401, 403), "{name}");
                if action.name() != "decision:ask" {
                    assert_eq!(by_nothing, 403, "{name}: {refusal}");
                }
            }
        }
        if let Needs::RightEverywhere(_) = route.needs {
            let (status, _) = ask(&server, route, Some(&analyst));
            assert_eq!(status, 403, "{name}: a role in one program is none in all");
        }
    }
    // What the installation is was not touched by any of that.
    assert_eq!(server.get("/api/v1/status").0, 200);
}

#[test]
fn a_role_in_a_program_sees_nothing_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let bank = server.source("bank-crm", &json!({"program": "bank"}));
    let clinic = server.source("clinic-crm", &json!({"program": "clinic"}));
    for (token, text) in [(&bank, "of the bank"), (&clinic, "of the clinic")] {
        let body = json!({"class_uid": 0, "time": now_ms(), "message": text}).to_string();
        assert_eq!(server.events(token, body).0, 200);
    }
    eventually("both are there", 20, || {
        let n = server.count("SELECT count(*) AS n FROM events WHERE message LIKE 'of the %'");
        (n == 2).then_some(())
    });
    let analyst = service(&server, "analyst", "analyst", "bank");
    let as_analyst = |method: Method, path: &str, body: Value| {
        send(server.request(method, path, &analyst).json(&body))
    };
    let sql = json!({"sql": "SELECT message FROM events WHERE message LIKE 'of the %'"});
    let (status, answer) = as_analyst(Method::POST, "/api/v1/query", sql);
    assert_eq!(
        (status, &answer["rows"]),
        (200, &json!([{"message": "of the bank"}]))
    );
    let (_, sources) = as_analyst(Method::GET, "/api/v1/sources", Value::Null);
    let names: Vec<_> = sources["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["name"])
        .collect();
    assert_eq!(names, ["bank-crm"]);
    // A right that it does not have, in words.
    let new = json!({"name": "x", "kind": "http", "program": "bank", "site": "s", "classes": "*",
        "grants": [], "allowed_peers": [], "expect_every_secs": null});
    let (status, refusal) = as_analyst(Method::POST, "/api/v1/sources", new);
    assert_eq!(status, 403);
    assert_eq!(
        refusal["detail"],
        "your roles do not let you change sources in program `bank`; that takes: telephony \
         engineer or administrator or automation"
            .replace("your roles do", "the roles of this token do")
    );
    // Every denial is an event.
    eventually("the denial is an event", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 6003 AND message LIKE 'source:change denied%'";
        (server.sql(sql).len() == 1).then_some(())
    });
    let (_, mine) = as_analyst(Method::GET, "/api/v1/access", Value::Null);
    let rights: Vec<_> = mine["rights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["action"])
        .collect();
    assert!(rights.contains(&&json!("event:query")) && !rights.contains(&&json!("source:change")));
}

#[test]
fn nobody_gives_more_than_they_have_and_an_ended_token_is_dead() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    for (role, days, wanted) in [
        ("auditor", 30, 403),
        ("administrator", 30, 403),
        // Rights that lie in no program: the token touches neither recordings nor records.
        ("supervisor", 30, 403),
        ("quality_reviewer", 30, 403),
        ("agent", 30, 403),
        ("king", 30, 400),
        ("analyst", 0, 400),
        ("analyst", 10_000, 400),
        ("analyst", 30, 201),
        ("analyst", 30, 409),
    ] {
        let new = json!({"name": "made", "role": role, "program": "*", "days": days});
        let (status, answer) = server.post("/api/v1/services", &new);
        assert_eq!(status, wanted, "{role}: {answer}");
    }
    let token = service(&server, "short", "analyst", "bank");
    let alerts = || send(server.request(Method::GET, "/api/v1/alerts", &token)).0;
    assert_eq!(alerts(), 200);
    let (_, all) = server.get("/api/v1/services");
    let all = all["items"].as_array().unwrap().clone();
    let short = all.iter().find(|s| s["name"] == "short").unwrap();
    assert!(short["expires_ms"].as_i64().unwrap() > now_ms());
    let path = format!("/api/v1/services/{}", short["id"].as_str().unwrap());
    assert_eq!(send(server.request(Method::DELETE, &path, ADMIN)).0, 204);
    assert_eq!(alerts(), 401);
    // What was done is on the log when the answer comes.
    let sql = "SELECT message FROM events WHERE class_uid = 3005 AND message LIKE 'service short%' ORDER BY activity_id";
    eventually("both acts are events", 10, || {
        let rows = server.sql(sql);
        let said: Vec<_> = rows
            .iter()
            .map(|r| r["message"].as_str().unwrap())
            .collect();
        (said
            == [
                "service short was given a token",
                "service short lost its token",
            ])
        .then_some(())
    });
    let me = all.iter().find(|s| s["name"] == "Automation").unwrap();
    let path = format!("/api/v1/services/{}", me["id"].as_str().unwrap());
    assert_eq!(send(server.request(Method::DELETE, &path, ADMIN)).0, 403);
}

#[test]
fn an_open_stream_ends_with_its_token() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let token = service(&server, "watcher", "analyst", "bank");
    let (_, all) = server.get("/api/v1/services");
    let all = all["items"].as_array().unwrap().clone();
    let id = all.iter().find(|s| s["name"] == "watcher").unwrap()["id"].clone();
    let open = || {
        let stream = server.request(Method::GET, "/api/v1/alerts/stream", &token);
        crate::running::block_on(async { stream.send().await.unwrap() })
    };
    let end = |mut stream: reqwest::Response| {
        crate::running::block_on(async { while let Ok(Some(_)) = stream.chunk().await {} });
    };
    let stream = open();
    assert_eq!(stream.status(), 200);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let path = format!("/api/v1/services/{}", id.as_str().unwrap());
    assert_eq!(send(server.request(Method::DELETE, &path, ADMIN)).0, 204);
    let begun = std::time::Instant::now();
    end(stream);
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    assert_eq!(open().status(), 401);
}

/// What an agent's telephone does, from a source whose word counts.
pub fn telephone(server: &Server, token: &str, line: &Value) {
    let (status, answer) = server.events(token, line.to_string());
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
}

pub fn call(activity: u8, uid: &str, agent: &str, customer: &str) -> Value {
    json!({
        "class_uid": ringfence_event::ext::CALL, "activity_id": activity, "time": now_ms(),
        "call_uid": uid, "direction": "inbound", "agent": {"uid": agent},
        "customer": {"uid": customer},
    })
}

#[test]
fn an_application_gets_decisions_that_know_the_call() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let grants = json!({"program": "bank", "grants": ["call-state"]});
    let pbx = server.source("pbx", &grants);
    let crm = service(&server, "crm", "integration", "bank");
    let may = |agent: &str, customer: &str, context: Value| {
        let question = json!({
            "subject": {"type": "agent", "id": agent},
            "action": {"name": "customer-record:open"},
            "resource": {"type": "customer-record", "id": customer},
            "context": context,
        });
        let request = server.request(Method::POST, "/access/v1/evaluation", &crm);
        let (status, answer) = send(request.json(&question));
        assert_eq!(status, 200, "{answer}");
        let reason = answer["context"]["reason_user"]["en"]
            .as_str()
            .unwrap()
            .to_owned();
        (answer["decision"].as_bool().unwrap(), reason, answer)
    };
    let (allowed, reason, _) = may("4711", "C-1", json!({}));
    assert_eq!(
        (allowed, reason.as_str()),
        (false, "an agent `4711` is not known here")
    );

    // The call begins: the record of the customer on it opens, another's does not.
    telephone(&server, &pbx, &call(1, "call-1", "4711", "C-1"));
    telephone(&server, &pbx, &call(2, "call-1", "4711", "C-1"));
    eventually("the record opens", 10, || {
        may("4711", "C-1", json!({})).0.then_some(())
    });
    let (allowed, _, answer) = may("4711", "C-2", json!({}));
    assert!(!allowed);
    assert_eq!(answer["context"]["policies"], json!(["record-of-another"]));
    assert_eq!(answer["context"]["call"]["state"], "live");
    let (allowed, ..) = may(
        "4711",
        "C-2",
        json!({"reason": "their spouse, on the same call"}),
    );
    assert!(allowed);

    // The asker's own program and nobody else's.
    let ask = |body: Value| {
        let request = server.request(Method::POST, "/access/v1/evaluation", &crm);
        send(request.json(&body)).0
    };
    let of = |program: Value| {
        json!({"subject": {"type": "agent", "id": "4711"},
            "action": {"name": "customer-record:open"},
            "resource": {"type": "customer-record", "id": "C-1", "properties": {"program": program}}})
    };
    assert_eq!(
        (ask(of(json!("bank"))), ask(of(json!("clinic")))),
        (200, 400)
    );

    // Several at once, and who may what.
    let several = json!({
        "subject": {"type": "agent", "id": "4711"}, "action": {"name": "customer-record:open"},
        "evaluations": [
            {"resource": {"type": "customer-record", "id": "C-1"}},
            {"resource": {"type": "customer-record"}},
            {"resource": {"type": "customer-record", "id": "C-2"}},
            {"resource": {"type": "coffee", "id": "1"}},
        ],
    });
    let post = |path: &str, body: &Value| {
        let (status, answer) = send(server.request(Method::POST, path, &crm).json(body));
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let answer = post("/access/v1/evaluations", &several);
    let decisions: Vec<_> = answer["evaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["decision"].as_bool().unwrap())
        .collect();
    assert_eq!(decisions, [true, false, false, false]);
    assert_eq!(answer["evaluations"][1]["context"]["error"]["status"], 400);
    let mut first = several;
    first["options"] = json!({"evaluations_semantic": "deny_on_first_deny"});
    let answer = post("/access/v1/evaluations", &first);
    assert_eq!(answer["evaluations"].as_array().unwrap().len(), 2);
    let record = json!({"type": "customer-record", "id": "C-1"});
    let open = json!({"name": "customer-record:open"});
    let found = post(
        "/access/v1/search/subject",
        &json!({"subject": {"type": "agent"}, "action": open, "resource": record}),
    );
    assert_eq!(found["results"], json!([{"type": "agent", "id": "4711"}]));
    let agent = json!({"type": "agent", "id": "4711"});
    let found = post(
        "/access/v1/search/resource",
        &json!({"subject": agent, "action": open, "resource": {"type": "customer-record"}}),
    );
    assert_eq!(found["results"], json!([record]));
    let found = post(
        "/access/v1/search/action",
        &json!({"subject": agent, "resource": record}),
    );
    assert_eq!(found["results"], json!([open]));
    let found = post(
        "/access/v1/search/action",
        &json!({"subject": {"type": "ghost", "id": "1"}, "resource": record}),
    );
    assert_eq!(found["results"], json!([]));

    // The call is over, and so is the wrap-up: only with a reason, which is on the record.
    telephone(&server, &pbx, &call(5, "call-1", "4711", "C-1"));
    eventually("wrap-up", 10, || {
        (may("4711", "C-1", json!({})).2["context"]["call"]["state"] == "wrap_up").then_some(())
    });
    eventually("decisions are events", 20, || {
        let sql = "SELECT agent, customer FROM events WHERE class_uid = 6003 \
                   AND message LIKE 'customer-record:open denied%' AND program = 'bank'";
        (server.sql(sql).len() >= 2).then_some(())
    });
    assert!(
        server
            .count("SELECT count(*) AS n FROM events WHERE class_uid = 6003 AND customer = 'C-2'")
            >= 2
    );
}

/// Nobody talks an agent into a call over a feed that anybody could have sent.
#[test]
fn only_a_source_that_was_granted_call_state_decides() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let forger = server.source("feed", &json!({"program": "bank"}));
    let crm = service(&server, "crm", "integration", "bank");
    telephone(&server, &forger, &call(1, "call-1", "4711", "C-1"));
    telephone(&server, &forger, &call(2, "call-1", "4711", "C-1"));
    eventually("the call is seen", 20, || {
        let (_, calls) = server.get("/api/v1/calls");
        (!calls["items"].as_array().unwrap().is_empty()).then_some(())
    });
    let question = json!({
        "subject": {"type": "agent", "id": "4711"}, "action": {"name": "customer-record:open"},
        "resource": {"type": "customer-record", "id": "C-1"},
    });
    let request = server.request(Method::POST, "/access/v1/evaluation", &crm);
    let (_, answer) = send(request.json(&question));
    assert_eq!(answer["decision"], false, "{answer}");
}

/// What a client of the specification may send, and what it gets (AuthZEN 1.0, sections 6 and 10).
#[test]
fn what_is_wrong_with_a_question_is_said_and_ids_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let crm = service(&server, "crm", "integration", "bank");
    let send_as = |kind: Option<&str>, body: &str| {
        let request = server.request(Method::POST, "/access/v1/evaluation", &crm);
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        let request = request.header("x-request-id", "r-1").body(body.to_owned());
        crate::running::block_on(async {
            let response = request.send().await.unwrap();
            let id = response.headers().get("x-request-id").cloned();
            (response.status().as_u16(), id.is_some_and(|id| id == "r-1"))
        })
    };
    let good = r#"{"subject":{"type":"agent","id":"1"},"action":{"name":"x"},"resource":{"type":"y","id":"z"},"other":1}"#;
    let json_type = Some("application/json");
    assert_eq!(send_as(json_type, good), (200, true));
    assert_eq!(
        send_as(Some("application/json; charset=utf-8"), good),
        (200, true)
    );
    assert_eq!(send_as(Some("text/plain"), good), (400, true));
    assert_eq!(send_as(None, good), (400, true));
    for bad in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"subject":{"type":"agent"},"action":{"name":"x"},"resource":{"type":"y","id":"z"}}"#,
        r#"{"subject":{"type":"agent","id":1},"action":{"name":"x"},"resource":{"type":"y","id":"z"}}"#,
        r#"{"subject":"agent","action":{"name":"x"},"resource":{"type":"y","id":"z"}}"#,
        r#"{"subject":{"type":"agent","id":"1"},"action":"x","resource":{"type":"y","id":"z"}}"#,
        r#"{"subject":{"type":"agent","id":"1"},"action":{"name":"x"},"resource":{"type":"y","id":""}}"#,
        r#"{"subject":{"type":"agent","id":"1"},"action":{"name":"x"},"resource":{"type":"y","id":"z"},"context":1}"#,
    ] {
        assert_eq!(send_as(json_type, bad), (400, true), "{bad}");
    }
    let (status, found) = send(Client::new().get(server.url("/.well-known/authzen-configuration")));
    let base = found["policy_decision_point"].as_str().unwrap();
    assert_eq!(
        (status, base.starts_with("https://localhost:")),
        (200, true)
    );
    assert_eq!(
        found["access_evaluation_endpoint"],
        format!("{base}/access/v1/evaluation")
    );
}

#[test]
fn policies_of_a_folder_are_read_again_and_a_mistake_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("policies");
    std::fs::create_dir(&folder).unwrap();
    let config = format!("[access]\npolicies = {:?}\n", folder.to_str().unwrap());
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let ids = || {
        let (status, answer) = server.get("/api/v1/policies");
        assert_eq!(status, 200);
        let items = answer["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|p| p["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = ids();
    let own = "@id(\"no-erasing\")\n@says(\"nothing is erased here\")\n\
        forbid (principal, action == Ringfence::Action::\"lake:erase\", resource);\n";
    std::fs::write(folder.join("own.cedar"), own).unwrap();
    eventually("the policy is in force", 20, || {
        ids().contains(&"no-erasing".to_owned()).then_some(())
    });
    let erase = json!({"key": "customer", "value": "C-1", "dry_run": true});
    let (status, refusal) = server.post("/api/v1/lake/erase", &erase);
    assert_eq!(
        (status, &refusal["detail"]),
        (403, &json!("nothing is erased here"))
    );
    // A mistake: what was stays in force, and the log says where it is.
    std::fs::write(folder.join("own.cedar"), format!("{own}\npermit (")).unwrap();
    let line = server.await_line(|l| {
        l["mistake"]
            .as_str()
            .is_some_and(|m| m.starts_with("own.cedar:"))
    });
    assert!(
        line["mistake"].as_str().unwrap().starts_with("own.cedar:5"),
        "{line}"
    );
    assert!(ids().contains(&"no-erasing".to_owned()));
    std::fs::remove_file(folder.join("own.cedar")).unwrap();
    eventually("the policy is gone", 20, || (ids() == before).then_some(()));
    eventually("both changes are events", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3005 ORDER BY time";
        let rows = server.sql(sql);
        let said: Vec<_> = rows
            .iter()
            .map(|r| r["message"].as_str().unwrap())
            .collect();
        (said == ["policy no-erasing added", "policy no-erasing removed"]).then_some(())
    });
}

/// Whoever can write the folder cannot do so unseen while nobody watches.
#[test]
fn a_policy_that_changed_while_the_server_was_stopped_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("policies");
    std::fs::create_dir(&folder).unwrap();
    let own = folder.join("own.cedar");
    let policy = |says: &str| {
        let text = format!(
            "@id(\"no-erasing\")\n@says(\"{says}\")\n\
             forbid (principal, action == Ringfence::Action::\"lake:erase\", resource);\n"
        );
        std::fs::write(&own, text).unwrap();
    };
    let config = format!("[access]\npolicies = {:?}\n", folder.to_str().unwrap());
    let start = || {
        let data = dir.path().join("data");
        Start::on(&data).config(config.clone()).run()
    };
    let told = |server: &Server, wanted: &[&str]| {
        eventually("what changed is told, once", 20, || {
            let sql = "SELECT message FROM events WHERE class_uid = 3005 ORDER BY time";
            let rows = server.sql(sql);
            let said: Vec<_> = rows
                .iter()
                .map(|r| r["message"].as_str().unwrap())
                .collect();
            (said == wanted).then_some(())
        });
    };
    policy("nothing is erased here");
    let server = start();
    told(&server, &[]);
    assert_eq!(server.stop().code(), Some(0));
    policy("nothing is erased at all");
    let server = start();
    told(&server, &["policy no-erasing changed"]);
    assert_eq!(server.stop().code(), Some(0));
    std::fs::remove_file(&own).unwrap();
    let server = start();
    told(
        &server,
        &["policy no-erasing changed", "policy no-erasing removed"],
    );
}

#[test]
fn a_server_does_not_start_with_broken_policies() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("policies");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("own.cedar"),
        "permit (principal, action, resource);",
    )
    .unwrap();
    let config = format!("[access]\npolicies = {:?}\n", folder.to_str().unwrap());
    let refused = Start::on(&dir.path().join("data")).config(config).refused();
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(
        refused.err.contains("E-START-005") && refused.err.contains("own.cedar:1"),
        "{}",
        refused.err
    );
}
