//! What people save is their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_state::{Error, NewSaved, SavedKind};
use serde_json::json;

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
