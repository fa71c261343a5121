//! Roles for hours, roles in reserve, and an administrator made on the machine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::collections::BTreeSet;

use common::*;
use ringfence_policy::Role;
use ringfence_state::{Error, Held, Justified, NewRequest, NewRole, Scope, State};

const DAY: i64 = 24 * HOUR;

/// Ada administers everything, ben nothing.
async fn two(state: &State) -> (String, String) {
    let administrator = Some(Role::Administrator);
    let ada = enrolled(state, "ada", administrator, &with_passkey(1)).await;
    let ben = enrolled(state, "ben", None, &with_passkey(2)).await;
    (ada, ben)
}

async fn roles(state: &State, who: &str, now_ms: i64) -> Vec<String> {
    let account = state.account(who, now_ms).await.unwrap();
    let held = account.principal.subject(now_ms).roles;
    held.iter().map(|held| held.role.to_string()).collect()
}

async fn reserve_of(state: &State, who: &str) -> Held {
    let account = state.account(who, T0).await.unwrap();
    let mut roles = account.principal.roles.into_iter();
    roles.find(|held| held.reserve).unwrap()
}

fn role(role: Role, program: &str) -> NewRole {
    NewRole {
        role,
        program: program.to_owned(),
        why: "the night shift".to_owned(),
        expires_ms: None,
    }
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
async fn a_role_is_granted_by_another_person_and_ends_by_itself() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0)
        .await
        .unwrap();
    assert!(roles(&state, &ben, T0).await.is_empty());
    let again = state.ask_role(&ben, &wants(Role::Analyst), T0).await;
    assert!(refused(again).contains("already"));
    let own = state.grant_request(&asked.id, &ben, "", T0).await;
    assert!(refused(own).contains("another person"));
    let done = state
        .grant_request(&asked.id, &ada, "go on", T0 + MINUTE)
        .await;
    let done = done.unwrap();
    let until = T0 + MINUTE + HOUR;
    assert_eq!(
        (done.state.as_str(), done.until_ms),
        ("granted", Some(until))
    );
    assert_eq!(done.answered_by_name.as_deref(), Some("ada"));
    assert_eq!(roles(&state, &ben, until - 1).await, ["analyst"]);
    assert!(refused(state.grant_request(&asked.id, &ada, "", T0).await).contains("wait"));
    assert!(
        refused(
            state
                .ask_role(&ben, &wants(Role::Analyst), T0 + 2 * MINUTE)
                .await
        )
        .contains("hold")
    );
    // At that moment it is over, whoever looks when.
    assert!(roles(&state, &ben, until).await.is_empty());
    assert!(state.settle_requests(until - 1).await.unwrap().is_empty());
    let ended = state.settle_requests(until).await.unwrap();
    assert_eq!((ended.len(), ended[0].state.as_str()), (1, "ended"));
    assert!(
        state.settle_requests(until).await.unwrap().is_empty(),
        "told once"
    );
    assert!(
        state
            .account(&ben, until)
            .await
            .unwrap()
            .principal
            .roles
            .is_empty()
    );
    assert!(
        state
            .ask_role(&ben, &wants(Role::Analyst), until)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_nobody_answers_lapses_and_what_is_not_needed_is_given_back() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0)
        .await
        .unwrap();
    let late = state.grant_request(&asked.id, &ada, "", T0 + DAY).await;
    assert!(
        refused(late).contains("any longer"),
        "before it was settled, too"
    );
    let lapsed = state.settle_requests(T0 + DAY).await.unwrap();
    assert_eq!(lapsed[0].state, "lapsed");
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0 + DAY)
        .await
        .unwrap();
    assert_eq!(
        refused(state.withdraw_request(&asked.id, &ada, T0 + DAY).await),
        "request"
    );
    let gone = state
        .withdraw_request(&asked.id, &ben, T0 + DAY)
        .await
        .unwrap();
    assert_eq!(gone.state, "withdrawn");
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0 + DAY)
        .await
        .unwrap();
    state
        .grant_request(&asked.id, &ada, "", T0 + DAY)
        .await
        .unwrap();
    let back = state
        .withdraw_request(&asked.id, &ben, T0 + DAY + 1)
        .await
        .unwrap();
    assert_eq!(back.state, "ended");
    assert!(roles(&state, &ben, T0 + DAY + 2).await.is_empty());
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0 + DAY)
        .await
        .unwrap();
    let no = state
        .refuse_request(&asked.id, &ada, "not now", T0 + DAY)
        .await
        .unwrap();
    assert_eq!(
        (no.state.as_str(), no.note.as_str()),
        ("refused", "not now")
    );
}

