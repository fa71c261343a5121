//! What our own policies let whom do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "test code"
)]

use ringfence_policy::{
    ACTIONS, Action, Ask, Assignment, CallNow, Change, Decision, Kind, Policies, PolicyFile,
    Program, ROLES, Role, Subject, Target, Verb, builtin,
};

fn policies() -> Policies {
    Policies::load(&builtin::files()).expect("our own policies are whole")
}

fn holds(role: Role, program: &str) -> Subject {
    Subject {
        kind: match role.is_for_people() {
            true => Kind::Person,
            false => Kind::Service,
        },
        id: "01P".to_owned(),
        agent: None,
        roles: vec![Assignment {
            role,
            program: program.into(),
        }],
    }
}

fn in_program(who: &Subject, action: Action, program: &str) -> Decision {
    policies().decide(&Ask {
        who,
        action,
        on: &Target::Program(program.into()),
        mfa: true,
        call: None,
        stated_reason: None,
    })
}

fn record(who: &Subject, call: &CallNow, reason: Option<&str>) -> Decision {
    policies().decide(&Ask {
        who,
        action: Action::RECORD_OPEN,
        on: &Target::CustomerRecord {
            program: "bank".to_owned(),
            customer: "C-1".to_owned(),
        },
        mfa: true,
        call: Some(call),
        stated_reason: reason,
    })
}

fn call(state: &str, same: Option<bool>) -> CallNow {
    CallNow {
        state: state.to_owned(),
        same_customer: same,
        ..CallNow::default()
    }
}

/// The whole table, so that a change of a policy shows as a change of this.
#[test]
fn each_role_may_do_what_is_written_here_and_nothing_else() {
    let policies = policies();
    let table: String = ACTIONS
        .iter()
        .map(|action| {
            let could = policies.could(*action).iter().map(|role| role.name());
            let could: Vec<_> = could.collect();
            format!("{} {}\n", action.name(), could.join(" "))
        })
        .collect();
    let wanted = include_str!("golden/roles.txt");
    assert_eq!(table, wanted, "see tests/golden/roles.txt");
}

#[test]
fn programs_are_walls() {
    let analyst = holds(Role::Analyst, "bank");
    assert!(in_program(&analyst, Action::EVENT_QUERY, "bank").allowed);
    let other = in_program(&analyst, Action::EVENT_QUERY, "clinic");
    assert!(!other.allowed);
    assert_eq!(
        other.reason,
        "your roles do not let you search events in program `clinic`; that takes: analyst or \
         privacy officer or auditor or automation"
    );
    assert!(!in_program(&analyst, Action::EVENT_QUERY, "*").allowed);
    let everywhere = holds(Role::Analyst, "*");
    for program in ["bank", "clinic", "*"] {
        assert!(in_program(&everywhere, Action::EVENT_QUERY, program).allowed);
    }
}

#[test]
fn a_program_whose_name_is_made_up_to_look_like_another_is_another() {
    let analyst = holds(Role::Analyst, "bank");
    for program in ["", "bank/", "/bank", "Bank", "bank\"", "*\u{0}", "bank/*"] {
        assert!(
            !in_program(&analyst, Action::ALERT_READ, program).allowed,
            "{program:?}"
        );
    }
}

#[test]
fn people_do_nothing_without_a_second_factor() {
    let policies = policies();
    for role in ROLES.into_iter().filter(|role| role.is_for_people()) {
        let who = holds(role, "*");
        for action in ACTIONS {
            let decision = policies.decide(&Ask {
                who: &who,
                action: *action,
                on: &Target::Program(Program::All),
                mfa: false,
                call: None,
                stated_reason: None,
            });
            assert!(!decision.allowed, "{role} {}", action.name());
        }
    }
}

#[test]
fn who_administers_access_cannot_hear_recordings() {
    let mut who = holds(Role::QualityReviewer, "bank");
    let hears = |who: &Subject| {
        policies().decide(&Ask {
            who,
            action: Action::RECORDING_LISTEN,
            on: &Target::Recording {
                id: "r1".to_owned(),
                program: "bank".to_owned(),
                call: None,
            },
            mfa: true,
            call: None,
            stated_reason: None,
        })
    };
    assert!(hears(&who).allowed);
    who.roles.push(Assignment {
        role: Role::Administrator,
        program: Program::All,
    });
    let decision = hears(&who);
    assert!(!decision.allowed);
    assert_eq!(decision.policies, ["separate-duties"]);
}

