//! Every change is numbered, can be resumed, and is queued for webhooks exactly once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_state::{
    AlertEdit, ChangeKind, Error, Limits, NewWebhook, OutboxState, PageRequest, Scope, Settlement,
    State, Verdict, WebhookChange,
};

async fn webhook(state: &State, scope: Scope, min_severity_id: u8) -> String {
    let new = NewWebhook {
        name: "chat".to_owned(),
        url: "https://hooks.example/T0/secret".to_owned(),
        scope,
        min_severity_id,
    };
    state
        .create_webhook(&ALL, new, T0)
        .await
        .unwrap()
        .webhook
        .id
}

async fn queued(state: &State, webhook: &str, wanted: Option<OutboxState>) -> usize {
    let page = PageRequest {
        limit: Some(500),
        cursor: None,
    };
    state
        .list_outbox(&ALL, webhook, wanted, &page)
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn a_stream_resumes_where_it_was_cut() {
    let state = memory().await;
    let ids = open_alerts(&state, 0..3).await;
    let page = state.changes_since(&ALL, 0, 2).await.unwrap();
    assert_eq!((page.changes.len(), page.position, page.gap), (2, 2, false));
    let mut stream = state.subscribe(ALL, Some(page.position));
    let resumed = stream.next().await.unwrap();
    assert_eq!(resumed.changes.len(), 1);
    assert_eq!(
        (resumed.changes[0].id, &resumed.changes[0].alert.id),
        (3, &ids[2])
    );
    // The next one is live.
    let live = tokio::spawn(async move { stream.next().await.unwrap() });
    state
        .edit_alert(&ALL, &ids[0], &AlertEdit::Acknowledge {}, None, "ada", T0)
        .await
        .unwrap();
    let live = live.await.unwrap();
    assert_eq!(
        (live.changes[0].id, live.changes[0].kind),
        (4, ChangeKind::Acknowledged)
    );
}

#[tokio::test]
async fn a_stream_from_now_shows_only_what_comes() {
    let state = memory().await;
    open_alerts(&state, 0..3).await;
    let mut stream = state.subscribe(Scope::program("bank"), None);
    let mut foreign = finding("s", "1", T0, 3);
    foreign.program = "shop".to_owned();
    state.apply_findings(&[foreign], None, T0).await.unwrap();
    open_alerts(&state, 10..11).await;
    let page = stream.next().await.unwrap();
    assert_eq!(page.changes.len(), 1);
    assert_eq!(page.changes[0].alert.entity_value, "10");
}

#[tokio::test]
async fn a_reader_that_was_away_too_long_is_told() {
    let state = memory_with(Limits {
        changes_kept: 5,
        ..Limits::default()
    })
    .await;
    for agent in 0..10 {
        open_alerts(&state, agent..agent + 1).await;
    }
    let page = state.changes_since(&ALL, 2, 100).await.unwrap();
    assert!(page.gap);
    assert_eq!((page.changes.len(), page.position), (5, 10));
    assert!(!state.changes_since(&ALL, 5, 100).await.unwrap().gap);
    let future = state.changes_since(&ALL, 99, 100).await.unwrap();
    assert_eq!((future.gap, future.position), (true, 10));
}

#[tokio::test]
async fn numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder).await;
    let before = open(&place).await;
    open_alerts(&before, 0..2).await;
    drop(before);
    let state = open(&place).await;
    let mut stream = state.subscribe(ALL, None);
    open_alerts(&state, 2..3).await;
    assert_eq!(stream.next().await.unwrap().changes[0].id, 3);
}

#[tokio::test]
async fn each_webhook_gets_each_piece_of_news_once() {
    let state = memory().await;
    let all = webhook(&state, Scope::All, 0).await;
    let severe = webhook(&state, Scope::All, 4).await;
    let shop = webhook(&state, Scope::program("shop"), 0).await;
    let batch = [finding("a", "1", T0, 3), finding("b", "2", T0, 4)];
    state.apply_findings(&batch, at(2), T0).await.unwrap();
    // The same batch again, and more findings of the same severity, are no news.
    state.apply_findings(&batch, at(2), T0).await.unwrap();
    state.apply_findings(&batch, None, T0).await.unwrap();
    state
        .apply_findings(&[finding("c", "1", T0, 3)], at(3), T0)
        .await
        .unwrap();
    assert_eq!(queued(&state, &all, None).await, 2);
    assert_eq!(queued(&state, &severe, None).await, 1);
    assert_eq!(queued(&state, &shop, None).await, 0);
    // A rise of severity and a verdict are.
    let raised = state
        .apply_findings(&[finding("d", "1", T0, 5)], at(4), T0)
        .await
        .unwrap();
    let id = &raised.changes[0].alert.id;
    let close = AlertEdit::Close {
        verdict: Verdict::TruePositive,
        reason: "x".to_owned(),
    };
    state
        .edit_alert(&ALL, id, &AlertEdit::Acknowledge {}, None, "ada", T0)
        .await
        .unwrap();
    state
        .edit_alert(&ALL, id, &close, None, "ada", T0)
        .await
        .unwrap();
    state
        .edit_alert(&ALL, id, &close, None, "ada", T0)
        .await
        .unwrap();
    assert_eq!(queued(&state, &all, None).await, 4);
    assert_eq!(queued(&state, &severe, None).await, 3);
}

