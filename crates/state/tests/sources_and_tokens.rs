//! Credentials: made once, found fast, rotated without a gap, gone when revoked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::time::Duration;

use common::*;
use ringfence_crypto::{Token, TokenKind};
use ringfence_policy::{Program, Role};
use ringfence_state::{Classes, Error, NewRole, NewService, SourceChange, State};

#[tokio::test]
async fn a_token_leads_to_its_source_and_nothing_else_does() {
    let state = memory().await;
    let minted = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    let found = state
        .source_by_token(minted.token.reveal(), T0)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id.as_str(), found.program.as_str()),
        (minted.source.id.as_str(), "bank")
    );
    assert!(found.has_grant("call-state") && !found.has_grant("block"));
    let stranger = Token::mint(TokenKind::Source).unwrap();
    for wrong in ["", "rfs_", stranger.reveal(), &minted.token.hash().to_hex()] {
        assert!(state.source_by_token(wrong, T0).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn rotation_overlaps_and_then_ends() {
    let state = memory().await;
    let old = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    assert!(
        state
            .source_by_token(old.token.reveal(), T0)
            .await
            .unwrap()
            .is_some()
    );
    let hour = Duration::from_secs(3600);
    let new = state
        .rotate_source(&ALL, &old.source.id, hour, T0)
        .await
        .unwrap();
    let valid = async |token: &Token, now| {
        state
            .source_by_token(token.reveal(), now)
            .await
            .unwrap()
            .is_some()
    };
    assert!(valid(&old.token, T0 + HOUR - 1).await);
    assert!(!valid(&old.token, T0 + HOUR).await);
    assert!(valid(&new.token, T0 + HOUR).await);
    let newest = state
        .rotate_source(&ALL, &old.source.id, Duration::ZERO, T0)
        .await
        .unwrap();
    assert!(!valid(&new.token, T0).await, "no overlap was asked for");
    assert!(!valid(&old.token, T0).await);
    assert!(valid(&newest.token, T0).await);
}

#[tokio::test]
async fn a_disabled_source_is_out_at_once_and_may_come_back() {
    let state = memory().await;
    let minted = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    let (id, token) = (&minted.source.id, minted.token.reveal());
    assert!(state.source_by_token(token, T0).await.unwrap().is_some());
    let set = |disabled| SourceChange {
        disabled: Some(disabled),
        ..SourceChange::default()
    };
    let off = state
        .change_source(&ALL, id, set(true), T0 + 5)
        .await
        .unwrap();
    assert_eq!(off.disabled_ms, Some(T0 + 5));
    assert!(state.source_by_token(token, T0).await.unwrap().is_none());
    state
        .change_source(&ALL, id, set(false), T0 + 6)
        .await
        .unwrap();
    assert!(state.source_by_token(token, T0).await.unwrap().is_some());
}

#[tokio::test]
async fn changes_reach_the_next_look_up() {
    let state = memory().await;
    let minted = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    let token = minted.token.reveal();
    assert!(
        state
            .source_by_token(token, T0)
            .await
            .unwrap()
            .unwrap()
            .classes
            .allows(3002)
    );
    let change = SourceChange {
        classes: Some(Classes::These([6003].into())),
        allowed_peers: Some(vec!["10.0.0.0/8".parse().unwrap()]),
        expect_every_secs: Some(0),
        ..SourceChange::default()
    };
    state
        .change_source(&ALL, &minted.source.id, change, T0)
        .await
        .unwrap();
    let found = state.source_by_token(token, T0).await.unwrap().unwrap();
    assert!(found.classes.allows(6003) && !found.classes.allows(3002));
    assert!(found.allows_peer("::ffff:10.1.2.3".parse().ok()));
    assert!(!found.allows_peer("192.0.2.1".parse().ok()));
    assert_eq!(found.expect_every_secs, None);
    assert_eq!(
        found.grants, minted.source.grants,
        "what was not named stays"
    );
}

#[tokio::test]
async fn names_are_unique_within_a_program() {
    let state = memory().await;
    state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap();
    state
        .create_source(&ALL, source("crm", "shop"), T0)
        .await
        .unwrap();
    let error = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error}");
    let mut bad = source("crm2", "bank");
    bad.grants.insert("Not A Word".to_owned());
    let error = state.create_source(&ALL, bad, T0).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Invalid {
                field: "grants",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn configured_sources_are_made_once_and_follow_the_configuration() {
    let state = memory().await;
    let token = Token::preset(TokenKind::Admin, "preset-by-the-operator").unwrap();
    for site in ["north", "north", "south"] {
        let mut declared = source("automation", "default");
        declared.site = site.to_owned();
        state
            .ensure_source("automation", declared, Some(&token), T0)
            .await
            .unwrap();
    }
    assert_eq!(state.list_sources(&ALL).await.unwrap().len(), 1);
    let found = state
        .source_by_token(token.reveal(), T0)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id.as_str(), found.site.as_str()),
        ("automation", "south")
    );
}

#[tokio::test]
async fn silence_is_noticed_and_speech_ends_it() {
    let state = memory().await;
    let crm = state
        .create_source(&ALL, source("crm", "bank"), T0)
        .await
        .unwrap()
        .source;
    let mut quiet = source("rarely", "bank");
    quiet.expect_every_secs = None;
    state.create_source(&ALL, quiet, T0).await.unwrap();
    let silent = async |now| {
        let sources = state.silent_sources(&ALL, now).await.unwrap();
        sources
            .into_iter()
            .map(|source| source.name)
            .collect::<Vec<_>>()
    };
    assert!(silent(T0 + MINUTE).await.is_empty());
    assert_eq!(silent(T0 + MINUTE + 1).await, ["crm"]);
    state
        .touch_sources(&[(crm.id.clone(), T0 + MINUTE)])
        .await
        .unwrap();
    state.touch_sources(&[(crm.id.clone(), T0)]).await.unwrap();
    assert!(
        silent(T0 + 2 * MINUTE).await.is_empty(),
        "an older time does not go back"
    );
    assert_eq!(silent(T0 + 2 * MINUTE + 1).await, ["crm"]);
}

#[tokio::test]
async fn a_preset_token_takes_the_place_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let state = State::open(&path).await.unwrap();
    let (one, two) = (preset("first-preset-token"), preset("second-preset-token"));
    for token in [&one, &one, &two] {
        state.preset_automation(token, T0).await.unwrap();
    }
    let found = async |token: &Token| state.principal_by_token(token.reveal(), T0).await.unwrap();
    assert!(found(&one).await.is_none());
    let automation = found(&two).await.unwrap();
    // What a review looks at is not given anew at each start.
    let granted = automation.roles[0].granted_ms;
    assert!(!state.preset_automation(&two, T0 + 1).await.unwrap());
    let again = found(&two).await.unwrap();
    assert_eq!(again.roles[0].granted_ms, granted);
    assert!(automation.is_of_this_machine());
    let subject = automation.subject(T0);
    let [held] = subject.roles.as_slice() else {
        panic!("one role: {subject:?}");
    };
    assert_eq!(
        (held.role, &held.program),
        (Role::Automation, &Program::All)
    );
    let stored = std::fs::read(&path).unwrap();
    let wal = std::fs::read(folder.path().join("state.db-wal")).unwrap_or_default();
    let secret = two.reveal().as_bytes();
    assert!(
        ![stored, wal]
            .iter()
            .any(|file| file.windows(secret.len()).any(|at| at == secret))
    );
}

