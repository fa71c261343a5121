//! People sign in by a provider of OpenID Connect, and no provider, browser or site makes anybody else of
//! them.

use std::time::{Duration, Instant};

use reqwest::Method;
use ringfence_crypto::stand_in::Signer;
use ringfence_crypto::{EcdsaForm, from_base64url, hmac_sha256, to_base64url};
use ringfence_identity::oidc::code_challenge;
use serde_json::{Value, json};

use crate::browser::{Browser, Page, Phone, administrator, form_of, invite};
use crate::issuer::{Hostile, Real, Reply, leads_to, signed, unsigned};
use crate::running::{Server, Start, eventually, send};

const HERE: &str = "https://ringfence.example";

/// A configuration with providers that count `mfa` as more than one factor.
fn config(providers: &[(&str, &str)], more: &str) -> String {
    let mut text = format!("version = 1\n[server]\npublic_url = \"{HERE}\"\n");
    for (name, issuer) in providers {
        text.push_str(&format!(
            "[[access.provider]]\nname = \"{name}\"\nlabel = \"The {name}\"\nissuer = \"{issuer}\"\n\
             client_id = \"ringfence\"\nmfa = {{ amr = [\"mfa\"] }}\n{more}\n"
        ));
    }
    text
}

fn server_of(dir: &tempfile::TempDir, config: String) -> Server {
    Start::on(&dir.path().join("data")).config(config).run()
}

/// A server with two hostile providers, and its administrator.
struct World {
    _dir: tempfile::TempDir,
    server: Server,
    op: Hostile,
    other: Hostile,
    ada: Browser,
    phone: Phone,
}

impl World {
    fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (op, other) = (Hostile::start(), Hostile::start());
        let both = [("op", op.issuer.as_str()), ("other", other.issuer.as_str())];
        let server = server_of(&dir, config(&both, more));
        let (ada, phone) = administrator(&server);
        Self {
            _dir: dir,
            server,
            op,
            other,
            ada,
            phone,
        }
    }

    /// A sign-in that began in a browser.
    #[track_caller]
    fn depart(&self, browser: &Browser, form: &[(&str, &str)]) -> Departed {
        let page = browser.post("/signin/with/op", form);
        assert_eq!(page.status, 200, "{}", page.text);
        Departed::of(&leads_to(&page))
    }

    /// Comes back to a provider's address with a code.
    fn back(&self, browser: &Browser, state: &str, issuer: &str) -> Page {
        let query = format!("code=c-0de&state={state}&iss={}", escaped(issuer));
        browser.open(&format!("/signin/from/op?{query}"))
    }

    /// The whole way with a token made of claims; answers where it led.
    fn with_token(&self, make: impl FnOnce(&Departed) -> String) -> (Browser, String) {
        let browser = Browser::new(&self.server);
        let departed = self.depart(&browser, &[]);
        self.op.grant(&make(&departed));
        let page = self.back(&browser, &departed.state, &self.op.issuer);
        assert_eq!(page.status, 303, "{}", page.text);
        let to = page.location().unwrap().to_owned();
        (browser, to)
    }

    /// Links `subject` to Ada.
    #[track_caller]
    fn link_ada(&self, subject: &str) -> Page {
        let departed = self.begin_link();
        self.op
            .grant(&self.op.token(&self.op.claims(subject, &departed.nonce)));
        self.back(&self.ada, &departed.state, &self.op.issuer)
    }

    #[track_caller]
    fn begin_link(&self) -> Departed {
        let request = self.ada.request(Method::POST, "/api/v1/me/links/begin");
        let request = request.header("x-ringfence-console", "1");
        let page = self.ada.go(request.json(&json!({"provider": "op"})));
        assert_eq!(page.status, 200, "{}", page.text);
        let answer: Value = serde_json::from_str(&page.text).unwrap();
        Departed::of(answer["url"].as_str().unwrap())
    }
}

/// What went along to a provider.
struct Departed {
    url: String,
    state: String,
    nonce: String,
    challenge: String,
}

