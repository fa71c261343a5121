//! People sign in, and nobody else does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, PASSWORD, administrator, form_of, invite};
use crate::running::{ADMIN, Server, Start, block_on, eventually, send};

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

const EVERYWHERE: &str = "their work";

fn role(role: &str) -> Value {
    json!([{"role": role, "program": "*", "why": EVERYWHERE}])
}

#[test]
fn the_first_administrator_comes_in_by_a_code_and_the_bootstrap_ends() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, server) = server();
    let file = server.data().join("first-administrator.txt");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let code = std::fs::read_to_string(&file).unwrap();
    assert!(
        !server.log_text().contains(code.trim()),
        "no code in the log"
    );
    // A page leads to sign-in, and back.
    let stranger = Browser::new(&server);
    let page = stranger.open("/alerts?status=new");
    let (status, to) = (page.status, page.location());
    assert_eq!(
        (status, to),
        (303, Some("/signin?next=%2Falerts%3Fstatus%3Dnew"))
    );
    let (ada, phone) = administrator(&server);
    let (status, session) = ada.get("/api/v1/session");
    assert_eq!(
        (status, &session["name"], &session["role"]),
        (200, &json!("Ada L"), &json!("administrator, analyst"))
    );
    assert_eq!(ada.get("/api/v1/people").0, 200);
    // The code worked once.
    let page = stranger.post("/enrol", &[("code", code.trim())]);
    assert_eq!((page.status, page.error().is_some()), (401, true));
    // Ada signs out, and in again with the next code.
    assert_eq!(
        ada.api(Method::DELETE, "/api/v1/session", &Value::Null).0,
        204
    );
    assert_eq!(ada.get("/api/v1/session").0, 401);
    let page = ada.post(
        "/signin",
        &[
            ("login", "ADA"),
            ("password", PASSWORD),
            ("next", "/alerts"),
        ],
    );
    assert_eq!((page.status, page.field("next").as_str()), (200, "/alerts"));
    let again = [
        ("flow", page.field("flow")),
        ("code", phone.code(0)),
        ("next", "/alerts".to_owned()),
    ];
    let again: Vec<_> = again
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = ada.post("/signin/code", &again);
    assert_eq!((page.status, page.location()), (303, Some("/alerts")));
    assert_ne!(
        ada.open("/alerts").status,
        303,
        "the console, where there is one"
    );
    assert_eq!(server.stop().code(), Some(0));
    let server = Start::on(&file.with_file_name("")).run();
    assert!(!file.exists());
    assert_eq!(Browser::new(&server).open("/signin").status, 200);
    // What happened is on the log, and no secret is.
    let sql = "SELECT message FROM events WHERE class_uid = 3002 ORDER BY time";
    let said = eventually("sign-ins are events", 20, || {
        let rows = server.sql(sql);
        (rows.len() >= 4).then_some(rows)
    });
    let said = json!(said).to_string();
    for what in [
        "Ada L signed in",
        "Ada L signed out",
        "an enrolment code that is not good",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert!(!said.contains(PASSWORD) && !said.contains(code.trim()));
}

#[test]
fn nobody_learns_which_names_there_are_nor_signs_in_by_guessing() {
    let (_dir, server) = server();
    let (_ada, phone) = administrator(&server);
    let guesser = Browser::new(&server);
    let guess = |login: &str, password: &str| {
        let page = guesser.post("/signin", &[("login", login), ("password", password)]);
        (page.status, page.error().map(str::to_owned))
    };
    let wrong = guess("ada", "not her password");
    assert_eq!(wrong.0, 401);
    for login in [
        "nobody",
        "",
        "ada' OR '1'='1",
        "a\r\nSet-Cookie: x=y",
        &"x".repeat(10_000),
    ] {
        assert_eq!(guess(login, PASSWORD), wrong, "{login:.20}");
    }
    // Capitals, spaces and headers of proxies do not make another account or address of it.
    for (n, login) in [
        "ADA",
        " ada",
        "Ada",
        "aDa ",
        "ada",
        "AdA",
        "adA",
        "ADa",
        "ａｄａ",
    ]
    .iter()
    .enumerate()
    {
        let request = guesser.request(Method::POST, "/signin");
        let request = request.header("origin", server.url("").trim_end_matches('/'));
        let request = request.header("x-forwarded-for", format!("198.51.100.{n}"));
        let page = guesser.go(form_of(request, &[("login", login), ("password", "wrong")]));
        assert_eq!(page.status, 401, "{login}");
    }
    // Ten were wrong: the right one does not open it now, and the answer is the same.
    assert_eq!(guess("ada", PASSWORD), wrong);
    eventually("the lock is an event", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3001 AND activity_id = 9";
        (server.sql(sql).len() == 1).then_some(())
    });
    let _ = phone;
}

