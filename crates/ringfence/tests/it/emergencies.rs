//! Roles for hours, broken glasses, and an administrator made on the machine.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, administrator, invite};
use crate::running::{Server, Start, eventually, ringfence};

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

fn roles(role: &str, program: &str) -> Value {
    json!([{"role": role, "program": program, "why": "their work"}])
}

/// Somebody who can sign in; answers their id too.
#[track_caller]
pub fn colleague(server: &Server, by: &Browser, login: &str, roles: &Value) -> (String, Browser) {
    let (id, code) = invite(by, login, roles);
    let browser = Browser::new(server);
    browser.enrol(&code);
    (id, browser)
}

fn ask(who: &Browser, role: &str, program: &str) -> (u16, Value) {
    let body = json!({"role": role, "program": program, "why": "ticket 12", "minutes": 30});
    who.api(Method::POST, "/api/v1/access/requests", &body)
}

fn answer(who: &Browser, request: &Value, word: &str) -> (u16, Value) {
    let id = request["id"].as_str().unwrap();
    let path = format!("/api/v1/access/requests/{id}/{word}");
    who.api(Method::POST, &path, &json!({"note": "go on"}))
}

/// Waits until the log has a message with each of these in it.
fn told(server: &Server, all: &[&str]) {
    eventually("each step is an event", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3005 ORDER BY time";
        let said = json!(server.sql(sql)).to_string();
        all.iter().all(|what| said.contains(what)).then_some(())
    });
}

#[test]
fn a_role_is_asked_for_granted_by_another_and_given_back() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let (ben_id, ben) = colleague(&server, &ada, "ben", &json!([]));
    let (status, request) = ask(&ben, "analyst", "bank");
    assert_eq!(
        (status, &request["state"]),
        (201, &json!("waiting")),
        "{request}"
    );
    assert_eq!(ask(&ben, "analyst", "bank").0, 409);
    assert_eq!(ask(&ben, "automation", "bank").0, 400);
    assert_eq!(answer(&ben, &request, "approve").0, 403);
    let (_, mine) = ben.get("/api/v1/access/requests");
    assert_eq!(mine["items"][0]["answerable"], false);
    let (_, theirs) = ada.get("/api/v1/access/requests");
    assert_eq!(
        (
            &theirs["items"][0]["answerable"],
            &theirs["items"][0]["name"]
        ),
        (&json!(true), &json!("ben"))
    );
    // Programs do not ask, nor answer.
    assert_eq!(server.get("/api/v1/access/requests").0, 403);
    assert_eq!(ben.get("/api/v1/alerts").0, 403);
    let (status, granted) = answer(&ada, &request, "approve");
    assert_eq!(
        (status, &granted["state"]),
        (200, &json!("granted")),
        "{granted}"
    );
    assert_eq!(ben.get("/api/v1/alerts").0, 200);
    let (_, account) = ada.get(&format!("/api/v1/people/{ben_id}"));
    assert_eq!(
        account["account"]["roles"][0]["expires_ms"],
        granted["until_ms"]
    );
    assert_eq!(answer(&ada, &request, "refuse").0, 409, "answered once");
    let back = format!(
        "/api/v1/access/requests/{}",
        request["id"].as_str().unwrap()
    );
    assert_eq!(
        ada.api(Method::DELETE, &back, &Value::Null).0,
        404,
        "it is not hers"
    );
    assert_eq!(ben.api(Method::DELETE, &back, &Value::Null).0, 200);
    assert_eq!(ben.get("/api/v1/alerts").0, 403);
    told(
        &server,
        &[
            "ben asks for analyst@bank: ticket 12",
            "was granted analyst@bank",
            "has analyst@bank no longer",
        ],
    );
}