#[tokio::test]
async fn nobody_asks_for_more_time_or_for_what_is_not_for_people() {
    let state = memory().await;
    let (_, ben) = two(&state).await;
    let with = |change: fn(&mut NewRequest)| {
        let mut new = wants(Role::Analyst);
        change(&mut new);
        new
    };
    for (new, field) in [
        (with(|new| new.minutes = 8 * 60 + 1), "minutes"),
        (with(|new| new.minutes = 0), "minutes"),
        (with(|new| new.minutes = i64::MIN), "minutes"),
        (with(|new| new.why = " ".to_owned()), "why"),
        (with(|new| new.program = "a\u{1b}b".to_owned()), "program"),
        (with(|new| new.role = Role::Automation), "role"),
    ] {
        assert_eq!(refused(state.ask_role(&ben, &new, T0).await), field);
    }
    for n in 0..20 {
        let mut new = wants(Role::Analyst);
        new.program = format!("p{n}");
        state.ask_role(&ben, &new, T0).await.unwrap();
    }
    assert!(refused(state.ask_role(&ben, &wants(Role::Analyst), T0).await).contains("too many"));
}

#[tokio::test]
async fn what_is_held_otherwise_meanwhile_does_not_end_with_the_grant() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let asked = state
        .ask_role(&ben, &wants(Role::Analyst), T0)
        .await
        .unwrap();
    state.grant_request(&asked.id, &ada, "", T0).await.unwrap();
    let for_good = role(Role::Analyst, "bank");
    state
        .give_role(&ben, &for_good, &ada, T0 + MINUTE)
        .await
        .unwrap();
    assert!(state.settle_requests(T0 + DAY).await.unwrap().is_empty());
    assert_eq!(roles(&state, &ben, T0 + DAY).await, ["analyst"]);
    let all = state.role_requests(&ben, &nowhere()).await.unwrap();
    assert_eq!(
        (all[0].state.as_str(), all[0].ended_by.as_deref()),
        ("ended", Some(ada.as_str()))
    );
}

/// The programs of somebody who answers no requests.
fn nowhere() -> Scope {
    Scope::Programs(BTreeSet::new())
}

#[tokio::test]
async fn what_waits_is_listed_before_what_is_over_and_to_those_who_may_answer_it() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let carl = enrolled(&state, "carl", None, &with_passkey(3)).await;
    let waits = state.ask_role(&carl, &wants(Role::Analyst), T0).await;
    let waits = waits.unwrap();
    let mut elsewhere = wants(Role::Analyst);
    elsewhere.program = "telco".to_owned();
    for n in 1..=501 {
        let asked = state.ask_role(&ben, &elsewhere, T0 + n).await.unwrap();
        let gone = state.withdraw_request(&asked.id, &ben, T0 + n).await;
        assert_eq!(gone.unwrap().state, "withdrawn");
    }
    let listed = async |who: &str, programs: &Scope| {
        let all = state.role_requests(who, programs).await.unwrap();
        assert!(all.len() <= 500);
        let first = all.first().map(|request| request.id.clone());
        (first, all.len())
    };
    let first = Some(waits.id.clone());
    assert_eq!(listed(&ada, &Scope::All).await, (first.clone(), 500));
    assert_eq!(
        listed(&ada, &Scope::program("bank")).await,
        (first.clone(), 1)
    );
    assert_eq!(listed(&ada, &Scope::program("clinic")).await, (None, 0));
    assert_eq!(listed(&carl, &nowhere()).await, (first, 1), "one's own");
    // Of what is over the newest come first.
    let over = state.role_requests(&ben, &nowhere()).await.unwrap();
    assert_eq!((over[0].asked_ms, over.len()), (T0 + 501, 500));
}

