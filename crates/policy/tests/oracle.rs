//! The same requests before another build of Cedar (PyPI `cedarpy`): same decision, same policies.
//!
//! The entities are written here a second time, as JSON and by the words of the schema, so that what
//! the crate tells Cedar is checked as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "test code"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ringfence_policy::{
    ACTIONS, Action, Ask, Assignment, CallNow, Decision, Kind, Policies, Program, ROLES, Subject,
    Target, builtin,
};
use serde_json::{Value, json};

const REQUESTS: usize = 16_000;
const PROGRAMS: [&str; 3] = ["bank", "clinic", "*"];

/// A generator of numbers that is the same everywhere (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % n
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(2) == 0).then_some(value)
    }
}

/// A Python that has cedarpy; `None`, with a note, where there is none.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("RINGFENCE_PYTHON").map_or_else(
        || {
            Path::new(&std::env::var_os("HOME").unwrap_or_default())
                .join(".cache/ringfence/venv/bin/python")
        },
        PathBuf::from,
    );
    let check = Command::new(&python)
        .args(["-c", "import cedarpy"])
        .output();
    if check.is_ok_and(|c| c.status.success()) {
        return Some(python);
    }
    let python = python.display();
    assert!(std::env::var_os("CI").is_none(), "{python} has no cedarpy");
    eprintln!("left out: {python} has no cedarpy");
    None
}

fn uid(kind: &str, id: &str) -> Value {
    json!({ "type": format!("Ringfence::{kind}"), "id": id })
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "__entity": uid(kind, id) })
}

/// A question as Cedar's JSON has it.
fn told(ask: &Ask<'_>) -> Value {
    let (program, resource, attributes) = match ask.on {
        Target::Program(program) => (program.id(), uid("Program", program.id()), None),
        Target::CustomerRecord { program, customer } => {
            let attributes =
                json!({ "program": reference("Program", program), "customer": customer });
            (
                program.as_str(),
                uid("CustomerRecord", customer),
                Some(attributes),
            )
        }
        Target::Recording { id, program, call } => {
            let mut attributes = json!({ "program": reference("Program", program) });
            if let Some(call) = call {
                attributes["call"] = json!(call);
            }
            (program.as_str(), uid("Recording", id), Some(attributes))
        }
    };
    let held = ask
        .who
        .roles
        .iter()
        .filter(|held| ["*", program].contains(&held.program.id()));
    let parents: Vec<_> = held
        .map(|held| uid("Role", &format!("{}/{program}", held.role.name())))
        .collect();
    let kind = match ask.who.kind {
        Kind::Person => "Person",
        Kind::Service => "Service",
        Kind::Agent => "Agent",
    };
    let mut own = json!({});
    if let (Kind::Person, Some(agent)) = (ask.who.kind, &ask.who.agent) {
        own["agent"] = json!(agent);
    }
    let roles = ROLES.map(|role| {
        let role_here = format!("{}/{program}", role.name());
        (role.name().to_owned(), reference("Role", &role_here))
    });
    let roles: serde_json::Map<_, _> = roles.into_iter().collect();
    let mut entities = vec![
        json!({ "uid": uid(kind, &ask.who.id), "attrs": own, "parents": parents }),
        json!({ "uid": uid("Program", program), "attrs": roles, "parents": [] }),
    ];
    if let Some(attributes) = attributes {
        entities.push(json!({ "uid": resource, "attrs": attributes, "parents": [] }));
    }
    let context = match ask.on {
        Target::CustomerRecord { .. } => {
            let none = CallNow::default();
            let call = ask.call.unwrap_or(&none);
            let state = if call.state.is_empty() {
                "unknown"
            } else {
                &call.state
            };
            let mut told = json!({ "state": state });
            for (name, value) in [
                ("unknown", call.unknown.as_ref().map(|v| json!(v))),
                ("same_customer", call.same_customer.map(|v| json!(v))),
                ("minutes_since", call.minutes_since.map(|v| json!(v))),
            ] {
                if let Some(value) = value {
                    told[name] = value;
                }
            }
            let mut context = json!({ "call": told });
            if let Some(reason) = ask.stated_reason {
                context["stated_reason"] = json!(reason);
            }
            context
        }
        _ => json!({ "mfa": ask.mfa }),
    };
    json!({
        "request": {
            "principal": uid(kind, &ask.who.id),
            "action": uid("Action", ask.action.name()),
            "resource": resource,
            "context": context,
        },
        "entities": entities,
    })
}

