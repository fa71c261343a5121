//! Somebody asks why, what another policy would change, and what is recorded about them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{call, service, telephone};
use crate::browser::{Browser, administrator, invite};
use crate::running::{ADMIN, Answer, Server, Start, eventually, program, send};

fn running() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

/// A call in the bank of agent 4711 with customer C-1, and a CRM that asks about it.
fn on_a_call(server: &Server) -> String {
    let pbx = server.source("pbx", &json!({"program": "bank", "grants": ["call-state"]}));
    let crm = service(server, "crm", "integration", "bank");
    telephone(server, &pbx, &call(1, "call-1", "4711", "C-1"));
    telephone(server, &pbx, &call(2, "call-1", "4711", "C-1"));
    eventually("the record opens", 10, || {
        open(server, &crm, "C-1", json!({})).then_some(())
    });
    crm
}

/// Whether agent 4711 may open a record.
fn open(server: &Server, crm: &str, customer: &str, context: Value) -> bool {
    let question = json!({
        "subject": {"type": "agent", "id": "4711"}, "action": {"name": "customer-record:open"},
        "resource": {"type": "customer-record", "id": customer}, "context": context,
    });
    let request = server.request(Method::POST, "/access/v1/evaluation", crm);
    let (status, answer) = send(request.json(&question));
    assert_eq!(status, 200, "{answer}");
    answer["decision"].as_bool().unwrap()
}

const SHUT: &str = "@id(\"shut\")\n@says(\"records of the bank stay shut\")\nforbid (principal, \
    action == Ringfence::Action::\"customer-record:open\", resource) \
    when { resource.program == Ringfence::Program::\"bank\" };\n";

#[test]
fn what_another_policy_would_change_is_told_before_it_is_made() {
    let (dir, server) = running();
    let crm = on_a_call(&server);
    for _ in 0..3 {
        assert!(open(&server, &crm, "C-1", json!({})));
    }
    assert!(!open(&server, &crm, "C-2", json!({})), "another customer's");
    assert!(open(
        &server,
        &crm,
        "C-2",
        json!({"reason": "their spouse"})
    ));
    let preview = |text: &str| {
        let files = json!([{"name": "shut.cedar", "text": text}]);
        server.post("/api/v1/policies/preview", &json!({ "files": files }))
    };
    let seen = eventually("the decisions are there", 20, || {
        let (status, seen) = preview(SHUT);
        assert_eq!(status, 200, "{seen}");
        (seen["decisions"].as_u64() >= Some(6)).then_some(seen)
    });
    // All that were allowed would be denied; the one that was denied would be so still.
    let changes = seen["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{seen}");
    for change in changes {
        assert_eq!(
            (
                &change["allowed"],
                &change["would_be"],
                &change["call_state"]
            ),
            (&json!(true), &json!(false), &json!("live")),
            "{change}"
        );
        assert_eq!(change["reason"], "records of the bank stay shut");
        assert_eq!(change["policies"], json!(["shut"]));
    }
    let reason = changes
        .iter()
        .find(|change| change["resource"] == "C-2")
        .unwrap();
    assert_eq!(reason["stated_reason"], "their spouse");
    assert_eq!(
        seen["policies"],
        json!([{"id": "shut", "verb": "added", "after": seen["policies"][0]["after"]}])
    );
    // Nothing was changed by asking.
    assert!(open(&server, &crm, "C-1", json!({})));
    // What is no policy is told with its place.
    let (status, wrong) = preview("permit (principal, action, resource) when { context.shoe };");
    assert_eq!(status, 400);
    assert!(
        wrong["detail"].as_str().unwrap().contains("shut.cedar"),
        "{wrong}"
    );
    // The same from the shell: what people may do is part of it.
    let nobody = "@id(\"blind\")\n@says(\"nobody searches\")\nforbid (principal, \
        action == Ringfence::Action::\"event:query\", resource);\n";
    let (code, seen) = from_the_shell(&dir, &server, nobody);
    assert_eq!(code, 1, "{seen}");
    let rights = seen["rights"].as_array().unwrap();
    assert!(
        rights.iter().any(|right| right["action"] == "event:query"
            && right["before"] == "always"
            && right["after"].is_null()),
        "{seen}"
    );
}

/// What `ringfence policy preview` says of a folder with one file.
fn from_the_shell(dir: &tempfile::TempDir, server: &Server, text: &str) -> (i32, Value) {
    let folder = dir.path().join("proposed");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("proposed.cedar"), text).unwrap();
    let path = folder.display().to_string();
    let url = server.url("");
    let mut asked = program(&[
        "policy", "preview", &path, "--server", &url, "--format", "json",
    ]);
    let answer = Answer::from(asked.env("RINGFENCE_TOKEN", ADMIN).output().unwrap());
    let seen = serde_json::from_str(&answer.out);
    (answer.code, seen.expect(&answer.err))
}