#[test]
fn records_open_on_a_call_and_with_a_reason_and_not_else() {
    let agent = holds(Role::Agent, "bank");
    let supervisor = holds(Role::Supervisor, "bank");
    let stranger = holds(Role::Agent, "clinic");
    let because = Some("customer asked by mail, ticket 12");
    for (who, state, same, reason, allowed, by) in [
        (&agent, "live", Some(true), None, true, "record-on-call"),
        (&agent, "live", None, None, true, "record-on-call"),
        (&agent, "wrap_up", Some(true), None, true, "record-on-call"),
        (
            &agent,
            "live",
            Some(false),
            None,
            false,
            "record-of-another",
        ),
        (
            &agent,
            "wrap_up",
            Some(false),
            None,
            false,
            "record-of-another",
        ),
        (&agent, "none", None, None, false, "record-without-call"),
        (&agent, "none", None, because, true, "record-with-reason"),
        (&agent, "unknown", None, None, false, "record-blind"),
        (&agent, "unknown", None, because, false, "record-blind"),
        (&agent, "", None, because, false, "record-blind"),
        (&agent, "garbage", None, None, false, ""),
        (
            &supervisor,
            "none",
            None,
            None,
            true,
            "record-of-supervisor",
        ),
        (
            &supervisor,
            "unknown",
            None,
            None,
            true,
            "record-of-supervisor",
        ),
        (&stranger, "live", Some(true), None, false, ""),
        (&stranger, "none", None, because, false, ""),
    ] {
        let decision = record(who, &call(state, same), reason);
        assert_eq!(
            decision.allowed, allowed,
            "{who:?} {state} {same:?}: {decision:?}"
        );
        assert_eq!(decision.policies.join(" "), by, "{who:?} {state} {same:?}");
    }
}

/// What is had at some moments only can be taken, and cannot be given.
#[test]
fn the_best_moment_and_every_moment_are_two_questions() {
    let policies = policies();
    let bank = Program::from("bank");
    let both = |role, program: &str, action| {
        let who = holds(role, program);
        let ever = policies.could_ever(&who, action, &bank);
        (ever, policies.may_always(&who, action, &bank, true))
    };
    for (role, action, wanted) in [
        (Role::Agent, Action::RECORD_OPEN, (true, false)),
        (Role::Supervisor, Action::RECORD_OPEN, (true, true)),
        (Role::Supervisor, Action::RECORDING_LISTEN, (true, true)),
        (Role::Automation, Action::RECORDING_LISTEN, (false, false)),
        (Role::Automation, Action::RECORD_OPEN, (false, false)),
        (Role::Administrator, Action::SERVICE_CHANGE, (true, true)),
    ] {
        assert_eq!(both(role, "bank", action), wanted, "{role}");
        assert_eq!(both(role, "*", action), wanted, "{role}");
        assert_eq!(both(role, "clinic", action), (false, false), "{role}");
    }
    let who = holds(Role::Supervisor, "bank");
    assert!(!policies.may_always(&who, Action::RECORDING_LISTEN, &bank, false));
}

/// Services are made by whoever may change them: a role that none of these could give is not for
/// services at all.
#[test]
fn a_role_for_services_holds_no_more_than_somebody_who_makes_them() {
    let policies = policies();
    for role in ROLES.into_iter().filter(|role| role.is_for_services()) {
        for action in [Action::RECORDING_LISTEN, Action::RECORD_OPEN] {
            let roles = policies.could(action);
            assert!(!roles.contains(&role), "{role} {}", action.name());
        }
    }
}