#[test]
fn a_code_is_good_once_and_a_planted_session_never() {
    let (_dir, server) = server();
    let (ada, phone) = administrator(&server);
    let code = phone.code(0);
    let browser = Browser::new(&server);
    let planted = "rfb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    browser.set_cookie("ringfence_session", planted);
    assert_eq!(browser.sign_in("ada", &code).status, 303);
    let given = browser.cookie("ringfence_session").unwrap();
    assert_ne!(given, planted);
    let page = browser.open("/signin");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    let victim = Browser::new(&server);
    victim.set_cookie("ringfence_session", planted);
    assert_eq!(victim.get("/api/v1/session").0, 401);
    // The code was seen over a shoulder.
    let page = victim.sign_in("ada", &code);
    assert_eq!((page.status, page.error().is_some()), (401, true));
    // Signing in again ends the session that the browser had.
    let page = browser.sign_in("ada", &phone.code(1));
    assert_eq!(page.status, 303);
    victim.set_cookie("ringfence_session", &given);
    assert_eq!(victim.get("/api/v1/session").0, 401);
    // The step between password and code opens nothing by itself, nor twice.
    let page = victim.post("/signin", &[("login", "ada"), ("password", PASSWORD)]);
    let flow = page.field("flow");
    victim.set_cookie("ringfence_session", &flow);
    assert_eq!(victim.get("/api/v1/session").0, 401);
    for flow in [flow.as_str(), "", "AAAA", &flow[..flow.len() - 2]] {
        let page = victim.post("/signin/code", &[("flow", flow), ("code", "000000")]);
        assert_eq!(page.status, 401);
    }
    let _ = ada;
}

#[test]
fn another_site_neither_signs_in_nor_changes_anything() {
    let (_dir, server) = server();
    let (ada, phone) = administrator(&server);
    let form = [("login", "ada"), ("password", PASSWORD)];
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("x-nothing", "x"),
    ] {
        for path in [
            "/signin",
            "/signin/code",
            "/signin/passkey",
            "/enrol",
            "/enrol/name",
        ] {
            let all = [
                ("login", "ada"),
                ("password", PASSWORD),
                ("flow", "x"),
                ("code", "x"),
                ("name", "x"),
                ("credential", "x"),
            ];
            let request = ada.request(Method::POST, path).header(name, value);
            assert_eq!(
                ada.go(form_of(request, &all)).status,
                403,
                "{path} {name}: {value}"
            );
        }
    }
    // The cookie alone changes nothing: a form of another site has no header of ours.
    let new = json!({"login": "eve", "name": "Eve", "roles": role("administrator")});
    let request = ada.request(Method::POST, "/api/v1/people").json(&new);
    assert_eq!(send(request).0, 403);
    // No credential is taken from an address.
    let token = ada.cookie("ringfence_session").unwrap();
    for path in [
        format!("/api/v1/people?access_token={token}"),
        format!("/api/v1/people?token={ADMIN}"),
        format!("/api/v1/people?ringfence_session={token}"),
    ] {
        assert_eq!(Browser::new(&server).get(&path).0, 401, "{path}");
    }
    let (status, _) = Browser::new(&server).get(&format!("/enrol?code={token}"));
    assert_eq!(status, 200, "the page, which took nothing from its address");
    assert_eq!(ada.post("/signin", &form).status, 200);
    let _ = phone;
}

