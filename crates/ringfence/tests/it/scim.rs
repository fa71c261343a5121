//! A directory makes accounts, groups them and switches them off (SCIM 2.0), and may nothing else.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, Phone, administrator, invite};
use crate::running::{Server, Start, eventually, python, send};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const AGENT: &str = "urn:ringfence:params:scim:schemas:extension:agent:2.0:User";

struct Directory<'s> {
    server: &'s Server,
    token: String,
}

impl Directory<'_> {
    fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/scim/v2{path}");
        let request = self.server.request(method, &path, &self.token);
        send(request.json(body))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        send(
            self.server
                .request(Method::GET, &format!("/scim/v2{path}"), &self.token),
        )
    }

    fn patch(&self, path: &str, operations: &Value) -> (u16, Value) {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        let body = json!({"schemas": [schema], "Operations": operations});
        self.ask(Method::PATCH, path, &body)
    }

    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> String {
        let (status, made) = self.ask(Method::POST, path, body);
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    fn user(&self, name: &str) -> String {
        self.make("/Users", &json!({"schemas": [USER], "userName": name}))
    }

    fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
        let group = json!({"schemas": [GROUP], "displayName": name, "members": members});
        self.make("/Groups", &group)
    }
}

fn running() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

/// An administrator, and a directory that they let in.
fn directory(server: &Server) -> (Browser, Directory<'_>) {
    let (ada, _) = administrator(server);
    let new = json!({"name": "directory", "role": "provisioner", "program": "*", "days": 30});
    let (status, made) = ada.api(Method::POST, "/api/v1/services", &new);
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    (ada, Directory { server, token })
}

/// Somebody of the directory enrols by a code that an administrator gives them.
fn enrolled(server: &Server, ada: &Browser, id: &str) -> (Browser, Phone) {
    let path = format!("/api/v1/people/{id}/invite");
    let (status, code) = ada.api(Method::POST, &path, &Value::Null);
    assert_eq!(status, 200, "{code}");
    let browser = Browser::new(server);
    let phone = browser.enrol(code["code"].as_str().unwrap());
    (browser, phone)
}

#[test]
fn a_checker_of_the_protocol_finds_nothing_wrong() {
    let Some(python) = python("scim2_tester") else {
        return;
    };
    let (_dir, server) = running();
    let (_ada, directory) = directory(&server);
    let run = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scim.py"))
        .args([&server.url("/scim/v2"), &directory.token])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{errors}");
    assert!(said.contains("'SUCCESS'"), "{said}");
}

#[test]
fn whoever_leaves_is_out_of_every_session_at_once() {
    let (_dir, server) = running();
    let (ada, directory) = directory(&server);
    let bob = json!({
        "schemas": [USER, AGENT], "userName": "Bob@Example.com", "externalId": "00u1",
        "name": {"givenName": "Bob", "familyName": "Lee"}, "active": true, "title": "Agent",
        "emails": [{"value": "bob@example.com", "type": "work", "primary": true}],
        AGENT: {"agent": "4711"},
    });
    let id = directory.make("/Users", &bob);
    let (_, account) = ada.get(&format!("/api/v1/people/{id}"));
    let account = &account["account"];
    assert_eq!(
        (&account["login"], &account["name"], &account["agent"]),
        (&json!("bob@example.com"), &json!("Bob Lee"), &json!("4711"))
    );
    let (status, found) = directory.get("/Users?filter=userName%20eq%20%22bob@example.com%22");
    assert_eq!(
        (status, &found["totalResults"]),
        (200, &json!(1)),
        "{found}"
    );
    assert_eq!(found["Resources"][0]["userName"], "Bob@Example.com");
    let (browser, _) = enrolled(&server, &ada, &id);
    assert_eq!(browser.get("/api/v1/session").0, 200);
    let off = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let (status, user) = directory.patch(&format!("/Users/{id}"), &off);
    assert_eq!((status, &user["active"]), (200, &json!(false)), "{user}");
    assert_eq!(
        browser.get("/api/v1/session").0,
        401,
        "the very next request"
    );
    // People here cannot let them in behind the directory's back.
    let on = json!({"enabled": true});
    let path = format!("/api/v1/people/{id}");
    let (status, refusal) = ada.api(Method::PATCH, &path, &on);
    assert_eq!(status, 409, "{refusal}");
    // The directory can, and then takes them out for good; their name is free.
    let on = json!([{"op": "replace", "value": {"active": true}}]);
    assert_eq!(
        directory.patch(&format!("/Users/{id}"), &on).1["active"],
        json!(true)
    );
    let path = format!("/Users/{id}");
    assert_eq!(directory.ask(Method::DELETE, &path, &Value::Null).0, 204);
    assert_eq!(directory.get(&path).0, 404);
    assert_ne!(directory.make("/Users", &bob), id);
    let said = eventually("what the directory did is on the log", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3001 ORDER BY time";
        let rows = json!(server.sql(sql)).to_string();
        rows.contains("taken out by the directory").then_some(rows)
    });
    for what in ["made by", "switched off by", "switched on by"] {
        assert!(
            said.contains(&format!("was {what} the directory")),
            "{what}: {said}"
        );
    }
}