#[test]
fn nobody_grants_themselves_nor_more_than_they_have_nor_what_duties_keep_apart() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let (_, ben) = colleague(&server, &ada, "ben", &roles("administrator", "*"));
    let (_, cleo) = colleague(&server, &ada, "cleo", &json!([]));
    let (_, dora) = colleague(&server, &ada, "dora", &roles("administrator", "bank"));
    // Ada hears no recordings, whatever she is granted: she administers access.
    let (_, own) = ask(&ada, "supervisor", "*");
    assert_eq!(answer(&ada, &own, "approve").0, 409);
    assert_eq!(answer(&ben, &own, "approve").0, 200);
    let (_, who) = ada.get("/api/v1/access/who?action=recording:listen&program=bank");
    assert_eq!(who["items"], json!([]));
    // Who gives roles in one program sees the requests of that, and gives what is theirs.
    let (_, clinic) = ask(&cleo, "telephony_engineer", "clinic");
    let (_, more) = ask(&cleo, "supervisor", "bank");
    let (_, less) = ask(&cleo, "telephony_engineer", "bank");
    let (_, seen) = dora.get("/api/v1/access/requests");
    assert_eq!(seen["items"].as_array().unwrap().len(), 2, "{seen}");
    assert_eq!(answer(&dora, &clinic, "approve").0, 404);
    assert_eq!(answer(&dora, &clinic, "refuse").0, 404);
    let (status, refusal) = answer(&dora, &more, "approve");
    let detail = refusal["detail"].as_str().unwrap();
    assert!(
        status == 403 && detail.contains("more than they have"),
        "{refusal}"
    );
    assert_eq!(answer(&dora, &less, "approve").0, 200);
    assert_eq!(answer(&dora, &more, "refuse").0, 200);
    // An administrator for some hours is not the one who may not be taken.
    let (_, mine) = ask(&cleo, "administrator", "*");
    assert_eq!(answer(&ben, &mine, "approve").0, 200);
    let (_, me) = ada.get("/api/v1/me");
    let ada_id = me["account"]["id"].as_str().unwrap();
    let (_, me) = ben.get("/api/v1/me");
    let ben_id = me["account"]["id"].as_str().unwrap();
    let off = json!({"enabled": false});
    assert_eq!(
        cleo.api(Method::PATCH, &format!("/api/v1/people/{ben_id}"), &off)
            .0,
        200
    );
    assert_eq!(
        cleo.api(Method::PATCH, &format!("/api/v1/people/{ada_id}"), &off)
            .0,
        409
    );
}

#[test]
fn breaking_the_glass_works_at_once_shouts_and_is_reviewed() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let (ben_id, ben) = colleague(&server, &ada, "ben", &json!([]));
    let path = format!("/api/v1/people/{ben_id}/roles");
    let reserve =
        json!({"role": "administrator", "program": "*", "why": "nights", "reserve": true});
    assert_eq!(
        ada.api(
            Method::POST,
            &path,
            &json!({"role": "analyst", "program": "*", "why": "x", "reserve": true, "days": 3})
        )
        .0,
        400
    );
    let (status, account) = ada.api(Method::POST, &path, &reserve);
    assert_eq!(status, 200, "{account}");
    let held = &account["roles"][0];
    assert_eq!(
        (&held["reserve"], &held["in_force_until_ms"]),
        (&json!(true), &Value::Null)
    );
    // It lets nobody do anything, and is shown as what it is.
    assert_eq!(ben.get("/api/v1/people").0, 403);
    let (_, session) = ben.get("/api/v1/session");
    assert_eq!(
        (&session["role"], &session["emergencies"]),
        (&json!(""), &json!([]))
    );
    let ask = "/api/v1/access/who?action=person:change&program=*";
    let when = |answer: &Value| {
        let who = answer["items"].as_array().unwrap().iter();
        let who = who.map(|who| {
            format!(
                "{} {}",
                who["name"].as_str().unwrap(),
                who["when"].as_str().unwrap()
            )
        });
        who.collect::<Vec<_>>()
    };
    assert_eq!(when(&ada.get(ask).1), ["Ada L always", "ben in_reserve"]);
    let (_, of) = ada.get(&format!("/api/v1/access/of/{ben_id}"));
    assert!(
        of["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|can| can["when"] == "in_reserve"),
        "{of}"
    );
    let mine = "/api/v1/me/emergencies";
    let glass = json!({"role": held["id"], "why": "the dialer is down and Ada is asleep"});
    assert_eq!(ada.api(Method::POST, mine, &glass).0, 404, "it is not hers");
    assert_eq!(
        ben.api(Method::POST, mine, &json!({"role": held["id"], "why": " "}))
            .0,
        400
    );
    assert_eq!(server.post(mine, &glass).0, 403, "programs break none");
    let (status, broken) = ben.api(Method::POST, mine, &glass);
    assert_eq!(status, 201, "{broken}");
    assert_eq!(ben.api(Method::POST, mine, &glass).0, 409);
    assert_eq!(ben.get("/api/v1/people").0, 200);
    let (_, session) = ben.get("/api/v1/session");
    assert_eq!(
        session["emergencies"][0]["in_force_until_ms"],
        broken["until_ms"]
    );
    assert_eq!(when(&ada.get(ask).1), ["Ada L always", "ben always"]);
    let alert = server.alert(20, |a| {
        a["title"].as_str().is_some_and(|t| t.contains("glass"))
    });
    assert_eq!(alert["severity_id"], 5, "{alert}");
    let review = format!(
        "/api/v1/emergencies/{}/review",
        broken["id"].as_str().unwrap()
    );
    let found = json!({"verdict": "justified", "note": "ticket 12"});
    assert_eq!(
        ben.api(Method::POST, &review, &found).0,
        409,
        "not their own, though they may now"
    );
    assert_eq!(
        ada.api(Method::POST, &review, &found).0,
        409,
        "it is not over"
    );
    let (status, ended) = ben.api(Method::DELETE, mine, &Value::Null);
    assert_eq!((status, ended["items"].as_array().unwrap().len()), (200, 1));
    assert_eq!(ben.get("/api/v1/people").0, 403);
    assert_eq!(
        ada.api(
            Method::POST,
            &review,
            &json!({"verdict": "fine", "note": "x"})
        )
        .0,
        400
    );
    let (status, done) = ada.api(Method::POST, &review, &found);
    assert_eq!(
        (status, &done["reviewed_by_name"]),
        (200, &json!("Ada L")),
        "{done}"
    );
    // A second one on the same day is told like the first, however soon.
    assert_eq!(ben.api(Method::POST, mine, &glass).0, 201);
    eventually("there are two alerts", 20, || {
        let (_, all) = ada.get("/api/v1/alerts?limit=200");
        let glasses = all["items"].as_array().unwrap().iter();
        let broke = glasses.filter(|a| a["title"].as_str().is_some_and(|t| t.contains("glass")));
        (broke.count() == 2).then_some(())
    });
    told(
        &server,
        &[
            "ben broke the glass and has administrator@*",
            "the emergency ended",
            "it was justified that ben",
        ],
    );
}