fn file(text: &str) -> Vec<PolicyFile> {
    vec![PolicyFile {
        name: "own.cedar".to_owned(),
        text: text.to_owned(),
    }]
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    for (text, wanted) in [
        (
            "permit (principal, action, resource)\nwhen { tru };",
            "own.cedar:2: ",
        ),
        (
            "\npermit (principal, action, resource);",
            "own.cedar:2: a policy begins with `@id(\"…\")`",
        ),
        (
            "@id(\"a\")\npermit (principal, action, resource);",
            "own.cedar:1: policy `a` has no `@says",
        ),
        (
            "@id(\"a\")\n@says(\"x\")\npermit (principal, action, resource);\n\n@id(\"a\")\n@says(\"y\")\nforbid (principal, action, resource);",
            "policy `a` stands in own.cedar already",
        ),
        (
            "\n@id(\"a\")\n@says(\"x\")\npermit (principal, action == Ringfence::Action::\"alert:reed\", resource);",
            "own.cedar:2: ",
        ),
        (
            "@id(\"a\")\n@says(\"x\")\npermit (principal is Ringfence::Person, action == Ringfence::Action::\"alert:read\", resource) when { principal.agnet == \"1\" };",
            "own.cedar:1: ",
        ),
        (
            "@id(\"a\")\n@says(\"x\")\npermit (principal == ?principal, action, resource);",
            "template",
        ),
        ("@id(\"a\")", "own.cedar:1: "),
    ] {
        let mistakes = Policies::load(&file(text)).map(|_| ()).expect_err(text);
        let said = mistakes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(said.contains(wanted), "{text}\n{said}");
    }
}

/// Cedar skips a policy that cannot be evaluated. It could have been the one that forbids.
#[test]
fn a_policy_that_breaks_while_it_is_evaluated_denies() {
    let text = "@id(\"all\")\n@says(\"all\")\npermit (principal, action, resource);\n\
         @id(\"sum\")\n@says(\"sum\")\nforbid (principal, action == Ringfence::Action::\"customer-record:open\", resource)\n\
         when { context.call has minutes_since && context.call.minutes_since + 1 > 5 };";
    let policies = Policies::load(&file(text)).expect("valid");
    let who = holds(Role::Agent, "bank");
    let ask = |minutes| {
        policies.decide(&Ask {
            who: &who,
            action: Action::RECORD_OPEN,
            on: &Target::CustomerRecord {
                program: "bank".to_owned(),
                customer: "C".to_owned(),
            },
            mfa: true,
            call: Some(&CallNow {
                minutes_since: Some(minutes),
                ..CallNow::default()
            }),
            stated_reason: None,
        })
    };
    assert!(ask(1).allowed);
    assert!(!ask(i64::MAX).allowed);
}

#[test]
fn a_change_names_what_was_added_taken_away_and_rewritten() {
    let first = "@id(\"a\")\n@says(\"x\")\npermit (principal, action, resource);\n";
    let second = "@id(\"b\")\n@says(\"x\")\nforbid (principal, action, resource);\n";
    let load = |text: &str| Policies::load(&file(text)).expect("valid");
    let (one, both) = (load(first), load(&format!("{first}{second}")));
    assert!(one.changes_since(&load(first)).is_empty());
    assert_eq!(
        one.fingerprint(),
        load(&format!("\n\n{first}")).fingerprint()
    );
    assert_ne!(one.fingerprint(), both.fingerprint());
    let changes = both.changes_since(&one);
    let ids: Vec<_> = changes.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids, ["b"]);
    assert!(changes[0].before.is_none() && changes[0].after.is_some());
    assert!(one.changes_since(&both)[0].after.is_none());
    // The same from what a set leaves behind, which has no texts.
    let other = load(&first.replace("\"x\"", "\"y\""));
    let verbs = |changes: Vec<Change>| {
        let verbs = changes.into_iter().map(|c| (c.id, c.verb));
        verbs.collect::<Vec<_>>()
    };
    for (now, before) in [(&both, &one), (&one, &both), (&other, &both), (&one, &one)] {
        let by_trace = now.changes_since_trace(&before.trace());
        assert!(by_trace.iter().all(|change| change.before.is_none()));
        assert_eq!(verbs(by_trace), verbs(now.changes_since(before)));
    }
    let (changed, gone) = (Verb::Changed, Verb::Removed);
    let wanted = [("a".to_owned(), changed), ("b".to_owned(), gone)];
    assert_eq!(verbs(other.changes_since(&both)), wanted);
}