#[test]
fn groups_give_the_roles_that_people_here_gave_them() {
    let (_dir, server) = running();
    let (ada, directory) = directory(&server);
    let bob = directory.user("bob");
    let eve = directory.user("eve");
    let group = directory.group("Fraud desk", &[&bob]);
    let path = format!("/api/v1/groups/{group}/roles");
    let role = json!({"role": "analyst", "program": "bank", "why": "they look into alerts"});
    let (status, given) = ada.api(Method::POST, &path, &role);
    assert_eq!((status, &given["members"]), (200, &json!(1)), "{given}");
    let (browser, _) = enrolled(&server, &ada, &bob);
    assert_eq!(browser.get("/api/v1/alerts").0, 200);
    let (_, me) = browser.get("/api/v1/me");
    let held = &me["account"]["roles"][0];
    assert_eq!(
        (&held["role"], &held["through"]),
        (&json!("analyst"), &json!("Fraud desk")),
        "{me}"
    );
    // Who leaves the group has the role no longer, who joins has it.
    let swap = json!([
        {"op": "remove", "path": format!("members[value eq \"{bob}\"]")},
        {"op": "add", "path": "members", "value": [{"value": eve}]},
    ]);
    let (status, changed) = directory.patch(&format!("/Groups/{group}"), &swap);
    assert_eq!(
        (status, &changed["members"][0]["value"]),
        (200, &json!(eve)),
        "{changed}"
    );
    assert_eq!(browser.get("/api/v1/alerts").0, 403);
    let (eve_browser, _) = enrolled(&server, &ada, &eve);
    assert_eq!(eve_browser.get("/api/v1/alerts").0, 200);
    assert_eq!(
        directory.get(&format!("/Users/{eve}")).1["groups"][0]["display"],
        "Fraud desk"
    );
    // The role is taken from the group, and the group is taken away.
    let role = given["roles"][0]["id"].as_str().unwrap();
    let (status, left) = ada.api(Method::DELETE, &format!("{path}/{role}"), &Value::Null);
    assert_eq!((status, &left["roles"]), (200, &json!([])), "{left}");
    assert_eq!(eve_browser.get("/api/v1/alerts").0, 403);
    let path = format!("/Groups/{group}");
    assert_eq!(directory.ask(Method::DELETE, &path, &Value::Null).0, 204);
    assert_eq!(directory.get(&path).0, 404);
    assert_eq!(ada.get("/api/v1/groups").1["items"], json!([]));
}