fn preset(text: &str) -> Token {
    Token::preset(TokenKind::Admin, text).unwrap()
}

#[tokio::test]
async fn the_last_use_of_a_token_is_known_to_the_minute() {
    let state = memory().await;
    let token = preset("token-of-the-operator");
    state.preset_automation(&token, T0).await.unwrap();
    let used = async |now_ms| {
        state
            .principal_by_token(token.reveal(), now_ms)
            .await
            .unwrap()
            .unwrap();
        state.touch_principals().await.unwrap();
        state.list_principals().await.unwrap()[0].last_used_ms
    };
    state.touch_principals().await.unwrap();
    assert_eq!(state.list_principals().await.unwrap()[0].last_used_ms, None);
    assert_eq!(used(T0).await, Some(T0));
    assert_eq!(used(T0 + MINUTE - 1).await, Some(T0), "once a minute");
    assert_eq!(used(T0 + MINUTE).await, Some(T0 + MINUTE));
    // Other tokens change, and all are read again: the minute goes on.
    state
        .create_service(service("Ann", Role::Analyst, None), "admin", T0 + 1)
        .await
        .unwrap();
    assert_eq!(used(T0 + MINUTE + 1).await, Some(T0 + MINUTE));
}

fn service(name: &str, role: Role, expires_ms: Option<i64>) -> NewService {
    NewService {
        name: name.to_owned(),
        roles: vec![NewRole {
            role,
            program: "*".to_owned(),
            why: String::new(),
            expires_ms,
        }],
        expires_ms: None,
    }
}