#[test]
fn a_policy_for_somebody_who_holds_no_role_is_seen_before_it_is_made() {
    let (dir, server) = running();
    server.source("pbx", &json!({"program": "bank"}));
    let (ada, _) = administrator(&server);
    let (bob, _) = invite(&ada, "bob", &json!([]));
    let permit = |resource: &str| {
        format!(
            "@id(\"bob\")\n@says(\"bob does everything\")\npermit (principal == \
             Ringfence::Person::\"{bob}\", action, {resource});\n"
        )
    };
    let (code, seen) = from_the_shell(&dir, &server, &permit("resource"));
    assert_eq!((code, &seen["rights_truncated"]), (1, &json!(false)));
    let rights = seen["rights"].as_array().unwrap();
    let of_bob = |right: &Value| right["id"] == bob.as_str() && right["before"].is_null();
    assert!(rights.iter().all(of_bob), "{seen}");
    assert!(
        rights.iter().any(|right| right["action"] == "person:change"
            && right["program"] == "*"
            && right["after"] == "always"),
        "{seen}"
    );
    // So is one for a program in which nobody holds anything.
    let bank = permit("resource == Ringfence::Program::\"bank\"");
    let (code, seen) = from_the_shell(&dir, &server, &bank);
    let rights = seen["rights"].as_array().unwrap();
    assert_eq!((code, rights.is_empty()), (1, false));
    let in_bank = |right: &Value| of_bob(right) && right["program"] == "bank";
    assert!(rights.iter().all(in_bank), "{seen}");
    // What is in force already changes nothing.
    let (code, seen) = from_the_shell(&dir, &server, "");
    assert_eq!((code, &seen["rights"]), (0, &json!([])), "{seen}");
}

#[test]
fn why_somebody_may_or_may_not_is_answered_with_what_it_would_take() {
    let (_dir, server) = running();
    let _crm = on_a_call(&server);
    let (ada, _) = administrator(&server);
    let agent = json!([{"role": "agent", "program": "bank", "why": "takes calls"}]);
    let (bob, _) = invite(&ada, "bob", &agent);
    let telephone = json!({"agent": "4711"});
    let path = format!("/api/v1/people/{bob}");
    assert_eq!(ada.api(Method::PATCH, &path, &telephone).0, 200);
    let why = |more: &str| {
        let (status, why) = ada.get(&format!("/api/v1/access/why?id={bob}&program=bank&{more}"));
        assert_eq!(status, 200, "{why}");
        why
    };
    let now = why("action=customer-record:open&customer=C-1");
    assert_eq!(
        (&now["allowed"], &now["call_state"]),
        (&json!(true), &json!("live")),
        "{now}"
    );
    assert_eq!(now["policies"][0]["id"], "record-on-call");
    let other = why("action=customer-record:open&customer=C-2");
    assert_eq!(
        (&other["allowed"], &other["policies"][0]["forbids"]),
        (&json!(false), &json!(true))
    );
    let idle = why("action=customer-record:open&call=none");
    assert_eq!(idle["policies"][0]["id"], "record-without-call", "{idle}");
    assert_eq!(
        why("action=customer-record:open&call=none&reason=a+letter")["allowed"],
        true
    );
    let alerts = why("action=alert:work");
    assert_eq!(alerts["allowed"], false);
    assert_eq!(alerts["roles"][0]["role"], "agent");
    assert_eq!(
        alerts["roles_that_may"],
        json!(["supervisor", "analyst", "automation"])
    );
    for (query, status) in [
        ("action=nothing", 400),
        ("action=alert:read&call=maybe", 400),
        ("action=alert:read&shoe=1", 400),
    ] {
        let path = format!("/api/v1/access/why?id={bob}&program=bank&{query}");
        assert_eq!(ada.get(&path).0, status, "{query}");
    }
    assert_eq!(
        ada.get("/api/v1/access/why?id=nobody&program=bank&action=alert:read")
            .0,
        404
    );
    // Whoever is switched off may nothing, whatever they hold.
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"enabled": false})).0,
        200
    );
    assert_eq!(
        why("action=customer-record:open")["reason"],
        "bob is switched off"
    );
}

#[test]
fn everybody_sees_what_is_recorded_about_themselves_and_nobody_else() {
    let (_dir, server) = running();
    let _crm = on_a_call(&server);
    let (ada, _) = administrator(&server);
    let agent = |program: &str| json!([{"role": "agent", "program": program, "why": "calls"}]);
    let (bob, code) = invite(&ada, "bob", &agent("bank"));
    let path = format!("/api/v1/people/{bob}");
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"agent": "4711"})).0,
        200
    );
    let browser = Browser::new(&server);
    browser.enrol(&code);
    assert_eq!(browser.get("/api/v1/alerts").0, 403);
    let seen = eventually("it is there", 20, || {
        let (status, seen) = browser.get("/api/v1/me/records");
        assert_eq!(status, 200, "{seen}");
        let all = seen["items"].to_string();
        (all.contains("was invited") && all.contains("alert:read denied")).then_some(seen)
    });
    let items = seen["items"].as_array().unwrap();
    assert!(
        items.iter().all(|item| !item["message"]
            .as_str()
            .unwrap_or_default()
            .contains("Ada L:")),
        "{seen}"
    );
    let calls = seen["as_agent"].as_array().unwrap();
    assert!(
        calls.iter().any(|kind| kind["count"].as_u64() >= Some(2)),
        "{seen}"
    );
    let (_, did) = ada.get("/api/v1/me/records");
    let items = did["items"].as_array().unwrap();
    assert!(
        items.iter().any(|item| item["by_me"] == true
            && item["message"].as_str().unwrap_or_default().contains("bob")),
        "{did}"
    );
    // Another program calls somebody else by the same number.
    let nobody = json!({"agent": null});
    assert_eq!(ada.api(Method::PATCH, &path, &nobody).0, 200);
    let (eve, code) = invite(&ada, "eve", &agent("telco"));
    let path = format!("/api/v1/people/{eve}");
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"agent": "4711"})).0,
        200
    );
    let browser = Browser::new(&server);
    browser.enrol(&code);
    let (status, seen) = browser.get("/api/v1/me/records");
    assert_eq!((status, &seen["as_agent"]), (200, &json!([])), "{seen}");
    let request = server.request(Method::GET, "/api/v1/me/records", ADMIN);
    assert_eq!(send(request).0, 403, "a token is nobody");
}