#[test]
fn what_is_too_large_or_no_form_is_refused() {
    let (_dir, server) = server();
    let browser = Browser::new(&server);
    let large = "x".repeat(2 << 20);
    // It is not read to its end: whoever still sends may find nobody there.
    let request = browser.request(Method::POST, "/signin");
    let request = form_of(request, &[("login", "ada"), ("password", &large)]);
    if let Ok(answer) = block_on(async { request.send().await }) {
        assert_eq!(answer.status(), 413);
    }
    let request = browser
        .request(Method::POST, "/signin")
        .header("origin", "x")
        .json(&json!({}));
    assert!([400, 415].contains(&browser.go(request).status));
    let page = browser.post("/enrol", &[("code", &"é".repeat(1_000))]);
    assert_eq!(page.status, 401);
    for credential in ["", "{}", "[]", "null", "{\"id\":1}", &"[".repeat(10_000)] {
        let flow = browser.open("/signin");
        if !flow.text.contains("data-passkey") {
            continue;
        }
        let flow = flow.field("flow");
        let page = browser.post(
            "/signin/passkey",
            &[("flow", &flow), ("credential", credential)],
        );
        assert_eq!(page.status, 401, "{credential:.20}");
    }
}

#[test]
fn a_person_sees_and_ends_what_is_theirs() {
    let (_dir, server) = server();
    let (ada, phone) = administrator(&server);
    let other = Browser::new(&server);
    assert_eq!(other.sign_in("ada", &phone.code(0)).status, 303);
    let (status, me) = ada.get("/api/v1/me");
    assert_eq!(status, 200, "{me}");
    assert_eq!(me["account"]["login"], "ada");
    assert_eq!(me["account"]["recovery_left"], 10);
    let kinds: Vec<_> = me["factors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["kind"])
        .collect();
    assert_eq!(kinds, ["totp"]);
    let sessions = me["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["browser"], "A test's browser");
    // An open stream of the other browser ends with its session.
    let stream = other.request(Method::GET, "/api/v1/alerts/stream");
    let mut stream = block_on(async { stream.send().await.unwrap() });
    assert_eq!(stream.status(), 200);
    let theirs = sessions.iter().find(|s| s["id"] != me["session"]).unwrap();
    let path = format!("/api/v1/me/sessions/{}", theirs["id"].as_str().unwrap());
    assert_eq!(ada.api(Method::DELETE, &path, &Value::Null).0, 204);
    let begun = std::time::Instant::now();
    block_on(async { while let Ok(Some(_)) = stream.chunk().await {} });
    assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    assert_eq!(other.get("/api/v1/me").0, 401);
    // A new password: not one of the last, not a weak one, and with the old one only.
    let set = |old: &str, new: &str| {
        let body = json!({"old": old, "new": new});
        ada.api(Method::PUT, "/api/v1/me/password", &body)
    };
    for (old, new, word) in [
        ("wrong", "another-horse-battery-8", "old"),
        (PASSWORD, PASSWORD, "last four"),
        (PASSWORD, "short1", "new"),
        (PASSWORD, "password1234567", "new"),
        (PASSWORD, "ringfence-ada-1", "new"),
    ] {
        let (status, answer) = set(old, new);
        assert_eq!(status, 400, "{new}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{new}: {answer}");
        assert!(!detail.contains(new), "{detail}");
    }
    assert_eq!(set(PASSWORD, "another-horse-battery-8").0, 204);
    let factor = me["factors"][0]["id"].as_str().unwrap();
    let (status, _) = ada.api(
        Method::DELETE,
        &format!("/api/v1/me/factors/{factor}"),
        &Value::Null,
    );
    assert_eq!(status, 409, "the last way in");
    let (status, codes) = ada.api(Method::POST, "/api/v1/me/recovery-codes", &Value::Null);
    assert_eq!(
        (status, codes["codes"].as_array().unwrap().len()),
        (200, 10)
    );
    // A recovery code takes the place of a one-time code, once.
    let code = codes["codes"][0].as_str().unwrap();
    let lost = Browser::new(&server);
    let by = |code: &str| {
        let page = lost.post(
            "/signin",
            &[("login", "ada"), ("password", "another-horse-battery-8")],
        );
        let flow = page.field("flow");
        lost.post("/signin/code", &[("flow", &flow), ("code", code)])
            .status
    };
    assert_eq!((by(&code.to_lowercase()), by(code)), (303, 401));
    // Programs have no account of this kind.
    assert_eq!(server.get("/api/v1/me").0, 403);
}

#[test]
fn people_are_invited_given_roles_and_switched_off() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let (ben, code) = invite(&ada, "Ben@Example.com", &role("supervisor"));
    let browser = Browser::new(&server);
    let phone = browser.enrol(&code);
    let (_, session) = browser.get("/api/v1/session");
    assert_eq!(session["role"], "supervisor");
    assert_eq!(browser.get("/api/v1/alerts").0, 200);
    let (status, refusal) = browser.get("/api/v1/people");
    assert_eq!(status, 403, "{refusal}");
    // Nobody changes their own rights, and the token of scripts touches no people.
    let (_, me) = ada.get("/api/v1/me");
    let own = me["account"]["id"].as_str().unwrap();
    let give = |by: &Browser, id: &str, role: &str| {
        let body = json!({"role": role, "program": "*", "why": "x"});
        by.api(Method::POST, &format!("/api/v1/people/{id}/roles"), &body)
    };
    assert_eq!(give(&ada, own, "supervisor").0, 403);
    assert_eq!(give(&browser, own, "supervisor").0, 403);
    assert_eq!(give(&ada, &ben, "automation").0, 400, "for programs");
    assert_eq!(give(&ada, &ben, "auditor").0, 400, "only for a time");
    assert_eq!(give(&ada, &ben, "analyst").0, 200);
    assert_eq!(server.get("/api/v1/people").0, 403);
    let (status, _) = server.post("/api/v1/people", &json!({"login": "x", "name": "x"}));
    assert_eq!(status, 403);
    // A role that is taken is gone at once.
    let (_, account) = ada.get(&format!("/api/v1/people/{ben}"));
    let roles = account["account"]["roles"].as_array().unwrap();
    let held = roles.iter().find(|r| r["role"] == "supervisor").unwrap();
    let path = format!(
        "/api/v1/people/{ben}/roles/{}",
        held["id"].as_str().unwrap()
    );
    assert_eq!(ada.api(Method::DELETE, &path, &Value::Null).0, 200);
    let (_, session) = browser.get("/api/v1/session");
    assert_eq!(session["role"], "analyst");
    // Bad fields are named.
    for (body, field) in [
        (json!({"login": "a b", "name": "x"}), "login"),
        (json!({"login": "ben@example.com", "name": "x"}), "login"),
        (json!({"login": "c", "name": ""}), "name"),
        (json!({"login": "c", "name": "x\u{0}"}), "name"),
        (
            json!({"login": "c", "name": "x", "roles": [{"role": "analyst", "program": "*", "why": "x", "days": 0}]}),
            "days",
        ),
    ] {
        let (status, answer) = ada.api(Method::POST, "/api/v1/people", &body);
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 400 && detail.contains(field), "{body}: {answer}");
    }
    // Switched off, Ben is out of everything he had open.
    let off = json!({"enabled": false});
    let path = format!("/api/v1/people/{ben}");
    assert_eq!(ada.api(Method::PATCH, &path, &off).0, 200);
    assert_eq!(browser.get("/api/v1/session").0, 401);
    assert_eq!(
        browser.sign_in("ben@example.com", &phone.code(0)).status,
        401
    );
    assert_eq!(
        ada.api(Method::PATCH, &format!("/api/v1/people/{own}"), &off)
            .0,
        403
    );
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"enabled": true})).0,
        200
    );
    assert_eq!(
        browser.sign_in("ben@example.com", &phone.code(1)).status,
        303
    );
    eventually("acts are events", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid IN (3001, 3005) ORDER BY time";
        let said = json!(server.sql(sql)).to_string();
        [
            "was invited",
            "was given a role",
            "lost a role",
            "was switched off",
            "was switched on",
        ]
        .iter()
        .all(|what| said.contains(what))
        .then_some(())
    });
}