#[test]
fn the_machine_makes_an_administrator_only_while_the_server_is_stopped() {
    let (dir, server) = server();
    let (_, phone) = administrator(&server);
    let data = server.data().to_str().unwrap().to_owned();
    let file = dir.path().join("code");
    let out = file.to_str().unwrap();
    let recover = |more: &[&str]| {
        ringfence(
            &[
                &["recover-administrator", "--data", &data, "--out", out],
                more,
            ]
            .concat(),
        )
    };
    let refused = recover(&[]);
    assert!(
        refused.code == 2 && refused.err.contains("another Ringfence server"),
        "{}",
        refused.err
    );
    assert!(!file.exists());
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(recover(&["--login", "nobody"]).code, 2);
    let made = recover(&[]);
    assert_eq!(made.code, 0, "{}", made.err);
    let code = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!made.out.contains(code.trim()) && !made.err.contains(code.trim()));
    assert_eq!(recover(&[]).code, 2, "no file is written over");
    let server = Start::on(std::path::Path::new(&data)).run();
    let alert = server.alert(20, |a| {
        a["title"].as_str().is_some_and(|t| t.contains("glass"))
    });
    assert_eq!(alert["severity_id"], 5);
    // The one who was made chooses a name, and cannot review that themselves.
    let browser = Browser::new(&server);
    let page = browser.post("/enrol", &[("code", code.trim())]);
    let flow = page.field("flow");
    let page = browser.post(
        "/enrol/name",
        &[("flow", &flow), ("login", "eve"), ("name", "Eve")],
    );
    assert_eq!(page.status, 200, "{}", page.text);
    browser.choose(&page);
    let (_, all) = browser.get("/api/v1/emergencies");
    let emergency = &all["items"][0];
    assert_eq!(
        (&emergency["kind"], &emergency["name"]),
        (&json!("recovery"), &json!("Eve"))
    );
    let review = format!(
        "/api/v1/emergencies/{}/review",
        emergency["id"].as_str().unwrap()
    );
    let found = json!({"verdict": "not_justified", "note": "nobody asked for it"});
    assert_eq!(browser.api(Method::POST, &review, &found).0, 409);
    // Ada can, and it was not right: that is loud as well.
    let ada = Browser::new(&server);
    assert_eq!(ada.sign_in("ada", &phone.code(1)).status, 303);
    assert_eq!(ada.api(Method::POST, &review, &found).0, 200);
    server.alert(20, |a| {
        a.to_string().contains("it was not justified that Eve")
    });
}