#[tokio::test]
async fn an_administrator_for_hours_is_not_the_last_one() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let mut wants = wants(Role::Administrator);
    wants.program = "*".to_owned();
    let asked = state.ask_role(&ben, &wants, T0).await.unwrap();
    state.grant_request(&asked.id, &ada, "", T0).await.unwrap();
    assert_eq!(roles(&state, &ben, T0).await, ["administrator"]);
    assert!(refused(state.disable_person(&ada, T0).await).contains("last administrator"));
}

#[tokio::test]
async fn a_role_in_reserve_is_no_role_until_the_glass_is_broken() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    let reserve = role(Role::Administrator, "*");
    state.give_reserve(&ben, &reserve, &ada, T0).await.unwrap();
    assert!(roles(&state, &ben, T0).await.is_empty());
    let held = reserve_of(&state, &ben).await;
    assert!(held.is_in_reserve_at(T0) && !held.is_held_at(T0));
    // It keeps nobody from being the last administrator.
    assert!(refused(state.disable_person(&ada, T0).await).contains("last administrator"));
    assert_eq!(
        refused(state.break_glass(&ben, &held.id, " ", T0).await),
        "why"
    );
    assert_eq!(
        refused(state.break_glass(&ada, &held.id, "x", T0).await),
        "role in reserve"
    );
    let glass = state
        .break_glass(&ben, &held.id, "the dialer is down", T0)
        .await
        .unwrap();
    assert_eq!(glass.until_ms, Some(T0 + HOUR));
    assert_eq!(roles(&state, &ben, T0 + HOUR - 1).await, ["administrator"]);
    assert!(refused(state.break_glass(&ben, &held.id, "x", T0).await).contains("in force"));
    // Nor does it while it is in force: it is gone in an hour.
    assert!(refused(state.disable_person(&ada, T0).await).contains("last administrator"));
    assert!(roles(&state, &ben, T0 + HOUR).await.is_empty());
    let ended = state.settle_emergencies(T0 + DAY).await.unwrap();
    assert_eq!(ended[0].ended_ms, Some(T0 + HOUR));
    assert!(state.settle_emergencies(T0 + DAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_glass_is_told_until_another_person_reviewed_it() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    state
        .give_reserve(&ben, &role(Role::Analyst, "bank"), &ada, T0)
        .await
        .unwrap();
    let held = reserve_of(&state, &ben).await;
    let glass = state.break_glass(&ben, &held.id, "why", T0).await.unwrap();
    let untold = async |now_ms| state.untold_emergencies(now_ms).await.unwrap().len();
    assert_eq!(untold(T0 + 1).await, 0, "whoever broke it is telling it");
    assert_eq!(untold(T0 + MINUTE).await, 1, "they could not");
    state.emergency_told(&glass.id, T0 + MINUTE).await.unwrap();
    assert_eq!(untold(T0 + DAY).await, 0);
    assert_eq!(
        untold(T0 + DAY + MINUTE).await,
        1,
        "nobody reviewed it for a day"
    );
    let review = |by: &str| {
        let (state, id, by) = (state.clone(), glass.id.clone(), by.to_owned());
        async move {
            state
                .review_emergency(
                    &id,
                    &by,
                    Justified::NotJustified,
                    "no ticket",
                    T0 + 2 * HOUR,
                )
                .await
        }
    };
    assert!(refused(review(&ben).await).contains("another person"));
    let early = state
        .review_emergency(&glass.id, &ada, Justified::Justified, "x", T0)
        .await;
    assert!(refused(early).contains("in force"));
    let done = review(&ada).await.unwrap();
    assert_eq!(
        (done.verdict, done.reviewed_by_name.as_deref()),
        (Some(Justified::NotJustified), Some("ada"))
    );
    assert!(refused(review(&ada).await).contains("already"));
    assert_eq!(untold(T0 + 3 * DAY).await, 0);
}

#[tokio::test]
async fn an_emergency_ends_when_its_holder_says_so_or_loses_the_role() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    state
        .give_reserve(&ben, &role(Role::Analyst, "bank"), &ada, T0)
        .await
        .unwrap();
    let held = reserve_of(&state, &ben).await;
    state.break_glass(&ben, &held.id, "why", T0).await.unwrap();
    let ended = state.end_emergencies(&ben, T0 + 1).await.unwrap();
    assert_eq!(
        (ended.len(), ended[0].ended_by.as_deref()),
        (1, Some(ben.as_str()))
    );
    assert!(roles(&state, &ben, T0 + 2).await.is_empty());
    // Again, and then it is taken; and switched off, nobody has anything in force.
    state
        .break_glass(&ben, &held.id, "again", T0 + 2)
        .await
        .unwrap();
    state.take_role(&ben, &held.id, &ada, T0 + 3).await.unwrap();
    assert!(roles(&state, &ben, T0 + 4).await.is_empty());
    state
        .give_reserve(&ben, &role(Role::Analyst, "bank"), &ada, T0)
        .await
        .unwrap();
    let held = reserve_of(&state, &ben).await;
    state
        .break_glass(&ben, &held.id, "again", T0 + 5)
        .await
        .unwrap();
    state.disable_person(&ben, T0 + 6).await.unwrap();
    state.enable_person(&ben, T0 + 7).await.unwrap();
    assert!(roles(&state, &ben, T0 + 8).await.is_empty());
    let (crm, _) = state
        .create_service(
            ringfence_state::NewService {
                name: "crm".to_owned(),
                roles: Vec::new(),
                expires_ms: None,
            },
            "ada",
            T0,
        )
        .await
        .unwrap();
    let service = state
        .give_reserve(&crm.id, &role(Role::Analyst, "bank"), &ada, T0)
        .await;
    assert_eq!(refused(service), "reserve", "only for people");
}