#[tokio::test]
async fn a_role_ends_by_itself_and_when_it_is_taken() {
    let state = memory().await;
    let made = service("crm", Role::Integration, Some(T0 + MINUTE));
    let (crm, token) = state.create_service(made, "admin", T0).await.unwrap();
    let roles = async |now_ms| {
        let found = state.principal_by_token(token.reveal(), now_ms).await;
        found.unwrap().unwrap().subject(now_ms).roles.len()
    };
    assert_eq!((roles(T0).await, roles(T0 + MINUTE).await), (1, 0));
    let more = NewRole {
        role: Role::Analyst,
        program: "bank".to_owned(),
        why: "looks at the pilot".to_owned(),
        expires_ms: None,
    };
    state.give_role(&crm.id, &more, "ada", T0).await.unwrap();
    state.give_role(&crm.id, &more, "ada", T0).await.unwrap();
    assert_eq!(roles(T0 + MINUTE).await, 1, "given twice, held once");
    let all = state.list_principals().await.unwrap();
    let held = all[0]
        .roles
        .iter()
        .find(|held| held.role == Role::Analyst)
        .unwrap();
    assert_eq!(
        (held.granted_by.as_str(), held.why.as_str()),
        ("ada", "looks at the pilot")
    );
    state.take_role(&crm.id, &held.id, "ada", T0).await.unwrap();
    assert_eq!(roles(T0 + MINUTE).await, 0);
    assert!(state.take_role(&crm.id, &held.id, "ada", T0).await.is_err());
}

#[tokio::test]
async fn a_service_gets_no_role_of_people_and_an_auditor_only_a_time() {
    let state = memory().await;
    for role in [
        Role::Administrator,
        Role::QualityReviewer,
        Role::Agent,
        Role::Auditor,
    ] {
        let error = state
            .create_service(service("x", role, None), "admin", T0)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{role}");
    }
    assert!(
        state.list_principals().await.unwrap().is_empty(),
        "nothing half done"
    );
    let auditor = service("x", Role::Auditor, Some(T0 + 1));
    state.create_service(auditor, "admin", T0).await.unwrap();
}

#[tokio::test]
async fn the_token_of_a_service_ends_by_itself() {
    let state = memory().await;
    let new = NewService {
        expires_ms: Some(T0 + MINUTE),
        ..service("crm", Role::Integration, None)
    };
    let (_, token) = state.create_service(new, "admin", T0).await.unwrap();
    let valid = async |now_ms| {
        let found = state.principal_by_token(token.reveal(), now_ms).await;
        found.unwrap().is_some()
    };
    assert!(valid(T0 + MINUTE - 1).await && !valid(T0 + MINUTE).await);
}