#[test]
fn a_reset_takes_two_people_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let config = "version = 1\n[access]\nreset_wait_minutes = 5\n";
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let (ada, _) = administrator(&server);
    let (_, code) = invite(&ada, "ben", &role("administrator"));
    let ben = Browser::new(&server);
    ben.enrol(&code);
    let (cleo, code) = invite(&ada, "cleo", &json!([]));
    let browser = Browser::new(&server);
    browser.enrol(&code);
    let ask = json!({"why": "lost her phone", "called_back": "10:30, the number on file"});
    let path = format!("/api/v1/people/{cleo}/resets");
    assert_eq!(browser.api(Method::POST, &path, &ask).0, 403);
    let (status, reset) = ada.api(Method::POST, &path, &ask);
    assert_eq!(status, 201, "{reset}");
    let confirm = format!("/api/v1/resets/{}/confirm", reset["id"].as_str().unwrap());
    let (status, answer) = ada.api(Method::POST, &confirm, &Value::Null);
    assert_eq!(status, 409, "whoever asked cannot confirm: {answer}");
    let (status, confirmed) = ben.api(Method::POST, &confirm, &Value::Null);
    assert_eq!(status, 200, "{confirmed}");
    let code = confirmed["enrolment"]["code"].as_str().unwrap();
    let page = Browser::new(&server).post("/enrol", &[("code", code)]);
    assert_eq!(page.status, 401, "not before the owner had time");
    // The owner sees it and objects.
    let (_, me) = browser.get("/api/v1/me");
    assert!(me["resets"][0]["confirmed_by"].is_string());
    let path = format!("/api/v1/me/resets/{}", reset["id"].as_str().unwrap());
    assert_eq!(browser.api(Method::DELETE, &path, &Value::Null).0, 204);
    let (_, all) = ada.get("/api/v1/resets");
    assert_eq!(all["items"][0]["outcome"], "refused");
}

