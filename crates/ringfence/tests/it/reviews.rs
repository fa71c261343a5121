//! What everybody holds is confirmed by somebody else from time to time, or goes.

use reqwest::Method;
use ringfence_policy::{Policies, builtin};
use ringfence_state::State;
use serde_json::{Value, json};

use crate::browser::{Browser, administrator};
use crate::emergencies::colleague;
use crate::running::{Start, block_on, eventually, now_ms};

const DAY: i64 = 86_400_000;

fn decide(who: &Browser, review: &str, verdict: &str, items: &[&Value]) -> (u16, Value) {
    let ids: Vec<_> = items.iter().map(|item| &item["id"]).collect();
    let body = json!({"verdict": verdict, "items": ids, "note": "seen"});
    who.api(
        Method::POST,
        &format!("/api/v1/reviews/{review}/decide"),
        &body,
    )
}

fn of<'a>(items: &'a Value, name: &str) -> Vec<&'a Value> {
    let items = items["items"].as_array().unwrap().iter();
    items.filter(|item| item["name"] == name).collect()
}

#[test]
fn two_reviewers_decide_about_each_other_and_sign() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let (ada, _) = administrator(&server);
    let admin = json!([{"role": "administrator", "program": "*", "why": "the other one"}]);
    let (_, ben) = colleague(&server, &ada, "ben", &admin);
    let until = json!([{"role": "auditor", "program": "*", "why": "the audit", "days": 9}]);
    let (_, cleo) = colleague(&server, &ada, "cleo", &until);
    let open = json!({"why": "before the audit"});
    assert_eq!(cleo.api(Method::POST, "/api/v1/reviews", &open).0, 403);
    assert_eq!(server.post("/api/v1/reviews", &open).0, 403);
    let (_, unused) = ada.get("/api/v1/access/unused");
    assert_eq!(
        (&unused["roles"], &unused["dormant"]),
        (&json!([]), &json!([])),
        "it is not known yet"
    );
    // What ada does is noted, and stands beside her role when it is reviewed.
    eventually("the use of a right is noted", 20, || {
        let (_, unused) = ada.get("/api/v1/access/unused?days=1");
        unused["noted_since_ms"]
            .as_i64()
            .filter(|ms| *ms <= now_ms())
    });
    let (status, opened) = ada.api(Method::POST, "/api/v1/reviews", &open);
    assert_eq!(status, 201, "{opened}");
    let id = opened["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/reviews/{id}");
    assert_eq!(
        ada.api(Method::POST, "/api/v1/reviews", &open).0,
        409,
        "one at a time"
    );
    let (status, one) = cleo.get(&path);
    assert_eq!(status, 200, "an auditor reads: {one}");
    assert_eq!(decide(&cleo, &id, "confirm", &of(&one, "ben")).0, 403);
    let cleo_s = of(&one, "cleo")[0];
    assert_eq!(
        (&cleo_s["granted_by"], &cleo_s["why"], &cleo_s["dormant"]),
        (&json!("Ada L"), &json!("the audit"), &json!(false))
    );
    let (status, answer) = decide(
        &ada,
        &id,
        "confirm",
        &[of(&one, "ben"), of(&one, "Ada L")].concat(),
    );
    assert_eq!(status, 409, "{answer}");
    assert_eq!(decide(&ada, &id, "confirm", &of(&one, "ben")).0, 200);
    assert_eq!(decide(&ben, &id, "take", &of(&one, "cleo")).0, 200);
    assert_eq!(cleo.get(&path).0, 403, "at once");
    let sign = format!("{path}/sign");
    assert_eq!(ada.api(Method::POST, &sign, &json!({})).0, 409);
    let rest = [of(&one, "Ada L"), of(&one, "Automation")].concat();
    let (status, after) = decide(&ben, &id, "confirm", &rest);
    assert_eq!(
        (status, &after["review"]["undecided"]),
        (200, &json!(0)),
        "{after}"
    );
    let (status, signed) = ada.api(Method::POST, &sign, &json!({"note": "all seen"}));
    assert_eq!(
        (status, &signed["outcome"]),
        (200, &json!("signed")),
        "{signed}"
    );
    assert_eq!(
        decide(&ada, &id, "take", &of(&one, "ben")).0,
        409,
        "evidence stays as it is"
    );
    let (_, all) = ada.get("/api/v1/reviews");
    assert!(all["next_ms"].as_i64().unwrap() > now_ms() + 179 * DAY);
    assert_eq!(all["items"][0]["ended_by_name"], "Ada L");
    for path in [
        "/api/v1/access/unused?days=0",
        "/api/v1/access/unused?days=x",
    ] {
        assert_eq!(ada.get(path).0, 400);
    }
    eventually("each step is an event", 20, || {
        let sql = "SELECT message FROM events WHERE class_uid = 3005 ORDER BY time";
        let said = json!(server.sql(sql)).to_string();
        [
            "was opened: before",
            "roles were confirmed",
            "cleo lost auditor@*",
            "was signed",
        ]
        .iter()
        .all(|what| said.contains(what))
        .then_some(())
    });
}

#[test]
fn what_nobody_confirms_goes_and_the_last_administrator_stays() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Start::on(&data).run();
    let (ada, phone) = administrator(&server);
    assert_eq!(server.stop().code(), Some(0));
    // A review that was opened three weeks ago, and reminded of.
    block_on(async {
        let state = State::open(&data.join("state.db")).await.unwrap();
        let policies = Policies::load(&builtin::files()).unwrap();
        let opened = state.open_review(&policies, "due by time", "ringfence", now_ms() - 21 * DAY);
        let review = opened.await.unwrap();
        state.review_reminded(&review.id, 1).await.unwrap();
        state.close().await;
    });
    let server = Start::on(&data).run();
    drop(ada);
    let ada = Browser::new(&server);
    assert_eq!(ada.sign_in("ada", &phone.code(1)).status, 303);
    let review = eventually("its time is over", 20, || {
        let (_, all) = ada.get("/api/v1/reviews");
        let review = all["items"][0].clone();
        (review["outcome"] == "lapsed").then_some(review)
    });
    let (_, one) = ada.get(&format!(
        "/api/v1/reviews/{}",
        review["id"].as_str().unwrap()
    ));
    let mine = of(&one, "Ada L");
    let became = |role: &str| &mine.iter().find(|item| item["role"] == role).unwrap()["decision"];
    assert_eq!(
        (became("administrator"), became("analyst")),
        (&json!("kept"), &json!("revoked"))
    );
    let (_, session) = ada.get("/api/v1/session");
    assert_eq!(session["role"], "administrator");
    // The token of automation was in it like everybody.
    assert_eq!(server.get("/api/v1/alerts").0, 403);
    eventually("it is loud", 20, || {
        let alerts = ada.get("/api/v1/alerts").1.to_string();
        let all = ["Access review", "nobody confirmed"];
        all.iter().all(|what| alerts.contains(what)).then_some(())
    });
}
