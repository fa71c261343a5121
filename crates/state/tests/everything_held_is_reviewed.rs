//! Access reviews, and what they are about: use of rights.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_policy::{Action, Role};
use ringfence_state::{Decision, Error, NewRole, NewService, ReviewItem, ReviewStep, State};

const DAY: i64 = 24 * HOUR;

fn role(role: Role, program: &str) -> NewRole {
    NewRole {
        role,
        program: program.to_owned(),
        why: "their work".to_owned(),
        expires_ms: None,
    }
}

/// Ada and ben administer everything, cleo is an analyst, and a dialer asks for decisions.
async fn four(state: &State) -> [String; 4] {
    let administrator = Some(Role::Administrator);
    let ada = enrolled(state, "ada", administrator, &with_passkey(1)).await;
    let ben = enrolled(state, "ben", administrator, &with_passkey(2)).await;
    let cleo = enrolled(state, "cleo", Some(Role::Analyst), &with_passkey(3)).await;
    let dialer = NewService {
        name: "dialer".to_owned(),
        roles: vec![role(Role::Integration, "bank")],
        expires_ms: None,
    };
    let (dialer, _) = state.create_service(dialer, "ada", T0).await.unwrap();
    [ada, ben, cleo, dialer.id]
}

async fn items(state: &State, review: &str) -> Vec<ReviewItem> {
    state.review(review).await.unwrap().1
}

fn of<'a>(items: &'a [ReviewItem], name: &str) -> &'a ReviewItem {
    items.iter().find(|item| item.name == name).unwrap()
}

