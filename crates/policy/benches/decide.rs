//! What a decision costs: our policies, and as the limit Cedar with a single policy that says yes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "bench code"
)]

use ringfence_policy::{
    Action, Ask, Assignment, CallNow, Kind, Policies, PolicyFile, Program, Role, Subject, Target,
    builtin,
};

fn main() {
    divan::main();
}

fn agent() -> Subject {
    Subject {
        kind: Kind::Person,
        id: "01P".to_owned(),
        agent: Some("4711".to_owned()),
        roles: vec![Assignment {
            role: Role::Agent,
            program: Program::One("bank".to_owned()),
        }],
    }
}

fn opens(bencher: divan::Bencher<'_, '_>, files: &[PolicyFile], state: &str) {
    let policies = Policies::load(files).expect("valid");
    let (who, state) = (agent(), state.to_owned());
    let on = Target::CustomerRecord {
        program: "bank".to_owned(),
        customer: "C-1".to_owned(),
    };
    let call = CallNow {
        state,
        ..CallNow::default()
    };
    bencher.bench_local(|| {
        policies.decide(&Ask {
            who: &who,
            action: Action::RECORD_OPEN,
            on: &on,
            mfa: true,
            call: Some(&call),
            stated_reason: None,
        })
    });
}

#[divan::bench(args = ["live", "none", "unknown"])]
fn record(bencher: divan::Bencher<'_, '_>, state: &str) {
    opens(bencher, &builtin::files(), state);
}

#[divan::bench]
fn limit_one_policy(bencher: divan::Bencher<'_, '_>) {
    let text = "@id(\"a\") @says(\"a\") permit (principal, action, resource);".to_owned();
    let name = "a.cedar".to_owned();
    opens(bencher, &[PolicyFile { name, text }], "live");
}

#[divan::bench]
fn scope_of_an_analyst(bencher: divan::Bencher<'_, '_>) {
    let policies = Policies::load(&builtin::files()).expect("valid");
    let mut who = agent();
    who.roles[0].role = Role::Analyst;
    let on = Target::Program("bank".into());
    bencher.bench_local(|| {
        policies.decide(&Ask {
            who: &who,
            action: Action::EVENT_QUERY,
            on: &on,
            mfa: true,
            call: None,
            stated_reason: None,
        })
    });
}