#[tokio::test]
async fn the_machine_makes_an_administrator_and_that_has_to_be_reviewed() {
    let state = memory().await;
    let (ada, ben) = two(&state).await;
    state.disable_person(&ben, T0).await.unwrap();
    let made = state.recover_administrator(Some(" BEN"), T0).await.unwrap();
    let (account, code, emergency) = made;
    assert_eq!(account.principal.id, ben);
    assert!(account.principal.disabled_ms.is_none());
    assert_eq!(
        state.untold_emergencies(T0).await.unwrap(),
        std::slice::from_ref(&emergency)
    );
    let setup = with_passkey(9);
    state.enrol(&code.code.hash(), &setup, T0).await.unwrap();
    assert_eq!(roles(&state, &ben, T0).await, ["administrator"]);
    let own = state
        .review_emergency(&emergency.id, &ben, Justified::Justified, "x", T0)
        .await;
    assert!(refused(own).contains("another person"));
    let done = state
        .review_emergency(&emergency.id, &ada, Justified::Justified, "planned", T0)
        .await;
    assert!(done.is_ok());
    // Somebody new chooses a name, as the first one did; nobody of another name is made.
    assert_eq!(
        refused(state.recover_administrator(Some("nobody"), T0).await),
        "person"
    );
    let (first, _, _) = state.recover_administrator(None, T0).await.unwrap();
    let (second, code, _) = state.recover_administrator(None, T0).await.unwrap();
    assert_eq!(
        first.principal.id, second.principal.id,
        "asked twice, made once"
    );
    let who = state
        .enrolling(&code.code.hash(), T0)
        .await
        .unwrap()
        .unwrap();
    assert!(who.is_first);
}