async fn step(state: &State, now_ms: i64) -> Option<ReviewStep> {
    let policies = builtin_policies();
    state.step_reviews(&policies, now_ms).await.unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(done: Result<T, Error>) -> String {
    match done.unwrap_err() {
        Error::Conflict(reason) => reason,
        Error::Invalid { field, .. } => field.to_owned(),
        Error::NotFound { what, .. } => what.to_owned(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn reviewers_decide_about_others_and_sign() {
    let state = memory().await;
    let [ada, ben, cleo, _] = four(&state).await;
    state
        .give_reserve(&cleo, &role(Role::Administrator, "*"), &ada, T0)
        .await
        .unwrap();
    let policies = builtin_policies();
    let review = state
        .open_review(&policies, "the audit", &ada, T0 + DAY)
        .await
        .unwrap();
    assert_eq!((review.items, review.undecided), (5, 5));
    assert_eq!(review.opened_by_name.as_deref(), Some("ada"));
    assert!(refused(state.open_review(&policies, "x", &ada, T0).await).contains("open already"));
    let all = items(&state, &review.id).await;
    let reserve = all.iter().find(|item| item.reserve).unwrap();
    assert_eq!((reserve.name.as_str(), &reserve.rights), ("cleo", &None));
    let ids = |names: &[&str]| -> Vec<String> {
        let these = all
            .iter()
            .filter(|item| names.contains(&item.name.as_str()));
        these.map(|item| item.id.clone()).collect()
    };
    let decide = async |by: &str, ids: &[String], take: bool| {
        state
            .decide_review(&review.id, ids, take, "seen", by, T0 + DAY)
            .await
    };
    assert!(refused(decide(&ada, &ids(&["ada", "ben"]), false).await).contains("yours"));
    assert_eq!(items(&state, &review.id).await, all, "all or none");
    assert_eq!(
        refused(decide(&ada, &["x".to_owned()], false).await),
        "items"
    );
    assert_eq!(
        decide(&ada, &ids(&["ben", "cleo"]), false)
            .await
            .unwrap()
            .len(),
        3
    );
    assert!(
        decide(&ada, &ids(&["ben"]), false)
            .await
            .unwrap()
            .is_empty(),
        "once is enough"
    );
    // What one confirmed another may take; what was taken is not confirmed again.
    let taken = decide(&ben, &ids(&["cleo"]), true).await.unwrap();
    assert_eq!((taken.len(), taken[0].decision), (2, Some(Decision::Taken)));
    assert!(
        decide(&ada, &ids(&["cleo"]), false)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        state
            .account(&cleo, T0)
            .await
            .unwrap()
            .principal
            .roles
            .is_empty()
    );
    let left = state.sign_review(&review.id, "", &ada, T0 + DAY).await;
    assert!(refused(left).contains('2'), "the dialer, and ada");
    decide(&ben, &ids(&["ada", "dialer"]), false).await.unwrap();
    let signed = state
        .sign_review(&review.id, "done", &ada, T0 + 2 * DAY)
        .await
        .unwrap();
    assert_eq!(
        (
            signed.outcome.as_deref(),
            signed.ended_by_name.as_deref(),
            signed.taken
        ),
        (Some("signed"), Some("ada"), 2)
    );
    // It is evidence from then on.
    for late in [
        refused(decide(&ada, &ids(&["ben"]), true).await),
        refused(state.sign_review(&review.id, "", &ada, T0 + 2 * DAY).await),
    ] {
        assert!(late.contains("ended"), "{late}");
    }
    let ben_s = items(&state, &review.id).await;
    let ben_s = of(&ben_s, "ben");
    assert_eq!(
        (ben_s.decided_by_name.as_deref(), ben_s.note.as_str()),
        (Some("ada"), "seen")
    );
}

#[tokio::test]
async fn a_role_that_changed_meanwhile_is_no_longer_in_question() {
    let state = memory().await;
    let [ada, ben, cleo, dialer] = four(&state).await;
    state
        .give_role(&cleo, &role(Role::Supervisor, "bank"), &ada, T0)
        .await
        .unwrap();
    let policies = builtin_policies();
    let review = state
        .open_review(&policies, "x", &ada, T0 + DAY)
        .await
        .unwrap();
    let all = items(&state, &review.id).await;
    let analyst = all.iter().find(|item| item.role == Role::Analyst).unwrap();
    state
        .take_role(&cleo, &analyst.held_id, &ben, T0 + DAY)
        .await
        .unwrap();
    state
        .give_role(&cleo, &role(Role::Supervisor, "bank"), &ben, T0 + 2 * DAY)
        .await
        .unwrap();
    let of_ben = vec![of(&all, "ben").id.clone()];
    state
        .decide_review(&review.id, &of_ben, false, "", &ada, T0 + 3 * DAY)
        .await
        .unwrap();
    let after = items(&state, &review.id).await;
    let became = |wanted: Role| {
        after
            .iter()
            .find(|item| item.role == wanted)
            .unwrap()
            .decision
    };
    assert_eq!(became(Role::Analyst), Some(Decision::Gone));
    assert_eq!(became(Role::Supervisor), Some(Decision::Changed));
    assert_eq!(of(&after, "dialer").decision, None);
    state.disable_principal(&dialer, T0).await.unwrap();
}

#[tokio::test]
async fn time_opens_a_review_reminds_and_takes_what_nobody_confirmed() {
    let state = memory().await;
    let [ada, ben, cleo, _] = four(&state).await;
    let opened = T0 + 180 * DAY;
    assert_eq!(step(&state, opened - 1).await, None);
    assert_eq!(state.next_review_ms().await.unwrap(), Some(opened));
    let Some(ReviewStep::Opened(review)) = step(&state, opened).await else {
        panic!("it was due");
    };
    assert_eq!(review.due_ms, opened + 14 * DAY);
    assert!(
        items(&state, &review.id)
            .await
            .iter()
            .all(|item| item.dormant)
    );
    for (before, days) in [(7, 7), (3, 3), (1, 1)] {
        let now = review.due_ms - before * DAY;
        assert_eq!(step(&state, now - 1).await, None);
        let Some(ReviewStep::Reminder(_, left)) = step(&state, now).await else {
            panic!("a reminder is due");
        };
        assert_eq!(left, days);
        state.review_reminded(&review.id, left).await.unwrap();
        assert_eq!(step(&state, now + 1).await, None, "once");
    }
    let all = items(&state, &review.id).await;
    let cleo_s = vec![of(&all, "cleo").id.clone()];
    state
        .decide_review(&review.id, &cleo_s, false, "", &ada, opened)
        .await
        .unwrap();
    // Ben was here last: of the two administrators he is the one who stays.
    state
        .open_session(&ben, at_browser("passkey"), opened + DAY)
        .await
        .unwrap();
    let Some(ReviewStep::Lapsed(review, by_time)) = step(&state, review.due_ms).await else {
        panic!("its time is over");
    };
    let became: Vec<_> = by_time
        .iter()
        .map(|item| (item.name.as_str(), item.decision))
        .collect();
    let (revoked, kept) = (Some(Decision::Revoked), Some(Decision::Kept));
    assert!(became.contains(&("dialer", revoked)), "{became:?}");
    assert!(
        became
            .iter()
            .filter(|(_, decision)| *decision == kept)
            .count()
            == 1,
        "{became:?}"
    );
    // Killed before that was told, it tells it again and takes nothing twice.
    assert!(
        matches!(step(&state, review.due_ms).await, Some(ReviewStep::Lapsed(_, again)) if again == by_time)
    );
    state
        .end_lapsed_review(&review.id, review.due_ms)
        .await
        .unwrap();
    let (ended, _) = state.review(&review.id).await.unwrap();
    assert_eq!(ended.outcome.as_deref(), Some("lapsed"));
    assert_eq!(step(&state, opened + 180 * DAY - 1).await, None);
    assert!(matches!(
        step(&state, opened + 180 * DAY).await,
        Some(ReviewStep::Opened(_))
    ));
    let roles = async |who: &str| state.account(who, T0).await.unwrap().principal.roles.len();
    assert_eq!(
        (roles(&ada).await + roles(&ben).await, roles(&cleo).await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_server_that_was_stopped_reminds_before_it_takes_anything() {
    let state = memory().await;
    let [ada, ..] = four(&state).await;
    let policies = builtin_policies();
    let review = state.open_review(&policies, "x", &ada, T0).await.unwrap();
    let back = review.due_ms + 30 * DAY;
    let Some(ReviewStep::Reminder(moved, 1)) = step(&state, back).await else {
        panic!("nobody was told");
    };
    assert_eq!(moved.due_ms, back + DAY);
    state.review_reminded(&review.id, 1).await.unwrap();
    assert_eq!(step(&state, back + 1).await, None);
    assert!(matches!(
        step(&state, back + DAY).await,
        Some(ReviewStep::Lapsed(..))
    ));
}

#[tokio::test]
async fn a_last_reminder_that_comes_late_moves_the_end_if_it_is_the_first() {
    for told in [None, Some(3)] {
        let state = memory().await;
        let [ada, ..] = four(&state).await;
        let policies = builtin_policies();
        let review = state.open_review(&policies, "x", &ada, T0).await.unwrap();
        if let Some(days) = told {
            state.review_reminded(&review.id, days).await.unwrap();
        }
        let back = review.due_ms - HOUR;
        let Some(ReviewStep::Reminder(reminded, 1)) = step(&state, back).await else {
            panic!("nobody was told of the last day");
        };
        let end = match told {
            None => back + DAY,
            Some(_) => review.due_ms,
        };
        assert_eq!(reminded.due_ms, end);
        state.review_reminded(&review.id, 1).await.unwrap();
        assert_eq!(step(&state, end - 1).await, None);
        let lapsed = step(&state, end).await;
        assert!(matches!(lapsed, Some(ReviewStep::Lapsed(..))), "{lapsed:?}");
    }
}

/// The programs in which somebody holds something.
async fn programs(state: &State, who: &str) -> Vec<String> {
    let roles = state.account(who, T0).await.unwrap().principal.roles;
    roles.into_iter().map(|held| held.program).collect()
}

#[tokio::test]
async fn what_is_decided_or_given_while_a_review_lapses_stays() {
    let state = memory().await;
    let [ada, _, cleo, _] = four(&state).await;
    for n in 10..30 {
        let new = role(Role::Analyst, &format!("p{n}"));
        state.give_role(&cleo, &new, &ada, T0).await.unwrap();
    }
    let policies = builtin_policies();
    let review = state.open_review(&policies, "x", &ada, T0).await.unwrap();
    state.review_reminded(&review.id, 1).await.unwrap();
    let end = review.due_ms;
    let all = items(&state, &review.id).await;
    // From the other end: somewhere in the middle the two meet.
    let others = async {
        let (mut confirmed, mut anew) = (Vec::new(), Vec::new());
        let these = all.iter().filter(|item| item.program.starts_with('p'));
        for (n, item) in these.rev().enumerate() {
            if n % 2 == 0 {
                let one = [item.id.clone()];
                let done = state.decide_review(&review.id, &one, false, "", &ada, end);
                confirmed.extend(done.await.unwrap());
            } else {
                let new = role(Role::Analyst, &item.program);
                state.give_role(&cleo, &new, &ada, end).await.unwrap();
                anew.push(item.program.clone());
            }
        }
        (confirmed, anew)
    };
    let (lapsed, (confirmed, anew)) = tokio::join!(step(&state, end), others);
    assert!(matches!(lapsed, Some(ReviewStep::Lapsed(..))), "{lapsed:?}");
    assert!(!confirmed.is_empty());
    let (after, held) = (
        items(&state, &review.id).await,
        programs(&state, &cleo).await,
    );
    for item in &confirmed {
        let now = after.iter().find(|one| one.id == item.id).unwrap();
        assert_eq!(now.decision, Some(Decision::Confirmed), "{}", item.program);
        assert!(held.contains(&item.program), "{}", item.program);
    }
    for program in &anew {
        assert!(held.contains(program), "{program} was given anew");
    }
    assert!(after.iter().all(|item| item.decision.is_some()));
}

#[tokio::test]
async fn a_role_that_was_given_anew_after_it_was_confirmed_is_not_taken() {
    let state = memory().await;
    let [ada, ben, cleo, _] = four(&state).await;
    let policies = builtin_policies();
    let review = state.open_review(&policies, "x", &ada, T0).await.unwrap();
    let of_cleo = [of(&items(&state, &review.id).await, "cleo").id.clone()];
    let decide = async |by: &str, take: bool| {
        let done = state.decide_review(&review.id, &of_cleo, take, "", by, T0 + 2 * DAY);
        done.await.unwrap().len()
    };
    assert_eq!(decide(&ada, false).await, 1);
    state
        .give_role(&cleo, &role(Role::Analyst, "*"), &ada, T0 + DAY)
        .await
        .unwrap();
    assert_eq!(decide(&ben, true).await, 0);
    assert_eq!(programs(&state, &cleo).await, ["*"]);
    let after = items(&state, &review.id).await;
    assert_eq!(of(&after, "cleo").decision, Some(Decision::Confirmed));
}

#[tokio::test]
async fn what_an_agent_does_counts_for_whoever_is_an_agent_of_that_program() {
    let state = memory().await;
    let policies = builtin_policies();
    state.rights_noted_since(T0).await.unwrap();
    let [ada, ..] = four(&state).await;
    let mut dora = somebody("dora", None);
    dora.agent = Some("4711".to_owned());
    dora.roles = vec![role(Role::Agent, "bank")];
    state.create_person(dora, "test", T0).await.unwrap();
    let used = async |program: &str, now_ms: i64| {
        state.note_right_of_agent(program, "4711", Action::RECORD_OPEN, now_ms);
        state.touch_rights().await.unwrap();
        let review = state.open_review(&policies, "x", &ada, now_ms).await;
        let review = review.unwrap().id;
        let rights = of(&items(&state, &review).await, "dora").rights.clone();
        state.end_lapsed_review(&review, now_ms).await.unwrap();
        rights.unwrap().used
    };
    assert!(used("telco", T0 + DAY).await.is_empty(), "somebody else");
    assert_eq!(used("bank", T0 + 2 * DAY).await, ["customer-record:open"]);
}

#[tokio::test]
async fn rights_that_nobody_used_are_found_when_that_is_known_for_long_enough() {
    let state = memory().await;
    let policies = builtin_policies();
    state.rights_noted_since(T0).await.unwrap();
    let [ada, _, cleo, _] = four(&state).await;
    state
        .give_role(&ada, &role(Role::Supervisor, "bank"), &cleo, T0)
        .await
        .unwrap();
    state
        .give_role(&ada, &role(Role::Administrator, "bank"), &cleo, T0)
        .await
        .unwrap();
    let now = T0 + 100 * DAY;
    let unused = async |days, now_ms| state.unused(&policies, days, now_ms).await.unwrap();
    assert!(
        unused(101, now).await.roles.is_empty(),
        "a day too little is known"
    );
    let all = unused(90, now).await;
    assert_eq!((all.roles.len(), all.dormant.len()), (6, 4));
    // Ada sees accounts; of the bank she works with nothing that only her role there gives.
    state.note_right(&ada, Action::PERSON_READ, now - DAY);
    state.note_right(&ada, Action::ALERT_READ, now - DAY);
    state.note_right(&cleo, Action::EVENT_QUERY, now - 95 * DAY);
    state.note_right(&cleo, Action::RULE_TEST, now - 89 * DAY);
    state.note_right_of_agent("bank", "4711", Action::RECORD_OPEN, now);
    state.touch_rights().await.unwrap();
    state.touch_rights().await.unwrap();
    let all = unused(90, now).await;
    let of_ada: Vec<_> = all
        .roles
        .iter()
        .filter(|role| role.principal_id == ada)
        .collect();
    let texts: Vec<_> = of_ada.iter().map(|role| role.held.text()).collect();
    assert_eq!(texts, ["administrator@bank", "supervisor@bank"]);
    assert!(of_ada[0].rights.superfluous && !of_ada[1].rights.superfluous);
    assert!(
        of_ada[1]
            .rights
            .unused
            .contains(&"recording:listen".to_owned())
    );
    assert!(
        !of_ada[1].rights.unused.contains(&"alert:read".to_owned()),
        "their other role gives it"
    );
    assert!(all.roles.iter().all(|role| role.principal_id != cleo));
    let review = state.open_review(&policies, "x", &ada, now).await.unwrap();
    let item = items(&state, &review.id).await;
    let rights = of(&item, "cleo").rights.clone().unwrap();
    assert_eq!(rights.used, ["rule:test"]);
    assert!(rights.unused.contains(&"event:query".to_owned()));
}