const JUDGE: &str = r#"
import json, sys
import cedarpy
task = json.load(sys.stdin)
schema = cedarpy.Schema.from_str(task["schema"])
policies = cedarpy.PolicySet.from_str(task["policies"])
for asked in task["asked"]:
    answer = cedarpy.is_authorized(asked["request"], policies, asked["entities"], schema)
    ids = answer.diagnostics.id_annotations_by_reason
    by = sorted(ids.get(reason, reason) for reason in answer.diagnostics.reasons)
    print(json.dumps([answer.allowed, by, list(map(str, answer.diagnostics.errors))]))
"#;

#[test]
fn decides_as_another_build_of_cedar_does() {
    let Some(python) = python() else {
        return;
    };
    let policies = Policies::load(&builtin::files()).expect("valid");
    let mut dice = Dice(0x5EED);
    let (mut asked, mut ours): (Vec<Value>, Vec<Decision>) = (Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        let roles = (0..dice.below(4)).map(|_| Assignment {
            role: dice.of(&ROLES),
            program: Program::from(dice.of(&PROGRAMS)),
        });
        let roles = roles.collect();
        let who = Subject {
            kind: dice.of(&[Kind::Person, Kind::Service, Kind::Agent]),
            id: dice
                .of(&["ann", "bob", "4711", "a \"quoted\\ name\u{202e}"])
                .to_owned(),
            agent: dice.maybe("4711".to_owned()),
            roles,
        };
        let action = dice.of(ACTIONS);
        let program = dice.of(&PROGRAMS).to_owned();
        let on = match action {
            Action::RECORD_OPEN => Target::CustomerRecord {
                program,
                customer: dice.of(&["C-1", "C-2"]).to_owned(),
            },
            Action::RECORDING_LISTEN => Target::Recording {
                id: "r1".to_owned(),
                program,
                call: dice.maybe("call-1".to_owned()),
            },
            _ => Target::Program(program.as_str().into()),
        };
        let same = dice.below(2) == 0;
        let call = CallNow {
            state: dice
                .of(&["live", "wrap_up", "none", "unknown", "", "?"])
                .to_owned(),
            unknown: dice.maybe("telephony_silent".to_owned()),
            same_customer: dice.maybe(same),
            minutes_since: dice.maybe(14),
        };
        let ask = Ask {
            who: &who,
            action,
            on: &on,
            mfa: dice.below(3) > 0,
            call: dice.maybe(&call),
            stated_reason: dice.maybe("ticket 12"),
        };
        // What the schema forbids to be asked at all is no question.
        if who.kind == Kind::Agent && action != Action::RECORD_OPEN {
            assert!(!policies.decide(&ask).allowed, "{ask:?}");
            continue;
        }
        asked.push(told(&ask));
        ours.push(policies.decide(&ask));
    }
    assert!(ours.len() >= 10_000);
    let texts: Vec<_> = builtin::files().into_iter().map(|file| file.text).collect();
    let schema = include_str!("../src/ringfence.cedarschema");
    let task = json!({ "schema": schema, "policies": texts.join("\n"), "asked": asked });
    let mut child = Command::new(python)
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(task.to_string().as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), ours.len());
    let mut allowed = 0;
    for ((line, ours), asked) in answers.lines().zip(&ours).zip(&asked) {
        let theirs: Value = serde_json::from_str(line).unwrap();
        assert_eq!(theirs, json!([ours.allowed, ours.policies, []]), "{asked}");
        allowed += usize::from(ours.allowed);
    }
    assert!(
        allowed > ours.len() / 20,
        "only {allowed} of {} were allowed",
        ours.len()
    );
}