impl Departed {
    fn of(url: &str) -> Self {
        let value = |name: &str| {
            let mark = format!("{name}=");
            let mut pairs = url.split(['?', '&']);
            let found = pairs.find_map(|pair| pair.strip_prefix(&mark));
            found.unwrap_or_else(|| panic!("{name}: {url}")).to_owned()
        };
        Self {
            url: url.to_owned(),
            state: value("state"),
            nonce: value("nonce"),
            challenge: value("code_challenge"),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

fn is_in(browser: &Browser) -> bool {
    browser.get("/api/v1/session").0 == 200
}

fn failed(to: &str) -> &str {
    let word = to.split("failed=").nth(1).unwrap_or_default();
    word.split('&').next().unwrap()
}

#[test]
fn somebody_signs_in_by_a_real_provider_whose_keys_change() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap();
    drop(free);
    let client = json!({
        "redirect_uris": [format!("{HERE}/signin/from/real")],
        "backchannel_logout_uri": format!("http://{listen}/signin/logout-of/real"),
    });
    let Some(real) = Real::start(&client) else {
        return;
    };
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "a secret of a test: 100% & more\n").unwrap();
    let more = format!(
        "client_secret = {{ file = \"{}\" }}\nmatch = \"preferred_username\"",
        secret.display()
    );
    let config = config(&[("real", &real.issuer)], &more);
    let server = Start::on(&dir.path().join("data"))
        .at(listen)
        .config(config)
        .run();
    let (ada, _) = administrator(&server);
    let role = json!([{"role": "supervisor", "program": "*", "why": "x"}]);
    let (ben, code) = invite(&ada, "ben", &role);
    let page = Browser::new(&server).open("/signin");
    assert!(page.text.contains("Sign in with The real"), "{}", page.text);

    // Who never signed in is known by the name that the provider says, once more than one factor was shown.
    let (browser, at_op) = (Browser::new(&server), Browser::at(&real.issuer));
    let sign_in = |amr: &str, login: &str, at_op: &Browser| {
        let page = browser.post("/signin/with/real", &[("next", "/alerts?x=1")]);
        let back = real.go_in(at_op, &page, login, amr);
        (browser.open(&back), back)
    };
    let (page, _) = sign_in("pwd", "ben", &Browser::at(&real.issuer));
    assert_eq!(failed(page.location().unwrap()), "unknown");
    let (page, back) = sign_in("pwd mfa", "ben", &at_op);
    assert_eq!(page.location(), Some("/signin/done?next=%2Falerts%3Fx%3D1"));
    assert!(back.contains("iss="), "RFC 9207: {back}");
    assert_eq!(
        leads_to(&browser.open(page.location().unwrap())),
        "/alerts?x=1"
    );
    let (_, session) = browser.get("/api/v1/session");
    assert_eq!(
        (&session["name"], &session["role"]),
        (&json!("ben"), &json!("supervisor"))
    );
    let (_, me) = browser.get("/api/v1/me");
    assert_eq!(me["sessions"][0]["methods"], "oidc,mfa");
    assert_eq!(
        (&me["links"][0]["issuer"], &me["links"][0]["subject"]),
        (&json!(real.issuer), &json!("ben"))
    );
    // The invitation that waited is over, and the answer of the provider is good once.
    let page = Browser::new(&server).post("/enrol", &[("code", &code)]);
    assert_eq!(page.status, 401);
    assert_eq!(failed(browser.open(&back).location().unwrap()), "away");

    // The provider has other keys now.
    real.rotate();
    let page = browser.post("/signin/with/real", &[]);
    let back = real.go_in(&at_op, &page, "ben", "pwd mfa");
    let page = browser.open(&back);
    assert_eq!(
        page.location(),
        Some("/signin/done?next=%2F"),
        "{:?}",
        page.location()
    );
    assert!(is_in(&browser));
    let (_, me) = browser.get("/api/v1/me");
    assert_eq!(
        me["sessions"].as_array().unwrap().len(),
        1,
        "signing in again ends the one before"
    );

    // They sign out there, and so are out here.
    let page = at_op.open("/session/end?client_id=ringfence");
    let xsrf = page.field("xsrf");
    at_op.post(
        "/session/end/confirm",
        &[("xsrf", &xsrf), ("logout", "yes")],
    );
    eventually("the provider's word ends the session", 20, || {
        (!is_in(&browser)).then_some(())
    });

    // Switched off, they are told what a stranger is.
    let path = format!("/api/v1/people/{ben}");
    let off = |enabled: bool| {
        ada.api(Method::PATCH, &path, &json!({"enabled": enabled}))
            .0
    };
    assert_eq!(off(false), 200);
    let (page, _) = sign_in("mfa", "ben", &Browser::at(&real.issuer));
    assert_eq!(failed(page.location().unwrap()), "unknown");
    assert_eq!(off(true), 200);

    // An administrator takes the link away: then that account opens nothing.
    let (_, person) = ada.get(&format!("/api/v1/people/{ben}"));
    let link = person["links"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/people/{ben}/links/{link}");
    assert_eq!(ada.api(Method::DELETE, &path, &Value::Null).0, 204);
    let (page, _) = sign_in("mfa", "ben", &Browser::at(&real.issuer));
    assert_eq!(failed(page.location().unwrap()), "unknown");
    let shown = browser.open(page.location().unwrap());
    assert!(
        shown
            .error()
            .unwrap()
            .contains("Your account of The real opens nothing here")
    );
    let said = eventually("what happened is on the log", 20, || {
        let sql = "SELECT message, ocsf FROM events WHERE class_uid IN (3001, 3002)";
        let said = json!(server.sql(sql)).to_string();
        let all = [
            "at the first sign-in",
            "signed out at The real",
            "was unlinked",
            "OpenID",
        ];
        all.iter().all(|what| said.contains(what)).then_some(said)
    });
    // No code and no token in events or logs.
    let code = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(!said.contains(code) && !server.log_text().contains(code));
    assert!(!server.log_text().contains("100%"), "no secret in the log");
}

#[test]
fn one_factor_there_needs_another_one_here() {
    let world = World::new("");
    assert_eq!(
        world.link_ada("ada-there").location(),
        Some("/signin/done?next=%2Faccount")
    );
    let one_factor = |departed: &Departed| {
        let mut claims = world.op.claims("ada-there", &departed.nonce);
        claims["amr"] = json!(["pwd"]);
        world.op.token(&claims)
    };
    let (browser, to) = world.with_token(one_factor);
    assert_eq!((to.as_str(), is_in(&browser)), ("/signin/step", false));
    let page = browser.open("/signin/step");
    let flow = page.field("flow");
    let wrong = browser.post("/signin/code", &[("flow", &flow), ("code", "000000")]);
    assert_eq!((wrong.status, is_in(&browser)), (401, false));
    let code = world.phone.code(0);
    let page = browser.post("/signin/code", &[("flow", &flow), ("code", &code)]);
    assert_eq!((page.status, is_in(&browser)), (303, true));
    let (_, me) = browser.get("/api/v1/me");
    let sessions = me["sessions"].as_array().unwrap();
    assert!(
        sessions.iter().any(|s| s["methods"] == "oidc,totp"),
        "{sessions:?}"
    );
    // What goes between the two steps is good once, and in no other place.
    let again = browser.post(
        "/signin/code",
        &[("flow", &flow), ("code", &world.phone.code(1))],
    );
    assert_eq!(again.status, 401);
    assert_eq!(Browser::new(&world.server).open("/signin/step").status, 401);

    // A proof of long ago changes nothing about how somebody signs in, and one of now does.
    for (age, wanted) in [(3_600, 403), (0, 409)] {
        let (browser, _) = world.with_token(|departed| {
            let mut claims = world.op.claims("ada-there", &departed.nonce);
            claims["auth_time"] = json!(claims["auth_time"].as_i64().unwrap() - age);
            world.op.token(&claims)
        });
        assert!(is_in(&browser));
        let (_, me) = browser.get("/api/v1/me");
        let factor = me["factors"][0]["id"].as_str().unwrap();
        let path = format!("/api/v1/me/factors/{factor}");
        assert_eq!(
            browser.api(Method::DELETE, &path, &Value::Null).0,
            wanted,
            "{age}"
        );
    }
}

#[test]
fn an_account_is_linked_and_unlinked_by_its_owner_alone() {
    let world = World::new("");
    let (ada, op) = (&world.ada, &world.op);
    let (_, code) = invite(ada, "ben", &json!([]));
    let ben = Browser::new(&world.server);
    ben.enrol(&code);
    assert_eq!(
        world.link_ada("a").location(),
        Some("/signin/done?next=%2Faccount")
    );
    let (_, me) = ada.get("/api/v1/me");
    assert_eq!(
        (&me["links"][0]["subject"], &me["providers"][0]["label"]),
        (&json!("a"), &json!("The op"))
    );
    // Ben cannot link it too, nor bring an answer that Ada went for.
    let request = ben.request(Method::POST, "/api/v1/me/links/begin");
    let page = ben.go(request
        .header("x-ringfence-console", "1")
        .json(&json!({"provider": "op"})));
    let answer: Value = serde_json::from_str(&page.text).unwrap();
    let departed = Departed::of(answer["url"].as_str().unwrap());
    assert!(
        departed.url.contains("prompt=login"),
        "somebody else's session may be open there"
    );
    op.grant(&op.token(&op.claims("a", &departed.nonce)));
    let page = world.back(&ben, &departed.state, &op.issuer);
    assert_eq!(failed(page.location().unwrap()), "taken");
    assert!(
        ben.open(page.location().unwrap())
            .error()
            .unwrap()
            .contains("linked to somebody else")
    );
    let departed = world.begin_link();
    op.grant(&op.token(&op.claims("b", &departed.nonce)));
    let page = world.back(&ben, &departed.state, &op.issuer);
    assert_eq!(
        failed(page.location().unwrap()),
        "away",
        "it began in another browser"
    );
    // A session that ended meanwhile links nothing; without the console's header nothing begins.
    let departed = world.begin_link();
    assert_eq!(
        ada.api(Method::DELETE, "/api/v1/session", &Value::Null).0,
        204
    );
    op.grant(&op.token(&op.claims("b", &departed.nonce)));
    let page = world.back(ada, &departed.state, &op.issuer);
    assert_eq!(failed(page.location().unwrap()), "session");
    assert_eq!(ada.sign_in("ada", &world.phone.code(0)).status, 303);
    let request = ada.request(Method::POST, "/api/v1/me/links/begin");
    assert_eq!(send(request.json(&json!({"provider": "op"}))).0, 403);
    let (_, me) = ada.get("/api/v1/me");
    assert_eq!(me["links"].as_array().unwrap().len(), 1);
    // Unlinked, it opens nothing, and what it had opened is over.
    let honest = |departed: &Departed| op.token(&op.claims("a", &departed.nonce));
    let (by_link, _) = world.with_token(honest);
    assert!(is_in(&by_link));
    let path = format!(
        "/api/v1/me/links/{}",
        me["links"][0]["id"].as_str().unwrap()
    );
    assert_eq!(
        ben.api(Method::DELETE, &path, &Value::Null).0,
        404,
        "not Ben's"
    );
    assert_eq!(ada.api(Method::DELETE, &path, &Value::Null).0, 204);
    assert!(!is_in(&by_link) && is_in(ada));
    assert_eq!(failed(&world.with_token(honest).1), "unknown");
}

#[test]
fn no_token_is_believed_that_the_provider_did_not_make_for_this_sign_in() {
    let world = World::new("");
    let (op, other) = (&world.op, &world.other);
    world.link_ada("a");
    let es256 = |kid: &str| json!({"alg": "ES256", "kid": kid});
    let stranger = Signer::es256(EcdsaForm::Fixed).unwrap();
    let changed = |departed: &Departed, name: &str, value: Value| {
        let mut claims = op.claims("a", &departed.nonce);
        claims[name] = value;
        op.token(&claims)
    };
    let earlier = world.depart(&Browser::new(&world.server), &[]).nonce;
    type Make<'a> = Box<dyn Fn(&Departed) -> String + 'a>;
    let trials: Vec<(&str, Make<'_>)> = vec![
        (
            "of an earlier sign-in",
            Box::new(|_| op.token(&op.claims("a", &earlier))),
        ),
        (
            "without a nonce",
            Box::new(|d| changed(d, "nonce", Value::Null)),
        ),
        (
            "for another application",
            Box::new(|d| changed(d, "aud", json!("another"))),
        ),
        (
            "for us among others",
            Box::new(|d| changed(d, "aud", json!(["ringfence", "another"]))),
        ),
        (
            "at another's request",
            Box::new(|d| changed(d, "azp", json!("another"))),
        ),
        (
            "of another issuer",
            Box::new(|d| changed(d, "iss", json!(other.issuer))),
        ),
        (
            "that has expired",
            Box::new(|d| changed(d, "exp", json!(1))),
        ),
        ("of yesterday", Box::new(|d| changed(d, "iat", json!(1)))),
        (
            "of another access token",
            Box::new(|d| changed(d, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        ),
        (
            "unsigned",
            Box::new(|d| {
                let claims = op.claims("a", &d.nonce);
                format!("{}.", unsigned(&json!({"alg": "none"}), &claims))
            }),
        ),
        (
            "signed with the public key as a secret",
            Box::new(|d| {
                let header = json!({"alg": "HS256", "kid": "first"});
                let text = unsigned(&header, &op.claims("a", &d.nonce));
                let key = op.jwk().to_string();
                let tag = hmac_sha256(key.as_bytes(), &[text.as_bytes()]);
                format!("{text}.{}", to_base64url(&tag))
            }),
        ),
        (
            "of a stranger under its key's name",
            Box::new(|d| signed(&es256("first"), &op.claims("a", &d.nonce), &stranger)),
        ),
        (
            "of a key that it brings along",
            Box::new(|d| {
                let header =
                    json!({"alg": "ES256", "kid": "mine", "jwk": op.jwk(), "jku": other.issuer});
                signed(&header, &op.claims("a", &d.nonce), &stranger)
            }),
        ),
        ("that is no token", Box::new(|_| "a.b.c".to_owned())),
    ];
    for (what, make) in &trials {
        let (browser, to) = world.with_token(|departed| make(departed));
        assert_eq!((failed(&to), is_in(&browser)), ("token", false), "{what}");
        let shown = browser.open(&to);
        assert!(
            shown.error().unwrap().contains("could not be believed"),
            "{what}"
        );
    }
    // An honest one is, after all that; of another person there it is a stranger's.
    let (browser, _) = world.with_token(|d| op.token(&op.claims("a", &d.nonce)));
    assert!(is_in(&browser));
    let (_, to) = world.with_token(|d| op.token(&op.claims("b", &d.nonce)));
    assert_eq!(failed(&to), "unknown");

    // A new key is fetched once its name is seen; the one that was withdrawn is good no longer.
    let second = Signer::es256(EcdsaForm::Fixed).unwrap();
    op.publish_keys(&[("second", &second)]);
    let by_second = |d: &Departed| signed(&es256("second"), &op.claims("a", &d.nonce), &second);
    assert!(is_in(&world.with_token(by_second).0));
    let (_, to) = world.with_token(|d| op.token(&op.claims("a", &d.nonce)));
    assert_eq!(failed(&to), "token");
    // Names that nobody knows do not make it ask for ever.
    let before = op.came("/jwks").len();
    for n in 0..6 {
        world.with_token(|d| signed(&es256(&format!("k{n}")), &op.claims("a", &d.nonce), &second));
    }
    assert!(
        op.came("/jwks").len() - before <= 2,
        "{}",
        op.came("/jwks").len() - before
    );
    eventually("refusals are events", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3002 AND status_id = 2";
        let said = json!(world.server.sql(sql)).to_string();
        let all = [
            "another sign-in",
            "another application",
            "signature does not fit",
        ];
        all.iter().all(|why| said.contains(why)).then_some(())
    });
}

#[test]
fn an_answer_counts_in_the_browser_that_asked_at_the_provider_that_was_asked() {
    let world = World::new("");
    let (server, op, other) = (&world.server, &world.op, &world.other);
    world.link_ada("a");
    let browser = Browser::new(server);
    let departed = world.depart(&browser, &[]);
    op.grant(&op.token(&op.claims("a", &departed.nonce)));
    let codes = || op.came("/token").len();
    let before = codes();
    // Login CSRF: another browser is led to the answer of this one, or to one of its own making.
    let victim = Browser::new(server);
    let to = world.back(&victim, &departed.state, &op.issuer);
    assert_eq!(failed(to.location().unwrap()), "away");
    world.depart(&victim, &[]);
    let to = world.back(&victim, &departed.state, &op.issuer);
    assert_eq!(
        failed(to.location().unwrap()),
        "away",
        "state of another browser"
    );
    for query in [
        "",
        "code=x",
        "state=x",
        "code=x&code=y&state=z",
        "code=x&state=%00",
    ] {
        let page = victim.open(&format!("/signin/from/op?{query}"));
        assert_eq!(failed(page.location().unwrap()), "away", "{query}");
    }
    // Mix-up: the other provider's answer here, this one's there, and one that says nothing.
    let fresh = Browser::new(server);
    let mine = world.depart(&fresh, &[]);
    let page = world.back(&fresh, &mine.state, &other.issuer);
    assert_eq!(failed(page.location().unwrap()), "mixed");
    let mine = world.depart(&fresh, &[]);
    let page = fresh.open(&format!("/signin/from/op?code=x&state={}", mine.state));
    assert_eq!(failed(page.location().unwrap()), "mixed");
    let mine = world.depart(&fresh, &[]);
    let query = format!("code=x&state={}&iss={}", mine.state, escaped(&op.issuer));
    let page = fresh.open(&format!("/signin/from/other?{query}"));
    assert_eq!(
        failed(page.location().unwrap()),
        "away",
        "what was kept is for one provider"
    );
    assert_eq!(
        (codes(), other.came("/token").len()),
        (before, 0),
        "no code was passed on"
    );
    // The honest one: the code goes with what proves that this server asked, and once.
    let page = world.back(&browser, &departed.state, &op.issuer);
    assert!(is_in(&browser), "{:?}", page.location());
    assert!(!page.location().unwrap().contains("c-0de"));
    let sent = op.came("/token").pop().unwrap();
    assert_eq!(sent.form("code").as_deref(), Some("c-0de"));
    assert_eq!(
        code_challenge(&sent.form("code_verifier").unwrap()),
        departed.challenge
    );
    assert!(from_base64url(&departed.state).unwrap().len() >= 32);
    let page = world.back(&browser, &departed.state, &op.issuer);
    assert_eq!(
        (failed(page.location().unwrap()), codes()),
        ("away", before + 1)
    );
    // No address begins anything, nor does another site.
    assert_eq!(victim.open("/signin/with/op").status, 405);
    for origin in ["https://evil.example", "null"] {
        let request = victim
            .request(Method::POST, "/signin/with/op")
            .header("origin", origin);
        assert_eq!(victim.go(form_of(request, &[("next", "/")])).status, 403);
    }
    assert_eq!(victim.post("/signin/with/nobody", &[]).status, 404);
    assert_eq!(
        victim.open("/signin/from/nobody?code=x&state=y").status,
        404
    );
    // Nobody is led elsewhere afterwards.
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/signin/done?next=//e",
    ] {
        let browser = Browser::new(server);
        let departed = world.depart(&browser, &[("next", next)]);
        op.grant(&op.token(&op.claims("a", &departed.nonce)));
        let page = world.back(&browser, &departed.state, &op.issuer);
        assert_eq!(page.location(), Some("/signin/done?next=%2F"), "{next}");
        let page = browser.open(&format!("/signin/done?next={}", escaped(next)));
        assert_eq!(leads_to(&page), "/", "{next}");
    }
    // A planted session is not the one that somebody comes into.
    let planted = "rfb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let browser = Browser::new(server);
    browser.set_cookie("ringfence_session", planted);
    let departed = world.depart(&browser, &[]);
    op.grant(&op.token(&op.claims("a", &departed.nonce)));
    world.back(&browser, &departed.state, &op.issuer);
    assert!(is_in(&browser) && browser.cookie("ringfence_session").unwrap() != planted);
}

#[test]
fn what_a_provider_says_of_its_failure_is_not_repeated() {
    let world = World::new("");
    let browser = Browser::new(&world.server);
    for (error, word) in [("access_denied", "refused"), ("%3Cscript%3E", "refused")] {
        let departed = world.depart(&browser, &[]);
        let query = format!(
            "error={error}&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E&state={}&iss={}",
            departed.state,
            escaped(&world.op.issuer)
        );
        let page = browser.open(&format!("/signin/from/op?{query}"));
        let to = page.location().unwrap();
        assert_eq!(failed(to), word);
        let shown = browser.open(to);
        assert!(shown.error().unwrap().contains("The op did not let you in"));
        assert!(!shown.text.contains("alert(1)") && !to.contains("script"));
    }
    // Words come from a list, and not from an address.
    let shown = browser.open("/signin?from=op&failed=%3Cb%3Ecall+0900%3C%2Fb%3E");
    assert!(shown.error().is_none() && !shown.text.contains("0900"));
}

#[test]
fn an_address_for_mail_that_nobody_verified_is_nobodys() {
    let world = World::new("match = \"email\"");
    let op = &world.op;
    invite(&world.ada, "ben@example.com", &json!([]));
    invite(
        &world.ada,
        "root@example.com",
        &json!([{"role": "administrator", "program": "*", "why": "x"}]),
    );
    let come = |subject: &str, email: &str, verified: Value| {
        world.with_token(|departed| {
            let mut claims = op.claims(subject, &departed.nonce);
            claims["email"] = json!(email);
            claims["email_verified"] = verified;
            op.token(&claims)
        })
    };
    assert_eq!(
        failed(&come("m", "ben@example.com", json!(false)).1),
        "unknown"
    );
    assert_eq!(
        failed(&come("m", "ben@example.com", Value::Null).1),
        "unknown"
    );
    assert_eq!(
        failed(&come("m", "root@example.com", json!(true)).1),
        "unknown",
        "an administrator"
    );
    assert_eq!(
        failed(&come("m", "ada", json!(true)).1),
        "unknown",
        "who has enrolled"
    );
    // What it says beside the token is believed of that person alone.
    op.reply(
        "/me",
        Reply::json(&json!({"sub": "x", "email": "ben@example.com", "email_verified": true})),
    );
    let (_, to) = world.with_token(|departed| op.token(&op.claims("m", &departed.nonce)));
    assert_eq!(failed(&to), "token");
    op.reply(
        "/me",
        Reply::json(&json!({"sub": "m", "email": "Ben@Example.com", "email_verified": true})),
    );
    let (browser, _) = world.with_token(|departed| op.token(&op.claims("m", &departed.nonce)));
    assert!(is_in(&browser));
    assert!(
        op.came("/me")
            .last()
            .unwrap()
            .head
            .contains("Bearer an access token")
    );
    assert_eq!(
        failed(&come("n", "ben@example.com", json!(true)).1),
        "unknown",
        "linked already"
    );
}

#[test]
fn a_provider_that_misbehaves_keeps_nobody_else_out() {
    let dir = tempfile::tempdir().unwrap();
    let (op, lure) = (Hostile::start(), Hostile::start());
    let dead = "http://127.0.0.1:9";
    let server = server_of(&dir, config(&[("op", &op.issuer), ("dead", dead)], ""));
    let (_ada, phone) = administrator(&server);
    let browser = Browser::new(&server);
    let turned_away = |name: &str, what: &str| {
        let page = browser.post(&format!("/signin/with/{name}"), &[("next", "/alerts")]);
        assert_eq!(page.status, 503, "{what}");
        assert!(
            page.error().unwrap().contains("cannot be asked just now"),
            "{what}"
        );
        assert_eq!(page.field("next"), "/alerts");
    };
    turned_away("dead", "nobody listens");
    let well_known = "/.well-known/openid-configuration";
    let with = |status, body: Vec<u8>, header: Option<(&str, String)>, secs| Reply {
        status,
        body,
        headers: header.into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
        after: Duration::from_secs(secs),
    };
    let honest = Reply::json(&json!({}));
    let trials = [
        ("10 MB", with(200, vec![b' '; 10 << 20], None, 0)),
        (
            "elsewhere",
            with(
                302,
                Vec::new(),
                Some(("location", format!("{}{well_known}", lure.issuer))),
                0,
            ),
        ),
        ("nothing", honest),
        ("no success", with(500, Vec::new(), None, 0)),
        ("slowly", with(200, Vec::new(), None, 60)),
    ];
    for (what, reply) in trials {
        op.reply(well_known, reply);
        let begun = Instant::now();
        turned_away("op", what);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        // A failure is an answer for some seconds too.
        std::thread::sleep(Duration::from_millis(3_100));
    }
    for (what, change) in [
        ("another issuer", json!({"issuer": lure.issuer})),
        (
            "a token endpoint in the clear",
            json!({"token_endpoint": "http://192.0.2.1/token"}),
        ),
        (
            "a page as its address",
            json!({"authorization_endpoint": "javascript:alert(1)"}),
        ),
    ] {
        op.publish(&change);
        turned_away("op", what);
        std::thread::sleep(Duration::from_millis(3_100));
    }
    assert!(lure.came(well_known).is_empty(), "nobody followed it");
    // People sign in here as ever meanwhile.
    let other = Browser::new(&server);
    assert_eq!(other.sign_in("ada", &phone.code(0)).status, 303);
    // The token endpoint: redirects carry no code along, and endless answers end.
    op.publish(&json!({}));
    for (what, reply) in [
        (
            "elsewhere",
            with(
                307,
                Vec::new(),
                Some(("location", format!("{}/token", lure.issuer))),
                0,
            ),
        ),
        ("10 MB", with(200, vec![b' '; 10 << 20], None, 0)),
        ("no success", with(503, Vec::new(), None, 0)),
    ] {
        let page = browser.post("/signin/with/op", &[]);
        let departed = Departed::of(&leads_to(&page));
        op.reply("/token", reply);
        let query = format!(
            "code=x&state={}&iss={}",
            departed.state,
            escaped(&op.issuer)
        );
        let page = browser.open(&format!("/signin/from/op?{query}"));
        assert_eq!(failed(page.location().unwrap()), "outage", "{what}");
    }
    assert!(lure.came("/token").is_empty());
    // A code that the provider refuses.
    let departed = Departed::of(&leads_to(&browser.post("/signin/with/op", &[])));
    let mut refused = Reply::json(&json!({"error": "invalid_grant"}));
    refused.status = 400;
    op.reply("/token", refused);
    let query = format!(
        "code=x&state={}&iss={}",
        departed.state,
        escaped(&op.issuer)
    );
    let page = browser.open(&format!("/signin/from/op?{query}"));
    assert_eq!(failed(page.location().unwrap()), "refused");
    // Whoever tries too many of them is told to wait, and no provider is asked.
    for _ in 0..40 {
        browser.open("/signin/from/op?code=x&state=y");
    }
    let page = browser.open("/signin/from/op?code=x&state=y");
    assert_eq!(failed(page.location().unwrap()), "busy");
}

#[test]
fn a_providers_word_of_a_sign_out_is_its_own_and_counts_once() {
    let world = World::new("");
    let op = &world.op;
    world.link_ada("a");
    let with_session = |session: &'static str| {
        let honest = |departed: &Departed| {
            let mut claims = op.claims("a", &departed.nonce);
            claims["sid"] = json!(session);
            op.token(&claims)
        };
        world.with_token(honest).0
    };
    let say = |token: &str| {
        let request = Browser::new(&world.server);
        let request = request.request(Method::POST, "/signin/logout-of/op");
        send(form_of(request, &[("logout_token", token)])).0
    };
    let mut claims = op.claims("a", "x");
    let said = claims.as_object_mut().unwrap();
    said.remove("nonce");
    said.insert("sid".to_owned(), json!("s1"));
    said.insert("jti".to_owned(), json!("j1"));
    let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    said.insert("events".to_owned(), events);
    let (one, two) = (with_session("s1"), with_session("s2"));
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        op.logout_token(&claims)
    };
    let stranger = Signer::es256(EcdsaForm::Fixed).unwrap();
    for (what, token) in [
        (
            "a stranger's",
            signed(
                &json!({"alg": "ES256", "kid": "first", "typ": "logout+jwt"}),
                &claims,
                &stranger,
            ),
        ),
        ("another application's", changed("aud", json!("another"))),
        ("an identity token", changed("nonce", json!("x"))),
        ("without events", changed("events", json!({}))),
        ("without a name", changed("jti", Value::Null)),
        ("old", changed("iat", json!(1))),
        ("none", "x".to_owned()),
    ] {
        assert_eq!((say(&token), is_in(&one)), (400, true), "{what}");
    }
    let honest = op.logout_token(&claims);
    assert_eq!((say(&honest), is_in(&one), is_in(&two)), (200, false, true));
    let again = with_session("s1");
    assert_eq!(
        (say(&honest), is_in(&again)),
        (400, true),
        "it was heard before"
    );
    let mut whole: Value = claims.clone();
    whole.as_object_mut().unwrap().remove("sid");
    whole["jti"] = json!("j2");
    // Not all providers call it a logout token.
    assert_eq!(
        (say(&op.token(&whole)), is_in(&two), is_in(&again)),
        (200, false, false)
    );
    assert!(is_in(&world.ada), "who signed in here is still in");
}

