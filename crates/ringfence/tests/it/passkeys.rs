//! What a passkey said once opens nothing a second time.

use serde_json::{Value, json};

use crate::authenticator::Device;
use crate::browser::{Browser, Page};
use crate::running::Start;

/// What a page asks a browser for: the challenge, and whose.
fn options(page: &Page) -> Value {
    let rest = page.text.split("data-options=\"").nth(1).expect(&page.text);
    let text = rest.split('"').next().unwrap();
    let text = text.replace("&quot;", "\"").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_captured_answer_of_a_passkey_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let origin = json!(format!("https://localhost:{}", server.address().port()));
    let ada = Browser::new(&server);
    let code = std::fs::read_to_string(server.data().join("first-administrator.txt")).unwrap();
    let page = ada.post("/enrol", &[("code", code.trim())]);
    let flow = page.field("flow");
    let who = [("flow", flow.as_str()), ("login", "ada"), ("name", "Ada L")];
    let page = ada.post("/enrol/name", &who);
    let (flow, asked) = (page.field("flow"), options(&page));
    let device = Device::es256();
    let mut said = device.creating();
    said.rp_id = "localhost".to_owned();
    said.client_data["challenge"] = asked["challenge"].clone();
    said.client_data["origin"] = origin.clone();
    let made = device.created(&said).to_string();
    let form = [
        ("flow", flow.as_str()),
        ("credential", &made),
        ("label", "Key"),
    ];
    let page = ada.post("/enrol/passkey", &form);
    assert_eq!(page.status, 200, "{:?}", page.error());
    // The same registration again makes no second passkey.
    assert_ne!(
        Browser::new(&server).post("/enrol/passkey", &form).status,
        200
    );

    let handle = asked["user"]["id"].clone();
    let shows = |page: &Page, count: u32| {
        let mut said = device.getting();
        said.rp_id = "localhost".to_owned();
        said.count = count;
        said.client_data["challenge"] = options(page)["challenge"].clone();
        said.client_data["origin"] = origin.clone();
        let mut answer = device.got(&said);
        answer["response"]["userHandle"] = handle.clone();
        answer.to_string()
    };
    let page = ada.open("/signin?again");
    let (flow, answer) = (page.field("flow"), shows(&page, 2));
    let captured = [("flow", flow.as_str()), ("credential", answer.as_str())];
    let page = ada.post("/signin/passkey", &captured);
    assert_eq!(page.status, 303, "{:?}", page.error());
    // Whoever captured all of it sends it again, as it was and in a flow of their own.
    let thief = Browser::new(&server);
    let page = thief.open("/signin");
    let own = page.field("flow");
    for flow in [flow.as_str(), own.as_str()] {
        let again = thief.post(
            "/signin/passkey",
            &[("flow", flow), ("credential", &answer)],
        );
        assert_eq!(again.status, 401);
        assert!(again.error().is_some(), "{}", again.text);
        assert!(thief.cookie("ringfence_session").is_none());
    }
    // The flow itself is good for the one who has the passkey.
    let answer = shows(&page, 3);
    let opened = thief.post(
        "/signin/passkey",
        &[("flow", &own), ("credential", &answer)],
    );
    assert_eq!(opened.status, 303, "{:?}", opened.error());
}
