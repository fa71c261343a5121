//! What an application that asks is told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use ringfence_access::{
    Access, Answer, Asker, Calls, Decided, Evaluation, Fault, Journal, Refused, Search, Several,
    fuzz_authzen,
};
use ringfence_policy::{Action, CallNow, Policies, PolicyFile, builtin};
use serde_json::{Value, json};

/// Agents by program, with what they do.
struct World(Vec<(&'static str, &'static str, &'static str)>);

impl Calls for World {
    fn of(&self, program: &str, agent: &str, _: Option<&str>) -> Option<CallNow> {
        let known = self.0.iter().find(|(p, a, _)| (*p, *a) == (program, agent));
        known.map(|(_, _, state)| CallNow {
            state: (*state).to_owned(),
            ..CallNow::default()
        })
    }

    fn agents(&self, program: &str, most: usize) -> Vec<String> {
        let mine = self.0.iter().filter(|(p, ..)| *p == program).take(most);
        mine.map(|(_, agent, _)| (*agent).to_owned()).collect()
    }

    fn customers(&self, _: &str, agent: &str) -> Vec<String> {
        vec![format!("C-of-{agent}")]
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<Decided>>);

impl Journal for Kept {
    fn decided(&self, decided: Decided) {
        self.0.lock().unwrap().push(decided);
    }
}

fn desk() -> (Access, Arc<Kept>) {
    let world = World(vec![
        ("bank", "on-call", "live"),
        ("bank", "idle", "none"),
        ("clinic", "nurse", "live"),
    ]);
    let kept = Arc::new(Kept::default());
    let policies = Policies::load(&builtin::files()).unwrap();
    let journal = Arc::clone(&kept) as Arc<dyn Journal>;
    (Access::new(policies, Arc::new(world), journal), kept)
}

fn asker(programs: &[&str], everywhere: bool) -> Asker {
    Asker {
        name: "crm".to_owned(),
        programs: programs.iter().map(|p| (*p).to_owned()).collect(),
        everywhere,
    }
}

fn question(agent: &str, more: Value) -> Evaluation {
    let mut body = json!({
        "subject": {"type": "agent", "id": agent},
        "action": {"name": "customer-record:open"},
        "resource": {"type": "customer-record", "id": "C-1"},
    });
    for (part, value) in more.as_object().unwrap() {
        body[part] = value.clone();
    }
    Evaluation::read(body.to_string().as_bytes()).unwrap()
}

fn in_program(program: &str) -> Value {
    json!({"resource": {"type": "customer-record", "id": "C-1", "properties": {"program": program}}})
}

#[test]
fn the_program_comes_from_the_credential() {
    let (desk, _) = desk();
    let ask = |who: &Asker, agent, more| desk.evaluate(who, &question(agent, more));
    let allowed = |answer: Result<Answer, Fault>| answer.map(|a| a.decision).ok();
    let (bank, two, all) = (
        asker(&["bank"], false),
        asker(&["bank", "clinic"], false),
        asker(&[], true),
    );
    assert_eq!(allowed(ask(&bank, "on-call", json!({}))), Some(true));
    assert_eq!(allowed(ask(&bank, "nurse", json!({}))), Some(false));
    assert_eq!(allowed(ask(&bank, "nurse", in_program("clinic"))), None);
    for who in [&two, &all] {
        assert_eq!(allowed(ask(who, "nurse", json!({}))), None, "which one?");
        assert_eq!(allowed(ask(who, "nurse", in_program("clinic"))), Some(true));
        assert_eq!(allowed(ask(who, "nurse", in_program("bank"))), Some(false));
    }
    assert_eq!(
        allowed(ask(&asker(&[], false), "nurse", in_program("clinic"))),
        None
    );
}

#[test]
fn what_a_caller_says_of_itself_gives_no_role() {
    let (desk, _) = desk();
    let subject = json!({"subject": {"type": "agent", "id": "idle", "properties": {
        "role": "supervisor", "roles": ["supervisor"], "program": "bank", "call": {"state": "live"},
    }}, "context": {"call": {"state": "live"}, "mfa": true, "reason": "  "}});
    let answer = desk
        .evaluate(&asker(&["bank"], false), &question("idle", subject))
        .unwrap();
    assert!(!answer.decision);
    assert_eq!(answer.context["policies"], json!(["record-without-call"]));
}

#[test]
fn every_answer_is_taken_down_once_and_searches_are_not() {
    let (desk, kept) = desk();
    let bank = asker(&["bank"], false);
    let reason = json!({"context": {"reason": "ticket 12"}});
    desk.evaluate(&bank, &question("idle", reason)).unwrap();
    desk.evaluate(&bank, &question("nobody", json!({})))
        .unwrap();
    let body = json!({"subject": {"type": "agent"}, "action": {"name": "customer-record:open"},
        "resource": {"type": "customer-record", "id": "C-1"}});
    let search = Search::subject(body.to_string().as_bytes()).unwrap();
    let found = serde_json::to_value(desk.search(&bank, &search).unwrap()).unwrap();
    assert_eq!(
        found["results"],
        json!([{"type": "agent", "id": "on-call"}])
    );
    desk.refused(Refused {
        program: "bank",
        asker: "crm",
        subject: ("service", "01S"),
        action: Action::SOURCE_READ,
        reason: "no",
        fingerprint: desk.policies().fingerprint(),
    });
    let kept = kept.0.lock().unwrap();
    let said: Vec<_> = kept
        .iter()
        .map(|d| {
            (
                d.subject.1.as_str(),
                d.decision.allowed,
                d.stated_reason.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("idle", true, Some("ticket 12")),
            ("nobody", false, None),
            ("01S", false, None)
        ]
    );
    assert!(
        kept.iter()
            .all(|d| d.fingerprint == *desk.policies().fingerprint())
    );
}

#[test]
fn a_list_ends_with_the_one_that_decides() {
    let (desk, _) = desk();
    let bank = asker(&["bank"], false);
    let decisions = |semantic: &str| {
        let of = |agent: &str| json!({"subject": {"type": "agent", "id": agent}});
        let body = json!({
            "action": {"name": "customer-record:open"},
            "resource": {"type": "customer-record", "id": "C-1"},
            "evaluations": [of("on-call"), of("idle"), of("on-call")],
            "options": {"evaluations_semantic": semantic},
        });
        let several = Several::read(body.to_string().as_bytes()).unwrap();
        let answers = desk.evaluate_several(&bank, &several).unwrap().unwrap();
        let decisions = answers.evaluations.iter().map(|answer| answer.decision);
        decisions.collect::<Vec<_>>()
    };
    assert_eq!(decisions("execute_all"), [true, false, true]);
    assert_eq!(decisions("deny_on_first_deny"), [true, false]);
    assert_eq!(decisions("permit_on_first_permit"), [true]);
}

#[test]
fn policies_are_replaced_as_a_whole() {
    let (desk, _) = desk();
    let bank = asker(&["bank"], false);
    let allowed = || {
        desk.evaluate(&bank, &question("on-call", json!({})))
            .unwrap()
            .decision
    };
    assert!(allowed());
    let mut files = builtin::files();
    files.push(PolicyFile {
        name: "own.cedar".to_owned(),
        text: "@id(\"shut\") @says(\"shut\") forbid (principal, action, resource);".to_owned(),
    });
    let changes = desk.replace(Policies::load(&files).unwrap());
    assert_eq!(
        changes.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(),
        ["shut"]
    );
    assert!(!allowed());
}

proptest! {
    #[test]
    fn reading_never_panics(body in any::<Vec<u8>>()) {
        fuzz_authzen(&body);
    }

    #[test]
    fn reading_of_almost_right_questions_never_panics(
        part in "(subject|action|resource|context|evaluations|options)",
        value in r#"(null|1|"x"|\[\]|\[\{\}\]|\{\}|\{"type":1\}|\{"id":"x","type":"y"\}|\{"properties":[1]\})"#,
    ) {
        let whole = r#"{"subject":{"type":"a","id":"b"},"action":{"name":"c"},"resource":{"type":"d","id":"e"}}"#;
        let mut body: Value = serde_json::from_str(whole).unwrap();
        body[part] = serde_json::from_str(&value).unwrap();
        fuzz_authzen(body.to_string().as_bytes());
    }
}