#[test]
fn a_sign_out_at_the_provider_ends_a_sign_in_between_its_two_steps() {
    let world = World::new("");
    let op = &world.op;
    world.link_ada("a");
    let half = |make: &dyn Fn(&Value) -> String| {
        let (browser, to) = world.with_token(|departed| {
            let mut claims = op.claims("a", &departed.nonce);
            claims["amr"] = json!(["pwd"]);
            make(&claims)
        });
        assert_eq!(to, "/signin/step");
        let flow = browser.open("/signin/step").field("flow");
        (browser, flow)
    };
    let mut word = op.claims("a", "x");
    let said = word.as_object_mut().unwrap();
    said.remove("nonce");
    said.insert("jti".to_owned(), json!("j1"));
    let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    said.insert("events".to_owned(), events);
    let younger = Signer::es256(EcdsaForm::Fixed).unwrap();
    let by =
        |kid: &str, claims: &Value| signed(&json!({"alg": "ES256", "kid": kid}), claims, &younger);
    let say = |token: &str| {
        let request = Browser::new(&world.server);
        let request = request.request(Method::POST, "/signin/logout-of/op");
        send(form_of(request, &[("logout_token", token)])).0
    };
    let (browser, flow) = half(&|claims| op.token(claims));
    // Signed by a key that was not there when keys were fetched: they are fetched again, once a minute.
    op.publish_keys(&[("younger", &younger)]);
    assert_eq!(say(&by("younger", &word)), 200);
    let before = op.came("/jwks").len();
    for n in 0..3 {
        assert_eq!(say(&by(&format!("k{n}"), &word)), 400);
    }
    assert_eq!(op.came("/jwks").len(), before);
    let step = |browser: &Browser, flow: &str, code: &str| {
        let page = browser.post("/signin/code", &[("flow", flow), ("code", code)]);
        (page.status, is_in(browser), page)
    };
    let (status, is_in, page) = step(&browser, &flow, &world.phone.code(0));
    assert_eq!((status, is_in), (401, false), "{}", page.text);
    assert!(page.error().unwrap().contains("You signed out of The op"));
    // Whoever comes from there after it gets in.
    let (browser, flow) = half(&|claims| by("younger", claims));
    let (status, is_in, page) = step(&browser, &flow, &world.phone.code(1));
    assert_eq!((status, is_in), (303, true), "{}", page.text);
}
