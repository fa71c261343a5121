//! Sessions of browsers end with what they were opened with; what people save is their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_crypto::{Token, TokenKind};
use ringfence_state::{Error, NewSaved, NewService, SavedKind, State};
use serde_json::json;

const SHIFT: i64 = 12 * HOUR;

async fn admin(state: &State, token: &str) {
    let token = Token::preset(TokenKind::Admin, token).unwrap();
    state.ensure_first_admin(Some(&token), T0).await.unwrap();
}

async fn is_valid(state: &State, token: &Token, now: i64) -> bool {
    let found = state.session_by_token(token.reveal(), now).await.unwrap();
    found.is_some()
}

#[tokio::test]
async fn a_session_lasts_a_shift_and_no_longer() {
    let state = memory().await;
    admin(&state, "first-token-of-the-operator").await;
    let opened = state.open_session("first-token-of-the-operator", T0).await;
    let (token, session) = opened.unwrap().unwrap();
    assert_eq!(session.principal.id, "admin");
    assert!(is_valid(&state, &token, T0 + SHIFT - 1).await);
    assert!(!is_valid(&state, &token, T0 + SHIFT).await);
    assert_eq!(state.maintain(T0 + SHIFT + 1).await.unwrap().sessions, 1);
    assert!(
        state
            .open_session("another-token", T0)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_session_ends_when_it_is_ended_and_when_its_credential_is_replaced() {
    let state = memory().await;
    admin(&state, "first-token-of-the-operator").await;
    let open = async || {
        let opened = state.open_session("first-token-of-the-operator", T0).await;
        opened.unwrap().unwrap().0
    };
    let (ended, kept) = (open().await, open().await);
    state.end_session(ended.reveal()).await.unwrap();
    assert!(!is_valid(&state, &ended, T0).await && is_valid(&state, &kept, T0).await);
    admin(&state, "second-token-of-the-operator").await;
    assert!(!is_valid(&state, &kept, T0).await);
}

#[tokio::test]
async fn a_session_ends_with_its_principal_and_many_do_not_pile_up() {
    let state = memory().await;
    admin(&state, "first-token-of-the-operator").await;
    let new = NewService {
        name: "Analyst".to_owned(),
        roles: Vec::new(),
        expires_ms: None,
    };
    let (principal, credential) = state.create_service(new, "admin", T0).await.unwrap();
    let mut tokens = Vec::new();
    for at in 0..60 {
        let opened = state.open_session(credential.reveal(), T0 + at).await;
        tokens.push(opened.unwrap().unwrap().0);
    }
    assert!(
        !is_valid(&state, &tokens[0], T0 + 60).await,
        "the oldest gave way"
    );
    assert!(is_valid(&state, &tokens[10], T0 + 60).await);
    state.disable_principal(&principal.id, T0).await.unwrap();
    assert!(!is_valid(&state, &tokens[59], T0 + 60).await);
}

#[tokio::test]
async fn what_somebody_saves_is_theirs_and_a_name_is_one_thing() {
    let state = memory().await;
    let new = |name: &str, text: &str| NewSaved {
        kind: SavedKind::Query,
        name: name.to_owned(),
        content: json!({ "sql": text }).as_object().unwrap().clone(),
    };
    let one = state
        .keep_saved("a", &new("Exports", "1"), T0)
        .await
        .unwrap();
    let two = state
        .keep_saved("a", &new("Exports", "2"), T0)
        .await
        .unwrap();
    let all = state.list_saved("a", None).await.unwrap();
    assert_eq!(
        (all.len(), &all[0].id, &all[0].content["sql"]),
        (1, &two.id, &json!("2"))
    );
    assert_ne!(one.id, two.id);
    assert!(state.list_saved("b", None).await.unwrap().is_empty());
    assert!(
        state
            .list_saved("a", Some(SavedKind::Alerts))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        state.forget_saved("b", &two.id).await,
        Err(Error::NotFound { .. })
    ));
    state.forget_saved("a", &two.id).await.unwrap();
    assert!(state.list_saved("a", None).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_saved_has_bounds() {
    let state = memory().await;
    let new = |name: &str, text: String| NewSaved {
        kind: SavedKind::Alerts,
        name: name.to_owned(),
        content: json!({ "text": text }).as_object().unwrap().clone(),
    };
    for (name, text) in [
        ("", String::new()),
        ("\u{1b}[31m", String::new()),
        ("big", "x".repeat(40_000)),
    ] {
        let refused = state.keep_saved("a", &new(name, text), T0).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{name:?}");
    }
    for n in 0..200 {
        state
            .keep_saved("a", &new(&n.to_string(), String::new()), T0)
            .await
            .unwrap();
    }
    let refused = state
        .keep_saved("a", &new("one more", String::new()), T0)
        .await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
}