#[test]
fn who_may_what_is_answered_from_both_sides() {
    let (_dir, server) = server();
    let (ada, _) = administrator(&server);
    let held = |role: &str| json!([{"role": role, "program": "bank", "why": "x"}]);
    let (ben, code) = invite(&ada, "ben", &held("supervisor"));
    Browser::new(&server).enrol(&code);
    let (cleo, _) = invite(&ada, "cleo", &held("agent"));
    let ask = |action: &str, program: &str| {
        let (status, answer) = ada.get(&format!(
            "/api/v1/access/who?action={action}&program={program}"
        ));
        assert_eq!(status, 200, "{answer}");
        let items = answer["items"].as_array().unwrap().clone();
        let name = |who: &Value| {
            format!(
                "{} {}",
                who["name"].as_str().unwrap(),
                who["when"].as_str().unwrap()
            )
        };
        items.iter().map(name).collect::<Vec<_>>()
    };
    // Who administers access is not among those who hear recordings.
    assert_eq!(ask("recording:listen", "bank"), ["ben always"]);
    assert!(ask("recording:listen", "clinic").is_empty());
    assert_eq!(
        ask("customer-record:open", "bank"),
        ["ben always", "cleo sometimes"]
    );
    assert_eq!(ask("person:change", "*"), ["Ada L always"]);
    assert_eq!(
        ask("event:send", "*"),
        ["Automation always"],
        "programs too"
    );
    let of = |id: &str| {
        let (status, answer) = ada.get(&format!("/api/v1/access/of/{id}"));
        assert_eq!(status, 200, "{answer}");
        answer["items"].as_array().unwrap().clone()
    };
    let theirs = of(&ben);
    assert!(theirs.iter().all(|can| can["program"] == "bank"));
    let may = |can: &str| theirs.iter().any(|item| item["action"] == can);
    assert!(may("recording:listen") && may("alert:work") && !may("person:change"));
    let only = of(&cleo);
    assert_eq!(
        (only.len(), &only[0]["action"], &only[0]["when"]),
        (1, &json!("customer-record:open"), &json!("sometimes"))
    );
    // Whoever is switched off may nothing.
    let path = format!("/api/v1/people/{ben}");
    assert_eq!(
        ada.api(Method::PATCH, &path, &json!({"enabled": false})).0,
        200
    );
    assert!(of(&ben).is_empty() && ask("recording:listen", "bank").is_empty());
    for (path, wanted) in [
        ("/api/v1/access/who?action=fly&program=bank", 400),
        ("/api/v1/access/who?action=alert:read", 400),
        ("/api/v1/access/who?action=alert:read&program=%00", 400),
        ("/api/v1/access/of/nobody", 404),
    ] {
        assert_eq!(ada.get(path).0, wanted, "{path}");
    }
    assert_eq!(server.get(&format!("/api/v1/access/of/{ben}")).0, 403);
}