#[tokio::test]
async fn a_delivery_is_claimed_settled_given_up_and_replayed() {
    let state = memory().await;
    let hook = webhook(&state, Scope::All, 0).await;
    open_alerts(&state, 0..3).await;
    let due = state.claim_due(T0, 10, 2, &[]).await.unwrap();
    assert_eq!(due.len(), 2, "no more than the webhook's share");
    assert_eq!(due[0].url, "https://hooks.example/T0/secret");
    let body: serde_json::Value = serde_json::from_str(&due[0].payload).unwrap();
    assert_eq!(body["type"], "alert.opened");
    assert_eq!(body["timestamp"], "2025-10-09T08:53:20Z");
    assert_eq!(body["data"]["alert"]["entity_value"], "0");
    assert!(
        state
            .claim_due(T0, 10, 2, std::slice::from_ref(&hook))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(state.claim_due(T0, 10, 2, &[]).await.unwrap().len(), 1);
    assert!(
        state.claim_due(T0, 10, 2, &[]).await.unwrap().is_empty(),
        "all are leased"
    );
    state
        .settle(&due[0].id, Settlement::Delivered, T0)
        .await
        .unwrap();
    let retry = Settlement::Retry {
        at_ms: T0 + 5,
        error: "status 503".to_owned(),
    };
    state.settle(&due[1].id, retry, T0).await.unwrap();
    let again = state.claim_due(T0 + 5, 10, 9, &[]).await.unwrap();
    assert_eq!(
        (again.len(), &again[0].id, again[0].attempts),
        (1, &due[1].id, 1)
    );
    let dead = Settlement::Dead {
        error: "gone".to_owned(),
    };
    state.settle(&again[0].id, dead, T0 + 6).await.unwrap();
    assert_eq!(queued(&state, &hook, Some(OutboxState::Dead)).await, 1);
    state
        .replay_delivery(&ALL, &again[0].id, T0 + 7)
        .await
        .unwrap();
    let replayed = state.claim_due(T0 + 7, 10, 9, &[]).await.unwrap();
    assert_eq!(
        (replayed.len(), &replayed[0].id, replayed[0].attempts),
        (1, &due[1].id, 0)
    );
    // The third was claimed by a process that died: its lease ends after two minutes.
    let late = state.claim_due(T0 + 2 * MINUTE, 10, 9, &[]).await.unwrap();
    assert_eq!(late.len(), 1);
    assert!(matches!(
        state
            .replay_delivery(&ALL, "nothing", T0)
            .await
            .unwrap_err(),
        Error::NotFound { .. }
    ));
}

#[tokio::test]
async fn a_flood_of_news_is_bounded_and_counted() {
    let state = memory_with(Limits {
        outbox_pending: 10,
        ..Limits::default()
    })
    .await;
    let hook = webhook(&state, Scope::All, 0).await;
    open_alerts(&state, 0..25).await;
    open_alerts(&state, 25..30).await;
    assert_eq!(queued(&state, &hook, None).await, 10);
    assert_eq!(state.outbox_dropped().await.unwrap(), 20);
}

#[tokio::test]
async fn a_disabled_webhook_is_neither_told_nor_asked() {
    let state = memory().await;
    let hook = webhook(&state, Scope::All, 0).await;
    open_alerts(&state, 0..1).await;
    let off = WebhookChange {
        disabled: Some(true),
        ..WebhookChange::default()
    };
    state.change_webhook(&ALL, &hook, off, T0).await.unwrap();
    open_alerts(&state, 1..2).await;
    assert!(state.claim_due(T0, 10, 10, &[]).await.unwrap().is_empty());
    assert_eq!(queued(&state, &hook, None).await, 1);
}

#[tokio::test]
async fn neither_secret_nor_path_of_a_webhook_is_shown() {
    let state = memory().await;
    let new = NewWebhook {
        name: "chat".to_owned(),
        url: "https://hooks.example/T0/secret?key=1".to_owned(),
        scope: Scope::All,
        min_severity_id: 0,
    };
    let minted = state.create_webhook(&ALL, new, T0).await.unwrap();
    let shown = serde_json::to_string(&state.list_webhooks(&ALL).await.unwrap()).unwrap();
    assert!(shown.contains("https://hooks.example\""));
    let secret = minted.secret.reveal();
    assert!(!shown.contains("T0/") && !shown.contains("key=1") && !shown.contains(&secret));
    assert!(!format!("{minted:?}").contains(&secret));
}

#[tokio::test]
async fn test_messages_can_be_sent_again_and_again() {
    let state = memory().await;
    let hook = webhook(&state, Scope::All, 0).await;
    state.enqueue_test(&ALL, &hook, T0).await.unwrap();
    state.enqueue_test(&ALL, &hook, T0).await.unwrap();
    let due = state.claim_due(T0, 10, 10, &[]).await.unwrap();
    assert_eq!(due.len(), 2);
    assert!(due[0].payload.contains("webhook.test"));
}