#[test]
fn a_directory_gives_nobody_rights_and_touches_nobody_else() {
    let (_dir, server) = running();
    let (ada, directory) = directory(&server);
    let (_, me) = ada.get("/api/v1/me");
    let ada_id = me["account"]["id"].as_str().unwrap();
    let (invited, _) = invite(
        &ada,
        "carl",
        &json!([{"role": "supervisor", "program": "bank", "why": "leads"}]),
    );
    // Nothing but what it is for.
    for (method, path) in [
        (Method::GET, "/api/v1/people"),
        (Method::POST, "/api/v1/people"),
        (Method::GET, "/api/v1/groups"),
        (Method::POST, "/api/v1/services"),
        (Method::GET, "/api/v1/alerts"),
        (Method::POST, "/api/v1/query"),
        (Method::POST, "/access/v1/evaluation"),
    ] {
        let request = server.request(method, path, &directory.token);
        assert_eq!(send(request.json(&json!({}))).0, 403, "{path}");
    }
    // Those it does not look after are not there.
    for id in [ada_id, invited.as_str()] {
        let path = format!("/Users/{id}");
        assert_eq!(directory.get(&path).0, 404);
        let off = json!([{"op": "replace", "path": "active", "value": false}]);
        assert_eq!(directory.patch(&path, &off).0, 404);
        assert_eq!(directory.ask(Method::DELETE, &path, &Value::Null).0, 404);
        let group = json!({"schemas": [GROUP], "displayName": "g", "members": [{"value": id}]});
        let (status, refusal) = directory.ask(Method::POST, "/Groups", &group);
        assert_eq!(
            (status, &refusal["scimType"]),
            (400, &json!("invalidValue"))
        );
    }
    assert_eq!(directory.get("/Users").1["totalResults"], 0);
    // Nor are their names to be had, in whatever spelling.
    for name in ["ada", "ADA", " ada ", "\u{ff21}da", "carl"] {
        let user = json!({"schemas": [USER], "userName": name});
        let (status, refusal) = directory.ask(Method::POST, "/Users", &user);
        assert_eq!(
            (status, &refusal["scimType"]),
            (409, &json!("uniqueness")),
            "{name}: {refusal}"
        );
    }
    // What it says of roles, groups and ids is not heard.
    let mallory = json!({
        "schemas": [USER], "userName": "mallory", "id": ada_id, "password": "let-me-in-please-1",
        "roles": [{"value": "administrator", "primary": true}], "entitlements": [{"value": "*"}],
        "groups": [{"value": "admins"}], "userType": "administrator", "agent": "4711",
    });
    let id = directory.make("/Users", &mallory);
    assert_ne!(id, ada_id);
    let (_, user) = directory.get(&format!("/Users/{id}"));
    assert!(
        user.get("roles").is_none() && user.get("groups").is_none(),
        "{user}"
    );
    let (_, account) = ada.get(&format!("/api/v1/people/{id}"));
    assert_eq!(account["account"]["roles"], json!([]), "{account}");
    assert_eq!(account["account"]["password_ms"], Value::Null);
    for operation in [
        json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}),
        json!({"op": "replace", "path": "id", "value": ada_id}),
        json!({"op": "replace", "path": "meta.location", "value": "x"}),
    ] {
        let (status, refusal) = directory.patch(&format!("/Users/{id}"), &json!([operation]));
        assert_eq!(
            (status, &refusal["scimType"]),
            (400, &json!("mutability")),
            "{operation}"
        );
    }
    let rename = json!([{"op": "replace", "path": "userName", "value": "Ada"}]);
    assert_eq!(directory.patch(&format!("/Users/{id}"), &rename).0, 409);
    // No group administers or holds in reserve, and nobody gives themselves a role by way of one.
    let group = directory.group("Admins", &[&id]);
    let roles = format!("/api/v1/groups/{group}/roles");
    let reserve = json!({"role": "supervisor", "program": "*", "why": "x", "reserve": true});
    assert_eq!(ada.api(Method::POST, &roles, &reserve).0, 400);
    for role in ["administrator", "auditor", "integration", "provisioner"] {
        let role = json!({"role": role, "program": "*", "why": "x"});
        assert_eq!(ada.api(Method::POST, &roles, &role).0, 400, "{role}");
    }
    let request = server.request(Method::POST, &roles, &directory.token);
    assert_eq!(
        send(request.json(&json!({"role": "analyst", "program": "*", "why": "x"}))).0,
        403
    );
    // Whom people here switched off, the directory does not switch on.
    let path = format!("/api/v1/people/{id}");
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"enabled": false})).0,
        200
    );
    let on = json!([{"op": "replace", "path": "active", "value": true}]);
    let (status, user) = directory.patch(&format!("/Users/{id}"), &on);
    assert_eq!((status, &user["active"]), (200, &json!(false)), "{user}");
    // Nor does it note that they are off for anything else that it says of them.
    let rename = json!([{"op": "replace", "path": "displayName", "value": "Mallory M"}]);
    assert_eq!(directory.patch(&format!("/Users/{id}"), &rename).0, 200);
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"enabled": true})).0,
        200
    );
    // Nobody hands themselves over: by a directory of theirs they could give themselves an agent.
    let own = format!("/api/v1/people/{ada_id}");
    let over = json!({"directory": true});
    assert_eq!(ada.api(Method::PATCH, &own, &over).0, 403);
    // An administrator who was handed over stays in, being the last whose role does not end.
    let (cy, code) = invite(&ada, "cy", &json!([]));
    let cy_browser = Browser::new(&server);
    cy_browser.enrol(&code);
    let helps = json!({"role": "administrator", "program": "*", "why": "helps", "days": 1});
    let (status, given) = ada.api(Method::POST, &format!("/api/v1/people/{cy}/roles"), &helps);
    assert_eq!(status, 200, "{given}");
    let (status, handed) = cy_browser.api(Method::PATCH, &own, &over);
    assert_eq!(status, 200, "{handed}");
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    let (status, refusal) = directory.patch(&format!("/Users/{ada_id}"), &off);
    assert_eq!(status, 409, "{refusal}");
    let path = format!("/Users/{ada_id}");
    assert_eq!(directory.ask(Method::DELETE, &path, &Value::Null).0, 409);
    assert_eq!(ada.get("/api/v1/session").0, 200);
    // The token itself is nothing after its end, and was never in the log.
    assert!(!server.log_text().contains(&directory.token));
}

