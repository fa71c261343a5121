//! Whoever changes something leaves one entry in the evidence log, by whatever route; and no secret and
//! no card number is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reqwest::Method;
use ringfence_api::Leaves;
use serde_json::{Value, json};

use crate::browser::{Browser, PASSWORD, administrator};
use crate::emergencies::colleague;
use crate::evidence::{records, service_of};
use crate::running::{ADMIN, Server, Start, eventually, send};

const CARD: &str = "4111 1111 1111 1111";

type Made = BTreeMap<(String, String), usize>;

/// Whoever asks, and what they asked so far.
struct Walk<'s> {
    server: &'s Server,
    asked: Made,
    secrets: BTreeSet<String>,
}

/// By whom something is asked.
enum Who<'a> {
    Person(&'a Browser),
    Token(&'a str),
}

impl Walk<'_> {
    /// Asks, and counts it under the route's template.
    fn ask(
        &mut self,
        who: &Who<'_>,
        method: &Method,
        template: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let (status, answer) = match who {
            Who::Person(browser) => browser.api(method.clone(), path, body),
            Who::Token(token) => send(self.server.request(method.clone(), path, token).json(body)),
        };
        self.keep_secrets(&answer);
        // What the gate refuses is a denial, and no request that was begun.
        if status != 401 && status != 403 {
            let key = (method.to_string(), template.to_owned());
            *self.asked.entry(key).or_default() += 1;
        }
        (status, answer)
    }

    /// Asks for what is good; `{}` of the template are filled in their order.
    #[track_caller]
    fn good(
        &mut self,
        who: &Who<'_>,
        method: Method,
        template: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        let mut ids = ids.iter();
        let parts = template.split('/').map(|part| match part.starts_with('{') {
            true => ids.next().unwrap(),
            false => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let (status, answer) = self.ask(who, &method, template, &path, &body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    fn keep_secrets(&mut self, answer: &Value) {
        match answer {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let secret = ["token", "secret", "code", "uri"].contains(&name.as_str());
                    match value {
                        Value::String(text) if secret && text.len() >= 8 => {
                            self.secrets.insert(text.clone());
                        }
                        Value::Array(items) if name == "codes" => {
                            let texts = items.iter().filter_map(Value::as_str);
                            self.secrets.extend(texts.map(str::to_owned));
                        }
                        other => self.keep_secrets(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.keep_secrets(item)),
            _ => {}
        }
    }
}

fn id(of: &Value, pointer: &str) -> String {
    let found = of.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer}: {of}"))
        .to_owned()
}

/// The requests that changed something, as the log has them.
fn logged(all: &[Value]) -> Made {
    let mut made = Made::new();
    for one in all {
        let asked = &one["record"]["ocsf"]["http_request"];
        let text = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str);
        if one["kind"] != "read"
            && let (Some(method), Some(path)) = (text("/http_method"), text("/url/path"))
        {
            *made
                .entry((method.to_owned(), path.to_owned()))
                .or_default() += 1;
        }
    }
    made
}

#[test]
#[allow(
    clippy::too_many_lines,
    reason = "one list of requests, in their order"
)]
fn every_route_that_changes_something_leaves_one_entry_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let (ada, _) = administrator(&server);
    let auditor = service_of(&ada, "auditor", "auditor");
    let directory = service_of(&ada, "directory", "provisioner");
    let before = logged(&records(&server, &auditor));
    let mut walk = Walk {
        server: &server,
        asked: Made::new(),
        secrets: [ADMIN, PASSWORD, &auditor, &directory]
            .map(str::to_owned)
            .into(),
    };
    let (person, machine, scim) = (Who::Person(&ada), Who::Token(ADMIN), Who::Token(&directory));
    let (post, put, patch, delete) = (Method::POST, Method::PUT, Method::PATCH, Method::DELETE);

    // What people keep for themselves, and their accounts.
    let saved = json!({"kind": "alerts", "name": format!("card {CARD}"), "content": {}});
    let saved = walk.good(&person, post.clone(), "/api/v1/saved", &[], saved);
    walk.good(
        &person,
        delete.clone(),
        "/api/v1/saved/{id}",
        &[&id(&saved, "/id")],
        json!({}),
    );
    let password = json!({"old": PASSWORD, "new": "another-horse-battery-8"});
    walk.secrets.insert("another-horse-battery-8".to_owned());
    walk.good(&person, put.clone(), "/api/v1/me/password", &[], password);
    walk.good(
        &person,
        post.clone(),
        "/api/v1/me/passkeys/begin",
        &[],
        json!({}),
    );
    walk.good(
        &person,
        post.clone(),
        "/api/v1/me/one-time-codes/begin",
        &[],
        json!({}),
    );
    walk.good(
        &person,
        post.clone(),
        "/api/v1/me/recovery-codes",
        &[],
        json!({}),
    );

    // Sources, services and what they are let in by.
    let source = json!({
        "name": "crm", "kind": "http", "program": "bank", "site": "s", "classes": "*",
        "grants": [], "allowed_peers": [], "expect_every_secs": null,
    });
    let source = walk.good(&machine, post.clone(), "/api/v1/sources", &[], source);
    let source = id(&source, "/source/id");
    walk.good(
        &machine,
        patch.clone(),
        "/api/v1/sources/{id}",
        &[&source],
        json!({"site": "t"}),
    );
    walk.good(
        &machine,
        post.clone(),
        "/api/v1/sources/{id}/rotate",
        &[&source],
        json!({}),
    );
    let service = json!({"name": "crm", "role": "integration", "program": "bank", "days": 1});
    let service = walk.good(&person, post.clone(), "/api/v1/services", &[], service);
    let service = id(&service, "/service/id");
    walk.good(
        &person,
        post.clone(),
        "/api/v1/services/{id}/rotate",
        &[&service],
        json!({}),
    );
    walk.good(
        &person,
        delete.clone(),
        "/api/v1/services/{id}",
        &[&service],
        json!({}),
    );

    // Who is told.
    let webhook = json!({"name": "soc", "url": "https://hooks.example.net/T0/B0/not-for-the-log",
        "scope": "all", "min_severity_id": 3});
    walk.secrets.insert("not-for-the-log".to_owned());
    let webhook = walk.good(&machine, post.clone(), "/api/v1/webhooks", &[], webhook);
    let webhook = id(&webhook, "/webhook/id");
    walk.good(
        &machine,
        patch.clone(),
        "/api/v1/webhooks/{id}",
        &[&webhook],
        json!({"name": "noc"}),
    );
    let test = walk.good(
        &machine,
        post.clone(),
        "/api/v1/webhooks/{id}/test",
        &[&webhook],
        json!({}),
    );
    let _ = test;
    walk.good(
        &machine,
        delete.clone(),
        "/api/v1/webhooks/{id}",
        &[&webhook],
        json!({}),
    );

    // What is kept, and thrown away.
    walk.good(
        &machine,
        post.clone(),
        "/api/v1/quarantine/delete",
        &[],
        json!({"ids": []}),
    );
    walk.good(
        &machine,
        post.clone(),
        "/api/v1/lake/compact",
        &[],
        json!({}),
    );
    walk.good(
        &machine,
        post.clone(),
        "/api/v1/lake/vacuum",
        &[],
        json!({"dry_run": true}),
    );
    walk.good(
        &machine,
        post.clone(),
        "/api/v1/lake/retain",
        &[],
        json!({"dry_run": true}),
    );
    let erase = json!({"key": "customer", "value": "somebody", "dry_run": true});
    walk.good(&machine, post.clone(), "/api/v1/lake/erase", &[], erase);

    // People, and what they may do.
    let ben = json!({"login": "ben", "name": "Ben", "roles": []});
    let ben = walk.good(&person, post.clone(), "/api/v1/people", &[], ben);
    let ben = id(&ben, "/account/id");
    walk.good(
        &person,
        patch.clone(),
        "/api/v1/people/{id}",
        &[&ben],
        json!({"name": "Benjamin"}),
    );
    walk.good(
        &person,
        post.clone(),
        "/api/v1/people/{id}/invite",
        &[&ben],
        json!({}),
    );
    let role = json!({"role": "analyst", "program": "bank", "why": "their work"});
    walk.good(
        &person,
        post.clone(),
        "/api/v1/people/{id}/roles",
        &[&ben],
        role,
    );
    let held = ada.get(&format!("/api/v1/people/{ben}")).1;
    let role = id(&held, "/account/roles/0/id");
    walk.good(
        &person,
        delete.clone(),
        "/api/v1/people/{id}/roles/{role}",
        &[&ben, &role],
        json!({}),
    );
    walk.good(
        &person,
        delete.clone(),
        "/api/v1/people/{id}/sessions",
        &[&ben],
        json!({}),
    );
    let (_, cleo) = colleague(&server, &ada, "cleo", &json!([]));
    let made = (Method::POST.to_string(), "/api/v1/people".to_owned());
    *walk.asked.entry(made).or_default() += 1;
    let asks = Who::Person(&cleo);
    let wanted = json!({"role": "analyst", "program": "bank", "why": "ticket 12", "minutes": 30});
    for answer in ["approve", "refuse"] {
        let one = walk.good(
            &asks,
            post.clone(),
            "/api/v1/access/requests",
            &[],
            wanted.clone(),
        );
        let template = format!("/api/v1/access/requests/{{id}}/{answer}");
        let note = json!({"note": "go on"});
        walk.good(&person, post.clone(), &template, &[&id(&one, "/id")], note);
        if answer == "approve" {
            let template = "/api/v1/access/requests/{id}";
            walk.good(
                &asks,
                delete.clone(),
                template,
                &[&id(&one, "/id")],
                json!({}),
            );
        }
    }

    // A directory.
    let user =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "dora"});
    let made = walk.good(&scim, post.clone(), "/scim/v2/Users", &[], user.clone());
    let dora = id(&made, "/id");
    walk.good(
        &scim,
        put,
        "/scim/v2/Users/{id}",
        &[&dora],
        json!({"schemas": user["schemas"], "userName": "dora", "title": "Agent"}),
    );
    let group =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "night"});
    let group = walk.good(&scim, post.clone(), "/scim/v2/Groups", &[], group);
    walk.good(
        &scim,
        delete.clone(),
        "/scim/v2/Groups/{id}",
        &[&id(&group, "/id")],
        json!({}),
    );
    walk.good(
        &scim,
        delete.clone(),
        "/scim/v2/Users/{id}",
        &[&dora],
        json!({}),
    );

    // Every other route, and these again, with what is not good: each by somebody who may.
    let routes = ringfence_api::routes();
    let acts: Vec<_> = routes
        .iter()
        .filter(|route| route.leaves == Leaves::Act)
        .collect();
    assert!(acts.len() > 60, "{}", acts.len());
    for route in &acts {
        // What ends the walker's own sessions comes last.
        if route.path.ends_with("/session") || route.path.ends_with("/me/sessions") {
            continue;
        }
        let parts = route
            .path
            .split('/')
            .map(|part| match part.starts_with('{') {
                true => "x",
                false => part,
            });
        let path = parts.collect::<Vec<_>>().join("/");
        let by = [&person, &machine, &scim];
        let passed = by.iter().any(|who| {
            let (status, _) = walk.ask(who, &route.method, route.path, &path, &json!({}));
            status != 401 && status != 403
        });
        assert!(passed, "nobody may {} {}", route.method, route.path);
    }
    walk.good(
        &person,
        delete.clone(),
        "/api/v1/me/sessions",
        &[],
        json!({}),
    );
    walk.good(&asks, delete, "/api/v1/session", &[], json!({}));

    let missing: Vec<_> = acts
        .iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .filter(|key| !walk.asked.contains_key(key))
        .collect();
    assert!(missing.is_empty(), "not walked: {missing:?}");
    let mut wanted = before;
    for (key, count) in &walk.asked {
        *wanted.entry(key.clone()).or_default() += count;
    }
    // Failures follow within a second.
    let all = eventually("what was asked last is in the log", 20, || {
        let all = records(&server, &auditor);
        let last = ("DELETE".to_owned(), "/api/v1/session".to_owned());
        (logged(&all).get(&last) == wanted.get(&last)).then_some(all)
    });
    let found = logged(&all);
    let differ: Vec<_> = wanted
        .iter()
        .filter(|(key, count)| found.get(*key) != Some(count))
        .map(|(key, count)| (key, count, found.get(key)))
        .collect();
    assert!(differ.is_empty(), "asked, wanted, found: {differ:#?}");
    // Who it was, and from where.
    for one in all.iter().filter(|one| one["kind"] == "request") {
        let record = &one["record"];
        assert_eq!(record["origin"], "127.0.0.1", "{record}");
        assert_ne!(record["who"], "", "{record}");
        assert!(record["clock"].is_object(), "{record}");
    }
    nothing_secret(&all, &dir.path().join("data/evidence"), &walk.secrets);
}

/// Nothing of the log and its records holds a secret or a card number.
fn nothing_secret(all: &[Value], log: &Path, secrets: &BTreeSet<String>) {
    let mut text = json!(all).to_string();
    let mut folders = vec![log.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
            }
        }
    }
    assert!(secrets.len() > 8, "{secrets:?}");
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} is in the log");
    }
    assert!(!text.contains(CARD) && text.contains("4111 11** **** 1111"));
    assert_eq!(ringfence_event::mask_cards(&text), text);
}