#[test]
fn bad_requests_are_answered_in_the_words_of_the_protocol() {
    let (_dir, server) = running();
    let (_ada, directory) = directory(&server);
    let unknown = Directory {
        server: &server,
        token: "rfk_nobody".to_owned(),
    };
    for (status, answer) in [
        unknown.get("/Users"),
        directory.get("/Users/nobody"),
        directory.get("/Shoes"),
        directory.get("/Users?filter=userName%20is%20it"),
        directory.ask(Method::POST, "/Users", &json!([])),
        directory.ask(Method::POST, "/Users", &json!({"schemas": [USER]})),
        directory.ask(
            Method::POST,
            "/Users",
            &json!({"schemas": [USER], "userName": "a b"}),
        ),
        directory.ask(
            Method::POST,
            "/Groups",
            &json!({"schemas": [GROUP], "displayName": " "}),
        ),
    ] {
        assert!([400, 401, 404].contains(&status), "{status} {answer}");
        let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
        assert_eq!(answer["schemas"], json!([schema]), "{answer}");
        assert_eq!(answer["status"], json!(status.to_string()));
        assert!(
            answer["detail"]
                .as_str()
                .is_some_and(|detail| detail.len() > 5)
        );
    }
    let request = server.request(Method::POST, "/scim/v2/Users", &directory.token);
    let (status, answer) = send(request.body("{\"half"));
    assert_eq!(
        (status, &answer["scimType"]),
        (400, &json!("invalidSyntax")),
        "{answer}"
    );
    // Pages, and only what is asked for.
    for name in ["u1", "u2", "u3"] {
        directory.user(name);
    }
    let (_, page) = directory.get("/Users?startIndex=2&count=1&attributes=userName");
    assert_eq!(
        (&page["totalResults"], &page["itemsPerPage"]),
        (&json!(3), &json!(1))
    );
    let only: Vec<_> = page["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(only, ["schemas", "id", "userName"]);
    let (_, found) = directory
        .get("/Users?filter=userName%20sw%20%22u%22%20and%20not%20(userName%20ew%20%223%22)");
    assert_eq!(found["totalResults"], 2, "{found}");
}
